"""A build that somebody else made, in BuildKit's own shape: vertices, warnings, an export."""

from dataclasses import dataclass
from enum import StrEnum

from lamina.trace.names import StepName


class Outcome(StrEnum):
    """How a vertex ended; ``UNKNOWN`` where the log ends before it says so."""

    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class TransferKind(StrEnum):
    """What a transfer moves."""

    CONTEXT = "context"
    PULL = "pull"
    EXTRACT = "extract"
    EXPORT = "export"
    CACHE_EXPORT = "cache export"
    PUSH = "push"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A part of a vertex's work, most of which count bytes; what is not said is None.

    ``started`` counts from the beginning of the solve.
    """

    id: str
    kind: TransferKind = TransferKind.OTHER
    current: int = 0
    total: int | None = None
    started: float | None = None
    seconds: float | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VertexKey:
    """What joins a vertex to that of another build of the same Dockerfile.

    Digests cannot: nearly all of them change between identical builds.  ``ordinal`` counts
    vertices of equal platform, stage and text, from 0.
    """

    platform: str
    stage: str
    text: str
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """One node of the build's graph.

    ``intervals`` are the merged times during which it was active, in seconds since the solve
    began; empty where the log has no clock.  ``seconds`` is how long it was active in all, also
    where only a sum was printed.  ``inputs`` are digests of other vertices.  ``log`` is the end
    of what it printed, ``log_lines`` counts all of its lines.
    """

    key: VertexKey
    name: str
    parsed: StepName
    outcome: Outcome
    seconds: float | None = None
    intervals: tuple[tuple[float, float], ...] = ()
    digest: str = ""
    inputs: tuple[str, ...] = ()
    error: str = ""
    log: tuple[str, ...] = ()
    log_lines: int = 0
    transfers: tuple[Transfer, ...] = ()

    @property
    def is_cached(self) -> bool:
        """Say whether the cache had its result; a download may still have been needed."""
        return self.outcome is Outcome.CACHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A remark of the Dockerfile's checks, or of the builder; ``line`` 0 if none is named."""

    text: str
    url: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What the exporters said of their results; digests are empty where they said none.

    The classic image store names a config (``writing image``), others a manifest as well.
    """

    exporter: str = ""
    names: tuple[str, ...] = ()
    manifest: str = ""
    config: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solve:
    """One build: its vertices in the order in which they first appeared.

    ``seconds`` is the wall time and ``started`` the beginning in seconds since the epoch, both
    None where the log does not tell.  ``error`` is what the builder said at the end.
    """

    grammar: str
    vertices: tuple[Vertex, ...]
    warnings: tuple[Warned, ...] = ()
    exported: Exported = Exported()
    error: str = ""
    seconds: float | None = None
    started: float | None = None

    @property
    def failed(self) -> tuple[Vertex, ...]:
        """The vertices that failed of themselves, not those that were cancelled for them."""
        return tuple(v for v in self.vertices if v.outcome is Outcome.FAILED)

    @property
    def is_failed(self) -> bool:
        """Say whether the build ended without a result."""
        return bool(self.error or self.failed)
