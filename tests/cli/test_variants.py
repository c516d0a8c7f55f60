"""Variants: images of one project, locked together, that share what they have in common."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina

pytestmark = pytest.mark.slow

_LARGE = 3 << 20
_PYPROJECT = """\
[project]
name = "shop"
version = "1"
dependencies = ["toy"]

[project.optional-dependencies]
ui = ["widgets", "other"]

[dependency-groups]
train = ["learner<2"]

[tool.lamina]
base = "scratch"
port = 8000
environment = {LOG = "info", MODE = "api"}

[tool.lamina.variants.ui]
extras = ["ui"]
entrypoint = ["streamlit", "run"]
port = 8501
environment = {MODE = "ui"}

[tool.lamina.variants.train]
groups = ["train"]

[tool.lamina.variants.quiet]
environment = {LOG = "warning"}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with three variants, whose only index is a folder of wheels."""
    wheels = tmp_path / "wheels"
    large = {"toy/big.bin": random.Random(1).randbytes(_LARGE)}  # so that no compressor helps
    ToyWheel(requires=("other",), files={"toy/__init__.py": b"", **large}).write(wheels)
    for version in ("1.0", "2.0"):
        ToyWheel(name="other", version=version, files={"other.py": b""}).write(wheels)
        ToyWheel(name="learner", version=version, requires=("other<2",), files={"l.py": b""}).write(
            wheels
        )
    ToyWheel(name="widgets", files={"widgets.py": b""}).write(wheels)
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(_PYPROJECT)
    return folder


def run(shop: Path, command: str, *words: str) -> Outcome:
    done = lamina(command, shop, *words, store=shop.parent / "store")
    assert done.code == 0, done.err
    return done


def plan(shop: Path, *words: str) -> dict[str, Any]:
    (found,) = json.loads(run(shop, "plan", "--format", "json", *words).out)
    assert isinstance(found, dict)
    return found


def pinned(path: Path) -> list[str]:
    return [line.split()[0] for line in path.read_text().splitlines() if "==" in line]


def layers(layout: Path) -> list[str]:
    """List the layers' digests of the image in an OCI layout."""
    blobs = layout / "blobs" / "sha256"
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())
    return [row["digest"] for row in manifest["layers"]]


def test_what_variants_share_has_one_version_in_all_locks(shop: Path) -> None:
    """The trainer needs other 1.0, and alone the others would have got 2.0."""
    done = run(shop, "lock")

    assert pinned(shop / "requirements.txt") == ["other==1.0", "toy==1.0"]
    assert pinned(shop / "requirements.ui.txt") == ["other==1.0", "toy==1.0", "widgets==1.0"]
    assert pinned(shop / "requirements.train.txt") == ["learner==1.0", "other==1.0", "toy==1.0"]
    assert done.out.count("distributions pinned") == 3
    assert not (shop / "requirements.quiet.txt").exists()  # it installs what the base installs


def test_locking_again_keeps_versions_and_one_can_be_upgraded(shop: Path) -> None:
    text = (shop / "pyproject.toml").read_text()
    (shop / "pyproject.toml").write_text(text.replace('"other"]', '"other<2"]'))
    run(shop, "lock")
    (shop / "pyproject.toml").write_text(text.replace("learner<2", "toy"))

    run(shop, "lock")
    kept = pinned(shop / "requirements.ui.txt")
    run(shop, "lock", "--upgrade-package", "other")

    assert "other==1.0" in kept
    assert "other==2.0" in pinned(shop / "requirements.ui.txt")
    assert "other==2.0" in pinned(shop / "requirements.txt")


def test_a_variant_is_built_with_its_own_settings_and_its_own_lock(shop: Path) -> None:
    run(shop, "lock")

    base, ui = plan(shop), plan(shop, "--variant", "ui")

    assert (base["name"], ui["name"]) == ("shop", "shop-ui")
    text = json.dumps(ui)
    assert '"streamlit", "run"' in text
    assert "8501/tcp" in text
    assert "8000/tcp" not in text
    assert {"MODE=ui", "LOG=info"} <= set(ui["runtime"]["Env"])
    assert "widgets-1.0" in text
    assert "widgets-1.0" not in json.dumps(base)


def test_variants_share_the_layers_of_what_both_have(shop: Path, tmp_path: Path) -> None:
    run(shop, "lock")
    for variant in ("", "ui"):
        words = ["--variant", variant] if variant else []
        run(shop, "build", "-o", f"oci:{tmp_path / (variant or 'api')}", *words)

    api, ui = layers(tmp_path / "api"), layers(tmp_path / "ui")

    shared = set(api) & set(ui)
    blobs = tmp_path / "ui" / "blobs" / "sha256"
    sizes = {digest: (blobs / digest[7:]).stat().st_size for digest in ui}
    assert max(sizes, key=sizes.__getitem__) in shared
    assert set(ui) - shared


def test_a_variant_that_is_not_locked_says_what_to_do(shop: Path) -> None:
    (shop / "requirements.in").write_text("toy\n")
    run(shop, "lock")
    (shop / "requirements.ui.txt").unlink()

    done = lamina("plan", shop, "--variant", "ui", store=shop.parent / "store")

    assert done.code == 3
    assert "requirements.ui.txt does not exist" in done.err
    assert "lamina lock" in done.err


def test_a_list_in_a_file_is_part_of_every_variant(shop: Path) -> None:
    (shop / "requirements.in").write_text("toy\nlearner\n")

    run(shop, "lock")

    assert "learner==2.0" not in pinned(shop / "requirements.txt")  # the trainer wants less than 2
    assert "learner==1.0" in pinned(shop / "requirements.ui.txt")
    assert "widgets==1.0" in pinned(shop / "requirements.ui.txt")


def test_variants_that_cannot_agree_are_told_how_to_part(shop: Path) -> None:
    text = (shop / "pyproject.toml").read_text()
    (shop / "pyproject.toml").write_text(text.replace('"other"]', '"other>=2"]'))

    done = lamina("lock", shop, store=shop.parent / "store")

    assert done.code == 3
    assert "needs `requirements` of its own" in done.err


def test_an_unknown_variant_is_named_with_what_there_is(shop: Path) -> None:
    done = lamina("build", shop, "-t", "x", "--variant", "uii", store=shop.parent / "store")

    assert done.code == 3
    assert "there is no variant 'uii', did you mean 'ui'?" in done.err
