"""``lamina weigh``: what each dependency costs, which are not needed, and what is lighter."""

import argparse
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from os.path import relpath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from packaging.utils import canonicalize_name

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.cli.build_command import platforms
from lamina.cli.registries import add_registry_arguments
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.errors import ProjectError, UsageError
from lamina.lock.lock import Lock
from lamina.lock.select import select
from lamina.lock.target import Target
from lamina.project.budgets import parse_size
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import to_markdown
from lamina.reports.formats.terminal import to_terminal
from lamina.weigh.direct import Direct, find_direct, text_of
from lamina.weigh.document import weighing_document, why_document
from lamina.weigh.edits import Change, changed, unified_diff
from lamina.weigh.evidence import loaded_names
from lamina.weigh.project import Instruments, weigh_project
from lamina.weigh.swaps import Swap
from lamina.weigh.weighing import Weighing

_FORMATS: Final[Mapping[str, Callable[[Document], str]]] = {
    "text": to_terminal,
    "json": to_json,
    "markdown": to_markdown,
}
_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    add_variant_argument(parser)
    parser.add_argument("--platform", default="", help="default: this machine's")
    parser.add_argument("--why", metavar="NAME", help="say what brings a distribution in")
    parser.add_argument(
        "--loaded", type=Path, metavar="FILE",
        help="a list of modules that a run of the image loaded: these are used",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=_size, metavar="SIZE",
        help="500MB: more than that is an error (exit code 1), and who broke it is named",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="list the indirect dependencies as well")
    parser.add_argument(
        "--format", choices=tuple(_FORMATS), default="text", help="for people or for programs"
    )
    parser.add_argument(
        "--apply", action="store_true",
        help="print the swaps as a diff of the file that lists the dependencies, and nothing else",
    )  # fmt: skip
    parser.add_argument(
        "--drop", action="append", default=[], metavar="NAME",
        help="take this dependency out in the diff of --apply; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--other-versions", action="store_true",
        help="let --apply take swaps that there are only of another version: test them",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="make the change of --apply")
    parser.add_argument(
        "--offline", action="store_true", help="use nothing but the store, and look up no swaps"
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Weigh; exit code 1 says that the budget is broken."""
    if (options.write or options.drop) and not options.apply:
        raise UsageError("--write and --drop belong to --apply")
    if len(platforms(options.platform)) != 1:
        raise UsageError("one platform is weighed at a time", hint="run it once for each")
    project = read_project(options.path, options.variant)
    weighing = _weigh(project, options)
    if options.apply:
        return _apply(weighing, find_direct(project), options)
    document = _document(weighing, options)
    print(_FORMATS[options.format](document))
    return int(options.budget is not None and weighing.total.size > options.budget)


def _weigh(project: Project, options: argparse.Namespace) -> Weighing:
    (platform,) = platforms(options.platform)
    is_offline: bool = options.offline
    workshop = wiring.workshop(options.path, offline=is_offline, insecure=options.insecure_registry)
    instruments = Instruments(
        opener=wiring.wheel_parts(options.path, offline=is_offline),
        store=workshop.store,
        resolve=None if is_offline else partial(_resolve, options.path),
    )
    loaded = _loaded(options.loaded)
    with wiring.listening("plain") as step:
        plan = make_plan(project, platform, workshop, step)
        return weigh_project(project, plan, instruments, step, loaded=loaded)


def _resolve(directory: Path, text: str, target: Target) -> Lock:
    uv = wiring.uv_program(is_pinned=False)
    with TemporaryDirectory(prefix="lamina-") as folder:
        listed = Path(folder) / "requirements.in"
        listed.write_text(text, encoding="utf-8")
        found = uv.resolve(listed, target, with_dependencies=True, directory=directory)
    return select(tomllib.loads(found), target, name="alternative", is_pinned=False)


def _document(weighing: Weighing, options: argparse.Namespace) -> Document:
    if options.why is None:
        has_all = options.all or options.format == "json"
        return weighing_document(weighing, budget=options.budget, has_all=has_all)
    name = str(canonicalize_name(options.why))
    if name not in weighing.weights:
        raise UsageError(f"the lock has no {options.why}")
    return why_document(weighing, name)


def _apply(weighing: Weighing, direct: Direct, options: argparse.Namespace) -> int:
    """Print the change, and make it if that is asked for; the lock is left to ``lamina lock``."""
    if direct.path is None:
        raise ProjectError(
            "there is no list of dependencies that could be changed",
            where=str(options.path),
            hint="a lock is made from requirements.in or from pyproject.toml",
        )
    swaps = weighing.promising if options.other_versions else weighing.swappable
    changes = {swap.alternative.name: _change(swap) for swap in swaps}
    dropped = [str(canonicalize_name(name)) for name in options.drop]
    if unknown := [name for name in dropped if name not in direct.names]:
        raise UsageError(f"{direct.path.name} does not list {', '.join(unknown)}")
    changes |= dict.fromkeys(dropped, Change())
    edited = [_edited(path, changes) for path in direct.paths]
    for path, old, new in (row for row in edited if row[1] != row[2]):
        print(unified_diff(old, new, name=relpath(path, direct.path.parent)), end="")
        if options.write:
            _write(path, new)
        done = "changed" if options.write else "not changed: --write does it"
        print(f"{path}: {done}; then run `lamina lock`, and test", file=sys.stderr)
    if all(old == new for _, old, new in edited):
        print("nothing to change", file=sys.stderr)
    return 0


def _edited(path: Path, changes: Mapping[str, Change]) -> tuple[Path, str, str]:
    old = text_of(path)
    return path, old, changed(old, changes, is_toml=path.suffix == ".toml")


def _write(path: Path, text: str) -> None:
    """Write where a link leads, and let who may read it do so."""
    place = path.resolve()
    mode = place.stat().st_mode & 0o777
    with incoming(place.parent) as out:
        out.file.write(text.encode())
        out.commit(place, mode=mode)


def _change(swap: Swap) -> Change:
    """Leave platforms alone that the alternative is not for."""
    machines = [_MACHINES[name] for name in swap.alternative.architectures]
    return Change(new=swap.requirement, machine=machines[0] if machines else "")


def _loaded(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return loaded_names(path.read_text("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", where=str(path)) from error


def _size(text: str) -> int:
    size = parse_size(text.strip())
    if size is None:
        raise argparse.ArgumentTypeError(f"expected a size such as 500MB, got {text!r}")
    return size
