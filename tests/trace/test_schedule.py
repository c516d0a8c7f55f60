"""Which step waited for which, and when each could start, out of names alone."""

import pytest

from lamina.trace.schedule import inputs_of, place
from lamina.trace.solve import Solve
from tests.trace.logs_of import solve_of, solves


def waits(solve: Solve) -> dict[str, set[str]]:
    """Return, by the first words of a step's text, what it waited for."""
    named = [v.key.text[:18] for v in solve.vertices]
    inputs = inputs_of(solve.vertices)
    return {name: {named[i] for i in row} for name, row in zip(named, inputs, strict=True)}


def test_a_step_waits_for_the_one_before_it_and_for_what_it_copies() -> None:
    found = waits(solve_of("docker-20-cold.plain"))

    assert found["RUN for i in 1 2 3"] == {"FROM docker.io/lib"}, "the stage `other`, read last"
    assert found["COPY requirements."] == {"WORKDIR /w", "[internal] load bu"}
    assert found["COPY --from=other "] == {"COPY --from=builde", "RUN for i in 1 2 3"}


def test_a_base_that_is_printed_below_one_stage_serves_the_others() -> None:
    """BuildKit prints a FROM that two stages share once."""
    found = waits(solve_of("docker-20-cold.plain"))

    assert "FROM docker.io/lib" in found["WORKDIR /w"]


@pytest.mark.parametrize("name", ["docker-20-cold.plain", "docker-26-platforms-pushed.rawjson"])
def test_an_export_waits_for_every_step(name: str) -> None:
    solve = solve_of(name)
    steps = {i for i, v in enumerate(solve.vertices) if v.parsed.index}
    export = next(i for i, v in enumerate(solve.vertices) if v.name == "exporting to image")

    assert steps <= set(inputs_of(solve.vertices)[export])


def test_digests_count_more_than_names() -> None:
    solve = solve_of("buildkit-cold.rawjson")
    at = {v.key.text: i for i, v in enumerate(solve.vertices)}

    row = inputs_of(solve.vertices)[at["RUN cat src/a.py > /built"]]

    assert row == (at["COPY src src"],)


def test_stages_run_side_by_side() -> None:
    """4.1 s and 3.1 s at once; what needs both starts after the longer."""
    solve = solve_of("docker-20-cold.plain")

    starts = place(solve.vertices, inputs_of(solve.vertices))

    started = {v.key.text[:17]: s for v, s in zip(solve.vertices, starts, strict=True)}
    assert started["RUN for i in 1 2 "] == 0.0
    assert started["COPY --from=build"] == started["COPY --from=other"] == 4.1


def test_a_stage_may_be_copied_from_by_its_number() -> None:
    text = (
        "#1 [stage-0 1/1] RUN a\n#1 DONE 2.0s\n\n#2 [stage-1 1/1] COPY --from=0 /a /b\n#2 DONE 1s"
    )

    (solve,) = solves(text.split("\n"))

    assert inputs_of(solve.vertices) == ((), (0,))


def test_a_circle_of_inputs_is_ignored() -> None:
    """No builder makes one, but a damaged log may say anything."""
    text = (
        "#1 [a 1/1] COPY --from=b x y\n#1 DONE 1.0s\n\n#2 [b 1/1] COPY --from=a x y\n#2 DONE 2.0s"
    )

    (solve,) = solves(text.split("\n"))
    inputs = inputs_of(solve.vertices)

    assert inputs == ((1,), (0,))
    assert sorted(place(solve.vertices, inputs)) == [0.0, 2.0]
