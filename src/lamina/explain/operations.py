"""Operations: what the keys of COPY, ADD and RUN are made of."""

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lamina.dockerfile.instructions import Copy, Exec, Run
from lamina.dockerfile.lines import heredoc_of
from lamina.explain.context import Context, Entry, clean
from lamina.explain.variables import Variables

_REMOTE: Final = ("http://", "https://", "git@", "git://", "ssh://")
_FOR_RUN: Final = ("ulimit", "shm-size", "cgroup-parent")
_COPY_FLAGS: Final = ("chown", "chmod", "checksum", "keep-git-dir", "unpack", "exclude")
_MOUNT_ALIASES: Final = {
    "dst": "target", "destination": "target", "src": "source", "ro": "readonly",
    "rw": "readwrite",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Where files are taken from: a context, or steps of another stage, or an image by name."""

    context: Context | None = None
    steps: tuple[int, ...] = ()
    name: str = ""


def copy_facts(
    copy: Copy, variables: Variables, resolve: Callable[[str], str], taken: Taken
) -> dict[str, Any]:
    """Return ``own``, ``files`` and their weak parts for a COPY or ADD."""
    destination = variables.expand(copy.destination)
    is_folder = destination in {"", "."} or destination.endswith("/")
    sources = [source for source in copy.sources if heredoc_of(source) is None]
    wanted = [variables.expand(source) for source in sources]
    local = [source for source in wanted if not source.startswith(_REMOTE)]
    own = {
        "instruction": copy.keyword,
        "source": " ".join(clean(source) for source in local) if local else "",
        "destination": resolve(destination) + ("/" if is_folder else ""),
        **{f"--{name}": _joined(copy, name, variables) for name in _COPY_FLAGS if copy.flag(name)},
        **({"--parents": "true"} if copy.is_on("parents") else {}),
        **{f"address {source}": source for source in wanted if source not in local},
        **{f"document {h.name}": variables.expand(h.text) if h.expands else h.text
           for h in copy.heredocs},
    }  # fmt: skip
    if taken.name:
        own["--from"] = taken.name
    entries: Sequence[Entry] = ()
    if taken.context is not None and local:
        exclude = [variables.expand(pattern) for pattern in copy.flag_values("exclude")]
        entries = taken.context.selected(local, exclude=exclude)
    return {"own": own, "weak": {}, **file_facts(entries)}


def _joined(copy: Copy, name: str, variables: Variables) -> str:
    return " ".join(variables.expand(value) for value in copy.flag_values(name))


def file_facts(entries: Iterable[Entry]) -> dict[str, dict[str, str]]:
    """Return what of some files is in every key, and what only some builders notice.

    A builder that keeps its copy of the context from build to build looks at sizes and times of
    files only: it does not see that a folder's mode or an extended attribute changed.
    """
    files, weak = {}, {}
    for entry in entries:
        if entry.kind == "d":
            files[entry.path] = "folder"
            weak[entry.path] = f"mode {entry.mode:o}"
        else:
            files[entry.path] = f"{_KINDS[entry.kind]} {entry.mode:o} {entry.size} {entry.digest}"
        if entry.attributes:
            weak[entry.path] = f"{weak.get(entry.path, '')} attributes {entry.attributes}".strip()
    return {"files": files, "weak_files": weak}


_KINDS: Final = {"f": "file", "l": "link", "t": "tree"}


def run_facts(
    run: Run,
    variables: Variables,
    take: Callable[[str | None], Taken],
    around: Mapping[str, str],
    options: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, Any], tuple[int, ...], bool]:
    """Return the facts of a RUN, the steps whose bytes it mounts, and whether bytes alone count.

    A command that gets a secret or an ssh agent is looked up by the bytes of what it runs on, so it
    may be found although the step before it ran again.
    """
    own = {**around, "command": _command(run), **_seen(variables)}
    own |= {f"--{name}": run.flag(name) or "" for name in ("network", "security") if run.flag(name)}
    own |= {f"option {name}": " ".join(options[name]) for name in _FOR_RUN if name in options}
    own |= _hosts(options)
    if "network" in options and not run.flag("network"):
        own["option network"] = options["network"][-1]
    if isinstance(run.command, Exec):
        del own["shell"]
    entries: list[Entry] = []
    contents: list[int] = []
    kinds = set()
    for text in run.flag_values("mount"):
        mount = mount_of(variables.expand(text))
        kinds.add(mount["type"])
        own[f"mount {mount['type']} {mount.get('target', '')}".strip()] = _mount_key(mount)
        if mount["type"] == "bind" or "from" in mount:
            taken = take(mount.get("from"))
            contents += taken.steps
            if taken.context is not None:
                entries += taken.context.selected([mount.get("source", "")])
    facts = {"own": own, **file_facts(entries)}
    return facts, tuple(contents), bool(kinds & {"secret", "ssh"})


def _command(run: Run) -> str:
    if isinstance(run.command, Exec):
        return repr(run.command.words)
    documents = (f"\n{heredoc.name}\n{heredoc.text}" for heredoc in run.command.heredocs)
    return "".join([run.command.text, *documents])


def _seen(variables: Variables) -> dict[str, str]:
    arguments = {f"ARG {k}": v for k, v in variables.arguments.items()
                 if k not in variables.environment}  # fmt: skip
    return {**arguments, **{f"ENV {k}": v for k, v in variables.environment.items()}}


def _hosts(options: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Of other hosts only the names are in a key."""
    texts = [host for text in options.get("add-host", ()) for host in text.split(",")]
    names = sorted(text.replace("=", ":").partition(":")[0] for text in texts)
    return {"option add-host": " ".join(names)} if names else {}


def mount_of(text: str) -> dict[str, str]:
    """Read a --mount: its options under their first names, ``type`` always there."""
    found = {"type": "bind"}
    for word in text.split(","):
        name, sign, value = word.strip().partition("=")
        name = name.lower()
        found[_MOUNT_ALIASES.get(name, name)] = value if sign else "true"
    return found


def _mount_key(mount: Mapping[str, str]) -> str:
    """Write what of a mount is in the key; of a cache's id only that there is one."""
    kept = dict(mount)
    if mount["type"] == "cache" and "id" in mount:
        kept["id"] = "set"
    if "source" in kept:
        kept["source"] = clean(kept["source"])
    if "target" in kept:
        kept["target"] = posixpath.normpath(kept["target"])
    kept.pop("required", None)
    kept.pop("type", None)
    return ",".join(f"{name}={value}" for name, value in sorted(kept.items()))
