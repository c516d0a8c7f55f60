"""The Dockerfile says what the plan says, and is read back as it was written."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.dockerfile.instructions import Assignment, Copy, Dockerfile, Healthcheck, Run
from lamina.dockerfile.parse import parse
from lamina.dockerfile.render import render
from lamina.engines.buildkit.scripts import SPLIT
from lamina.engines.buildkit.sketch import project_dockerfile
from lamina.errors import ProjectError
from lamina.oci.digest import Digest
from lamina.project.base_pin import BasePin
from lamina.project.project import Project
from tests.engines.buildkit.plans import LOCK, MB, project

HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))
SIZES = {"torch": 800 * MB, "click": 90_000, "ruamel-yaml": 110_000}


def written(of: Project, lock: str = LOCK) -> Dockerfile:
    text = project_dockerfile(of, lock_text=lock, sizes=SIZES)["docker/Dockerfile"]
    return parse(text)


def test_it_is_read_as_it_was_written() -> None:
    found = written(project(port=8000, healthcheck="/healthz"))

    assert parse(render(found)) == found


def test_the_targets_are_there_and_production_is_the_default() -> None:
    names = [stage.start.name for stage in written(project()).stages]

    assert {"builder", "dev", "production"} <= set(names)
    assert names[-1] == "production"


def test_each_group_is_a_layer_of_its_own_the_most_stable_first() -> None:
    last = written(project()).stages[-1]

    copies = [found for found in last.instructions if isinstance(found, Copy)]
    assert [copy.flag("from") for copy in copies] == [
        "group-1-torch",
        "group-2-ruamel-yaml",
        "project",
    ]
    assert all(copy.is_on("link") or copy.flag("link") == "" for copy in copies)


def test_a_version_that_comes_from_tags_is_an_argument_of_the_wheel() -> None:
    """A context has no .git, so the backend cannot ask git."""
    tagged = replace(project(), is_versioned_by_tags=True)

    found = render(written(tagged))
    stage = found[found.index("AS build-wheel") : found.index("uv build")]

    assert "\nARG VERSION=" in stage
    assert "SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION}" in stage
    assert "VERSION" not in render(written(project()))


def test_a_command_without_an_entry_point_is_the_whole_program() -> None:
    """The entry point of a base would come before it, were it not taken back."""
    found = render(written(project(command=("python", "-m", "shop"))))

    assert found.endswith('ENTRYPOINT []\nCMD ["python", "-m", "shop"]\n')


def test_nothing_runs_above_the_links() -> None:
    """BuildKit would have to put all files together first: minutes, for nothing."""
    last = written(project()).stages[-1]

    assert not [found for found in last.instructions if isinstance(found, Run)]
    assert "WORKDIR" not in render(Dockerfile(instructions=last.instructions))


def test_a_group_reads_its_own_lines_alone() -> None:
    stages = {stage.start.name: stage for stage in written(project()).stages}
    run = next(x for x in stages["group-1-torch"].instructions if isinstance(x, Run))

    bound = [mount for mount in run.flag_values("mount") if "type=bind" in mount]
    assert bound == ["type=bind,from=lock,source=/lock/group-1-torch.txt,target=/requirements.txt"]
    assert "--require-hashes" in str(run.command)


def test_requirements_without_hashes_are_installed_with_what_they_need() -> None:
    """All at once, for what one of them brings along has to suit the others."""
    lock = "torch\nclick\n"
    text = project_dockerfile(project(), lock_text=lock, sizes=SIZES)["docker/Dockerfile"]

    assert [s.start.name for s in parse(text).stages if s.start.name.startswith("group-")] == [
        "group-1-dependencies"
    ]
    assert "install-into-venv -r /requirements.txt" in text
    assert "--no-deps --require-hashes -r /requirements" not in text


def test_values_keep_quotes_dollars_and_spaces() -> None:
    found = written(project(environment={"A": 'say "no" for $5'}, labels={"note": "two words"}))

    pairs = [p for x in found.instructions if isinstance(x, Assignment) for p in x.pairs]
    assert ("A", r'"say \"no\" for \$5"') in pairs
    assert ("note", '"two words"') in pairs


def test_a_value_of_several_lines_is_refused() -> None:
    with pytest.raises(ProjectError, match="several lines"):
        written(project(environment={"A": "one\ntwo"}))


def test_the_health_check_is_the_plans() -> None:
    found = written(project(port=8000, healthcheck="/healthz"))

    checks = [x for x in found.instructions if isinstance(x, Healthcheck)]
    assert {check.flag("interval") for check in checks} == {"30s"}
    assert "8000/healthz" in str(checks[0].command)


@pytest.mark.parametrize(
    ("base", "image"),
    [
        ("debian:bookworm", "debian:bookworm-slim"),
        ("debian:trixie", "debian:trixie-slim"),
        ("ubuntu:noble", "ubuntu:noble"),
        ("python:3.12-slim", "python:3.12-slim"),
    ],
)
def test_the_base_is_one_that_registries_have(base: str, image: str) -> None:
    assert written(project(base=base)).arguments[0].pairs == (("BASE", image),)


def test_a_pinned_base_is_named_by_digest() -> None:
    pin = BasePin(reference="python:3.12-slim", digest=Digest.of(b"x"))
    pinned = Project(
        directory=Path("/nowhere"), name="shop", settings=project(base="python:3.12-slim").settings,
        base_pins=(pin,),
    )  # fmt: skip

    (pair,) = written(pinned, "").arguments[0].pairs
    assert pair == ("BASE", f"python:3.12-slim@{pin.digest}")


def test_the_settings_choose_other_images() -> None:
    chosen = {"base": "debian:bookworm-slim@sha256:" + "0" * 64, "builder": "python:3.11"}
    found = written(project(buildkit=chosen))

    assert [argument.pairs[0] for argument in found.arguments] == [
        ("BASE", chosen["base"]),
        ("BUILDER", "python:3.11"),
    ]


@pytest.mark.parametrize("base", ["scratch", "oci:folder"])
def test_a_base_that_only_lamina_reads_is_refused(base: str) -> None:
    with pytest.raises(ProjectError, match="cannot start from"):
        written(project(base=base))


def test_a_system_package_does_not_touch_the_builder() -> None:
    """Else one library more would install all dependencies again."""
    before = {s.start.name: s for s in written(project()).stages}
    after = {s.start.name: s for s in written(project(system_packages=("libpq5",))).stages}

    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["runtime"]


def test_a_lock_of_another_tool_is_written_beside_the_dockerfile() -> None:
    other = Project(
        directory=Path("/nowhere"), name="shop", requirements=Path("/nowhere/pylock.toml")
    )
    files = project_dockerfile(other, lock_text=LOCK)

    assert list(files) == ["docker/Dockerfile", "docker/requirements.txt"]
    assert "source=docker/requirements.txt" in files["docker/Dockerfile"]


def test_the_lock_is_divided_by_name_and_unknown_names_come_last(tmp_path: Path) -> None:
    """The script that the stage `lock` runs, as it is in the Dockerfile."""
    (tmp_path / "split.py").write_text(SPLIT)
    (tmp_path / "groups").write_text("first torch ruamel-yaml\nlast idna\n")
    (tmp_path / "requirements.txt").write_text(LOCK)

    subprocess.run([sys.executable, "split.py"], cwd=tmp_path, check=True)

    assert (tmp_path / "first.txt").read_text() == (
        "--index-url https://index.example/simple\n"
        "Torch==2.1.0 ; platform_machine == 'x86_64' \\\n    --hash=sha256:aa\n"
        "ruamel.yaml==0.18\n"
    )
    assert (tmp_path / "last.txt").read_text() == (
        "--index-url https://index.example/simple\n"
        "click==8.1.7 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    )


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is in the development requirements")
@pytest.mark.parametrize("is_distributable", [True, False])
@pytest.mark.parametrize("lock", [LOCK, "click\n", ""])
@pytest.mark.parametrize("base", ["debian:bookworm", "python:3.12-slim"])
def test_hadolint_has_nothing_to_say(
    tmp_path: Path, base: str, lock: str, *, is_distributable: bool
) -> None:
    shop = project(
        base=base,
        is_distributable=is_distributable,
        port=80,
        healthcheck="/",
        system_packages=("libpq5",),
    )
    path = tmp_path / "Dockerfile"
    path.write_text(project_dockerfile(shop, lock_text=lock, dev_group="dev")["docker/Dockerfile"])

    assert HADOLINT is not None
    done = subprocess.run([HADOLINT, path], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
