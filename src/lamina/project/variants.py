"""Variants: other images of one project, each by a table of what it has different; pure."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

from lamina.errors import ProjectError
from lamina.project.settings import TABLE, Settings

_MERGED: Final = frozenset({"environment", "labels"})


def with_variant(settings: Settings, name: str) -> Settings:
    """Return the settings of the variant called ``name``, or those of the base for no name.

    A key of the variant takes the place of the base's; variables and labels are merged.  Raises
    ``ProjectError`` for a variant that there is not.
    """
    if not name:
        return settings
    if name not in settings.variants:
        raise _unknown(name, settings.variants)
    table: Mapping[str, Any] = settings.variants[name]
    values = {key.replace("-", "_"): _value(value) for key, value in table.items()}
    for key in _MERGED & set(values):
        values[key] = {**getattr(settings, key), **values[key]}
    return replace(settings, **values)


def installs_other(settings: Settings, variant: Settings) -> bool:
    """Say whether a variant installs something else than the base, by its extras and groups."""
    return any(
        set(getattr(settings, key)) != set(getattr(variant, key)) for key in ("extras", "groups")
    )


def has_own_requirements(settings: Settings, name: str) -> bool:
    """Say whether the variant names a file of its own that pins what it installs."""
    return bool(name) and "requirements" in settings.variants.get(name, {})


def _value(value: object) -> Any:  # noqa: ANN401 - a value of TOML
    return tuple(value) if isinstance(value, list) else value


def _unknown(name: str, variants: Mapping[str, Any]) -> ProjectError:
    close = get_close_matches(name, variants, n=1)
    there = ", ".join(variants)
    return ProjectError(
        f"there is no variant {name!r}" + (f", did you mean {close[0]!r}?" if close else ""),
        where=f"pyproject.toml, {TABLE}.variants",
        hint=f"there are {there}" if there else f"describe one in [{TABLE}.variants.{name}]",
    )
