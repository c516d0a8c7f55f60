"""`lamina lock` pins what a project lists, through the real uv, from wheels in a folder."""

from pathlib import Path

import pytest

from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.projects import own_backend
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina


class PythonMirror(LoopbackService):
    """A mirror of Pythons that has none, and keeps in mind what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def serve(self, connection: Connection) -> None:
        """Say that there is none."""
        self.asked.append(connection.path)
        connection.reply(404, {})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose only index is a folder of wheels."""
    for version in ("1.0", "2.0"):
        ToyWheel(version=version, requires=("other",)).write(tmp_path / "wheels")
    ToyWheel(name="other", files={"other.py": b""}).write(tmp_path / "wheels")
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "project"
    folder.mkdir()
    pyproject(folder, "toy")
    return folder


def pyproject(folder: Path, *dependencies: str) -> None:
    table = "[tool.lamina]\nbase = 'scratch'\n"
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1"\ndependencies = {list(dependencies)}\n\n{table}'
    )


def lock(project: Path, *words: str | Path) -> Outcome:
    return lamina("lock", project, *words, store=project.parent / "store")


def pinned(path: Path) -> list[str]:
    return [line.split()[0] for line in path.read_text().splitlines() if "==" in line]


def test_everything_is_pinned_by_version_and_hash(project: Path) -> None:
    done = lock(project)

    text = (project / "requirements.txt").read_text()
    assert done.code == 0, done.err
    assert done.out == f"{project}/requirements.txt: 2 distributions pinned\n"
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]
    assert text.count("--hash=sha256:") == 2
    assert str(project.parent) not in text  # no address and no path of this machine


def test_a_locked_project_is_built_from_its_lock(project: Path, tmp_path: Path) -> None:
    lock(project)
    ToyWheel(version="3.0").write(tmp_path / "wheels")

    done = lamina("build", project, "-t", "app", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert "fetched toy-2.0-py3-none-any.whl" in done.err
    assert "there is no lock" not in done.err


def test_the_line_of_the_project_itself_is_left_out_with_a_note(
    project: Path, tmp_path: Path
) -> None:
    """`-e .` brings what the project depends on, and a lock that holds it cannot be read."""
    own_backend(project, ToyWheel(name="app", version="1"))
    settings = (project / "pyproject.toml").read_text()
    settings = settings.replace("[tool", 'dependencies = ["toy"]\n\n[tool', 1)
    (project / "pyproject.toml").write_text(settings)
    (project / "requirements.in").write_text("-e .\nother\n")

    done = lock(project)

    assert done.code == 0, done.err
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]
    assert "-e" not in (project / "requirements.txt").read_text().split()
    assert "'-e .' is the project itself" in done.err
    assert lamina("build", project, "-t", "app", store=tmp_path / "store").code == 0


def test_another_editable_is_refused_by_name_and_nothing_is_written(project: Path) -> None:
    own_backend(project.parent / "lib", ToyWheel(name="lib"))
    (project / "requirements.in").write_text("-e ../lib\nother\n")

    done = lock(project)

    assert done.code == 3
    assert "-e ../lib: a folder or a repository has no hash" in done.err
    assert not (project / "requirements.txt").exists()


def test_without_a_lock_versions_are_chosen_with_a_warning(project: Path, tmp_path: Path) -> None:
    done = lamina("build", project, "-t", "app", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert "warning: there is no lock" in done.err
    assert "fetched other-1.0-py3-none-any.whl" in done.err


def test_versions_stay_until_they_are_upgraded(project: Path) -> None:
    pyproject(project, "toy<2")
    lock(project)
    pyproject(project, "toy")

    lock(project)
    kept = pinned(project / "requirements.txt")
    lock(project, "--upgrade")

    assert kept == ["other==1.0", "toy==1.0"]
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]


