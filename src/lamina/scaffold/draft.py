"""Draft: a file that `lamina init` would write, and what becomes of the one that is there; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lamina.scaffold.marker import Origin, marked, origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """``text`` comes without the mark.

    What ``is_yours_once_edited`` is kept then even if replacing is forced.
    """

    path: str
    text: str
    is_program: bool = False
    is_yours_once_edited: bool = False


class Action(StrEnum):
    """What is done with a file; the last two leave it alone."""

    CREATE = "created"
    UPDATE = "updated"
    REPLACE = "replaced"
    SAME = "unchanged"
    EDITED = "kept, you edited it"
    FOREIGN = "kept, it is yours"


KEPT: Final = frozenset({Action.EDITED, Action.FOREIGN})
"""What leaves a file as somebody wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``old`` is what is there, ``new`` what will be; equal where nothing is done."""

    path: str
    action: Action
    old: str
    new: str
    is_program: bool = False


def change_of(draft: Draft, existing: Mapping[str, str], *, is_forced: bool) -> Change:
    """Decide what becomes of a draft; what somebody wrote stays, unless ``is_forced``."""
    new = marked(draft.text)
    old = existing.get(draft.path)
    action = _action(old, new, is_forced=is_forced and not draft.is_yours_once_edited)
    is_kept = action in KEPT
    return Change(
        path=draft.path,
        action=action,
        old=old or "",
        new=(old or "") if is_kept else new,
        is_program=draft.is_program,
    )


def _action(old: str | None, new: str, *, is_forced: bool) -> Action:
    if old is None:
        return Action.CREATE
    if old == new:
        return Action.SAME
    found = origin(old)
    if found is Origin.WRITTEN:
        return Action.UPDATE
    if is_forced:
        return Action.REPLACE
    return Action.EDITED if found is Origin.EDITED else Action.FOREIGN
