"""`lamina weigh` against what is really installed: layers of ours, and an environment of uv's."""

import csv
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from lamina.cli import wiring
from lamina.http.client import HttpClient
from lamina.layer.contents import Contents
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.lock.select import select
from lamina.lock.target import Target
from lamina.oci.platform import Platform
from lamina.sources.index import IndexSource
from lamina.sources.parts import WheelParts
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.weigh.survey import Scales, Survey
from lamina.weigh.weight import Portion
from tests.support.process import run
from tests.support.tools import EXAMPLE
from tests.support.toys import write_layer
from tests.support.workload import UV, Workload

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
POPULAR = (
    "aiohttp==3.10.8", "boto3==1.35.29", "botocore==1.35.29", "certifi==2024.8.30",
    "click==8.1.7", "cryptography==43.0.1", "debugpy==1.8.6", "django==5.1.1", "flask==3.0.3",
    "idna==3.10", "jinja2==3.1.4", "jupyterlab==4.2.5", "matplotlib==3.9.2", "numpy==1.26.4",
    "pandas==2.2.3", "pillow==10.4.0", "httpx==0.27.2", "plotly==5.24.1", "pydantic==2.9.2",
    "pydantic-core==2.23.4", "pytest==8.3.3", "pyyaml==6.0.2", "requests==2.32.3", "ruff==0.6.8",
    "scikit-learn==1.5.2", "scipy==1.13.1", "setuptools==75.1.0", "sqlalchemy==2.0.35",
    "tqdm==4.66.5", "urllib3==2.2.3", "wheel==0.44.0", "xgboost-cpu==2.1.4",
)  # fmt: skip
FILES = ("file", "hardlink")  # a twin is stored once: its other names have no bytes of their own
OWN_OF_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("popular")


@pytest.fixture(scope="module")
def venv(folder: Path) -> Venv:
    """Describe the environment that uv makes, so that first lines of programs are equally long."""
    python = PurePosixPath(sys.executable)
    return Venv(prefix=PurePosixPath(folder / "env"), python=MINOR, base_interpreter=python)


@pytest.fixture(scope="module")
def wheels(folder: Path) -> tuple[LockedWheel, ...]:
    """Find the wheels on the user's index."""
    listed = folder / "requirements.in"
    listed.write_text("\n".join(POPULAR))
    target = Target(
        platform=Platform.parse("linux/amd64"),
        python=MINOR,
        python_full=f"{MINOR}.{sys.version_info[2]}",
        glibc=(2, 36),
    )
    text = wiring.uv_program(is_pinned=False).resolve(listed, target, with_dependencies=False)
    return select(tomllib.loads(text), target, name="popular", is_pinned=False).wheels


@pytest.fixture(scope="module")
def client() -> HttpClient:
    return HttpClient(wiring.http_settings(os.environ))


@pytest.fixture(scope="module")
def survey(folder: Path, venv: Venv, wheels: tuple[LockedWheel, ...], client: HttpClient) -> Survey:
    """Weigh all of them, with an empty store."""
    store = Store.open(folder / "weights")
    opener = WheelParts(client, IndexSource(client, store), store)
    scales = Scales(opener=opener, store=store, venv=venv, workers=8)
    return scales.weigh(wheels, silent_step())


@pytest.fixture(scope="module")
def contents(
    folder: Path, venv: Venv, wheels: tuple[LockedWheel, ...], client: HttpClient
) -> dict[str, Contents]:
    """Fetch all of them, and write a layer of each."""
    source = IndexSource(client, Store.open(folder / "whole"))
    found = {}
    for wheel in wheels:
        path = source.fetch(wheel, silent_step())
        _, _, found[wheel.name] = write_layer([(path, wheel.filename)], venv=venv, lenient=True)
    return found


def test_weights_are_those_of_layers_to_the_byte(
    survey: Survey, contents: dict[str, Contents]
) -> None:
    """Files and bytes, RECORD and generated programs included."""
    weighed = {weight.name: weight.total for weight in survey.weights}

    layers = {name: _portion(one) for name, one in contents.items()}

    assert len(weighed) >= 30
    assert weighed == layers


def test_little_is_read(survey: Survey, wheels: tuple[LockedWheel, ...]) -> None:
    assert survey.remembered == 0
    assert survey.fetched < sum(wheel.size for wheel in wheels) / 20


