"""A layer is read once: the store remembers it, and builds have said what their layers hold."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.anatomy.anatomy import take_apart
from lamina.anatomy.learn import learn
from lamina.cli.images import Wanted, opened
from lamina.errors import ImageError, IntegrityError
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.plan.component import Component
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.testing.images import Memory
from lamina.testing.wheels import ToyWheel
from tests.support.synthetic import file, filled, folder, gone, image_of, link, opaque
from tests.support.toys import build, make_project

ROWS = (
    folder("d"),
    file("d/a", b"x" * 5000, uid=7, mode=0o4755),
    link("d/b", "a"),
    link("d/c", "d/a", is_hard=True),
    file("s/site-packages/f-1.dist-info/RECORD", b"f.py,,\n"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def test_a_layer_that_was_looked_into_is_not_opened_again(store: Store) -> None:
    image, content = image_of([ROWS, (gone("d/a"), opaque("e"), filled(".wh.odd", 9))])
    first = learn(image, content, store, silent_step())

    again = learn(image, Memory(), store, silent_step(), needs_symbols=True)

    assert again == first
    assert len(content.opened) == 2


def test_a_layer_that_comes_twice_is_read_once(store: Store) -> None:
    image, content = image_of([ROWS, ROWS])

    one, two = learn(image, content, store, silent_step())

    assert (one is two, len(content.opened)) == (True, 1)


def test_names_that_are_no_text_are_read_each_time(store: Store) -> None:
    odd = filled("a", 50)
    odd[0].name = "b\udcff"
    image, content = image_of([(odd,)])

    learn(image, content, store, silent_step())
    (again,) = learn(image, content, store, silent_step())

    assert again.nodes[0].path == "b\udcff"
    assert len(content.opened) == 2


def test_a_record_is_read_through_a_link_to_a_file_that_is_called_otherwise(store: Store) -> None:
    """Only the name that a hard link gives it says that the file lists others."""
    site = "usr/lib/python3/site-packages"
    rows = (
        file(f"{site}/f.py", b"x" * 50),
        file("srv/r.txt", b"f.py,,\nf-1.dist-info/RECORD,,\n"),
        link("srv/s.txt", "srv/r.txt", is_hard=True),
        link(f"{site}/f-1.dist-info/RECORD", "srv/s.txt", is_hard=True),
    )
    image, content = image_of([rows])

    found = take_apart(image, learn(image, content, store, silent_step()))
    again = take_apart(image, learn(image, Memory(), store, silent_step()))

    assert {part.path: str(part.owner) for part in found.parts}[f"{site}/f.py"] == "f 1"
    assert again.parts == found.parts


def test_a_layer_that_is_missing_is_an_error(store: Store) -> None:
    image, _ = image_of([ROWS])

    with pytest.raises(ImageError, match="missing"):
        learn(image, Memory(), store, silent_step())


def built(folder_: Path) -> tuple[Image, Memory]:
    """Build a project; its image, and a content that has no blob."""
    (folder_ / "wheels").mkdir()
    wheels = [
        ToyWheel(name=name, version="1.5", files={f"{name}/a.py": b"x" * 6000}).write(
            folder_ / "wheels"
        )
        for name in ("one", "two")
    ]
    project = make_project(folder_ / "project", wheels)
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text().replace('exclude = ["**"]', 'exclude = ["*.toml"]'))
    (project / "data.bin").write_bytes(b"d" * 7000)
    done = build(project, folder_ / "out", folder_ / "store")
    assert done.code == 0, done.err
    wanted = Wanted(name=f"oci:{folder_ / 'out'}", platform=Platform("linux", "amd64"))
    with opened(wanted, Store.open(folder_ / "store")) as found:
        return found.image, Memory()


def test_what_a_build_kept_of_its_layers_is_used_instead_of_their_bytes(tmp_path: Path) -> None:
    image, nothing = built(tmp_path)

    known = learn(image, nothing, Store.open(tmp_path / "store"), silent_step())

    found = take_apart(image, known)
    owned = found.sizes(lambda part: str(part.owner) if part.owner else "")
    assert {"one 1.5", "two 1.5"} <= owned.keys()
    by_component = found.sizes(lambda part: part.component)
    assert by_component[Component.APPLICATION] == 7000
    assert set(by_component) == {
        Component.DEPENDENCIES, Component.APPLICATION, Component.ENVIRONMENT,
    }  # fmt: skip


def test_what_a_build_kept_and_what_its_layers_hold_are_the_same(tmp_path: Path) -> None:
    image, nothing = built(tmp_path)
    known = learn(image, nothing, Store.open(tmp_path / "store"), silent_step())
    wanted = Wanted(name=f"oci:{tmp_path / 'out'}", platform=Platform("linux", "amd64"))
    other = Store.open(tmp_path / "other")

    with opened(wanted, other) as found:
        read = learn(found.image, found.content, other, silent_step())

    one, two = take_apart(image, known), take_apart(image, read)
    assert [(p.path, p.size, p.node.digest, p.component, str(p.owner)) for p in one.parts] == [
        (p.path, p.size, p.node.digest, p.component, str(p.owner)) for p in two.parts
    ]


def test_a_layer_of_the_same_key_and_other_bytes_is_read(tmp_path: Path) -> None:
    """The key in a descriptor is a claim of whoever wrote the manifest."""
    image, _ = built(tmp_path)
    evil, content = image_of([(file("evil", b"evil"),)])
    claiming = evil.layers[0].with_key(image.layers[-1].key)
    lying = Image(platform=image.platform, layers=(claiming,))

    (found,) = learn(lying, content, Store.open(tmp_path / "store"), silent_step())

    assert [node.path for node in found.nodes] == ["evil"]
    assert gzip.decompress(content.blobs[claiming.descriptor.digest])


@pytest.mark.parametrize("more", [-1, 1])
def test_a_size_that_a_manifest_makes_up_of_a_known_layer_is_not_believed(
    more: int, tmp_path: Path
) -> None:
    """All is as it was when the layer was looked into, but for what the manifest says of it."""
    image, content = image_of([(file("a", b"a" * 100),)])
    store = Store.open(tmp_path)
    learn(image, content, store, silent_step())
    (layer,) = image.layers
    named = replace(layer.descriptor, size=layer.descriptor.size + more)
    lying = Image(platform=image.platform, layers=(replace(layer, descriptor=named),))

    with pytest.raises(IntegrityError, match="digest or size"):
        learn(lying, content, store, silent_step())
