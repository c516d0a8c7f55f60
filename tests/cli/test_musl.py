"""On a base with musl, such as Alpine, wheels for musl are installed, and what has none is said.

The bases here hold what Lamina looks at, and nothing that runs.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.elf.conftest import elf
from tests.support.bases import musl_image
from tests.support.toys import Outcome, lamina

pytestmark = pytest.mark.slow

AMD64 = ("--platform", "linux/amd64")
GLIBC, MUSL = "cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-musllinux_1_2_x86_64"


@pytest.fixture
def base() -> Iterator[str]:
    """Serve a base with musl and Python 3.12."""
    content = Memory()
    with InMemoryRegistry() as registry:
        registry.keep("python", "3.12-alpine", musl_image(content), content)
        yield f"{registry.address}/python:3.12-alpine"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> Path:
    """Make a project on that base, whose only index is a folder of wheels."""
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[tool.lamina]\nbase = "{base}"\npython = "3.12"\n')
    return folder


def wheel(project: Path, tag: str, version: str = "1.0", *, needs: str = "") -> None:
    name = f"toy/x.cpython-312-x86_64-linux-{'musl' if 'musl' in tag else 'gnu'}.so"
    files = {"toy/__init__.py": b"", **({name: elf(needed=[needs])} if needs else {})}
    ToyWheel(version=version, tag=tag, files=files).write(project.parent / "wheels")


def locked(project: Path, text: str) -> None:
    (project / "requirements.in").write_text(text)
    done = run(project, "lock", "--only", "distributions")
    assert done.code == 0, done.err


def run(project: Path, command: str, *words: str) -> Outcome:
    return lamina(command, project, *words, store=project.parent / "store")


def test_the_wheel_for_musl_is_chosen_from_a_lock_that_has_both(project: Path) -> None:
    wheel(project, GLIBC)
    wheel(project, MUSL, needs="libc.musl-x86_64.so.1")
    locked(project, "toy\n")

    done = run(project, "plan", "--format", "json", *AMD64)
    built = run(project, "build", "-t", "shop", *AMD64)

    assert done.code == 0, done.err
    (plan,) = json.loads(done.out)
    assert plan["base"]["musl"] == [1, 2]
    assert MUSL in json.dumps(plan["layers"])
    assert GLIBC not in json.dumps(plan["layers"])
    assert built.code == 0, built.err


def test_what_has_no_wheel_for_musl_is_named_with_the_version_that_has_one(project: Path) -> None:
    wheel(project, GLIBC)
    wheel(project, GLIBC, "2.0")
    wheel(project, MUSL, "2.0")
    locked(project, "toy<2\n")

    done = run(project, "plan", *AMD64)

    assert done.code == 3
    assert "no wheel of toy 1.0 fits linux/amd64, Python 3.12, musl 1.2" in done.err
    assert f"its tags are {GLIBC}; 2.0 has one" in done.err
    assert "use a base with glibc such as debian:bookworm" in done.err


def test_what_never_had_a_wheel_for_musl_is_said_so(project: Path) -> None:
    wheel(project, GLIBC)
    locked(project, "toy\n")

    assert "; no version has one" in run(project, "plan", *AMD64).err


def test_a_library_that_the_base_lacks_stops_the_build(project: Path) -> None:
    wheel(project, MUSL, needs="libstdc++.so.6")
    locked(project, "toy\n")

    done = run(project, "build", "-t", "shop", *AMD64)

    assert done.code == 1
    assert "needs libstdc++.so.6; nothing in the image has it" in done.err


@pytest.mark.slow
@pytest.mark.network
def test_real_wheels_for_musl_find_all_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    """Those of numpy and markupsafe, as the index has them; nothing of them is started."""
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[tool.lamina]\nbase = "{base}"\npython = "3.12"\n')
    locked(folder, "numpy\nmarkupsafe\n")

    done = run(folder, "build", "-t", "shop", *AMD64)
    plan = run(folder, "plan", "--format", "json", *AMD64)

    assert done.code == 0, done.err
    (found,) = json.loads(plan.out)
    names = [w["filename"] for layer in found["layers"] for w in layer.get("wheels", [])]
    assert len(names) == 2
    assert all("musllinux_1_2_x86_64" in name for name in names)
