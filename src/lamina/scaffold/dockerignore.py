"""The .dockerignore of a project: what no image needs, and above it what this one is made of."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Final

from lamina.project.ignore import IgnoreRules, read_patterns
from lamina.scaffold.wanted import GIT_IGNORED, Wanted

PATH: Final = ".dockerignore"
_PLACE: Final = "@{wanted}\n"
_SPECIAL: Final = re.compile(r"([*?\\\[\]!])")
_MOUNT: Final = re.compile(r"--mount=(\S+)")


def dockerignore(wanted: Wanted, *, beside: str = "") -> str:
    """Write it; ``beside`` is what the Dockerfile installs, where it stands beside it.

    What a name says is overruled by what the program is made of, and that by what is secret or
    a cache, wherever it is.
    """
    by_name, always = _template().split(_PLACE)
    rules = IgnoreRules(read_patterns(by_name))
    named = [name for name in wanted.named if rules.ignores(name)]
    groups = {
        "The program, whatever its packages are called.": map(_exact, wanted.packages),
        "[tool.lamina] includes these.": wanted.included,
        "The project's own wheel is built with these: pyproject.toml or setup.py names them.": map(
            _exact, named
        ),
        "The Dockerfile installs these.": [beside] if beside else [],
    }
    let_in = "".join(_group(reason, list(patterns)) for reason, patterns in groups.items())
    return f"{by_name}{let_in}{always}"


def missing_lines(text: str, wanted: Wanted, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the lines that somebody's own .dockerignore lacks, each with who misses it.

    ``files`` are the Dockerfile, first, and what stands beside it, text by path.
    """
    rules = IgnoreRules(read_patterns(text))
    needs: dict[str, str] = {}
    for path, dockerfile in [*files.items()][:1]:
        needs |= dict.fromkeys(_bound(dockerfile), path)
    needs |= dict.fromkeys(wanted.packages, "the program")
    read = [name for name in wanted.named if name != GIT_IGNORED]  # who leaves it out means to
    needs |= dict.fromkeys(read, "the project's own wheel")
    for name, who in needs.items():
        if rules.ignores(name.strip("/")):
            yield f"!/{_exact(name)}", who


def _bound(dockerfile: str) -> Iterator[str]:
    """Yield the files of the context that steps are given."""
    for mount in _MOUNT.findall(dockerfile):
        words = dict(word.partition("=")[::2] for word in mount.split(","))
        source = words.get("source", ".")
        if words.get("type") == "bind" and "from" not in words and source != ".":
            yield source


def _group(reason: str, patterns: list[str]) -> str:
    lines = [f"!/{pattern.removeprefix('/')}\n" for pattern in patterns]
    return "".join([f"# {reason}\n", *lines, "\n"]) if lines else ""


def _exact(path: str) -> str:
    return _SPECIAL.sub(r"\\\1", path)


def _template() -> str:
    folder = resources.files(__package__) / "templates"
    return (folder / "dockerignore").read_text(encoding="utf-8")
