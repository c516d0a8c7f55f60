"""Render: instructions → a Dockerfile's text, such that ``parse(render(x)) == x``.

Comments are not written.  Lines are not folded, so a command stays as it was read.
"""

import json
from collections.abc import Iterable, Sequence
from typing import assert_never

from lamina.dockerfile.instructions import (
    Arg,
    Assignment,
    Command,
    Copy,
    Dockerfile,
    Exec,
    Flag,
    From,
    Healthcheck,
    Heredoc,
    Instruction,
    Listing,
    OnBuild,
    Program,
    Run,
    Setting,
    ShellWords,
)
from lamina.dockerfile.lines import continuation


def render(dockerfile: Dockerfile) -> str:
    """Write a Dockerfile."""
    directives = [f"# {name}={value}\n" for name, value in dockerfile.directives]
    rows = [_row(found, dockerfile.escape) for found in dockerfile.instructions]
    gap = ["\n"] if directives else []
    return "".join([*directives, *gap, *rows])


def render_instruction(instruction: Instruction) -> str:
    """Write one instruction in a line, without the documents that follow it."""
    return " ".join(word for word in _words(instruction) if word)


def _row(instruction: Instruction, escape: str) -> str:
    text = render_instruction(instruction)
    if continuation(escape).search(text):
        text += "\v"  # a space that is no continuation's: the escape at the end is meant
    return "".join([f"{text}\n", *map(_document, heredocs(instruction))])


def _document(heredoc: Heredoc) -> str:
    return f"{heredoc.content}{heredoc.name}\n"


def heredocs(instruction: Instruction) -> Sequence[Heredoc]:
    """Return the documents that follow an instruction."""
    match instruction:
        case OnBuild(instruction=inner):
            return heredocs(inner)
        case Run(command=command) if not isinstance(command, Exec):
            return command.heredocs
        case Copy(heredocs=found):
            return found
        case _:
            return ()


def _words(instruction: Instruction) -> Iterable[str]:  # noqa: C901, PLR0911 - one case each
    match instruction:
        case From(flags=flags, image=image, name=name):
            words = [image, f"AS {name}" if name else ""]
            return ["FROM", *map(render_flag, flags), *_guarded(words)]
        case Run(flags=flags, command=command):
            return ["RUN", *map(render_flag, flags), *_guarded([_command(command)])]
        case Copy():
            return _copy(instruction)
        case Arg(pairs=pairs):
            return ["ARG", *(n if v is None else f"{n}={v}" for n, v in pairs)]
        case Assignment(keyword=keyword, pairs=pairs, is_legacy=is_legacy):
            return [keyword, *(f"{n}{' ' if is_legacy else '='}{v}" for n, v in pairs)]
        case Program(keyword=keyword, command=command):
            return [keyword, _command(command)]
        case ShellWords(words=words):
            return ["SHELL", json.dumps(words)]
        case Healthcheck():
            return _healthcheck(instruction)
        case Setting(keyword=keyword, value=value):
            return [keyword, value]
        case Listing(keyword=keyword, values=values, is_json=is_json):
            return [keyword, *([json.dumps(values)] if is_json else values)]
        case OnBuild(instruction=inner):
            return ["ONBUILD", *_words(inner)]
        case _:
            assert_never(instruction)


def _copy(copy: Copy) -> list[str]:
    words = (*copy.sources, copy.destination)
    rest = [json.dumps(words)] if copy.is_json else [*words]
    return [copy.keyword, *map(render_flag, copy.flags), *_guarded(rest)]


def _healthcheck(check: Healthcheck) -> list[str]:
    flags = map(render_flag, check.flags)
    if check.command is None:
        return ["HEALTHCHECK", *flags, "NONE"]
    return ["HEALTHCHECK", *flags, "CMD", _command(check.command)]


def _command(command: Command) -> str:
    return json.dumps(command.words) if isinstance(command, Exec) else command.text


def render_flag(flag: Flag) -> str:
    """Write a flag, its value quoted where it needs it."""
    name, value = flag
    if value is None:
        return f"--{_quoted(name)}"
    return f"--{_quoted(name)}={_quoted(value)}"


def _guarded(words: Sequence[str]) -> list[str]:
    """Keep the first word from being taken for a flag."""
    return ["--", *words] if words[0].startswith("--") else [*words]


def _quoted(text: str) -> str:
    """Quote a flag's value where it needs it."""
    if not any(char.isspace() or char in "\"'\\" for char in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
