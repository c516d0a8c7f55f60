"""A wheel's files as layer entries: the install rules of PEP 427, without unpacking anything."""

import itertools
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.elf.needs import MAGIC
from lamina.layer.inflate import inflate
from lamina.layer.lean_object import LARGEST, LeanObject, gather, without_symbols
from lamina.layer.modules import batches, module_name
from lamina.layer.record import RecordRow, digest_for, new_hasher, write_record
from lamina.layer.scripts import rewrite_shebang
from lamina.layer.venv import Venv
from lamina.layer.wheel_files import SIGNATURES, OpenWheel
from lamina.layer.write import LayerWriter
from lamina.layer.zip_directory import Member, ZipDirectory
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from lamina.plan.diet import Policy
from lamina.plan.drops import Drops
from lamina.project.diet_settings import Diet

_INSTALLER = b"lamina\n"
_SHEBANG = b"#!python"
_NO_ROW = RecordRow("", b"", None)

Compile = Callable[[Sequence[tuple[bytes, str]]], Sequence[bytes | None]]
"""Turn (source, absolute path in the image) pairs into bytecode; None for invalid sources."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A member and where it goes; ``data`` replaces its bytes where they had to be rewritten."""

    member: Member
    path: str
    mode: int
    data: bytes | None = None


_Likeness = tuple[int, int, int, bytes]
"""Mode, size, CRC-32, and what RECORD says: files that differ in one of them are no twins."""


