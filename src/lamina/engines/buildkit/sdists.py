"""Sdists, which the builder builds: in a plan for BuildKit they stand for their wheels."""

from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.plan.plan import BaseImage
from lamina.steps import Step


class SdistsAsTheyAre:
    """Leaves the building of sdists to whoever installs them."""

    def build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> LockedWheel:  # noqa: ARG002
        """Return the sdist as if it was a wheel: name, version and digest are what counts."""
        return LockedWheel(
            name=sdist.name,
            version=sdist.version,
            filename=sdist.filename,
            digest=sdist.digest,
            size=sdist.size,
            url=sdist.url,
        )
