"""``lamina dockerfile``: the plan as a Dockerfile that needs no Lamina."""

import argparse
import tomllib
from dataclasses import replace
from pathlib import Path

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.cli.build_command import platforms
from lamina.cli.registries import add_registry_arguments
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.engines.buildkit.dev import Dev
from lamina.engines.buildkit.dockerfile import PATH, Source, render_plan
from lamina.engines.buildkit.requirements import dependencies_of, requirements_of
from lamina.engines.buildkit.sdists import SdistsAsTheyAre
from lamina.engines.buildkit.sketch import beside, own_lock
from lamina.errors import CheckFailed, UsageError
from lamina.lock.read import find_lock
from lamina.project.read import read_project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help=f"write it there instead of printing it; {PATH} is usual",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="say whether FILE is up to date, and write nothing"
    )
    parser.add_argument(
        "--dev-group", default="dev", metavar="NAME",
        help="the dependency group that the target `dev` gets as well (default: dev)",
    )  # fmt: skip
    parser.add_argument(
        "--platform", default="", help="whose wheels decide the groups (default: this machine's)"
    )
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the Dockerfile, or write it and what stands beside it."""
    files = _files(options)
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
    workshop = replace(
        wiring.workshop(options.path, offline=options.offline, insecure=options.insecure_registry),
        sdists=SdistsAsTheyAre(),
    )
    with wiring.listening("plain") as step:
        plans = [make_plan(project, p, workshop, step) for p in platforms(options.platform)]
    path = _relative(options)
    has_any = bool(dependencies_of(plans[0]))
    lock, files = own_lock(project), dict[str, str]()
    if has_any and not lock:
        lock = beside(path)
        files[lock] = requirements_of(plans)
    source = Source(
        lock=lock if has_any else "",
        is_pinned=find_lock(project).is_pinned or bool(files),
        dev=Dev(group=_dev_group(options)),
        path=path,
    )
    return {path: render_plan(project, plans[0], source), **files}


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


def _dev_group(options: argparse.Namespace) -> str:
    path = options.path / "pyproject.toml"
    document = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    groups = document.get("dependency-groups", {})
    return options.dev_group if options.dev_group in groups else ""


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _check(path: Path, text: str) -> None:
    if not _is(path, text):
        raise CheckFailed(
            f"{path} is not what the project asks for now",
            hint="run `lamina dockerfile -o` again",
        )
