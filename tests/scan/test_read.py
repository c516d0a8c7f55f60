"""Any layer is read within bounds, and one that cannot be believed is not called clean."""

import gzip
import tarfile
import tracemalloc
from dataclasses import replace

import pytest

from lamina.errors import ArchiveError, ImageError, IntegrityError
from lamina.scan import metadata, read
from lamina.scan.finding import Outcome
from lamina.scan.metadata import distributions
from lamina.scan.read import read_image
from tests.scan.bench import ids, inventory_of, means, scan
from tests.scan.planted import drawn, installed
from tests.support.synthetic import (
    Row,
    file,
    folder,
    gone,
    image_of,
    layer_of,
    link,
    opaque,
    tar_of,
)

TOKEN = ("gh" + "p_" + drawn(36)).encode()
LAYERED = {"vulnerabilities", "debian", "secrets", "permissions", "licenses"}


def outcomes(*layers: list[Row] | bytes) -> dict[str, Outcome]:
    image, content = image_of(layers)
    return {one.scanner: one for one in scan(image, content, means())}


HOSTILE = {
    "cut short": tar_of([file("a", b"x" * 2000)])[:1000],
    "no tar": b"\xff" * 4096,
    "a name that leaves": tar_of([file("../a", b"x")]),
    "an absolute name": tar_of([file("/a", b"x")]),
    "a name twice": tar_of([file("a", b"x"), file("a", b"y")]),
    "a bare whiteout": tar_of([file(".wh.", b"")]),
    "a path of 5000": tar_of([file("/".join(["a" * 99] * 50), b"")]),
    "an unknown kind": tar_of([(_kind := tarfile.TarInfo("a"), b"")]).replace(
        b"ustar", b"ustaR", 1
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_layer_leaves_it_not_scanned(name: str) -> None:
    found = outcomes([file("token", TOKEN)], HOSTILE[name])

    assert {one.scanner for one in found.values() if one.state == "not scanned"} == LAYERED
    assert all("the layer" in found[name].reason for name in LAYERED)


def test_what_needs_no_layer_is_scanned_all_the_same() -> None:
    image, content = image_of([b"\xff" * 4096])

    found = scan(image, content, means(), config=b'{"config": {"Env": ["TOKEN=hunter22"]}}')

    assert [one.state for one in found if one.scanner == "base"] == ["clean"]


@pytest.mark.parametrize(
    "rows",
    [
        [link("a", "a"), link("b", "c"), link("c", "b")],
        [link("etc/passwd", "/etc/shadow"), link("etc/os-release", "../../../../etc/passwd")],
        [link("hard", "nothing", is_hard=True)],
        [gone("nothing"), opaque("nowhere"), gone("a/b/c/d")],
        [file("a", b"x"), file("a/b", b"x")],
        [folder("a/" * 1000)],
        [file("var/lib/dpkg/status", b"\xff\xfe: \n\n:\n"),
         file("etc/passwd", b":::\n\xff:::::\n")],
        [file("x.dist-info/METADATA", b"Name: \nVersion: 1\n"), file("y.egg-info", b"\xff" * 999)],
        [installed("toy", "1.0"), file("usr/lib/python3/site-packages/toy-1.0.dist-info/RECORD",
                                       b'toy/test/a,sha256=!!!,5\n"\n')],
        [file("name\nwith\x1b[31m", TOKEN), file("\udcff\udcfe", TOKEN)],
        [file("a", b"x", mtime=-1), file("b", b"x", uid=3_000_000_000)],
        [(tarfile.TarInfo("dev"), b"")],
    ],
)  # fmt: skip
def test_strange_layers_are_read_or_refused_as_layers(rows: list[Row]) -> None:
    found = outcomes(rows)["secrets"]

    assert found.reason == "" or found.reason.startswith("the layer ")


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_goes_off() -> None:
    image, content = image_of([[file("zeros", b"\0" * (300 << 20))]])
    tracemalloc.start()

    with pytest.raises(ArchiveError, match="plausible"):
        read_image(image, content)

    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_more_files_than_is_plausible_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_MOST_PATHS", 10)
    rows = [file(f"a{n}") for n in range(6)]

    read_image(*image_of([rows]))
    with pytest.raises(ArchiveError, match="more files"):
        read_image(*image_of([rows, [file(f"b{n}") for n in range(6)]]))


def test_documents_without_end_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_BYTES", 1000)
    rows = [installed(f"toy{n}", "1.0", "Summary: " + "x" * 300) for n in range(9)]

    inventory = inventory_of(rows)

    assert sum(len(document.data) for document in inventory.documents.values()) <= 1000


def test_what_is_not_read_leaves_the_image_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fills the room for documents hides no distribution behind them."""
    monkeypatch.setattr(read, "MOST_BYTES", 1000)
    rows = [installed(f"toy{n}", "1.0", "Summary: " + "x" * 300) for n in range(9)]

    found = outcomes(rows)

    unread = {name for name, one in found.items() if "could not be read whole" in one.reason}
    assert unread == {"vulnerabilities", "debian", "permissions", "licenses"}


def test_records_take_no_room_from_what_lists_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a RECORD does not vouch for is judged by itself, so that it may be missing."""
    monkeypatch.setattr(read, "MOST_BYTES", 1000)
    records = [file(f"a{n}.dist-info/RECORD", b"x" * 900) for n in range(9)]

    inventory = inventory_of([*records, installed("toy", "1.0")])

    assert [one.name for one in distributions(inventory)] == ["toy"]
    assert inventory.unread == ""


@pytest.mark.parametrize("path", ["etc/passwd", "var/lib/dpkg/status"])
def test_a_list_that_is_too_long_is_not_read_in_part(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(read, "MOST_BYTES", 1000)

    assert inventory_of([file(path, b"x" * 2000)]).unread == f"/{path} could not be read whole"
    assert inventory_of([file(path, b"x" * 2000)], [gone(path)]).unread == ""
    assert inventory_of([file(path, b"x" * 900)]).unread == ""
    assert inventory_of([file(path, b"")]).unread == ""


@pytest.mark.parametrize(
    "name", ["toy-1.0.dist-info/METADATA", "toy.egg-info/PKG-INFO", "toy.egg/EGG-INFO/PKG-INFO"]
)
def test_metadata_is_read_under_each_of_its_names(name: str) -> None:
    """A hard link may lead to a file that is called otherwise, or is in a lower layer."""
    text = file("srv/m.txt", installed("toy", "1.0")[1])
    name = f"usr/lib/python3/site-packages/{name}"
    names = [link(name, "srv/m.txt", is_hard=True), link("x/b", name, is_hard=True)]
    again = link("x.dist-info/METADATA", "x/b", is_hard=True)

    assert [one.path for one in distributions(inventory_of([text, *names]))] == [name]
    assert [one.path for one in distributions(inventory_of([text], names))] == [name]
    assert [one.layer for one in distributions(inventory_of([text], [names[0]], [file("x")]))] == [
        2
    ]
    assert [one.path for one in distributions(inventory_of([text], names, [again]))] == [
        again[0].name
    ]


def test_a_list_of_users_is_read_through_a_link() -> None:
    users = file("etc/.passwd.real", b"app:x:0:0::/:/bin/sh\n")
    rows = [users, link("etc/passwd", "etc/.passwd.real", is_hard=True)]

    assert inventory_of(rows).document("etc/passwd") == users[1]


def test_what_is_written_through_a_linked_folder_is_installed_where_that_leads() -> None:
    """Virtual environments have a link lib64 to lib."""
    info, data = installed("toy", "1.0")
    written = file(info.name.replace("usr/lib/", "usr/lib64/"), data)

    found = inventory_of([folder("usr/lib"), link("usr/lib64", "lib")], [written])

    assert [one.path for one in distributions(found)] == [info.name]
    assert found.unread == ""


def test_a_list_that_is_written_where_nobody_expects_it_is_not_passed_over() -> None:
    rows = [file("etc/passwd", b"app:x:1:1::/:/bin/sh\n"), link("srv", "etc")]

    found = inventory_of(rows, [file("srv/passwd", b"app:x:0:0::/:/bin/sh\n")])

    assert found.document("etc/passwd") == b""
    assert found.unread == "/etc/passwd could not be read whole"


def test_a_link_that_a_later_layer_replaces_says_nothing() -> None:
    text = file("srv/m.txt", installed("toy", "1.0")[1])
    name = installed("toy", "1.0")[0].name

    found = inventory_of([text, link(name, "srv/m.txt", is_hard=True)], [installed("toy", "1.0")])

    assert [one.layer for one in distributions(found)] == [2]


def test_equal_documents_are_understood_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer may give one file a hundred thousand names."""
    seen: list[bytes] = []
    real = metadata._distribution

    def counted(data: bytes) -> metadata.Distribution | None:
        seen.append(data)
        return real(data)

    monkeypatch.setattr(metadata, "_distribution", counted)
    first = installed("toy", "1.0")
    rows = [link(f"a{n}.dist-info/METADATA", first[0].name, is_hard=True) for n in range(50)]

    assert len(list(metadata.copies(inventory_of([first, *rows])))) == 51
    assert len(seen) == 1


def test_other_bytes_than_the_manifest_names_are_refused() -> None:
    image, content = image_of([[file("a", b"x")]])
    (layer,) = image.layers
    content.blobs[layer.descriptor.digest] = gzip.compress(tar_of([file("a", b"y")]), 1)

    with pytest.raises(IntegrityError):
        read_image(image, content)


def test_a_missing_layer_is_said() -> None:
    image, content = image_of([[file("a", b"x")]])
    content.blobs.clear()

    with pytest.raises(ImageError):
        read_image(image, content)


def test_a_layer_that_is_not_compressed_is_read_as_well() -> None:
    image, content = image_of([[]])
    layer = layer_of(content, [file("token", TOKEN)])
    plain = gzip.decompress(content.blobs[layer.descriptor.digest])
    content.blobs[layer.diff_id] = plain
    descriptor = replace(layer.descriptor, digest=layer.diff_id, size=len(plain))

    inventory = read_image(replace(image, layers=(replace(layer, descriptor=descriptor),)), content)

    assert [hits.path for hits in inventory.secrets] == ["token"]


def test_what_a_later_layer_removes_is_not_installed() -> None:
    toy = installed("toy", "1.0")
    above = toy[0].name.rpartition("/")[0]

    assert [one.name for one in distributions(inventory_of([toy]))] == ["toy"]
    assert distributions(inventory_of([toy], [gone(above)])) == ()
    assert distributions(inventory_of([toy], [opaque(above)])) == ()
    assert distributions(inventory_of([toy], [gone(above), toy])) != ()


def test_what_is_linked_from_a_cache_is_installed_though_the_cache_is_removed() -> None:
    """So uv installs, where nothing says otherwise."""
    info, data = installed("toy", "1.0")
    there = file("root/.cache/uv/archive-v0/x/toy-1.0.dist-info/METADATA", data)
    rows = [there, link(info.name, there[0].name, is_hard=True)]

    assert [one.path for one in distributions(inventory_of(rows, [gone("root")]))] == [info.name]


def test_a_link_takes_the_place_of_what_a_lower_layer_said() -> None:
    toy = installed("toy", "1.0")
    rows = [file("srv/note", b"text"), link(toy[0].name, "srv/note", is_hard=True)]

    assert distributions(inventory_of([toy], rows)) == ()


def test_names_are_normalised_and_versions_stay() -> None:
    row = file("site-packages/Toy_Box.egg-info", b"Metadata-Version: 1.0\nName: Toy_Box\n"
               b"Version: 1.0+local\n\nName: other\n")  # fmt: skip

    assert [str(one) for one in distributions(inventory_of([row]))] == ["toy-box 1.0+local"]


@pytest.mark.parametrize("name", ["../../x", "a b", "", "x" * 300, "-a"])
def test_a_name_that_no_distribution_has_is_asked_of_nobody(name: str) -> None:
    row = file("x.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n".encode())

    assert distributions(inventory_of([row])) == ()


def test_ids_are_equal_in_the_next_image() -> None:
    first = outcomes([file("token", TOKEN)])["secrets"]
    second = outcomes([file("other", b"x")], [file("token", TOKEN + b"\n")])["secrets"]

    assert ids(first) == ids(second) == ["secret/github-token:/token"]
