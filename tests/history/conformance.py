"""What every database of a history does alike; each test class of one inherits this."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from lamina.errors import StoreError, UsageError
from lamina.history.database import History
from lamina.history.document import record_to_json
from lamina.history.fold import Header, fold
from lamina.history.query import Wanted
from lamina.history.record import BuildOutcome, BuildRecord, StepOutcome
from lamina.history.scope import BUILDS
from lamina.plan.component import Component
from tests.history.builds import COLD, WARM, build, layer, step

OpenHistory = Callable[[], History]


def native(id_: str, started: float, *, warm: bool = False) -> BuildRecord:
    record = fold(Header(id=id_, engine="native", names=("shop:1",)), WARM if warm else COLD)
    return replace(record, started=started)


class HistoryConformance:
    """Inherit, and give the fixture ``open_history`` that opens one and the same database."""

    def test_a_record_comes_back_as_it_was_added(self, open_history: OpenHistory) -> None:
        record = native("aa11", 100.0)
        with open_history() as history:
            assert history.add([record]) == 1

        with open_history() as history:
            assert record_to_json(history.record("aa11")) == record_to_json(record)

    def test_a_build_is_added_once(self, open_history: OpenHistory) -> None:
        record = native("aa11", 100.0)
        with open_history() as history:
            history.add([record])

            assert history.add([record, native("bb22", 200.0)]) == 1
            assert len(history.rows(Wanted())) == 2

    def test_a_row_holds_what_people_ask_for(self, open_history: OpenHistory) -> None:
        record = replace(native("aa11", 100.0), branch="main", revision="0" * 40, ci="github",
                         host="box", context_bytes=9)  # fmt: skip
        with open_history() as history:
            history.add([record])
            (row,) = history.rows(Wanted())

        assert (row.id, row.started, row.seconds, row.outcome) == ("aa11", 100, 15, "done")
        assert (row.engine, row.project, row.names, row.platforms) == (
            "native", "shop", "shop:1", "linux/amd64",
        )  # fmt: skip
        assert (row.branch, row.revision, row.ci, row.host) == ("main", "0" * 40, "github", "box")
        assert (row.image_bytes, row.layer_bytes, row.pull_bytes) == (451, 451, 451)
        assert (row.fetched_bytes, row.pushed_bytes, row.context_bytes) == (50, 50, 9)
        assert (row.step_hit, row.time_hit, row.saved_seconds) == (0, 0, 0)
        assert (row.reuse, row.reuse_above_base) == (None, None)
        assert row.digest == record.digest

    def test_a_build_is_measured_against_those_before_it(self, open_history: OpenHistory) -> None:
        """Whether they come together, in whatever order, or one by one."""
        with open_history() as history:
            history.add([native("bb22", 200.0, warm=True), native("aa11", 100.0)])
        with open_history() as history:
            history.add([native("cc33", 300.0, warm=True)])
            rows = history.rows(Wanted())

        assert [row.id for row in rows] == ["cc33", "bb22", "aa11"]
        assert [row.time_hit for row in rows] == [1, 1, 0]
        assert [row.saved_seconds for row in rows] == [12, 12, 0]
        assert [row.reuse for row in rows] == [1, 1, None]
        assert [row.pull_bytes for row in rows] == [0, 0, 451]

    def test_other_projects_and_engines_are_not_compared(self, open_history: OpenHistory) -> None:
        other = replace(native("bb22", 200.0, warm=True), project="other")
        traced = replace(native("cc33", 300.0, warm=True), kind="trace", engine="buildkit")
        with open_history() as history:
            history.add([native("aa11", 100.0), other, traced])

            rows = history.rows(Wanted())

        assert [row.reuse for row in rows] == [None, None, None]
        assert [row.saved_seconds for row in rows] == [0, 0, 0]

    def test_a_failed_build_is_not_what_the_next_is_compared_with(
        self, open_history: OpenHistory
    ) -> None:
        failed = replace(native("bb22", 200.0), outcome=BuildOutcome.FAILED, layers=())
        with open_history() as history:
            history.add([native("aa11", 100.0), failed, native("cc33", 300.0, warm=True)])

            assert history.rows(Wanted())[0].reuse == 1
            before = history.before(native("dd44", 250.0))
            assert before is not None
            assert before.id == "aa11"

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (Wanted(), "dcba"),
            (Wanted(limit=2), "dc"),
            (Wanted(project="shop"), "ca"),
            (Wanted(branch="main"), "db"),
            (Wanted(image="r/web:2"), "b"),
            (Wanted(image="r/web"), "db"),
            (Wanted(image="web"), ""),
            (Wanted(image="r/web:"), ""),
            (Wanted(since=250.0), "dc"),
            (Wanted(before=300.0), "ba"),
            (Wanted(before=0.0), ""),
            (Wanted(outcome="failed"), "c"),
            (Wanted(project="shop", since=250.0), "c"),
            (Wanted(project="' OR 1=1 --"), ""),
        ],
    )
    def test_builds_are_selected(
        self, open_history: OpenHistory, wanted: Wanted, found: str
    ) -> None:
        with open_history() as history:
            history.add(
                [
                    build("a", 100.0, project="shop"),
                    build("b", 200.0, branch="main", names=("x", "r/web:2")),
                    build("c", 300.0, project="shop", outcome=BuildOutcome.FAILED),
                    build("d", 400.0, branch="main", names=("r/web:3",)),
                ]
            )

            assert "".join(row.id for row in history.rows(wanted)) == found
            assert "".join(record.id for record in history.records(wanted)) == found

    def test_a_build_is_found_by_what_people_call_it(self, open_history: OpenHistory) -> None:
        with open_history() as history:
            history.add([build("aa11", 100.0), build("aa22", 200.0), build("bb33", 300.0)])

            assert history.find("last").id == "bb33"
            assert history.find("previous").id == "aa22"
            assert history.find("aa11").id == "aa11"
            assert history.find("b").id == "bb33"
            for text, message in (
                ("aa", "several builds"), ("x", "no build is called"), ("%", "no build"),
                ("_a11", "no build"),
            ):  # fmt: skip
                with pytest.raises(UsageError, match=message):
                    history.find(text)

    def test_an_id_that_is_the_start_of_another_can_be_named(
        self, open_history: OpenHistory
    ) -> None:
        with open_history() as history:
            history.add([build("aa", 100.0), build("aa22", 200.0)])

            assert history.find("aa").id == "aa"

    def test_an_empty_history_has_no_last_build(self, open_history: OpenHistory) -> None:
        with open_history() as history:
            assert history.rows(Wanted()) == []
            with pytest.raises(UsageError, match="no last build"):
                history.find("last")

    def test_text_that_databases_refuse_is_kept_in_the_record(
        self, open_history: OpenHistory
    ) -> None:
        record = build(
            "aa", 1.0, project="a\0b\udc80", names=("x\ny", "\u2028"), branch="caf\u00e9"
        )
        with open_history() as history:
            history.add([record])

            assert history.record("aa") == record
            (row,) = history.rows(Wanted(branch="caf\u00e9"))
            assert row.project == "ab?"
            assert row.names == "x y\n\u2028"

    def test_numbers_beyond_all_reason_are_no_error(self, open_history: OpenHistory) -> None:
        huge = layer("x", 2**63 - 1, Component.BASE)
        record = build("aa", 1e12, seconds=1e12, layers=(huge, layer("y", 2**63 - 1)),
                       steps=(step("a", 1e12), step("b", 1e12, cached=True)))  # fmt: skip
        with open_history() as history:
            history.add([record])

            assert history.rows(Wanted())[0].layer_bytes == 2**63 - 1

    def test_a_build_dated_in_the_future_is_not_the_last_for_ever(
        self, open_history: OpenHistory
    ) -> None:
        """Nor are its steps' costs those of the last runs for ever."""
        day = 86400.0
        with open_history() as history:
            history.add([native("ff", 1e11), native("ee", 10 * day + 1)], now=10 * day)
            for number in range(5):
                history.add([native(f"a{number}", (11 + number) * day)], now=(11 + number) * day)

            started = {row.id: row.started for row in history.rows(Wanted())}
            samples = history.samples("build native shop")

            assert history.find("last").id == "a4"
            assert (started["ff"], started["ee"]) == (10 * day, 10 * day + 1)
            assert history.record("ff").started == 10 * day
        runs = [when for found in samples.values() for when, _ in found]
        assert max(runs) == 15 * day

    def test_a_build_of_tomorrow_keeps_its_date(self, open_history: OpenHistory) -> None:
        """Clocks and time zones of machines are apart."""
        with open_history() as history:
            history.add([native("ff", 80_000.0)], now=10.0)

            assert history.rows(Wanted())[0].started == 80_000.0

    def test_a_block_that_fails_adds_nothing(self, open_history: OpenHistory) -> None:
        def broken() -> list[BuildRecord]:
            return [build("aa", 1.0), build("bb", 2.0, steps=None)]

        with open_history() as history, pytest.raises(TypeError):
            history.add(broken())

        with open_history() as history:
            assert history.rows(Wanted()) == []
            assert history.add([build("aa", 1.0)]) == 1

    def test_many_writers_at_once_lose_nothing(self, open_history: OpenHistory) -> None:
        errors: list[Exception] = []

        def write(number: int) -> None:
            try:
                for n in range(5):
                    with open_history() as history:
                        history.add([native(f"{number}{n}", 100.0 + n)])
            except StoreError as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        with open_history() as history:
            assert (len(history.rows(Wanted())), errors) == (20, [])

    def test_builds_for_other_platforms_are_not_compared(self, open_history: OpenHistory) -> None:
        """A build for one platform has half of the bytes of one for two; their order is no other.

        One that failed is compared all the same: it may not have come to know its platforms.
        """
        both, turned = ("linux/amd64", "linux/arm64"), ("linux/arm64", "linux/amd64")
        main = replace(native("aa11", 100.0), platforms=both)
        request = native("bb22", 200.0)
        again = replace(native("cc33", 300.0), platforms=turned)
        failed = replace(native("dd44", 400.0), platforms=(), outcome=BuildOutcome.FAILED)
        with open_history() as history:
            history.add([main, request, again])

            rows = history.rows(Wanted())
            before = [history.before(record) for record in (again, request, failed)]

        assert [row.reuse for row in rows] == [1, None, None]
        assert [record.id if record else "" for record in before] == ["aa11", "", "cc33"]

    def test_a_build_that_comes_late_is_compared_with_the_one_before_it(
        self, open_history: OpenHistory
    ) -> None:
        """Not with the one that came with it."""
        with open_history() as history:
            history.add([native("bb22", 200.0)])
            changed = replace(native("aa11", 100.0), layers=(layer("other", 451),))
            history.add([changed, native("cc33", 300.0)])

            assert [row.reuse for row in history.rows(Wanted())] == [1, None, None]

    def test_a_build_of_very_many_steps_is_recorded(self, open_history: OpenHistory) -> None:
        """PostgreSQL takes 65,535 values at a time, so that the second was one too many for it."""
        steps = tuple(step(str(number), 1.0) for number in range(25_000))
        with open_history() as history:
            for id_ in ("aa", "bb"):
                history.add([build(id_, 1.0, steps=steps, seconds=1.0)])

            assert len(history.samples("build  ")) == 25_000

    def test_a_step_with_a_long_text_is_recorded(self, open_history: OpenHistory) -> None:
        """A whole script may be in a RUN; an index takes some kilobytes."""
        texts = ["".join(f"{n * n * 7919:x}" for n in range(2000)) + end for end in "ab"]
        steps = [replace(step(text[-1], 5.0), text=text) for text in texts]
        hits = [replace(one, outcome=StepOutcome.CACHED, seconds=0.0) for one in steps]
        with open_history() as history:
            history.add([build("aa", 1.0, steps=tuple(steps)), build("bb", 2.0, steps=(hits[0],))])

            assert history.rows(Wanted())[0].saved_seconds == 5.0
            assert len(history.samples("build  ")) == 2

    def test_a_step_that_no_build_has_any_more_is_forgotten(
        self, open_history: OpenHistory
    ) -> None:
        """One that always hits is not: what it costs is what the cache saves."""
        first = build("first", 0.0, steps=(step("kept", 5.0), step("gone", 5.0)))
        later = [
            build(f"b{day:03}", 1.0 + day, steps=(step("kept", 0.0, cached=True),))
            for day in range(BUILDS)
        ]
        with open_history() as history:
            history.add([first, *later[:-1]])
            assert len(history.samples("build  ")) == 2

            history.add(later[-1:])

            assert list(history.samples("build  ")) == [step("kept", 0).key]
            assert history.rows(Wanted(limit=1))[0].saved_seconds == 5.0

    def test_what_stays_when_builds_are_removed_has_the_figures_that_it_had(
        self, open_history: OpenHistory
    ) -> None:
        """And so has the next build: what its steps cost was learnt from one that is gone."""
        with open_history() as history:
            history.add([native("aa11", 100.0), native("bb22", 200.0, warm=True)])
            before = history.rows(Wanted())

            history.remove(["aa11", "nothing"])

            assert history.rows(Wanted()) == before[:1]
            history.add([native("cc33", 300.0, warm=True)])
            row = history.rows(Wanted(limit=1))[0]
            assert (row.saved_seconds, row.time_hit, row.reuse) == (12, 1, 1)

    def test_steps_of_removed_builds_are_forgotten(self, open_history: OpenHistory) -> None:
        with open_history() as history:
            history.add(
                [
                    build("aa", 1.0, steps=(step("old", 5.0), step("both", 5.0))),
                    build("bb", 2.0, steps=(step("both", 0.0, cached=True),)),
                    build("cc", 1.0, project="other", steps=(step("old", 5.0),)),
                ]
            )

            history.remove(["aa", "cc"])

            assert list(history.samples("build  ")) == [step("both", 0).key]
            assert history.samples("build  other") == {}

    def test_very_many_builds_are_removed_at_once(self, open_history: OpenHistory) -> None:
        ids = [f"b{number}" for number in range(2500)]
        with open_history() as history:
            history.add(build(id_, 1.0) for id_ in ids)

            history.remove(ids[1:])
            history.compact()

            assert [row.id for row in history.rows(Wanted())] == ["b0"]
            assert history.size() > 0

    def test_only_the_last_five_runs_of_a_step_are_kept(self, open_history: OpenHistory) -> None:
        with open_history() as history:
            for day in range(8):
                history.add([native(f"a{day}", float(day))])

            samples = history.samples("build native shop")

        assert {len(runs) for runs in samples.values()} == {5}
