"""The rows on a terminal."""

import re

import pytest

from lamina.trace import live
from tests.trace.logs_of import NAMES, solve_of, solves

RUNNING = """\
#1 [1/3] FROM x
#1 CACHED

#2 [2/3] RUN make
#2 sha256:abc 1.00MB / 2.00MB 0.3s
#2 0.1 one
#2 0.2 two\x07
"""


def test_a_frame_shows_each_vertex_its_state_and_its_time() -> None:
    rows = live.frame(solve_of("docker-26-failing.rawjson"), seconds=0.1, width=70, is_last=True)

    assert rows[0] == "[+] Building 0.1s (12/12) FINISHED"
    assert f"{' => CACHED [builder 2/4] WORKDIR /w':<64} 0.0s" in rows
    assert f"{' => ERROR [stage-1 5/5] RUN echo x; exit 3':<64} 0.1s" in rows
    assert f"{' => => transferring context: 123B':<64} 0.0s" in rows


def test_a_running_step_shows_the_end_of_its_output() -> None:
    (solve,) = solves(RUNNING.split("\n"))

    rows = live.frame(solve, seconds=1.0, width=60, is_last=False)

    assert rows[0] == "[+] Building 1.0s (1/2)"
    assert rows[-2:] == [" => => # one", " => => # two "], "no control characters"
    assert rows[-3].startswith(" => => sha256:abc 1.00MB / 2.00MB ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [1, 20, 80, 200])
def test_no_row_is_wider_than_the_terminal(name: str, width: int) -> None:
    rows = live.frame(solve_of(name), seconds=1.0, width=width, is_last=False)

    assert max(len(row) for row in rows[1:]) < max(width, 20)


@pytest.mark.parametrize("height", [1, 2, 5, 24])
def test_a_frame_is_not_higher_than_the_terminal_but_the_last_shows_all(height: int) -> None:
    solve = solve_of("docker-20-cold.plain")

    frame = live.draw(solve, seconds=1.0, width=80, height=height, is_last=False)
    last = live.draw(solve, seconds=1.0, width=80, height=height, is_last=True)

    assert frame.count("\n") <= max(height - 1, 2)
    assert last.count("\n") == 1 + 12 + sum(len(v.transfers) for v in solve.vertices)


def test_a_capture_of_our_frames_reads_as_the_same_build() -> None:
    """What `script` would record of our display is in the grammar of BuildKit's."""
    told = solve_of("docker-26-no-cache.rawjson")
    text = live.draw(told, seconds=1.2, width=300, height=50, is_last=True)

    (shown,) = solves(text.split("\n"))

    assert [(v.name, v.outcome) for v in shown.vertices] == [
        (v.name, v.outcome) for v in told.vertices
    ]


def test_a_frame_is_taken_away_before_the_next_is_drawn() -> None:
    assert live.erase(0) == ""
    assert re.fullmatch(r"\x1b\[3A\x1b\[J", live.erase(3))
