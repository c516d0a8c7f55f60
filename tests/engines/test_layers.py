"""Each kind of layer is made once, and then found by its key."""

import gzip
import hashlib
from pathlib import Path

import pytest

from lamina.engines import layers as layers_module
from lamina.engines.layers import LayerShop
from lamina.errors import ArchiveError, IntegrityError, ProjectError
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.plan.plan import FileLayer, PlannedFile, WheelLayer
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel
from tests.support.toys import SITE, VENV, Tree, tree


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def shop(store: Store) -> LayerShop:
    return LayerShop(store, VENV, "none", workers=2)


def blob_tree(store: Store, layer: Layer) -> Tree:
    data = store.blobs.path(layer.descriptor.digest).read_bytes()
    assert hashlib.sha256(data).hexdigest() == layer.descriptor.digest.hex
    return tree([gzip.decompress(data)])


def planned(path: Path, *, mode: int = 0o644) -> PlannedFile:
    data = path.read_bytes()
    return PlannedFile(
        path=f"app/{path.name}", digest=Digest.of(data), size=len(data), mode=mode, source=str(path)
    )


def test_the_environment_layer_holds_the_venv_and_the_working_directory(
    store: Store, shop: LayerShop
) -> None:
    (layer, contents), _ = shop.venv_layer("/srv/app")

    found = blob_tree(store, layer)
    assert found["opt/venv/bin/python"] == ("symlink", 0o777, b"/usr/bin/python3.11")
    assert found["srv/app"] == ("directory", 0o755, b"")
    assert found[SITE][0] == "directory"
    assert {item.owner for item in contents.items} == {"lamina", ""}


def test_a_user_without_a_home_gets_one_to_write_to(store: Store, shop: LayerShop) -> None:
    (layer, _), _ = shop.venv_layer("/srv/app", "/home/nonroot")

    found = blob_tree(store, layer)
    assert found["home/nonroot"] == ("directory", 0o1777, b"")
    assert found["home"] == ("directory", 0o755, b"")


