"""``lamina trace`` and ``lamina history import``, with programs that print logs of real builds."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lamina.cli import trace_command
from lamina.cli.app import main
from lamina.history.database import open_history
from lamina.history.query import Wanted
from tests.support.tools import LAMINA
from tests.trace.logs_of import LOGS, lines_of, solve_of, solves, stamped

_DOCKER = """\
#!/bin/sh
case "$1 $2" in
  "build --help") echo "Usage:  docker buildx build [OPTIONS] PATH | URL | -"; exit 0 ;;
  "buildx version") echo "github.com/docker/buildx v0.13.1 788433953af10f2a"; exit 0 ;;
esac
"""
"""A client of docker whose build is whatever a test writes below this."""


@dataclass
class Machine:
    """A home of its own, with a docker that does as it is told."""

    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LAMINA_", "CI"))}
        return {
            **inherited,
            "HOME": str(self.home),
            "PATH": f"{self.home}:{os.environ['PATH']}",
            "LAMINA_HISTORY": str(self.home / "history.db"),
            **self.extra,
        }

    def docker(self, script: str) -> None:
        program = self.home / "docker"
        program.write_text(_DOCKER + script)
        program.chmod(0o755)

    def start(self, *words: str, **how: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*LAMINA, *words],
            env=self.environment,
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            **how,
        )

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        process = self.start(*words)
        out, err = process.communicate(stdin, timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def builds(self) -> list[dict[str, Any]]:
        """Return what is known of each build, oldest first."""
        rows = json.loads(self.run("history", "--format", "json").stdout)
        shown = (self.run("history", "show", row["id"], "--format", "json") for row in rows[::-1])
        return [json.loads(done.stdout) for done in shown]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def prints(name: str, *, code: int = 0) -> str:
    return f'cat "{LOGS / name}" >&2\necho sha256:made\nexit {code}\n'


def test_a_build_is_recorded_and_its_output_untouched(machine: Machine) -> None:
    machine.docker(prints("docker-26-no-cache.rawjson"))

    done = machine.run("trace", "--", "docker", "build", "-t", "shop/web:1", ".")

    (build,) = machine.builds()
    assert (done.returncode, done.stdout) == (0, "sha256:made\n")
    assert "#8 [builder 4/4] RUN" in done.stderr
    assert done.stderr.endswith("lamina: recorded 1.2 s, 1 of 6 steps cached\n")
    assert (build["kind"], build["engine"], build["names"]) == ("trace", "buildkit", ["shop/web:1"])
    assert build["metrics"]["step_hit"] == pytest.approx(1 / 6)
    assert build["context_bytes"] == 123


@pytest.mark.parametrize("name", ["docker.io/library/t", "index.docker.io/library/t:1", "t:2"])
def test_a_traced_build_and_an_imported_one_of_an_image_are_compared(
    machine: Machine, name: str
) -> None:
    """The log says `docker.io/library/t:1`, and the user wrote it in his own way."""
    machine.docker(prints("docker-20-cold.plain"))
    machine.run("history", "import", str(LOGS / "docker-20-warm.plain"))

    machine.run("trace", "--", "docker", "build", f"-t{name}", ".")

    machine.run("history")
    with open_history(machine.environment["LAMINA_HISTORY"]) as history:
        assert {row.scope for row in history.rows(Wanted())} == {"trace buildkit t"}


def test_the_exit_code_and_the_failing_steps_output_are_kept(machine: Machine) -> None:
    machine.docker(prints("docker-26-failing.rawjson", code=17))

    done = machine.run("trace", "--", "docker", "build", ".")

    (build,) = machine.builds()
    (failed,) = [step for step in build["steps"] if step.get("outcome") == "failed"]
    assert done.returncode == 17
    assert (build["outcome"], failed["log"]) == ("failed", ["x"])
    assert build["project"] == machine.home.name, "there is no name, so the folder's"


def test_standard_input_reaches_the_builder(machine: Machine) -> None:
    """`docker build - < Dockerfile` works."""
    machine.docker("cat\n")

    done = machine.run("trace", "--", "docker", "build", "-", stdin="FROM scratch\n")

    assert done.stdout == "FROM scratch\n"


def test_a_command_without_a_build_is_said_to_be_none(machine: Machine) -> None:
    done = machine.run("trace", "--", "sh", "-c", "echo hello; exit 4")

    assert (done.returncode, done.stdout) == (4, "hello\n")
    assert done.stderr == "lamina: no build was seen, none is recorded\n"


def test_whatever_starts_a_build_can_be_traced(machine: Machine) -> None:
    """A script or make that runs docker; its standard output may hold the progress too."""
    log = LOGS / "docker-26-legacy.plain"

    done = machine.run("trace", "--project", "shop", "--", "sh", "-c", f"cat {log}")

    (build,) = machine.builds()
    assert done.stdout == log.read_text()
    assert (build["engine"], build["project"]) == ("legacy", "shop")


def test_a_history_that_cannot_be_written_costs_one_line(machine: Machine) -> None:
    machine.docker(prints("docker-26-no-cache.rawjson", code=0))
    (machine.home / "history.db").mkdir()

    done = machine.run("trace", "--", "docker", "build", ".")

    assert (done.returncode, done.stdout) == (0, "sha256:made\n")
    assert done.stderr.splitlines()[-1].startswith("lamina: 1 builds wait in ")
    (machine.home / "history.db").rmdir()
    machine.run("trace", "--", "docker", "build", ".")
    assert len(machine.builds()) == 2


def test_a_bug_of_ours_costs_one_line_and_not_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(trace_command, "fold_solve", broken)

    code = main(["trace", "--", "sh", "-c", f"cat {LOGS / 'docker-20-cold.plain'}; exit 6"])

    assert code == 6
    assert (
        capfd.readouterr().err == "lamina: the build could not be recorded: RuntimeError: a bug\n"
    )


_HANGS = 'case "$1" in image|history) echo "$1" >> asked; sleep 30; exit ;; esac\n'
"""An engine that does not answer; what it started holds its output open."""


@pytest.mark.slow
def test_an_engine_that_does_not_describe_its_image_costs_two_seconds(machine: Machine) -> None:
    machine.docker(_HANGS + prints("docker-26-no-cache.rawjson"))
    began = time.monotonic()

    done = machine.run("trace", "--", "docker", "build", ".")

    (build,) = machine.builds()
    assert (machine.home / "asked").read_text().split() in (
        ["image", "history"],
        ["history", "image"],
    )
    assert (done.returncode, done.stdout, "layers" in build) == (0, "sha256:made\n", False)
    assert time.monotonic() - began < 20


def test_whoever_does_not_wait_for_the_image_keeps_the_build(machine: Machine) -> None:
    """Ctrl-C after the build's end is not an error of the build."""
    machine.docker(_HANGS + prints("docker-26-no-cache.rawjson"))
    process = machine.start("trace", "--", "docker", "build", ".", start_new_session=True)
    while not (machine.home / "asked").exists():
        time.sleep(0.01)
    time.sleep(0.1)

    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)

    assert (process.returncode, len(machine.builds())) == (0, 1)


