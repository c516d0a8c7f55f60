"""Builds are found in whatever text they stand in."""

import itertools

import pytest

from lamina.trace.detect import read_builds
from tests.trace.logs_of import NAMES, lines_of, solve_of, solves, stamped

NOISE = ["##[group]Run docker/build-push-action@v5", "Cloning into 'x'...", "$ make image", ""]


def test_every_log_here_holds_one_build_of_its_grammar() -> None:
    found = {name: [s.grammar for s in solves(lines_of(name))] for name in NAMES}

    assert found == {name: [_grammar(name)] for name in NAMES}


@pytest.mark.parametrize("pair", list(itertools.permutations(NAMES[::3], 2)), ids="+".join)
def test_two_builds_in_one_ci_log_are_two(pair: tuple[str, str]) -> None:
    """Of any grammars, one after the other, with other output around them."""
    lines = [*NOISE, *lines_of(pair[0]), *NOISE, *lines_of(pair[1]), *NOISE]

    assert solves(lines) == [solve_of(name) for name in pair]


@pytest.mark.parametrize("name", [n for n in NAMES if "cut" not in n and "failing" not in n])
def test_a_build_and_the_same_build_again_are_two(name: str) -> None:
    """Nothing but the numbers that begin again says where the second begins."""
    found = solves([*lines_of(name), *lines_of(name)])

    if name.endswith(".rawjson"):
        assert [s.seconds for s in found] == [solve_of(name).seconds], "the same digests and times"
    else:
        assert found == [solve_of(name)] * 2


@pytest.mark.parametrize(
    "pair",
    [("buildkit-mixed.rawjson", "buildkit-mixed.rawjson"),
     ("docker-26-no-cache.rawjson", "docker-26-no-cache.rawjson")],
)  # fmt: skip
def test_another_build_of_the_same_dockerfile_has_other_digests(pair: tuple[str, str]) -> None:
    first, second = (lines_of(name) for name in pair)
    renewed = [line.replace('"sha256:', '"sha256:f').replace("2026-", "2027-") for line in second]

    found = solves([*first, *renewed])

    assert len(found) == 2
    assert [v.name for v in found[0].vertices] == [v.name for v in found[1].vertices]


@pytest.mark.parametrize("name", NAMES)
def test_a_ci_systems_prefix_changes_nothing_but_the_clock(name: str) -> None:
    bare = solve_of(name)

    (timed,) = solves(stamped(lines_of(name)))

    assert [v.name for v in timed.vertices] == [v.name for v in bare.vertices]
    assert [v.outcome for v in timed.vertices] == [v.outcome for v in bare.vertices]
    assert timed.started is not None
    assert timed.exported == bare.exported


@pytest.mark.parametrize("name", [name for name in NAMES if "cut" not in name])
def test_a_build_has_the_same_digest_wherever_it_stands(name: str) -> None:
    alone = [found.digest for found in read_builds(lines_of(name))]

    among = [found.digest for found in read_builds([*NOISE, *lines_of(name), *NOISE])]

    assert alone == among


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#1 [link](https://example.org) and #2 [other]",
        "#12 fixes a bug\n#13 [docs] more",
        '{"vertexes": 3}',
        "Step 2/3 : RUN x",
        "{",
        "\x00\x01\x02",
    ],
)
def test_a_text_without_a_build_holds_none(text: str) -> None:
    assert solves(text.split("\n")) == []


def _grammar(name: str) -> str:
    return "legacy" if "legacy" in name else name.rpartition(".")[2]
