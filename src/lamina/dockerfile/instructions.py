"""Instructions of a Dockerfile as frozen values, as they are written: nothing is expanded yet.

Lines are counted from 1.  They do not count when values are compared, for they say where a text
stood and not what it means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Flag = tuple[str, str | None]
"""The name of a ``--name=value``, and the value; None where there is no ``=``."""

Pair = tuple[str, str]
"""A name and a value, with the quotes that were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A document that follows its instruction, up to a line that holds only ``name``.

    ``expands`` says that variables in it are replaced where it is copied, ``strips_tabs`` that
    tabs at the start of its lines do not count (``<<-``).  ``content`` is as it is written.
    """

    name: str
    content: str
    expands: bool = True
    strips_tabs: bool = False

    @property
    def text(self) -> str:
        """The content that the instruction gets."""
        if not self.strips_tabs:
            return self.content
        return "".join(line.lstrip("\t") for line in self.content.splitlines(keepends=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A command for the shell, in one line, with the documents that it reads."""

    text: str
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """A command in JSON form, which no shell sees."""

    words: tuple[str, ...]


Command = Shell | Exec


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What all instructions share: the first and the last of their lines."""

    line: int = field(default=0, compare=False)
    end_line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged(Placed):
    """An instruction with flags, in their order."""

    flags: tuple[Flag, ...] = ()

    def flag(self, name: str) -> str | None:
        """Return the last value of a flag; empty where it has none, None where it is not there."""
        return next((value or "" for key, value in reversed(self.flags) if key == name), None)

    def flag_values(self, name: str) -> tuple[str, ...]:
        """Return all values of a flag."""
        return tuple(value or "" for key, value in self.flags if key == name)

    def is_on(self, name: str) -> bool:
        """Say whether a flag that is true or false is true."""
        value = self.flag(name)
        return value is not None and value.lower() not in {"false", "0", "f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class From(Flagged):
    """FROM: begins a stage; ``name`` is empty where it has none."""

    image: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Flagged):
    """RUN."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Flagged):
    """COPY and ADD; a source that is the word of a heredoc stands for it."""

    keyword: Literal["COPY", "ADD"] = "COPY"
    sources: tuple[str, ...]
    destination: str
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg(Placed):
    """ARG: names, each with its default or None."""

    pairs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Placed):
    """ENV and LABEL; ``is_legacy`` where name and value have a space between them."""

    keyword: Literal["ENV", "LABEL"]
    pairs: tuple[Pair, ...]
    is_legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Placed):
    """CMD and ENTRYPOINT."""

    keyword: Literal["CMD", "ENTRYPOINT"]
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWords(Placed):
    """SHELL: the words before a command in shell form."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck(Flagged):
    """HEALTHCHECK; ``command`` is None for NONE."""

    command: Command | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Placed):
    """An instruction with one text: WORKDIR, USER, STOPSIGNAL, MAINTAINER."""

    keyword: Literal["WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Placed):
    """An instruction with a list: EXPOSE, VOLUME."""

    keyword: Literal["EXPOSE", "VOLUME"]
    values: tuple[str, ...]
    is_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBuild(Placed):
    """ONBUILD: an instruction for those who build on this image."""

    instruction: "Plain"


Plain = (
    Run
    | Copy
    | Arg
    | Assignment
    | Program
    | ShellWords
    | Healthcheck
    | Setting
    | Listing
)  # fmt: skip
"""What may stand after ONBUILD."""

Instruction = From | OnBuild | Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Placed):
    """A line of comment, without its mark."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage: its FROM, and what follows; ``number`` counts from 0."""

    number: int
    start: From
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile: directives (``syntax``, ``escape``, ``check``), then instructions."""

    directives: tuple[Pair, ...] = ()
    instructions: tuple[Instruction, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)

    @property
    def escape(self) -> str:
        """The character that continues lines and escapes others."""
        return dict(self.directives).get("escape", "\\")

    @property
    def arguments(self) -> tuple[Arg, ...]:
        """The ARGs before the first FROM."""
        found = []
        for instruction in self.instructions:
            if not isinstance(instruction, Arg):
                break
            found.append(instruction)
        return tuple(found)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in order."""
        return tuple(self._stages())

    def _stages(self) -> Iterator[Stage]:
        places = [n for n, found in enumerate(self.instructions) if isinstance(found, From)]
        for number, place in enumerate(places):
            end = places[number + 1] if number + 1 < len(places) else None
            start = self.instructions[place]
            assert isinstance(start, From)  # noqa: S101 - chosen above
            yield Stage(number=number, start=start, instructions=self.instructions[place + 1 : end])