@dataclass(frozen=True, slots=True)
class _First:
    """A file that is in the layer: others of the wheel with its bytes become links to it."""

    path: str
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a wheel goes in.

    ``lenient`` accepts hashes in RECORD that are wrong.  ``compile_sources`` makes bytecode, which
    goes beside the modules, of those that are named in ``imported`` alone if that is given.
    ``diet`` says which files stay out, and ``drops`` is shown all of them.
    """

    lenient: bool = False
    compile_sources: Compile | None = None
    imported: Collection[str] | None = None
    diet: Diet | None = None
    drops: Drops | None = None


_PLAIN = Options()


class WheelInstall:
    """One wheel on its way into a layer."""

    def __init__(self, wheel: OpenWheel, venv: Venv, options: Options) -> None:
        self._wheel = wheel
        self._venv = venv
        self._compile = options.compile_sources
        self._imported = options.imported
        self._policy = Policy(options.diet) if options.diet else None
        self._drops = options.drops
        self._firsts: dict[_Likeness, _First] = {}

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
        for script in self._wheel.entry_points:
            data = script.render(self._venv.interpreter)
            path = f"{self._venv.root}/bin/{script.name}"
            if not self._leaves_out(path):
                rows.append(self._add(writer, Entry(path=path, mode=0o755, data=data)))
        dist_info = f"{self._venv.site_packages}/{self._wheel.dist_info}"
        rows.append(self._add(writer, Entry(path=f"{dist_info}/INSTALLER", data=_INSTALLER)))
        listed = sorted((self._relative(path), digest, size) for path, digest, size in rows)
        record = write_record(listed, record=f"{self._wheel.dist_info}/RECORD")
        self._add(writer, Entry(path=f"{dist_info}/RECORD", data=record))

    def _add(self, writer: LayerWriter, entry: Entry) -> tuple[str, Digest, int]:
        return entry.path, writer.add(entry, owner=self._wheel.owner), len(entry.data)

    def _add_member(self, writer: LayerWriter, placed: _Placed) -> tuple[str, Digest, int]:
        member = placed.member
        if placed.data is not None:
            return self._add(writer, Entry(path=placed.path, mode=placed.mode, data=placed.data))
        if self._policy and self._policy.strips(self._inside(placed.path)):
            lean = self._without_symbols(member)
            if lean is not None:
                return self._add_lean(writer, placed, lean)
        row = self._wheel.record.get(member.name, _NO_ROW)
        likeness = (placed.mode, member.size, member.crc, row.digest)
        may_have_twins = member.size > 0 and not self._is_metadata(member)
        first = self._firsts.get(likeness) if may_have_twins else None
        if first is not None and self._wheel.digest(member, row) == first.digest:
            self._link(writer, placed, first)
            return placed.path, first.digest, member.size
        hasher = new_hasher(row)
        is_ours = not writer.holds(placed.path)
        digest = writer.splice(
            Entry(path=placed.path, mode=placed.mode),
            self._wheel.deflated(member),
            size=member.size,
            crc=member.crc,
            owner=self._wheel.owner,
            also=hasher,
            where=self._wheel.where(member),
        )
        actual = hasher.digest() if hasher else bytes.fromhex(digest.hex)
        self._wheel.check_row(member, row, actual)
        if may_have_twins and is_ours:
            self._firsts.setdefault(likeness, _First(placed.path, digest))
        return placed.path, digest, member.size

    def _is_metadata(self, member: Member) -> bool:
        """Say whether scanners may look for the file, and would not follow a link."""
        return member.name.startswith(f"{self._wheel.dist_info}/")

    def _link(self, writer: LayerWriter, placed: _Placed, first: _First) -> None:
        """Give the file that is there another name."""
        link = Entry(path=placed.path, kind="hardlink", mode=placed.mode, target=first.path)
        writer.add(link, owner=self._wheel.owner)

    def _without_symbols(self, member: Member) -> LeanObject | None:
        """Take the symbols out of a shared object, if it has any; what it was is checked first."""
        if not self._wheel.begins_with(member, MAGIC) or member.size > LARGEST:
            return None
        where = self._wheel.where(member)
        data = gather(
            inflate(self._wheel.deflated(member), size=member.size, crc=member.crc, where=where),
            size=member.size,
        )
        row = self._wheel.record.get(member.name, _NO_ROW)
        self._wheel.check_row(member, row, digest_for(row, data))
        return without_symbols(data)

    def _add_lean(
        self, writer: LayerWriter, placed: _Placed, lean: LeanObject
    ) -> tuple[str, Digest, int]:
        digest = writer.splice(
            Entry(path=placed.path, mode=placed.mode),
            lean,
            size=lean.size,
            crc=lean.crc,
            owner=self._wheel.owner,
            where=self._wheel.where(placed.member),
        )
        return placed.path, digest, lean.size

    def _leaves_out(self, path: str) -> bool:
        if self._drops is not None:
            self._drops.see(self._inside(path))
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
            sources = [(self._wheel.read(placed.member), f"/{placed.path}") for placed in batch]
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
        ours = {f"{self._wheel.dist_info}/{name}" for name in ("RECORD", "INSTALLER", *SIGNATURES)}
        members = [member for name, member in self._wheel.members.items() if name not in ours]
        places = sorted(map(self._place_member, members), key=lambda placed: placed.path)
        for one, other in itertools.pairwise(places):
            if one.path == other.path:
                raise self._wheel.fail(f"it goes where {other.member.name!r} does", one.member.name)
        made = {f"{self._venv.root}/bin/{script.name}" for script in self._wheel.entry_points}
        if self._compile is not None:
            made |= {self._bytecode_path(p.path) for p in places if self._is_module(p.path)}
        yield from (placed for placed in places if placed.path not in made)

    def _check_left_out(self, places: Iterable[_Placed]) -> None:
        """Check what goes nowhere as well, so that nothing hides in it."""
        for folder in self._wheel.folders:
            if folder.size or self._wheel.read(folder):
                raise self._wheel.fail("a folder has contents", folder.name)
        unlisted = {f"{self._wheel.dist_info}/{name}" for name in ("RECORD", *SIGNATURES)}
        for name in self._wheel.members.keys() - {placed.member.name for placed in places}:
            data = self._wheel.read(self._wheel.members[name])
            if name not in unlisted:
                row = self._wheel.record[name]
                self._wheel.check_row(self._wheel.members[name], row, digest_for(row, data))

    def _place_member(self, member: Member) -> _Placed:
        kind = stat.S_IFMT(member.unix_mode)
        if kind not in {0, stat.S_IFREG}:
            raise self._wheel.fail("the member is a link or a device", member.name)
        mode = 0o755 if member.unix_mode & 0o111 else 0o644
        top, _, rest = member.name.partition("/")
        if not top.endswith(".data"):
            return _Placed(member, f"{self._venv.site_packages}/{member.name}", mode)
        scheme, _, inside = rest.partition("/")
        directory = self._venv.scheme(scheme, self._wheel.name)
        if directory is None or not inside or not self._wheel.owns(top):
            raise self._wheel.fail("the .data folder has no such scheme", member.name)
        path = f"{directory}/{inside}"
        if path.startswith(f"{self._venv.site_packages}/"):
            top = self._relative(path).partition("/")[0]
            if top.endswith(".dist-info"):
                raise self._wheel.fail("metadata does not come out of a .data folder", member.name)
        if scheme == "scripts":
            return self._place_script(member, path)
        return _Placed(member, path, mode)

    def _place_script(self, member: Member, path: str) -> _Placed:
        """Make a program executable, with the image's interpreter if it asks for any Python."""
        if not self._wheel.begins_with(member, _SHEBANG):
            return _Placed(member, path, 0o755)
        original = self._wheel.read(member)
        self._wheel.check_row(
            member,
            self._wheel.record[member.name],
            digest_for(self._wheel.record[member.name], original),
        )
        return _Placed(member, path, 0o755, rewrite_shebang(original, self._venv.interpreter))

    def _relative(self, path: str) -> str:
        """Write an installed path as RECORD does: relative to site-packages."""
        site = self._venv.site_packages
        if path.startswith(f"{site}/"):
            return path[len(site) + 1 :]
        return "../../../" + path[len(self._venv.root) + 1 :]


def add_wheel(
    writer: LayerWriter, path: Path, *, filename: str, venv: Venv, options: Options = _PLAIN
) -> None:
    """Install the wheel at ``path`` into the layer that ``writer`` writes.

    ``filename`` is the wheel's real name.  Raises ``ArchiveError`` or ``IntegrityError``; the layer
    is then unusable.
    """
    with ZipDirectory(path, name=filename) as zip_:
        wheel = OpenWheel(zip_, filename, is_lenient=options.lenient)
        WheelInstall(wheel, venv, options).write(writer)
