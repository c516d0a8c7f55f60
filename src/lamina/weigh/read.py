"""Read what a wheel weighs from its zip directory and the few small members that matter."""

import configparser
import zlib
from collections.abc import Iterable, Iterator, Mapping

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name, parse_wheel_filename

from lamina.layer.inflate import inflate
from lamina.layer.scripts import read_entry_points, rewrite_shebang
from lamina.layer.venv import Venv
from lamina.layer.zip_directory import STORED, Member, ZipDirectory
from lamina.rootfs.modules import importable
from lamina.weigh.files import Listing, installed_files, script_members
from lamina.weigh.lean import lean_portions
from lamina.weigh.weight import Weight, portions_of

_SCRIPT_GROUPS = frozenset({"console_scripts", "gui_scripts"})
_TESTS = frozenset({"test", "tests"})
_LARGEST = 16 << 20
_FIRST_BYTES = 1 << 13
_FIRST_LINE = 1 << 10
_RAW_DEFLATE = -15


def read_weight(zip_: ZipDirectory, filename: str, venv: Venv) -> Weight:
    """Weigh the wheel that ``zip_`` lists, as it will be in ``venv``.

    Raises ``ArchiveError`` for what could not be installed either, as far as it shows here.
    """
    name, version, _, _ = parse_wheel_filename(filename)
    reader = _Reader(zip_)
    points = reader.text("entry_points.txt")
    metadata, _ = parse_email(reader.text("METADATA"))
    rewritten = dict(_rewritten(reader, venv))
    listing = Listing(
        filename=filename,
        name=str(name),
        dist_info=reader.dist_info,
        sizes={**reader.sizes, **rewritten},
        scripts=read_entry_points(points, where=filename),
        likenesses=dict(_likenesses(reader, rewritten)),
    )
    files = installed_files(listing, venv)
    site = f"{venv.site_packages}/"
    return Weight(
        name=str(canonicalize_name(name)),
        version=str(version),
        portions=portions_of(files),
        modules=_modules(file.path.removeprefix(site) for file in files),
        requires=tuple(metadata.get("requires_dist", ())),
        extras=tuple(metadata.get("provides_extra", ())),
        scripts=tuple(script.name for script in listing.scripts) + _programs(reader),
        groups=_groups(points),
        lean=lean_portions(files, venv),
    )


class _Reader:
    """The members of a wheel that are files, and the text of its metadata."""

    def __init__(self, zip_: ZipDirectory) -> None:
        self.zip = zip_
        self.members = {m.name: m for m in zip_.members if not m.name.endswith("/")}
        self.sizes = {name: member.size for name, member in self.members.items()}
        tops = {name.partition("/")[0] for name in self.members}
        found = [top for top in tops if top.endswith(".dist-info")]
        if len(found) != 1:
            raise zip_.fail(f"a wheel has one .dist-info folder, and this has {len(found)}")
        self.dist_info = found[0]

    def text(self, name: str) -> str:
        """Read a file of the metadata; empty where there is none."""
        member = self.members.get(f"{self.dist_info}/{name}")
        if member is None:
            return ""
        if member.size > _LARGEST:
            raise self.zip.fail(f"the file is larger than {_LARGEST} bytes", member.name)
        return self._read(member).decode("utf-8", "replace")

    def beginning(self, name: str) -> bytes:
        """Read at least the first line of a program, if it is one that is worth reading."""
        member = self.members[name]
        packed = next(self.zip.packed(member, window=_FIRST_BYTES), b"")
        if member.method == STORED:
            return packed[:_FIRST_LINE]
        try:
            return zlib.decompressobj(_RAW_DEFLATE).decompress(packed, _FIRST_LINE)
        except zlib.error as error:
            raise self.zip.fail(f"the file cannot be inflated: {error}", name) from error

    def _read(self, member: Member) -> bytes:
        packed = self.zip.packed(member)
        if member.method != STORED:
            where = self.zip.where(member.name)
            return b"".join(inflate(packed, size=member.size, crc=member.crc, where=where))
        data = b"".join(packed)
        if zlib.crc32(data) != member.crc:
            raise self.zip.fail("the file is damaged: its CRC is wrong", member.name)
        return data


def _modules(paths: Iterable[str]) -> tuple[str, ...]:
    """Name what import statements may name; tests that a wheel installs by mistake are nobody's.

    Paths that are not relative to site-packages name none.
    """
    found = importable(path for path in paths)
    return tuple(sorted(m for m in found if m.partition(".")[0] not in _TESTS))


def _rewritten(reader: _Reader, venv: Venv) -> Iterator[tuple[str, int]]:
    """Yield the sizes of programs whose first line names any Python."""
    for name in script_members(reader.members):
        beginning = reader.beginning(name)
        changed = rewrite_shebang(beginning, venv.interpreter)
        yield name, reader.sizes[name] - len(beginning) + len(changed)


def _likenesses(
    reader: _Reader, programs: Mapping[str, int]
) -> Iterator[tuple[str, tuple[int, int, bool]]]:
    """Yield what twins have in common: their bytes and their mode; what is rewritten has none."""
    for name, member in reader.members.items():
        if name.startswith(f"{reader.dist_info}/"):
            continue
        if member.size and programs.get(name, member.size) == member.size:
            yield (
                name,
                (member.crc, member.size, name in programs or bool(member.unix_mode & 0o111)),
            )


def _programs(reader: _Reader) -> tuple[str, ...]:
    return tuple(name.rpartition("/")[2] for name in script_members(reader.members))


def _groups(text: str) -> tuple[str, ...]:
    """Name the groups that make a distribution a plugin of another; the text was read before."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.read_string(text)
    return tuple(sorted(set(parser.sections()) - _SCRIPT_GROUPS))
