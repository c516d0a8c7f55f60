"""``lamina dockerfile`` prints the plan for BuildKit, or writes it and what stands beside it."""

import hashlib
from pathlib import Path

import pytest

from lamina.dockerfile.parse import parse
from lamina.scaffold.marker import Origin, origin
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
    assert lock.splitlines()[1:][0] == "toy==1.0 \\"
    assert {origin(lock), origin(path.read_text())} == {Origin.WRITTEN}


def test_check_says_whether_it_is_up_to_date(project: Path, tmp_path: Path) -> None:
    path, store = project / "docker/Dockerfile", tmp_path / "store"
    lamina("dockerfile", project, "-o", path, store=store)
    fresh = lamina("dockerfile", project, "-o", path, "--check", store=store)
    path.write_text("FROM scratch\n")

    stale = lamina("dockerfile", project, "-o", path, "--check", store=store)

    assert (fresh.code, stale.code) == (0, 1)
    assert path.read_text() == "FROM scratch\n"


def test_check_without_a_file_looks_at_the_usual_one(project: Path, tmp_path: Path) -> None:
    """It printed the Dockerfile and found nothing wrong: a gate that never fails."""
    store = tmp_path / "store"
    missing = lamina("dockerfile", project, "--check", store=store)
    lamina("dockerfile", project, "-o", project / "docker/Dockerfile", store=store)

    fresh = lamina("dockerfile", project, "--check", store=store)

    assert (missing.code, missing.out) == (1, "")
    assert (fresh.code, fresh.out) == (0, "")


@pytest.mark.parametrize("group", ["", "[dependency-groups]\ndevelop = []\n"])
def test_what_init_wrote_is_up_to_date(project: Path, tmp_path: Path, group: str) -> None:
    """One writer: the same groups, the same lock for every platform, the same seal."""
    store, settings = tmp_path / "store", project / "pyproject.toml"
    settings.write_text(f"{group}{settings.read_text()}")
    lamina("init", project, store=store)

    done = lamina("dockerfile", project, "--check", store=store)

    assert done.code == 0, done.err
    assert ("/pyproject.toml:develop" in (project / "docker/Dockerfile").read_text()) is bool(group)


def test_a_lock_beside_has_the_wheels_of_every_platform(tmp_path: Path) -> None:
    """A machine of another platform builds from the same file."""
    here, there = (
        ToyWheel(tag=f"cp311-cp311-manylinux_2_17_{machine}").write(tmp_path)
        for machine in ("x86_64", "aarch64")
    )
    project = make_project(tmp_path / "project", [here], settings=SETTINGS)
    with (project / "pylock.toml").open("a") as lock:
        digest = hashlib.sha256(there.read_bytes()).hexdigest()
        lock.write(f'\n[[packages.wheels]]\nurl = "{there.as_uri()}"\n')
        lock.write(f'hashes = {{sha256 = "{digest}"}}\n')

    lamina("dockerfile", project, "-o", project / "docker/Dockerfile", store=tmp_path / "store")

    assert (project / "docker/requirements.txt").read_text().count("--hash=") == 2


def test_init_brings_up_to_date_what_this_command_wrote(project: Path, tmp_path: Path) -> None:
    store, path = tmp_path / "store", project / "docker/Dockerfile"
    lamina("dockerfile", project, "-o", path, store=store)
    with (project / "pyproject.toml").open("a") as settings:
        settings.write("\nport = 8123\n")

    done = lamina("init", project, store=store)

    assert "docker/Dockerfile: updated" in done.out
    assert "EXPOSE 8123" in path.read_text()


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
