"""Divisions: the ways to divide wheels into layers, each with what it would have moved; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from lamina.lock.lock import LockedWheel
from lamina.lock.past import Pin
from lamina.plan.choose import Choice, choose, learnt
from lamina.plan.evidence import learn
from lamina.plan.grouping import Groups, expected_bytes
from lamina.plan.partition import partition
from lamina.plan.simulate import Divide, Moved, Past, replay

_ALONE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """One way to divide; ``expected`` are the bytes that the next change of the lock moves."""

    name: str
    layers: int
    moved: Moved
    expected: float
    is_in_use: bool = False
    is_best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The last ``replayed`` changes of a lock with each division, learnt from ``known`` changes."""

    replayed: int
    known: int
    divisions: tuple[Division, ...]
    choice: Choice
    guessed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def simulate(
    past: Past,
    history: Sequence[Mapping[str, Pin]],
    *,
    written: Groups = (),
    changes: int,
) -> Simulation:
    """Replay the last ``changes`` changes; ``written`` is what the project has written down."""
    wheels = past.states[0]
    sizes = {wheel.name: wheel.size for wheel in wheels}
    evidence = learn(sizes, history)
    now = _names(_by_groups(written, wheels))
    tried = learnt(sizes, evidence, now=now)
    choice = choose(tried.values(), sizes, evidence, now=now)
    states = past.states[: changes + 1]

    def division(name: str, divide: Divide, groups: Groups | None = None) -> Division:
        names = _names(divide(wheels))
        return Division(
            name=name,
            layers=len(names),
            moved=replay(states, divide),
            expected=expected_bytes(names, sizes, evidence),
            is_in_use=groups == written,
            is_best=groups is not None and groups == choice.groups,
        )

    chosen: list[tuple[str, Groups]] = [("classes of size", ())]
    chosen += [("as written down", written)] if written else []
    return Simulation(
        replayed=len(states) - 1,
        known=len(evidence.changes),
        divisions=(
            division("one layer", lambda wheels: [wheels]),
            division(f"one wheel a layer, up to {_ALONE}", _each_alone),
            *(
                division(name, partial(_by_groups, groups), groups)
                for name, groups in (*chosen, *tried.items())
            ),
        ),
        choice=choice,
        guessed=past.guessed,
        left_out=past.left_out,
    )


def _names(layers: Sequence[Sequence[LockedWheel]]) -> list[list[str]]:
    return [[wheel.name for wheel in layer] for layer in layers]


def _by_groups(groups: Groups, wheels: Sequence[LockedWheel]) -> list[Sequence[LockedWheel]]:
    return [layer.wheels for layer in partition(wheels, groups=groups)]


def _each_alone(wheels: Sequence[LockedWheel]) -> list[Sequence[LockedWheel]]:
    ordered = sorted(wheels, key=lambda wheel: (-wheel.size, wheel.name))
    alone: list[Sequence[LockedWheel]] = [(wheel,) for wheel in ordered[: _ALONE - 1]]
    rest = ordered[_ALONE - 1 :]
    return [*alone, rest] if rest else alone
