"""Lighter distributions that can stand in for others: what to ask, and what it saves; pure."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from lamina.weigh.cost import leaving_without
from lamina.weigh.graph import Graph
from lamina.weigh.weight import NOTHING, Portion, Weight, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What may stand in for ``name``; see ``alternatives.toml``."""

    name: str
    instead: str
    loses: str
    source: str
    local: str = ""
    index: str = ""
    is_drop_in: bool = True
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """An alternative that was looked up.

    ``requirement`` is what to write, with a version; empty, with a ``problem``, where it cannot be
    had.  ``saved`` counts what leaves, less what comes.  ``lost_modules`` could be imported before
    and cannot be afterwards.
    """

    alternative: Alternative
    version: str
    requirement: str = ""
    saved: Portion = NOTHING
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    lost_modules: tuple[str, ...] = ()
    is_same_version: bool = False
    problem: str = ""

    @property
    def is_lighter(self) -> bool:
        """It can be had, and saves something."""
        return bool(self.requirement) and self.saved.size > 0

    @property
    def is_drop_in(self) -> bool:
        """The code need not be changed for it."""
        return self.alternative.is_drop_in and not self.lost_modules


def read_alternatives(text: str) -> tuple[Alternative, ...]:
    """Read the list that comes with Lamina."""
    return tuple(
        Alternative(
            name=row["name"],
            instead=row["instead"],
            loses=row["loses"],
            source=row["source"],
            local=row.get("local", ""),
            index=row.get("index", ""),
            is_drop_in=row["drop-in"],
            architectures=tuple(row.get("arch", ())),
        )
        for row in tomllib.loads(text)["alternative"]
    )


def candidates(
    alternatives: Iterable[Alternative], graph: Graph, *, architecture: str
) -> tuple[Alternative, ...]:
    """Choose what is worth a question.

    Another name only helps for what the project names itself; another build of the same version
    does wherever it is required.
    """
    there = graph.closure(graph.direct)
    return tuple(
        a
        for a in alternatives
        if (a.name in graph.direct or (a.local and a.name in there))
        and (not a.architectures or architecture in a.architectures)
    )


def requirements_for(alternative: Alternative, version: str) -> tuple[str, ...]:
    """List what to ask for, best first: the same version, else a later one that promises as much.

    >>> requirements_for(Alternative(name="a", instead="a-cpu", loses="", source=""), "2.0.2")
    ('a-cpu==2.0.2', 'a-cpu>=2.0.2,<3')
    """
    public = Version(version).public
    if alternative.local:
        return (f"{alternative.instead}=={public}+{alternative.local}",)
    if not alternative.is_drop_in:
        return (alternative.instead,)
    following = Version(version).major + 1
    names = alternative.instead
    return f"{names}=={public}", f"{names}>={public},<{following}"


def question(
    alternative: Alternative,
    requirement: str,
    graph: Graph,
    pins: Mapping[str, str],
    *,
    options: Sequence[str] = (),
) -> str:
    """Write the requirements file that asks: all else as it is, and this instead.

    ``pins`` maps what the index has to its version; ``options`` say where to look.
    """
    gone = leaving_without(graph, alternative.name) | {alternative.name}
    kept = (f"{name}=={version}" for name, version in pins.items() if name not in gone)
    return "".join(f"{line}\n" for line in (*options, *kept, requirement))


def changed_names(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Name what has to be weighed anew; both map names to versions."""
    return frozenset(name for name, version in after.items() if before.get(name) != version)


def judge(
    alternative: Alternative,
    graph: Graph,
    weights: Mapping[str, Weight],
    after: Mapping[str, Weight],
    kept: frozenset[str],
) -> Swap:
    """Say what an answer saves.

    ``after`` are the weights of what is new or has another version, ``kept`` the names of all that
    the answer holds.
    """
    old = weights[alternative.name]
    name = str(canonicalize_name(Requirement(alternative.instead).name))
    new = after.get(name)
    if new is None or (name != alternative.name and alternative.name in kept):
        return Swap(
            alternative=alternative,
            version=old.version,
            problem=f"{_requirer(alternative, graph)} requires {alternative.name} itself",
        )
    left = leaving_without(graph, alternative.name) - (kept - {alternative.name})
    left |= {alternative.name} if name != alternative.name else frozenset()
    replaced = after.keys() & weights.keys()
    before_size = total(weights[n].total for n in left | replaced)
    after_size = total(weight.total for weight in after.values())
    return Swap(
        alternative=alternative,
        version=old.version,
        requirement=f"{alternative.instead}=={new.version}",
        saved=Portion(before_size.files - after_size.files, before_size.size - after_size.size),
        came=tuple(sorted(after.keys() - weights.keys())),
        left=tuple(sorted(left - replaced)),
        lost_modules=tuple(_lost(old, new)),
        is_same_version=Version(new.version).public == Version(old.version).public,
    )


def _requirer(alternative: Alternative, graph: Graph) -> str:
    found = (name for name in sorted(graph.needs) if alternative.name in graph.needs[name])
    return next(found, "another distribution")


def _lost(old: Weight, new: Weight) -> Iterator[str]:
    """Name the public modules that are gone."""
    yield from (m for m in old.modules if m not in new.modules and not m.startswith("_"))
