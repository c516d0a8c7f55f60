"""BuildRecord: one finished, failed or killed build of any kind, as a value.

Sizes are bytes, times are seconds.  A step's times count from the start of its build, ``started``
of a build counts from the epoch.  Digests are text, because foreign logs shorten them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from lamina.plan.component import Component

SCHEMA: Final = 1
"""Raised when a member changes its meaning; new members alone do not raise it."""


class BuildOutcome(StrEnum):
    """How a build ended; ``INTERRUPTED`` is one that could not say it any more."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


class StepOutcome(StrEnum):
    """How a step ended, if it did."""

    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


class StepKind(StrEnum):
    """What a step does: first our own engine's kinds, then those of Dockerfile builders."""

    PLAN = "plan"
    WHEEL = "wheel"
    BUILD = "build"
    BASE = "base"
    FETCH = "fetch"
    LAYER = "layer"
    CHECK = "check"
    EXPORT = "export"
    PUSH = "push"
    RUN = "run"
    COPY = "copy"
    ADD = "add"
    WORKDIR = "workdir"
    FROM = "from"
    LINK = "link"
    CONTEXT = "context"
    INTERNAL = "internal"
    AUTH = "auth"
    CACHE_IMPORT = "cache import"
    CACHE_EXPORT = "cache export"
    OTHER = "other"
    UNKNOWN = "unknown"


CACHEABLE: Final = frozenset(
    {StepKind.LAYER, StepKind.RUN, StepKind.COPY, StepKind.ADD, StepKind.WORKDIR}
)
"""Kinds of steps that a warm cache can save; docs/reference/metrics.md says why these."""

_LONGEST_TEXT: Final = 1000
_KEPT_TEXT: Final = 600

StepKey = tuple[str, str, str, int]
"""Platform, stage, normalised text, ordinal: what a step is called in every build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step.

    ``id`` is unique within the build and means nothing outside; ``parent`` is the id of the step
    that this one is a part of, ``inputs`` are those it had to wait for.  ``seconds`` are the merged
    intervals in which it was active.  ``text`` is what stays equal between builds, ``ordinal``
    counts the steps of one build that are equal in platform, stage and text.  ``log`` is the end of
    a failing step's output.
    """

    id: str
    name: str
    kind: StepKind = StepKind.OTHER
    outcome: StepOutcome = StepOutcome.DONE
    parent: str = ""
    platform: str = ""
    stage: str = ""
    text: str = ""
    ordinal: int = 0
    started: float = 0.0
    seconds: float = 0.0
    inputs: tuple[str, ...] = ()
    bytes: int = 0
    error: str = ""
    log: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> StepKey:
        """What joins this step with the same step of other builds.

        A text that is too long for the index of a database is cut, and told apart by its digest.
        """
        return self.platform, self.stage, _shortened(self.text), self.ordinal

    @property
    def is_cacheable(self) -> bool:
        """Whether a warm cache could have saved this step."""
        return self.kind in CACHEABLE

    @property
    def is_hit(self) -> bool:
        """Whether the cache saved this step."""
        return self.is_cacheable and self.outcome is StepOutcome.CACHED

    @property
    def is_miss(self) -> bool:
        """Whether the step ran although a warm cache could have saved it."""
        ran = {StepOutcome.DONE, StepOutcome.FAILED, StepOutcome.UNFINISHED}
        return self.is_cacheable and self.outcome in ran


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """A layer of the image; ``step`` is the id of the step that it comes from.

    Of a traced build ``digest`` is the diff_id, and ``size`` the unpacked bytes that its engine
    says.  ``part`` is the name that it keeps while its versions change; ``distributions`` are
    those in it, as ``name==version``.
    """

    digest: str
    size: int
    name: str = ""
    part: str = ""
    component: Component = Component.OTHER
    cached: bool = False
    platform: str = ""
    step: str = ""
    distributions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelRecord:
    """A wheel that the build needed; ``bytes`` came over the network, 0 when it was there."""

    name: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRecord:
    """A blob that a repository has: it was ``uploaded``, ``mounted`` or ``present``."""

    digest: str
    size: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """A platform's image: its manifest's digest, and the bytes of its layers.

    Of a traced build they are unpacked, and the digest may be the config's: what the engine calls
    it.
    """

    digest: str
    platform: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationRecord:
    """A destination that holds the image."""

    destination: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """One build, ours or one that was traced.

    ``kind`` is ``build`` for ours and ``trace`` for one that somebody else's tool made; ``engine``
    is ``native``, ``buildkit``, ``legacy``.  ``phases`` are the seconds of each phase, in which
    steps that run at the same time count once; phases that overlap may add up to more than
    ``seconds``.  ``fingerprint`` is what ``lamina explain`` compares, in a form of its own.
    """

    id: str
    started: float
    seconds: float = 0.0
    outcome: BuildOutcome = BuildOutcome.DONE
    error: str = ""
    kind: str = "build"
    engine: str = ""
    tool: str = ""
    project: str = ""
    names: tuple[str, ...] = ()
    branch: str = ""
    revision: str = ""
    ci: str = ""
    host: str = ""
    platforms: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    layers: tuple[LayerRecord, ...] = ()
    wheels: tuple[WheelRecord, ...] = ()
    transfers: tuple[TransferRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    publications: tuple[PublicationRecord, ...] = ()
    context_bytes: int = 0
    phases: Mapping[str, float] = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = ()
    fingerprint: Any = field(default=None, hash=False)

    @property
    def image_size(self) -> int:
        """Bytes of the image: what a node without any of its layers pulls, for all platforms."""
        return sum(image.size for image in self.images)

    @property
    def digest(self) -> str:
        """The digest that the image is published under; empty when there is none or it failed."""
        digests = [*(x.digest for x in self.publications), *(x.digest for x in self.images)]
        return digests[0] if digests else ""

    @property
    def scope(self) -> str:
        """Which builds this one is compared with: those of one engine, project and repository."""
        subject = self.project or (repository(self.names[0]) if self.names else "")
        return f"{self.kind} {self.engine} {subject}"


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT // 4:  # no character has more than four bytes
        return text
    data = text.encode(errors="surrogatepass")
    if len(data) <= _LONGEST_TEXT:
        return text
    start = data[:_KEPT_TEXT].decode(errors="ignore")
    return f"{start}\N{HORIZONTAL ELLIPSIS} {sha256(data).hexdigest()[:32]}"


def repository(name: str) -> str:
    """Return an image's name without tag and digest.

    >>> repository("localhost:5000/shop/web:1.0")
    'localhost:5000/shop/web'
    """
    path = name.partition("@")[0]
    head, _, tag = path.rpartition(":")
    return head if head and "/" not in tag else path