def test_a_build_that_failed_has_no_image_to_ask_for(machine: Machine) -> None:
    machine.docker(_HANGS + prints("docker-26-no-cache.rawjson", code=3))

    machine.run("trace", "--", "docker", "build", ".")

    assert not (machine.home / "asked").exists()


def test_nothing_is_recorded_where_the_history_is_off(machine: Machine) -> None:
    machine.docker(prints("docker-26-no-cache.rawjson"))
    machine.extra["LAMINA_HISTORY"] = "off"

    done = machine.run("trace", "--", "docker", "build", ".")

    assert (done.returncode, "lamina:" in done.stderr) == (0, False)


def test_without_a_command_there_is_nothing_to_do(machine: Machine) -> None:
    done = machine.run("trace", "--")

    assert (done.returncode, "there is no command" in done.stderr) == (2, True)


def test_a_program_that_is_not_there_is_an_error(machine: Machine) -> None:
    done = machine.run("trace", "--", "no-such-builder", "build")

    assert (done.returncode, "cannot start no-such-builder" in done.stderr) == (4, True)


_PATIENT = """\
stop() { echo "#1 CANCELED" >&2; echo "ERROR: failed to solve: context canceled" >&2; exit 9; }
trap stop INT TERM
echo "#1 [1/1] RUN sleep" >&2
echo ready
sleep 30 >/dev/null 2>&1 &
wait
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_terminal_a_signal_is_passed_on(machine: Machine, number: int) -> None:
    """Whoever sends it to us means the build; its last words and exit code are kept."""
    machine.docker(_PATIENT)
    machine.extra["BUILDKIT_PROGRESS"] = "plain"
    process = machine.start("trace", "--", "docker", "build", ".", start_new_session=True)
    _wait_for(process, "ready")

    os.kill(process.pid, number)
    _, err = process.communicate(timeout=20)

    (build,) = machine.builds()
    assert process.returncode == 9
    assert "#1 CANCELED" in err
    assert build["outcome"] == "cancelled"


def test_a_signal_to_the_group_reaches_the_builder_and_does_not_end_the_recording(
    machine: Machine,
) -> None:
    """Ctrl-C on a terminal goes to both."""
    machine.docker(_PATIENT)
    machine.extra["BUILDKIT_PROGRESS"] = "plain"
    process = machine.start("trace", "--", "docker", "build", ".", start_new_session=True)
    _wait_for(process, "ready")

    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode == 9
    assert [build["outcome"] for build in machine.builds()] == ["cancelled"]


def on_terminal(machine: Machine, *, types: bytes = b"", after: bytes = b"\0") -> tuple[str, int]:
    """Trace a build on a terminal of its own; type something when ``after`` was printed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(machine.home)
        os.execve(LAMINA[0], [*LAMINA, "trace", "--", "docker", "build", "."], machine.environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal says that nobody is there any more
        while chunk := os.read(terminal, 65536):
            shown += chunk
            if after in shown and types:
                os.write(terminal, types)
                types = b""
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_on_a_terminal_the_display_is_that_of_buildkit(machine: Machine) -> None:
    name = "docker-26-failing.rawjson"
    machine.docker(prints(name, code=1))

    shown, code = on_terminal(machine)

    (read,) = solves(shown.split("\n"))
    assert (code, read.grammar) == (1, "tty")
    assert [v.outcome for v in read.vertices] == [v.outcome for v in solve_of(name).vertices]
    assert "\nERROR: failed to solve: process" in shown


def test_ctrl_c_on_a_terminal_stops_the_build_once(machine: Machine) -> None:
    """The terminal sends it to both of us; it is not sent a second time."""
    machine.docker(_PATIENT.replace("stop() {", "stop() { echo stopping;"))

    shown, code = on_terminal(machine, types=b"\x03", after=b"RUN sleep")

    assert (code, shown.count("stopping\r\n")) == (9, 1)
    assert [build["outcome"] for build in machine.builds()] == ["cancelled"]


def _wait_for(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == word
    time.sleep(0.1)  # the shell goes on to wait


def importing(machine: Machine) -> Callable[..., str]:
    def run(*words: object) -> str:
        done = machine.run("history", "import", *map(str, words))
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_old_logs_become_builds_once(machine: Machine, tmp_path: Path) -> None:
    """Files equally old, as those of a checkout or an archive, count in the order given."""
    files = [tmp_path / "docker-20-cold.plain", tmp_path / "docker-20-warm.plain"]
    for file in files:
        file.write_bytes((LOGS / file.name).read_bytes())
        os.utime(file, (1_600_000_000, 1_600_000_000))

    first, again = importing(machine)(*files), importing(machine)(*files)

    assert first == "imported 2 builds\n"
    assert again == "imported 0 builds, 2 were there already\n"
    assert [build["metrics"]["step_hit"] for build in machine.builds()] == [0.0, 1.0]


def test_a_log_of_ci_is_imported_at_its_own_time(machine: Machine, tmp_path: Path) -> None:
    """And is the same build when the log has grown by another."""
    log = tmp_path / "job.log"
    text = "\n".join(stamped(["##[group]Build", *lines_of("docker-20-cold.plain"), "done"]))
    log.write_text(text)
    importing(machine)(log)

    log.write_text(text + "\n" + "\n".join(lines_of("docker-26-pulled.plain")))
    said = importing(machine)(log)

    assert said == "imported 1 builds, 1 were there already\n"
    assert min(build["started"] for build in machine.builds()) == 1719325980.5


def test_a_log_without_times_is_as_old_as_its_file(machine: Machine, tmp_path: Path) -> None:
    log = tmp_path / "old.log"
    log.write_text((LOGS / "docker-20-cold.plain").read_text())
    os.utime(log, (1_600_000_000, 1_600_000_000))

    importing(machine)(log)

    assert [build["started"] for build in machine.builds()] == [1_600_000_000]


def test_a_failing_build_of_a_log_has_the_name_of_the_others(
    machine: Machine, tmp_path: Path
) -> None:
    """So that it stands in their history and not in one of its own."""
    log = tmp_path / "job.log"
    both = [*lines_of("docker-20-cold.plain"), *lines_of("docker-20-failing.plain")]
    log.write_text("\n".join(both))

    importing(machine)(log)

    assert [(b.get("outcome", "done"), b["names"]) for b in machine.builds()] == [
        ("done", ["t:1"]), ("failed", ["t:1"]),
    ]  # fmt: skip


def test_logs_are_read_from_standard_input(machine: Machine) -> None:
    done = machine.run(
        "history", "import", "--project", "shop", "-",
        stdin=(LOGS / "buildkit-mixed.rawjson").read_text(),
    )  # fmt: skip

    assert done.stdout == "imported 1 builds\n"
    assert [build["project"] for build in machine.builds()] == ["shop"]


def test_files_without_a_build_are_named(machine: Machine, tmp_path: Path) -> None:
    empty = tmp_path / "empty.log"
    empty.write_bytes(b"\x00\xff nothing here\n")

    done = machine.run("history", "import", str(empty))

    assert done.returncode == 3
    assert f"no build found in {empty}" in done.stderr
    assert "none of the files holds a build" in done.stderr


def test_a_file_that_cannot_be_read_is_an_error(machine: Machine, tmp_path: Path) -> None:
    done = machine.run("history", "import", str(tmp_path / "missing.log"))

    assert (done.returncode, "cannot read" in done.stderr) == (3, True)


def test_a_failed_build_fails_although_nobody_reads_its_output(machine: Machine) -> None:
    """As in `lamina trace -- docker build . 2>&1 | head`, with pipefail."""
    readable, writable = os.pipe()
    os.close(readable)

    done = subprocess.run(
        [*LAMINA, "trace", "--", "sh", "-c", "exit 3"],
        env=machine.environment, cwd=machine.home, stdout=writable, stderr=writable, check=False,
    )  # fmt: skip
    os.close(writable)

    assert done.returncode == 3


def test_an_address_that_is_none_of_ours_is_said_and_costs_no_build(machine: Machine) -> None:
    machine.docker(prints("docker-26-no-cache.rawjson"))
    machine.extra["LAMINA_HISTORY"] = "mysql://me:hunter2@db/team"

    done = machine.run("trace", "--", "docker", "build", ".")

    assert done.returncode == 0
    assert "this build is not recorded: LAMINA_HISTORY: no history can be at" in done.stderr
    assert "hunter2" not in done.stderr
