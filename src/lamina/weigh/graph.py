"""Who requires whom in one environment, as METADATA and the project say; pure."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lamina.weigh.weight import Weight

Environment = Mapping[str, str]
"""The values of environment markers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Distributions by name.

    ``direct`` are those that the project names itself, ``needs`` maps each to those that it
    requires, with the extras that somebody asked for.  ``may_use`` maps each to those that an extra
    of it names which nobody asked for, and that extra.
    """

    direct: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]] = field(hash=False)
    may_use: Mapping[str, Mapping[str, str]] = field(hash=False)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """List ``names`` and all that they require."""
        seen: set[str] = set()
        waiting = [name for name in names if name in self.needs]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self.needs[name]
        return frozenset(seen)

    @property
    def orphans(self) -> tuple[str, ...]:
        """What is there although nothing requires it."""
        return tuple(sorted(self.needs.keys() - self.closure(self.direct)))

    def chain(self, start: str, name: str) -> tuple[str, ...]:
        """Return the shortest way from ``start`` to ``name``, both included; () for none."""
        before = {start: ""}
        waiting = deque([start])
        while waiting:
            current = waiting.popleft()
            if current == name:
                return tuple(_way_back(before, name))[::-1]
            for other in self.needs.get(current, ()):
                if other not in before:
                    before[other] = current
                    waiting.append(other)
        return ()


def make_graph(
    weights: Iterable[Weight], direct: Sequence[Requirement], environment: Environment
) -> Graph:
    """Evaluate the requirements of all distributions for ``environment``.

    Extras add up over all who ask for them, as installers do it.  Requirements that are not valid,
    or of what is not there, count for nothing.  Without ``direct`` requirements, those are direct
    that nobody else requires.
    """
    known = {weight.name: weight for weight in weights}
    parsed = {name: tuple(_requirements(w)) for name, w in known.items()}
    wanted = [r for r in direct if _name(r) in known and _applies(r, environment, [""])]
    named = dict.fromkeys(_name(r) for r in wanted)
    asked = {(name, "") for name in known} | {(_name(r), x) for r in wanted for x in r.extras}
    extras = _all_extras(parsed, environment, asked)
    needs = {
        name: tuple(sorted(_needed(name, parsed[name], extras[name], environment) & known.keys()))
        for name in known
    }
    may_use = {
        name: _optional(known[name], parsed[name], environment, set(needs[name])) for name in known
    }
    if not direct:
        named = dict.fromkeys(_unrequired(needs))
    return Graph(direct=tuple(named), needs=needs, may_use=may_use)


_Parsed = Mapping[str, tuple[Requirement, ...]]


def _all_extras(
    parsed: _Parsed, environment: Environment, asked: set[tuple[str, str]]
) -> dict[str, set[str]]:
    """Follow extras from who asks for them to what that asks for in turn."""
    extras: dict[str, set[str]] = {name: set() for name in parsed}
    waiting = sorted(asked)
    while waiting:
        name, extra = waiting.pop()
        if name not in extras or extra in extras[name]:
            continue
        extras[name].add(extra)
        for requirement in parsed[name]:
            if _applies(requirement, environment, [extra]):
                waiting += ((_name(requirement), inner) for inner in requirement.extras)
    return extras


def _needed(
    name: str, requirements: Iterable[Requirement], extras: Iterable[str], environment: Environment
) -> set[str]:
    chosen = (r for r in requirements if _applies(r, environment, extras))
    return {_name(r) for r in chosen} - {name}


def _optional(
    weight: Weight, requirements: Iterable[Requirement], environment: Environment, needed: set[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for requirement in requirements:
        for extra in weight.extras:
            name = _name(requirement)
            if name not in needed and _applies(requirement, environment, [extra]):
                found.setdefault(name, extra)
    return found


def _requirements(weight: Weight) -> Iterator[Requirement]:
    for text in weight.requires:
        try:
            yield Requirement(text)
        except (InvalidRequirement, RecursionError):
            continue


def _applies(requirement: Requirement, environment: Environment, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    if marker is None:
        return True
    try:
        return any(marker.evaluate({**environment, "extra": extra}) for extra in extras)
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError):
        return False  # such as python_version ~= "soon"


def _name(requirement: Requirement) -> str:
    return str(canonicalize_name(requirement.name))


def _unrequired(needs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Choose where to begin so that everything is reached; of a circle, the first name."""
    required = {other for others in needs.values() for other in others}
    starts = sorted(needs.keys() - required)
    graph = Graph(direct=(), needs={n: tuple(v) for n, v in needs.items()}, may_use={})
    reached = set(graph.closure(starts))
    yield from starts
    for name in sorted(needs):
        if name not in reached:
            reached |= graph.closure([name])
            yield name


def _way_back(before: Mapping[str, str], name: str) -> Iterator[str]:
    while name:
        yield name
        name = before[name]
