"""Where ``-o`` sends an image, in skopeo's words."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.cli.head_starts import HeadStarts
from lamina.cli.registries import OpenClient
from lamina.destinations.archive import ArchiveDestination
from lamina.destinations.layout import LayoutDestination
from lamina.destinations.registry import RegistryDestination
from lamina.errors import UsageError
from lamina.oci.reference import Reference
from lamina.protocols import Destination

if TYPE_CHECKING:
    from lamina.cli.engines import Engines

_REGISTRY = "docker://"


def pushed_references(outputs: Sequence[str]) -> tuple[Reference, ...]:
    """List what of the outputs is in registries."""
    return tuple(
        Reference.parse(text.removeprefix(_REGISTRY))
        for text in outputs
        if text.startswith(_REGISTRY)
    )


def parse_output(
    text: str,
    names: tuple[str, ...],
    open_client: OpenClient,
    *,
    engines: "Callable[[], Engines] | None" = None,
    heads: HeadStarts | None = None,
) -> Destination:
    """Read ``transport:path``; raise ``UsageError`` for a transport that is not there.

    ``heads`` sends layers to a registry before the rest.
    """
    transport, colon, path = text.partition(":")
    if colon and path:
        if transport == "docker" and path.startswith("//"):
            reference = Reference.parse(path.removeprefix("//"))
            if heads is None:
                return RegistryDestination(reference, open_client)
            ahead = heads.of(reference)
            near = heads.near(reference)
            return RegistryDestination(reference, open_client, near=near, ahead=ahead)
        if transport == "docker-daemon" and engines:
            return engines().docker((path,))
        if transport == "oci":
            directory, _, name = path.partition(":")
            return LayoutDestination(Path(directory), (name,) if name else names)
        if transport in {"oci-archive", "docker-archive"}:
            file, _, name = path.partition(":")
            chosen = (name,) if name else names
            return ArchiveDestination(Path(file), chosen, transport=transport)
    raise UsageError(
        f"{text!r} is not a destination",
        hint="write oci:DIR, oci-archive:FILE, docker-archive:FILE, docker-daemon:REF or "
        "docker://REF",
    )
