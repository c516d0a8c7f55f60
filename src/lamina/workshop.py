"""The workshop: everything that a build uses, wired once at the edge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lamina.layer.memo import Memo
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.lock.uv import Uv
from lamina.plan.plan import BaseImage
from lamina.protocols import Base, Engine
from lamina.steps import Clock, Step
from lamina.store.store import Store


class SdistBuilder(Protocol):
    """Turns an sdist into a wheel in the store."""

    def build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> LockedWheel:
        """Return the wheel that the sdist builds to on ``base``'s platform."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything a build uses, wired once at the edge.

    ``memo`` is what registries remember.  ``measure`` finds the size of a wheel whose lock does not
    say it.  ``uv_for`` gives uv, told whether the requirements are pinned.  ``environment`` is what
    the project's own build backend runs in.  ``created`` is the images' time, in seconds since the
    epoch.  With a ``renewal``, a word that no earlier workshop had, the project's own wheel is made
    again.
    """

    store: Store
    base: Base
    engine: Engine
    memo: Memo
    sdists: SdistBuilder
    measure: Callable[[LockedWheel], int]
    uv_for: Callable[[bool], Uv]
    environment: Mapping[str, str]
    clock: Clock
    created: int = 0
    renewal: str = ""
