"""Base ``scratch``: nothing below the environment; for images that others mount or build on."""

from lamina.errors import UsageError
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.steps import Step

_OLDEST_GLIBC = (2, 17)


class ScratchBase:
    """No files at all; wheels are chosen for manylinux2014, which every glibc since 2012 runs."""

    def __init__(self, python: str) -> None:
        self._python = python

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Describe emptiness; system packages need a Debian base."""
        if system_packages:
            raise UsageError(
                f"{reference} has no package manager to take {', '.join(system_packages)} from",
                hint='use base = "debian:bookworm"',
            )
        with step:
            return BaseImage(
                reference=reference,
                platform=platform,
                digest=Digest.of(reference.encode()),
                python=self._python,
                python_full=f"{self._python}.0",
                interpreter=f"/usr/bin/python{self._python}",
                glibc=_OLDEST_GLIBC,
            )

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:  # noqa: ARG002
        """Return no layer."""
        return ()

    def marks(self, base: BaseImage) -> tuple[str, ...]:  # noqa: ARG002
        """Return none."""
        return ()

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Do nothing: there is no layer."""
