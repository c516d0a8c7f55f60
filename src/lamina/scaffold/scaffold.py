"""Scaffold: from what is known of a project to the files that it gets beside its code; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from lamina.scaffold.draft import Action, Change, Draft, change_of
from lamina.scaffold.marker import Origin, origin

INCLUDED: Final = "lamina.mk"
MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
"""Names of a Makefile, in the order in which make looks for them."""

_PLACEHOLDER: Final = re.compile(r"@\{([a-z]+)\}")
_TARGET: Final = re.compile(r"^([A-Za-z][\w-]*)\s*:(?!=)", re.MULTILINE)
_INCLUDE: Final = re.compile(rf"^-?include\s+{re.escape(INCLUDED)}\s*$", re.MULTILINE)
_LEAST_CONTEXT: Final = "docker/requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the files say of the project.

    ``name`` is the image's.  ``lock_arguments`` are those of `lamina lock` in this project.
    ``dockerfiles`` are the Dockerfile and what stands beside it, ``pipelines`` those of CI, each
    text by its path; other packages write them.
    """

    name: str
    lock_arguments: str = ""
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
    yield Draft(path=".dockerignore", text=_ignored(facts))
    yield _makefile(values, existing)
    for name in ("build.sh", "build-prod.sh"):
        yield Draft(path=f"scripts/{name}", text=_filled(_template(name), values), is_program=True)
    for path, text in facts.pipelines.items():
        yield Draft(path=path, text=text)


def _ignored(facts: Facts) -> str:
    text = _template("dockerignore")
    if _LEAST_CONTEXT not in facts.dockerfiles:
        return text
    return f"{text}\n# The Dockerfile installs these.\n!/{_LEAST_CONTEXT}\n"


def _makefile(values: Mapping[str, str], existing: Mapping[str, str]) -> Draft:
    """Write a Makefile, or a part of the one that is there, without the targets that it has."""
    found = foreign_makefile(existing)
    taken = set(_TARGET.findall(existing[found])) if found else set()
    head, *blocks = _template("Makefile").split("\n\n")
    kept = [block for block in blocks if not taken.intersection(_TARGET.findall(block)[:1])]
    targets = [name for block in kept for name in _TARGET.findall(block)[:1]]
    values = {**values, "phony": " ".join(targets)}
    text = "\n\n".join([head, *kept]).rstrip("\n") + "\n"
    return Draft(path=INCLUDED if found else "Makefile", text=_filled(text, values))


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
