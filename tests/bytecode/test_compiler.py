"""Bytecode is what the image's Python loads without a look at the source, the same everywhere."""

import importlib.util
import io
import marshal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamina.bytecode import worker
from lamina.bytecode.compiler import Compiler, find_interpreter
from lamina.errors import ToolError
from lamina.parallel import Turn, together

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def compiler(workers: int = 2) -> Compiler:
    return Compiler(OURS, sys.executable, workers=workers)


def test_each_source_becomes_bytecode_in_its_place() -> None:
    sources = [(f"answer = {n}\n".encode(), f"/opt/venv/m{n}.py") for n in range(5)]

    results = compiler()(sources)

    for n, data in enumerate(results):
        assert data is not None
        code = marshal.loads(data[16:])
        names: dict[str, object] = {}
        exec(code, names)
        assert names["answer"] == n
        assert code.co_filename == f"/opt/venv/m{n}.py"


def test_bytecode_never_looks_at_the_source_again(tmp_path: Path) -> None:
    """An unchecked hash (PEP 552): no modification time, so equal on every machine."""
    source = b"answer = 42\n"
    (data,) = compiler()([(source, "/x/m.py")])

    assert data is not None
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == b"\x01\x00\x00\x00"
    assert data[8:16] == importlib.util.source_hash(source)
    (tmp_path / "m.pyc").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", "import m; print(m.answer)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "42\n"


@pytest.mark.parametrize(
    "source",
    [b"def f(:\n", b"x = '\xff'\n", b"\0", b"print 'two'\n", b"(" * 5000, b"# coding: ebcdic-x\n"],
)
def test_what_is_not_python_has_no_bytecode_and_spoils_nothing(source: bytes) -> None:
    good = (b"a = 1\n", "/x/good.py")

    results = compiler(workers=1)([good, (source, "/x/bad.py"), good])

    assert [result is None for result in results] == [False, True, False]


def test_warnings_of_other_peoples_code_are_not_ours() -> None:
    (data,) = compiler()([(b"a = '\\d'\nassert (1, 2)\n1 is 1\n", "/x/w.py")])

    assert data is not None


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_any_number_of_workers_gives_the_same_bytes(workers: int) -> None:
    sources = [(b"a = {'x', 'y', 'z'}\nb = a in {'p', 'q', 'r'}\n", f"/x/{n}.py") for n in range(5)]

    assert compiler(workers)(sources) == compiler(1)(sources)


def test_the_order_of_hashes_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Python 3.10 and older write a constant set in the order of its hashes."""
    program = tmp_path / "python"
    program.write_text(f"""#!/bin/sh
for word; do case "$word" in -*) flags="$flags $word";; esac; done
{sys.executable} $flags -c 'print(hash("x"))' >> {tmp_path}/hashes
exit 1
""")
    program.chmod(0o755)

    for _ in range(2):
        with pytest.raises(ToolError):
            Compiler(OURS, str(program), workers=1)([(b"a = 1\n", "/x/a.py")])

    first, second = (tmp_path / "hashes").read_text().split()
    assert first == second


def test_names_that_are_not_text_are_kept() -> None:
    (data,) = compiler()([(b"a = 1\n", "/x/caf\udce9.py")])

    assert data is not None
    assert marshal.loads(data[16:]).co_filename == "/x/caf\udce9.py"


def test_nothing_to_compile_starts_nothing() -> None:
    assert Compiler(OURS, "/nothing/python", workers=2)([]) == []


@pytest.mark.parametrize("script", ["exit 3", "echo oops", "cat > /dev/null; printf '\\0\\0'"])
def test_an_interpreter_that_cannot_compile_is_named(tmp_path: Path, script: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho why >&2\n{script}\n")
    program.chmod(0o755)

    with pytest.raises(ToolError, match=f"{program} could not compile") as caught:
        Compiler(OURS, str(program), workers=1)([(b"a = 1\n", "/x/a.py")])
    assert "why" in str(caught.value.why)


def test_an_interpreter_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolError, match="/nothing/python"):
        Compiler(OURS, "/nothing/python", workers=1)([(b"a = 1\n", "/x/a.py")])


def test_our_own_version_is_compiled_by_ourselves() -> None:
    assert find_interpreter(OURS) == sys.executable
    assert find_interpreter("3.99") is None


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 3.98 cpython", True),
        ("echo 3.97 cpython", False),
        ("echo 3.98 pypy", False),
        ("exit 1", False),
    ],
)
def test_another_version_is_taken_from_the_path_if_it_is_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, found: bool
) -> None:
    program = tmp_path / "python3.98"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_interpreter("3.98") == (str(program) if found else None)


def test_a_program_that_cannot_start_is_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python3.98"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_interpreter("3.98") is None


def test_frames_hold_any_bytes() -> None:
    stream = io.BytesIO(worker.frame(b"") + worker.frame(b"a\0b" * 1000) + b"\0\0")

    assert worker.read_frame(stream) == b""
    assert worker.read_frame(stream) == b"a\0b" * 1000
    assert worker.read_frame(stream) is None


def test_what_is_large_is_compiled_though_it_takes_its_time() -> None:
    """The worker reads on long after the first look at whether anybody still wants it."""
    slow = b"x = [" + b"(1, y)," * 60_000 + b"]\n"
    sources = [(slow, "/slow.py"), *((b"#" * 100_000, f"/m{n}.py") for n in range(20))]

    assert None not in compiler(workers=1)(sources)


def test_a_compilation_that_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    """Another platform's failure, or Ctrl-C, does not wait for it."""
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)

    def fail(_: Turn) -> None:
        time.sleep(0.3)
        raise ToolError("the other platform failed")

    def compile_long(_: Turn) -> None:
        Compiler(OURS, str(slow), workers=1)([(b"x = 1", "/x.py")])

    began = time.monotonic()
    with pytest.raises(ToolError, match="other platform"):
        together(lambda call, turn: call(turn), [compile_long, fail])

    assert time.monotonic() - began < 10