def test_a_list_beside_the_project_counts_more_than_pyproject(project: Path) -> None:
    (project / "requirements.in").write_text("other\n")
    (project / "more.in").write_text("toy<2\n")

    lock(project)
    own = pinned(project / "requirements.txt")
    lock(project, "--from", project / "more.in", "-o", project / "more.txt")

    assert own == ["other==1.0"]
    assert pinned(project / "more.txt") == ["other==1.0", "toy==1.0"]


def test_what_cannot_be_resolved_leaves_the_old_lock(project: Path) -> None:
    lock(project)
    before = (project / "requirements.txt").read_bytes()
    pyproject(project, "toy>9")

    done = lock(project)

    assert (done.code, done.out) == (3, "")
    assert "the requirements cannot be resolved" in done.err
    assert "toy" in done.err
    assert (project / "requirements.txt").read_bytes() == before
    assert not [
        p for p in project.iterdir() if p.name not in {"pyproject.toml", "requirements.txt"}
    ]


def test_a_lock_that_would_overwrite_its_source_is_refused(project: Path) -> None:
    source = project / "requirements.in"
    source.write_text("toy\n")

    done = lock(project, "-o", source)

    assert done.code == 3
    assert "would overwrite what it is made from" in done.err
    assert source.read_text() == "toy\n"


@pytest.mark.parametrize("text", ["toy>=1  # mine\n", "toy\n", "-r base.txt\n", "-e .\n"])
def test_a_list_that_somebody_wrote_is_not_overwritten(project: Path, text: str) -> None:
    path = project / "requirements.txt"
    path.write_text(text)

    done = lock(project)

    assert done.code == 3
    assert path.read_text() == text


def test_a_list_is_overwritten_where_that_is_asked_for(project: Path) -> None:
    path = project / "requirements.txt"
    path.write_text("toy>=1\n")

    assert lock(project, "-o", path).code == 0
    assert "--hash" in path.read_text()


def test_nothing_to_lock_is_said(project: Path) -> None:
    pyproject(project)

    done = lock(project)

    assert done.code == 3
    assert "there is nothing to lock" in done.err


def test_a_list_may_include_others_and_be_constrained(project: Path) -> None:
    (project / "requirements.in").write_text("-r base.in\n-c limits.txt\n")
    (project / "base.in").write_text("toy\n")
    (project / "limits.txt").write_text("toy<2\nunrelated==3\n")

    done = lock(project)

    assert done.code == 0, done.err
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==1.0"]


def test_one_distribution_is_upgraded_and_the_others_stay(project: Path) -> None:
    (project / "requirements.in").write_text("toy<2\nother\n")
    lock(project)
    ToyWheel(name="other", version="2.0", files={"other.py": b""}).write(project.parent / "wheels")
    (project / "requirements.in").write_text("toy\nother\n")

    lock(project)
    kept = pinned(project / "requirements.txt")
    lock(project, "-P", "toy")

    assert kept == ["other==1.0", "toy==1.0"]
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]


def test_each_list_of_several_has_a_lock_of_its_own(project: Path) -> None:
    folder = project / "requirements"
    folder.mkdir()
    (folder / "production.in").write_text("toy<2\n")
    output = folder / "production.txt"

    done = lock(project, "--from", folder / "production.in", "-o", output)

    assert done.code == 0, done.err
    assert pinned(output) == ["other==1.0", "toy==1.0"]


def test_the_lock_that_the_settings_name_is_written_though_it_is_not_there(project: Path) -> None:
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(f"{text}requirements = 'production.txt'\n")

    done = lock(project)

    assert done.code == 0, done.err
    assert pinned(project / "production.txt") == ["other==1.0", "toy==2.0"]


def test_a_lock_with_another_ending_is_written_where_the_settings_name_it(project: Path) -> None:
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(f"{text}requirements = 'requirements.lock'\n")

    done = [lock(project), lock(project)]

    assert [one.code for one in done] == [0, 0], done
    assert pinned(project / "requirements.lock") == ["other==1.0", "toy==2.0"]
    assert not (project / "requirements.txt").exists()


