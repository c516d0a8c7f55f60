"""Which file pins the project, and what it takes to read it."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lamina.errors import LockError
from lamina.lock.lock import Lock
from lamina.lock.pins import Choice
from lamina.lock.requirements import read_requirements
from lamina.lock.serialize import has_logins
from lamina.lock.target import Target
from lamina.lock.uv import Uv
from lamina.project.locks import TOOLS
from lamina.project.project import Project

_LARGEST_FILE = 64 << 20
_NOTHING_MORE = Choice()


Rows = dict[str, dict[str, Any] | None]
"""What each line of a lock stands for; see :mod:`lamina.lock.lines`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSource:
    """Where a project's lock comes from, and which of its extras and groups the image gets.

    ``path`` is None when only pyproject.toml lists dependencies; then ``text`` is that list.
    ``directory`` is the project's folder, which paths inside a lock start from.
    """

    path: Path | None
    text: str
    is_pinned: bool
    directory: Path = Path()
    choice: Choice = _NOTHING_MORE

    @property
    def is_pylock(self) -> bool:
        """The file is PEP 751's, and needs no index to be read."""
        return self.path is not None and self.path.name.endswith(".toml")

    @property
    def name(self) -> str:
        """The name of the file, for messages."""
        return self.path.name if self.path else "pyproject.toml"

    @property
    def identity(self) -> tuple[object, ...]:
        """Everything that decides what is read, besides the target."""
        if self.name in TOOLS:
            return (self.name, self.text, str(self.directory.resolve()), *self._chosen)
        return (self.text, *self._chosen) if self.is_pylock else (self.text,)

    @property
    def _chosen(self) -> tuple[list[str], list[str]]:
        return list(self.choice.extras), list(self.choice.groups)


def find_lock(project: Project) -> LockSource:
    """Find the project's lock and judge whether it pins everything.

    Raises ``LockError`` for a malformed file, or one where only some lines have hashes.
    """
    path = project.requirements
    settings = project.settings
    choice = Choice(extras=settings.extras, groups=settings.groups)
    if path is None:
        text = "".join(f"{line}\n" for line in project.dependencies)
        return LockSource(path=None, text=text, is_pinned=not text)
    if path.suffix == ".toml" or path.name in TOOLS:
        return LockSource(
            path=path,
            text=_read(path),
            is_pinned=True,
            directory=project.directory,
            choice=choice,
        )
    if path.suffix == ".in":  # a list, whose options are for uv to understand
        return LockSource(path=path, text=_read(path), is_pinned=False)
    lines = read_requirements(path)
    open_lines = [line for line in lines if not line.is_pinned]
    if open_lines and any(line.hashes for line in lines):
        raise LockError(
            "some requirements have a version and hashes, and others do not",
            problems=tuple(
                f"{path.name}, line {line.line}: {line.requirement} is not pinned by hash"
                for line in open_lines[:20]
            ),
            hint="pin all of them with `lamina lock`, or none",
        )
    return LockSource(path=path, text=_read(path), is_pinned=not open_lines)


def read_lock(source: LockSource, target: Target, uv: Uv) -> Lock:
    """Read or resolve ``source`` into what ``target`` installs.

    A pinned requirements file is only looked up, never added to: a missing dependency shows when
    the image is tested, as with ``pip --require-hashes --no-deps``.
    """
    from lamina.lock.select import select  # noqa: PLC0415 - a remembered lock needs none of it

    name = source.name
    if source.is_pylock:
        return select(_parse(source.text, name), target, name=name, choice=source.choice)
    if name in TOOLS:
        return _read_tool(source, target, uv)
    if not source.text.strip():
        return Lock(wheels=())
    if source.path is not None:
        text = uv.resolve(source.path, target, with_dependencies=not source.is_pinned)
        if _read(source.path) != source.text:  # then nobody knows what uv read
            raise LockError("the file changed while it was read", where=name, hint="run it again")
    else:
        with TemporaryDirectory(prefix="lamina-") as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text(source.text, encoding="utf-8")
            text = uv.resolve(listed, target, with_dependencies=True)
    return select(_parse(text, name), target, name=name, is_pinned=source.is_pinned)


def read_changed(source: LockSource, target: Target, uv: Uv, known: Rows) -> tuple[Lock, Rows]:
    """Read ``source``, asking uv only for the lines that ``known`` does not have.

    Returns the lock, and what to know the next time: nothing for a lock whose lines do not stand
    for themselves.
    """
    from lamina.lock.lines import independent_lines, join, rows_of  # noqa: PLC0415 - as above

    is_listed = source.is_pinned and not source.is_pylock and source.name not in TOOLS
    path = source.path if is_listed else None
    lines = independent_lines(source.text, target, name=path.name) if path else None
    if path is None or lines is None:
        return read_lock(source, target, uv), {}
    missing = {line: pinned for line, pinned in lines.items() if line not in known}
    asked = Lock(wheels=())
    if missing:
        text = "".join(f"{line}\n" for line in missing)
        asked = _read_text(text, target, uv, directory=path.parent, name=path.name)
    new = rows_of(missing, asked)
    rows = {line: new[line] if line in new else known[line] for line in lines}
    return (join(rows), rows) if not has_logins(asked) else (read_lock(source, target, uv), {})


def _read_tool(source: LockSource, target: Target, uv: Uv) -> Lock:
    """Read what uv, Poetry, PDM or Pipenv locked."""
    from lamina.lock.select import select  # noqa: PLC0415 - as above
    from lamina.lock.tools import pins_of  # noqa: PLC0415 - as above
    from lamina.lock.uv_export import export_text  # noqa: PLC0415 - as above
    from lamina.lock.uv_lock import with_addresses  # noqa: PLC0415 - as above

    name, directory = source.name, source.directory
    if name == "uv.lock":
        text = export_text(source.text, directory, source.choice, uv)
        root = directory.resolve()
        document, folders = with_addresses(_parse(text, name), root, name)
        return replace(select(document, target, name=name), directories=folders)
    pins = pins_of(source.text, source.choice, target, name)
    found = Lock(wheels=())
    if pins.lines:
        found = _read_text(pins.text, target, uv, directory=directory, name=name)
    return replace(found, directories=pins.directories)


def _read_text(text: str, target: Target, uv: Uv, *, directory: Path, name: str) -> Lock:
    from lamina.lock.select import select  # noqa: PLC0415 - as above

    with TemporaryDirectory(prefix="lamina-") as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text(text, encoding="utf-8")
        found = uv.resolve(listed, target, with_dependencies=False, directory=directory)
    return select(_parse(found, name), target, name=name)


def _parse(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits
        raise LockError(f"not valid TOML: {error}", where=name) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise LockError(f"the file is larger than {_LARGEST_FILE} bytes", where=path.name)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LockError(f"cannot read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise LockError(
            "the file is not UTF-8", where=f"{path.name}, byte {error.start}"
        ) from error
