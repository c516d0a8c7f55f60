"""The locks that ``lamina diff --locks`` names: files, whatever they are called, or git's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.cli.environment import child_environment
from lamina.errors import LockError, UsageError
from lamina.lock.recognise import usual_name
from lamina.lock.revisions import text_at
from lamina.project.locks import LOCKS

WHERE_LOCKS_ARE = "a lock file, or REVISION:FILE for what git has of it"


@contextmanager
def named_lock(name: str) -> Iterator[Path]:
    """Give a lock under the name that its readers know it by; a copy lasts as long as the block.

    Raises ``UsageError`` where there is none.
    """
    path = Path(name)
    if path.is_file() and path.name in LOCKS:
        yield path
        return
    text = _text(path) if path.is_file() else _committed(name)
    usual = usual_name(text)
    is_readable = usual == LOCKS[-1] or (usual == LOCKS[0] and path.suffix == ".toml")
    if path.is_file() and is_readable:  # its paths start where it is
        yield path
        return
    with TemporaryDirectory(prefix="lamina-") as folder:
        copy = Path(folder) / usual
        copy.write_text(text, encoding="utf-8", newline="")
        yield copy


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LockError(f"cannot read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise LockError("the file is not UTF-8", where=f"{path}, byte {error.start}") from error


def _committed(name: str) -> str:
    revision, colon, path = name.partition(":")
    if colon and revision and path:
        text = text_at(Path(path), revision, child_environment())
        if text is None:
            raise UsageError(
                f"git has no {path} at {revision}",
                where=name,
                hint="name a commit, tag or branch, and the file as it is found from here",
            )
        return text
    raise UsageError("there is no such lock", where=name, hint=f"name {WHERE_LOCKS_ARE}")
