"""Causes that `lamina explain` finds are those of the steps that a report shows."""

from dataclasses import replace
from pathlib import Path

import pytest

from lamina.cli.causes import causes
from lamina.history.record import BuildRecord, StepKind
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.history.builds import build, step, with_steps
from tests.support import toys


def traced(*steps: object, **members: object) -> BuildRecord:
    return replace(with_steps(*steps), kind="trace", engine="buildkit", **members)  # type: ignore[arg-type]


def test_a_traced_copy_that_missed_has_its_cause_by_its_id() -> None:
    """Without fingerprints, texts are all that can be compared."""
    copy = step("copy", 2.0, kind=StepKind.COPY)
    before = traced(step("deps", 9.0), copy)
    after = traced(step("deps", 0.0, cached=True), copy)

    assert causes(after, before) == {
        "copy": "its text is the same, so probably one of its files changed"
    }


def test_steps_that_took_equally_long_are_told_apart_by_their_texts() -> None:
    one, two = step("one", 2.0, kind=StepKind.COPY), step("two", 2.0)
    before, after = traced(one), traced(one, two)

    found = causes(after, before)

    assert found["one"] == "its text is the same, so probably one of its files changed"
    assert found["two"].startswith("no step of the build before has this text")


def test_a_first_build_has_no_causes() -> None:
    assert causes(traced(step("a", 1.0)), None) == {}


def test_a_build_of_ours_without_a_fingerprint_has_no_causes() -> None:
    assert causes(build(), build()) == {}


def test_a_check_of_a_real_build_names_the_file_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    settings = 'exclude = ["*.toml"]\nbudgets = { hit-rate = 1.0 }'
    folder = locked_project(tmp_path / "project", [ToyWheel()], settings=settings)
    for text in ("print(1)\n", "print(22)\n"):
        (folder / "serve.py").write_text(text)
        assert toys.lamina("build", folder, "-t", "toys:1", store=tmp_path / "store").code == 0

    done = toys.lamina("check", "--directory", folder, store=tmp_path / "store")

    assert done.code == 1
    assert "layer files: app/serve.py content changed (9 → 10 bytes)" in done.out
