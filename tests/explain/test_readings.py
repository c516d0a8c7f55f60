"""Builds of a row are read and modelled once, though each has two neighbours."""

from itertools import pairwise
from pathlib import Path

import pytest

from lamina.explain import readings
from lamina.explain.cause import explain
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.model import model
from lamina.explain.readings import Readings
from lamina.explain.steps import Model
from tests.explain.builds import build, project


def test_each_build_of_a_row_is_modelled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Fingerprint] = []

    def counted(found: Fingerprint) -> Model:
        made.append(found)
        return model(found)

    monkeypatch.setattr(readings, "model", counted)
    project(tmp_path)
    builds = []
    for number in range(10):
        (tmp_path / "README.md").write_text("read\n" * number)
        builds.append(build(tmp_path, id_=f"b{number}", started=float(number), ran="COPY"))
    shared = Readings()

    found = [explain(one, before, shared) for before, one in pairwise(builds)]

    assert len(made) == len(builds)
    assert found == [explain(one, before) for before, one in pairwise(builds)]
