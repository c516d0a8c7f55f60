"""``lamina dockerfile`` prints the plan for BuildKit, or writes it and what stands beside it."""

from pathlib import Path

import pytest

from lamina.dockerfile.parse import parse
from lamina.testing.wheels import ToyWheel
from tests.support.toys import lamina, make_project

SETTINGS = 'buildkit = {base = "python:3.11-slim"}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    wheel = ToyWheel(name="toy", version="1.0", files={"toy.py": b""}).write(tmp_path)
    return make_project(tmp_path / "project", [wheel], settings=SETTINGS)


def test_it_is_printed(project: Path, tmp_path: Path) -> None:
    done = lamina("dockerfile", project, store=tmp_path / "store")

    assert (done.code, done.err.count("error")) == (0, 0)
    assert parse(done.out).stages[-1].start.name == "production"
    assert not (project / "docker").exists()


def test_it_is_written_with_the_lock_in_pips_words(project: Path, tmp_path: Path) -> None:
    path = project / "docker/Dockerfile"

    done = lamina("dockerfile", project, "-o", path, store=tmp_path / "store")

    assert done.code == 0
    assert "source=docker/requirements.txt" in path.read_text()
    lock = (project / "docker/requirements.txt").read_text()
    assert lock.startswith("toy==1.0 \\\n    --hash=sha256:")


def test_check_says_whether_it_is_up_to_date(project: Path, tmp_path: Path) -> None:
    path, store = project / "docker/Dockerfile", tmp_path / "store"
    lamina("dockerfile", project, "-o", path, store=store)
    fresh = lamina("dockerfile", project, "-o", path, "--check", store=store)
    path.write_text("FROM scratch\n")

    stale = lamina("dockerfile", project, "-o", path, "--check", store=store)

    assert (fresh.code, stale.code) == (0, 1)
    assert path.read_text() == "FROM scratch\n"


def test_a_place_outside_of_the_project_is_refused(project: Path, tmp_path: Path) -> None:
    done = lamina("dockerfile", project, "-o", tmp_path / "Dockerfile", store=tmp_path / "store")

    assert done.code == 2
    assert "outside of the project" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--builder", "fleet"], "--builder is for BuildKit"),
        (["--secret", "id=netrc,src=x"], "--secret is for BuildKit"),
        (["--engine", "buildkit", "--offline"], "cannot be told to stay offline"),
        (["--engine", "buildkit", "--push", "--sbom"], "what the native engine builds"),
        (["--engine", "buildkit", "--secret", "src=x"], "has no id"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(
    project: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    done = lamina("build", project, "-t", "x:1", *words, store=tmp_path / "store")

    assert done.code == 2
    assert said in done.err


def test_bills_that_the_settings_want_are_not_forgotten(project: Path, tmp_path: Path) -> None:
    with (project / "pyproject.toml").open("a") as settings:
        settings.write("\nsbom = true\n")
    words = ("-t", "127.0.0.1:9/x:1", "--push", "--engine", "buildkit")

    done = lamina("build", project, *words, store=tmp_path / "store")

    assert done.code == 2
    assert "--no-sbom" in done.err
