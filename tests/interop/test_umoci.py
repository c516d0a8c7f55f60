"""umoci unpacks the image, checking digests and diff_ids, and crun runs what it made."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import needs
from tests.support.process import run
from tests.support.workload import Workload

RUN = (
    "mount --make-rprivate / && umount -R /sys/fs/cgroup 2>/dev/null; "
    "mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; "
    'exec crun --root "$1/state" --cgroup-manager=disabled run -b "$1" "$2"'
)
HEAVY = "import xgboost, lightgbm, catboost, shap, streamlit, pyarrow; print('imported')"


@pytest.fixture(scope="module")
def bundle(workload: Workload, tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("umoci")
    needs("crun")
    if os.geteuid() != 0:
        pytest.skip("umoci keeps owners, and crun starts other users, only for root")
    folder = tmp_path_factory.mktemp("umoci") / "bundle"
    run("umoci", "unpack", "--image", f"{workload.layout}:test", folder)
    return folder


def crun(bundle: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the bundle, as the image's own user and environment."""
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"] |= {"terminal": False, "args": list(arguments)}
    path.write_text(json.dumps(config))
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", RUN, "sh", str(bundle), f"lamina-test-{os.getpid()}"],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_heavy_libraries_import_under_crun(bundle: Path) -> None:
    done = crun(bundle, "/opt/venv/bin/python", "-c", HEAVY)

    assert (done.returncode, done.stdout) == (0, "imported\n"), done.stderr


def test_the_process_is_nonroot_and_cannot_write_site_packages(bundle: Path) -> None:
    script = (
        "import os, site; p = site.getsitepackages()[0]; "
        "print(os.getuid(), os.getgid(), os.access(p, os.W_OK), os.path.expanduser('~'))"
    )

    done = crun(bundle, "/opt/venv/bin/python", "-c", script)

    assert done.stdout.split() == ["65532", "65532", "False", "/home/nonroot"], done.stderr


def test_an_exit_code_is_passed_on(bundle: Path) -> None:
    assert crun(bundle, "/opt/venv/bin/python", "-c", "raise SystemExit(42)").returncode == 42
