"""From an sdist to a wheel: fetch what the build needs, then build offline in a sandbox."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from lamina.errors import ArchiveError, ToolError
from lamina.sdist.build_system import BuildSystem, read_build_system
from lamina.sdist.requirements import Installer, install
from lamina.sdist.sandbox import Ended, Job, Root, run

_ENVIRONMENT = {
    "PATH": "/requirements/bin:/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own
    "PYTHONPATH": "/requirements",  # for the interpreters that backends start
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the oldest time a zip can hold
    "LC_ALL": "C.UTF-8",
}
_ROUNDS = 3  # a backend may ask for more once it has what it asked for
_SHOWN = 20
_LARGEST_RESULT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An sdist to build, under its own name and alone in its folder, and what it must become."""

    path: Path
    name: str
    version: str

    @property
    def filename(self) -> str:
        """The sdist's file name."""
        return self.path.name


def build(
    order: Order, root: Root, installer: Installer, *, scratch: Path, log: Callable[[str], None]
) -> Path:
    """Build the wheel in ``root``, using the empty folder ``scratch``, and return its path there.

    Raises ``ArchiveError`` if the sdist is malformed or makes another wheel than it should,
    ``LockError`` if what it needs cannot be had, and ``ToolError`` if the build fails.
    """
    system = read_build_system(order.path, name=order.filename)
    wanted = system.requires
    for number in range(_ROUNDS):
        for line in install(
            wanted,
            scratch / "requirements",
            installer,
            interpreter=root.python,
            name=order.filename,
        ):
            log(line)
        folder = scratch / str(number)
        (folder / "out").mkdir(parents=True)
        (folder / "work").mkdir()
        ended = run(_job(order, system, root, requirements=scratch / "requirements", folder=folder))
        result = _result(folder / "out")
        if ended.code != 0 or result is None:
            raise _failed(order, root, ended)
        if "wheel" in result:
            return _checked(order, folder / "out")
        wanted = _texts(result.get("requires"))
    raise _failed(order, root, Ended(code=0, output=("the backend never stops asking for more",)))


def _job(order: Order, system: BuildSystem, root: Root, *, requirements: Path, folder: Path) -> Job:
    driver = files("lamina.sdist").joinpath("driver.py").read_text("utf-8")
    details = {
        "sdist": f"/src/{order.filename}",
        "backend": system.backend,
        "backend_path": system.backend_path,
        "requirements": "/requirements",
        "work": "/work",
        "out": "/out",
    }
    return Job(
        root=root,
        # -S: the interpreter's own site-packages would shadow what the build asked for.
        arguments=(root.python, "-I", "-S", "-c", driver, json.dumps(details)),
        reads={"/src": order.path.parent, "/requirements": requirements},
        writes={"/work": folder / "work", "/out": folder / "out"},
        environment=_ENVIRONMENT,
        directory="/work",
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _result(out: Path) -> dict[str, object] | None:
    """Read what the driver reported; it comes from the sandbox, so anything may be there."""
    path = out / "result.json"
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_LARGEST_RESULT))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _checked(order: Order, out: Path) -> Path:
    wheels = [path for path in out.glob("*.whl") if path.is_file() and not path.is_symlink()]
    if len(wheels) != 1:
        raise ArchiveError(
            f"the sdist made {len(wheels)} wheels, and not one", where=order.filename
        )
    try:
        name, version, _, _ = parse_wheel_filename(wheels[0].name)
    except InvalidWheelFilename as error:
        raise ArchiveError(str(error), where=order.filename) from error
    if name != canonicalize_name(order.name) or str(version) != order.version:
        raise ArchiveError(
            f"the sdist made the wheel {wheels[0].name}",
            where=order.filename,
            hint="its publisher has to repair it: pin another version",
        )
    return wheels[0]


def _failed(order: Order, root: Root, ended: Ended) -> ToolError:
    ending = "ran out of time" if ended.code is None else "failed"
    return ToolError(
        f"the build of {order.filename} {ending}, in {root.name}",
        where=order.filename,
        hint="choose a version that has a wheel, or add what it misses to system-packages",
        why="\n".join(ended.output[-_SHOWN:]),
    )
