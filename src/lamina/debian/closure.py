"""The packages that some packages need: a greedy resolver and an independent check, both pure.

Greedy means: no backtracking.  It is sound, because ``check`` looks at the result as if it
came from elsewhere; it may fail where a search would find a way, which no set that people
ask for did (339 sets were compared with apt's answers).
"""

import difflib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from lamina.debian.index import Available, Index
from lamina.debian.relation import Group, Relation
from lamina.debian.version import satisfies
from lamina.errors import ImageError, ProjectError

# Tells whether a package's dependency need not be followed: edges, never names, because
# another package may need the same name for real.
Ignore = Callable[[Available, Group], bool]
Chosen = Mapping[str, Available]


def closure(
    index: Index,
    roots: Sequence[str],
    *,
    architecture: str,
    ignore: Ignore,
    chosen: Chosen | None = None,
) -> dict[str, Available]:
    """Return ``chosen`` and what ``roots`` need beyond it, by name, checked.

    Raises ``ProjectError`` for a root that does not exist, ``ImageError`` when a dependency
    cannot be met or two packages conflict.
    """
    resolver = _Resolver(index, architecture, ignore, dict(chosen or {}))
    resolver.resolve(roots)
    check(resolver.chosen, architecture=architecture, ignore=ignore)
    return resolver.chosen


def check(chosen: Chosen, *, architecture: str, ignore: Ignore) -> None:
    """Raise ``ImageError`` unless every dependency is met and nothing conflicts."""
    available = _Providers(chosen.values(), architecture)
    problems = [
        f"{package.name} needs {_text(group)}"
        for package in chosen.values()
        for group in package.depends
        if not ignore(package, group) and not any(available.meets(r) for r in group)
    ] + [
        f"{package.name} conflicts with {other.name}"
        for package in chosen.values()
        for relation in package.conflicts
        for other in available.that_meet(relation)
        if other is not package
    ]
    if problems:
        raise ImageError(
            "these Debian packages cannot be in one image",
            hint="ask for fewer system packages, or for others",
            why="; ".join(problems),
        )


class _Providers:
    """Packages by every name that they answer to."""

    def __init__(self, packages: Iterable[Available], architecture: str) -> None:
        self._architecture = architecture
        self._by_name: dict[str, list[tuple[str | None, Available]]] = {}
        for package in packages:
            self.add(package)

    def add(self, package: Available) -> None:
        self._by_name.setdefault(package.name, []).append((package.version, package))
        for virtual in package.provides:
            entry = (virtual.version or None, package)
            self._by_name.setdefault(virtual.name, []).append(entry)

    def that_meet(self, relation: Relation) -> list[Available]:
        return [
            package
            for version, package in self._by_name.get(relation.name, ())
            if meets(package, version, relation, architecture=self._architecture)
        ]

    def meets(self, relation: Relation) -> bool:
        return bool(self.that_meet(relation))


def meets(
    package: Available, version: str | None, relation: Relation, *, architecture: str
) -> bool:
    """Tell whether ``package``, under a name with ``version``, meets ``relation``.

    A version bound is met only by a version: never by an unversioned Provides.
    """
    if relation.qualifier == "any":
        if package.field("Multi-Arch") != "allowed" and package.name == relation.name:
            return False
    elif relation.qualifier and relation.qualifier != architecture:
        return False
    if not relation.operator:
        return True
    return version is not None and satisfies(version, relation.operator, relation.version)


class _Resolver:
    """The work in progress of one closure."""

    def __init__(
        self, index: Index, architecture: str, ignore: Ignore, chosen: dict[str, Available]
    ) -> None:
        self._index = index
        self._architecture = architecture
        self._ignore = ignore
        self.chosen = chosen
        self._available = _Providers(chosen.values(), architecture)
        self._wanted: deque[tuple[str, Group]] = deque()
        self._deferred: deque[tuple[str, Group]] = deque()
        self._needed_by: dict[str, str] = {}

    def resolve(self, roots: Sequence[str]) -> None:
        for root in roots:
            self._choose(self._root(root), "")
        while self._wanted or self._deferred:
            if self._wanted:
                self._meet(*self._wanted.popleft())
            else:
                self._settle(*self._deferred.popleft())

    def _root(self, name: str) -> Available:
        package = self._index.candidate(name)
        if package is not None:
            return package
        providers = self._index.providers(name)
        if len(providers) == 1:
            return providers[0]
        if providers:
            names = ", ".join(one.name for one in providers[:8])
            raise ProjectError(
                f"{name} is a virtual package: several packages provide it",
                hint=f"name one of them: {names}",
            )
        close = difflib.get_close_matches(name, self._index.names(), n=3)
        raise ProjectError(
            f"there is no Debian package {name!r} in this suite",
            hint=f"did you mean {' or '.join(close)}?" if close else None,
        )

    def _meet(self, by: str, group: Group) -> None:
        """Take a plain dependency at once; put a choice off until all plain ones are known."""
        if any(self._available.meets(relation) for relation in group):
            return
        name = group[0].name
        if len(group) > 1 or self._index.providers(name):
            self._deferred.append((by, group))
        else:
            self._settle(by, group)

    def _settle(self, by: str, group: Group) -> None:
        if any(self._available.meets(relation) for relation in group):
            return
        for relation in group:
            package = self._best(relation)
            if package is not None:
                self._choose(package, by)
                return
        raise ImageError(
            f"{by} needs {_text(group)}, which no source of this suite has",
            hint="check that the host's apt configuration has the updates and security suites",
            why=" <- ".join(self._chain(by)),
        )

    def _best(self, relation: Relation) -> Available | None:
        real = self._index.candidate(relation.name)
        offers = [(real.version, real)] if real else []
        offers += [
            (virtual.version, provider)
            for provider in self._index.providers(relation.name)
            for virtual in provider.provides
            if virtual.name == relation.name
        ]
        for version, package in offers:
            if package.name not in self.chosen and meets(
                package, version or None, relation, architecture=self._architecture
            ):
                return package
        return None

    def _choose(self, package: Available, by: str) -> None:
        if package.name in self.chosen:
            return
        self.chosen[package.name] = package
        self._needed_by[package.name] = by
        self._available.add(package)
        self._wanted.extend(
            (package.name, group) for group in package.depends if not self._ignore(package, group)
        )

    def _chain(self, name: str) -> list[str]:
        chain = [name]
        while self._needed_by.get(chain[-1]):
            chain.append(self._needed_by[chain[-1]])
        return chain


def _text(group: Group) -> str:
    return " | ".join(map(str, group))
