"""Two architectures have the same standard library, and it is compiled once."""

import threading
import time
from collections.abc import Sequence

from lamina.bases.debian_bytecode import CompileOnce
from lamina.parallel import together

ABC, OS = (b"abc = 1", "/usr/lib/python3.11/abc.py"), (b"import abc", "/usr/lib/python3.11/os.py")
OTHER_ABC = (b"abc = 2", ABC[1])


class Compiles:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, str]] = []

    def __call__(self, sources: Sequence[tuple[bytes, str]]) -> list[bytes | None]:
        time.sleep(0.05)
        self.asked += sources
        return [None if b"import" in source else source.upper() for source, _ in sources]


def test_only_what_was_not_there_before_is_compiled() -> None:
    compiles = Compiles()
    once = CompileOnce(compiles)

    assert once([ABC, OS]) == [b"ABC = 1", None]
    assert once([OS, OTHER_ABC, ABC]) == [None, b"ABC = 2", b"ABC = 1"]
    assert compiles.asked == [ABC, OS, OTHER_ABC]


def test_whoever_comes_second_waits() -> None:
    compiles = Compiles()
    once = CompileOnce(compiles)
    meeting = threading.Barrier(2, timeout=10)

    def compile_together(sources: Sequence[tuple[bytes, str]], _: object) -> object:
        meeting.wait()
        return once(sources)

    assert together(compile_together, [[ABC, OS], [ABC, OS]]) == [[b"ABC = 1", None]] * 2
    assert len(compiles.asked) == 2
