"""Which kind of base a reference names."""

from collections.abc import Callable
from pathlib import Path

from lamina.bases.debian import DebianBase
from lamina.bases.layout import LayoutBase
from lamina.bases.scratch import ScratchBase
from lamina.errors import UsageError
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage
from lamina.protocols import Base
from lamina.steps import Step
from lamina.store.store import Store


class AnyBase:
    """Every kind of base as one, chosen by the reference's first word.

    ``directory`` is the project's, which the paths of references are relative to.
    """

    def __init__(
        self,
        debian: DebianBase,
        open_registry: Callable[[], Base],
        store: Store,
        *,
        python: str,
        directory: Path = Path(),
    ) -> None:
        self._debian = debian
        self._open_registry = open_registry
        self._store = store
        self._python = python
        self._directory = directory

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Resolve with the kind that ``reference`` names."""
        return self._kind(reference).resolve(reference, platform, system_packages, step)

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the base's layers."""
        return self._kind(base.reference).layers(base, step)

    def _kind(self, reference: str) -> Base:
        kind, _, rest = reference.partition(":")
        match kind:
            case "debian" | "ubuntu":
                return self._debian
            case "oci" if rest:
                return LayoutBase(self._store, self._directory / rest.partition(":")[0])
            case "scratch":
                return ScratchBase(rest or self._python)
            case _:
                self._check(reference)
                return self._open_registry()

    def _check(self, reference: str) -> None:
        try:
            Reference.parse(reference)
        except UsageError as error:
            raise UsageError(
                f"{reference!r} is not a base",
                where="pyproject.toml, tool.lamina.base",
                hint="write debian:SUITE, ubuntu:SUITE, oci:DIRECTORY[:NAME], scratch, "
                "or the name of an image in a registry",
            ) from error
