"""Keys: equal key, equal bytes; everything that a layer's bytes depend on goes into its key."""

from typing import Final

from lamina.layer.compress import compressor
from lamina.layer.venv import Venv
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.plan.plan import Bytecode, FileLayer, WheelLayer

LAYOUT_VERSION: Final = 1
"""Raised with every change that makes other bytes of the same inputs; golden digests pin it."""


def wheel_layer_key(layer: WheelLayer, venv: Venv, bytecode: Bytecode) -> str:
    """Return the key of a layer of wheels; it depends on no compressor unless bytecode is added."""
    return _key(
        "wheels",
        [
            [wheel.filename, str(wheel.digest), wheel.name in layer.lenient]
            for wheel in layer.wheels
        ],
        str(venv.prefix),
        venv.python,
        [bytecode, compressor()] if bytecode != "none" else "none",
    )


def file_layer_key(layer: FileLayer) -> str:
    """Return the key of a layer of project files."""
    files = [[file.path, str(file.digest), file.mode] for file in layer.files]
    return _key("files", files, list(layer.directories), compressor())


def venv_layer_key(venv: Venv, working_directory: str) -> str:
    """Return the key of the layer that holds the empty environment."""
    return _key(
        "venv", str(venv.prefix), venv.python, str(venv.base_interpreter), working_directory
    )


def base_layer_key(selection: Digest, part: str) -> str:
    """Return the key of a layer of Debian packages; ``part`` names the base or the additions."""
    return _key("debian", str(selection), part, compressor())


def _key(*parts: object) -> str:
    return str(Digest.of(canonical_json([LAYOUT_VERSION, *parts])))
