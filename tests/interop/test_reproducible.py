"""Equal inputs make equal images, wherever and by whomever they are built."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import Workload

WORLDS = [
    {"TZ": "Asia/Tokyo", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
    {"TZ": "America/New_York", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "2"},
]


@pytest.mark.parametrize(("world", "umask"), list(zip(WORLDS, (0o077, 0o002), strict=True)))
def test_another_folder_umask_zone_language_and_hash_seed_make_the_same_image(
    workload: Workload, tmp_path: Path, world: dict[str, str], umask: int
) -> None:
    """From an empty store; only downloaded files are taken over, which are checked by hash."""
    store = tmp_path / "store"
    shutil.copytree(workload.store / "wheels", store / "wheels", copy_function=os.link)
    project = tmp_path / "elsewhere" / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))

    done = subprocess.run(
        [*LAMINA, "build", project, "-t", "again", "--progress", "plain"],
        check=False,
        capture_output=True,
        text=True,
        umask=umask,
        cwd=tmp_path,
        env={**os.environ, **world, "LAMINA_STORE": str(store)},
    )

    assert done.stdout.strip() == workload.digest, done.stderr[-3000:]
    shutil.rmtree(store)
