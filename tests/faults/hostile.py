"""Hostile wheels by what is wrong with them, each with what the error must say."""

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lamina.testing.wheels import ToyWheel
from tests.faults.raw_zip import DEFLATED, STORED, Raw, deflate, extra_field, raw_zip, replaced

TOY = ToyWheel(files={"toy.py": b"answer = 42\n" * 50, "toys/data.txt": b"some text\n"})
INFO = TOY.dist_info


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """The bytes of a wheel called as ``TOY`` is, and what the error names: problem and member."""

    data: bytes
    says: str
    names: str = ""


def raws(wheel: ToyWheel = TOY) -> list[Raw]:
    """List the members of a good wheel."""
    return [Raw(name=name, data=data) for name, data in wheel.members.items()]


def _files(**files: bytes) -> ToyWheel:
    return replace(TOY, files={**TOY.files, **files})


def _with(name: str, data: bytes = b"evil\n") -> bytes:
    """Add a file that RECORD lists, so that only its name is wrong."""
    return raw_zip(raws(_files(**{name: data})))


def _changed(member: str = "toy.py", **fields: object) -> bytes:
    """Change one member of a good wheel."""
    return raw_zip([
        replace(m, **fields) if m.name == member else m  # type: ignore[arg-type]
        for m in raws()
    ])  # fmt: skip


