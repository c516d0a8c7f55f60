"""Parse: a Dockerfile's text → its instructions, each checked as BuildKit checks it."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from lamina.dockerfile.arguments import (
    command,
    is_json_list,
    json_words,
    pairs,
    split_flags,
    words_kept,
)
from lamina.dockerfile.expand import ExpansionError
from lamina.dockerfile.instructions import (
    Arg,
    Assignment,
    Copy,
    Dockerfile,
    Flag,
    From,
    Healthcheck,
    Heredoc,
    Instruction,
    Listing,
    OnBuild,
    Plain,
    Program,
    Run,
    Setting,
    ShellWords,
)
from lamina.dockerfile.lines import LogicalLine, read_lines
from lamina.errors import InputError

_KEYWORD: Final = re.compile(r"(\S+)(?:\s+(.*))?", re.DOTALL)
_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*")
_LONGEST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One instruction, its keyword cut off; ``escape`` is the file's."""

    keyword: str
    rest: str
    heredocs: tuple[Heredoc, ...]
    escape: str
    line: int
    end_line: int

    def flags(self, allowed: Mapping[str, bool]) -> tuple[tuple[Flag, ...], str]:
        """Cut off the flags; ``allowed`` says for each whether it needs a value."""
        found, rest = split_flags(self.rest)
        for name, value in found:
            if name not in allowed:
                what = f"{self.keyword} has no flag --{_shown(name)}"
                raise self.problem(what, _near(name, allowed))
            if value is None and allowed[name]:
                raise self.problem(f"--{name} needs a value", f"--{name}=…")
        return found, rest

    def problem(self, what: str, hint: str | None = None) -> InputError:
        """Make an error that names this line."""
        return InputError(what, where=f"line {self.line}", hint=hint)


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises ``InputError`` whose ``where`` is ``line N`` for whatever BuildKit would refuse to read.
    """
    found = read_lines(text)
    escape = found.directives.get("escape", "\\")
    instructions = tuple(_instruction(line, escape) for line in found.lines)
    _check_order(instructions)
    return Dockerfile(
        directives=tuple(found.directives.items()),
        instructions=instructions,
        comments=tuple(found.comments),
    )


def _check_order(instructions: tuple[Instruction, ...]) -> None:
    first = next((x for x in instructions if not isinstance(x, Arg)), None)
    if first is None:
        raise InputError("there is no FROM", hint="a Dockerfile begins with FROM IMAGE")
    if not isinstance(first, From):
        raise InputError("only ARG may stand before the first FROM", where=f"line {first.line}")


def _instruction(line: LogicalLine, escape: str) -> Instruction:
    read = _line(line.text, line, escape)
    if read.keyword == "FROM":
        return _from(read)
    if read.keyword == "ONBUILD":
        return _on_build(read, line)
    return _plain(read)


def _line(text: str, line: LogicalLine, escape: str) -> _Line:
    match = _KEYWORD.fullmatch(text)
    if match is None:
        raise InputError("there is no instruction", where=f"line {line.line}")
    read = _Line(
        keyword=match[1].upper(),
        rest=(match[2] or "").strip(),
        heredocs=line.heredocs,
        escape=escape,
        line=line.line,
        end_line=line.end_line,
    )
    if read.keyword not in {*_READERS, "FROM", "ONBUILD"}:
        known = dict.fromkeys((*_READERS, "FROM", "ONBUILD"), True)
        raise read.problem(f"unknown instruction {_shown(match[1])}", _near(read.keyword, known))
    if not read.rest:
        raise read.problem(f"{read.keyword} needs an argument")
    return read


def _on_build(read: _Line, line: LogicalLine) -> OnBuild:
    inner = _line(read.rest, line, read.escape)
    if inner.keyword in {"FROM", "ONBUILD", "MAINTAINER"}:
        raise read.problem(f"{inner.keyword} may not stand after ONBUILD")
    return OnBuild(instruction=_plain(inner), line=read.line, end_line=read.end_line)


def _plain(read: _Line) -> Plain:
    try:
        return _READERS[read.keyword](read)
    except ExpansionError as error:
        raise read.problem(f"{read.keyword} cannot be read: {error}") from error


def _from(read: _Line) -> From:
    flags, rest = read.flags({"platform": True})
    words = rest.split()
    if len(words) == 3 and words[1].upper() == "AS":  # noqa: PLR2004 - IMAGE AS NAME
        name = words[2].lower()
        if not _STAGE_NAME.fullmatch(name):
            raise read.problem(
                f"{_shown(words[2])} cannot be a stage's name",
                "letters, digits, _, - and ., a letter first",
            )
        return From(image=words[0], name=name, flags=flags, line=read.line, end_line=read.end_line)
    if len(words) != 1:
        raise read.problem("FROM takes an image, and perhaps AS and a name")
    return From(image=words[0], flags=flags, line=read.line, end_line=read.end_line)


def _run(read: _Line) -> Run:
    flags, rest = read.flags({"mount": True, "network": True, "security": True, "device": True})
    if not rest:
        raise read.problem("RUN needs a command")
    return Run(
        command=command(rest, read.heredocs),
        flags=flags,
        line=read.line,
        end_line=read.end_line,
    )


_COPY_FLAGS: Final = {
    "COPY": {"from": True, "chown": True, "chmod": True, "exclude": True},
    "ADD": {"checksum": True, "chown": True, "chmod": True, "exclude": True},
}
_COPY_SWITCHES: Final = {
    "COPY": {"link": False, "parents": False},
    "ADD": {"link": False, "keep-git-dir": False, "unpack": False},
}


def _copy(read: _Line) -> Copy:
    keyword = cast("Literal['COPY', 'ADD']", read.keyword)
    flags, rest = read.flags({**_COPY_FLAGS[keyword], **_COPY_SWITCHES[keyword]})
    words = json_words(rest)
    is_json = words is not None
    words = words if words is not None else tuple(rest.split())
    if len(words) < 2:  # noqa: PLR2004 - a source and a destination
        raise read.problem(f"{keyword} needs a source and a destination")
    return Copy(
        keyword=keyword,
        sources=words[:-1],
        destination=words[-1],
        is_json=is_json,
        heredocs=read.heredocs,
        flags=flags,
        line=read.line,
        end_line=read.end_line,
    )


def _arg(read: _Line) -> Arg:
    found = []
    for word in words_kept(read.rest, read.escape):
        name, sign, value = word.partition("=")
        if not name:
            raise read.problem("ARG needs a name before =")
        found.append((name, value if sign else None))
    return Arg(pairs=tuple(found), line=read.line, end_line=read.end_line)


def _assignment(read: _Line) -> Assignment:
    keyword = cast("Literal['ENV', 'LABEL']", read.keyword)
    found = pairs(read.rest, read.escape)
    is_legacy = found is None
    if found is None:
        name, *value = re.split(r"\s+", read.rest, maxsplit=1)
        if not value:
            raise read.problem(f"{keyword} needs a name and a value", f"{keyword} NAME=VALUE")
        found = ((name, value[0]),)
    if any(not name for name, _ in found):
        raise read.problem(f"{keyword} needs a name before =")
    return Assignment(
        keyword=keyword,
        pairs=found,
        is_legacy=is_legacy,
        line=read.line,
        end_line=read.end_line,
    )


def _program(read: _Line) -> Program:
    return Program(
        keyword=cast("Literal['CMD', 'ENTRYPOINT']", read.keyword),
        command=command(read.rest),
        line=read.line,
        end_line=read.end_line,
    )


def _shell(read: _Line) -> ShellWords:
    words = json_words(read.rest)
    if not words:
        raise read.problem("SHELL takes a list in JSON form", 'SHELL ["/bin/bash", "-c"]')
    return ShellWords(words=words, line=read.line, end_line=read.end_line)


def _healthcheck(read: _Line) -> Healthcheck:
    allowed = ("interval", "timeout", "start-period", "start-interval", "retries")
    flags, rest = read.flags(dict.fromkeys(allowed, True))
    kind, _, text = rest.partition(" ")
    place = {"line": read.line, "end_line": read.end_line}
    if kind.upper() == "NONE" and not text.strip():
        return Healthcheck(command=None, flags=flags, **place)
    text = rest[len(kind) :].strip()
    words = re.split(r"\s+", rest, maxsplit=1)
    if words[0].upper() != "CMD" or len(words) == 1:
        raise read.problem("HEALTHCHECK takes NONE, or CMD and a command")
    return Healthcheck(command=command(words[1]), flags=flags, **place)


def _setting(read: _Line) -> Setting:
    keyword = cast("Literal['WORKDIR', 'USER', 'STOPSIGNAL', 'MAINTAINER']", read.keyword)
    return Setting(keyword=keyword, value=read.rest, line=read.line, end_line=read.end_line)


def _listing(read: _Line) -> Listing:
    keyword = cast("Literal['EXPOSE', 'VOLUME']", read.keyword)
    is_json = keyword == "VOLUME" and is_json_list(read.rest)
    words = json_words(read.rest) if is_json else None
    values = words if words is not None else tuple(read.rest.split())
    if not values:
        raise read.problem(f"{keyword} needs an argument")
    return Listing(
        keyword=keyword,
        values=values,
        is_json=words is not None,
        line=read.line,
        end_line=read.end_line,
    )


_READERS: Final[Mapping[str, Callable[[_Line], Plain]]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _program,
    "COPY": _copy,
    "ENTRYPOINT": _program,
    "ENV": _assignment,
    "EXPOSE": _listing,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _assignment,
    "MAINTAINER": _setting,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _setting,
    "USER": _setting,
    "VOLUME": _listing,
    "WORKDIR": _setting,
}


def _near(word: str, known: Mapping[str, bool]) -> str | None:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else None


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
