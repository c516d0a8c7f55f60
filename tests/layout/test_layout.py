"""Layouts and archives hold whole images, and a failure leaves the old state."""

import io
import json
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.errors import ImageError, IntegrityError, LaminaError, StoreError
from lamina.image.load import load_image, read_blob
from lamina.layout.archive import write_archive
from lamina.layout.read import Layout, find_image, read_index_json
from lamina.layout.write import write_layout
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image
from lamina.testing.projects import tree_digest

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def content() -> Memory:
    return Memory()


def rows(directory: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((directory / "index.json").read_bytes())["manifests"]
    return found


def tags(directory: Path) -> list[str | None]:
    name = "org.opencontainers.image.ref.name"
    return [row.get("annotations", {}).get(name) for row in rows(directory)]


def test_a_layout_reads_back_as_the_same_image(tmp_path: Path, content: Memory) -> None:
    image = toy_image(content, "a", "b")

    write_layout(tmp_path, image, content, names=("toy:1",))

    read = find_image(tmp_path, "toy:1", AMD64)
    assert read == image
    assert read.descriptor == image.descriptor
    assert (tmp_path / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    blob = Layout(tmp_path).open(image.layers[0].descriptor)
    with blob:
        assert Digest.of(blob.read()) == image.layers[0].descriptor.digest


def test_every_blob_of_a_layout_has_its_digest_for_a_name(tmp_path: Path, content: Memory) -> None:
    write_layout(tmp_path, toy_image(content, "a", "b"), content, names=())

    blobs = list((tmp_path / "blobs/sha256").iterdir())
    assert len(blobs) == 4  # two layers, the config, the manifest
    assert all(Digest.of(path.read_bytes()).hex == path.name for path in blobs)
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["sha256"]


def test_writing_the_same_image_twice_changes_nothing(tmp_path: Path, content: Memory) -> None:
    image = toy_image(content, "a")
    write_layout(tmp_path, image, content, names=("toy:1",))
    before = tree_digest(tmp_path)
    content.opened.clear()

    write_layout(tmp_path, image, content, names=("toy:1",))

    assert tree_digest(tmp_path) == before
    assert content.opened == []  # the blobs are there already


def test_images_of_several_names_share_a_layout(tmp_path: Path, content: Memory) -> None:
    one, two = toy_image(content, "a"), toy_image(content, "a", "b")

    write_layout(tmp_path, one, content, names=("toy:1", "toy:latest"))
    write_layout(tmp_path, two, content, names=("toy:2", "toy:latest"))

    assert tags(tmp_path) == ["1", "2", "latest"]
    assert find_image(tmp_path, "toy:1", AMD64) == one
    assert find_image(tmp_path, "toy:latest", AMD64) == two
    with pytest.raises(ImageError, match="no single image") as caught:
        find_image(tmp_path, "", AMD64)
    assert "toy:2" in str(caught.value.hint)


def test_builds_that_write_one_layout_at_the_same_time_keep_each_others_names(
    tmp_path: Path,
) -> None:
    """A matrix of CI jobs on one machine, for example."""
    all_there = threading.Barrier(8)

    class Slow(Memory):
        """Opens nothing before everybody has begun."""

        def open(self, descriptor: Descriptor) -> BinaryIO:
            all_there.wait(20)
            return super().open(descriptor)

    def write(number: int) -> None:
        content = Slow()
        image = toy_image(content, f"a{number}")
        write_layout(tmp_path, image, content, names=(f"toy:{number}",))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert sorted(map(str, tags(tmp_path))) == [str(number) for number in range(8)]


def test_an_image_that_another_tool_named_stays(tmp_path: Path, content: Memory) -> None:
    """Skopeo writes nothing but the tag."""
    image = toy_image(content, "a")
    write_layout(tmp_path, image, content, names=("toy:1",))
    theirs = {**rows(tmp_path)[0], "annotations": {"org.opencontainers.image.ref.name": "theirs"}}
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [theirs]}))

    write_layout(tmp_path, image, content, names=("toy:2",))
    write_layout(tmp_path, image, content, names=("theirs",))

    assert tags(tmp_path) == ["2", "theirs"]


def test_an_image_without_a_name_replaces_only_another_without(
    tmp_path: Path, content: Memory
) -> None:
    """Images that share a layout do not disappear with each other's builds."""
    one, two = toy_image(content, "a"), toy_image(content, "b")
    write_layout(tmp_path, one, content, names=("toy:1",))
    write_layout(tmp_path, one, content, names=())

    write_layout(tmp_path, two, content, names=())

    assert tags(tmp_path) == ["1", None]
    assert find_image(tmp_path, "toy:1", AMD64) == one
    assert [row["digest"] for row in rows(tmp_path)][-1] == str(two.descriptor.digest)


def test_an_image_with_a_name_leaves_those_without_one(tmp_path: Path, content: Memory) -> None:
    one, two = toy_image(content, "a"), toy_image(content, "b")
    write_layout(tmp_path, one, content, names=())

    write_layout(tmp_path, two, content, names=("toy:1",))

    assert tags(tmp_path) == [None, "1"]


