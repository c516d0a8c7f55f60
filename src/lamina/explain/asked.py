"""What a build's command line asks for, as far as the steps' cache keys depend on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_SWITCHES: Final = frozenset(
    [
        "no-cache",
        "pull",
        "push",
        "load",
        "quiet",
        "rm",
        "force-rm",
        "squash",
        "compress",
        "check",
        "debug",
        "help",
        "disable-content-trust",
        "print-all",
    ]
)
_BUILDCTL: Final = {"import-cache": "cache-from", "export-cache": "cache-to"}
_SHORT: Final = {"t": "tag", "f": "file", "o": "output", "m": "memory", "c": "cpu-shares"}
_SHORT_SWITCHES: Final = "qDh"
KEPT: Final = frozenset(
    [
        "add-host",
        "ulimit",
        "shm-size",
        "network",
        "no-cache",
        "no-cache-filter",
        "cache-from",
        "cache-to",
        "secret",
        "ssh",
        "cgroup-parent",
        "security-opt",
        "isolation",
        "pull",
    ]
)
"""Options that are kept as they are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One build as it was asked for.

    ``context`` is a folder, a URL, ``-`` for standard input, or empty where none is given.
    ``arguments`` have None for a value that is taken from the environment.  ``options`` are those
    of ``KEPT``, each with all of its values.
    """

    context: str = ""
    dockerfile: str = ""
    target: str = ""
    platforms: tuple[str, ...] = ()
    arguments: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    contexts: Mapping[str, str] = field(default_factory=dict, hash=False)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


def read_command(words: Sequence[str]) -> Asked:
    """Read the words after ``docker build`` or ``docker buildx build``; none is an error."""
    given: dict[str, list[str]] = {}
    places: list[str] = []
    for name, value in _options(list(words)):
        if name:
            given.setdefault(name, []).append(value)
        else:
            places.append(value)
    return Asked(
        context=places[0] if places else "",
        dockerfile=_last(given, "file"),
        target=_last(given, "target"),
        platforms=tuple(p for text in given.get("platform", ()) for p in text.split(",") if p),
        arguments=_pairs(given.get("build-arg", ())),
        contexts={k: v or "" for k, v in _pairs(given.get("build-context", ())).items()},
        options={name: tuple(values) for name, values in given.items() if name in KEPT},
    )


def read_buildctl(words: Sequence[str]) -> Asked:
    """Read the words after ``buildctl build``: its options have other names for the same things."""
    opts: dict[str, str] = {}
    given: dict[str, list[str]] = {}
    for name, value in _options(list(words)):
        if name in {"opt", "local"}:
            key, _, text = value.partition("=")
            opts[f"{name} {key}"] = text
        elif name:
            given.setdefault(_BUILDCTL.get(name, name), []).append(value)
    folder = opts.get("local dockerfile", "")
    file = opts.get("opt filename", "Dockerfile")
    return Asked(
        context=opts.get("local context", opts.get("opt context", "")),
        dockerfile=f"{folder}/{file}" if folder else file,
        target=opts.get("opt target", ""),
        platforms=tuple(filter(None, opts.get("opt platform", "").split(","))),
        arguments={
            name.removeprefix("opt build-arg:"): value
            for name, value in opts.items()
            if name.startswith("opt build-arg:")
        },
        options={
            **{name: tuple(values) for name, values in given.items() if name in KEPT},
            **_buildctl_options(opts),
        },
    )


def _buildctl_options(opts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    names = {"add-hosts": "add-host", "ulimit": "ulimit", "shm-size": "shm-size",
             "force-network-mode": "network"}  # fmt: skip
    found: dict[str, tuple[str, ...]] = {
        name: (opts[f"opt {key}"],) for key, name in names.items() if f"opt {key}" in opts
    }
    stages = opts.get("opt no-cache")
    if stages is not None:
        found["no-cache-filter" if stages else "no-cache"] = (stages or "true",)
    return found


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values, and places with an empty name."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            yield from (("", rest) for rest in words[at:])
            return
        name, value, needs = _option(word)
        if needs and at < len(words):
            value = words[at]
            at += 1
        if name or value:
            yield name, value


def _option(word: str) -> tuple[str, str, bool]:
    """Return an option's name and value, and whether the value is the next word."""
    if word.startswith("--"):
        name, sign, value = word[2:].partition("=")
        if name in _SWITCHES:
            return ("", "", False) if value == "false" else (name, value or "true", False)
        return name, value, not sign
    if word.startswith("-") and len(word) > 1:
        return _cluster(word[1:])
    return "", word, False


def _cluster(letters: str) -> tuple[str, str, bool]:
    rest = letters.lstrip(_SHORT_SWITCHES)
    if not rest:
        return "quiet", "true", False
    name = _SHORT.get(rest[0], rest[0])
    value = rest[1:].removeprefix("=")
    return name, value, not rest[1:]


def _last(given: Mapping[str, list[str]], name: str) -> str:
    return given.get(name, [""])[-1]


def _pairs(texts: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        found[name] = value if sign else None
    return found
