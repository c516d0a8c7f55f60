"""``lamina dockerfile``: the plan as a Dockerfile that needs no Lamina."""

import argparse
from pathlib import Path

from lamina.cli.build_command import platforms
from lamina.cli.dockerfile_files import PLATFORM, developers, dockerfile_files, plans_of
from lamina.cli.pip_lock import pip_lock
from lamina.cli.registries import add_registry_arguments
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.engines.buildkit.dockerfile import PATH
from lamina.engines.buildkit.requirements import requirements_of
from lamina.errors import CheckFailed, UsageError
from lamina.project.read import read_project
from lamina.scaffold.marker import marked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help=f"write it there instead of printing it; {PATH} is usual",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true",
        help=f"say whether FILE is up to date, and write nothing (default FILE: {PATH})",
    )  # fmt: skip
    parser.add_argument(
        "--dev-group", default="", metavar="NAME",
        help="the dependency group that the target `dev` gets as well (default: dev, develop or "
        "development)",
    )  # fmt: skip
    parser.add_argument(
        "--platform", default="",
        help=f"whose wheels decide the groups (default: {PLATFORM}, on every machine)",
    )  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the Dockerfile, or write it and what stands beside it; `lamina init` knows its seal."""
    if options.check and options.output is None:
        options.output = options.path / PATH
    files = {name: marked(text) for name, text in _files(options).items()}
    if options.output is None:
        print(next(iter(files.values())), end="")
        return 0
    directory = options.path.resolve()
    for name, text in files.items():
        path = directory / name
        if options.check:
            _check(path, text)
        elif not _is(path, text):
            with incoming(path.parent) as new:
                new.file.write(text.encode())
                new.commit(path, mode=0o644)
            print(path)
    return 0


def _files(options: argparse.Namespace) -> dict[str, str]:
    """Decide the plan of each platform, and write the first as a Dockerfile."""
    project = read_project(options.path, options.variant)
    plans = plans_of(
        project,
        platforms(options.platform or PLATFORM),
        offline=options.offline,
        insecure=options.insecure_registry,
    )
    # Unasked, it is for every platform: hashes of all wheels, which the plan does not know.
    text = (
        requirements_of(plans)
        if options.platform
        else pip_lock(project, python=plans[0].base.python)
    )
    return dockerfile_files(
        project,
        plans[0],
        lock_text=text,
        dev_group=developers(options.path, options.dev_group),
        path=_relative(options),
    )


def _relative(options: argparse.Namespace) -> str:
    """Return where the Dockerfile is written, below the project."""
    if options.output is None:
        return PATH
    root, output = options.path.resolve(), options.output.resolve()
    if not output.is_relative_to(root):
        raise UsageError(
            f"{options.output} is outside of the project",
            hint="the Dockerfile is read with the project's folder as its context",
        )
    return str(output.relative_to(root).as_posix())


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _check(path: Path, text: str) -> None:
    if not _is(path, text):
        raise CheckFailed(
            f"{path} is not what the project asks for now",
            hint="run `lamina dockerfile -o` again",
        )