def test_an_index_holds_an_image_for_each_platform(tmp_path: Path, content: Memory) -> None:
    amd64 = toy_image(content, "a", "x86")
    arm64 = toy_image(content, "a", "arm", architecture="arm64")

    write_layout(tmp_path, Index(images=(amd64, arm64)), content, names=("toy:1",))

    assert find_image(tmp_path, "toy:1", AMD64) == amd64
    assert find_image(tmp_path, "toy:1", ARM64) == arm64
    with pytest.raises(ImageError, match="no image for linux/riscv64 in the index"):
        find_image(tmp_path, "toy:1", Platform("linux", "riscv64"))


def test_a_blob_of_the_store_gets_a_second_name_and_no_second_copy(tmp_path: Path) -> None:
    memory, store = Memory(), Store.open(tmp_path / "store")
    image = toy_image(memory, "a")
    layer = image.layers[0].descriptor
    store.blobs.add(memory.blobs[layer.digest], media_type=layer.media_type)

    write_layout(tmp_path / "out", image, store.blobs, names=())

    inside = tmp_path / "out/blobs/sha256" / layer.digest.hex
    assert inside.samefile(store.blobs.path(layer.digest))


@pytest.mark.parametrize("write", [write_layout, write_archive])
@pytest.mark.parametrize("fault", ["missing", "short", "long", "flipped"])
def test_contents_that_fail_half_way_leave_the_old_output(
    tmp_path: Path, content: Memory, write: Any, fault: str
) -> None:
    output = tmp_path / "output"
    write(output, toy_image(content, "a"), content, names=("toy:1",))
    before = _state(output)
    new = toy_image(content, "a", "b", "c")
    digest = new.layers[1].descriptor.digest
    data = content.blobs.pop(digest)
    broken = {"short": data[:-1], "flipped": data[:-9] + b"?" + data[-8:]}
    if fault in broken:
        content.blobs[digest] = broken[fault]
    elif fault == "long":
        content.blobs[digest] = b"?" + data

    with pytest.raises((ImageError, IntegrityError)):
        write(output, new, content, names=("toy:1",))

    assert _state(output) == before
    assert _litter(tmp_path) == []


def _state(output: Path) -> object:
    """Say what readers see: the archive's bytes, or the layout's index and its image."""
    if output.is_file():
        return output.read_bytes()
    return (output / "index.json").read_bytes(), find_image(output, "toy:1", AMD64)


def _litter(folder: Path) -> list[str]:
    """List files that belong to nobody: partial ones."""
    known = {"index.json", "oci-layout", "output"}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [p.name for p in files if p.name not in known and p.parent.name != "sha256"]


@pytest.mark.parametrize("write", [write_layout, write_archive])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, content: Memory, write: Any) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot write"):
        write(tmp_path / "file/inside/out", toy_image(content, "a"), content, names=())


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = [m for m in archive.getmembers() if m.isfile()]
        return {m.name: archive.extractfile(m).read() for m in files}  # type: ignore[union-attr]


def test_an_archive_is_a_layout_and_what_docker_saves_at_once(
    tmp_path: Path, content: Memory
) -> None:
    image = toy_image(content, "a")

    write_archive(tmp_path / "toy.tar", image, content, names=("toy:1", "toy:latest"))

    found = members(tmp_path / "toy.tar")
    (docker,) = json.loads(found["manifest.json"])
    assert docker["RepoTags"] == ["toy:1", "toy:latest"]
    assert found[docker["Config"]] == image.config_bytes
    assert Digest.of(found[docker["Layers"][0]]) == image.layers[0].descriptor.digest
    assert found["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    assert len(json.loads(found["index.json"])["manifests"]) == 2
    assert all(
        Digest.of(data).hex == name.removeprefix("blobs/sha256/")
        for name, data in found.items()
        if name.startswith("blobs/")
    )


def test_equal_images_make_equal_archives(tmp_path: Path, content: Memory) -> None:
    for name in ("one.tar", "two.tar"):
        write_archive(tmp_path / name, toy_image(content, "a"), content, names=("toy:1",))

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert (tmp_path / "one.tar").stat().st_mode & 0o777 == 0o644


def test_an_archive_of_several_platforms_is_a_layout_alone(tmp_path: Path, content: Memory) -> None:
    index = Index(images=(toy_image(content, "a"), toy_image(content, "a", architecture="arm64")))

    write_archive(tmp_path / "toy.tar", index, content, names=())

    found = members(tmp_path / "toy.tar")
    assert "manifest.json" not in found
    assert found[f"blobs/sha256/{index.descriptor.digest.hex}"] == index.index_bytes


def test_an_archive_can_be_written_into_the_folder_one_is_in(
    tmp_path: Path, content: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    write_archive(Path("toy.tar"), toy_image(content, "a"), content, names=())

    assert [path.name for path in tmp_path.iterdir()] == ["toy.tar"]


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "gone", "folder"])
def test_each_damaged_document_of_a_layout_is_noticed(
    tmp_path: Path, content: Memory, damage: str
) -> None:
    image = toy_image(content, "a")
    for digest in (image.descriptor.digest, image.config.digest):
        folder = tmp_path / digest.short
        write_layout(folder, image, content, names=())
        path = folder / "blobs/sha256" / digest.hex
        data = path.read_bytes()
        path.unlink()
        match damage:
            case "flip":
                path.write_bytes(data.replace(b"linux", b"Linux").replace(b"layers", b"Layers"))
            case "cut":
                path.write_bytes(data[:-1])
            case "grow":
                path.write_bytes(data + b" ")
            case "folder":
                path.mkdir()
            case _:
                pass

        with pytest.raises((ImageError, IntegrityError)):
            find_image(folder, "", AMD64)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "not an OCI layout"),
        (b"", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b'{"manifests": 1}', "not an image index"),
        (b'{"manifests": []}', "no single image"),
    ],
)
def test_what_is_not_a_layout_is_refused(tmp_path: Path, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / "index.json").write_bytes(data)

    with pytest.raises(ImageError, match=message):
        find_image(tmp_path, "", AMD64)


