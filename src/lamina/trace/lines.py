"""A line as a build printed it, out of a capture: colours, prefixes and times of CI taken off."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 8_000_000
_BUILDKITE = re.compile(r"\x1b_bk;t=(\d{1,16})\x07")
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]_P^][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # OSC, APC, DCS: titles, links, times
    r"|\x1b[@-_()][\w]?"
)
_STAMP = (
    r"(?P<date>\d{4}[-/]\d{2}[-/]\d{2})[T ](?P<time>\d{2}:\d{2}:\d{2})"
    r"(?:[.,](?P<part>\d{1,9}))?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_PREFIX = re.compile(
    r"(?:[^\t\n]{0,200}\t[^\t\n]{0,200}\t)?"  # gh run view --log: job, step
    rf"\ufeff?\[?{_STAMP}\]?"
    r"(?: \d{2}[OE]\+?)?"  # GitLab's stream, and whether it continues a line
    r"(?: (?:stdout|stderr) [FP])?(?:[ \t]|$|(?<=\+))"  # a container runtime's stream
)
_CLOCK = re.compile(r"\[?\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\]? {1,2}")
_CLOUD_BUILD = re.compile(r"Step #\d+(?: - \"[^\"\n]{0,200}\")?: ")
_NUMBERED = re.compile(r"#\d+ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a build printed; ``at`` is when, in seconds since the epoch, None if nobody says."""

    text: str
    at: float | None = None


def clean(raw: str, at: float | None = None) -> Line:
    """Strip what is not the build's; a time in the line counts more than ``at``.

    Of a line that was written over with carriage returns its last state is kept.
    """
    raw = raw[:_LONGEST].rstrip("\r\n")
    if "\x1b" in raw:
        stamp = _BUILDKITE.search(raw)
        at = int(stamp[1]) / 1000 if stamp else at
        raw = _ESCAPES.sub("", raw)
    match = _PREFIX.match(raw) if raw[:1] != "#" else None
    if match is not None:
        stamped = _seconds(match)
        at = at if stamped is None else stamped
        raw = raw[match.end() :]
    else:
        raw = _CLOCK.sub("", raw, count=1) if _CLOCK.match(raw) else raw
    if raw.startswith("Step #"):
        raw = _CLOUD_BUILD.sub("", raw, count=1)
    return Line(text=_last_state(raw) if "\r" in raw else raw, at=at)


def parse_time(text: object) -> float | None:
    """Read RFC 3339 with up to nine digits of a second; None if it is something else."""
    match = re.fullmatch(_STAMP, text) if isinstance(text, str) else None
    return None if match is None else _seconds(match)


def _last_state(text: str) -> str:
    parts = [part for part in text.split("\r") if part.strip()]
    if not parts:
        return ""
    # A numbered line that holds carriage returns is one line of a step's own output.
    return parts[0] if _NUMBERED.match(parts[0]) else parts[-1]


def _seconds(match: re.Match[str]) -> float | None:
    zone = (match["zone"] or "Z").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(f"{match['date'].replace('/', '-')}T{match['time']}{zone}")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    part = match["part"]
    seconds = (moment - _EPOCH).total_seconds() + (int(part) / 10 ** len(part) if part else 0.0)
    return seconds if seconds >= 0 else None
