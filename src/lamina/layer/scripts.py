"""Programs that a wheel asks for: entry points, and scripts whose first line is ``#!python``."""

import configparser
import re
from dataclasses import dataclass

from lamina.errors import ArchiveError

_ENTRY_POINT = re.compile(
    r"(?P<module>[A-Za-z_][\w.]*)\s*:\s*(?P<attribute>[A-Za-z_][\w.]*)\s*(?:\[[^\]]*\])?\s*"
)
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_GENERIC_SHEBANG = re.compile(rb"#!python[^\s]*(?P<arguments>[^\r\n]*)(?:\r+(?=\n|\Z))?")
_LONGEST_SHEBANG = 127


@dataclass(frozen=True, slots=True)
class Script:
    """A console or GUI script: a command that calls one object of one module."""

    name: str
    module: str
    attribute: str

    def render(self, interpreter: str) -> bytes:
        """Write the program; ``interpreter`` is the absolute path inside the image."""
        first = self.attribute.partition(".")[0]
        return (
            f"#!{interpreter}\n"
            "import sys\n"
            f"from {self.module} import {first}\n\n"
            'if __name__ == "__main__":\n'
            f"    sys.exit({self.attribute}())\n"
        ).encode()


def read_entry_points(text: str, *, where: str) -> tuple[Script, ...]:
    """Read ``entry_points.txt`` (Entry points specification) and return its scripts.

    Raises ``ArchiveError`` for a malformed file, a name that is no plain file name or stands for
    two programs, and a reference that names no object.
    """
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ArchiveError("entry_points.txt is malformed", where=where, why=str(error)) from error
    scripts: dict[str, Script] = {}
    for group in ("console_scripts", "gui_scripts"):
        for name, reference in parser.items(group) if parser.has_section(group) else ():
            script = _script(name, reference, where)
            if scripts.setdefault(name, script) != script:
                raise ArchiveError(f"the entry point {name!r} stands for two programs", where=where)
    return tuple(scripts.values())


def rewrite_shebang(data: bytes, interpreter: str) -> bytes:
    """Replace a leading ``#!python`` by the image's interpreter; leave anything else alone.

    ``#!pythonw`` and ``#!python3.9`` mean that interpreter as well; arguments stay.  The carriage
    return of a script written on Windows goes: the kernel takes it for a part of the name.
    """
    found = _GENERIC_SHEBANG.match(data)
    if not found:
        return data
    line = b"#!" + interpreter.encode() + found["arguments"]
    if len(line) > _LONGEST_SHEBANG:
        raise ArchiveError(
            f"the interpreter's path is too long for a first line: {interpreter}",
            why=f"the kernel reads {_LONGEST_SHEBANG} bytes",
        )
    return line + data[found.end() :]


def _script(name: str, reference: str, where: str) -> Script:
    found = _ENTRY_POINT.fullmatch(reference)
    if not found or not _SCRIPT_NAME.fullmatch(name):
        raise ArchiveError(
            f"the entry point {name[:80]!r} = {reference[:80]!r} is not a script", where=where
        )
    return Script(name, found["module"], found["attribute"])
