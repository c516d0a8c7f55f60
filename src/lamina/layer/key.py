"""Keys: equal key, equal bytes; everything that a layer's bytes depend on goes into its key."""

from dataclasses import asdict
from typing import Final

from lamina.layer.compress import compressor
from lamina.layer.venv import Venv
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.plan.diet import RULES_VERSION
from lamina.plan.plan import Bytecode, FileLayer, WheelLayer
from lamina.project.diet_settings import Diet

LAYOUT_VERSION: Final = 4
"""Raised with every change that makes other bytes of the same inputs; golden digests pin it."""


def wheel_layer_key(layer: WheelLayer, venv: Venv, bytecode: Bytecode) -> str:
    """Return the key of a layer of wheels.

    It depends on no compressor unless bytecode is added or symbols are taken out.
    """
    return _key(
        "wheels",
        [
            [wheel.filename, str(wheel.digest), wheel.name in layer.lenient]
            for wheel in layer.wheels
        ],
        str(venv.prefix),
        venv.python,
        _bytecode(layer, bytecode),
        *_diet(layer.diet),
    )


def file_layer_key(layer: FileLayer) -> str:
    """Return the key of a layer of project files."""
    files = [[file.path, str(file.digest), file.mode] for file in layer.files]
    return _key("files", files, list(layer.directories), compressor())


def venv_layer_key(venv: Venv, working_directory: str, home: str = "") -> str:
    """Return the key of the layer that holds the empty environment."""
    venv_parts = (str(venv.prefix), venv.python, str(venv.base_interpreter))
    return _key("venv", *venv_parts, working_directory, *([home] if home else []))


def base_layer_key(selection: Digest, part: str, left_out: tuple[str, ...] = ()) -> str:
    """Return the key of a layer of Debian packages; ``part`` names the base or the additions.

    ``left_out`` are the modules of the standard library that it does without.
    """
    extra = [[RULES_VERSION, *left_out]] if left_out else []
    return _key("debian", str(selection), part, compressor(), *extra)


def _bytecode(layer: WheelLayer, bytecode: Bytecode) -> object:
    match bytecode:
        case "none":
            return bytecode
        case "all":
            return [bytecode, compressor()]
        case "imported":
            return [bytecode, compressor(), list(layer.loaded)]


def _diet(diet: Diet | None) -> list[object]:
    """Write a diet; nothing without one, so that whoever has none shares layers as before."""
    if diet is None:
        return []
    return [{**asdict(diet), "rules": RULES_VERSION}, compressor() if diet.debug_symbols else ""]


def _key(*parts: object) -> str:
    return str(Digest.of(canonical_json([LAYOUT_VERSION, *parts])))
