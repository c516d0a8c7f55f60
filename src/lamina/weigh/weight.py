"""Weight: what one distribution brings into the image, and what it says about others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from lamina.weigh.files import InstalledFile
from lamina.weigh.kinds import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Portion:
    """How many files of one kind there are, and how many bytes."""

    files: int = 0
    size: int = 0

    def __add__(self, other: "Portion") -> "Portion":
        return Portion(self.files + other.files, self.size + other.size)


NOTHING: Final = Portion()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A distribution as it will be installed.

    ``modules`` are what import statements may name; ``requires`` and ``extras`` are those of its
    METADATA; ``scripts`` its programs, ``groups`` the other groups of its entry points.
    ``lean`` is what each line of a diet would leave out.
    """

    name: str
    version: str
    portions: Mapping[Kind, Portion] = field(hash=False)
    modules: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lean: Mapping[str, Portion] = field(default_factory=dict, hash=False)

    @property
    def total(self) -> Portion:
        """All of its files."""
        return total(self.portions.values())

    def to_json(self) -> dict[str, Any]:
        """Write a JSON form."""
        return {
            "name": self.name,
            "version": self.version,
            "portions": {str(kind): [p.files, p.size] for kind, p in self.portions.items()},
            "modules": list(self.modules),
            "requires": list(self.requires),
            "extras": list(self.extras),
            "scripts": list(self.scripts),
            "groups": list(self.groups),
            "lean": {line: [p.files, p.size] for line, p in self.lean.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(
            name=value["name"],
            version=value["version"],
            portions={Kind(kind): Portion(*row) for kind, row in value["portions"].items()},
            modules=tuple(value["modules"]),
            requires=tuple(value["requires"]),
            extras=tuple(value["extras"]),
            scripts=tuple(value["scripts"]),
            groups=tuple(value["groups"]),
            lean={line: Portion(*row) for line, row in value["lean"].items()},
        )


def portions_of(files: Iterable[InstalledFile]) -> dict[Kind, Portion]:
    """Divide files by kind; kinds without a file are left out."""
    found: dict[Kind, Portion] = {}
    for file in files:
        kind = kind_of(file.path)
        found[kind] = found.get(kind, NOTHING) + Portion(1, file.size)
    return found


def total(portions: Iterable[Portion]) -> Portion:
    """Add portions up."""
    return sum(portions, start=NOTHING)


def by_kind(weights: Iterable[Weight]) -> dict[Kind, Portion]:
    """Add the portions of several distributions up, every kind in its order, empty ones too."""
    found = dict.fromkeys(Kind, NOTHING)
    for weight in weights:
        for kind, portion in weight.portions.items():
            found[kind] += portion
    return found
