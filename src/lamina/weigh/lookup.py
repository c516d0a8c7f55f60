"""Look alternatives up on the user's indexes, and weigh what these have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from lamina.errors import LaminaError, LockError
from lamina.lock.lock import Lock
from lamina.steps import Step
from lamina.weigh.graph import Graph
from lamina.weigh.survey import Scales
from lamina.weigh.swaps import (
    Alternative,
    Swap,
    changed_names,
    judge,
    question,
    read_alternatives,
    requirements_for,
)
from lamina.weigh.weight import Weight

Resolve = Callable[[str], Lock]
"""Turn the text of a requirements file into what the image would install."""


def known_alternatives() -> tuple[Alternative, ...]:
    """Read the list that comes with Lamina."""
    return read_alternatives(files("lamina.weigh").joinpath("alternatives.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Asks what would be installed with an alternative.

    ``pins`` maps what the index has to its version; ``options`` are lines that say where to look.
    """

    graph: Graph
    weights: Mapping[str, Weight]
    pins: Mapping[str, str]
    resolve: Resolve
    scales: Scales
    options: Sequence[str] = ()

    def look_up(self, alternative: Alternative, step: Step) -> tuple[Swap, int]:
        """Weigh what would come; return the bytes that were read for it, too."""
        old = self.weights[alternative.name]
        with step:
            try:
                lock = self._ask(alternative, old.version)
                versions = {wheel.name: wheel.version for wheel in lock.wheels}
                before = {name: weight.version for name, weight in self.weights.items()}
                new = changed_names(before, versions)
                survey = self.scales.weigh(
                    [wheel for wheel in lock.wheels if wheel.name in new], step.child("weigh")
                )
            except LaminaError as error:
                return Swap(
                    alternative=alternative,
                    version=old.version,
                    problem=_problem(alternative, error),
                ), 0
        after = {weight.name: weight for weight in survey.weights}
        swap = judge(alternative, self.graph, self.weights, after, frozenset(versions))
        return swap, survey.fetched

    def _ask(self, alternative: Alternative, version: str) -> Lock:
        """Ask for each requirement in turn; raise what was said of the last."""
        first, *others = requirements_for(alternative, version)
        try:
            return self._resolve(alternative, first)
        except LockError:
            if not others:
                raise
        return self._resolve(alternative, others[0])

    def _resolve(self, alternative: Alternative, requirement: str) -> Lock:
        text = question(alternative, requirement, self.graph, self.pins, options=self.options)
        lock = self.resolve(text)
        if lock.sdists:
            names = ", ".join(sdist.name for sdist in lock.sdists)
            raise LockError(f"{names} would have to be built from source")
        return lock


def _problem(alternative: Alternative, error: LaminaError) -> str:
    if not isinstance(error, LockError):
        return error.what
    if alternative.index:
        return f"your indexes have no such build; {alternative.index} does"
    return "your indexes have no version of it for this Python and platform that fits the others"
