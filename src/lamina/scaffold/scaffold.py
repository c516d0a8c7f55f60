"""Scaffold: from what is known of a project to the files that it gets beside its code; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from lamina.scaffold.dockerignore import PATH as IGNORED
from lamina.scaffold.dockerignore import dockerignore
from lamina.scaffold.draft import Action, Change, Draft, change_of
from lamina.scaffold.marker import Origin, origin
from lamina.scaffold.wanted import Wanted

INCLUDED: Final = "lamina.mk"
MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
"""Names of a Makefile, in the order in which make looks for them."""

_PLACEHOLDER: Final = re.compile(r"@\{([a-z]+)\}")
_RULE: Final = re.compile(r"^([A-Za-z][^:=#\t\n]*?)\s*::?(?![:=])", re.MULTILINE)
_OWN_NAMES: Final = {"own": "", "exported": "export LAMINA ENGINE\n", "told": ""}
_INCLUDED_NAMES: Final = {
    "own": "LAMINA_",
    "exported": "",
    "told": 'LAMINA="$(LAMINA)" ENGINE="$(LAMINA_ENGINE)" ',
}
_INCLUDE: Final = re.compile(rf"^-?include\s+{re.escape(INCLUDED)}\s*$", re.MULTILINE)
_LEAST_CONTEXT: Final = "docker/requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the files say of the project.

    ``name`` is the image's.  ``lock_arguments`` are those of `lamina lock` in this project.
    ``dockerfiles`` are the Dockerfile and what stands beside it, ``pipelines`` those of CI, each
    text by its path; other packages write them.  ``wanted`` is what no image may lack.
    """

    name: str
    lock_arguments: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    dockerfiles: Mapping[str, str] = field(default_factory=dict, hash=False)
    pipelines: Mapping[str, str] = field(default_factory=dict, hash=False)


def scaffold(facts: Facts, existing: Mapping[str, str], *, is_forced: bool) -> tuple[Change, ...]:
    """Decide what is written; ``existing`` are the texts of the files that are there."""
    drafts = [*_drafts(facts, existing)]
    changes = [change_of(draft, existing, is_forced=is_forced) for draft in drafts]
    changes = [*_without_companions(changes, facts)]
    makefile = foreign_makefile(existing)
    if makefile:
        changes.append(_with_include(makefile, existing[makefile]))
    return tuple(changes)


def paths(facts: Facts) -> tuple[str, ...]:
    """Name every file that :func:`scaffold` may look at."""
    return (*MAKEFILES, *(draft.path for draft in _drafts(facts, {"Makefile": ""})),
            "Makefile")  # fmt: skip


def foreign_makefile(existing: Mapping[str, str]) -> str:
    """Name the Makefile that somebody else wrote; empty where there is none."""
    found = next((name for name in MAKEFILES if name in existing), "")
    return found if found and origin(existing[found]) is Origin.FOREIGN else ""


def _drafts(facts: Facts, existing: Mapping[str, str]) -> Iterator[Draft]:
    values = {"name": facts.name, "lock": facts.lock_arguments}
    for path, text in facts.dockerfiles.items():
        yield Draft(path=path, text=text)
    beside = _LEAST_CONTEXT if _LEAST_CONTEXT in facts.dockerfiles else ""
    yield Draft(path=IGNORED, text=dockerignore(facts.wanted, beside=beside))
    yield _makefile(values, existing)
    for name in ("build.sh", "build-prod.sh"):
        yield Draft(path=f"scripts/{name}", text=_filled(_template(name), values), is_program=True)
    for path, text in facts.pipelines.items():
        yield Draft(path=path, text=text)


def _makefile(values: Mapping[str, str], existing: Mapping[str, str]) -> Draft:
    """Write a Makefile, or a part of the one that is there, without the targets that it has.

    Variables of the part have names of their own, and reach no other recipe: somebody's IMAGE is
    another image.
    """
    found = foreign_makefile(existing)
    taken = {*_targets(existing[found])} if found else set()
    head, *blocks = _template("Makefile").split("\n\n")
    kept = [block for block in blocks if taken.isdisjoint(_targets(block))]
    text = "\n\n".join([head, *kept]).rstrip("\n") + "\n"
    names = _INCLUDED_NAMES if found else _OWN_NAMES
    targets = [name for block in kept for name in _targets(block)]
    return Draft(
        path=INCLUDED if found else "Makefile",
        text=_filled(text, {**values, **names, "phony": " ".join(targets)}),
        is_yours_once_edited=not found,
    )


def _targets(text: str) -> list[str]:
    """Name what the rules of a Makefile make; one rule may have several targets."""
    rules = _RULE.findall(text.replace("\\\n", " "))
    return [name for targets in rules for name in targets.split()]


def _without_companions(changes: Sequence[Change], facts: Facts) -> Iterator[Change]:
    """Leave out what stands beside our Dockerfile where somebody else's is kept."""
    dockerfile, *companions = facts.dockerfiles or [""]
    foreign = {change.path for change in changes if change.action is Action.FOREIGN}
    for change in changes:
        if dockerfile not in foreign or change.path not in companions:
            yield change


def _with_include(path: str, text: str) -> Change:
    """Add one line to somebody's Makefile, at its end, so that its first target stays the first."""
    if _INCLUDE.search(text):
        return Change(path=path, action=Action.SAME, old=text, new=text)
    gap = "" if not text or text.endswith("\n") else "\n"
    new = f"{text}{gap}\ninclude {INCLUDED}\n"
    return Change(path=path, action=Action.UPDATE, old=text, new=new)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _template(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
