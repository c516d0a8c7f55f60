"""The names that BuildKit gives to vertices: which step of which stage, or what else it is."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Phase(StrEnum):
    """What a vertex's time is spent on."""

    FRONTEND = "frontend"
    METADATA = "metadata"
    AUTH = "auth"
    CONTEXT = "context"
    CACHE_IMPORT = "cache import"
    BASE = "base"
    STEP = "step"
    EXPORT = "export"
    CACHE_EXPORT = "cache export"
    PUSH = "push"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepName:
    """A vertex's name, taken apart.

    ``text`` is normalised: one space between words, the instruction in capitals, no digests of
    images.  ``stage`` holds the target too where several are built at once (``web builder``).
    ``index`` and ``total`` are 0 for what is no step of a Dockerfile.
    """

    phase: Phase
    text: str
    platform: str = ""
    stage: str = ""
    index: int = 0
    total: int = 0
    instruction: str = ""

    @property
    def is_cacheable(self) -> bool:
        """Say whether the step may be CACHED and counts in a hit rate (COPY, ADD, RUN, WORKDIR)."""
        return self.instruction in _CACHEABLE


_CACHEABLE = {"COPY", "ADD", "RUN", "WORKDIR"}
_LONGEST = 4000
_BRACKET = re.compile(r"\[([^\]]*)\] ?(.*)", re.DOTALL)
_NUMBER = re.compile(r"(\d{1,6})/(\d{1,6})")
_PLATFORM = re.compile(r"(?:linux|windows|darwin|freebsd|wasi)/[\w./]+(?:->[\w./]+)?")
_IMAGE_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_INSTRUCTION = re.compile(r"(LINK |ONBUILD )?([A-Za-z]+)(?= |$)")
_CONTEXTS = ("load build context", "load remote build context", "load git source")
_BEGINNINGS = (
    ("importing cache", Phase.CACHE_IMPORT),
    ("inferred cache manifest", Phase.CACHE_IMPORT),
    ("exporting cache", Phase.CACHE_EXPORT),
    ("exporting to GitHub Actions Cache", Phase.CACHE_EXPORT),
    ("exporting to Amazon S3", Phase.CACHE_EXPORT),
    ("exporting to Azure Blob", Phase.CACHE_EXPORT),
    ("exporting content cache", Phase.CACHE_EXPORT),
    ("sending build cache", Phase.CACHE_EXPORT),
    ("preparing build cache", Phase.CACHE_EXPORT),
    ("pushing", Phase.PUSH),
    ("copy", Phase.EXPORT),
    ("exporting", Phase.EXPORT),
    ("importing to", Phase.EXPORT),
    ("merging manifest list", Phase.EXPORT),
    ("resolving provenance", Phase.EXPORT),
    ("sending tarball", Phase.EXPORT),
    ("generating sbom", Phase.EXPORT),
    ("resolve image config", Phase.METADATA),
    ("docker-image://", Phase.FRONTEND),
    ("local://context", Phase.CONTEXT),
)


@lru_cache(maxsize=4096)
def parse_name(name: str) -> StepName:
    """Take a vertex's name apart; every name has some meaning, at worst ``Phase.OTHER``.

    >>> parse_name("[linux/arm64 builder  2/12] RUN  make").stage
    'builder'
    """
    name = name.strip()[:_LONGEST]
    match = _BRACKET.fullmatch(name)
    if match is None:
        return StepName(phase=_phase_of(name), text=_normalised(name))
    words, text = match[1].split(), match[2]
    number = _NUMBER.fullmatch(words[-1]) if words else None
    if number is not None:
        return _step(words[:-1], int(number[1]), int(number[2]), text)
    return _other(words, text)


def _step(words: list[str], index: int, total: int, text: str) -> StepName:
    platform = next((word for word in words if _PLATFORM.fullmatch(word)), "")
    stage = " ".join(word for word in words if word != platform)
    text = _normalised(text)
    match = _INSTRUCTION.match(text)
    instruction = f"{match[1] or ''}{match[2].upper()}" if match else ""
    instruction = instruction.removeprefix("ONBUILD ")
    if match:
        text = f"{match[1] or ''}{match[2].upper()}{text[match.end() :]}"
    return StepName(
        phase=Phase.BASE if instruction == "FROM" else Phase.STEP,
        text=text.removeprefix("ONBUILD "),
        platform=platform,
        stage=stage,
        index=index,
        total=total,
        instruction=instruction,
    )


def _other(words: list[str], text: str) -> StepName:
    """Read ``[internal]``, ``[auth]``, ``[context NAME]``, and those with a target before them."""
    platform = next((word for word in words if _PLATFORM.fullmatch(word)), "")
    kind = next((word for word in words if word in {"internal", "auth", "context"}), "")
    return StepName(
        phase=_phase_in(kind, text),
        text=_normalised(f"[{kind}] {text}" if kind == "internal" else text),
        platform=platform,
        stage=" ".join(word for word in words if word not in {platform, "internal"}),
    )


def _phase_in(kind: str, text: str) -> Phase:
    if kind == "auth":
        return Phase.AUTH
    if "load metadata" in text:
        return Phase.METADATA
    if text.startswith(_CONTEXTS):
        return Phase.CONTEXT
    if kind == "context":
        return Phase.BASE
    if kind == "internal":
        is_frontend = text.startswith(("load build def", "load .docker", "load local bake"))
        return Phase.FRONTEND if is_frontend else Phase.OTHER
    return _phase_of(text)


def _phase_of(text: str) -> Phase:
    return next((phase for start, phase in _BEGINNINGS if text.startswith(start)), Phase.OTHER)


def _normalised(text: str) -> str:
    return _IMAGE_DIGEST.sub("", " ".join(text.split()))
