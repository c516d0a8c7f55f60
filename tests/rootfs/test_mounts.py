"""A folder of this machine in a container, for each way that one is started."""

from pathlib import Path

import pytest

from lamina.errors import ImageError
from lamina.oci.config import RuntimeConfig
from lamina.rootfs import bubblewrap, crun, docker
from lamina.rootfs.container import Container, Mount, prepare


@pytest.fixture
def container(tmp_path: Path) -> Container:
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "root/usr").mkdir()
    return prepare(
        tmp_path / "root",
        RuntimeConfig(entrypoint=("python",)),
        mounts=(Mount(source=tmp_path / "checkout", target="/app"),),
    )


def test_a_place_to_mount_at_is_made(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()

    prepare(
        tmp_path / "root",
        RuntimeConfig(entrypoint=("python",)),
        mounts=(Mount(source=tmp_path, target="/srv/shop"),),
    )

    assert (tmp_path / "root/srv/shop").is_dir()


def test_there_is_a_place_for_the_name_that_docker_gives_the_machine(container: Container) -> None:
    """Docker mounts its own over it, and could not make it in a read-only folder."""
    assert (container.root / "etc/hostname").is_file()


def test_bubblewrap_mounts_it_read_only(container: Container, tmp_path: Path) -> None:
    words = " ".join(bubblewrap.command(container, is_mapped=False, info_fd=3))

    assert f"--ro-bind {tmp_path}/checkout /app" in words


def test_crun_mounts_it_read_only(container: Container, tmp_path: Path) -> None:
    mounts = crun.config(container)["mounts"]

    assert {
        "destination": "/app",
        "type": "bind",
        "source": f"{tmp_path}/checkout",
        "options": ["bind", "ro"],
    } in mounts


def test_docker_mounts_it_in_the_place_of_the_images_own_folder(
    container: Container, tmp_path: Path
) -> None:
    words = docker.command(container, name="one")

    (found,) = (word for word in words if "target=/app," in word)
    assert found == f"type=bind,source={tmp_path}/checkout,target=/app,readonly"


def test_docker_mounts_no_folder_with_a_comma(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    container = Container(
        root=tmp_path / "root",
        arguments=("python",),
        mounts=(Mount(source=tmp_path / "a,b", target="/app"),),
    )

    with pytest.raises(ImageError, match="comma"):
        docker.command(container, name="one")
