"""How a project lies on disk, and what it calls itself; pure."""

from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from typing import Any, Literal

from packaging.utils import canonicalize_name

from lamina.project.detect.guess import Guess
from lamina.project.detect.snapshot import Snapshot
from lamina.project.foreign import is_package, metadata_of, table

Kind = Literal["src", "flat", "script", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``packages`` are import packages at the top; ``scripts`` map console scripts to objects.

    A project that is not distributable goes into the image file by file, below its working
    directory.
    """

    name: str
    kind: Guess[Kind]
    packages: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict, hash=False)
    is_distributable: bool = False


def find_layout(snapshot: Snapshot) -> Layout:
    """Look at where the modules are, and at what pyproject.toml says of wheels."""
    document = snapshot.toml("pyproject.toml")
    metadata = metadata_of(document)
    return Layout(
        name=_name(snapshot, metadata),
        kind=_kind(snapshot),
        packages=tuple(sorted(_packages(snapshot))),
        scripts={str(name): str(text) for name, text in _scripts(snapshot, metadata)},
        is_distributable=is_package(document) and "name" in metadata,
    )


def _name(snapshot: Snapshot, metadata: Mapping[str, Any]) -> str:
    written = str(metadata.get("name", "")) or snapshot.name
    return str(canonicalize_name("".join(c if c.isalnum() else "-" for c in written))).strip("-")


def _kind(snapshot: Snapshot) -> Guess[Kind]:
    modules = snapshot.modules
    in_src = next((path for path in modules if path.startswith("src/")), "")
    if in_src:
        return Guess(value="src", why=f"the modules are below src, as {in_src}")
    package = next((path for path in modules if "/" in path), "")
    if package:
        return Guess(value="flat", why=f"packages are beside the settings, as {package}")
    if modules:
        return Guess(value="script", why=f"the modules are files at the top, as {modules[0]}")
    return Guess(value="empty", why="there are no modules")


def _packages(snapshot: Snapshot) -> set[str]:
    paths = (path.removeprefix("src/") for path in snapshot.modules)
    return {path.partition("/")[0] for path in paths if "/" in path}


def _scripts(snapshot: Snapshot, metadata: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from table(metadata, "scripts").items()
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(snapshot.text("setup.cfg"))
    except Error:
        return
    lines = parser.get("options.entry_points", "console_scripts", fallback="").splitlines()
    for line in lines:
        name, is_script, text = line.partition("=")
        if is_script:
            yield name.strip(), text.strip()
