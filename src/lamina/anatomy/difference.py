"""Difference: what changed between two images: packages, files and configuration; pure."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from lamina.anatomy.anatomy import Anatomy, Part
from lamina.anatomy.junk import junk_class
from lamina.anatomy.owners import OwnerKind
from lamina.anatomy.registers import RECORD
from lamina.anatomy.reuse import Reuse, reuse
from lamina.oci.config import RuntimeConfig

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """A distribution or Debian package; versions are empty, and sizes 0, where it is not.

    Of several copies in one image all versions are named, and the sizes added up.
    """

    kind: OwnerKind
    name: str
    before: str
    after: str
    size_before: int
    size_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A path; ``what`` says what of it changed, ``owner`` whose it is."""

    path: str
    change: Change
    what: str
    size_before: int
    size_after: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A member of the configuration, or one variable or label of it, as texts."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that differs, and what of the new image's layers the old one has."""

    packages: tuple[PackageChange, ...]
    files: tuple[FileChange, ...]
    settings: tuple[SettingChange, ...]
    reuse: Reuse


def compare(old: Anatomy, new: Anatomy) -> Difference:
    """Compare two images."""
    return Difference(
        packages=tuple(_packages(old, new)),
        files=tuple(_files(old, new)),
        settings=tuple(_settings(old, new)),
        reuse=reuse(old.image, new.image, base=new.base.count),
    )


@dataclass(frozen=True, slots=True)
class _Package:
    version: str
    size: int


def _owned(anatomy: Anatomy) -> dict[tuple[OwnerKind, str], _Package]:
    """Put the files of each package together; an image may have several copies of one.

    A cache's copy counts for its bytes alone, for it is not installed.
    """
    copies: dict[tuple[OwnerKind, str], Counter[str]] = {}
    sizes: Counter[tuple[OwnerKind, str]] = Counter()
    for part in anatomy.parts:
        if part.owner is not None:
            key = (part.owner.kind, part.owner.name)
            sizes[key] += part.size
            is_copy = part.path.endswith(RECORD) and not junk_class(part.path, ())
            copies.setdefault(key, Counter())[part.owner.version] += is_copy
    return {key: _Package(_versions(counts), sizes[key]) for key, counts in copies.items()}


def _versions(counts: Mapping[str, int]) -> str:
    """Write the versions of all copies; a Debian package has no RECORD, and is there once.

    >>> _versions({"2.0": 2, "1.0": 1})
    '1.0, 2.0 (twice)'
    """
    times = {0: "", 1: "", 2: " (twice)"}
    return ", ".join(f"{v}{times.get(n, f' ({n} times)')}" for v, n in sorted(counts.items()))


def _packages(old: Anatomy, new: Anatomy) -> Iterator[PackageChange]:
    before, after = _owned(old), _owned(new)
    nothing = _Package("", 0)
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key, nothing), after.get(key, nothing)
        if one.version != other.version or (key in before) != (key in after):
            yield PackageChange(
                kind=key[0], name=key[1], before=one.version, after=other.version,
                size_before=one.size, size_after=other.size,
            )  # fmt: skip


def _files(old: Anatomy, new: Anatomy) -> Iterator[FileChange]:
    before = {part.path: part for part in old.parts}
    after = {part.path: part for part in new.parts}
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        what = _what(one, other)
        if what:
            part = other or one
            owner = str(part.owner) if part and part.owner else ""
            yield FileChange(
                path=path,
                change="added" if one is None else "removed" if other is None else "changed",
                what=what,
                size_before=one.node.size if one else 0,
                size_after=other.node.size if other else 0,
                owner=owner,
            )


def _what(one: Part | None, other: Part | None) -> str:
    """Say what of a path differs; nothing where it is the same."""
    if one is None or other is None:
        return (one or other).node.kind if one or other else ""  # type: ignore[union-attr]
    old, new = one.node, other.node
    if old.kind != new.kind:
        return f"{old.kind} became {new.kind}"
    pairs = {
        "content": old.digest != new.digest,
        "target": old.target != new.target and old.kind == "symlink",
        "mode": old.mode != new.mode,
        "owner": (old.uid, old.gid) != (new.uid, new.gid),
    }
    return ", ".join(name for name, is_different in pairs.items() if is_different)


def _settings(old: Anatomy, new: Anatomy) -> Iterator[SettingChange]:
    before, after = _texts(old), _texts(new)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name, "") != after.get(name, ""):
            yield SettingChange(name=name, before=before.get(name, ""), after=after.get(name, ""))


def _texts(anatomy: Anatomy) -> dict[str, str]:
    runtime = anatomy.image.runtime
    texts = {"platform": str(anatomy.image.platform)}
    texts |= {f"variable {name}": text for name, text in runtime.environment}
    texts |= {f"label {name}": text for name, text in runtime.labels.items()}
    plain = (f.name for f in fields(RuntimeConfig) if f.name not in {"environment", "labels"})
    return texts | {name.replace("_", " "): _text(getattr(runtime, name)) for name in plain}


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return shlex.join(map(str, value))
        case _:
            return str(value)