@pytest.mark.parametrize("words", [[], ["--from", "list.in"]])
@pytest.mark.parametrize("chosen", ["", "requirements = 'pylock.app.toml'\n"])
def test_nothing_is_written_that_no_build_would_read(
    project: Path, words: list[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds read the pylock.toml, which is not for ``lamina lock`` to write."""
    name = "pylock.app.toml" if chosen else "pylock.toml"
    (project / name).write_text('lock-version = "1.0"\ncreated-by = "me"\npackages = []\n')
    (project / "list.in").write_text("toy\n")
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text + chosen)
    before = sorted(project.iterdir())
    monkeypatch.chdir(project)

    done = lock(project, *words)
    elsewhere = lock(project, *words, "-o", project / "mine.txt")

    assert done.code == 3
    assert f"a build reads {name}, which `lamina lock` does not write" in done.err
    assert "--only base" in done.err
    assert elsewhere.code == 0, elsewhere.err
    assert sorted(project.iterdir()) == sorted([*before, project / "mine.txt"])


def test_a_lock_of_another_tool_is_not_gone_round_with_a_list(project: Path) -> None:
    (project / "uv.lock").touch()
    (project / "list.in").write_text("toy\n")

    done = lock(project, "--from", project / "list.in")

    assert done.code == 3
    assert "a build reads uv.lock, which `lamina lock` does not write" in done.err
    assert "`uv lock`" in done.err


def test_a_list_that_the_settings_name_as_the_lock_is_refused(project: Path) -> None:
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(f"{text}requirements = 'requirements.in'\n")
    (project / "requirements.in").write_text("toy\n")

    done = lock(project)

    assert done.code == 3
    assert "a build reads requirements.in, which is a list and no lock" in done.err
    assert 'requirements = "requirements.txt"' in done.err
    assert not (project / "requirements.txt").exists()


def test_a_list_without_a_lock_is_resolved_with_a_warning(project: Path, tmp_path: Path) -> None:
    (project / "requirements.in").write_text("toy<2\n")

    done = lamina("plan", project, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert "there is no lock" in done.err
    assert "toy" in done.out


def test_no_python_is_loaded_to_choose_for_its_version(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(f'{text}python = "3.12"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no Python is found there

    with PythonMirror() as mirror:
        monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", mirror.origin)
        done = lock(project)

    assert done.code == 0, done.err
    assert mirror.asked == []


@pytest.mark.parametrize("way", ["preference", "managed", "not managed", "configuration"])
def test_whichever_pythons_uv_may_use_a_lock_is_made_for_any_version(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    """There is none but Lamina's own, and that is asked nothing of the version."""
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(f'{text}python = "3.12"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    match way:
        case "preference":
            monkeypatch.setenv("UV_PYTHON_PREFERENCE", "only-managed")
        case "managed":
            monkeypatch.setenv("UV_MANAGED_PYTHON", "1")
        case "not managed":
            monkeypatch.setenv("UV_NO_MANAGED_PYTHON", "1")
        case _:
            (project / "uv.toml").write_text('python-preference = "only-managed"\n')

    done = lock(project)

    assert done.code == 0, done.err
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]


def test_a_list_in_a_folder_is_named_where_an_image_would_have_nothing(
    project: Path, tmp_path: Path
) -> None:
    pyproject(project)
    (project / "requirements").mkdir()
    (project / "requirements/prod.txt").write_text("toy\n")

    silent = lamina("build", project, "-t", "app", store=tmp_path / "store")
    refused = lock(project)
    done = lock(project, "--from", project / "requirements/prod.txt")

    assert "requirements/prod.txt lists dependencies, and no build reads it" in silent.err
    assert "with --from requirements/prod.txt" in refused.err
    assert done.code == 0, done.err
    assert pinned(project / "requirements.txt") == ["other==1.0", "toy==2.0"]
    later = lamina("build", project, "-t", "app", store=tmp_path / "store")
    assert "no build reads it" not in later.err
