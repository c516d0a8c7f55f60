"""Messages as bytes: protobuf's encoding, or OTLP's JSON; pure.

Values are texts, numbers, bytes, messages as tables, and lists of any of these.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lamina.observers.otlp.schema import Kind, Message

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_WIRE_TYPES: Final = {
    Kind.TEXT: _LENGTH,
    Kind.BYTES: _LENGTH,
    Kind.BOOL: _VARINT,
    Kind.INT64: _VARINT,
    Kind.UINT32: _VARINT,
    Kind.FIXED32: _FOUR_BYTES,
    Kind.FIXED64: _EIGHT_BYTES,
    Kind.SFIXED64: _EIGHT_BYTES,
    Kind.DOUBLE: _EIGHT_BYTES,
}
_LAYOUTS: Final = {
    Kind.FIXED32: "<I", Kind.FIXED64: "<Q", Kind.SFIXED64: "<q", Kind.DOUBLE: "<d",
}  # fmt: skip
_WIDE: Final = frozenset({Kind.INT64, Kind.FIXED64, Kind.SFIXED64})
_64_BITS: Final = (1 << 64) - 1


def to_protobuf(message: Mapping[str, Any], schema: Message) -> bytes:
    """Encode a message (protobuf.dev, "Encoding"); raise ``KeyError`` for an unknown member.

    Numbers in lists are written one by one, which every reader has to understand.
    """
    parts = bytearray()
    for name, value in message.items():
        number, kind = schema[name]
        for item in value if isinstance(value, list) else (value,):
            _add_member(parts, number, kind, item)
    return bytes(parts)


def to_json(message: Mapping[str, Any], schema: Message) -> bytes:
    """Write a message as OTLP's JSON: ids in hex, and numbers of 64 bits as texts."""
    return json.dumps(_json_object(message, schema), separators=(",", ":")).encode()


def rejected(answer: bytes, *, is_json: bool) -> int:
    """Read from a collector's answer how many items it refused; 0 for an answer of any other kind.

    The number is member 1 of ``partialSuccess``, which is member 1 of the answer.
    """
    if is_json:
        return _rejected_in_json(answer)
    try:
        partial = dict(_members(answer)).get(1, b"")
        count = dict(_members(partial)).get(1, 0) if isinstance(partial, bytes) else 0
    except (ValueError, IndexError):
        return 0
    return count if isinstance(count, int) else 0


def _add_member(parts: bytearray, number: int, kind: Kind | Message, value: Any) -> None:  # noqa: ANN401 - of any kind
    if not isinstance(kind, Kind):
        _add_bytes(parts, number, to_protobuf(value, kind))
    elif kind is Kind.TEXT:
        _add_bytes(parts, number, value.encode(errors="replace"))
    elif kind is Kind.BYTES:
        _add_bytes(parts, number, value)
    else:
        _add_varint(parts, number << 3 | _WIRE_TYPES[kind])
        if kind in _LAYOUTS:
            parts += struct.pack(_LAYOUTS[kind], value)
        else:
            _add_varint(parts, int(value) & _64_BITS)


def _add_bytes(parts: bytearray, number: int, data: bytes) -> None:
    _add_varint(parts, number << 3 | _LENGTH)
    _add_varint(parts, len(data))
    parts += data


def _add_varint(parts: bytearray, value: int) -> None:
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)


def _json_object(message: Mapping[str, Any], schema: Message) -> dict[str, Any]:
    return {
        name: [_json_value(item, schema[name][1]) for item in value]
        if isinstance(value, list)
        else _json_value(value, schema[name][1])
        for name, value in message.items()
    }


def _json_value(value: Any, kind: Kind | Message) -> Any:  # noqa: ANN401 - of any kind
    if not isinstance(kind, Kind):
        return _json_object(value, kind)
    if kind is Kind.BYTES:
        return value.hex()
    return str(value) if kind in _WIDE else value


def _rejected_in_json(answer: bytes) -> int:
    try:
        partial = json.loads(answer).get("partialSuccess", {})
        return sum(int(value) for name, value in partial.items() if name.startswith("rejected"))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return 0


def _members(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the numbers and values of the members that are numbers or have a length."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        value, position = _varint(data, position)
        if key & 7 == _LENGTH:
            yield key >> 3, data[position : position + value]
            position += value
        elif key & 7 == _VARINT:
            yield key >> 3, value
        else:
            raise ValueError(key)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte <= 0x7F or shift > 63:  # noqa: PLR2004 - ten bytes hold 64 bits
            return value, position
        shift += 7
