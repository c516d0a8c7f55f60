"""An image is found and looked into wherever it is, and looks the same from everywhere."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.layout.archive import write_archive
from lamina.layout.write import write_layout
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.store.store import Store
from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from tests.support.fake_docker import FakeDocker
from tests.support.synthetic import Row, file, filled, gone, image_of, save_like_docker, tar_of
from tests.support.toys import Outcome, lamina

LAYERS: tuple[tuple[Row, ...], ...] = (
    (filled("keep", 5000), filled("a", 70_000)),
    (gone("a"), filled("b", 9000)),
)
FIGURES = {"unpacked": 84_000, "live": 14_000, "dead": 70_000, "duplicate": 0, "junk": 0}


@pytest.fixture
def image() -> tuple[Image, Memory]:
    return image_of(LAYERS)


def layers(name: str | Path, folder: Path, *words: str) -> dict[str, Any]:
    """Run `lamina layers` for programs; return its sections by key."""
    done = lamina("layers", name, "--format", "json", *words, store=folder / "store")
    assert done.code == 0, done.err
    return {section["key"]: section for section in json.loads(done.out)["sections"]}


def figures(name: str | Path, folder: Path, *words: str) -> dict[str, int]:
    found = layers(name, folder, *words)["bytes"]["figures"]
    return {key: found[key] for key in FIGURES}


def refused(name: str | Path, folder: Path, *words: str) -> Outcome:
    done = lamina("layers", name, *words, store=folder / "store")
    assert done.code != 0, done.out
    assert done.err.startswith("error: ")
    return done


def test_a_layout(image: tuple[Image, Memory], tmp_path: Path) -> None:
    write_layout(tmp_path / "out", *image, names=("toy:1",))

    assert figures(f"oci:{tmp_path}/out", tmp_path) == FIGURES
    assert figures(f"oci:{tmp_path}/out:toy:1", tmp_path) == FIGURES
    assert "there are: " in refused(f"oci:{tmp_path}/out:other", tmp_path).err


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_an_archive_of_laminas(
    image: tuple[Image, Memory], tmp_path: Path, transport: str, packing: str
) -> None:
    path = tmp_path / "toy.tar"
    write_archive(path, *image, names=("toy:1",))
    if packing == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))

    assert figures(f"{transport}:{path}", tmp_path) == FIGURES
    assert figures(f"{transport}:{path}:toy:1", tmp_path) == FIGURES
    assert "toy" in refused(f"{transport}:{path}:other:2", tmp_path).err
    assert not [path for path in (tmp_path / "store").iterdir() if path.is_file()
                and path.name != "version"]  # fmt: skip


@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_an_archive_of_dockers(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "toy:old.tar"
    save_like_docker(path, LAYERS)
    if packing == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))

    assert figures(f"docker-archive:{path}", tmp_path) == FIGURES
    table = layers(f"docker-archive:{path}", tmp_path)["layers"]["table"]
    assert [row["made_by"] for row in table] == ["RUN 0", "RUN 1"]
    assert [row["packed"] for row in table] == [len(tar_of(rows)) for rows in LAYERS]


def test_layers_that_docker_saves_as_links_are_followed(tmp_path: Path) -> None:
    """20.10 writes a layer that comes twice as a link to the first."""
    path = tmp_path / "toy.tar"
    save_like_docker(path, LAYERS)
    import tarfile  # noqa: PLC0415 - to write it again

    with tarfile.open(path) as archive:
        rows = [(info, archive.extractfile(info).read()) for info in archive]  # type: ignore[union-attr]
    moved = rows[0][0]
    target, moved.name = moved.name, f"{'f' * 64}/layer.tar"
    again = tarfile.TarInfo(target)
    again.type, again.linkname = tarfile.SYMTYPE, f"../{moved.name}"
    path.write_bytes(tar_of([*rows, (again, b"")]))

    assert figures(f"docker-archive:{path}", tmp_path) == FIGURES


def test_a_registry(image: tuple[Image, Memory], tmp_path: Path) -> None:
    with InMemoryRegistry() as registry:
        registry.keep("toy", "1", *image)
        name = f"docker://{registry.address}/toy:1"

        assert figures(name, tmp_path) == FIGURES


def test_of_a_registry_nothing_is_downloaded_that_is_not_needed(
    image: tuple[Image, Memory], tmp_path: Path
) -> None:
    """Layers that were looked into before are not fetched; of `--against` none ever is."""
    other, more = image_of([*LAYERS, (filled("c", 8000),)])
    with InMemoryRegistry() as registry:
        registry.keep("toy", "1", *image)
        registry.keep("toy", "2", other, more)
        old, new = (f"docker://{registry.address}/toy:{tag}" for tag in "12")

        def fetched() -> int:
            """Count the blobs that were fetched since the last time."""
            count = len(registry.requests(method="GET", path_contains="/blobs/"))
            registry.reset()
            return count

        layers(old, tmp_path)
        first = fetched()
        again = layers(new, tmp_path, "--against", old)
        second = fetched()

    assert first == 1 + 2  # the config, and both layers
    assert second == 1 + 1 + 1  # both configs, and the layer that is new
    assert again["reuse"]["figures"]["pull"] == other.layers[2].size
    assert [row["held"] for row in again["layers"]["table"]] == ["yes", "yes", ""]


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    with FakeDocker() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.docker_host)
        yield engine


def test_a_running_docker(docker: FakeDocker, tmp_path: Path) -> None:
    save_like_docker(tmp_path / "toy.tar", LAYERS)
    docker.saved["shop.example/toy:1"] = (tmp_path / "toy.tar").read_bytes()

    assert figures("docker-daemon:shop.example/toy:1", tmp_path) == FIGURES
    done = refused("docker-daemon:shop.example/toy:2", tmp_path)
    assert (done.code, "has no image shop.example/toy:2" in done.err) == (3, True)


def test_a_docker_that_goes_away_in_the_middle(docker: FakeDocker, tmp_path: Path) -> None:
    save_like_docker(tmp_path / "toy.tar", LAYERS)
    docker.saved["toy:1"] = (tmp_path / "toy.tar").read_bytes()
    docker.gives_half = True

    done = refused("docker-daemon:toy:1", tmp_path)

    assert (done.code, "went away" in done.err) == (4, True)


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")

    done = refused("docker-daemon:toy:1", tmp_path)

    assert (done.code, "no Docker engine answers" in done.err) == (4, True)


def test_a_name_in_the_store(image: tuple[Image, Memory], tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    for digest, data in image[1].blobs.items():
        assert store.blobs.add(data, media_type="").digest == digest
    store.remember("name", "toy:1", image[0].descriptor.to_json())

    assert figures("toy:1", tmp_path) == FIGURES
    assert "docker://REF" in refused("other", tmp_path).err
    assert "oci-archive:FILE" in refused("ftp://x Y", tmp_path).err


def two_platforms(tmp_path: Path) -> str:
    amd64, content = image_of(LAYERS)
    arm64 = replace(amd64, platform=Platform("linux", "arm64"), layers=amd64.layers[:1])
    write_layout(tmp_path / "out", Index(images=(amd64, arm64)), content, names=())
    return f"oci:{tmp_path}/out"


def test_a_platform_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamina.cli.wiring.host_platform", lambda: Platform("linux", "amd64"))
    name = two_platforms(tmp_path)

    assert figures(name, tmp_path) == FIGURES
    assert figures(name, tmp_path, "--platform", "linux/arm64")["live"] == 75_000
    done = refused(name, tmp_path, "--platform", "linux/riscv64")
    assert "linux/amd64, linux/arm64" in done.err


def test_the_only_image_is_taken_whatever_it_is_for(tmp_path: Path) -> None:
    image, content = image_of(LAYERS)
    other = replace(image, platform=Platform("linux", "s390x"))
    write_layout(tmp_path / "out", other, content, names=())

    assert figures(f"oci:{tmp_path}/out", tmp_path) == FIGURES
    refused(f"oci:{tmp_path}/out", tmp_path, "--platform", "linux/amd64")


SPOILT: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no tar": lambda: b"hello" * 1000,
    "cut gzip": lambda: gzip.compress(tar_of([file("manifest.json", b"[]" * 9000)]))[:-20],
    "no manifest": lambda: tar_of([file("a", b"x")]),
    "manifest is no list": lambda: tar_of([file("manifest.json", b"{}")]),
    "manifest is deep": lambda: tar_of([file("manifest.json", b"[" * 200_000)]),
    "no image": lambda: tar_of([file("manifest.json", b"[]")]),
    "config missing": lambda: tar_of([file("manifest.json", b'[{"Config": "c", "Layers": []}]')]),
    "config climbs": lambda: tar_of(
        [file("manifest.json", b'[{"Config": "../../../etc/passwd", "Layers": []}]')]
    ),
    "layers are numbers": lambda: tar_of(
        [file("manifest.json", b'[{"Config": "manifest.json", "Layers": [1]}]')]
    ),
    "a huge manifest": lambda: tar_of([file("manifest.json", b" " * (9 << 20))]),
    "a member twice": lambda: tar_of([file("manifest.json", b"[]"), file("manifest.json", b"")]),
}


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_archive_is_refused(name: str, transport: str, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(SPOILT[name]())

    done = refused(f"{transport}:{tmp_path}/x.tar", tmp_path)

    assert done.code == 3
    assert "internal error" not in done.err


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    assert refused(f"docker-archive:{tmp_path}/x.tar", tmp_path).code == 3
    assert refused(f"oci-archive:{tmp_path}", tmp_path).code == 3


def test_an_archive_whose_layer_is_another_is_refused(tmp_path: Path) -> None:
    """Docker's archives have no digests but the diff_ids."""
    save_like_docker(tmp_path / "x.tar", [[file("note", b"truth")]])
    data = (tmp_path / "x.tar").read_bytes()
    (tmp_path / "x.tar").write_bytes(data.replace(b"truth", b"lying"))

    done = refused(f"docker-archive:{tmp_path}/x.tar", tmp_path)

    assert "does not hold what the config says" in done.err
