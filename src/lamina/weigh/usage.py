"""Which direct dependencies the project uses, and why we think so; pure.

To call something unused that is not breaks somebody's program, so whatever might be a use is one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from packaging.utils import canonicalize_name

from lamina.weigh.graph import Graph
from lamina.weigh.imports import Found
from lamina.weigh.weight import Weight

_DEVELOPMENT: Final = re.compile(
    r"(.*[-_])?(tests?|testing|dev(el)?|development|docs?|documentation|document|lint(ing)?|typing|"
    r"types|checking|benchmark(s|ing)?|examples?|tutorials?|notebooks?|build|release|ci|qa|style|"
    r"pre[-_]commit|coverage|mypy|tox|nox)([-_].*)?"
)
"""Extras that are for who works on the distribution, not for who uses it."""


class State(StrEnum):
    """What is known of a direct dependency; only ``UNUSED`` and ``TESTS`` are findings."""

    USED = "used"
    NEEDED = "needed by others"
    PLUGIN = "plugin"
    OPTIONAL = "maybe used by others"
    UNKNOWN = "not judged"
    TESTS = "only in tests"
    UNUSED = "never imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A direct dependency's state, and what speaks for it."""

    name: str
    state: State
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is to judge by.

    ``code`` is what the project's modules say, ``tests`` what only its tests do.  ``words`` are
    those of its settings and configuration files, each with its place.  ``loaded`` are modules
    that a run of the image really loaded.  ``implicit`` maps the names of distributions that
    nobody imports to how they come to be used all the same.  Without ``has_code`` nothing can be
    said.
    """

    code: Found = field(default_factory=Found)
    tests: Found = field(default_factory=Found)
    words: Mapping[str, str] = field(default_factory=dict, hash=False)
    loaded: Collection[str] = ()
    implicit: Mapping[str, str] = field(default_factory=dict, hash=False)
    has_code: bool = True


def judge(graph: Graph, weights: Mapping[str, Weight], evidence: Evidence) -> tuple[Use, ...]:
    """Judge each direct dependency, in the graph's order."""
    found = {name: _by_itself(weights[name], evidence) for name in graph.direct}
    while True:
        kept = graph.closure(name for name, use in found.items() if use is not None)
        new = {
            name: use
            for name, known in found.items()
            if known is None and (use := _by_others(name, graph, kept)) is not None
        }
        if not new:
            break
        found |= new
    return tuple(use or _finding(weights[name], evidence) for name, use in found.items())


def _by_itself(weight: Weight, evidence: Evidence) -> Use | None:
    """Find a reason to keep a dependency that has nothing to do with others."""
    for find in _REASONS:
        if (found := find(weight, evidence)) is not None:
            state, why = found
            return Use(name=weight.name, state=state, why=why)
    return None


_Reason = tuple[State, str]


def _no_code(_: Weight, evidence: Evidence) -> _Reason | None:
    return None if evidence.has_code else (State.UNKNOWN, "the project shows no Python code")


def _imported(weight: Weight, evidence: Evidence) -> _Reason | None:
    place = _import_of(weight, evidence.code)
    return (State.USED, f"imported by {place}") if place else None


def _loaded(weight: Weight, evidence: Evidence) -> _Reason | None:
    module = next((name for name in evidence.loaded if _is_of(name, weight)), None)
    return (State.USED, f"{module} was loaded by the image") if module else None


def _named(weight: Weight, evidence: Evidence) -> _Reason | None:
    for name, place in (*evidence.code.texts.items(), *evidence.words.items()):
        if _is_of(name, weight) or name in weight.scripts or _is_name(name, weight):
            return State.USED, f"{name!r} stands in {place}"
    return None


def _plugin(weight: Weight, _: Evidence) -> _Reason | None:
    return (State.PLUGIN, f"registers {', '.join(weight.groups)}") if weight.groups else None


def _implicit(weight: Weight, evidence: Evidence) -> _Reason | None:
    how = evidence.implicit.get(weight.name)
    return (State.OPTIONAL, how) if how else None


def _without_modules(weight: Weight, _: Evidence) -> _Reason | None:
    return None if weight.modules else (State.UNKNOWN, "it has no modules to import")


_REASONS: Final[tuple[Callable[[Weight, Evidence], _Reason | None], ...]] = (
    _no_code, _imported, _loaded, _named, _plugin, _implicit, _without_modules,
)  # fmt: skip


def _by_others(name: str, graph: Graph, kept: Iterable[str]) -> Use | None:
    """Find one of ``kept`` that needs the dependency, or might use it when it is there."""
    others = sorted(kept)
    for other in others:
        if name in graph.needs[other]:
            return Use(name=name, state=State.NEEDED, why=f"{other} requires it")
    for other in others:
        extra = graph.may_use[other].get(name)
        if extra is not None and not _DEVELOPMENT.fullmatch(extra):
            return Use(name=name, state=State.OPTIONAL, why=f"{other}[{extra}] names it")
    return None


def _finding(weight: Weight, evidence: Evidence) -> Use:
    if place := _import_of(weight, evidence.tests):
        return Use(name=weight.name, state=State.TESTS, why=f"imported by {place}")
    why = f"no module of the project imports {', '.join(weight.modules[:2])}"
    return Use(name=weight.name, state=State.UNUSED, why=why)


def _import_of(weight: Weight, found: Found) -> str:
    """Return the first place that imports the distribution."""
    places = [place for name, place in found.imports.items() if _is_of(name, weight)]
    places += [place for name, place in found.packages.items() if _is_near(name, weight)]
    return min(places, default="")


def _is_of(name: str, weight: Weight) -> bool:
    """Say whether a dotted name is one of the distribution's modules, or inside one.

    >>> _is_of("google.cloud.storage.Client", Weight(name="g", version="1", portions={},
    ...        modules=("google.cloud.storage",)))
    True
    """
    return any(name == module or name.startswith(f"{module}.") for module in weight.modules)


def _is_near(name: str, weight: Weight) -> bool:
    """Also accept a namespace above the distribution's modules."""
    return _is_of(name, weight) or any(m.startswith(f"{name}.") for m in weight.modules)


def _is_name(name: str, weight: Weight) -> bool:
    return str(canonicalize_name(name)) == weight.name


def loaded_modules(text: str) -> Iterator[str]:
    """Yield the module names that a report lists: words, one a line or in JSON, as in a list.

    >>> list(loaded_modules('{"modules": ["numpy", "numpy.linalg"]}'))
    ['modules', 'numpy', 'numpy.linalg']
    """
    yield from dict.fromkeys(re.findall(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", text))
