"""Damaged logs: what networks, terminals and other programs do to the output of a build."""

from collections.abc import Callable
from random import Random

from tests.trace.logs_of import NAMES, lines_of

_ODD = (
    "", "{", "}", '{"vertexes":[{', "#", "#1", "# ", "#0 ", "#99999999999 [", "#1 DONE", "#1 ...",
    "#1 DONE 9999999999999999999s", "#2 ERROR: ", "#3 WARN: ", "#4 0.1", "#5 sha256:x / B done",
    "#6 a 1.2.3.4MB / 9B 1.2.3s done", "Step 1/0 : ", "Step 99/1 : FROM", " ---> Using cache",
    "Successfully built ", "[+] Building 0.0s (0/0)", "[+] Building 99.9s (1/1) FINISHED", " => ",
    " => => ", " => => # x", "------", " > :", "ERROR: ", "\x1b[", "\x1b]0;", "\r\r\r", "\ufeff",
    "2024-06-25T14:33:47.5904407Z", "9999-99-99T99:99:99Z ", "0001-01-01T00:00:00Z #1 CACHED",
    '{"statuses":[{"id":"a","vertex":"b","current":1e400,"started":"9999-12-31T23:59:59Z"}]}',
    '{"logs":[{"vertex":"b","data":"////"}]}', "[" * 2000, '{"vertexes":' + "[" * 2000,
    '{"vertexes":[{"digest":"d","started":"0001-01-01T00:00:00-23:59","completed":"x"}]}',
)  # fmt: skip
_CHARACTERS = "#[]{}:/=> .0129sB\r\t\x00\x1b\ud800\u2028"


def mutated(random: Random) -> list[str]:
    """Make one damaged log out of the real ones."""
    lines = list(lines_of(random.choice(NAMES)))
    for _ in range(random.randint(1, 8)):
        random.choice(_DAMAGE)(lines, random)
    return lines


def _drop(lines: list[str], random: Random) -> None:
    start = random.randrange(len(lines) + 1)
    del lines[start : start + random.randint(1, 10)]


def _double(lines: list[str], random: Random) -> None:
    start = random.randrange(len(lines) + 1)
    lines[start:start] = lines[start : start + random.randint(1, 20)]


def _swap(lines: list[str], random: Random) -> None:
    if lines:
        one, other = random.randrange(len(lines)), random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]


def _odd(lines: list[str], random: Random) -> None:
    lines.insert(random.randrange(len(lines) + 1), random.choice(_ODD))


def _splice(lines: list[str], random: Random) -> None:
    other = lines_of(random.choice(NAMES))
    at = random.randrange(len(lines) + 1)
    lines[at:at] = other[random.randrange(len(other)) :][: random.randint(1, 60)]


def _cut_line(lines: list[str], random: Random) -> None:
    if lines:
        at = random.randrange(len(lines))
        lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]


def _scratch(lines: list[str], random: Random) -> None:
    if lines:
        at = random.randrange(len(lines))
        place = random.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + random.choice(_CHARACTERS) + lines[at][place + 1 :]


def _join(lines: list[str], random: Random) -> None:
    if len(lines) > 1:
        at = random.randrange(len(lines) - 1)
        lines[at : at + 2] = [lines[at] + lines[at + 1]]


_DAMAGE: tuple[Callable[[list[str], Random], None], ...] = (
    _drop, _double, _swap, _odd, _splice, _cut_line, _scratch, _join,
)  # fmt: skip
