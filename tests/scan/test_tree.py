"""The files of an image are where a container would find them."""

import pytest

from lamina.errors import ArchiveError
from lamina.oci.config import RuntimeConfig
from lamina.scan import tree as module
from lamina.scan.permissions import scan_permissions
from tests.scan.bench import ids, inventory_of
from tests.support.synthetic import Row, file, folder, gone, link, opaque


def paths(*layers: list[Row]) -> list[str]:
    return sorted(leaf.path for leaf in inventory_of(*layers).tree)


def test_a_whiteout_leads_through_a_link_to_what_it_removes() -> None:
    """So /bin/x is removed where /bin is /usr/bin."""
    bottom = [folder("usr/bin"), file("usr/bin/up", b"#!", mode=0o4755), link("bin", "usr/bin")]

    assert paths(bottom, [gone("bin/up")]) == ["bin", "usr/bin"]
    assert (
        ids(scan_permissions(inventory_of(bottom, [gone("bin/up")]), RuntimeConfig(user="1000")))
        == []
    )


def test_a_folder_is_emptied_through_a_link() -> None:
    bottom = [file("usr/lib/a", b"x"), link("lib", "/usr/lib")]

    assert paths(bottom, [opaque("lib")]) == ["lib"]


def test_a_file_that_is_written_through_a_link_is_where_the_link_leads() -> None:
    bottom = [file("usr/bin/a", b"x", mode=0o4755), link("bin", "usr/bin")]

    found = inventory_of(bottom, [file("bin/a", b"y")])

    assert sorted(leaf.path for leaf in found.tree) == ["bin", "usr/bin/a"]
    assert found.leaf("bin/a") == found.leaf("usr/bin/a")
    assert ids(scan_permissions(found, RuntimeConfig(user="1000"))) == []


def test_a_loop_of_links_leads_nowhere() -> None:
    found = inventory_of([link("a", "b"), link("b", "a")], [file("a/c", b"x"), gone("b/d")])

    assert found.leaf("b/d") is None
    assert {leaf.path for leaf in found.tree} >= {"a", "b"}


def test_links_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STEPS", 50)
    rows = [link(f"l{n}", f"l{n + 1}") for n in range(30)]

    with pytest.raises(ArchiveError, match="further than is plausible"):
        inventory_of(rows, [file(f"l0/{n}/x", b"") for n in range(9)])
