"""docs/reference/settings.md says of every setting what the code does, and of no other."""

import json
import tomllib
from dataclasses import fields

import pytest

from lamina.project.settings import Settings, read_settings
from tests.docs.markdown import DOCS, blocks, rows, sections

_SECTIONS = sections((DOCS / "reference" / "settings.md").read_text(encoding="utf-8"), level=2)
_FIELDS = {field.name.replace("_", "-"): field.name for field in fields(Settings)}


def test_every_setting_has_a_section_and_nothing_else_has() -> None:
    assert list(_SECTIONS) == list(_FIELDS)


@pytest.mark.parametrize("key", _FIELDS)
def test_the_default_is_the_one_that_the_code_has(key: str) -> None:
    value = getattr(Settings(), _FIELDS[key])

    default = next(row[1] for row in rows(_SECTIONS[key]) if row[0] == "default")

    plain = list(value) if isinstance(value, tuple) else value
    assert default.startswith(f"`{json.dumps(plain)}`")


@pytest.mark.parametrize("key", _FIELDS)
def test_the_example_is_valid_and_uses_the_setting(key: str) -> None:
    examples = [tomllib.loads(text) for _, text in blocks(_SECTIONS[key], "toml")]

    tables = [example["tool"]["lamina"] for example in examples]

    assert tables
    assert any(key in table for table in tables)
    for table in tables:
        read_settings(table, locate=str)


@pytest.mark.parametrize("key", _FIELDS)
def test_the_example_is_not_the_default(key: str) -> None:
    """An example that changes nothing shows nothing."""
    table = next(tomllib.loads(text) for _, text in blocks(_SECTIONS[key], "toml"))

    settings = read_settings(table["tool"]["lamina"], locate=str)

    assert getattr(settings, _FIELDS[key]) != getattr(Settings(), _FIELDS[key])
