"""Write docs/reference/commands.md from the command line itself; --check only compares.

The parsers' actions are read, not the text of ``--help``: its layout depends on the version of
Python and on the width of the terminal, and this page must not.
"""

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias, TypeGuard

from lamina.cli import app

_Tree: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"
_HEAD = """\
# Commands

Written by `scripts/generate_reference.py` from the command line itself; edit that, not this.
`lamina COMMAND --help` shows the same.

Progress, warnings and errors go to standard error; results go to standard output.
[errors.md](errors.md) lists the exit codes.
[events.md](events.md) lists what `--progress rawjson` prints.
"""


def main() -> int:
    """Write the page, or with ``--check`` fail when it is not what would be written."""
    parser = argparse.ArgumentParser(description="Write docs/reference/commands.md.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    text = render()
    if not options.check:
        _PAGE.write_text(text, encoding="utf-8")
        return 0
    if _PAGE.exists() and _PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{_PAGE} is out of date: run scripts/generate_reference.py", file=sys.stderr)
    return 1


def render() -> str:
    """Return the whole page."""
    whole = app._parser("")  # noqa: SLF001 - the tree has no other name
    parts = [_HEAD, "\n## lamina\n\n", *_table(list(_options(whole)))]
    for name, summary in app._COMMANDS.items():  # noqa: SLF001
        module = importlib.import_module(app.module_of(name))
        parser = argparse.ArgumentParser(description=summary)
        module.add_arguments(parser)
        parts += _commands(name, parser)
    return "".join(parts)


def _commands(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Describe a command, unless it does nothing by itself, and the commands below it."""
    below = [action for action in parser._actions if _is_tree(action)]  # noqa: SLF001
    if not any(action.required for action in below):
        yield from _command(name, parser)
    for action in below:
        for word, inner in action.choices.items():
            yield from _commands(f"{name} {word}", inner)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    options, operands = list(_options(parser)), list(_operands(parser))
    summary = str(parser.description)
    yield f"\n## lamina {name}\n\n{summary[0].upper()}{summary[1:]}.\n\n"
    usage = " ".join(["lamina", name, *map(_in_usage, [*options, *operands])])
    yield f"```text\n{usage}\n```\n\n"
    yield from _table([*operands, *options])


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    return (a for a in parser._actions if a.option_strings)  # noqa: SLF001 - argparse tells no one


def _operands(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    return (a for a in parser._actions if not a.option_strings and not _is_tree(a))  # noqa: SLF001


def _is_tree(action: argparse.Action) -> "TypeGuard[_Tree]":
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001


def _table(actions: list[argparse.Action]) -> Iterator[str]:
    yield "| argument | meaning | default |\n| --- | --- | --- |\n"
    for action in actions:
        yield f"| {_names(action)} | {_meaning(action)} | {_default(action)} |\n"


def _in_usage(action: argparse.Action) -> str:
    if not action.option_strings:
        value = _value(action)
        return {"?": f"[{value}]", argparse.REMAINDER: f"[{value} ...]"}.get(
            str(action.nargs), value
        )
    repeated = "..." if isinstance(action.default, list) else ""
    return f"[{' '.join(filter(None, (action.option_strings[0], _value(action))))}]{repeated}"


def _names(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{' '.join(filter(None, (s, value)))}`" for s in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "CHOICE"
    if isinstance(action.metavar, str):
        return action.metavar
    return action.dest if not action.option_strings else action.dest.upper()


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "") % vars(action)
    if action.choices is not None:
        text += ": " * bool(text) + ", ".join(f"`{choice}`" for choice in action.choices)
    return text.replace("|", "\\|")


def _default(action: argparse.Action) -> str:
    is_nothing = action.default in (None, False, "", argparse.SUPPRESS) or action.default == []
    return "" if is_nothing else f"`{action.default}`"


if __name__ == "__main__":
    sys.exit(main())
