"""Loaded: the modules that an image was seen to load, as ``lamina test --loaded`` writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lamina.errors import ProjectError

VERSION: Final = 1
_LARGEST: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded, by the name of the distribution that brings it.

    ``modules`` are dotted names, of the import checks and of the program together; ``objects``
    are shared objects, by their paths in the environment.  ``program`` names the distributions of
    which the started program itself loaded something.  ``distributions`` maps all that the image
    had to their versions; it is empty in a list that was written before lists said so.
    """

    python: str = ""
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    stdlib: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    distributions: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def used(self) -> tuple[str, ...]:
        """The modules of the distributions that the program itself loaded."""
        return tuple(name for owner in self.program for name in self.modules.get(owner, ()))

    def to_text(self) -> str:
        """Write the file, one name a line, so that changes of it can be read."""
        members = {
            "version": VERSION,
            "python": self.python,
            "program": list(self.program),
            "modules": {owner: list(names) for owner, names in sorted(self.modules.items())},
            "objects": {owner: list(paths) for owner, paths in sorted(self.objects.items())},
            "standard-library": list(self.stdlib),
            "distributions": dict(sorted(self.distributions.items())),
        }
        return json.dumps(members, indent=1) + "\n"


def parse_loaded(text: str, *, where: str) -> Loaded:
    """Read what :meth:`Loaded.to_text` wrote; raise ``ProjectError`` for anything else."""
    try:
        return _loaded(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProjectError(
            "this is no list of loaded modules",
            where=where,
            why=f"{type(error).__name__}: {error}",
            hint=f"`lamina test IMAGE --loaded {where}` writes one",
        ) from error


def _loaded(value: Any) -> Loaded:  # noqa: ANN401 - JSON
    if value["version"] != VERSION:
        raise ValueError(f"version {value['version']!r} is not known")
    return Loaded(
        python=str(value["python"]),
        modules={str(owner): _names(rows) for owner, rows in value["modules"].items()},
        objects={str(owner): _names(rows) for owner, rows in value["objects"].items()},
        stdlib=_names(value["standard-library"]),
        program=_names(value["program"]),
        distributions={str(k): str(v) for k, v in value.get("distributions", {}).items()},
    )


def read_loaded(path: Path) -> Loaded:
    """Read the file at ``path``; raise ``ProjectError`` where that cannot be done."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectError(f"the file is larger than {_LARGEST} bytes", where=str(path))
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise ProjectError(
            'bytecode = "imported" needs a list of the modules that the image loads',
            where=str(path),
            why=error.strerror,
            hint=f'build with bytecode = "none", then run `lamina test IMAGE --loaded {path}`',
        ) from error
    return parse_loaded(text, where=str(path))


def _names(rows: object) -> tuple[str, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise TypeError("expected a list of texts")
    "".join(rows).encode()  # half a surrogate pair has no UTF-8, and no key could hold it
    return tuple(sorted(set(rows)))
