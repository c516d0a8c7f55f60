"""Build records in distribution's registry, which has no list of referrers: runners without disks.

The registry is the real one; the projects are small.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.registry.talking import talk_to
from tests.support import registry as real
from tests.support import toys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not real.PROGRAM.exists(), reason="docker-registry is not unpacked: run `make tools`"
    ),
]

NAME = "demo/app"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


def test_a_week_of_runners_without_disks_has_a_trend(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven machines, seven commits: the last one knows all seven builds, in their order."""
    reference = f"{address}/{NAME}:main"
    for day in range(7):
        folder = tmp_path / f"runner{day}"
        monkeypatch.setenv("LAMINA_HISTORY", str(folder / "history.db"))
        project = locked_project(folder / "app", [ToyWheel()], settings="record = true")
        (project / "serve.py").write_text(f"print({day})\n")
        done = toys.lamina(
            "build", project, "-t", reference, "--push", "--metadata-file", folder / "built.json",
            store=folder / "store",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "warning" not in done.err

    digests = [
        json.loads((tmp_path / f"runner{day}" / "built.json").read_text())["containerimage.digest"]
        for day in range(7)
    ]
    shown = toys.lamina("history", "--format", "json", store=tmp_path / "store")
    with open_history(str(tmp_path / "runner6" / "history.db")) as history:
        rows = history.rows(Wanted(image=f"{address}/{NAME}"))
    assert [row.digest for row in reversed(rows)] == digests
    assert len(json.loads(shown.out)) == 7
    assert all(row.reuse is not None for row in rows[:-1]), "each is compared with the one before"

    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "elsewhere.db"))
    pulled = toys.lamina("history", "pull", reference, "--limit", "3", store=tmp_path / "store")
    assert (pulled.code, pulled.out) == (0, "pulled 3 builds\n")


def test_the_list_is_under_the_fallback_tag_alone(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", "off")
    project = locked_project(tmp_path / "app", [ToyWheel()])
    reference = f"{address}/demo/tags:1"

    done = toys.lamina(
        "build", project, "-t", reference, "--push", "--record", store=tmp_path / "store"
    )

    assert done.code == 0, done.err
    digest = done.out.strip()
    tags = talk_to(address, name="demo/tags").list_tags()
    assert sorted(tags) == sorted(["1", digest.replace(":", "-")])
