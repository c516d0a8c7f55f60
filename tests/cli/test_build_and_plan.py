"""`lamina build` and `lamina plan` from end to end, on toy projects that need no network."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.testing.projects import locked_project, own_backend, tree_digest
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.toys import Outcome

DIGEST = re.compile(r"sha256:[0-9a-f]{64}\n")
SITE = f"opt/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
BIG = ToyWheel(name="big", files={"big.bin": bytes(range(256)) * 4000})
TOY = ToyWheel(entry_points="[console_scripts]\ntoy = toy:main\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(tmp_path / "project", [TOY, BIG], settings='exclude = ["*.toml"]')
    (folder / "serve.py").write_text("print('served')\n")
    return folder


def lamina(project: Path, command: str, *words: str | Path) -> Outcome:
    return toys.lamina(command, project, *words, store=project.parent / "store")


def build(project: Path, *words: str | Path) -> Outcome:
    done = lamina(project, "build", *words)
    assert done.code == 0, done.err
    return done


def events(outcome: Outcome, kind: str) -> list[dict[str, Any]]:
    rows = (json.loads(line) for line in outcome.err.splitlines())
    return [row for row in rows if row["event"] == kind]


def stored(project: Path) -> set[str]:
    """Name what the store holds, apart from its own marker."""
    store = project.parent / "store"
    files = {p.relative_to(store).parts[0] for p in store.rglob("*") if p.is_file()}
    return files - {"version"}


def test_on_a_base_that_is_not_assembled_the_user_has_a_home_and_a_name(
    project: Path, tmp_path: Path
) -> None:
    """Nobody has to know the user's number there: neither getpass nor a write to ~ may fail."""
    build(project, "-o", f"oci:{tmp_path}/out")

    config = toys.config(tmp_path / "out")["config"]
    assert toys.tree(toys.layer_tars(tmp_path / "out"))["home/nonroot"] == (
        "directory",
        0o1777,
        b"",
    )
    assert {"HOME=/home/nonroot", "USER=nonroot"} <= {*config["Env"]}


def test_a_layout_holds_the_wheels_and_the_projects_files(project: Path, tmp_path: Path) -> None:
    done = build(project, "-o", f"oci:{tmp_path}/out")

    files = toys.files(toys.tree(toys.layer_tars(tmp_path / "out")))
    assert DIGEST.fullmatch(done.out)
    assert files[f"{SITE}/toy.py"] == b"answer = 42\n"
    assert files[f"{SITE}/big.bin"] == BIG.files["big.bin"]
    assert files["app/serve.py"] == b"print('served')\n"
    assert files["opt/venv/bin/toy"].startswith(b"#!/opt/venv/bin/python\n")
    assert "app/pyproject.toml" not in files
    config = toys.config(tmp_path / "out")["config"]
    assert config["User"] == "65532:65532"
    assert config["WorkingDir"] == "/app"
    assert "PYTHONPATH=/app" in config["Env"]


def test_the_second_build_makes_no_layer_and_reads_no_wheel(project: Path, tmp_path: Path) -> None:
    first = build(project, "-t", "toy", "--progress", "rawjson")
    for wheel in (*(tmp_path / "wheels").iterdir(), *(tmp_path / "store/wheels").iterdir()):
        wheel.unlink()

    second = build(project, "-t", "toy", "--progress", "rawjson")

    made, found = events(first, "LayerBuilt"), events(second, "LayerBuilt")
    assert second.out == first.out
    assert {row["digest"] for row in found} == {row["digest"] for row in made}
    assert [row["cached"] for row in found] == [True] * len(found)
    assert events(second, "WheelFetched") == []


def test_builds_in_other_folders_and_stores_are_equal(project: Path, tmp_path: Path) -> None:
    other = locked_project(tmp_path / "else/where", [BIG, TOY], settings='exclude = ["*.toml"]')
    (other / "serve.py").write_text("print('served')\n")
    (other / "pyproject.toml").write_text(
        '[project]\nname = "project"\n' + (other / "pyproject.toml").read_text()
    )

    assert build(other, "-t", "x").out == build(project, "-t", "y").out


