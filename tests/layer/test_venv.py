"""The environment that all wheels share."""

import subprocess
import sys
from pathlib import Path, PurePosixPath

from lamina.layer.venv import Venv
from tests.support.toys import SITE, VENV


def test_paths_follow_the_prefix_and_the_minor_version() -> None:
    venv = Venv(
        prefix=PurePosixPath("/srv/env"),
        python="3.13",
        base_interpreter=PurePosixPath("/usr/local/bin/python3.13"),
    )

    assert venv.root == "srv/env"
    assert venv.site_packages == "srv/env/lib/python3.13/site-packages"
    assert venv.interpreter == "/srv/env/bin/python"


def test_each_scheme_of_a_data_folder_has_its_place() -> None:
    assert {key: VENV.scheme(key, "toy") for key in ("purelib", "platlib", "scripts")} == {
        "purelib": SITE,
        "platlib": SITE,
        "scripts": "opt/venv/bin",
    }
    assert VENV.scheme("headers", "toy") == "opt/venv/include/site/python3.11/toy"
    assert VENV.scheme("data", "toy") == "opt/venv"
    assert VENV.scheme("stdlib", "toy") is None


def test_the_empty_environment_is_what_python_recognises(tmp_path: Path) -> None:
    """An interpreter started through any of the three names finds the environment's modules."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    base = Path(sys.executable).resolve()
    venv = Venv(
        prefix=PurePosixPath(tmp_path / "env"), python=python, base_interpreter=PurePosixPath(base)
    )
    for entry in venv.entries():
        path = Path(f"/{entry.path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "symlink":
            path.symlink_to(entry.target)
        elif entry.kind == "directory":
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(entry.data)
    Path(f"/{venv.site_packages}/toy.py").write_text("import sys\nprint(sys.prefix)\n")

    for name in ("python", "python3", f"python{python}"):
        done = subprocess.run(
            [tmp_path / "env/bin" / name, "-I", "-c", "import toy"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == (f"{tmp_path / 'env'}\n", "")
