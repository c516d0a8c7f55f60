"""What to run in place of a build's command, so that it can be recorded and is the same build."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath


class Builder(StrEnum):
    """Who builds when a command is run; ``ANY`` is whoever it may be."""

    BUILDX = "buildx"
    INTEGRATED = "integrated"
    LEGACY = "legacy"
    BUILDCTL = "buildctl"
    ANY = "any"


class Display(StrEnum):
    """How the user sees the build: as the command prints it, or as lines or rows made here."""

    UNTOUCHED = "untouched"
    PLAIN = "plain"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A command line, understood.

    ``verb`` is the place of the word after which options of the build may stand, 0 if unknown.
    ``asks`` are the commands whose output tells who builds; the last of them names a version.
    """

    words: tuple[str, ...]
    builder: Builder
    verb: int = 0
    asks: tuple[tuple[str, ...], ...] = ()
    progress: str = ""
    is_quiet: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is run, which of its streams are read on their way to the user, and what he sees.

    ``trace`` is the place in ``command`` of the name of a file that the builder writes rawjson
    to, 0 if it writes none.
    """

    command: tuple[str, ...]
    reads_stdout: bool = False
    reads_stderr: bool = False
    display: Display = Display.UNTOUCHED
    trace: int = 0


TRACE_FILE = "TRACE"
"""What stands in a recording's command where the name of the trace file belongs."""

_RAWJSON_SINCE = (0, 13)
_BUILDX_HELP = re.compile(r"^Usage: +docker buildx build ", re.MULTILINE)
_VERSION = re.compile(r"\bv?(\d{1,4})\.(\d{1,4})(?:\.\d+)?")
_DOCKER_VALUES = {"--config", "-c", "--context", "-H", "--host", "-l", "--log-level",
                  "--tlscacert", "--tlscert", "--tlskey"}  # fmt: skip
_BUILDX_VERBS = {"build", "b", "bake", "f"}
_SHORT_WITH_VALUE = "tfomcu"
_CLUSTER = re.compile(f"-[^{_SHORT_WITH_VALUE}=-]*([{_SHORT_WITH_VALUE}])(.*)", re.DOTALL)


def understand(words: Sequence[str], environment: Mapping[str, str]) -> Invocation:
    """Read a command line; one that is no known builder's is recorded as it is."""
    words = tuple(words)
    program = PurePath(words[0]).name
    progress = _given(words, "--progress") or environment.get("BUILDKIT_PROGRESS", "")
    found = Invocation(words=words, builder=Builder.ANY, progress=progress)
    if program == "docker":
        return _docker(found)
    if program in {"buildx", "docker-buildx"} and len(words) > 1 and words[1] in _BUILDX_VERBS:
        return _buildx(found, verb=1, asks=((words[0], "version"),))
    if program == "buildctl":
        verb = next((place for place, word in enumerate(words) if word == "build"), 0)
        if verb:
            return _with(found, Builder.BUILDCTL, verb)
    return found


def _docker(found: Invocation) -> Invocation:
    words = found.words
    place = _first_verb(words)
    client = words[:place]
    verb = words[place : place + 2]
    if verb[:1] == ("buildx",) and verb[1:] and verb[1] in _BUILDX_VERBS:
        return _buildx(found, verb=place + 1, asks=((*client, "buildx", "version"),))
    if verb[:1] == ("build",) or verb in {("image", "build"), ("builder", "build")}:
        at = place if verb[0] == "build" else place + 1
        asks = ((*client, "build", "--help"), (*client, "buildx", "version"))
        return _with(found, Builder.ANY, at, asks=asks)
    return found


def _buildx(found: Invocation, *, verb: int, asks: tuple[tuple[str, ...], ...]) -> Invocation:
    return _with(found, Builder.BUILDX, verb, asks=asks)


def _with(
    found: Invocation, builder: Builder, verb: int, asks: tuple[tuple[str, ...], ...] = ()
) -> Invocation:
    return Invocation(
        words=found.words,
        builder=builder,
        verb=verb,
        asks=asks,
        progress=found.progress,
        is_quiet=any(_is_quiet(word) for word in found.words[verb + 1 :]),
        tags=tuple(_values(found.words[verb + 1 :], "-t", "--tag")),
    )


