"""One place turns errors into exit codes, and the command line is quick to start."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from lamina.cli import app
from lamina.cli.failure import show_error
from lamina.errors import (
    CheckFailed,
    IntegrityError,
    LaminaError,
    LockError,
    NetworkError,
    UsageError,
)
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[object], int]], None]:
    """Put a function in the place of `lamina plan`."""

    def replace(function: Callable[[object], int]) -> None:
        module = SimpleNamespace(add_arguments=lambda _: None, run=function)
        monkeypatch.setattr("lamina.cli.app.importlib.import_module", lambda _: module)

    return replace


Replace = Callable[[Callable[[object], int]], None]


def raising(error: BaseException) -> Callable[[object], int]:
    def run(_: object) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckFailed("no"), 1),
        (UsageError("no"), 2),
        (LockError("no"), 3),
        (IntegrityError("no"), 3),
        (NetworkError("no"), 4),
        (LaminaError("no"), 70),
        (KeyboardInterrupt(), 130),
        (RuntimeError("no"), 70),
        (RecursionError(), 70),
        (MemoryError(), 70),
    ],
)
def test_every_error_has_its_exit_code_and_no_traceback(
    command: Replace, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    command(raising(error))

    assert app.main(["plan"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_says_how_to_report_it(command: Replace, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(ValueError("odd\x1b[31m")))

    app.main(["plan"])

    err = capsys.readouterr().err
    assert err.startswith("internal error: ValueError: odd")
    assert "try: run it again as `lamina --debug plan …`" in err
    assert "\x1b" not in err


def test_debugging_shows_where_a_bug_is(command: Replace) -> None:
    command(raising(ValueError("odd")))

    with pytest.raises(ValueError, match="odd"):
        app.main(["--debug", "plan"])


def test_whoever_interrupts_before_the_command_has_begun_sees_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loading a command takes a tenth of a second."""
    monkeypatch.setattr(
        "lamina.cli.app.importlib.import_module", lambda _: raising(KeyboardInterrupt())(None)
    )

    assert app.main(["plan"]) == 130
    assert capsys.readouterr().err == ""


def test_the_exit_code_of_a_command_is_its_own(command: Replace) -> None:
    command(lambda _: 7)

    assert app.main(["plan"]) == 7


@pytest.mark.parametrize("words", [[], ["bild"], ["build", "--no-such"], ["plan", "--format", "x"]])
def test_a_word_that_is_not_known_is_a_usage_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        app.main(words)

    assert caught.value.code == 2
    assert "usage: lamina" in capsys.readouterr().err


def test_an_error_says_what_where_how_to_go_on_and_why() -> None:
    stream = io.StringIO()
    error = LockError(
        "no wheel fits\x1b[2J",
        where="pylock.toml",
        problems=("packages[0]: a\nb", "packages[1]: c"),
        hint="lock again",
        why="its tags are\nwin32",
    )

    show_error(error, stream)

    assert stream.getvalue().splitlines() == [
        "error: no wheel fits\ufffd[2J",
        "  in: pylock.toml",
        "  - packages[0]: a",
        "       b",
        "  - packages[1]: c",
        "  try: lock again",
        "  why: its tags are",
        "       win32",
    ]


def lamina(
    *words: str, script: str = '"$@"', **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `lamina` through a shell script, where ``$@`` is the command."""
    return subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "lamina", *words],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel()])


def test_a_reader_that_has_seen_enough_is_no_error(project: Path, tmp_path: Path) -> None:
    done = lamina(
        "plan", str(project), script='"$@" | true; echo "${PIPESTATUS:-ok}"',
        LAMINA_STORE=str(tmp_path / "store"),
    )  # fmt: skip

    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_error(project: Path, tmp_path: Path, closed: str) -> None:
    done = lamina(
        "build", str(project), "-t", "toy", script=f'"$@" {closed}',
        LAMINA_STORE=str(tmp_path / "store"),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


def test_errors_with_nobody_to_read_them_keep_their_code(tmp_path: Path) -> None:
    done = lamina("plan", str(tmp_path), script='"$@" 2>&-', LAMINA_STORE=str(tmp_path / "store"))

    assert (done.returncode, done.stdout) == (3, "")


def test_a_full_disk_below_the_output_is_an_error(project: Path, tmp_path: Path) -> None:
    done = lamina(
        "plan", str(project), script='"$@" > /dev/full', LAMINA_STORE=str(tmp_path / "store")
    )

    assert done.returncode == 4
    assert "error: cannot write: No space left on device" in done.stderr


def test_a_plain_locale_and_no_home_are_enough(project: Path, tmp_path: Path) -> None:
    (project / "caf\u00e9.py").write_text("")

    done = lamina(
        "build", str(project), "-t", "toy", LAMINA_STORE=str(tmp_path / "store"), LC_ALL="C",
        PYTHONUTF8="0", PYTHONCOERCECLOCALE="0",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def imported(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()} | set(done.stdout.split())


def test_starting_loads_only_the_command_that_was_asked_for() -> None:
    modules = imported("from lamina.cli.app import _parser; _parser('plan')")

    assert "lamina.cli.plan_command" in modules
    assert "lamina.cli.test_command" not in modules
    assert not {"urllib3", "rich", "pysequoia", "asyncio"} & modules


def test_importing_lamina_loads_next_to_nothing() -> None:
    modules = imported("import lamina")

    assert not {"urllib3", "rich", "packaging", "isal", "lamina.build", "subprocess"} & modules


def test_a_build_that_fetches_nothing_never_loads_the_http_library(
    project: Path, tmp_path: Path
) -> None:
    words = ["build", str(project), "-t", "toy", "--platform", "linux/amd64"]

    modules = imported(
        f"import os; os.environ['LAMINA_STORE'] = {str(tmp_path / 'store')!r}\n"
        f"from lamina.cli.app import main; assert main({words!r}) == 0"
    )

    assert not {"urllib3", "rich"} & modules


@pytest.fixture
def unread() -> Iterator[io.TextIOWrapper]:
    """Open a pipe that nobody reads."""
    readable, writable = os.pipe()
    os.close(readable)
    stream = io.TextIOWrapper(os.fdopen(writable, "wb"))
    yield stream
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def test_a_reader_that_has_gone_costs_the_text_and_not_the_code(
    command: Replace, monkeypatch: pytest.MonkeyPatch, unread: io.TextIOWrapper
) -> None:
    monkeypatch.setattr(sys, "stdout", unread)
    command(lambda _: min(7, sys.stdout.write("much text")))

    assert app.main(["plan"]) == 7


def test_an_error_that_nobody_reads_any_more_keeps_its_code(
    command: Replace, monkeypatch: pytest.MonkeyPatch, unread: io.TextIOWrapper
) -> None:
    unread.reconfigure(line_buffering=True)
    monkeypatch.setattr(sys, "stderr", unread)
    command(raising(LockError("no")))

    assert app.main(["plan"]) == 3


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"lamina {version('lamina')}\n"
