"""rawjson: intervals, inputs, groups and logs, whichever way the objects are written."""

import base64
import json
import re
from typing import Any

import pytest

from lamina.trace.solve import Outcome, TransferKind
from tests.trace.logs_of import lines_of, solve_of, solves, vertex


def objects(name: str) -> list[dict[str, Any]]:
    """Read a log with a JSON parser of our own, one object after another."""
    text = "\n".join(line for line in lines_of(name) if re.match(r'[{}]| +["{}\[\]]', line))
    decoder, found = json.JSONDecoder(), []
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    return found


def said(number: int, **members: object) -> str:
    """Write a status with one vertex, whose times are seconds of one minute."""
    times = {k: f"2024-01-01T00:00:{v:06.3f}Z" for k, v in members.items() if isinstance(v, float)}
    return json.dumps({"vertexes": [{"digest": f"sha256:{number}", **members, **times}]},
                      separators=(",", ":"))  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["buildkit-cold.rawjson", "buildkit-mixed.rawjson", "docker-26-no-cache.rawjson",
     "docker-26-failing.rawjson", "docker-26-platforms-pushed.rawjson"],
)  # fmt: skip
def test_every_vertex_that_began_is_there(name: str) -> None:
    """On a line each, on many lines, and with other lines between them."""
    vertices = [v for o in objects(name) for v in o.get("vertexes", ()) if "started" in v]
    names = [(v.get("progressGroup") or v)["name"] for v in vertices]

    assert [v.name for v in solve_of(name).vertices] == list(dict.fromkeys(names))


def test_a_vertex_that_works_twice_took_both_times() -> None:
    """All `[internal] load …` have two intervals."""
    lines = [
        said(1, name="[internal] load", started=1.0, completed=2.0),
        said(1, name="[internal] load", started=3.0),
        said(1, name="[internal] load", started=3.0, completed=4.5),
    ]

    (solve,) = solves(lines)

    assert solve.vertices[0].intervals == ((0.0, 1.0), (2.0, 3.5))
    assert (solve.vertices[0].seconds, solve.seconds) == (2.5, 3.5)


def test_intervals_that_overlap_count_once() -> None:
    lines = [
        said(1, name="a", started=1.0, completed=3.0),
        said(1, name="a", started=2.0, completed=4.0),
    ]

    (solve,) = solves(lines)

    assert solve.vertices[0].seconds == 3.0


def test_the_graph_is_told_by_digests() -> None:
    solve = solve_of("buildkit-cold.rawjson")
    name_of = {v.digest: v.key.text for v in solve.vertices}

    copied = vertex(solve, "COPY --from=builder /built")

    assert [name_of.get(digest) for digest in copied.inputs] == [
        "COPY --from=builder /deps /deps", "RUN cat src/a.py > /built",
    ]  # fmt: skip


def test_a_warm_build_has_its_steps_cached() -> None:
    steps = [v for v in solve_of("buildkit-warm.rawjson").vertices if v.parsed.is_cacheable]

    assert len(steps) == 9
    assert {v.outcome for v in steps} == {Outcome.CACHED}


def test_warnings_are_decoded_with_their_line() -> None:
    solve = solve_of("buildkit-mixed.rawjson")

    assert [(w.text.partition(":")[0], w.line) for w in solve.warnings] == [
        ("FromAsCasing", 5), ("SecretsUsedInArgOrEnv", 8), ("JSONArgsRecommended", 11),
    ]  # fmt: skip
    assert solve.warnings[0].url.endswith("/rule/from-as-casing/")


def test_output_is_decoded_into_lines() -> None:
    """It comes in pieces that know nothing of lines."""
    pieces = [base64.b64encode(text).decode() for text in (b"one\ntw", b"o\n", b"no newline")]
    logs = [json.dumps({"logs": [{"vertex": "sha256:1", "data": piece}]}, separators=(",", ":"))
            for piece in pieces]  # fmt: skip

    (solve,) = solves([
        said(1, name="[1/1] RUN x", started=1.0),
        *logs,
        said(1, name="[1/1] RUN x", started=1.0, completed=2.0),
    ])  # fmt: skip

    assert solve.vertices[0].log == ("one", "two", "no newline")


def test_the_failing_step_has_its_error_and_output() -> None:
    solve = solve_of("docker-26-failing.rawjson")

    (failed,) = solve.failed
    assert failed.key.text == "RUN echo x; exit 3"
    assert failed.log == ("x",)
    assert failed.error.endswith("exit code: 3")
    assert solve.error.startswith("failed to solve: process")


def test_what_people_see_as_one_step_is_one_vertex() -> None:
    """COPY --link is two vertices in a group, cached when both are."""
    members = [v["digest"] for o in objects("docker-26-platforms-pushed.rawjson")
               for v in o.get("vertexes", ()) if "progressGroup" in v]  # fmt: skip

    copy = vertex(solve_of("docker-26-platforms-pushed.rawjson"), "COPY --link")

    assert len(set(members)) == 2
    assert copy.outcome is Outcome.CACHED


def test_pushing_is_timed_apart_from_exporting() -> None:
    solve = solve_of("docker-26-platforms-pushed.rawjson")

    export = vertex(solve, "exporting to image")
    pushes = [t for t in export.transfers if t.kind is TransferKind.PUSH]
    assert [t.id.partition(" for ")[0] for t in pushes] == ["pushing layers", "pushing manifest"]
    assert all(t.started and t.seconds and t.is_done for t in pushes)


def test_the_context_is_counted_in_bytes() -> None:
    context = vertex(solve_of("docker-26-no-cache.rawjson"), "[internal] load build context")

    assert [(t.kind, t.current, t.is_done) for t in context.transfers] == [
        (TransferKind.CONTEXT, 123, True)
    ]


def test_a_vertex_that_never_began_is_left_out() -> None:
    """Of a failing build the steps after the failure are announced, and never start."""
    (solve,) = solves([
        said(1, name="[1/2] RUN x", started=1.0, completed=2.0, error="exit code: 1"),
        said(2, name="[2/2] RUN y"),
    ])  # fmt: skip

    assert [v.name for v in solve.vertices] == ["[1/2] RUN x"]


def test_an_object_that_breaks_off_costs_only_itself() -> None:
    lines = lines_of("docker-26-no-cache.rawjson")
    cut = [*lines[:30], *lines[36:]]

    (solve,) = solves(cut)

    assert lines[30] != "{"
    assert len(solve.vertices) == 12


@pytest.mark.parametrize(
    "document",
    [
        {"vertexes": "x", "statuses": [1], "logs": [{"data": "%"}], "warnings": [{"range": 1}]},
        {"vertexes": [{"digest": 1, "name": []}, {"digest": "a", "started": 5, "inputs": {}}]},
        {"statuses": [{"id": "x", "vertex": None, "current": -1, "total": True}]},
        {"vertexes": [None], "warnings": [{"short": 3, "range": [{"start": {"line": "x"}}]}]},
    ],
)
def test_members_of_the_wrong_type_count_as_missing(document: dict[str, Any]) -> None:
    good = said(1, name="[1/1] RUN x", started=1.0, completed=2.0)

    (solve,) = solves([good, json.dumps(document, separators=(",", ":"))])

    assert [v.name for v in solve.vertices] == ["[1/1] RUN x"]
