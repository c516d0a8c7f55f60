"""Where ``-o`` sends an image, in skopeo's words."""

from pathlib import Path

from lamina.cli.registries import OpenClient
from lamina.destinations.archive import ArchiveDestination
from lamina.destinations.layout import LayoutDestination
from lamina.destinations.registry import RegistryDestination
from lamina.errors import UsageError
from lamina.oci.reference import Reference
from lamina.protocols import Destination


def parse_output(text: str, names: tuple[str, ...], open_client: OpenClient) -> Destination:
    """Read ``transport:path``; raise ``UsageError`` for a transport that is not there."""
    transport, colon, path = text.partition(":")
    if colon and path:
        if transport == "docker" and path.startswith("//"):
            return RegistryDestination(Reference.parse(path.removeprefix("//")), open_client)
        if transport == "oci":
            directory, _, name = path.partition(":")
            return LayoutDestination(Path(directory), (name,) if name else names)
        if transport in {"oci-archive", "docker-archive"}:
            file, _, name = path.partition(":")
            chosen = (name,) if name else names
            return ArchiveDestination(Path(file), chosen, transport=transport)
    raise UsageError(
        f"{text!r} is not a destination",
        hint="write oci:DIR, oci-archive:FILE, docker-archive:FILE or docker://REF",
    )
