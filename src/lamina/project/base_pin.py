"""Base pins: which image a base's tag stands for, as ``lamina lock`` wrote it down; pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lamina.errors import ImageError, UsageError
from lamina.oci.digest import Digest
from lamina.oci.reference import Reference

FILE: Final = "lamina.lock.toml"
"""The name of the file, beside pyproject.toml: no lock of distributions has a place for it."""

_ASSEMBLED: Final = frozenset({"debian", "ubuntu", "scratch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePin:
    """What ``reference``, written as in the settings, stood for when it was locked.

    ``digest`` is that of the index or manifest which the registry names, for all platforms.
    """

    reference: str
    digest: Digest


def registry_reference(base: str) -> Reference | None:
    """Read a base that is an image of a registry; None for one of the other kinds.

    Raises ``UsageError`` for a name that no image can have.

    >>> str(registry_reference("python:3.12-slim")), registry_reference("debian:bookworm")
    ('python:3.12-slim', None)
    """
    kind, _, rest = base.partition(":")
    if kind in _ASSEMBLED or (kind == "oci" and rest):
        return None
    try:
        return Reference.parse(base)
    except UsageError as error:
        raise UsageError(
            f"{base!r} is not a base",
            where="pyproject.toml, tool.lamina.base",
            hint="write debian:SUITE, ubuntu:SUITE, oci:DIRECTORY[:NAME], scratch, "
            "or the name of an image in a registry",
        ) from error


def moving_tag(base: str) -> Reference | None:
    """Return the reference of a base that needs a pin: an image by tag alone."""
    reference = registry_reference(base)
    return reference if reference is not None and reference.digest is None else None


def find_pin(base: str, pins: Sequence[BasePin]) -> BasePin | None:
    """Find the pin of ``base``, however its name is written: ``python`` is ``python:latest``."""
    tag = moving_tag(base)
    if tag is None:
        return None
    return next((pin for pin in pins if _name(pin) == tag.qualified), None)


def pinned(base: str, pins: Sequence[BasePin]) -> str:
    """Return the base that is to be resolved: with the digest that it is pinned to, if any.

    >>> pin = BasePin(reference="python:3.12-slim", digest=Digest("0" * 64))
    >>> pinned("python:3.12-slim", [pin])[:31]
    'python:3.12-slim@sha256:0000000'
    """
    tag, pin = moving_tag(base), find_pin(base, pins)
    return base if tag is None or pin is None else str(replace(tag, digest=pin.digest))


def stale_pins(base: str, pins: Sequence[BasePin], *, also: Sequence[str] = ()) -> str:
    """Say why the pins are of no use to ``base``; empty where one is, or there are none.

    ``also`` are images that other pins are for.
    """
    pins = [pin for pin in pins if not any(find_pin(name, [pin]) for name in also)]
    if not pins or find_pin(base, pins):
        return ""
    others = ", ".join(pin.reference for pin in pins)
    return f"{FILE} pins {others}, and the base is {base}: the base changed, so run `lamina lock`"


def render_pins(pins: Sequence[BasePin]) -> str:
    """Write the tables of the file, equal for equal pins whatever their order."""
    rows = sorted({pin.reference: pin.digest for pin in pins}.items())
    tables = (f'\n[base.{json.dumps(name)}]\ndigest = "{digest}"\n' for name, digest in rows)
    return "".join(tables)


def read_pins(table: object) -> tuple[tuple[BasePin, ...], tuple[str, ...]]:
    """Read the file's ``base``; return the pins, and everything that is wrong there."""
    rows = table if isinstance(table, dict) else {"": table}
    pins: dict[str, BasePin] = {}
    problems: list[str] = []
    for name, row in rows.items():
        try:
            pin = _pin(name, row)
            if pins.setdefault(_name(pin), pin) is not pin:
                problems.append(f"base.{json.dumps(name)}: the same image is pinned above")
        except (ImageError, UsageError) as error:
            problems.append(f"base.{json.dumps(name)}: {error.what}")
    return tuple(pins.values()), tuple(problems)


def _pin(name: str, row: object) -> BasePin:
    if not isinstance(row, dict) or set(row) != {"digest"}:
        raise ImageError("expected a table that holds a digest, and nothing else")
    if moving_tag(name) is None:
        raise ImageError("this is not the tag of an image in a registry")
    return BasePin(reference=name, digest=Digest.parse(row["digest"]))


def _name(pin: BasePin) -> str:
    return Reference.parse(pin.reference).qualified
