"""What a terminal or a CI system adds to a line is taken off, and its time is kept."""

import pytest

from lamina.trace.lines import clean, parse_time

MOMENT = 1719326027.5904407  # 2024-06-25T14:33:47.5904407Z


@pytest.mark.parametrize(
    "prefix",
    [
        "2024-06-25T14:33:47.5904407Z ",
        "\ufeff2024-06-25T14:33:47.5904407Z ",
        "build\tBuild and push\t2024-06-25T14:33:47.5904407Z ",
        "2024-06-25T14:33:47.590440Z 01O ",
        "2024-06-25T14:33:47.590440Z 01E+",
        "2024-06-25T16:33:47.590440700+02:00 stdout F ",
        "[2024-06-25T14:33:47.590Z] ",
        "2024-06-25 14:33:47,590 ",
        "2024/06/25 14:33:47.590 ",
        "\x1b_bk;t=1719326027590\x07",
    ],
)
def test_the_time_that_a_ci_system_writes_is_absolute(prefix: str) -> None:
    line = clean(f"{prefix}#8 0.071 stepx 1")

    assert line.text == "#8 0.071 stepx 1"
    assert line.at == pytest.approx(MOMENT, abs=0.001)


@pytest.mark.parametrize(
    "prefix",
    ["", "14:33:47 ", "[14:33:47.123] ", 'Step #0 - "build": ', "Step #12: ", "\x1b[34m"],
)
def test_a_prefix_without_a_day_gives_no_time(prefix: str) -> None:
    line = clean(f"{prefix}#8 CACHED\x1b[0m\r\n", at=5.0)

    assert (line.text, line.at) == ("#8 CACHED", 5.0)


def test_a_time_in_the_line_counts_more_than_its_arrival() -> None:
    assert clean("1970-01-01T00:00:10Z x", at=99.0).at == 10.0


def test_of_a_line_that_was_written_over_the_last_state_stays() -> None:
    assert clean("Sending  1MB\rSending  3MB\r\r\n").text == "Sending  3MB"


def test_what_a_step_writes_over_stays_its_line() -> None:
    """Only the step's own carriage returns follow its number."""
    assert clean("#9 0.075 10%\r20%\r100%").text == "#9 0.075 10%"


@pytest.mark.parametrize("text", ["2024-13-45T99:99:99Z x", "9999-12-31T23:59:60Z", "2024-06-25"])
def test_no_time_is_made_of_what_only_looks_like_one(text: str) -> None:
    assert clean(text).at is None
    assert parse_time(text.split(" ", maxsplit=1)[0]) is None


def test_nanoseconds_are_read() -> None:
    assert parse_time("1970-01-01T00:00:01.123456789Z") == pytest.approx(1.123456789)
    assert parse_time(None) is None
