"""A lock's history, replayed: what each push would have sent, and each node pulled."""

from collections.abc import Callable, Sequence

from lamina.lock.lock import LockedWheel
from lamina.plan.simulate import Divide, Moved, past_wheels, replay
from tests.plan.histories import bumped, pin, pins, wheel


def nothing(_: str) -> None:
    return None


def stored(sizes: dict[str, int]) -> Callable[[str], int | None]:
    return sizes.get


def together(*groups: str) -> Divide:
    def divide(wheels: Sequence[LockedWheel]) -> list[list[LockedWheel]]:
        return [[w for w in wheels if w.name in names] for names in groups]

    return divide


def replayed(states: list[list[LockedWheel]], divide: Divide) -> Moved:
    """Replay states that are given with the oldest first."""
    return replay([tuple(state) for state in reversed(states)], divide)


def test_a_changed_wheel_moves_its_layer_whole_and_no_other() -> None:
    old = [wheel("a", 100), wheel("b", 20), wheel("c", 3)]

    moved = replayed([old, bumped(old, "b", "2")], together("a", "bc"))

    assert (moved.pushes, moved.pulls) == ((23,), (23,))


def test_nodes_unpack_all_that_is_above_the_change() -> None:
    old = [wheel("a", 100), wheel("b", 20), wheel("c", 3)]

    low = replayed([old, bumped(old, "a", "2")], together("a", "b", "c"))
    high = replayed([old, bumped(old, "c", "2")], together("a", "b", "c"))

    assert (low.unpacks, high.unpacks) == ((123,), (3,))


def test_what_the_registry_has_from_before_is_pulled_and_not_pushed() -> None:
    old = [wheel("a", 100)]
    new = bumped(old, "a", "2")

    moved = replayed([old, new, old], together("a"))

    assert (moved.pushes, moved.pulls) == ((100, 0), (100, 100))


def test_a_layer_that_goes_moves_nothing_but_what_was_above_is_unpacked() -> None:
    moved = replayed(
        [[wheel("a", 1), wheel("b", 2)], [wheel("b", 2)]], lambda ws: [[w] for w in ws]
    )

    assert (moved.pushes, moved.pulls, moved.unpacks) == ((0,), (0,), (2,))


def test_a_history_of_one_moves_nothing() -> None:
    assert replayed([[wheel("a")]], together("a")) == Moved()
    assert replay([], together("a")) == Moved()


def test_past_wheels_have_the_size_that_the_store_knows() -> None:
    older = wheel("a", version="1")
    now = wheel("a", 50, version="2")

    past = past_wheels([now], [pins(a="2"), pins(a="1")], stored({str(older.digest): 40}))

    assert [[w.size for w in state] for state in past.states] == [[50], [40]]
    assert (past.guessed, past.left_out) == ((), ())


def test_or_the_size_that_the_lock_says_of_a_file_for_the_same_machines() -> None:
    history = [{"a": pin("a", "2", size=50)}, {"a": pin("a", "1", size=30)}]

    past = past_wheels([wheel("a", 50, version="2")], history, nothing)

    assert [[w.size for w in state] for state in past.states] == [[50], [30]]
    assert past.guessed == ()


def test_or_else_todays_size_and_that_is_said() -> None:
    past = past_wheels([wheel("a", 50, version="2")], [pins(a="2"), pins(a="1")], nothing)

    assert [[w.size for w in state] for state in past.states] == [[50], [50]]
    assert past.guessed == ("a 1",)


def test_a_distribution_that_is_gone_is_left_out_unless_its_size_is_known() -> None:
    history = [pins(a="1"), pins(a="1", b="1", c="1")]
    sizes = stored({str(wheel("b").digest): 7})

    past = past_wheels([wheel("a", 50)], history, sizes)

    assert [[(w.name, w.size) for w in state] for state in past.states] == [
        [("a", 50)],
        [("a", 50), ("b", 7)],
    ]
    assert past.left_out == ("c",)


def test_of_a_lock_that_pins_more_than_the_image_has_only_the_image_is_followed() -> None:
    """The locks of uv and Poetry also hold what development needs."""
    history = [pins(a="1", pytest="2"), pins(a="0", pytest="1", black="1")]

    past = past_wheels([wheel("a", 5)], history, lambda _: 9)

    assert [[w.name for w in state] for state in past.states] == [["a"], ["a"]]
    assert past.left_out == ()


def test_a_version_that_came_back_is_the_same_wheel() -> None:
    past = past_wheels([wheel("a", 5)], [pins(a="1"), pins(a="2"), pins(a="1")], nothing)

    first, _, last = past.states
    assert first == last
    assert past.guessed == ("a 2",)


def test_revisions_that_change_nothing_are_no_states() -> None:
    past = past_wheels([wheel("a", 5)], [pins(a="1"), pins(a="1"), pins(a="0")], nothing)

    assert len(past.states) == 2


def test_what_no_lock_pins_is_there_all_the_time() -> None:
    """A project beside this one is built from its folder, and never changes in a replay."""
    past = past_wheels([wheel("a", 5), wheel("beside", 9)], [pins(a="1"), pins(a="0")], nothing)

    assert [[w.name for w in state] for state in past.states] == [["a", "beside"]] * 2


def test_without_a_history_there_is_the_present() -> None:
    assert past_wheels([wheel("a")], [], nothing).states == ((wheel("a"),),)