def client_of(words: Sequence[str]) -> tuple[str, ...]:
    """Return the client of Docker that a command line starts, with its own options, or nothing.

    >>> client_of(["docker", "--context", "far", "buildx", "build", "."])
    ('docker', '--context', 'far')
    """
    is_docker = PurePath(words[0]).name == "docker"
    return tuple(words[: _first_verb(words)]) if is_docker else ()


def _first_verb(words: Sequence[str]) -> int:
    """Skip the client's own options."""
    place = 1
    while place < len(words) and words[place].startswith("-"):
        place += 2 if words[place] in _DOCKER_VALUES else 1
    return place


def decide(asked: Invocation, answers: Sequence[str], *, is_terminal: bool) -> Recording:
    """Say how a command is recorded, from what its programs answered to ``asked.asks``.

    What the user chose stays: ``--progress`` (but ``tty`` and ``auto`` need a terminal, which a
    pipe is not), ``BUILDKIT_PROGRESS``, ``--quiet``.  Standard output is only read where a
    builder reports on it; where it may be the result, it is not touched.
    """
    builder = _builder(asked, answers)
    if builder is Builder.BUILDCTL:
        return _decide_buildctl(asked)
    if builder in {Builder.ANY, Builder.LEGACY}:
        return Recording(command=asked.words, reads_stdout=True, reads_stderr=True)
    is_chosen = asked.is_quiet or asked.progress not in {"", "auto", "tty"}
    words = asked.words if is_chosen else _without(asked.words, "--progress")
    if is_chosen:
        return Recording(command=words, reads_stderr=True)
    display = Display.LIVE if is_terminal else Display.PLAIN
    if builder is Builder.BUILDX and _version(answers) >= _RAWJSON_SINCE:
        after = asked.verb + 1
        words = (*words[:after], "--progress=rawjson", *words[after:])
        return Recording(command=words, reads_stderr=True, display=display)
    shown = Display.LIVE if is_terminal else Display.UNTOUCHED
    return Recording(command=words, reads_stderr=True, display=shown)


def _decide_buildctl(asked: Invocation) -> Recording:
    """Let buildctl write its trace to a file: all that the user sees stays as it is."""
    if _given(asked.words, "--trace"):
        return Recording(command=asked.words, reads_stdout=False, reads_stderr=True)
    at = asked.verb + 1
    command = (*asked.words[:at], "--trace", TRACE_FILE, *asked.words[at:])
    return Recording(command=command, trace=at + 1)


def _builder(asked: Invocation, answers: Sequence[str]) -> Builder:
    if asked.builder is not Builder.ANY or not asked.verb or not answers:
        return asked.builder
    if _BUILDX_HELP.search(answers[0]):
        return Builder.BUILDX
    return Builder.INTEGRATED if "--progress" in answers[0] else Builder.LEGACY


def _version(answers: Sequence[str]) -> tuple[int, int]:
    match = _VERSION.search(answers[-1]) if answers else None
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _given(words: Sequence[str], option: str) -> str:
    """Return an option's value, the last if it is given twice, as the builders take it."""
    return next(reversed(list(_values(words, option))), "")


def _values(words: Sequence[str], *options: str) -> Iterator[str]:
    for place, word in enumerate(words):
        option, value = _option(word)
        if option not in options:
            continue
        if value is not None:
            yield value
        elif place + 1 < len(words):
            yield words[place + 1]


def _option(word: str) -> tuple[str, str | None]:
    """Split a word into an option and its value; None if that is the next word, if there is one.

    Of a cluster of letters it is the one that takes a value.
    """
    if word.startswith("--"):
        option, equals, value = word.partition("=")
        return option, value if equals else None
    if match := _CLUSTER.fullmatch(word):
        return f"-{match[1]}", match[2].removeprefix("=") or None
    return "", None


def _without(words: Sequence[str], option: str) -> tuple[str, ...]:
    kept: list[str] = []
    skips = False
    for word in words:
        if not skips and word != option and not word.startswith(f"{option}="):
            kept.append(word)
        skips = word == option and not skips
    return tuple(kept)


def _is_quiet(word: str) -> bool:
    """Say whether a word is ``--quiet`` or a cluster of letters with a ``q`` before any value."""
    if word in {"--quiet", "--quiet=true"}:
        return True
    if not re.fullmatch("-[A-Za-z].*", word):
        return False
    letters = re.match(f"-([^{_SHORT_WITH_VALUE}=]*)", word)
    return letters is not None and "q" in letters[1]
