"""An export is read back as it was, and told from a log by its first line."""

import io

from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import InputError
from lamina.history.document import record_to_json, record_to_text
from lamina.history.exported import exported
from lamina.history.record import BuildRecord
from tests.history.builds import build, records


@given(st.lists(records, min_size=1, max_size=3))
def test_what_was_exported_is_read_back(found: list[BuildRecord]) -> None:
    text = "".join(f"{record_to_text(record)}\n" for record in found)

    read, _ = exported(io.StringIO(text))

    assert read is not None
    assert [record_to_json(one) for one in read if isinstance(one, BuildRecord)] == [
        record_to_json(one) for one in found
    ]


def test_a_log_is_left_as_it_is() -> None:
    log = ["#1 [internal] load build definition\n", "#1 DONE 0.0s\n"]

    read, lines = exported(log)

    assert read is None
    assert list(lines) == log
    assert exported([])[0] is None


def test_a_line_that_is_no_record_costs_no_other() -> None:
    lines = [
        record_to_text(build("a")),
        "",
        '{"schema":1,"id":7}',
        "torn",
        record_to_text(build("b")),
    ]

    read, _ = exported(lines)

    assert read is not None
    found = list(read)
    assert [one.id for one in found if isinstance(one, BuildRecord)] == ["a", "b"]
    problems = [one for one in found if isinstance(one, InputError)]
    assert [problem.where for problem in problems] == ["line 3, id", "line 4"]
