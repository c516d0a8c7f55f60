"""METADATA of a wheel, out of its zip: what it says of itself, and of what it carries along."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lamina.image.installed import Found, read_register
from lamina.image.license import License
from lamina.layer.inflate import inflate
from lamina.layer.zip_directory import STORED, Member, ZipDirectory

_METADATA: Final = ".dist-info/METADATA"
_LARGEST: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFacts:
    """A wheel's licence, and the distributions that are copied into it (``vendored``)."""

    license: License = field(default_factory=License)
    vendored: tuple[Found, ...] = ()


def wheel_facts(zip_: ZipDirectory) -> WheelFacts:
    """Read the metadata of a wheel; raise ``ArchiveError`` where there is none."""
    found = dict(_found(zip_))
    own = next((path for path in found if path.count("/") == 1), None)
    if own is None:
        raise zip_.fail("the wheel has no METADATA")
    return WheelFacts(
        license=found[own].license,
        vendored=tuple(one for path, one in found.items() if path != own),
    )


def _found(zip_: ZipDirectory) -> Iterator[tuple[str, Found]]:
    for member in zip_.members:
        if member.name.endswith(_METADATA):
            for one in read_register(member.name, _read(zip_, member)):
                yield member.name, one


def _read(zip_: ZipDirectory, member: Member) -> bytes:
    if member.size > _LARGEST:
        raise zip_.fail(f"the file is larger than {_LARGEST} bytes", member.name)
    packed = zip_.packed(member)
    if member.method == STORED:
        return b"".join(packed)
    where = zip_.where(member.name)
    return b"".join(inflate(packed, size=member.size, crc=member.crc, where=where))
