"""All judgement about an image is made before anything is built, and can be printed."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ProjectError
from lamina.lock.lock import Lock, LockedWheel
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.decide import decide
from lamina.plan.explain import explain
from lamina.plan.partition import partition
from lamina.plan.plan import (
    BaseImage,
    BuildPlan,
    FileLayer,
    PlannedFile,
    SystemPackage,
    WheelLayer,
)
from lamina.plan.serialize import plan_key, plan_to_json
from lamina.project.project import Project
from lamina.project.settings import Settings

BASE = BaseImage(
    reference="debian:bookworm",
    platform=Platform("linux", "amd64"),
    digest=Digest.of(b"base"),
    python="3.11",
    python_full="3.11.2",
    interpreter="/usr/bin/python3.11",
    glibc=(2, 36),
    environment=(("PATH", "/usr/bin"), ("TZ", "UTC")),
    packages=(SystemPackage(name="libc6", version="2.36", digest=Digest.of(b"c"), size=3_000_000),),
)
MB = 1_000_000


def wheel(name: str, size: int = 100) -> LockedWheel:
    filename = f"{name}-1.0-py3-none-any.whl"
    digest = Digest.of(name.encode())
    return LockedWheel(name=name, version="1.0", filename=filename, digest=digest, size=size)


def plan(
    *wheels: LockedWheel,
    own: LockedWheel | None = None,
    files: tuple[PlannedFile, ...] = (),
    scripts: dict[str, str] | None = None,
    on: BaseImage = BASE,
    **settings: Any,
) -> BuildPlan:
    project = Project(
        directory=Path("/src/toy"),
        name="toy",
        version="1.0",
        scripts=scripts or {},
        settings=Settings(**settings),
    )
    return decide(project, lock=Lock(wheels=wheels), base=on, own_wheel=own, files=files)


FILE = PlannedFile(path="app/a.py", digest=Digest.of(b"a"), size=1, mode=0o644, source="/src/a.py")


def test_layers_go_from_what_changes_least_to_the_projects_own_code() -> None:
    decided = plan(wheel("small"), wheel("large", 9 * MB), own=wheel("toy"), files=(FILE,))

    assert [layer.name for layer in decided.layers] == ["large", "tiny wheels", "files", "toy"]
    assert [w.name for w in decided.wheels] == ["large", "small", "toy"]


def test_a_large_wheel_stands_alone_and_small_ones_share_with_their_like() -> None:
    sizes = {"a": 5 * MB, "b": 5 * MB - 1, "c": MB, "d": MB - 1, "e": 200_000, "f": 199_999, "g": 0}

    layers = partition([wheel(name, size) for name, size in sizes.items()])

    assert [(layer.name, [w.name for w in layer.wheels]) for layer in layers] == [
        ("a", ["a"]),
        ("medium wheels", ["b", "c"]),
        ("small wheels", ["d", "e"]),
        ("tiny wheels", ["f", "g"]),
    ]


def test_a_changed_small_wheel_changes_one_layer() -> None:
    wheels = [wheel(f"w{n}", n * 400_000) for n in range(20)]
    changed = [replace(w, version="2.0") if w.name == "w1" else w for w in wheels]

    before, after = partition(wheels), partition(changed)

    assert [layer.name for layer in after if layer not in before] == ["small wheels"]


@given(st.lists(st.integers(0, 40 * MB), max_size=80), st.randoms())
def test_any_order_of_wheels_gives_the_same_layers_within_the_budget(
    sizes: list[int], random: Any
) -> None:
    wheels = [wheel(f"w{n}", size) for n, size in enumerate(sizes)]
    shuffled = random.sample(wheels, len(wheels))

    layers = partition(shuffled)

    assert layers == partition(wheels)
    assert len(layers) <= 40
    assert sorted(w.name for layer in layers for w in layer.wheels) == sorted(
        w.name for w in wheels
    )


def test_waivers_of_record_reach_the_layer_of_their_wheel() -> None:
    layers = plan(wheel("a"), wheel("b"), allow_record_mismatch=("b", "c")).layers

    assert [layer.lenient for layer in layers if isinstance(layer, WheelLayer)] == [("b",)]


@pytest.mark.parametrize(
    ("settings", "entrypoint"),
    [
        ({"entrypoint": ("serve", "--now")}, ("serve", "--now")),
        ({"scripts": {"toy": "toy:main"}}, ("toy",)),
        ({"scripts": {"a": "a:b", "c": "c:d"}}, ("python",)),
        ({}, ("python",)),
        ({"entrypoint": ("serve",), "command": ("--now",)}, ("serve",)),
        ({"command": ("python", "-m", "shop")}, ()),
        ({"command": ("serve",), "scripts": {"toy": "toy:main"}}, ()),
    ],
)
def test_the_entry_point_is_the_setting_or_the_only_script_or_python(
    settings: dict[str, Any], entrypoint: tuple[str, ...]
) -> None:
    assert plan(**settings).runtime.entrypoint == entrypoint


def test_options_alone_are_no_program() -> None:
    with pytest.raises(ProjectError, match="'--port', which is an option and no program"):
        plan(command=("--port", "8000"))


def test_an_image_runs_as_nobody_in_particular() -> None:
    runtime = plan().runtime

    assert runtime.user == "65532:65532"
    assert dict(runtime.environment)["HOME"] == "/home/nonroot"
    assert runtime.working_directory == "/app"


@pytest.mark.parametrize(
    ("user", "home"), [("root", "/root"), ("0", "/root"), ("1000", "/home/nonroot")]
)
def test_another_user_gets_a_home(user: str, home: str) -> None:
    runtime = plan(user=user).runtime

    assert (runtime.user, dict(runtime.environment)["HOME"]) == (user, home)


@pytest.mark.parametrize(
    ("user", "own", "home", "name"),
    [
        ("nonroot", {}, "/home/nonroot", "nonroot"),
        ("nonroot", {"HOME": "/tmp", "USER": "me"}, "", "me"),
        ("1000", {}, "/home/nonroot", None),
        ("root", {}, "", None),
    ],
)
def test_on_a_base_of_others_the_user_gets_a_home_and_a_name(
    user: str, own: dict[str, str], home: str, name: str | None
) -> None:
    """Their passwd has no line for nonroot, and getpass.getuser() looks at USER first."""
    found = plan(on=replace(BASE, packages=()), user=user, environment=own)

    assert found.home == home
    assert dict(found.runtime.environment).get("USER") == name


def test_an_assembled_base_knows_its_user() -> None:
    assert plan().home == ""
    assert "USER" not in dict(plan().runtime.environment)


def test_the_environment_is_the_bases_then_ours_then_the_projects() -> None:
    variables = dict(
        plan(wheel("torch"), own=wheel("toy"), environment={"TZ": "Asia/Tokyo"}).runtime.environment
    )

    assert variables["PATH"] == "/opt/venv/bin:/usr/bin"
    assert variables["TZ"] == "Asia/Tokyo"
    assert variables["TORCHINDUCTOR_CACHE_DIR"] == "/tmp/torchinductor"
    assert "MPLCONFIGDIR" not in variables
    assert "PYTHONPATH" not in variables


def test_files_that_are_no_wheel_are_importable_unless_the_project_says_otherwise() -> None:
    plain = dict(plan(files=(FILE,)).runtime.environment)
    own = dict(plan(files=(FILE,), environment={"PYTHONPATH": "/x"}).runtime.environment)

    assert (plain["PYTHONPATH"], own["PYTHONPATH"]) == ("/app", "/x")


def test_labels_name_the_project_and_may_be_changed() -> None:
    labels = plan(labels={"org.opencontainers.image.title": "Toy", "team": "ml"}).runtime.labels

    assert labels == {
        "org.opencontainers.image.title": "Toy",
        "org.opencontainers.image.version": "1.0",
        "team": "ml",
    }


def test_a_health_check_asks_with_the_images_own_python() -> None:
    runtime = plan(port=8000, healthcheck="/health").runtime

    assert runtime.ports == (8000,)
    assert runtime.healthcheck is not None
    assert runtime.healthcheck.test[:3] == ("CMD", "/opt/venv/bin/python", "-c")
    assert "'http://127.0.0.1:8000/health'" in runtime.healthcheck.test[3]


@pytest.mark.parametrize("path", ["/it's", '/a"b', "/back\\slash", "/{port}"])
def test_a_health_check_is_a_program_whatever_the_path(path: str) -> None:
    healthcheck = plan(port=8000, healthcheck=path).runtime.healthcheck

    assert healthcheck is not None
    compile(healthcheck.test[3], "probe", "exec")


def test_a_health_check_without_a_port_is_refused() -> None:
    with pytest.raises(ProjectError, match="needs to know the port"):
        plan(healthcheck="/health")


def test_equal_plans_have_equal_keys_wherever_their_files_lie() -> None:
    one = plan(wheel("a"), files=(FILE,), bytecode="all")
    moved = plan(
        replace(wheel("a"), url="https://elsewhere.example/a.whl"),
        files=(replace(FILE, source="/other/a.py"),),
        bytecode="all",
    )

    assert plan_key(one) == plan_key(moved)
    assert "/src/a.py" not in json.dumps(plan_to_json(one))


@pytest.mark.parametrize(
    "change",
    [
        {"bytecode": "all"},
        {"entrypoint": ("x",)},
        {"environment": {"A": "B"}},
        {"labels": {"a": "b"}},
        {"user": "root"},
        {"working_directory": "/srv"},
        {"port": 1},
        {"files": (replace(FILE, mode=0o755),)},
        {"own": wheel("other")},
        {"allow_record_mismatch": ("a",)},
    ],
)
def test_whatever_changes_the_image_changes_the_key(change: dict[str, Any]) -> None:
    members: dict[str, Any] = {"files": (FILE,), "own": wheel("toy")}

    before = plan_key(plan(wheel("a"), **members))
    after = plan_key(plan(wheel("a"), **{**members, **change}))

    assert before != after


def test_a_key_does_not_depend_on_the_process() -> None:
    """Sets and hashes must not decide an order."""
    code = (
        "from tests.plan.test_decide import *\n"
        "print(plan_key(plan(*[wheel(n) for n in 'cabdef'], own=wheel('toy'))))"
    )

    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }

    assert len(keys) == 1


def test_a_plan_is_explained_layer_by_layer() -> None:
    decided = plan(
        wheel("big", 12 * MB), *[wheel(f"w{n}") for n in range(8)], own=wheel("toy"), files=(FILE,)
    )
    base = replace(
        BASE,
        system_packages=(
            SystemPackage(name="libgl1", version="1", digest=Digest.of(b"g"), size=2 * MB),
        ),
    )

    lines = explain(replace(decided, base=base)).splitlines()

    assert lines == [
        "toy  linux/amd64  Python 3.11.2  bytecode none",
        "",
        "      3.0 MB  base         debian:bookworm",
        "      2.0 MB  system       libgl1",
        "      0.0 MB  environment  /opt/venv",
        "     12.0 MB  big          big 1.0",
        "      0.0 MB  tiny wheels  w0 1.0, w1 1.0, w2 1.0, w3 1.0, w4 1.0, w5 1.0 and 2 more",
        "      0.0 MB  files        1 files",
        "      0.0 MB  toy          toy 1.0",
        "     17.0 MB  in 7 layers, 10 wheels",
        "",
        "starts  python  as 65532:65532 in /app",
    ]


def test_a_file_layer_knows_its_size() -> None:
    assert FileLayer(name="files", files=(FILE, replace(FILE, path="b", size=4))).size == 5
