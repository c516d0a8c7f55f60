"""Layers are stacked as the specification of layers says (layer.md, "Whiteouts")."""

import pytest

from lamina.bases.discover import merged
from lamina.layer.contents import Contents, Item
from lamina.oci.entry import Kind


def layer(*paths: str) -> Contents:
    """Make a layer of files, and of folders, whose names end with a slash."""
    return Contents(items=tuple(map(_item, paths)))


def _item(path: str) -> Item:
    kind: Kind = "directory" if path.endswith("/") else "file"
    return Item(path.rstrip("/"), kind, 0o755, 0, "", "", "somebody")


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([layer("a", "b"), layer(".wh.a")], ["b"]),
        ([layer("d/", "d/a", "d/s/b"), layer("d/.wh.s")], ["d", "d/a"]),
        ([layer("d/", "d/a"), layer("d/", "d/b", "d/.wh..wh..opq")], ["d", "d/b"]),
        ([layer("d/", "d/a"), layer("d/", "d/.wh..wh..opq", "d/b")], ["d", "d/b"]),
        ([layer("a"), layer("b", ".wh.b", ".wh.a", "c")], ["b", "c"]),
        ([layer("a", "d/b"), layer(".wh..wh..opq", "c")], ["c"]),
        ([layer("d/", "d/a", "d/s/b"), layer("d")], ["d"]),
        ([layer("d/", "d/a"), layer("d/")], ["d", "d/a"]),
        ([layer("d", "dd"), layer("d/a")], ["d/a", "dd"]),
        ([layer("d/", "d/a", "da"), layer(".wh.d")], ["da"]),
        ([layer(".wh..wh.plnk", "a")], ["a"]),
        ([layer("d/a"), layer(".wh.d"), layer("d/b")], ["d/b"]),
    ],
    ids=[
        "a file goes",
        "a folder goes with what is in it",
        "an opaque folder hides what is below, and nothing of its own layer",
        "in whichever order",
        "nor does a whiteout hide anything of its own layer",
        "the root can be opaque",
        "a file in place of a folder ends what was in it",
        "a folder that comes again keeps what is in it",
        "a folder in place of a file ends the file",
        "names that begin alike are others",
        "marks of other file systems are no files",
        "what was hidden may come again",
    ],
)
def test_stacked_layers(layers: list[Contents], left: list[str]) -> None:
    assert sorted(merged(layers)) == left


def test_many_whiteouts_of_many_files() -> None:
    """A layer that removes a package may remove thousands; each is looked up, no tree walked."""
    count = 40_000
    below = layer(*(f"d/{n % 200}/{n}" for n in range(count)))
    above = layer(*(f"d/{n % 200}/.wh.{n}" for n in range(1, count)))

    assert list(merged([below, above])) == ["d/0/0"]
