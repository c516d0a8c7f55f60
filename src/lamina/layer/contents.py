"""Contents: what a layer holds, kept beside it so that nobody has to unpack it to know."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from lamina.elf.needs import Needs, VersionNeed
from lamina.oci.entry import Kind


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a layer; ``digest`` is the hexadecimal SHA-256 of a file's bytes.

    A hard link has the digest of the file that it repeats, where that is known, and no size.
    ``owner`` says who brought it: ``numpy 1.26.4``, ``libc6 2.36-9``, or the project.
    """

    path: str
    kind: Kind
    mode: int
    size: int
    digest: str
    target: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The entries of a layer in the order of its tar, and what its ELF objects need."""

    items: tuple[Item, ...] = ()
    objects: Mapping[str, Needs] = field(default_factory=dict, hash=False)

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(item.size for item in self.items)

    def to_json(self) -> dict[str, Any]:
        """Write a compact JSON form: rows instead of objects, owners by number."""
        owners = sorted({item.owner for item in self.items})
        number = {owner: n for n, owner in enumerate(owners)}
        return {
            "owners": owners,
            "items": [
                [i.path, i.kind, i.mode, i.size, i.digest, i.target, number[i.owner]]
                for i in self.items
            ],
            "objects": {path: asdict(needs) for path, needs in self.objects.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote."""
        owners = value["owners"]
        return cls(
            items=tuple(_item(row, owners) for row in value["items"]),
            objects={path: _needs(row) for path, row in value["objects"].items()},
        )


def _item(row: Sequence[Any], owners: Sequence[str]) -> Item:
    path, kind, mode, size, digest, target, owner = row
    return Item(path, kind, mode, size, digest, target, owners[owner])


def _needs(row: Mapping[str, Any]) -> Needs:
    return Needs(
        machine=row["machine"],
        needed=tuple(row["needed"]),
        soname=row["soname"],
        rpath=tuple(row["rpath"]),
        runpath=tuple(row["runpath"]),
        interpreter=row["interpreter"],
        requires=tuple(
            VersionNeed(library=need["library"], versions=tuple(need["versions"]))
            for need in row["requires"]
        ),
        provides=tuple(row["provides"]),
    )
