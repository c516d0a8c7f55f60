"""The arguments that choose who builds, and reach BuildKit."""

import argparse
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from lamina.errors import UsageError
from lamina.workshop import Workshop

_BUILDKIT: Final = "buildkit"
_NOT_NATIVE: Final = ("builder", "secret", "build_arg", "network")


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the engine, and what only BuildKit is told."""
    parser.add_argument(
        "--engine", choices=("native", "buildkit"), default="native",
        help="who builds: this process, or BuildKit from the Dockerfile of `lamina dockerfile`",
    )  # fmt: skip
    parser.add_argument(
        "--builder", default="", metavar="BUILDER",
        help="for BuildKit: a builder of buildx by name, or tcp://HOST:PORT",
    )  # fmt: skip
    parser.add_argument(
        "--secret", action="append", default=[], metavar="id=NAME,src=FILE",
        help="for BuildKit: uv, pip, netrc or ca (default: what this machine's pip and uv use)",
    )  # fmt: skip
    parser.add_argument(
        "--build-arg", action="append", default=[], metavar="NAME=VALUE",
        help="for BuildKit: BASE and BUILDER replace the images that the Dockerfile starts from",
    )  # fmt: skip
    parser.add_argument(
        "--network", default="", choices=("default", "host", "none"),
        help="for BuildKit: the network of its steps",
    )  # fmt: skip


def check_engine(options: argparse.Namespace) -> bool:
    """Say whether BuildKit builds; raise ``UsageError`` for what the chosen engine cannot do."""
    if options.engine != _BUILDKIT:
        given = [name for name in _NOT_NATIVE if getattr(options, name)]
        if given:
            flag = f"--{given[0].replace('_', '-')}"
            raise UsageError(f"{flag} is for BuildKit", hint="add --engine buildkit")
        return False
    if options.offline:
        raise UsageError("BuildKit cannot be told to stay offline", hint="leave out --offline")
    return True


def engine_chosen(
    options: argparse.Namespace, workshop: Workshop
) -> AbstractContextManager[Workshop]:
    """Give ``workshop`` the engine that was chosen, for as long as the block runs."""
    if options.engine != _BUILDKIT:
        return nullcontext(workshop)
    from lamina.cli.buildkit import with_buildkit  # noqa: PLC0415 - seldom needed

    return with_buildkit(options, workshop)
