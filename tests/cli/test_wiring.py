"""The environment is read once, at the edge, and whoever watches cannot fail a build."""

import io
import os
import pty
import threading
import time
from pathlib import Path

import pytest

from lamina.cli import wiring
from lamina.errors import ProjectError, UsageError
from lamina.events import Event
from lamina.parallel import map_ordered
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.toys import lamina


def test_proxies_and_certificates_come_from_the_usual_variables() -> None:
    settings = wiring.http_settings(
        {
            "https_proxy": "http://lower:1",
            "HTTPS_PROXY": "http://upper:1",
            "HTTP_PROXY": "http://upper:2",
            "NO_PROXY": "a.example, .b.example",
            "SSL_CERT_FILE": "/ca.pem",
            "REQUESTS_CA_BUNDLE": "/other.pem",
        }
    )

    assert dict(settings.proxies) == {"https": "http://lower:1", "http": "http://upper:2"}
    assert settings.no_proxy == ("a.example", ".b.example")
    assert settings.certificates == Path("/ca.pem")


def test_nothing_in_the_environment_is_nothing_set() -> None:
    settings = wiring.http_settings({})

    assert (settings.proxies, settings.certificates) == ((), None)
    assert settings.proxy_for("https://x.example/") == ""


@pytest.mark.parametrize(("text", "seconds"), [("", 60), ("300", 300), ("0.5", 0.5)])
def test_how_long_servers_may_be_silent_is_a_variable(text: str, seconds: float) -> None:
    assert wiring.http_settings({"LAMINA_HTTP_TIMEOUT": text}).timeout_s == seconds
    assert wiring.http_settings({}).timeout_s == 60


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e9", "soon", "²", "9" * 400, "1 "])
def test_what_is_no_number_of_seconds_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="LAMINA_HTTP_TIMEOUT is"):
        wiring.http_settings({"LAMINA_HTTP_TIMEOUT": text})


@pytest.mark.parametrize(
    ("machine", "platform"), [("x86_64", "linux/amd64"), ("AArch64", "linux/arm64")]
)
def test_images_are_for_this_machine_unless_another_is_named(
    monkeypatch: pytest.MonkeyPatch, machine: str, platform: str
) -> None:
    monkeypatch.setattr("lamina.cli.wiring.host.machine", lambda: machine)

    assert str(wiring.host_platform()) == platform


class Watched(io.StringIO):
    """A stream that says it is a terminal, or breaks."""

    def __init__(self, *, is_terminal: bool = False, error: Exception | None = None) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self.error = error

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        if self.error is not None:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize(
    ("progress", "is_terminal", "shows"),
    [
        ("auto", False, "warning: old\n"),
        ("plain", True, "warning: old\n"),
        ("auto", True, "\x1b["),
        ("rawjson", False, '{"event":"StepWarned"'),
    ],
)
def test_an_observer_is_chosen_by_the_option_and_the_stream(
    progress: str, shows: str, *, is_terminal: bool
) -> None:
    stream = Watched(is_terminal=is_terminal)

    with wiring.listening(progress, stream) as step:
        step.warn("old")

    assert shows in stream.getvalue()


@pytest.mark.parametrize("progress", ["auto", "plain", "rawjson"])
@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "EIO"), ValueError("closed")])
def test_a_stream_that_breaks_does_not_fail_the_work(
    progress: str, error: Exception, *, is_terminal: bool
) -> None:
    stream = Watched(is_terminal=is_terminal)
    done = []

    with wiring.listening(progress, stream) as step:
        stream.error = error
        step.warn("old")
        with step.child("more") as child:
            child.progress(1, 2)
        done.append("all")

    assert done == ["all"]


def test_the_errors_of_the_work_are_its_own() -> None:
    stream = Watched(is_terminal=True)

    def work() -> None:
        with wiring.listening("auto", stream):
            stream.error = BrokenPipeError()
            raise ProjectError("wrong")

    with pytest.raises(ProjectError, match="wrong"):
        work()


def test_a_raising_observer_never_fails_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()])
    heard: list[Event] = []

    def observer(event: Event) -> None:
        heard.append(event)
        raise RuntimeError("no screen")

    monkeypatch.setattr(wiring, "_observer", lambda *_: (observer, lambda: 1 / 0))

    done = lamina("build", project, "-t", "toy", store=tmp_path / "store")

    assert done.code == 0
    assert len(heard) == 1


def test_a_build_on_a_real_terminal_leaves_the_digest_alone_on_its_output(tmp_path: Path) -> None:
    """The progress goes to the terminal, and standard output stays for programs."""
    project = locked_project(tmp_path / "project", [ToyWheel()])
    controller, terminal = pty.openpty()
    drained: list[bytes] = []

    def drain() -> None:
        try:
            while data := os.read(controller, 65536):
                drained.append(data)
        except OSError:
            return

    thread = threading.Thread(target=drain)
    thread.start()
    with os.fdopen(terminal, "w", encoding="utf-8") as out, wiring.listening("auto", out) as step:
        step.warn("old")
    thread.join(10)
    os.close(controller)
    done = lamina("build", project, "-t", "toy", store=tmp_path / "store")

    assert b"warning: old" in b"".join(drained)
    assert done.out.count("\n") == 1


def test_uv_is_searched_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks sysconfig, which other threads see half filled while one fills it."""
    inside: list[int] = []
    crowds: list[int] = []

    def search() -> str:
        inside.append(1)
        time.sleep(0.01)
        crowds.append(len(inside))
        inside.pop()
        return "uv"

    monkeypatch.setattr("lamina.cli.wiring.uv.find_uv_bin", search)

    found = map_ordered(wiring.uv_program, [True] * 4, workers=4)

    assert [one.program for one in found] == ["uv"] * 4
    assert crowds == [1] * 4
