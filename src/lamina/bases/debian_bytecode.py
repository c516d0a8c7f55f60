"""Bytecode of a base's standard library, made once for every architecture that has the same."""

import threading
from collections.abc import Callable, Sequence

from lamina.oci.digest import Digest

Compile = Callable[[Sequence[tuple[bytes, str]]], Sequence[bytes | None]]
"""Turns (source, absolute path in the image) pairs into bytecode; None for invalid sources."""


class CompileOnce:
    """Compiles as ``compile_sources`` does, and remembers; safe to share between threads.

    The same source at the same path makes the same bytecode, whatever is compiled beside it, and
    whoever comes second waits instead of compiling as well.
    """

    def __init__(self, compile_sources: Compile) -> None:
        self._compile = compile_sources
        self._made: dict[tuple[str, Digest], bytes | None] = {}
        self._lock = threading.Lock()

    def __call__(self, sources: Sequence[tuple[bytes, str]]) -> Sequence[bytes | None]:
        """Compile what has not been compiled before."""
        keys = [(path, Digest.of(source)) for source, path in sources]
        with self._lock:
            missing = {
                key: pair for key, pair in zip(keys, sources, strict=True) if key not in self._made
            }
            if missing:
                made = self._compile(list(missing.values()))
                self._made.update(zip(missing, made, strict=True))
            return [self._made[key] for key in keys]