def test_one_changed_file_changes_one_layer(project: Path) -> None:
    first = build(project, "-t", "toy", "--progress", "rawjson")
    (project / "serve.py").write_text("print('served twice')\n")

    second = build(project, "-t", "toy", "--progress", "rawjson")

    before = {row["digest"] for row in events(first, "LayerBuilt")}
    after = {row["digest"] for row in events(second, "LayerBuilt")}
    assert len(after - before) == 1
    assert events(second, "WheelFetched") == []


def test_no_cache_makes_every_layer_again_and_the_same(project: Path) -> None:
    first = build(project, "-t", "toy")

    again = build(project, "-t", "toy", "--no-cache", "--progress", "rawjson")

    assert again.out == first.out
    assert not any(row["cached"] for row in events(again, "LayerBuilt"))


def test_metadata_names_the_image_for_other_programs(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"

    done = build(project, "-t", "toy:1", "-t", "team/toy", "--metadata-file", file)

    metadata = json.loads(file.read_text())
    assert metadata["containerimage.digest"] == done.out.strip()
    assert metadata["containerimage.descriptor"]["digest"] == done.out.strip()
    assert metadata["containerimage.config.digest"].startswith("sha256:")
    assert metadata["image.name"] == "toy:1,team/toy:latest"


def test_an_image_of_several_platforms_is_an_index(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    platforms = "linux/arm64,linux/amd64,linux/aarch64"

    build(project, "-o", f"oci:{tmp_path}/out", "--platform", platforms, "--metadata-file", file)

    (row,) = json.loads((tmp_path / "out/index.json").read_text())["manifests"]
    index = tmp_path / "out/blobs/sha256" / row["digest"].removeprefix("sha256:")
    manifests = json.loads(index.read_bytes())["manifests"]
    assert [m["platform"]["architecture"] for m in manifests] == ["arm64", "amd64"]
    assert "containerimage.config.digest" not in json.loads(file.read_text())


def test_several_destinations_get_the_same_image(project: Path, tmp_path: Path) -> None:
    done = build(
        project, "-t", "toy:1", "-o", f"oci:{tmp_path}/out", "-o", f"oci-archive:{tmp_path}/a.tar",
        "-o", f"docker-archive:{tmp_path}/d.tar",
    )  # fmt: skip

    digest = done.out.strip().removeprefix("sha256:")
    assert (tmp_path / "out/blobs/sha256" / digest).exists()
    for name in ("a.tar", "d.tar"):
        with tarfile.open(tmp_path / name) as archive:
            assert f"blobs/sha256/{digest}" in archive.getnames()


def test_two_tags_are_two_rows_of_a_layout(project: Path, tmp_path: Path) -> None:
    build(project, "-t", "toy:1", "-t", "toy:latest", "-o", f"oci:{tmp_path}/out")

    rows = json.loads((tmp_path / "out/index.json").read_text())["manifests"]
    assert [row["annotations"]["org.opencontainers.image.ref.name"] for row in rows] == [
        "1", "latest",
    ]  # fmt: skip


def test_the_time_of_an_image_is_the_one_that_is_asked_for(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    build(project, "-o", f"oci:{tmp_path}/out")

    assert toys.config(tmp_path / "out")["created"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("text", ["yesterday", "-1", "²", "1.5", "999999999999", "9" * 5000])
def test_a_time_that_is_none_is_a_usage_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)

    done = lamina(project, "build", "-t", "toy")

    assert done.code == 2
    assert "SOURCE_DATE_EPOCH" in done.err


def test_bytecode_goes_into_the_image_where_it_is_asked_for(project: Path, tmp_path: Path) -> None:
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + 'bytecode = "all"\n')

    build(project, "-o", f"oci:{tmp_path}/out")

    files = toys.files(toys.tree(toys.layer_tars(tmp_path / "out")))
    assert any(re.fullmatch(rf"{SITE}/__pycache__/toy\.cpython-3\d+\.pyc", path) for path in files)


def test_the_projects_own_wheel_is_the_last_layer_and_built_once(tmp_path: Path) -> None:
    own = ToyWheel(name="own", files={"own.py": b"made = 1\n"})
    own_backend(tmp_path / "project", own)

    first = build(tmp_path / "project", "-o", f"oci:{tmp_path}/out", "--progress", "rawjson")
    second = build(tmp_path / "project", "-t", "own", "--progress", "rawjson")

    last = toys.tree(toys.layer_tars(tmp_path / "out")[-1:])
    assert toys.files(last)[f"{SITE}/own.py"] == b"made = 1\n"
    names = [[row["name"] for row in events(done, "StepStarted")] for done in (first, second)]
    assert [("wheel of own" in started) for started in names] == [True, False]
    assert second.out == first.out


def test_a_changed_project_is_built_again_even_where_dockerignore_hides_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    own_backend(project, ToyWheel(files={"toy.py": b"a = 1\n"}))
    (project / ".dockerignore").write_text("made\n")
    first = build(project, "-t", "own")
    ToyWheel(files={"toy.py": b"a = 22\n"}).write(project / "made")

    second = build(project, "-t", "own")

    assert second.out != first.out


@pytest.mark.parametrize(("words", "told"), [((), ""), (("--offline",), "1")])
def test_offline_the_build_backend_asks_nobody_either(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    project = tmp_path / "project"
    own_backend(project)
    backend = project / "backend.py"
    path = tmp_path / "told"
    tell = f'import os\nopen({str(path)!r}, "w").write(os.environ.get("UV_OFFLINE", ""))\n'
    backend.write_text(tell + backend.read_text())

    assert build(project, "-t", "own", *words).code == 0

    assert path.read_text() == told


_STATEFUL = """\
import base64, hashlib, pathlib, shutil, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    lib = pathlib.Path("build/lib")
    shutil.copytree("src", lib, dirs_exist_ok=True)
    with zipfile.ZipFile(folder + "/own-1.0-py3-none-any.whl", "w") as wheel:
        record = ""
        def write(name, text):
            nonlocal record
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
            record += f"{name},sha256={digest.rstrip('=')},{len(text)}\\n"
            wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
        for path in sorted(p for p in lib.rglob("*") if p.is_file()):
            write(str(path.relative_to(lib)), path.read_text())
        write("own-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n")
        write("own-1.0.dist-info/WHEEL",
              "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        write("own-1.0.dist-info/RECORD", record + "own-1.0.dist-info/RECORD,,\\n")
    return "own-1.0-py3-none-any.whl"
"""


def test_a_deleted_module_is_not_in_the_next_image(tmp_path: Path) -> None:
    """The backend keeps what it built beside the sources, as setuptools does, and reuses it."""
    project = tmp_path / "project"
    own_backend(project, ToyWheel(name="own"))
    (project / "backend.py").write_text(_STATEFUL)
    (project / "src/own").mkdir(parents=True)
    (project / "src/own/__init__.py").write_text("")
    shutil.copytree(project, tmp_path / "checkout")
    (project / "src/own/gone.py").write_text("")

    first = build(project, "-o", f"oci:{tmp_path}/first")
    (project / "src/own/gone.py").unlink()
    second = build(project, "-o", f"oci:{tmp_path}/second")

    assert f"{SITE}/own/gone.py" in toys.files(toys.tree(toys.layer_tars(tmp_path / "first")))
    assert f"{SITE}/own/gone.py" not in toys.files(toys.tree(toys.layer_tars(tmp_path / "second")))
    assert second.out != first.out
    assert second.out == build(tmp_path / "checkout", "-o", f"oci:{tmp_path}/third").out
    assert not (project / "build").exists()


def test_a_plan_writes_nothing_of_a_wheel_into_the_store(project: Path) -> None:
    done = lamina(project, "plan", "--format", "json")

    (plan,) = json.loads(done.out)
    assert [layer["type"] for layer in plan["layers"]] == ["WheelLayer", "FileLayer"]
    assert stored(project) == {"memory"}


def test_a_plan_is_what_the_build_then_does(project: Path) -> None:
    planned = json.loads(lamina(project, "plan", "--format", "json").out)[0]

    done = build(project, "-t", "toy", "--progress", "rawjson")

    wheels = {w["digest"] for layer in planned["layers"] for w in layer.get("wheels", ())}
    assert {row["digest"] for row in events(done, "WheelFetched")} == wheels
    (decided,) = events(done, "PlanDecided")
    assert decided["wheels"] == 2


def test_a_plan_of_a_lock_whose_wheels_are_gone_needs_no_wheel(
    project: Path, tmp_path: Path
) -> None:
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()

    assert lamina(project, "plan").code == 0
    done = lamina(project, "build", "-t", "toy")

    assert done.code == 4
    assert "cannot be read: No such file" in done.err
    assert "  try: lock again" in done.err


def test_a_wheel_that_was_replaced_stops_the_build_and_the_old_image_stays(
    project: Path, tmp_path: Path
) -> None:
    outputs = ("-o", f"oci:{tmp_path}/out", "-o", f"oci-archive:{tmp_path}/a.tar")
    build(project, "-t", "toy:1", *outputs)
    before = tree_digest(tmp_path / "out"), (tmp_path / "a.tar").read_bytes()
    (tmp_path / "wheels" / TOY.filename).write_bytes(b"replaced")
    for wheel in (tmp_path / "store/wheels").iterdir():
        wheel.unlink()

    done = lamina(project, "build", "-t", "toy:1", "--no-cache", *outputs)

    assert (done.code, done.out) == (3, "")
    assert "is not the file that the lock names" in done.err
    assert "expected sha256" in done.err
    assert (tree_digest(tmp_path / "out"), (tmp_path / "a.tar").read_bytes()) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "the image would go nowhere"),
        (("-o", "ftp:x"), "'ftp:x' is not a destination"),
        (("-o", "oci:"), "'oci:' is not a destination"),
        (("-t", "Not A Name"), "is not an image reference"),
        (("-t", "toy:"), "is not a tag"),
        (("-t", "toy@sha256:" + "a" * 64), "is a digest, which no image can be given"),
        (("-t", "toy", "--platform", "amd64"), "'amd64' is not a platform"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused_before_anything_is_done(
    project: Path, words: tuple[str, ...], says: str
) -> None:
    done = lamina(project, "build", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert says in done.err
    assert stored(project) == set()


def test_metadata_that_cannot_be_written_is_an_error_with_its_place(
    project: Path, tmp_path: Path
) -> None:
    done = lamina(project, "build", "-t", "toy", "--metadata-file", tmp_path / "wheels" / "x" / "m")
    onto_file = lamina(project, "build", "-t", "toy", "--metadata-file", project / "serve.py" / "m")

    assert done.code == 0
    assert (tmp_path / "wheels/x/m").exists()
    assert onto_file.code == 4
    assert "cannot write" in onto_file.err


def test_an_output_that_cannot_be_written_is_an_error_with_its_place(project: Path) -> None:
    for output in ("oci", "oci-archive"):
        done = lamina(project, "build", "-o", f"{output}:{project}/serve.py/inside/out")

        assert done.code == 4
        assert "cannot write" in done.err
        assert f"{project}/serve.py" in done.err


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_builds_at_the_same_time_share_one_store(
    project: Path, tmp_path: Path, processes: list["subprocess.Popen[str]"]
) -> None:
    """Four processes make the same layers at once, and each gets a whole image."""
    for n in range(4):
        words: list[str | Path] = [
            sys.executable, "-m", "lamina", "build", project, "-t", "toy",
            "-o", f"oci:{tmp_path}/out{n}",
        ]  # fmt: skip
        environment = {"LAMINA_STORE": str(tmp_path / "store"), "PATH": "/usr/bin:/bin"}
        processes.append(
            subprocess.Popen(
                words, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )

    results = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, results
    assert len({out for out, _ in results}) == 1
    trees = [toys.tree(toys.layer_tars(tmp_path / f"out{n}")) for n in range(4)]
    assert all(tree == trees[0] for tree in trees)
    assert list((tmp_path / "store/ingest").iterdir()) == []
