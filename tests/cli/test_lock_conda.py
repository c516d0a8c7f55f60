"""`lamina lock` makes a lock of what an environment.yml asks for."""

import sys
from pathlib import Path

import pytest

from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina

ENVIRONMENT = """\
name: shop
channels: [conda-forge]
dependencies:
  - python=3.11
  - toy=1.0
  - msgpack-python   # another name in the index
  - ffmpeg
  - pip:
      - other>=1
      - -r more.in
      - .
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of conda, whose only index is a folder of wheels."""
    for name in ("toy", "msgpack", "other", "extra"):
        ToyWheel(name=name, files={f"{name}.py": b""}).write(tmp_path / "wheels")
    ToyWheel(version="1.1").write(tmp_path / "wheels")
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "environment.yml").write_text(ENVIRONMENT)
    (folder / "more.in").write_text("extra\n")
    return folder


def lock(shop: Path, *words: str) -> Outcome:
    return lamina("lock", shop, *words, store=shop.parent / "store")


def change(shop: Path, old: str, new: str) -> None:
    path = shop / "environment.yml"
    path.write_text(path.read_text().replace(old, new))


def test_what_the_index_has_is_locked_and_what_debian_has_is_named(shop: Path) -> None:
    done = lock(shop)

    assert done.code == 0, done.err
    text = (shop / "requirements.txt").read_text()
    pinned = [line.split()[0] for line in text.splitlines() if "==" in line]
    assert pinned == ["extra==1.0", "msgpack==1.0", "other==1.0", "toy==1.0"]
    assert 'write system-packages = ["ffmpeg"] into tool.lamina' in done.err
    assert "taken from the index under their own names: toy" in done.err


def test_the_lock_is_what_a_build_takes(shop: Path) -> None:
    before = lamina("plan", shop, store=shop.parent / "store")
    lock(shop)
    (shop / "pyproject.toml").write_text('[tool.lamina]\nbase = "scratch:3.11"\n')

    after = lamina("plan", shop, store=shop.parent / "store")

    assert before.code == 3
    assert "run `lamina lock`, which locks what environment.yml asks for" in before.err
    assert after.code == 0, after.err
    assert "msgpack" in after.out


def test_names_that_no_index_has_are_refused_together(shop: Path) -> None:
    change(shop, "  - ffmpeg\n", "  - nowhere\n  - neverheard>=2\n")

    done = lock(shop)

    assert done.code == 3
    assert "no index has neverheard, nowhere" in done.err
    assert not (shop / "requirements.txt").exists()


def test_another_python_than_the_bases_is_refused(shop: Path) -> None:
    change(shop, "python=3.11", "python=3.12")

    done = lock(shop)

    assert done.code == 3
    assert "it wants Python ==3.12.*, and the lock is for Python 3.11" in done.err


@pytest.mark.parametrize("text", ["dependencies: [", "a: &a [*a]\n---\nb", "!!python/object:x {}"])
def test_malformed_yaml_is_refused(shop: Path, text: str) -> None:
    (shop / "environment.yml").write_text(text)

    done = lock(shop)

    assert done.code == 3
    assert "not valid YAML" in done.err


def test_without_the_extra_it_says_what_to_install(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)

    done = lock(shop)

    assert done.code == 2
    assert "install lamina[conda]" in done.err


def test_a_python_that_is_no_version_is_refused(shop: Path) -> None:
    change(shop, "python=3.11", "python=3x")

    done = lock(shop)

    assert done.code == 3
    assert "is not a range of versions" in done.err


def test_a_later_patch_of_the_same_python_will_do(shop: Path) -> None:
    """The base has a patch of its own."""
    change(shop, "python=3.11", "python>=3.11.4")

    assert lock(shop).code == 0


def test_the_environment_is_not_overwritten_by_its_lock(shop: Path) -> None:
    path = shop / "environment.yml"

    done = lock(shop, "--from", str(path), "-o", str(path))

    assert done.code == 3
    assert "would overwrite what it is made from" in done.err
    assert path.read_text() == ENVIRONMENT
