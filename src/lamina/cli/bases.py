"""Which kind of base a reference names."""

from collections.abc import Callable
from pathlib import Path

from lamina.bases.debian import DebianBase
from lamina.bases.layout import LayoutBase
from lamina.bases.scratch import ScratchBase
from lamina.layer.memo import Memo
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.project.base_pin import registry_reference
from lamina.protocols import Base
from lamina.steps import Step
from lamina.store.store import Store


class AnyBase:
    """Every kind of base as one, chosen by the reference's first word.

    ``directory`` is the project's, which the paths of references are relative to.
    """

    def __init__(  # noqa: PLR0913 - wired once
        self,
        debian: DebianBase,
        open_registry: Callable[[], Base],
        store: Store,
        *,
        memo: Memo,
        python: str,
        directory: Path = Path(),
    ) -> None:
        self._debian = debian
        self._open_registry = open_registry
        self._store = store
        self._memo = memo
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

    def marks(self, base: BaseImage) -> tuple[str, ...]:
        """Say what each of the base's layers is known by."""
        return self._kind(base.reference).marks(base)

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Bring a layer's blob into the store."""
        self._kind(base.reference).bring(base, layer, step)

    def _kind(self, reference: str) -> Base:
        kind, _, rest = reference.partition(":")
        match kind:
            case "debian" | "ubuntu":
                return self._debian
            case "oci" if rest:
                return LayoutBase(
                    self._store, self._directory / rest.partition(":")[0], memo=self._memo
                )
            case "scratch":
                return ScratchBase(rest or self._python)
            case _:
                registry_reference(reference)  # an error for a name that no image can have
                return self._open_registry()
