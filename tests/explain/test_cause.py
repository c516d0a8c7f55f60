"""Why a build ran what it ran, from two records."""

from dataclasses import replace
from pathlib import Path

from lamina.explain.cause import explain
from lamina.explain.explanation import Confidence
from lamina.history.record import StepOutcome
from tests.explain.builds import DOCKERFILE, build, project

_ALL = "COPY\nRUN"


def test_the_file_is_named_with_what_it_cost_and_what_to_do(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran="WORKDIR\nCOPY\nRUN")
    (tmp_path / "README.md").write_text("read this\n")
    after = build(tmp_path, id_="b2", ran=_ALL)

    found = explain(after, before)

    (root,) = found.roots
    assert (root.name, root.line, root.seconds, root.below) == ("COPY . .", 4, 1.0, 62.0)
    assert [cause.text for cause in root.causes] == ["README.md: content changed (5 → 10 bytes)"]
    assert root.causes[0].confidence is Confidence.CERTAIN
    assert [miss.because for miss in found.misses] == [(), ("COPY . .",), ("COPY . .",)]
    (advice,) = found.advice
    assert advice == (
        "`COPY . .` (line 4) stands before `pip install` (line 5): README.md made it run again, "
        "60.0 s; copy only the files that it reads first, and the rest after it"
    )


def test_nobody_is_advised_to_move_what_the_installation_reads(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL)
    (tmp_path / "requirements.txt").write_text("scipy\n")
    after = build(tmp_path, id_="b2", ran=_ALL)

    found = explain(after, before)

    assert [cause.name for cause in found.roots[0].causes] == ["requirements.txt"]
    assert found.advice == ()


def test_an_argument_that_the_installation_does_not_use_is_to_be_moved(tmp_path: Path) -> None:
    before = build(project(tmp_path), "--build-arg", "GIT_SHA=a", ran=_ALL)
    after = build(tmp_path, "--build-arg", "GIT_SHA=b", id_="b2", ran="RUN")

    found = explain(after, before)

    assert [cause.text for cause in found.roots[0].causes] == ["ARG GIT_SHA: 'a' → 'b'"]
    (advice,) = found.advice
    assert advice == (
        "ARG GIT_SHA is declared before `pip install` (line 5), which does not use it: 60.0 s; "
        "declare it after the last step that does not need it"
    )


def test_a_step_whose_key_is_the_same_was_not_in_the_cache(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL)
    after = build(tmp_path, id_="b2", ran=_ALL)

    found = explain(after, before)

    assert {cause.kind for miss in found.roots for cause in miss.causes} == {"cache"}
    assert {c.confidence for miss in found.roots for c in miss.causes} == {Confidence.LIKELY}


def test_a_step_that_failed_before_had_nothing_to_be_reused(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL)
    failed = replace(before.steps[-1], outcome=StepOutcome.FAILED)
    before = replace(before, steps=(*before.steps[:-1], failed))
    after = build(tmp_path, id_="b2", ran="RUN python")

    (root,) = explain(after, before).roots

    assert root.causes[0].text == (
        "it had no result to be reused: the build before ended with it failed"
    )


def test_a_step_that_the_dockerfile_does_not_account_for_is_not_lost(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL)
    after = build(tmp_path, id_="b2", ran=_ALL)
    other = replace(after.steps[-1], id="99", name="RUN of another frontend", text="RUN other")
    after = replace(after, steps=(*after.steps, other))

    found = explain(after, before)

    assert found.misses[-1].name == "RUN other"
    assert found.steps == len(after.steps)


def test_the_first_build_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    found = explain(build(project(tmp_path), ran=_ALL), None)

    assert found.notes == ("there is no earlier build to compare it with",)
    assert found.roots == ()
    assert len(found.misses) == 3


def test_without_a_fingerprint_texts_are_compared_and_it_is_said(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL, fingerprint=None)
    project(tmp_path, DOCKERFILE.replace("-r requirements.txt", "numpy"))
    after = build(tmp_path, id_="b2", ran=_ALL, fingerprint=None)

    found = explain(after, before)

    assert [cause.kind for miss in found.misses for cause in miss.causes] == [
        "file", "step", "unknown",
    ]  # fmt: skip
    assert all(c.confidence is Confidence.LIKELY for m in found.misses for c in m.causes)
    assert "lamina trace" in found.notes[0]


def test_a_dockerfile_that_cannot_be_read_is_compared_by_its_texts(tmp_path: Path) -> None:
    before = build(project(tmp_path), ran=_ALL)
    broken = {**before.fingerprint, "dockerfile": "FRUM a\n"}

    found = explain(replace(before, id="b2", fingerprint=broken), before)

    assert found.notes == ("the Dockerfile cannot be read: line 1: unknown instruction FRUM",)
