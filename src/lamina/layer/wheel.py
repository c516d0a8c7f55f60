"""A wheel's files as layer entries: the install rules of PEP 427, without unpacking anything."""

import itertools
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from isal import isal_zlib
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.elf.needs import MAGIC
from lamina.errors import IntegrityError
from lamina.layer.compress import deflate
from lamina.layer.gzip_members import stored
from lamina.layer.lean_object import LARGEST, LeanObject, gather, without_symbols
from lamina.layer.modules import batches, module_name
from lamina.layer.record import RecordRow, digest_for, new_hasher, read_record, write_record
from lamina.layer.safe_path import safe_path
from lamina.layer.scripts import Script, read_entry_points, rewrite_shebang
from lamina.layer.venv import Venv
from lamina.layer.wheel_identity import fields, parse_filename
from lamina.layer.write import LayerWriter, inflate
from lamina.layer.zip_directory import STORED, Member, ZipDirectory
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from lamina.plan.diet import Policy
from lamina.project.diet_settings import Diet

_INSTALLER = b"lamina\n"
_LARGEST_METADATA = 64 << 20
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_SHEBANG = b"#!python"
_NO_ROW = RecordRow("", b"", None)
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)

Compile = Callable[[Sequence[tuple[bytes, str]]], Sequence[bytes | None]]
"""Turn (source, absolute path in the image) pairs into bytecode; None for invalid sources."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A member and where it goes; ``data`` replaces its bytes where they had to be rewritten."""

    member: Member
    path: str
    mode: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a wheel goes in.

    ``lenient`` accepts hashes in RECORD that are wrong.  ``compile_sources`` makes bytecode, which
    goes beside the modules, of those that are named in ``imported`` alone if that is given.
    ``diet`` says which files stay out.
    """

    lenient: bool = False
    compile_sources: Compile | None = None
    imported: Collection[str] | None = None
    diet: Diet | None = None


_PLAIN = Options()


class WheelInstall:
    """One wheel on its way into a layer."""

    def __init__(
        self,
        zip_: ZipDirectory,
        filename: str,
        venv: Venv,
        options: Options,
    ) -> None:
        self._zip = zip_
        self._compile = options.compile_sources
        self._imported = options.imported
        self._policy = Policy(options.diet) if options.diet else None
        self._filename = filename
        self._venv = venv
        self._lenient = options.lenient
        self._members = {m.name: m for m in zip_.members if not m.name.endswith("/")}
        self._folders = [m for m in zip_.members if m.name.endswith("/")]
        for member in zip_.members:
            safe_path(member.name.removesuffix("/"), where=filename)
        self._name, self._version = parse_filename(filename)
        self._dist_info = self._find_dist_info()
        self._check_metadata()
        self._record = read_record(self._text("RECORD"), where=f"{filename}, RECORD")
        self._check_record_names()
        self._entry_points = self._scripts()

    @property
    def owner(self) -> str:
        """The distribution's name and version, for messages and contents."""
        return f"{self._name} {self._version}"

    def write(self, writer: LayerWriter) -> None:
        """Add the files of the wheel, its generated scripts, INSTALLER and a true RECORD.

        What a diet leaves out is not read, and RECORD does not list it.
        """
        places = tuple(self._place())
        self._check_left_out(places)
        places = tuple(placed for placed in places if not self._leaves_out(placed.path))
        rows = [self._add_member(writer, placed) for placed in places]
        if self._compile is not None:
            rows += self._add_bytecode(writer, places, self._compile)
        for script in self._entry_points:
            data = script.render(self._venv.interpreter)
            path = f"{self._venv.root}/bin/{script.name}"
            if not self._leaves_out(path):
                rows.append(self._add(writer, Entry(path=path, mode=0o755, data=data)))
        dist_info = f"{self._venv.site_packages}/{self._dist_info}"
        rows.append(self._add(writer, Entry(path=f"{dist_info}/INSTALLER", data=_INSTALLER)))
        listed = sorted((self._relative(path), digest, size) for path, digest, size in rows)
        record = write_record(listed, record=f"{self._dist_info}/RECORD")
        self._add(writer, Entry(path=f"{dist_info}/RECORD", data=record))

    def _add(self, writer: LayerWriter, entry: Entry) -> tuple[str, Digest, int]:
        return entry.path, writer.add(entry, owner=self.owner), len(entry.data)

    def _add_member(self, writer: LayerWriter, placed: _Placed) -> tuple[str, Digest, int]:
        member = placed.member
        if placed.data is not None:
            return self._add(writer, Entry(path=placed.path, mode=placed.mode, data=placed.data))
        if self._policy and self._policy.strips(self._inside(placed.path)):
            lean = self._without_symbols(member)
            if lean is not None:
                return self._add_lean(writer, placed, lean)
        row = self._record.get(member.name, _NO_ROW)
        hasher = new_hasher(row)
        digest = writer.splice(
            Entry(path=placed.path, mode=placed.mode),
            self._deflated(member),
            size=member.size,
            crc=member.crc,
            owner=self.owner,
            also=hasher,
            where=self._zip.where(member.name),
        )
        actual = hasher.digest() if hasher else bytes.fromhex(digest.hex)
        self._check_row(member, row, actual)
        return placed.path, digest, member.size

    def _without_symbols(self, member: Member) -> LeanObject | None:
        """Take the symbols out of a shared object, if it has any; what it was is checked first."""
        if not self._begins_with(member, MAGIC) or member.size > LARGEST:
            return None
        where = self._zip.where(member.name)
        data = gather(
            inflate(self._deflated(member), size=member.size, crc=member.crc, where=where),
            size=member.size,
        )
        row = self._record.get(member.name, _NO_ROW)
        self._check_row(member, row, digest_for(row, data))
        return without_symbols(data)

    def _add_lean(
        self, writer: LayerWriter, placed: _Placed, lean: LeanObject
    ) -> tuple[str, Digest, int]:
        digest = writer.splice(
            Entry(path=placed.path, mode=placed.mode),
            deflate(lean.pieces),
            size=lean.size,
            crc=lean.crc,
            owner=self.owner,
            where=self._zip.where(placed.member.name),
        )
        return placed.path, digest, lean.size

    def _leaves_out(self, path: str) -> bool:
        return self._policy is not None and bool(self._policy.line(self._inside(path)))

    def _inside(self, path: str) -> str:
        """Write a path as a diet's patterns do: without the folder that all have in common."""
        site = f"{self._venv.site_packages}/"
        return path.removeprefix(site).removeprefix(f"{self._venv.root}/")

    def _add_bytecode(
        self, writer: LayerWriter, places: Iterable[_Placed], compile_sources: Compile
    ) -> Iterator[tuple[str, Digest, int]]:
        """Add a .pyc for each module that a program may import; tests are not among them."""
        modules = [placed for placed in places if self._is_module(placed.path)]
        for batch in batches(modules, size=lambda placed: placed.member.size):
            sources = [(self._read(placed.member), f"/{placed.path}") for placed in batch]
            for placed, code in zip(batch, compile_sources(sources), strict=True):
                if code is not None:
                    yield self._add(writer, Entry(path=self._bytecode_path(placed.path), data=code))

    def _is_module(self, path: str) -> bool:
        is_source = path.startswith(f"{self._venv.site_packages}/") and path.endswith(".py")
        if not is_source or {"test", "tests"} & set(self._relative(path).split("/")):
            return False
        return self._imported is None or module_name(self._relative(path)) in self._imported

    def _bytecode_path(self, path: str) -> str:
        """Say where Python looks for a module's bytecode (PEP 3147)."""
        folder, _, name = path.rpartition("/")
        tag = f"cpython-{self._venv.python.replace('.', '')}"
        return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc"

    def _place(self) -> Iterator[_Placed]:
        """Decide where each member goes, sorted by place so that equal wheels give equal layers.

        What is made here is left out: metadata of the installation, programs that are entry points
        as well, and bytecode, which Python would not use where its times differ from the source's.
        """
        ours = {f"{self._dist_info}/{name}" for name in ("RECORD", "INSTALLER", *_SIGNATURES)}
        members = [member for name, member in self._members.items() if name not in ours]
        places = sorted(map(self._place_member, members), key=lambda placed: placed.path)
        for one, other in itertools.pairwise(places):
            if one.path == other.path:
                raise self._zip.fail(f"it goes where {other.member.name!r} does", one.member.name)
        made = {f"{self._venv.root}/bin/{script.name}" for script in self._entry_points}
        if self._compile is not None:
            made |= {self._bytecode_path(p.path) for p in places if self._is_module(p.path)}
        yield from (placed for placed in places if placed.path not in made)

    def _check_left_out(self, places: Iterable[_Placed]) -> None:
        """Check what goes nowhere as well, so that nothing hides in it."""
        for folder in self._folders:
            if folder.size or self._read(folder):
                raise self._zip.fail("a folder has contents", folder.name)
        unlisted = {f"{self._dist_info}/{name}" for name in ("RECORD", *_SIGNATURES)}
        for name in self._members.keys() - {placed.member.name for placed in places}:
            data = self._read(self._members[name])
            if name not in unlisted:
                row = self._record[name]
                self._check_row(self._members[name], row, digest_for(row, data))

    def _place_member(self, member: Member) -> _Placed:
        kind = stat.S_IFMT(member.unix_mode)
        if kind not in {0, stat.S_IFREG}:
            raise self._zip.fail("the member is a link or a device", member.name)
        mode = 0o755 if member.unix_mode & 0o111 else 0o644
        top, _, rest = member.name.partition("/")
        if not top.endswith(".data"):
            return _Placed(member, f"{self._venv.site_packages}/{member.name}", mode)
        scheme, _, inside = rest.partition("/")
        directory = self._venv.scheme(scheme, self._name)
        if directory is None or not inside or not self._owns(top):
            raise self._zip.fail("the .data folder has no such scheme", member.name)
        path = f"{directory}/{inside}"
        if path.startswith(f"{self._venv.site_packages}/"):
            top = self._relative(path).partition("/")[0]
            if top.endswith(".dist-info"):
                raise self._zip.fail("metadata does not come out of a .data folder", member.name)
        if scheme == "scripts":
            return self._place_script(member, path)
        return _Placed(member, path, mode)

    def _place_script(self, member: Member, path: str) -> _Placed:
        """Make a program executable, with the image's interpreter if it asks for any Python."""
        if not self._begins_with(member, _SHEBANG):
            return _Placed(member, path, 0o755)
        original = self._read(member)
        self._check_row(
            member, self._record[member.name], digest_for(self._record[member.name], original)
        )
        return _Placed(member, path, 0o755, rewrite_shebang(original, self._venv.interpreter))

    def _scripts(self) -> tuple[Script, ...]:
        if f"{self._dist_info}/entry_points.txt" not in self._members:
            return ()
        return read_entry_points(self._text("entry_points.txt"), where=self._filename)

    def _relative(self, path: str) -> str:
        """Write an installed path as RECORD does: relative to site-packages."""
        site = self._venv.site_packages
        if path.startswith(f"{site}/"):
            return path[len(site) + 1 :]
        return "../../../" + path[len(self._venv.root) + 1 :]

    def _find_dist_info(self) -> str:
        found = {n.partition("/")[0] for n in self._members if ".dist-info/" in n}
        found = {top for top in found if top.endswith(".dist-info")}
        if len(found) != 1:
            raise self._zip.fail(f"a wheel has one .dist-info folder, and this has {len(found)}")
        dist_info = found.pop()
        if not self._owns(dist_info):
            raise self._zip.fail(f"{dist_info} does not belong to a wheel of that name")
        return dist_info

    def _owns(self, folder: str) -> bool:
        """Say whether ``name-version.suffix`` carries this wheel's name and version."""
        name, _, version = folder.rpartition(".")[0].partition("-")
        try:
            same_version = str(Version(version)) == self._version
        except InvalidVersion:
            return False
        return same_version and canonicalize_name(name) == self._name

    def _check_metadata(self) -> None:
        wheel = fields(self._text("WHEEL"))
        if wheel.get("wheel-version", "").partition(".")[0] != "1":
            raise self._zip.fail(f"wheel version {wheel.get('wheel-version')!r} is unknown")
        metadata = fields(self._text("METADATA"))
        try:
            version = str(Version(metadata.get("version", "")))
        except InvalidVersion:
            version = ""
        if (canonicalize_name(metadata.get("name", "")), version) != (self._name, self._version):
            raise self._zip.fail(
                f"METADATA is that of {metadata.get('name')!r} {metadata.get('version')!r}"
            )

    def _check_record_names(self) -> None:
        """Names are strict both ways: nothing unlisted, nothing missing."""
        own = {f"{self._dist_info}/{name}" for name in ("RECORD", *_SIGNATURES)}
        unlisted = self._members.keys() - self._record.keys() - own
        missing = self._record.keys() - self._members.keys() - own
        for name in sorted(unlisted):
            raise self._zip.fail("the file is not listed in RECORD", name)
        for name in sorted(name for name in missing if not name.endswith("/")):
            raise self._zip.fail("RECORD lists a file that is not there", name)

    def _check_row(self, member: Member, row: RecordRow, actual: bytes) -> None:
        right_size = row.size is None or row.size == member.size
        if (row.algorithm and row.digest == actual and right_size) or self._lenient:
            return
        raise IntegrityError(
            "the file is not the one that RECORD lists"
            if row.algorithm
            else "RECORD has no hash of the file",
            where=self._zip.where(member.name),
            hint="report it to the publisher; to accept this wheel all the same, add "
            f'"{self._name}" to allow-record-mismatch in [tool.lamina]',
        )

    def _text(self, name: str) -> str:
        member = self._members.get(f"{self._dist_info}/{name}")
        if member is None:
            raise self._zip.fail(f"{self._dist_info}/{name} is missing")
        try:
            return self._read(member).decode("utf-8")
        except UnicodeDecodeError:
            raise self._zip.fail("the file is not UTF-8", member.name) from None

    def _read(self, member: Member) -> bytes:
        if member.size > _LARGEST_METADATA:
            raise self._zip.fail(f"the file is larger than {_LARGEST_METADATA} bytes", member.name)
        where = self._zip.where(member.name)
        return b"".join(
            inflate(self._deflated(member), size=member.size, crc=member.crc, where=where)
        )

    def _deflated(self, member: Member) -> Iterator[bytes]:
        packed = self._zip.packed(member)
        return _store(packed, member.packed_size) if member.method == STORED else packed

    def _begins_with(self, member: Member, text: bytes) -> bool:
        """Say whether the content begins with ``text``, from its first bytes alone."""
        packed = next(self._zip.packed(member), b"")
        if member.method == STORED:
            return packed.startswith(text)
        try:
            return isal_zlib.decompressobj(-15).decompress(packed, len(text)) == text
        except _INFLATE_ERROR as error:
            raise self._zip.fail(f"the file cannot be inflated: {error}", member.name) from error


def add_wheel(
    writer: LayerWriter, path: Path, *, filename: str, venv: Venv, options: Options = _PLAIN
) -> None:
    """Install the wheel at ``path`` into the layer that ``writer`` writes.

    ``filename`` is the wheel's real name.  Raises ``ArchiveError`` or ``IntegrityError``; the layer
    is then unusable.
    """
    with ZipDirectory(path, name=filename) as zip_:
        WheelInstall(zip_, filename, venv, options).write(writer)


def _store(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Wrap what the zip stores uncompressed into stored deflate blocks."""
    seen = 0
    for piece in pieces:
        seen += len(piece)
        yield stored(piece, last=seen == size)
