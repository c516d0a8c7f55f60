"""An sdist becomes a wheel, and its code sees nothing of the machine that builds it."""

import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ArchiveError, ToolError
from lamina.parallel import Turn, together
from lamina.sdist.build import Order, build
from lamina.sdist.requirements import Installer
from lamina.sdist.sandbox import Job, Root, command, run

MakeSdist = Callable[..., Order]
Dump = Callable[[str], str]


@pytest.fixture
def make_wheel(here: Root, installer: Installer, tmp_path: Path) -> Callable[[Order], Path]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return lambda order: build(order, here, installer, scratch=scratch, log=lambda _: None)


def said(make_wheel: Callable[[Order], Path], order: Order) -> object:
    """Run a build that dumps a value and fails; return the value."""
    with pytest.raises(ToolError) as caught:
        make_wheel(order)
    return json.loads((caught.value.why or "").splitlines()[-1])


def test_a_wheel_is_built_by_the_sdists_own_backend(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path]
) -> None:
    assert make_wheel(make_sdist()).name == "toy-1.0-py3-none-any.whl"


def test_the_environment_is_exactly_what_is_named(
    make_sdist: MakeSdist,
    make_wheel: Callable[[Order], Path],
    dump: Dump,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")

    names = said(make_wheel, make_sdist(dump("sorted(os.environ)")))

    assert isinstance(names, list)
    assert set(names) - {"PWD", "LC_CTYPE"} == {
        "HOME",
        "LC_ALL",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "PYTHONPATH",
        "SOURCE_DATE_EPOCH",
    }


def test_there_is_no_network_not_even_loopback_of_the_host(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path], dump: Dump
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"__import__('socket').socket().connect_ex(('127.0.0.1', {port}))"

        code = said(make_wheel, make_sdist(dump(ask)))

    assert code != 0


def test_neither_homes_nor_the_hosts_settings_are_visible(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path], dump: Dump
) -> None:
    home = str(Path.home())
    seen = "[os.path.exists(p) for p in ('/etc/shadow', '/etc/passwd', '/var', '/home', '%s')]"

    values = said(make_wheel, make_sdist(dump(seen % f"{home}/.ssh")))

    assert values == [False] * 5


def test_nothing_can_be_written_but_the_builds_own_folders(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path], dump: Dump
) -> None:
    folders = "('/usr', '/src', '/requirements', '/work', '/out', '/tmp')"

    values = said(make_wheel, make_sdist(dump(f"[os.access(p, os.W_OK) for p in {folders}]")))

    assert values == [False, False, False, True, True, True]


def test_a_failed_build_shows_the_last_lines_without_control_characters(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path]
) -> None:
    body = r'raise SystemExit("\x1b[31mno compiler here\x07")'

    with pytest.raises(ToolError) as caught:
        make_wheel(make_sdist(body))

    assert caught.value.where == "toy-1.0.tar.gz"
    assert (caught.value.why or "").endswith("[31mno compiler here")
    assert "\x1b" not in (caught.value.why or "")


@pytest.mark.parametrize(
    "wheel", ["other-1.0-py3-none-any.whl", "toy-2.0-py3-none-any.whl", "toy.whl"]
)
def test_a_wheel_of_something_else_is_refused(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path], wheel: str
) -> None:
    with pytest.raises(ArchiveError):
        make_wheel(make_sdist(wheel=wheel))


def test_a_wheel_that_is_a_link_out_of_the_sandbox_is_refused(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path]
) -> None:
    body = (
        "name = 'toy-1.0-py3-none-any.whl'; os.symlink('/etc/shadow', os.path.join(folder, name));"
        " return name"
    )

    with pytest.raises(ArchiveError, match="0 wheels"):
        make_wheel(make_sdist(body))


def test_a_backend_that_asks_for_ever_more_is_stopped(
    make_sdist: MakeSdist, here: Root, tmp_path: Path
) -> None:
    """Requirements that never appear: uv says it installed them, and nothing is there."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexit 0\n")
    uv.chmod(0o755)
    installer = Installer(program=str(uv), environment={}, python="3", platform="linux")
    asks = "class hooks:\n get_requires_for_build_wheel = staticmethod(lambda settings: ['more'])\n"
    order = make_sdist(files={"pyproject.toml": _PYPROJECT, "own/backend.py": asks})
    scratch = tmp_path / "scratch"
    (scratch / "requirements").mkdir(parents=True)

    with pytest.raises(ToolError) as caught:
        build(order, here, installer, scratch=scratch, log=lambda _: None)

    assert caught.value.why == "the backend never stops asking for more"


_PYPROJECT = """
[build-system]
requires = []
build-backend = "own.backend:hooks"
backend-path = ["."]
"""


@pytest.mark.slow
def test_a_build_that_hangs_runs_out_of_time_with_all_it_started(here: Root) -> None:
    start = "subprocess.Popen(['sleep', '77'])"
    script = f"import subprocess; {start}; print('on', flush=True); {start}.wait()"
    began = time.monotonic()

    ended = run(Job(root=here, arguments=(here.python, "-c", script),
                    environment={"PATH": "/usr/bin:/bin"}, timeout_s=1))  # fmt: skip

    assert ended.code is None
    assert ended.output == ("on",)
    assert time.monotonic() - began < 10


def test_a_build_that_nobody_wants_any_more_is_ended(here: Root) -> None:
    """Another platform's failure, or Ctrl-C, does not wait for a compiler."""
    script = "print('on', flush=True); import time; time.sleep(60)"

    def compile_long(_: Turn) -> None:
        run(Job(root=here, arguments=(here.python, "-c", script)))

    def fail(_: Turn) -> None:
        time.sleep(0.3)
        raise ToolError("the other platform failed")

    began = time.monotonic()
    with pytest.raises(ToolError, match="other platform"):
        together(lambda call, turn: call(turn), [compile_long, fail])

    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text", ["'[' * 200_000", "'{\"wheel\": \"' + 'x' * 2_000_000 + '\"}'", "'\\\\ud800'", "''"]
)
def test_a_report_that_is_made_to_hurt_is_a_failed_build(
    make_sdist: MakeSdist, make_wheel: Callable[[Order], Path], text: str
) -> None:
    """Whatever runs in the sandbox may write the report itself."""
    write = f"open('/out/result.json', 'w').write({text}); os._exit(0)"

    with pytest.raises(ToolError, match="failed"):
        make_wheel(make_sdist(write))


def test_a_machine_without_bubblewrap_is_told_what_to_do(
    here: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(ToolError) as caught:
        run(Job(root=here, arguments=("true",)))

    assert "install bubblewrap" in (caught.value.hint or "")


def test_the_command_shares_no_network_and_keeps_no_capability(here: Root) -> None:
    words = command(Job(root=here, arguments=("true",), environment={"A": "1"}))

    assert "--unshare-all" in words
    assert "--share-net" not in words
    assert words[-3:] == ["/tmp", "--", "true"]
    assert words[words.index("--cap-drop") + 1] == "ALL"
    assert os.environ.get("HOME", "/nowhere") not in words
