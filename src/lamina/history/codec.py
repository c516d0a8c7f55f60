"""Records and events as JSON: strict about types, patient with members of a newer Lamina."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lamina.errors import InputError
from lamina.oci.digest import Digest

_LARGEST = 2**63 - 1  # what databases hold
_LATEST = 1e12
_SCALARS = frozenset({str, int, float, bool, type(None)})

T = TypeVar("T")
Reader = Callable[[Any, str], Any]
"""Turns a JSON value into what a member holds; the text says where it stands."""


def encode(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Turn a value into JSON's types; members that have their default are left out."""
    kind = type(value)
    if kind in _SCALARS:  # most values are
        return value
    if kind is tuple:
        return [encode(item) for item in value]
    if is_dataclass(kind):
        return _members(value, _defaults(kind))
    if isinstance(value, Mapping):
        return {name: encode(item) for name, item in value.items()}
    return str(value) if isinstance(value, StrEnum) else value


def _members(value: object, defaults: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    members = {}
    for name, default in defaults:
        found = getattr(value, name)
        if found != default:
            members[name] = found if type(found) in _SCALARS else encode(found)
    return members


def decode(kind: type[T], value: object, where: str = "") -> T:
    """Read a dataclass from a JSON object; members that ``kind`` does not know are passed over.

    Texts of an enumeration that are not known become its ``UNKNOWN`` or ``OTHER``.  Raises
    ``InputError`` with the path of a member that is missing or has another type.  Numbers are
    bytes, seconds and counts, so never negative nor beyond all reason.
    """
    if not isinstance(value, dict):
        raise _unexpected(value, "object", where)
    found = {}
    for name, reader, is_required in _readers(kind):  # type: ignore[arg-type]
        if name in value:
            found[name] = reader(value[name], f"{where}.{name}" if where else name)
        elif is_required:
            raise InputError(f"{name} is missing", where=where or None)
    return kind(**found)


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Any) -> Any:  # noqa: ANN401 - dataclasses.Field of anything
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@cache
def _readers(kind: type) -> tuple[tuple[str, Reader, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (field.name, _reader(hints[field.name]), _default(field) is MISSING)
        for field in fields(kind)
    )


@cache
def _reader(hint: Any) -> Reader:  # noqa: ANN401 - a type as it is written
    if hint in _PLAIN:
        return _PLAIN[hint]
    if get_origin(hint) in (types.UnionType, Union):
        return _optional(_reader(get_args(hint)[0]))
    if get_origin(hint) is tuple:
        return _many(_reader(get_args(hint)[0]))
    if get_origin(hint) is Mapping:
        return _table(_reader(get_args(hint)[1]))
    if issubclass(hint, StrEnum):
        return _word(hint)
    return lambda value, where: decode(hint, value, where)


def _optional(read: Reader) -> Reader:
    return lambda value, where: None if value is None else read(value, where)


def _many(read: Reader) -> Reader:
    def many(value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401
        if not isinstance(value, list):
            raise _unexpected(value, "list", where)
        return tuple(read(item, f"{where}[{number}]") for number, item in enumerate(value))

    return many


def _table(read: Reader) -> Reader:
    def table(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(value, dict):
            raise _unexpected(value, "object", where)
        return {str(name): read(item, f"{where}.{name}") for name, item in value.items()}

    return table


def _word(kind: type[StrEnum]) -> Reader:
    words: dict[str, StrEnum] = {str(member): member for member in kind}
    unknown = words.get("unknown") or words.get("other")

    def word(value: Any, where: str) -> StrEnum:  # noqa: ANN401
        found = words.get(_text(value, where), unknown)
        if found is None:
            raise InputError(f"{value!r} is none of {', '.join(words)}", where=where)
        return found

    return word


def _text(value: Any, where: str) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise _unexpected(value, "str", where)
    return value


def _flag(value: Any, where: str) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise _unexpected(value, "bool", where)
    return value


def _whole(value: Any, where: str) -> int:  # noqa: ANN401
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(value, "int", where)
    if not 0 <= value <= _LARGEST:
        raise InputError(f"{str(value)[:30]} is no number of bytes", where=where)
    return value


def _number(value: Any, where: str) -> float:  # noqa: ANN401
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _unexpected(value, "float", where)
    if not 0 <= value <= _LATEST:  # NaN is refused by this as well
        raise InputError(f"{str(value)[:30]} is no number of seconds", where=where)
    return float(value)


_PLAIN: dict[Any, Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _flag,
    Digest: lambda value, _: Digest.parse(value),
    Any: lambda value, _: value,
}


def _unexpected(value: object, wanted: str, where: str) -> InputError:
    return InputError(
        f"unexpected type {type(value).__name__} (expected {wanted})", where=where or None
    )
