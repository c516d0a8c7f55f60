"""Equal keys mean equal bytes: whatever changes a layer's bytes changes its key, and no more."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from lamina.layer import key as key_module
from lamina.layer.key import base_layer_key, file_layer_key, venv_layer_key, wheel_layer_key
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.plan.plan import FileLayer, PlannedFile, WheelLayer
from lamina.project.diet_settings import Diet
from tests.support.toys import VENV

WHEEL = LockedWheel(
    name="toy",
    version="1.0",
    filename="toy-1.0-py3-none-any.whl",
    digest=Digest.of(b"toy"),
    size=3,
    url="https://one.example/toy.whl",
)
OTHER = replace(WHEEL, name="other", filename="other-1.0-py3-none-any.whl")
LAYER = WheelLayer(name="wheels", wheels=(WHEEL, OTHER))
FILE = PlannedFile(path="app/a.py", digest=Digest.of(b"a"), size=1, mode=0o644, source="here")
FILES = FileLayer(name="files", files=(FILE,), directories=("app/empty",))

GOLDEN = "sha256:ab48d23fbc9f8565576431486644ef74f3460084383be949e1a427d06313509b"


def wheel_key(layer: WheelLayer = LAYER, venv: Venv = VENV) -> str:
    return wheel_layer_key(layer, venv, "none")


def test_names_and_addresses_that_do_not_reach_the_bytes_do_not_reach_the_key() -> None:
    moved = replace(WHEEL, url="file:///elsewhere")

    assert wheel_key(replace(LAYER, name="small wheels", wheels=(moved, OTHER))) == wheel_key()
    assert wheel_key(venv=replace(VENV, base_interpreter=PurePosixPath("/x"))) == wheel_key()
    assert file_layer_key(
        replace(FILES, name="x", files=(replace(FILE, source="there"),))
    ) == file_layer_key(FILES)


@pytest.mark.parametrize(
    "layer",
    [
        replace(LAYER, wheels=(WHEEL,)),
        replace(LAYER, wheels=(OTHER, WHEEL)),
        replace(LAYER, wheels=(replace(WHEEL, digest=Digest.of(b"x")), OTHER)),
        replace(LAYER, wheels=(replace(WHEEL, filename="toy-1.0-py2.py3-none-any.whl"), OTHER)),
        replace(LAYER, lenient=("toy",)),
    ],
    ids=["fewer", "order", "digest", "file name", "waiver"],
)
def test_a_change_of_the_wheels_changes_the_key(layer: WheelLayer) -> None:
    assert wheel_key(layer) != wheel_key()


def test_the_environment_and_bytecode_change_the_key() -> None:
    keys = {
        wheel_key(),
        wheel_key(venv=replace(VENV, prefix=PurePosixPath("/srv"))),
        wheel_key(venv=replace(VENV, python="3.12")),
        wheel_layer_key(LAYER, VENV, "all"),
    }

    assert len(keys) == 4


def test_a_diet_changes_the_key_and_no_diet_is_the_key_of_before() -> None:
    """The golden key is from before there were diets: registries remember layers by it."""
    lean = [
        wheel_key(replace(LAYER, diet=diet))
        for diet in (Diet(tests=True), Diet(stubs=True), Diet(drop=("a",)), Diet(locales=()))
    ]

    assert len({wheel_key(), *lean}) == 5
    assert wheel_key(replace(LAYER, loaded=("toy",))) == wheel_key()
    assert wheel_key() == GOLDEN


def test_only_a_diet_that_compresses_depends_on_the_compressor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = [replace(LAYER, diet=Diet(tests=True)), replace(LAYER, diet=Diet(debug_symbols=True))]
    before = [wheel_key(layer) for layer in layers]
    monkeypatch.setattr(key_module, "compressor", lambda: "another")

    assert [wheel_key(layer) == key for layer, key in zip(layers, before, strict=True)] == [
        True, False,
    ]  # fmt: skip


def test_changed_rules_of_diets_change_the_keys_of_lean_layers_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lean = replace(LAYER, diet=Diet(tests=True))
    empty = Digest.of(b"")
    before = wheel_key(lean), base_layer_key(empty, "base", ("pdb",))
    plain = wheel_key(), base_layer_key(empty, "base")
    monkeypatch.setattr(key_module, "RULES_VERSION", 999)

    assert not {wheel_key(lean), base_layer_key(empty, "base", ("pdb",))} & set(before)
    assert (wheel_key(), base_layer_key(empty, "base")) == plain


def test_bytecode_of_imported_modules_depends_on_which_these_are() -> None:
    keys = {
        wheel_layer_key(replace(LAYER, loaded=loaded), VENV, "imported")
        for loaded in ((), ("toy",), ("other", "toy"))
    }

    assert len({*keys, wheel_key(), wheel_layer_key(LAYER, VENV, "all")}) == 5


def test_every_part_of_a_file_layer_changes_its_key() -> None:
    changed = [
        replace(FILES, directories=()),
        *(
            replace(FILES, files=(file,))
            for file in (
                replace(FILE, path="app/b.py"),
                replace(FILE, digest=Digest.of(b"b")),
                replace(FILE, mode=0o755),
            )
        ),
    ]

    assert len({file_layer_key(layer) for layer in (FILES, *changed)}) == 5


def test_layers_of_different_kinds_never_share_a_key() -> None:
    empty = Digest.of(b"")
    keys = [
        wheel_key(replace(LAYER, wheels=())),
        file_layer_key(FileLayer(name="files")),
        venv_layer_key(VENV, "/app"),
        venv_layer_key(VENV, "/srv"),
        venv_layer_key(VENV, "/app", "/home/nonroot"),
        venv_layer_key(replace(VENV, base_interpreter=PurePosixPath("/x")), "/app"),
        base_layer_key(empty, "base"),
        base_layer_key(empty, "system"),
    ]

    assert len(set(keys)) == len(keys)


def test_a_new_layout_version_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = wheel_key(), file_layer_key(FILES), venv_layer_key(VENV, "/app")
    monkeypatch.setattr(key_module, "LAYOUT_VERSION", key_module.LAYOUT_VERSION + 1)
    after = wheel_key(), file_layer_key(FILES), venv_layer_key(VENV, "/app")

    assert not set(before) & set(after)


def test_only_layers_that_are_compressed_here_depend_on_the_compressor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Spliced layers are the same on every machine, so their keys are as well."""
    plain, files, code = wheel_key(), file_layer_key(FILES), wheel_layer_key(LAYER, VENV, "all")
    monkeypatch.setattr(key_module, "compressor", lambda: "another")

    assert wheel_key() == plain
    assert file_layer_key(FILES) != files
    assert wheel_layer_key(LAYER, VENV, "all") != code
