"""JSON with one spelling (sorted keys, no spaces, UTF-8): equal values have equal digests."""

import json


def canonical_json(value: object) -> bytes:
    """Write ``value`` canonically.

    >>> canonical_json({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
