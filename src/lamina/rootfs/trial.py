"""Trial: what to try of an image, from what the project and the image's config say."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from packaging.requirements import Requirement

from lamina.lock.requirements import read_requirements
from lamina.lock.target import Target
from lamina.oci.config import RuntimeConfig
from lamina.oci.platform import Platform
from lamina.project.locks import TOOLS
from lamina.project.project import Project
from lamina.rootfs.container import Mount, Network

_ANY_GLIBC = (2, 17)  # no marker asks for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to try: distributions to import, and whether and how to start the image.

    ``own`` is imported too, if it is there.  ``health_url`` is seen from inside, such as
    ``http://127.0.0.1:8000/health``; ``health_command`` runs inside and ends with 0 when all is
    well.  Without either a service only has to keep running for ``timeout_s``, and what is no
    service (``may_end``) may also end with exit code 0.  ``may_be_bare`` accepts an image that
    starts Python without a program, which ends at once.  ``is_recorded`` also finds out which
    modules are loaded.  ``mounts`` are what a dev image expects.
    """

    distributions: tuple[str, ...] = ()
    own: str = ""
    is_started: bool = True
    health_url: str = ""
    health_command: tuple[str, ...] = ()
    may_end: bool = False
    may_be_bare: bool = True
    is_recorded: bool = False
    mounts: tuple[Mount, ...] = ()
    timeout_s: float = 60.0
    import_timeout_s: float = 300.0
    network: Network = "loopback"
    engine: Literal["bubblewrap", "crun", "docker"] | None = None


def project_trial(
    project: Project, runtime: RuntimeConfig, platform: Platform, *, python: str
) -> Trial:
    """Try what ``project`` declares, in an image of Python ``python`` ("3.11").

    Names come from [project], or where that lists none, from the requirements file.
    """
    path = project.requirements
    requirements = [Requirement(text) for text in project.dependencies]
    is_listed = path is not None and path.suffix != ".toml" and path.name not in TOOLS
    if not requirements and path is not None and is_listed:
        requirements = [line.requirement for line in read_requirements(path)]
    url = ""
    if project.settings.healthcheck and runtime.ports:
        url = f"http://127.0.0.1:{runtime.ports[0]}{project.settings.healthcheck}"
    return Trial(
        distributions=_names(requirements, platform, python),
        own=project.name if project.is_distributable else "",
        health_url=url,
        may_end=not url and not runtime.ports,
        may_be_bare=bool(project.settings.entrypoint or project.settings.command),
    )


def image_trial(runtime: RuntimeConfig) -> Trial:
    """Try what the image tells about itself: its command, and its health check if it has one."""
    test = runtime.healthcheck.test if runtime.healthcheck else ()
    command: tuple[str, ...] = ()
    match test:
        case ("CMD", *words):
            command = tuple(words)
        case ("CMD-SHELL", line):
            command = ("/bin/sh", "-c", line)
        case _:
            pass
    return Trial(health_command=command, may_end=not command and not runtime.ports)


def _names(requirements: Iterable[Requirement], platform: Platform, python: str) -> tuple[str, ...]:
    """Name what the image needs of ``requirements``, each once."""
    target = Target(platform=platform, python=python, python_full=f"{python}.0", glibc=_ANY_GLIBC)
    found = [
        requirement.name
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(target.environment)
    ]
    return tuple(dict.fromkeys(found))
