"""Compile Python sources from standard input: a script for any interpreter, ours or another.

The result is an unchecked-hash .pyc (PEP 552): valid whatever the source's modification time, and
the same on every machine.  Frames are a length of four bytes, big-endian, and as many bytes.
"""

import importlib.util
import struct
import sys
from typing import BinaryIO

_LENGTH = struct.Struct(">I")
_UNCHECKED_HASH = 0b01


def compile_unchecked(source: bytes, path: str) -> bytes:
    """Compile ``source``, to be found at the absolute ``path``; empty if it is not valid Python."""
    import marshal  # noqa: PLC0415 - only here

    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return b""
    header = importlib.util.MAGIC_NUMBER + struct.pack("<I", _UNCHECKED_HASH)
    return header + importlib.util.source_hash(source) + marshal.dumps(code)


def read_frame(stream: BinaryIO) -> "bytes | None":
    """Read one frame; None at the end, or where the rest of the frame is missing."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    data = stream.read(size)
    return data if len(data) == size else None


def frame(data: bytes) -> bytes:
    """Wrap ``data`` into a frame."""
    return _LENGTH.pack(len(data)) + data


def main() -> None:
    """Answer each pair of frames (path, source) with one frame."""
    source_stream, out = sys.stdin.buffer, sys.stdout.buffer
    while (path := read_frame(source_stream)) is not None:
        source = read_frame(source_stream) or b""
        out.write(frame(compile_unchecked(source, path.decode("utf-8", "surrogateescape"))))
    out.flush()


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")  # other people's invalid escapes
    main()
