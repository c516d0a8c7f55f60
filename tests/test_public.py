"""What `import lamina` offers: every name that it lists, each typed, and loaded when asked for."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pytest

import lamina
from lamina import errors


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_listed_name_is_there(name: str) -> None:
    value = getattr(lamina, name)

    assert value.__doc__
    assert name in dir(lamina)


def test_the_list_is_sorted_and_has_no_name_twice() -> None:
    assert sorted(set(lamina.__all__)) == lamina.__all__


def test_every_error_is_public() -> None:
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.LaminaError)
    }

    assert tree <= set(lamina.__all__)


def test_type_checkers_see_the_same_names() -> None:
    """What stands under TYPE_CHECKING is the list, no more and no less."""
    module = ast.parse(Path(str(lamina.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in module.body if isinstance(node, ast.If))
    imported = {
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert imported == set(lamina.__all__)
    assert_type(lamina.Platform.parse("linux/amd64"), lamina.Platform)
    assert_type(lamina.Digest.of(b"").hex, str)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lamina.nothing


def test_a_public_name_and_the_module_of_the_same_function_do_not_collide() -> None:
    code = (
        "import lamina.build, lamina\n"
        "from lamina import build_image\n"
        "assert lamina.build.build is build_image is lamina.build_image\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_lamina_imports_nothing_else_of_it() -> None:
    code = "import sys, lamina; print(*[m for m in sys.modules if m.startswith('lamina.')])"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.split() == []
