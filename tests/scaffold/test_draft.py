"""What becomes of a file that is there."""

import pytest

from lamina.scaffold.draft import Action, Change, Draft, change_of
from lamina.scaffold.marker import marked

_DRAFT = Draft(path="x", text="new\n")


def _change(old: str | None, *, is_forced: bool = False) -> Change:
    return change_of(_DRAFT, {} if old is None else {"x": old}, is_forced=is_forced)


def test_a_file_that_is_not_there_is_made() -> None:
    assert (_change(None).action, _change(None).new) == (Action.CREATE, marked("new\n"))


def test_what_we_wrote_before_is_brought_up_to_date() -> None:
    change = _change(marked("old\n"))

    assert (change.action, change.new) == (Action.UPDATE, marked("new\n"))


def test_what_is_the_same_is_not_written() -> None:
    change = _change(marked("new\n"))

    assert (change.action, change.old) == (Action.SAME, change.new)


@pytest.mark.parametrize(
    ("old", "action"),
    [(marked("old\n") + "edited\n", Action.EDITED), ("theirs\n", Action.FOREIGN)],
)
def test_what_somebody_wrote_stays_unless_forced(old: str, action: Action) -> None:
    kept, forced = _change(old), _change(old, is_forced=True)

    assert (kept.action, kept.new) == (action, old)
    assert (forced.action, forced.new) == (Action.REPLACE, marked("new\n"))
