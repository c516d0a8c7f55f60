"""What a layer holds is kept as JSON and read back as it was."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.elf.needs import Needs, VersionNeed
from lamina.layer.contents import Contents, Item

TEXT = st.text(max_size=12)
ITEMS = st.builds(
    Item,
    TEXT,
    st.sampled_from(["file", "directory", "symlink", "hardlink"]),
    st.integers(0, 0o7777),
    st.integers(0, 1 << 50),
    TEXT,
    TEXT,
    st.sampled_from(["", "toy 1.0", "libc6 2.36-9"]),
)
NEEDS = st.builds(
    Needs,
    machine=st.sampled_from([62, 183]),
    needed=st.lists(TEXT, max_size=3).map(tuple),
    soname=TEXT,
    rpath=st.lists(TEXT, max_size=2).map(tuple),
    runpath=st.lists(TEXT, max_size=2).map(tuple),
    interpreter=TEXT,
    requires=st.lists(
        st.builds(VersionNeed, library=TEXT, versions=st.lists(TEXT, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    provides=st.lists(TEXT, max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=100)
@given(
    items=st.lists(ITEMS, max_size=5).map(tuple), objects=st.dictionaries(TEXT, NEEDS, max_size=2)
)
def test_any_contents_survive_json(items: tuple[Item, ...], objects: dict[str, Needs]) -> None:
    contents = Contents(items=items, objects=objects)

    found = Contents.from_json(json.loads(json.dumps(contents.to_json())))

    assert found == contents
    assert found.objects == contents.objects


def test_the_size_is_that_of_all_files() -> None:
    items = (Item("a", "file", 0o644, 3, "", "", ""), Item("b", "file", 0o644, 4, "", "", ""))

    assert Contents(items=items).size == 7
    assert Contents().size == 0
