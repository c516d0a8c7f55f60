"""A replayed history for people and for programs."""

from dataclasses import asdict
from typing import Any, Final

from lamina.plan.divisions import Division, Simulation

_SHOWN: Final = 8


def simulation_text(
    simulation: Simulation, *, lock: str, platform: str, notes: tuple[str, ...]
) -> str:
    """Draw the ways to divide as a table: bytes that all replayed changes moved, in MB."""
    count = simulation.replayed
    width = max(len(_title(division)) for division in simulation.divisions)
    lines = [f"the last {count} changes of {lock}, replayed for {platform}:", ""]
    lines.append(f"{'':<{width}}  layers      pushed      pulled    unpacked  next change")
    lines += [
        f"{_title(division):<{width}}  {division.layers:>6}"
        f"{_mb(sum(division.moved.pushes))}{_mb(sum(division.moved.pulls))}"
        f"{_mb(sum(division.moved.unpacks))} {_mb(division.expected)}"
        for division in simulation.divisions
    ]
    lines += ["", simulation.choice.why, *notes, *_notes(simulation)]
    return "\n".join(lines)


def nothing_text(notes: tuple[str, ...], *, lock: str) -> str:
    """Say that there is nothing to replay, and why."""
    why = "; ".join(notes) or "no earlier revision pins anything else"
    return f"no change of {lock} is known: {why}"


def simulation_to_json(simulation: Simulation | None, notes: tuple[str, ...]) -> dict[str, Any]:
    """Write a simulation as JSON values; sizes are in bytes, changes from the oldest on."""
    if simulation is None:
        return {"replayed": 0, "notes": notes}
    return {
        "replayed": simulation.replayed,
        "known": simulation.known,
        "divisions": [_division(division) for division in simulation.divisions],
        "best": simulation.choice.groups,
        "why": simulation.choice.why,
        "trial": asdict(simulation.choice.trial) if simulation.choice.trial else None,
        "guessedSizes": simulation.guessed,
        "leftOut": simulation.left_out,
        "notes": notes,
    }


def _division(division: Division) -> dict[str, Any]:
    return {
        "name": division.name,
        "layers": division.layers,
        "isInUse": division.is_in_use,
        "isBest": division.is_best,
        "pushed": division.moved.pushes,
        "pulled": division.moved.pulls,
        "unpacked": division.moved.unpacks,
        "expected": round(division.expected),
    }


def _title(division: Division) -> str:
    marks = [*(["in use"] if division.is_in_use else []), *(["best"] if division.is_best else [])]
    return f"{division.name} ({', '.join(marks)})" if marks else division.name


def _notes(simulation: Simulation) -> list[str]:
    notes, trial = [], simulation.choice.trial
    if trial:
        notes.append(
            f"a trial: learnt from the older {trial.older} changes alone, the newer {trial.newer} "
            f"would have moved {trial.learnt / 1e6:.1f} MB, and as in use "
            f"{trial.in_use / 1e6:.1f} MB"
        )
    if simulation.guessed:
        notes.append(f"taken to be as large as the version of today: {_some(simulation.guessed)}")
    if simulation.left_out:
        notes.append(f"left out, for their size is not known: {_some(simulation.left_out)}")
    return notes


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _mb(size: float) -> str:
    return f"{size / 1e6:9.1f} MB"
