"""Foundation: which images a project's Dockerfile starts from, and what apt adds to them; pure."""

from dataclasses import dataclass
from typing import Final

from lamina.project.base_pin import pinned, registry_reference
from lamina.project.buildkit_images import builder_image, final_image
from lamina.project.buildkit_settings import read_buildkit
from lamina.project.project import Project

_PYTHON: Final = ("ca-certificates", "libgomp1", "libstdc++6", "netbase", "python3", "tzdata")
"""What an assembled base has and a distribution's own image lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """``base`` is for the final stage, ``builder`` for those that install; empty means the same.

    ``packages`` come from apt into the final stage, ``build_packages`` into the builder.
    ``is_assembled`` says that the user nonroot has to be made as well.
    """

    base: str
    builder: str = ""
    packages: tuple[str, ...] = ()
    build_packages: tuple[str, ...] = ()
    is_assembled: bool = False


def foundation_of(project: Project) -> Foundation:
    """Choose the images.

    ``debian:SUITE`` becomes the official slim image with Debian's own Python, which is the same
    interpreter at the same path as in the native engine's base.  Raises ``ProjectError`` for a
    base that only Lamina can read.
    """
    settings = project.settings
    chosen, _ = read_buildkit(settings.buildkit)
    is_assembled = registry_reference(settings.base) is None
    base, builder = final_image(settings), builder_image(settings)
    added = _PYTHON if is_assembled else ()
    installer = ("ca-certificates", "python3", "python3-pip") if is_assembled else ()
    return Foundation(
        base=pinned(base, project.base_pins),
        builder=pinned(builder, project.base_pins) if builder else "",
        packages=tuple(sorted({*added, *settings.system_packages})),
        build_packages=tuple(sorted({*installer, *chosen.build_packages})),
        is_assembled=is_assembled,
    )
