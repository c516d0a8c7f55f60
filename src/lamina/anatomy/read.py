"""Read: a layer's blob becomes nodes, in one pass that checks both of its digests."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NoReturn, Protocol, cast

from lamina.anatomy.node import LayerNodes, Node
from lamina.anatomy.registers import LONGEST, is_register, shorten
from lamina.anatomy.symbols import SymbolTap
from lamina.errors import ArchiveError, IntegrityError
from lamina.layer.decompress import Decompressed, Limits
from lamina.layer.entries import LayerReader, Member
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer

_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What is kept of a layer at most: its members, and the bytes of their names and registers."""

    members: int = 500_000
    names: int = 64 << 20
    registers: int = 32 << 20


def read_layer(stream: BinaryIO, layer: Layer, *, limits: ReadLimits | None = None) -> LayerNodes:
    """Take a layer apart, reading ``stream`` to its end.

    Raises ``ArchiveError`` for a malformed or hostile layer and ``IntegrityError`` for another one
    than ``layer`` says.
    """
    chosen = limits or ReadLimits()
    bounds = Limits(members=chosen.members)
    checked = CheckedLayer(stream, layer, limits=bounds)
    reader = LayerReader(checked.tar, where=str(layer.descriptor.digest), limits=bounds)
    nodes = _Collector(reader, chosen, checked.refuse).collect()
    checked.check()
    return nodes


class CheckedLayer:
    """A layer's tar; once it was read to its end, :meth:`check` says whether it is the right one.

    Reading raises ``ArchiveError`` for what is compressed wrongly, twice, or beyond ``limits``.
    """

    def __init__(self, stream: BinaryIO, layer: Layer, *, limits: Limits | None = None) -> None:
        self._layer = layer
        self.refuse = _Refusal(str(layer.descriptor.digest))
        # A layer that is not compressed has one digest for both.
        is_plain = layer.descriptor.digest == layer.diff_id
        denied = partial(self.refuse, "is compressed, and its digest is that of what it holds")
        self._packed = (
            _Hashed(stream, is_hashed=False, refuse_compressed=denied)
            if is_plain
            else _Hashed(stream)
        )
        packed = cast("BinaryIO", self._packed)
        inside = Decompressed(packed, limits=limits or Limits(), refuse=self.refuse)
        twice = partial(self.refuse, "is compressed twice")  # engines would see another than we do
        self._plain = _Hashed(inside, refuse_compressed=twice)

    @property
    def tar(self) -> BinaryIO:
        """What to read; it knows ``read`` alone."""
        return cast("BinaryIO", self._plain)

    def check(self) -> None:
        """Raise ``IntegrityError`` where size, digest or diff_id are not those of the layer."""
        named, where = self._layer.descriptor, self.refuse.where
        if self._packed.size != named.size or not self._packed.has(named.digest):
            raise IntegrityError("a layer does not have its digest or size", where=where)
        if not self._plain.has(self._layer.diff_id):
            raise IntegrityError(
                "a layer does not hold what the config says",
                where=where,
                why=f"expected diff_id {self._layer.diff_id}, got sha256:{self._plain.hex}",
            )


class _Refusal:
    """Refuses a layer with the rest of a sentence about it."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __call__(self, problem: str) -> NoReturn:
        raise ArchiveError(
            f"the layer {problem}",
            where=self.where,
            hint="the layer is malformed or hostile: fetch it again, or use another",
        )


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Hashed:
    """A stream that is hashed while it is read."""

    def __init__(
        self,
        stream: _Readable,
        *,
        is_hashed: bool = True,
        refuse_compressed: Callable[[], NoReturn] | None = None,
    ) -> None:
        self._stream = stream
        self._hasher = hashlib.sha256() if is_hashed else None
        self._refuse = refuse_compressed
        self.size = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if self._refuse and not self.size and data.startswith(_COMPRESSED):
            self._refuse()
        self.size += len(data)
        if self._hasher:
            self._hasher.update(data)
        return data

    @property
    def hex(self) -> str:
        return self._hasher.hexdigest() if self._hasher else ""

    def has(self, digest: Digest) -> bool:
        """Say whether what was read has the digest, as far as that was computed."""
        return self._hasher is None or self.hex == digest.hex


class _Collector:
    """Sorts a layer's members, and stops where there are more than is plausible."""

    def __init__(self, reader: LayerReader, limits: ReadLimits, refuse: _Refusal) -> None:
        self._reader = reader
        self._limits = limits
        self._refuse = refuse
        self._names = 0
        self._registers = 0
        self._lines: dict[str, tuple[str, ...]] = {}

    def collect(self) -> LayerNodes:
        nodes: list[Node] = []
        removed: list[str] = []
        emptied: list[str] = []
        lost = 0
        for member in self._reader:
            self._count(member)
            folder, _, name = member.path.rpartition("/")
            if name.startswith(".wh."):
                lost += member.size
                if member.is_opaque_marker:
                    emptied.append(folder)
                elif member.removes is not None:
                    removed.append(member.removes)
            elif member.path:
                nodes.append(self._node(member))
        return LayerNodes(
            nodes=tuple(nodes), removed=tuple(removed), emptied=tuple(emptied),
            lines=self._lines, lost=lost,
        )  # fmt: skip

    def _count(self, member: Member) -> None:
        self._names += len(member.path) + len(member.target)
        if self._names > self._limits.names:
            self._refuse("has names that are longer than is plausible")

    def _node(self, member: Member) -> Node:
        digest, symbols = self._read(member) if member.kind == "file" else ("", 0)
        if member.kind == "hardlink" and member.target in self._lines and is_register(member.path):
            self._lines[member.path] = self._lines[member.target]
        return Node(
            path=member.path,
            kind=member.kind,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            size=member.size,
            digest=digest,
            target=member.target,
            symbols=symbols,
        )

    def _read(self, member: Member) -> tuple[str, int]:
        """Read a file's content: its digest, and how many bytes of symbols it has."""
        hasher, tap = hashlib.sha256(), SymbolTap()
        kept = bytearray() if self._is_kept(member) else None
        for chunk in self._reader.chunks():
            hasher.update(chunk)
            tap.feed(chunk)
            if kept is not None:
                kept += chunk
        if kept is not None:
            self._lines[member.path] = shorten(member.path, bytes(kept))
        return hasher.hexdigest(), tap.result()

    def _is_kept(self, member: Member) -> bool:
        if member.size > LONGEST or not is_register(member.path):
            return False
        self._registers += member.size
        return self._registers <= self._limits.registers
