"""The command tree, and the one place where errors become exit codes."""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

from lamina.cli.environment import secrets_taken
from lamina.cli.failure import show_error
from lamina.cli.streams import forget_output, open_missing
from lamina.errors import LaminaError, StoreError
from lamina.observers.printable import printable
from lamina.parallel import have_ended

_INTERRUPTED = 130
_PATIENCE_S = 0.5
_BUG = 70
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}
"""What a disk says that is no fault of ours, be it below the output alone."""

_COMMANDS = {
    "init": "look at a project, and write what its image is made with",
    "build": "build the image of a project",
    "dockerfile": "write the plan as a Dockerfile, for BuildKit without Lamina",
    "plan": "show the layers that a build will make",
    "lock": "pin every distribution, and the base, with hashes",
    "base": "look after what the image stands on",
    "push": "send an image to registries",
    "pull": "bring an image of a registry into the store",
    "run": "start an image without Docker",
    "layers": "show what each layer of an image holds, and its wasted bytes",
    "size": "show what fills an image",
    "diff": "show what changed between two images",
    "history": "list past builds, or look into one",
    "explain": "say why a build ran what it could have reused",
    "what-if": "say which steps an edit would run again",
    "stats": "show what is usual for each image, and how the last builds were",
    "report": "write past builds as a page, as Markdown or as JSON",
    "check": "say whether the last build kept to the project's budgets",
    "scan": "look for what is unsafe in an image or a project, and say what was not looked at",
    "test": "start an image and see whether it is well",
    "sbom": "write the bill of materials of a project's image, or of any image",
    "verify": "say whether an image is what its lock and base make, and nothing else",
    "weigh": "say what each dependency costs, which are not needed, and what is lighter",
    "bench": "measure a Dockerfile and Lamina side by side on a project",
    "trace": "record a build that Docker or BuildKit makes, without changing it",
    "cache": "say what the store holds, and remove what no image needs",
    "doctor": "say what Lamina finds in its environment, and what to try",
}

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code (see :mod:`lamina.errors`)."""
    open_missing()
    words = sys.argv[1:] if arguments is None else arguments
    wanted = next((word for word in words if not word.startswith("-")), "")
    code = 0
    try:
        options = _parser(wanted).parse_args(words)  # loads the command, and may be interrupted
        command: Command = options.command
        with secrets_taken():
            code = command(options)
        sys.stdout.flush()
    except LaminaError as error:
        return _told(error)
    except KeyboardInterrupt:
        return _leave()
    except BrokenPipeError:  # `lamina plan | head`: the reader has seen enough
        forget_output()
    except Exception as error:
        if "--debug" in takewhile(lambda word: word.startswith("-"), words):
            raise
        return _unforeseen(error, wanted)
    return code


def module_of(command: str) -> str:
    """Return the name of a command's module."""
    return f"lamina.cli.{command.replace('-', '_')}_command"


def _leave() -> int:
    """End the program if a call does not hear that it was given up; its files are nobody's yet."""
    is_over = False
    with suppress(KeyboardInterrupt):  # who presses again does not want to wait either
        is_over = have_ended(within_s=_PATIENCE_S)
    if not is_over:
        forget_output()
        os._exit(_INTERRUPTED)  # Python would wait for the thread, and that for a silent server
    return _INTERRUPTED


def _told(error: LaminaError) -> int:
    """Show an error to whoever still reads, and return its code to whoever waits."""
    with suppress(OSError):
        show_error(error, sys.stderr)
    forget_output()
    return error.exit_code


def _unforeseen(error: Exception, wanted: str) -> int:
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        return _told(StoreError(f"cannot write: {error.strerror}", where=error.filename))
    with suppress(OSError):
        print(
            f"internal error: {type(error).__name__}: {printable(str(error))}\n"
            f"  try: run it again as `lamina --debug {wanted} …` and report what it prints; "
            "this is a bug of Lamina",
            file=sys.stderr,
        )
    forget_output()
    return _BUG


class _Version(argparse.Action):
    """Prints the version; it is looked up when asked for, since every command would wait for it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - as the class says

        print(f"{parser.prog} {version('lamina')}")
        parser.exit()


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Describe the command line; only the module of the ``wanted`` command is loaded."""
    parser = argparse.ArgumentParser(
        prog="lamina",
        description="Container images for Python projects, from wheels, without Docker.",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks of internal errors")
    parser.add_argument("--version", action=_Version, help="say which Lamina this is and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        subparser = commands.add_parser(name, help=text, description=text)
        if name == wanted:
            module = importlib.import_module(module_of(name))
            module.add_arguments(subparser)
            subparser.set_defaults(command=module.run)
    return parser