def _text(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the text of a metadata file; RECORD goes on as if it were the old one."""
    return raw_zip([
        replace(m, data=change(m.data)) if m.name == f"{INFO}/{name}" else m for m in raws()
    ])  # fmt: skip


def _without(name: str) -> bytes:
    return raw_zip([m for m in raws() if m.name != f"{INFO}/{name}"])


def _entry_points(text: str) -> bytes:
    return raw_zip(raws(replace(TOY, entry_points=text)))


def _good() -> bytes:
    return raw_zip(raws())


def _twice(first: bytes, second: bytes) -> bytes:
    return raw_zip([Raw(name="toy.py", data=first), *raws(_files(**{"toy.py": second}))])


def _end64(**numbers: int) -> bytes:
    marks = {"on_disk": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    disks = {"disks": numbers.pop("disks")} if "disks" in numbers else {}
    return raw_zip(raws(), end={**marks, **numbers}, zip64=disks)


def _bomb() -> bytes:
    zeros = bytes(90 << 20)
    return raw_zip(replaced(raws(), "toy.py", Raw(name="toy.py", data=zeros)))


def _overlap() -> bytes:
    """Two rows that share the bytes of one member, as in bombs without nesting."""
    one, *rest = raws()
    inner = replace(one, name="toy.py")
    shared = Raw(name="toy2.py", data=inner.data, packed=inner.stream, central={"offset": 0})
    return raw_zip([inner, shared, *rest])


def _descriptor(body: bytes) -> bytes:
    """Let the sizes of a member stand behind it, as streaming writers do."""
    return _changed(flags=8, local={"crc": 0, "packed": 0, "size": 0}, after=body)


_ZIP: dict[str, Hostile] = {
    "nothing at all": Hostile(data=b"", says="too short"),
    "not a zip": Hostile(data=b"<html>login</html>" * 9, says="not a zip"),
    "an empty zip": Hostile(data=raw_zip([]), says="this has 0"),
    "an empty zip with bytes before": Hostile(
        data=raw_zip([], before=b"hidden"), says="before the first"
    ),
    "truncated at the end": Hostile(data=_good()[:-3], says="truncated"),
    "truncated in the middle": Hostile(data=_good()[: len(_good()) // 2], says="truncated"),
    "bytes before the first member": Hostile(
        data=raw_zip(raws(), before=b"#!/bin/sh\n"), says="before the first"
    ),
    "bytes before that offsets ignore": Hostile(
        data=raw_zip(raws(), before=b"MZ" * 9, shift=-18), says="local header"
    ),
    "bytes between members": Hostile(
        data=_changed(after=b"hidden"), says="contradicts", names="toy.py"
    ),
    "bytes before the directory": Hostile(
        data=raw_zip(raws(), gap=b"hidden"), says="contradicts", names="RECORD"
    ),
    "bytes after the end": Hostile(data=_good() + b"hidden", says="after its end"),
    "a comment": Hostile(data=raw_zip(raws(), comment=b"hidden"), says="after its end"),
    "a second zip behind the first": Hostile(data=_good() + _good(), says="not where"),
    "a zip in the comment": Hostile(
        data=raw_zip(raws(), comment=raw_zip([Raw(name="x")])), says="not where"
    ),
    "two names for one member": Hostile(
        data=_changed(local={"name": b"evl.py"}), says="contradicts", names="toy.py"
    ),
    "two names through the Unicode field": Hostile(
        data=_changed(extra=extra_field(0x7075, b"\1\0\0\0\0evil.py")),
        says="two names", names="toy.py",
    ),
    "two names through the local Unicode field": Hostile(
        data=_changed(local={"extra": extra_field(0x7075, b"\1\0\0\0\0evil.py")}),
        says="two names", names="toy.py",
    ),
    "a local header with another method": Hostile(
        data=_changed(local={"method": STORED}), says="contradicts", names="toy.py"
    ),
    "a local header with other flags": Hostile(
        data=_changed(local={"flags": 0x800}), says="contradicts", names="toy.py"
    ),
    "a local header with another CRC": Hostile(
        data=_changed(local={"crc": 1}), says="contradicts", names="toy.py"
    ),
    "a local header with another size": Hostile(
        data=_changed(local={"size": 7}), says="contradicts", names="toy.py"
    ),
    "a local header with another packed size": Hostile(
        data=_changed(local={"packed": 7}), says="contradicts", names="toy.py"
    ),
    "a data descriptor that lies": Hostile(
        data=_descriptor(b"PK\7\x08" + bytes(12)), says="contradicts", names="toy.py"
    ),
    "hidden bytes for a data descriptor": Hostile(
        data=_descriptor(b"hidden bytes"), says="contradicts", names="toy.py"
    ),
    "deferred sizes that lie": Hostile(
        data=_changed(flags=8, local={"crc": 0, "packed": 9, "size": 9}),
        says="contradicts", names="toy.py",
    ),
    "a wrong CRC": Hostile(
        data=_changed(local={"crc": 1}, central={"crc": 1}), says="damaged", names="toy.py"
    ),
    "a size that is too small": Hostile(
        data=_changed(local={"size": 9}, central={"size": 9}), says="longer", names="toy.py"
    ),
    "a size that is too large": Hostile(
        data=_changed(local={"size": 9999}, central={"size": 9999}),
        says="damaged", names="toy.py",
    ),
    "a packed size that is too small": Hostile(
        data=_changed(local={"packed": 9}, central={"packed": 9}),
        says="contradicts", names="toy.py",
    ),
    "a packed size that reaches into the next member": Hostile(
        data=_changed(local={"packed": 999}, central={"packed": 999}),
        says="contradicts", names="toy.py",
    ),
    "an empty file with a payload": Hostile(
        data=raw_zip([
            replace(m, packed=b"payload") if m.name == "empty.py" else m
            for m in raws(_files(**{"empty.py": b""}))
        ]),
        says="inflated", names="empty.py",
    ),
    "a stream that ends early and hides bytes": Hostile(
        data=_changed(packed=deflate(TOY.files["toy.py"]) + b"hidden"),
        says="damaged", names="toy.py",
    ),
    "hidden bytes behind RECORD's stream": Hostile(
        data=_changed(f"{INFO}/RECORD", packed=deflate(TOY.members[f"{INFO}/RECORD"]) + b"more"),
        says="damaged", names="RECORD",
    ),
    "a stream that does not end": Hostile(
        data=_changed(packed=deflate(TOY.files["toy.py"])[:-2]), says="damaged", names="toy.py"
    ),
    "a stream that is none": Hostile(
        data=_changed(packed=b"\xff" * 40), says="inflated", names="toy.py"
    ),
    "a stored member with two sizes": Hostile(
        data=_changed(method=STORED, packed=b"abc"), says="two sizes", names="toy.py"
    ),
    "an encrypted member": Hostile(data=_changed(flags=1), says="encrypted", names="toy.py"),
    "strong encryption": Hostile(data=_changed(flags=0x40), says="encrypted", names="toy.py"),
    "masked local headers": Hostile(data=_changed(flags=0x2000), says="encrypted", names="toy.py"),
    "bzip2": Hostile(data=_changed(method=12), says="method 12", names="toy.py"),
    "lzma": Hostile(data=_changed(method=14), says="method 14", names="toy.py"),
    "zstd": Hostile(data=_changed(method=93), says="method 93", names="toy.py"),
    "an unknown method": Hostile(data=_changed(method=99), says="method 99", names="toy.py"),
    "overlapping members": Hostile(data=_overlap(), says="local header", names="toy"),
    "a member beyond the end": Hostile(
        data=_changed(central={"offset": 0xFFFFFFF0}), says="before the first"
    ),
    "a last member beyond the end": Hostile(
        data=_changed(f"{INFO}/RECORD", central={"offset": 0xFFFFFFF0}),
        says="local header", names="RECORD",
    ),
    "a member at 2**64 - 1": Hostile(
        data=_changed(
            f"{INFO}/RECORD",
            central={"offset": 0xFFFFFFFF, "extra": extra_field(1, b"\xff" * 8)},
        ),
        says="local header", names="RECORD",
    ),
    "a missing zip64 field": Hostile(
        data=_changed(central={"size": 0xFFFFFFFF}), says="zip64", names="toy.py"
    ),
    "duplicates that differ": Hostile(
        data=_twice(b"evil\n", b"good\n"), says="same name", names="toy.py"
    ),
    "duplicates that are equal": Hostile(
        data=_twice(b"good\n", b"good\n"), says="same name", names="toy.py"
    ),
    "a name that is not UTF-8": Hostile(
        data=_changed(name=b"\xff\xfe.py"), says="not UTF-8"
    ),
    "more members announced than there are": Hostile(
        data=raw_zip(raws(), end={"count": 65534, "on_disk": 65534}), says="truncated"
    ),
    "fewer members announced than there are": Hostile(
        data=raw_zip(raws(), end={"count": 2, "on_disk": 2}), says="directory"
    ),
    "two numbers of members": Hostile(
        data=raw_zip(raws(), end={"on_disk": 1}), says="two numbers"
    ),
    "a directory of another size": Hostile(
        data=raw_zip(raws(), end={"size": 46}), says="not where"
    ),
    "a million members announced": Hostile(
        data=raw_zip(
            raws(),
            end={"on_disk": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF},
            zip64={"on_disk": 1 << 40, "count": 1 << 40},
        ),
        says="too large",
    ),
    "a zip64 directory elsewhere": Hostile(
        data=raw_zip(raws(), end={"offset": 0xFFFFFFFF}, zip64={"offset": 1 << 62}),
        says="not where",
    ),
    "end records that contradict each other": Hostile(
        data=_end64(count=2, on_disk=2), says="contradict each other"
    ),
    "a zip64 mark without records": Hostile(
        data=raw_zip(raws(), end={"offset": 0xFFFFFFFF}), says="zip64"
    ),
    "a zip64 archive of many disks": Hostile(data=_end64(disks=2), says="zip64"),
    "a folder with contents": Hostile(
        data=raw_zip([Raw(name="toys/", data=b"payload"), *raws()]),
        says="folder has contents", names="toys/",
    ),
    "a folder whose local header names a file": Hostile(
        data=raw_zip([Raw(name="toys/", method=STORED, local={"name": b"ev.py"}), *raws()]),
        says="contradicts", names="toys/",
    ),
    "a folder that leaves": Hostile(
        data=raw_zip([Raw(name="../evil/", method=STORED), *raws()]), says="'..'", names="../evil"
    ),
    "a bomb": Hostile(data=_bomb(), says="plausible", names="toy.py"),
    "a symlink": Hostile(
        data=_changed(mode=stat.S_IFLNK | 0o777), says="link or a device", names="toy.py"
    ),
    "a device": Hostile(
        data=_changed(mode=stat.S_IFCHR | 0o666), says="link or a device", names="toy.py"
    ),
    "a pipe": Hostile(
        data=_changed(mode=stat.S_IFIFO | 0o666), says="link or a device", names="toy.py"
    ),
}  # fmt: skip

_NAMES = {
    name: Hostile(data=_with(path), says="the name", names=shown or path)
    for name, path, shown in (
        ("a name that leaves", "../evil.py", ""),
        ("a name that leaves from inside", "toys/../../evil.py", ""),
        ("a name that goes out and in", "toys/../evil.py", ""),
        ("an absolute name", "/etc/evil", ""),
        ("two slashes in front", "//etc/evil", ""),
        ("two slashes inside", "toys//evil.py", ""),
        ("a dot", "./evil.py", ""),
        ("a backslash", "..\\evil.py", "evil.py"),
        ("a drive", "C:/evil.py", ""),
        ("a NUL", "toy.py\0.txt", "toy.py"),
        ("a newline", "to\ny.py", "to"),
        ("an escape sequence", "\x1b[31mtoy.py", "toy.py"),
        ("a whiteout", "toys/.wh.data.txt", ""),
        ("an opaque whiteout", "toys/.wh..wh..opq", ""),
        ("a part of 256 bytes", "n" * 256 + ".py", "nnn"),
        ("a path of 5000 bytes", "d/" * 2500 + "x.py", "d/d"),
        (".data that leaves", "toy-1.0.data/scripts/../../../../evil", ""),
        (".data that is absolute", "toy-1.0.data/data//etc/evil", ""),
    )
}

_DATA = {
    "an unknown scheme": Hostile(
        data=_with("toy-1.0.data/stdlib/evil.py"), says="scheme", names="evil.py"
    ),
    "a .data folder without a scheme": Hostile(
        data=_with("toy-1.0.data/evil.py"), says="scheme", names="evil.py"
    ),
    "the .data folder of another distribution": Hostile(
        data=_with("other-1.0.data/scripts/evil"), says="scheme", names="evil"
    ),
    "the .data folder of another version": Hostile(
        data=_with("toy-2.0.data/scripts/evil"), says="scheme", names="evil"
    ),
    "metadata of another distribution through .data": Hostile(
        data=_with("toy-1.0.data/purelib/numpy-9.dist-info/METADATA"), says="metadata",
        names="numpy-9",
    ),
    "metadata of another distribution by the long way": Hostile(
        data=_with("toy-1.0.data/data/lib/python3.11/site-packages/numpy-9.dist-info/RECORD"),
        says="metadata", names="numpy-9",
    ),
    "two members for one place": Hostile(
        data=_with("toy-1.0.data/purelib/toy.py"), says="it goes where", names="toy.py"
    ),
    "equal members for one place": Hostile(
        data=_with("toy-1.0.data/platlib/toy.py", TOY.files["toy.py"]),
        says="it goes where", names="toy.py",
    ),
    "a file that is a folder as well": Hostile(
        data=_with("toy.py/evil.py"), says="needs it as a directory", names="toy.py"
    ),
    "the interpreter replaced by a file": Hostile(
        data=_with("toy-1.0.data/data/bin/python"), says="two owners", names="bin/python"
    ),
    "the interpreter replaced by a script": Hostile(
        data=_with("toy-1.0.data/scripts/python3.11"), says="two owners", names="bin/python3.11"
    ),
    "the interpreter replaced by an entry point": Hostile(
        data=_entry_points("[console_scripts]\npython = toy:main\n"),
        says="two owners", names="bin/python",
    ),
    "the environment replaced": Hostile(
        data=_with("toy-1.0.data/data/pyvenv.cfg", b"home = /evil\n"),
        says="two owners", names="pyvenv.cfg",
    ),
}  # fmt: skip

_METADATA = {
    "no RECORD": Hostile(data=_without("RECORD"), says="RECORD is missing"),
    "no WHEEL": Hostile(data=_without("WHEEL"), says="WHEEL is missing"),
    "no METADATA": Hostile(data=_without("METADATA"), says="METADATA is missing"),
    "no metadata folder": Hostile(
        data=raw_zip([Raw(name="toy.py", data=b"x")]), says="this has 0"
    ),
    "two metadata folders": Hostile(data=_with("other-1.0.dist-info/METADATA"), says="this has 2"),
    "the metadata folder of another distribution": Hostile(
        data=raw_zip(raws(replace(TOY, name="other"))), says="other-1.0.dist-info does not belong"
    ),
    "the metadata folder of another version": Hostile(
        data=raw_zip(raws(replace(TOY, version="2.0"))), says="toy-2.0.dist-info does not belong"
    ),
    "METADATA of another distribution": Hostile(
        data=_text("METADATA", lambda data: data.replace(b"Name: toy", b"Name: evil")),
        says="METADATA is that of 'evil' '1.0'",
    ),
    "METADATA of another version": Hostile(
        data=_text("METADATA", lambda data: data.replace(b"Version: 1.0", b"Version: 6.6.6")),
        says="METADATA is that of 'toy' '6.6.6'",
    ),
    "METADATA with a name that only some readers see": Hostile(
        data=_text("METADATA", lambda data: b"X: y\xe2\x80\xa8Name: toy\nName: evil\n" + data),
        says="METADATA is that of 'evil'",
    ),
    "METADATA without a name": Hostile(
        data=_text("METADATA", lambda _: b"Version: 1.0\n"), says="METADATA is that of None"
    ),
    "METADATA that is not UTF-8": Hostile(
        data=_text("METADATA", lambda _: b"Name: \xff"), says="not UTF-8", names="METADATA"
    ),
    "a wheel version of the future": Hostile(
        data=_text("WHEEL", lambda data: data.replace(b"Version: 1.0", b"Version: 2.0")),
        says="wheel version '2.0'",
    ),
    "RECORD with a wrong hash": Hostile(
        data=raw_zip(raws(replace(TOY, wrong_hashes=("toy.py",)))),
        says="not the one that RECORD lists", names="toy.py",
    ),
    "RECORD with a wrong size": Hostile(
        data=_text("RECORD", lambda data: data.replace(b",600\n", b",601\n")),
        says="not the one that RECORD lists", names="toy.py",
    ),
    "RECORD without a hash": Hostile(
        data=_text("RECORD", lambda data: b"toy.py,,\n" + data.partition(b"\n")[2]),
        says="no hash", names="toy.py",
    ),
    "RECORD with a weak hash": Hostile(
        data=_text("RECORD", lambda data: data.replace(b"toy.py,sha256=", b"toy.py,md5=")),
        says="too weak", names="RECORD, line 1",
    ),
    "RECORD without a file": Hostile(
        data=raw_zip([*raws(), Raw(name="extra.py", data=b"evil\n")]),
        says="not listed in RECORD", names="extra.py",
    ),
    "RECORD with a file that is not there": Hostile(
        data=raw_zip([m for m in raws() if m.name != "toy.py"]),
        says="not there", names="toy.py",
    ),
    "RECORD with a line twice": Hostile(
        data=_text("RECORD", lambda data: data.partition(b"\n")[0] + b"\n" + data),
        says="doubled", names="RECORD, line 2",
    ),
    "RECORD that is not CSV": Hostile(
        data=_text("RECORD", lambda data: b'"toy.py' + data), says="CSV", names="RECORD"
    ),
    "RECORD with too few columns": Hostile(
        data=_text("RECORD", lambda data: b"toys\n" + data),
        says="malformed", names="RECORD, line 1",
    ),
    "RECORD with a size that is none": Hostile(
        data=_text("RECORD", lambda data: data.replace(b",600\n", b",many\n")),
        says="malformed", names="RECORD, line 1",
    ),
    "INSTALLER that RECORD does not know": Hostile(
        data=raw_zip([*raws(), Raw(name=f"{INFO}/INSTALLER", data=b"evil\n")]),
        says="not listed", names="INSTALLER",
    ),
}  # fmt: skip

_ENTRY_POINTS = {
    name: Hostile(data=_entry_points(f"[console_scripts]\n{line}\n"), says="entry")
    for name, line in (
        ("an entry point that leaves", "../evil = toy:main"),
        ("an entry point that is absolute", "/usr/bin/evil = toy:main"),
        ("an entry point that is a dot", ".. = toy:main"),
        ("an entry point that is hidden", ".evil = toy:main"),
        ("an entry point that looks like a flag", "-rf = toy:main"),
        ("an entry point with a space", "to y = toy:main"),
        ("an entry point with code", "evil = toy:main()#;import os"),
        ("an entry point with two lines", "evil = toy:main\n  import os"),
        ("an entry point without an object", "evil = toy"),
        ("an entry point without a value", "evil"),
    )
} | {
    "entry points without a section": Hostile(data=_entry_points("evil = toy:main"), says="entry"),
    "two entry points of one name": Hostile(
        data=_entry_points("[console_scripts]\na = toy:one\n[gui_scripts]\na = toy:two\n"),
        says="entry point 'a'",
    ),
}

HOSTILE: dict[str, Hostile] = {**_ZIP, **_NAMES, **_DATA, **_METADATA, **_ENTRY_POINTS}


def good_variants() -> Sequence[tuple[str, bytes]]:
    """List zips that are unusual and right: readers agree on what they hold."""
    body = TOY.files["toy.py"]
    sizes = (len(deflate(body)).to_bytes(4, "little"), len(body).to_bytes(4, "little"))
    crc = raws()[0].fields["crc"]
    assert isinstance(crc, int)
    described = crc.to_bytes(4, "little") + b"".join(sizes)
    wide = crc.to_bytes(4, "little") + b"".join(s.ljust(8, b"\0") for s in sizes)
    both64 = extra_field(1, sizes[1].ljust(8, b"\0") + sizes[0].ljust(8, b"\0"))
    full = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": both64}
    empty64 = {
        "crc": 0,
        "packed": 0xFFFFFFFF,
        "size": 0xFFFFFFFF,
        "extra": extra_field(1, bytes(16)),
    }
    deferred = {"crc": 0, "packed": 0, "size": 0}
    marks = {"on_disk": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    return (
        ("stored members", raw_zip([replace(m, method=STORED) for m in raws()])),
        ("folders", raw_zip([Raw(name="toys/", method=STORED), *raws()])),
        ("deflated folders", raw_zip([Raw(name="toys/", method=DEFLATED), *raws()])),
        ("a data descriptor", _changed(flags=8, local=deferred, after=b"PK\7\x08" + described)),
        ("a data descriptor without a mark", _changed(flags=8, local=deferred, after=described)),
        ("a wide data descriptor", _changed(flags=8, local=empty64, after=b"PK\7\x08" + wide)),
        ("zip64 sizes", _changed(local=full, central=full)),
        ("a zip64 end record", raw_zip(raws(), end=marks, zip64={})),
        ("a zip64 end record for the offset alone",
         raw_zip(raws(), end={"offset": 0xFFFFFFFF}, zip64={})),
        ("members in another order", raw_zip(list(reversed(raws())))),
        ("no Unix modes", raw_zip([replace(m, mode=0) for m in raws()])),
        ("setuid bits", raw_zip([replace(m, mode=0o104644) for m in raws()])),
        ("a Unicode field that agrees",
         _changed(extra=extra_field(0x7075, b"\1\0\0\0\0toy.py"))),
        ("a timestamp field", _changed(extra=extra_field(0x5455, b"\1\0\0\0\0"))),
        ("a line of RECORD for a folder",
         _text("RECORD", lambda data: b"toys/,,\n" + data)),
    )  # fmt: skip