def test_a_malformed_layout_is_not_written_over(tmp_path: Path, content: Memory) -> None:
    (tmp_path / "index.json").write_bytes(b"{")

    with pytest.raises(ImageError, match="not valid JSON"):
        write_layout(tmp_path, toy_image(content, "a"), content, names=("toy:1",))
    assert (tmp_path / "index.json").read_bytes() == b"{"


def _nested(content: Memory, depth: int) -> Descriptor:
    inner = toy_image(content, "a")
    descriptor, data = inner.descriptor, inner.manifest_bytes
    content.blobs[inner.config.digest] = inner.config_bytes
    for _ in range(depth):
        content.blobs[descriptor.digest] = data
        data = json.dumps({"manifests": [descriptor.to_json()]}).encode()
        descriptor = Descriptor(media_type=media_type.INDEX, digest=Digest.of(data), size=len(data))
    content.blobs[descriptor.digest] = data
    return descriptor


def test_indexes_in_indexes_are_followed_but_not_for_ever(content: Memory) -> None:
    assert load_image(content, _nested(content, 8), AMD64).layers[0].created_by == "toy a"
    with pytest.raises(ImageError, match="nested more than 8 deep"):
        load_image(content, _nested(content, 9), AMD64)


def test_a_blob_longer_than_its_descriptor_is_not_read_on() -> None:
    class Endless(io.RawIOBase):
        def readinto(self, buffer: Any) -> int:
            buffer[:] = bytes(len(buffer))
            return len(buffer)

        def readable(self) -> bool:
            return True

    class Source:
        def open(self, descriptor: Descriptor) -> Any:  # noqa: ARG002
            return io.BufferedReader(Endless())

    descriptor = Descriptor(media_type="text/plain", digest=Digest.of(bytes(4)), size=4)

    with pytest.raises(IntegrityError, match="does not have its digest"):
        read_blob(Source(), descriptor)


def test_a_platforms_variant_is_asked_for_only_when_given(tmp_path: Path, content: Memory) -> None:
    def variant(name: str) -> Image:
        image = toy_image(content, name, architecture="arm")
        return replace(image, platform=Platform("linux", "arm", name))

    index = Index(images=(variant("v6"), variant("v7")))
    write_layout(tmp_path, index, content, names=())

    assert find_image(tmp_path, "", Platform("linux", "arm", "v7")).platform.variant == "v7"
    assert find_image(tmp_path, "", Platform("linux", "arm")).platform.variant == "v6"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["manifests", "mediaType", "layers"]),
        st.lists(st.dictionaries(st.sampled_from(["digest", "size", "platform", "mediaType",
                                                  "annotations"]),
                                 st.none() | st.integers() | st.text(max_size=3))),
    ).map(lambda value: json.dumps(value).encode())
)  # fmt: skip
def test_any_index_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "index.json").write_bytes(data)

    try:
        found = read_index_json(tmp_path)
    except LaminaError:
        return

    assert isinstance(found, tuple)


def test_the_old_blobs_of_a_replaced_image_stay(tmp_path: Path, content: Memory) -> None:
    """A reader of the old index may still be at work."""
    old = toy_image(content, "a")
    write_layout(tmp_path, old, content, names=("toy:1",))

    write_layout(tmp_path, toy_image(content, "b"), content, names=("toy:1",))

    assert (tmp_path / "blobs/sha256" / old.descriptor.digest.hex).exists()


def test_a_blob_of_the_wrong_size_in_the_layout_is_replaced(
    tmp_path: Path, content: Memory
) -> None:
    image = toy_image(content, "a")
    path = tmp_path / "blobs/sha256" / image.layers[0].descriptor.digest.hex
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut")
    path.chmod(0o444)

    write_layout(tmp_path, image, content, names=())

    assert Digest.of(path.read_bytes()) == image.layers[0].descriptor.digest
