"""What the group ``dev`` adds to an image's lock, in the versions that the image has."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.errors import LockError
from lamina.lock.lock import Lock, LockedWheel
from lamina.lock.read import LockSource, read_lock
from lamina.lock.target import Target
from lamina.lock.uv import Uv


def resolve_dev(texts: Sequence[str], lock: Lock, target: Target, uv: Uv) -> Lock:
    """Let uv choose versions for the requirement ``texts``, holding on to those of ``lock``.

    Raises ``LockError`` when the tools cannot live with the image's versions.
    """
    with TemporaryDirectory(prefix="lamina-") as folder:
        pins = "".join(f"{wheel.name}=={wheel.version}\n" for wheel in lock.wheels)
        (Path(folder) / "constraints.txt").write_text(pins, encoding="utf-8")
        path = Path(folder) / "requirements.in"
        text = "".join(f"{line}\n" for line in ("-c constraints.txt", *texts))
        path.write_text(text, encoding="utf-8")
        return read_lock(LockSource(path=path, text=text, is_pinned=False), target, uv)


def added(found: Lock, lock: Lock) -> tuple[LockedWheel, ...]:
    """Name the wheels of ``found`` that ``lock`` does not have.

    Raises ``LockError`` where both have a distribution in two versions: a program would be
    developed with one, and run with the other.
    """
    known = {wheel.name: wheel for wheel in lock.wheels}
    problems = tuple(
        f"{wheel.name} is {wheel.version} for dev, and {known[wheel.name].version} in the image"
        for wheel in found.wheels
        if wheel.name in known and wheel.version != known[wheel.name].version
    )
    if problems:
        raise LockError(
            "the lock of the group dev does not fit the image's",
            problems=problems,
            hint="run `lamina lock`, which locks both together",
        )
    return tuple(wheel for wheel in found.wheels if wheel.name not in known)
