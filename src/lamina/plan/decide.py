"""Decide: from what is known of project, lock and base to a plan; all judgement, no effects."""

from collections.abc import Mapping, Sequence

from lamina.errors import ProjectError
from lamina.lock.lock import Lock, LockedWheel
from lamina.oci.config import Healthcheck, RuntimeConfig
from lamina.plan.lean import lean_base, lean_layer
from lamina.plan.partition import partition
from lamina.plan.plan import (
    NONROOT_HOME,
    BaseImage,
    BuildPlan,
    Bytecode,
    FileLayer,
    PlannedFile,
    WheelLayer,
)
from lamina.plan.preset import preset
from lamina.project.diet_settings import read_diet
from lamina.project.loaded import Loaded
from lamina.project.project import Project

VENV = "/opt/venv"
_NONROOT = "65532:65532"
_BYTECODE: Mapping[str, Bytecode] = {"none": "none", "imported": "imported", "all": "all"}
_NOTHING_LOADED = Loaded()
_PROBE = "import sys,urllib.request as r;sys.exit(r.urlopen({url!r},timeout=4).status!=200)"


def decide(  # noqa: PLR0913 - everything that a plan depends on, named
    project: Project,
    *,
    lock: Lock,
    base: BaseImage,
    own_wheel: LockedWheel | None,
    files: Sequence[PlannedFile],
    loaded: Loaded = _NOTHING_LOADED,
    created: int = 0,
) -> BuildPlan:
    """Decide how the image of ``project`` is made.

    ``own_wheel`` is the project as a wheel; ``files`` are files that go in as they are.
    ``loaded`` are the modules that get bytecode where only imported ones do.  Layers are ordered
    from what changes least to what changes most.  Raises ``ProjectError`` when the settings
    contradict each other.
    """
    settings = project.settings
    diet, _ = read_diet(settings.diet)
    layers: list[WheelLayer | FileLayer] = list(
        partition(lock.wheels, groups=project.layers, lenient=settings.allow_record_mismatch)
    )
    if files:
        layers.append(FileLayer(name="files", files=tuple(files)))
    if own_wheel is not None:
        layers.append(WheelLayer(name=project.name, wheels=(own_wheel,), is_own=True))
    names = {wheel.name for wheel in lock.wheels}
    return BuildPlan(
        name=project.image_name,
        base=lean_base(base, diet),
        venv=VENV,
        layers=tuple(lean_layer(layer, diet, loaded) for layer in layers),
        runtime=_runtime(project, names, base, has_wheel=own_wheel is not None),
        bytecode=_BYTECODE[settings.bytecode],
        created=created,
    )


def _runtime(
    project: Project, names: set[str], base: BaseImage, *, has_wheel: bool
) -> RuntimeConfig:
    settings = project.settings
    environment = dict(settings.environment)
    if not has_wheel:
        environment.setdefault("PYTHONPATH", settings.working_directory)
    unnamed = {} if base.packages or settings.user != "nonroot" else {"USER": "nonroot"}
    home = "/root" if settings.user in {"root", "0", "0:0"} else NONROOT_HOME
    return RuntimeConfig(
        entrypoint=_entrypoint(project),
        command=settings.command,
        environment=preset(
            names, venv=VENV, home=home, base=dict(base.environment), own={**unnamed, **environment}
        ),
        user=_NONROOT if settings.user == "nonroot" else settings.user,
        working_directory=settings.working_directory,
        ports=(settings.port,) if settings.port else (),
        labels=_labels(project),
        healthcheck=_healthcheck(project),
    )


def _entrypoint(project: Project) -> tuple[str, ...]:
    """Take the setting, else the project's only console script, else Python itself.

    A ``command`` by itself is a whole program, as CMD is in a Dockerfile.
    """
    if project.settings.entrypoint:
        return project.settings.entrypoint
    if command := project.settings.command:
        if command[0].startswith("-"):
            raise ProjectError(
                f"the image would start {command[0]!r}, which is an option and no program",
                where="pyproject.toml, tool.lamina.command",
                hint="name the program in `entrypoint`; a command without one is a whole program",
            )
        return ()
    if len(project.scripts) == 1:
        return (next(iter(project.scripts)),)
    return ("python",)


def _labels(project: Project) -> dict[str, str]:
    labels = {"org.opencontainers.image.title": project.name}
    if project.version:
        labels["org.opencontainers.image.version"] = project.version
    return {**labels, **project.settings.labels}


def _healthcheck(project: Project) -> Healthcheck | None:
    """Ask the port with the image's own Python: there is no curl and no shell in the image."""
    settings = project.settings
    if not settings.healthcheck:
        return None
    if not settings.port:
        raise ProjectError(
            "a health check needs to know the port",
            where="pyproject.toml, tool.lamina.healthcheck",
            hint="add `port = 8000` (or whichever it is) to [tool.lamina]",
        )
    probe = _PROBE.format(url=f"http://127.0.0.1:{settings.port}{settings.healthcheck}")
    return Healthcheck(test=("CMD", f"{VENV}/bin/python", "-c", probe))