def test_a_wheel_layer_is_made_once_and_found_again(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    wheel = ToyWheel().locked(tmp_path)
    layer = WheelLayer(name="small", wheels=(wheel,))
    before = shop.has(layer)

    made, was_there = shop.wheel_layer(layer, [tmp_path / wheel.filename])
    found, is_there = shop.wheel_layer(layer, [])

    assert (before, was_there, is_there, shop.has(layer)) == (False, False, True, True)
    assert made == found
    assert made[0].created_by == "lamina: toy==1.0"
    assert blob_tree(store, made[0])[f"{SITE}/toy.py"][2] == b"answer = 42\n"


def test_without_the_cache_a_layer_is_made_again_with_the_same_bytes(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    wheel = ToyWheel().locked(tmp_path)
    layer = WheelLayer(name="small", wheels=(wheel,))
    again = LayerShop(store, VENV, "none", workers=2, no_cache=True)
    made, _ = shop.wheel_layer(layer, [tmp_path / wheel.filename])

    remade, was_there = again.wheel_layer(layer, [tmp_path / wheel.filename])

    assert not again.has(layer)
    assert not was_there
    assert remade == made


def test_a_layer_whose_blob_is_gone_is_made_again(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    wheel = ToyWheel().locked(tmp_path)
    layer = WheelLayer(name="small", wheels=(wheel,))
    (made, _), _ = shop.wheel_layer(layer, [tmp_path / wheel.filename])
    store.blobs.path(made.descriptor.digest).unlink()

    assert not shop.has(layer)
    (again, _), was_there = shop.wheel_layer(layer, [tmp_path / wheel.filename])
    assert (again, was_there) == (made, False)


def test_a_wheel_that_fails_leaves_no_blob_and_no_key(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    wheel = ToyWheel(wrong_hashes=("toy.py",)).locked(tmp_path)
    layer = WheelLayer(name="small", wheels=(wheel,))

    with pytest.raises(IntegrityError):
        shop.wheel_layer(layer, [tmp_path / wheel.filename])

    assert not shop.has(layer)
    assert list(store.ingest.iterdir()) == []
    assert list((store.root / "blobs").rglob("*")) == []


def test_a_waived_wheel_has_another_key_than_a_strict_one(shop: LayerShop, tmp_path: Path) -> None:
    """What was accepted under a waiver is not found by a build without it."""
    wheel = ToyWheel(wrong_hashes=("toy.py",)).locked(tmp_path)
    waived = WheelLayer(name="small", wheels=(wheel,), lenient=("toy",))

    shop.wheel_layer(waived, [tmp_path / wheel.filename])

    assert shop.has(waived)
    assert not shop.has(WheelLayer(name="small", wheels=(wheel,)))


def test_project_files_keep_their_bytes_and_modes(
    store: Store, shop: LayerShop, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_bytes(b"print()\n")
    (tmp_path / "run.sh").write_bytes(b"#!/bin/sh\n")
    layer = FileLayer(
        name="files",
        files=(planned(tmp_path / "main.py"), planned(tmp_path / "run.sh", mode=0o755)),
        directories=("app/empty",),
    )

    (made, contents), _ = shop.file_layer(layer)

    assert blob_tree(store, made) == {
        "app": ("directory", 0o755, b""),
        "app/empty": ("directory", 0o755, b""),
        "app/main.py": ("file", 0o644, b"print()\n"),
        "app/run.sh": ("file", 0o755, b"#!/bin/sh\n"),
    }
    assert made.created_by == "lamina: 2 project files"
    assert {item.owner for item in contents.items} == {"", "project"}


def test_a_file_that_changes_after_the_plan_is_refused(shop: LayerShop, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(b"one")
    layer = FileLayer(name="files", files=(planned(tmp_path / "main.py"),))
    (tmp_path / "main.py").write_bytes(b"two")

    with pytest.raises(IntegrityError, match="changed while"):
        shop.file_layer(layer)


def test_a_file_that_disappears_after_the_plan_is_named(shop: LayerShop, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(b"one")
    layer = FileLayer(name="files", files=(planned(tmp_path / "main.py"),))
    (tmp_path / "main.py").unlink()

    with pytest.raises(ProjectError, match="No such file") as caught:
        shop.file_layer(layer)

    assert caught.value.where == str(tmp_path / "main.py")


def test_bytecode_needs_an_interpreter_of_the_images_version(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers_module, "find_interpreter", lambda _: None)

    with pytest.raises(ProjectError, match=r"needs a Python 3\.11"):
        LayerShop(store, VENV, "all", workers=2)


def test_a_wheel_that_is_no_zip_is_named_by_its_file_name(shop: LayerShop, tmp_path: Path) -> None:
    """In the store it is called by its digest, which would tell the user nothing."""
    wheel = ToyWheel().locked(tmp_path)
    stored = tmp_path / f"{wheel.digest.hex}.whl"
    stored.write_bytes(b"x" * 99)

    with pytest.raises(ArchiveError) as caught:
        shop.wheel_layer(WheelLayer(name="small", wheels=(wheel,)), [stored])

    assert caught.value.where == "toy-1.0-py3-none-any.whl"


def test_a_layer_says_what_it_is_made_of_unless_that_is_the_projects_own_wheel(
    shop: LayerShop, tmp_path: Path
) -> None:
    """A wheel holds the modes of the checkout that it was built from, and a layer does not."""
    wheel = ToyWheel().locked(tmp_path)
    paths = [tmp_path / wheel.filename]

    dependency, _ = shop.wheel_layer(WheelLayer(name="toy", wheels=(wheel,)), paths)
    own, _ = shop.wheel_layer(WheelLayer(name="toy", wheels=(wheel,), is_own=True), paths)

    assert dependency[0].key == shop.key(WheelLayer(name="toy", wheels=(wheel,)))
    assert own[0].key == ""
    assert own[0].descriptor.digest == dependency[0].descriptor.digest
