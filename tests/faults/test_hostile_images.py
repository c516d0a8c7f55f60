"""Hostile and broken images are looked into without harm: an error that says what, or the truth."""

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lamina.anatomy.anatomy import take_apart
from lamina.anatomy.node import LayerNodes, Node
from lamina.anatomy.plausible import Plausible
from lamina.anatomy.read import ReadLimits, read_layer
from lamina.errors import ArchiveError
from lamina.oci.digest import Digest
from tests.support.synthetic import (
    Row,
    file,
    filled,
    folder,
    gone,
    image_of,
    layer_of,
    link,
    tar_of,
)
from tests.support.toys import Outcome, lamina

MB = 1 << 20


@dataclass
class Draft:
    """An image as the JSON of its documents, to be spoilt, and its blobs by name."""

    config: dict[str, Any]
    manifest: dict[str, Any]
    index: dict[str, Any]
    blobs: dict[str, bytes]

    def write(self, folder_: Path) -> None:
        """Write it as a layout, with descriptors that fit what the documents are now."""
        folder_.mkdir()
        config = self._add(json.dumps(self.config).encode())
        self.manifest["config"] |= config
        self.index["manifests"][0] |= self._add(json.dumps(self.manifest).encode())
        (folder_ / "index.json").write_text(json.dumps(self.index))
        (folder_ / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        inside = folder_ / "blobs/sha256"
        inside.mkdir(parents=True)
        for name, data in self.blobs.items():
            (inside / name).write_bytes(data)

    def _add(self, data: bytes) -> dict[str, Any]:
        digest = Digest.of(data)
        self.blobs[digest.hex] = data
        return {"digest": str(digest), "size": len(data)}

    @property
    def layer(self) -> dict[str, Any]:
        """The first layer's descriptor."""
        found: dict[str, Any] = self.manifest["layers"][0]
        return found

    def spoil(self, change: Callable[[bytes], bytes]) -> None:
        """Change the first layer's bytes, and nothing that is said of them."""
        name = self.layer["digest"].removeprefix("sha256:")
        self.blobs[name] = change(self.blobs[name])


def draft(*layers: tuple[Row, ...] | bytes) -> Draft:
    image, content = image_of(layers)
    inside = {digest.hex: data for digest, data in content.blobs.items()}
    kept = {x.descriptor.digest.hex: inside[x.descriptor.digest.hex] for x in image.layers}
    row = {**image.descriptor.to_json(), "annotations": {}}
    return Draft(
        config=json.loads(image.config_bytes),
        manifest=json.loads(image.manifest_bytes),
        index={"schemaVersion": 2, "manifests": [row]},
        blobs=kept,
    )


def good() -> Draft:
    return draft((folder("etc"), file("etc/a", b"x" * 5000)), (file("b", b"y"),))


def look(made: Draft, folder_: Path, command: str = "layers") -> Outcome:
    """Write the image and look into it; nothing beside the store may be written."""
    made.write(folder_ / "image")
    (folder_ / "canary").write_text("alive")
    before = _files(folder_)
    done = lamina(command, f"oci:{folder_ / 'image'}", store=folder_ / "store")
    assert _files(folder_) == before
    assert "Traceback" not in done.err
    assert "internal error" not in done.err, done.err
    return done


def _files(folder_: Path) -> dict[str, bytes]:
    outside = (path for path in folder_.rglob("*") if folder_ / "store" not in path.parents)
    return {str(path): path.read_bytes() for path in outside if path.is_file()}


def _set(made: Draft, path: str, value: object) -> None:
    *way, last = path.split(".")
    found: Any = made.__dict__ if way[0] in made.__dict__ else made
    for name in way:
        found = found[int(name)] if name.isdigit() else found[name]
    found[int(last) if last.isdigit() else last] = value


DOCUMENTS: dict[str, Callable[[Draft], None]] = {
    "wrong diff_id": lambda d: _set(d, "config.rootfs.diff_ids.0", str(Digest.of(b"other"))),
    "layer size plus one": lambda d: d.layer.update(size=d.layer["size"] + 1),
    "layer size minus one": lambda d: d.layer.update(size=d.layer["size"] - 1),
    "layer bit flip": lambda d: d.spoil(lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:]),
    "bit flip in the gzip header": lambda d: d.spoil(lambda b: b[:4] + b"\1" + b[5:]),
    "layer truncated": lambda d: d.spoil(lambda b: b[:-30]),
    "layer missing": lambda d: d.blobs.__delitem__(d.layer["digest"][7:]),
    "extra diff_id": lambda d: d.config["rootfs"]["diff_ids"].append(str(Digest.of(b"more"))),
    "digest with a way out": lambda d: d.layer.update(digest="sha256:../../../../canary"),
    "rootfs of no type": lambda d: _set(d, "config.rootfs.type", "bogus"),
    "unknown layer type": lambda d: d.layer.update(mediaType="application/x-unknown"),
    "layers and manifests": lambda d: d.manifest.update(manifests=[]),
    "index type on a manifest": lambda d: d.manifest.update(
        mediaType="application/vnd.oci.image.index.v1+json"
    ),
    "negative size": lambda d: d.layer.update(size=-1),
    "size beyond 63 bits": lambda d: d.layer.update(size=2**63),
    "config without layers": lambda d: d.config.__delitem__("rootfs"),
    "config that is a list": lambda d: d.config.update(config=[1]),
    "labels that are no texts": lambda d: _set(d, "config.config", {"Labels": {"a": 1}}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_image_that_is_not_what_it_says_is_refused(name: str, tmp_path: Path) -> None:
    made = good()
    DOCUMENTS[name](made)

    done = look(made, tmp_path)

    assert done.code == 3, done.out
    assert done.err.startswith("error: ")


def test_a_config_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    made = good()
    made.write(tmp_path / "image")
    digest = json.loads((tmp_path / "image/index.json").read_bytes())["manifests"][0]["digest"]
    manifest = json.loads((tmp_path / f"image/blobs/sha256/{digest[7:]}").read_bytes())
    path = tmp_path / f"image/blobs/sha256/{manifest['config']['digest'][7:]}"
    path.write_bytes(path.read_bytes().replace(b"amd64", b"arm64"))

    done = lamina("layers", f"oci:{tmp_path / 'image'}", store=tmp_path / "store")

    assert done.code == 3
    assert "does not have its digest" in done.err


def test_a_name_that_means_two_images_is_refused(tmp_path: Path) -> None:
    made, other = good(), draft((file("other", b"x"),))
    other.write(tmp_path / "other")
    made.blobs |= other.blobs
    row = json.loads((tmp_path / "other/index.json").read_bytes())["manifests"][0]
    made.index["manifests"].append(row)

    done = look(made, tmp_path)

    assert (done.code, "no single image" in done.err) == (3, True)


def raw(name: str, kind: bytes = tarfile.REGTYPE, **fields: Any) -> Row:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info, b""


LAYERS: dict[str, tuple[Row, ...] | bytes] = {
    "the same file twice": (file("a", b"1"), file("a", b"2")),
    "a file, then a directory": (file("a", b"1"), folder("a")),
    "a name that climbs": (file("../../canary", b"dead"),),
    "a name that climbs inside": (file("a/../../canary", b"dead"),),
    "an absolute name": (file("/etc/passwd", b"dead"),),
    "a hard link outside": (link("a", "../../canary", is_hard=True),),
    "a hard link to nothing": (link("a", "nothing", is_hard=True),),
    "a hard link to a directory": (folder("d"), link("a", "d", is_hard=True)),
    "a name of 300 characters": (file("n" * 300, b"x"),),
    "a path of 5000 characters": (file("d/" * 2500 + "x", b"x"),),
    "a bare whiteout": (file("a/.wh.", b""),),
    "a file below a file": (file("a", b"x"), file("a/b", b"x")),
    "a loop of links": (link("a", "b"), link("b", "a"), file("a/x", b"x")),
    "a link to itself": (link("a", "a"), file("a/x", b"x")),
    "a member of unknown kind": (raw("a", b"Z"),),
    "compressed twice": gzip.compress(tar_of([file("a", b"x")])),
    "no tar at all": b"hello" * 1000,
    "a tar that ends early": tar_of([file("a", b"x" * 3000)])[:2000],
    "something behind the end": tar_of([file("a", b"x")]) + b"hidden",
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_no_engine_should_take_is_refused(name: str, tmp_path: Path) -> None:
    done = look(draft(LAYERS[name]), tmp_path)

    assert done.code == 3, done.out
    assert done.err.startswith("error: ")


ODD: dict[str, tuple[Row, ...]] = {
    "no parent directories": (file("a/b/c/d", b"x"),),
    "extended attributes": (raw("a", pax_headers={"SCHILY.xattr.user.x": "1"}),),
    "setuid": (file("su", b"x", mode=0o4755),),
    "a device": (raw("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3),),
    "a pipe": (raw("pipe", tarfile.FIFOTYPE),),
    "a time before 1970": (file("a", b"x", mtime=-1),),
    "a time after 36000": (file("a", b"x", mtime=2**40),),
    "an owner above 2^31": (file("a", b"x", uid=3_000_000_000),),
    "a name of two lines": (file("a\nb \x1b[31m", b"x"),),
    "a name that is no UTF-8": (raw("a\udcff"),),
    "an empty layer": (),
    "a link to /.": (link("a", "/."), filled("a/x", 5000)),
    "a link out of the root": (link("a", "../../../.."), filled("a/x", 5000)),
}


@pytest.mark.parametrize("command", ["layers", "size"])
@pytest.mark.parametrize("name", ODD)
def test_a_layer_that_is_odd_and_well_is_read(name: str, command: str, tmp_path: Path) -> None:
    done = look(draft(ODD[name]), tmp_path, command)

    assert done.code == 0, done.err
    assert "\x1b" not in done.out


def test_registers_that_lie_own_nothing_that_is_not_there(tmp_path: Path) -> None:
    lies = '../../../../../../etc/passwd,,\n/etc/shadow,,\na.py,,\n"unclosed'
    site = "opt/lib/site-packages"
    rows = (
        filled(f"{site}/a.py", 5000),
        file(f"{site}/liar-1.dist-info/RECORD", lies.encode()),
        file(f"{site}/worse-1.dist-info/RECORD", b"\xff\xfe\0" * 1000),
        file(f"{site}/-.dist-info/RECORD", b"a.py"),
        file(f"{site}/x-1.dist-info/direct_url.json", b"[" * 100_000),
        file("var/lib/dpkg/status", b"Package: x\nStatus: install ok installed\n" * 3),
        file("var/lib/dpkg/info/x.list", b"/../../canary\n/.\n\n/etc/passwd\n"),
    )

    done = look(draft(rows), tmp_path, "size")

    assert done.code == 0, done.err


def test_a_bomb_is_refused_and_takes_no_memory() -> None:
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 8 << 30
    # Members of gzip follow each other: 1 GiB of zeros from 1 MB, and the header says 8.
    block = gzip.compress(bytes(64 * MB), 9)
    blob = gzip.compress(zeros.tobuf()) + block * 16
    image, content = image_of([(file("a", b"x"),)])
    layer = image.layers[0]
    content.blobs[layer.descriptor.digest] = blob

    tracemalloc.start()
    with pytest.raises(ArchiveError, match="plausible"):
        read_layer(content.open(layer.descriptor), layer)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 32 * MB


def test_a_compressed_layer_under_the_digest_of_what_it_holds_is_refused() -> None:
    """Its own bytes have another digest, which nothing would check."""
    tar = tar_of([file("a", b"x")])
    packed = gzip.compress(tar)
    image, _ = image_of([(file("a", b"x"),)])
    named = replace(image.layers[0].descriptor, digest=Digest.of(tar), size=len(packed))
    layer = replace(image.layers[0], descriptor=named, diff_id=Digest.of(tar))

    with pytest.raises(ArchiveError, match="is compressed, and its digest"):
        read_layer(io.BytesIO(packed), layer)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ReadLimits(members=10), "more than 10 members"),
        (ReadLimits(names=100), "names that are longer than is plausible"),
    ],
)
def test_more_entries_or_names_than_plausible_are_refused(limits: ReadLimits, message: str) -> None:
    image, content = image_of([tuple(file(f"{'x' * 20}{n}") for n in range(30))])
    layer = image.layers[0]

    with pytest.raises(ArchiveError, match=message):
        read_layer(content.open(layer.descriptor), layer, limits=limits)


def test_many_layers_that_are_plausible_one_by_one_are_not_together() -> None:
    plausible = Plausible()
    layer = LayerNodes(nodes=(Node(path="a", kind="file", mode=0),) * 400_000)
    plausible.note("one", layer)
    plausible.note("one", layer)
    plausible.note("two", layer)

    with pytest.raises(ArchiveError, match="1,200,000 entries"):
        plausible.note("three", layer)


def test_registers_beyond_the_limit_are_not_kept() -> None:
    names = tuple(f"s/site-packages/p{n}-1.dist-info/RECORD" for n in range(4))
    image, content = image_of([tuple(file(name, b"x,,\n" * 25) for name in names)])
    layer = image.layers[0]

    found = read_layer(content.open(layer.descriptor), layer, limits=ReadLimits(registers=250))

    assert list(found.lines) == list(names[:2])


def test_layers_that_deepen_each_other_through_links_are_refused() -> None:
    """Each layer's paths are short; together they would be megabytes long."""
    layers: list[LayerNodes] = []
    for number in range(20):
        above = f"l{number - 1}/" if number else ""
        deep = above + "d/" * 500
        nodes = (
            Node(path=f"{deep}x", kind="file", mode=0o644),
            Node(path=f"l{number}", kind="symlink", mode=0o777, target=f"/{deep}"),
        )
        layers.append(LayerNodes(nodes=nodes))
    image, _ = image_of([])

    with pytest.raises(ArchiveError, match="further than is plausible"):
        take_apart(image, layers)


def test_a_tree_deeper_than_python_recurses_is_read_and_removed() -> None:
    deep = "d/" * 2000
    image, content = image_of([(filled(f"{deep}x", 5000),), (gone("d"),)])
    layers = [read_layer(content.open(x.descriptor), x) for x in image.layers]

    assert take_apart(image, layers[:1]).live_bytes == 5000
    assert take_apart(image, layers).dead_bytes == 5000


def test_an_image_whose_config_claims_a_known_layer_is_not_believed(tmp_path: Path) -> None:
    """The bad blob, with the diff_id of a good layer that was looked into before."""
    assert look(good(), tmp_path).code == 0
    (tmp_path / "image").rename(tmp_path / "first")
    made = good()
    content = image_of([])[1]
    bad = layer_of(content, (file("evil", b"evil"),))
    made.blobs[bad.descriptor.digest.hex] = content.blobs[bad.descriptor.digest]
    made.manifest["layers"][0] |= {
        "digest": str(bad.descriptor.digest), "size": bad.descriptor.size,
    }  # fmt: skip

    done = look(made, tmp_path)

    assert done.code == 3
    assert "does not hold what the config says" in done.err
