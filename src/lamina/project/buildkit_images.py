"""Which images the Dockerfile of a project starts from; pure."""

from typing import Final

from lamina.errors import ProjectError
from lamina.oci.reference import Reference
from lamina.project.base_pin import moving_tag, registry_reference
from lamina.project.buildkit_settings import read_buildkit
from lamina.project.settings import Settings

_OFFICIAL: Final = {"debian": "debian:{suite}-slim", "ubuntu": "ubuntu:{suite}"}
"""What registries call the distributions that the native engine assembles from packages."""


def final_image(settings: Settings) -> str:
    """Name the image of the last stage.

    Raises ``ProjectError`` for a base that only Lamina can read.
    """
    chosen, _ = read_buildkit(settings.buildkit)
    if chosen.base or registry_reference(settings.base) is not None:
        return chosen.base or settings.base
    kind, _, suite = settings.base.partition(":")
    if kind not in _OFFICIAL:
        raise ProjectError(
            f"BuildKit cannot start from {settings.base!r}",
            where="pyproject.toml, tool.lamina.base",
            hint="name an image of a registry in [tool.lamina.buildkit] base",
        )
    return str(Reference.parse(_OFFICIAL[kind].format(suite=suite)))


def builder_image(settings: Settings) -> str:
    """Name the image of the builder; empty where it is that of the last stage."""
    return read_buildkit(settings.buildkit)[0].builder


def moving_images(settings: Settings) -> tuple[str, ...]:
    """Name the images that a pin holds still, besides the base itself."""
    try:
        final = final_image(settings)
    except ProjectError:  # then there is no Dockerfile either
        final = ""
    names = dict.fromkeys((final, builder_image(settings)))
    return tuple(name for name in names if name and name != settings.base and moving_tag(name))