def test_what_uv_installs_is_the_same(
    folder: Path, venv: Venv, wheels: tuple[LockedWheel, ...], contents: dict[str, Contents]
) -> None:
    """Path by path, but for what each installer writes itself, in its own way."""
    python = _install(folder, wheels)

    for wheel in wheels:
        theirs = _recorded(folder, wheel)
        sizes = {i.path: i.size for i in contents[wheel.name].items}
        ours = {
            i.path.removeprefix(f"{venv.root}/"): sizes[i.target] if i.target else i.size
            for i in contents[wheel.name].items
            if i.kind in FILES and PurePosixPath(i.path).name not in OWN_OF_INSTALLERS
        }
        programs = _programs(python, wheel.name)
        assert {p: n for p, n in ours.items() if p not in programs} == {
            p: n for p, n in theirs.items() if p not in programs
        }
        assert programs <= ours.keys()
        assert programs <= theirs.keys()


def _portion(contents: Contents) -> Portion:
    files = [item.size for item in contents.items if item.kind in FILES]
    return Portion(len(files), sum(files))


def _install(folder: Path, wheels: tuple[LockedWheel, ...]) -> Path:
    """Install the very same files with uv; return the environment's Python."""
    beside = folder / "named"
    beside.mkdir()
    for wheel in wheels:
        (beside / wheel.filename).symlink_to(folder / f"whole/wheels/{wheel.digest.hex}.whl")
    run(UV, "venv", "--quiet", "--no-config", "--python", sys.executable, folder / "env")
    python = folder / "env/bin/python"
    run(
        UV, "pip", "install", "--quiet", "--no-config", "--no-deps", "--no-index", "--python",
        python, "--link-mode", "copy", *sorted(beside.iterdir()),
    )  # fmt: skip
    return python


def _recorded(folder: Path, wheel: LockedWheel) -> dict[str, int]:
    """List the files that uv's RECORD names, with the sizes that they really have."""
    root = folder / "env"
    site = root / f"lib/python{MINOR}/site-packages"
    (record,) = (
        path for path in site.glob("*.dist-info/RECORD")
        if path.parent.name.removesuffix(".dist-info").lower().replace("_", "-")
        == f"{wheel.name}-{wheel.version}"
    )  # fmt: skip
    rows = csv.reader(record.read_text("utf-8").splitlines())
    paths = [Path(os.path.normpath(site / row[0])) for row in rows]
    return {
        str(path.relative_to(root)): path.stat().st_size
        for path in paths
        if path.name not in OWN_OF_INSTALLERS
    }


def _programs(python: Path, name: str) -> set[str]:
    code = (
        "import importlib.metadata as m, json, sys\n"
        "groups = {'console_scripts', 'gui_scripts'}\n"
        "points = m.distribution(sys.argv[1]).entry_points\n"
        "print(json.dumps(['bin/' + p.name for p in points if p.group in groups]))\n"
    )
    out = subprocess.run([python, "-c", code, name], check=True, capture_output=True, text=True)
    return set(json.loads(out.stdout))


@pytest.fixture(scope="module")
def weighed(workload: Workload) -> dict[str, Any]:
    text = workload.lamina("weigh", EXAMPLE, "--platform", "linux/amd64", "--format", "json")
    return {section["key"]: section for section in json.loads(text)["sections"]}


def test_the_workloads_weight_is_that_of_its_layers(
    workload: Workload, weighed: dict[str, Any]
) -> None:
    """Every file of the environment in the image, as tarfile reads its layers."""
    sizes: dict[str, int] = {}
    for row in workload.manifest["layers"]:  # type: ignore[attr-defined] # JSON
        path = workload.layout / "blobs/sha256" / row["digest"].removeprefix("sha256:")
        with gzip.open(path) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            files = (info for info in archive if info.isreg() or info.islnk())
            sizes |= {info.name: info.size for info in files}
    installed = [n for path, n in sizes.items() if path.startswith("opt/venv/")]

    total = weighed["weight"]["total"]["size"]

    assert total == sum(installed) - sizes["opt/venv/pyvenv.cfg"]
    assert len(installed) - 1 == sum(row["files"] for row in weighed["weight"]["kinds"])


def test_the_workload_can_lose_600_mb(weighed: dict[str, Any]) -> None:
    """What nothing imports, what is lighter, what no program runs, and extras that are optional."""
    total = weighed["weight"]["total"]
    unused = {row["name"] for row in weighed["savings"]["unused"]}

    assert unused == {
        "streamlit", "feature-engine", "mlxtend", "psutil", "imbalanced-learn", "eli5",
    }  # fmt: skip
    extras = sum(row["exclusive"] for row in weighed["weight"]["extras"])
    assert total["possible"] > 115_000_000
    assert total["possible-with-tests"] > 420_000_000
    assert total["possible"] + total["possible-with-tests"] + total["idle"] + extras > 600_000_000
