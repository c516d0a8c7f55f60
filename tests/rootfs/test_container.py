"""What an image's config says about a start becomes one value."""

from pathlib import Path

import pytest

from lamina.errors import ImageError
from lamina.oci.config import RuntimeConfig
from lamina.rootfs import bubblewrap, crun, docker
from lamina.rootfs.container import Identity, identify, prepare
from lamina.rootfs.run import Choice, choose

PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\nbroken\n"
GROUP = "app:x:1001:\nvideo:x:44:other,app\nrender:x:105:\n"


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", Identity(uid=0, gid=0, home="/root")),
        ("app", Identity(uid=1000, gid=1001, groups=(44,), home="/home/app")),
        ("1000", Identity(uid=1000, gid=1001, groups=(44,), home="/home/app")),
        ("app:render", Identity(uid=1000, gid=105, home="/home/app")),
        ("65532:65532", Identity(uid=65532, gid=65532)),
        ("4711", Identity(uid=4711, gid=0)),
    ],
)
def test_users_and_groups_are_looked_up_in_the_image(user: str, identity: Identity) -> None:
    assert identify(user, passwd=PASSWD, group=GROUP) == identity


@pytest.mark.parametrize("user", ["nobody-here", "app:nobody-here"])
def test_an_unknown_name_is_an_error(user: str) -> None:
    with pytest.raises(ImageError, match="nobody-here"):
        identify(user, passwd=PASSWD, group=GROUP)


def test_a_command_replaces_the_images_own_and_the_environment_adds_to_it(tmp_path: Path) -> None:
    runtime = RuntimeConfig(
        entrypoint=("python",),
        command=("-m", "app"),
        environment=(("PATH", "/opt/venv/bin"), ("A", "1")),
        working_directory="app",
    )

    plain = prepare(tmp_path, runtime)
    other = prepare(tmp_path, runtime, arguments=("-V",), environment=(("A", "2"),))

    assert (plain.arguments, plain.working_directory) == (("python", "-m", "app"), "/app")
    assert other.arguments == ("python", "-V")
    assert dict(other.environment) == {"PATH": "/opt/venv/bin", "HOME": "/", "A": "2"}


def test_an_image_without_a_command_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no command"):
        prepare(tmp_path, RuntimeConfig())


def test_mount_points_are_made_inside_the_root_only(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "etc").symlink_to(outside)

    prepare(root, RuntimeConfig(command=("x",), volumes=("/data",)))

    assert (root / "data").is_dir()
    assert list(outside.iterdir()) == []


def test_every_engine_gets_a_read_only_root_and_no_capability(tmp_path: Path) -> None:
    runtime = RuntimeConfig(command=("app", "-x"), user="65532", environment=(("A", "b c"),))
    container = prepare(tmp_path, runtime, network="loopback")

    bwrap = bubblewrap.command(container, is_mapped=True, info_fd=9)
    bundle = crun.config(container)
    docked = docker.command(container, name="n")

    assert bwrap[bwrap.index("--ro-bind") + 2] == "/"
    assert {"--unshare-net", "--clearenv", "--cap-drop"} <= set(bwrap)
    assert bwrap[-3:] == ["--", "app", "-x"]
    assert bundle["root"]["readonly"] is True
    assert bundle["process"]["capabilities"] == {}
    assert {"type": "network"} in bundle["linux"]["namespaces"]
    assert {"--read-only", "none", "65532:0", "A=b c"} <= set(docked)


def test_a_user_that_cannot_be_had_is_mapped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = prepare(tmp_path, RuntimeConfig(command=("x",), user="65532"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("lamina.rootfs.run._bubblewrap_problem", lambda: None)

    choice = choose(container)

    assert isinstance(choice, Choice)
    assert choice.is_mapped
    assert "only root can start a command as another user" in choice.notes[0]
