"""`lamina verify`: from every place, for every platform, and without believing what is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from lamina.oci import media_type
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.tampering import Tampered

BOTH = ("--platform", "linux/amd64,linux/arm64")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel()], settings='exclude = ["**"]')


def build(project: Path, store: Path, *words: str | Path) -> None:
    done = toys.lamina("build", project, *words, store=store)
    assert done.code == 0, done.err


def rewrite_index(layout: Path, change: Any) -> None:
    """Change the image index that a layout's only row leads to."""
    outer = json.loads((layout / "index.json").read_bytes())
    row = outer["manifests"][0]
    path = layout / "blobs/sha256" / row["digest"].removeprefix("sha256:")
    index = json.loads(path.read_bytes())
    change(index)
    tool = Tampered.__new__(Tampered)
    tool._layout = layout
    data = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    outer["manifests"][0] = {"mediaType": row["mediaType"], **tool._put(data)}
    (layout / "index.json").write_text(json.dumps(outer))


def test_a_name_in_the_store_is_proven(project: Path, tmp_path: Path) -> None:
    build(project, tmp_path / "store", "-t", "app:1", "--platform", "linux/amd64")

    done = toys.lamina("verify", "app:1", project, store=tmp_path / "store")

    assert done.code == 0, done.out + done.err
    assert "these 1 wheels, this base, scratch, nothing else" in done.out


def test_an_image_in_a_registry_is_proven_by_another_machine(project: Path, tmp_path: Path) -> None:
    """From an empty store: every layer is made again."""
    with InMemoryRegistry() as registry:
        name = f"{registry.address}/demo/app:1"
        build(project, tmp_path / "store", "-t", name, "--push", *BOTH)

        words = ("verify", f"docker://{name}", project)
        read = toys.lamina(*words, store=tmp_path / "other")
        quick = toys.lamina(*words, "--quick", store=tmp_path / "third")

    assert (read.code, quick.code) == (0, 0), read.out + read.err
    assert read.out.count("\nproven: ") + read.out.startswith("proven: ") == 2
    assert "named by digest, and not read" in quick.out
    assert "lamina: toy==1.0" in read.err


def test_one_platform_can_be_looked_at_alone(project: Path, tmp_path: Path) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", *BOTH)

    done = toys.lamina("verify", f"oci:{layout}", project, "--platform", "linux/arm64", store=store)

    assert done.code == 0, done.out
    assert "linux/arm64" in done.out
    assert "linux/amd64" not in done.out


def test_an_index_that_names_something_else_is_not_proven(project: Path, tmp_path: Path) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", *BOTH)

    def add(index: dict[str, Any]) -> None:
        row = dict(index["manifests"][0])
        index["manifests"].append({**row, "platform": {"os": "unknown", "architecture": "unknown"}})

    rewrite_index(layout, add)
    done = toys.lamina("verify", f"oci:{layout}", project, store=store)

    assert done.code == 1
    assert "NOT proven: the index" in done.out
    assert f"which is {media_type.MANIFEST}" in done.out


def test_an_image_for_a_platform_that_nothing_is_built_for_is_named(
    project: Path, tmp_path: Path
) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", *BOTH)

    def rename(index: dict[str, Any]) -> None:
        index["manifests"][1]["platform"]["architecture"] = "riscv64"

    rewrite_index(layout, rename)
    done = toys.lamina("verify", f"oci:{layout}", project, store=store)

    assert done.code == 1
    assert "also names sha256:" in done.out


def test_an_annotation_of_the_index_is_named(project: Path, tmp_path: Path) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", *BOTH)

    rewrite_index(layout, lambda index: index.update(annotations={"evil": "1"}))
    done = toys.lamina("verify", f"oci:{layout}", project, "--format", "json", store=store)

    report = json.loads(done.out)
    assert done.code == 1
    assert [image["isProven"] for image in report["images"]] == [True, True]
    assert report["index"][0]["what"] == ['annotations is {"evil": "1"}, and nothing was expected']


def test_an_architecture_that_the_image_is_not_for_is_named(project: Path, tmp_path: Path) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", "--platform", "linux/amd64")
    image = Tampered(layout)
    image.config["architecture"] = "riscv64"
    del image.index["manifests"][0]["platform"]
    image.save()

    words = ("verify", f"oci:{layout}", project)
    done = toys.lamina(*words, store=store)
    asked = toys.lamina(*words, "--platform", "linux/amd64", store=store)

    assert (done.code, asked.code) == (1, 1)
    assert 'architecture is "riscv64" instead of' in asked.out


def test_a_project_that_changed_since_is_another_project(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    (project / "pyproject.toml").write_text('[tool.lamina]\nbase = "scratch"\n')
    (project / "app.py").write_text("x = 1\n")
    build(project, store, "-t", "app:1", "--platform", "linux/amd64")
    (project / "app.py").write_text("x = 2\n")

    done = toys.lamina("verify", "app:1", project, store=store)

    assert done.code == 1
    assert "/app/app.py (project): sha256" in done.out


def test_what_is_no_image_is_an_error(project: Path, tmp_path: Path) -> None:
    done = toys.lamina("verify", "nothing:1", project, store=tmp_path / "store")

    assert done.code == 3


def test_a_config_of_implausible_size_is_not_read(project: Path, tmp_path: Path) -> None:
    layout, store = tmp_path / "layout", tmp_path / "store"
    build(project, store, "-o", f"oci:{layout}", "--platform", "linux/amd64")
    image = Tampered(layout)
    image.config_bytes = b" " * (9 << 20)
    image.save()

    done = toys.lamina("verify", f"oci:{layout}", project, store=store)

    assert done.code == 1
    assert "bytes, which nobody reads" in done.out
