"""``lamina plan --simulate``: a lock's history, replayed with several divisions into layers."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lamina.cli.lock_files import write_lock_file
from lamina.cli.lock_history import lock_history, sizes_in
from lamina.cli.simulation_text import nothing_text, simulation_text, simulation_to_json
from lamina.errors import UsageError
from lamina.oci.platform import Platform
from lamina.plan.divisions import Simulation, simulate
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.plan.serialize import plan_to_json
from lamina.plan.simulate import past_wheels
from lamina.project.lock_file import LockFile
from lamina.project.project import Project
from lamina.store.store import Store

_CHANGES: Final = 20
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replayed:
    """A simulation of one platform's plan, None where no change is known; ``notes`` say why."""

    lock: str
    platform: str
    simulation: Simulation | None
    notes: tuple[str, ...]


def add_simulating_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument(
        "--simulate", nargs="?", type=_count, const=_CHANGES, metavar="N",
        help="replay the lock's last N changes, as git knows them, with several divisions into "
        f"layers, and say what each would have moved (N without a number: {_CHANGES})",
    )  # fmt: skip
    parser.add_argument(
        "--apply", action="store_true",
        help="with --simulate, write the best division down in lamina.lock.toml, if it pays",
    )  # fmt: skip


def check_simulating(options: argparse.Namespace, chosen: Sequence[Platform]) -> None:
    """Raise ``UsageError`` for arguments that do not go together."""
    if options.apply and not options.simulate:
        raise UsageError("--apply writes what --simulate found: give both")
    if options.apply and len(chosen) > 1:
        raise UsageError(
            "the layers are written down once, for all platforms",
            hint="give the --platform whose bytes count",
        )
    if options.simulate and options.against:
        raise UsageError("--simulate is about past pushes, --against about the next: give one")


def show_simulations(
    project: Project, plans: Sequence[BuildPlan], store: Store, options: argparse.Namespace
) -> None:
    """Print a simulation for each plan, and write down what the first one chose, if asked to."""
    found = [_replayed(project, plan, store, changes=options.simulate) for plan in plans]
    if options.format == "json":
        rows = [
            {**plan_to_json(plan), "simulation": simulation_to_json(one.simulation, one.notes)}
            for plan, one in zip(plans, found, strict=True)
        ]
        print(json.dumps(rows, indent=2))
    else:
        print("\n\n".join(map(_told, found)))
    if options.apply:
        said = sys.stderr if options.format == "json" else sys.stdout
        print(_write_best(project, found[0]), file=said)


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > _DIGITS or not int(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of changes; the project's folder comes first: "
            "lamina plan PATH --simulate"
        )
    return int(text)


def _replayed(project: Project, plan: BuildPlan, store: Store, *, changes: int) -> _Replayed:
    """Replay the last ``changes`` changes of the project's lock; nothing is fetched."""
    base, path = plan.base, project.requirements
    target = base.target
    history = lock_history(path, target)
    layers = [x for x in plan.layers if isinstance(x, WheelLayer) and not x.is_own]
    wheels = [wheel for layer in layers for wheel in layer.wheels]
    past = past_wheels(wheels, history.pins, sizes_in(store))
    simulation = None
    if len(past.states) > 1:
        simulation = simulate(past, history.pins, written=project.layers, changes=changes)
    return _Replayed(
        lock=path.name if path else "the lock",
        platform=str(base.platform),
        simulation=simulation,
        notes=history.notes,
    )


def _told(found: _Replayed) -> str:
    if found.simulation is None:
        return nothing_text(found.notes, lock=found.lock)
    return simulation_text(
        found.simulation, lock=found.lock, platform=found.platform, notes=found.notes
    )


def _write_best(project: Project, found: _Replayed) -> str:
    choice = found.simulation.choice if found.simulation else None
    if choice is None or choice.groups is None:
        return "nothing is written"
    new = LockFile(base_pins=project.base_pins, layers=choice.groups)
    path = write_lock_file(project, new)
    return f"{path}: {len(choice.groups)} layers of distributions, to be committed"
