"""What goes from a store, decided from values alone."""

from pathlib import Path

from lamina.store.choose import Choice, Wishes, choose
from lamina.store.stock import Item, Kind, Stock

NOW = 1_000_000
NS = 10**9
NEVER = NOW * NS
"""Nobody runs but us, who began now."""


def item(kind: Kind, path: str, *, used: int = 0, size: int = 10, **more: object) -> Item:
    """Make an item that was used ``used`` seconds after the epoch."""
    values = {"changed": used * NS, "stamp": (), **more}
    return Item(kind=kind, path=Path(path), size=size, used=used * NS, **values)  # type: ignore[arg-type]


def blob(name: str, **more: int) -> Item:
    return item(Kind.BLOB, name, **more)


def image(name: str, *needs: str, used: int = 0) -> Item:
    return item(Kind.NAME, name, used=used, name=name, needs=frozenset(map(Path, needs)))


def gone(*items: Item, safe_before: int = NEVER, **wishes: object) -> list[str]:
    return names(choice(*items, safe_before=safe_before, **wishes).gone)


def choice(*items: Item, safe_before: int = NEVER, **wishes: object) -> Choice:
    wanted = Wishes(now=NOW, **wishes)  # type: ignore[arg-type]
    return choose(Stock(items=items), wanted, safe_before=safe_before)


def names(items: tuple[Item, ...]) -> list[str]:
    return [str(found.path) for found in items]


def test_what_no_named_image_needs_goes_the_least_recently_used_first() -> None:
    wheel, fact = item(Kind.WHEEL, "wheel", used=2), item(Kind.FACT, "fact", used=1)
    kept = (image("web", "manifest", "layer"), blob("manifest"), blob("layer"))

    assert gone(blob("loose", used=3), wheel, fact, *kept) == ["fact", "wheel", "loose"]


def test_only_what_is_old_goes_when_an_age_is_given() -> None:
    old, new = blob("old", used=NOW - 60), blob("new", used=NOW - 59)

    assert gone(old, new, older_than=60) == ["old"]


def test_nothing_more_goes_once_the_store_is_small_enough() -> None:
    items = [blob(str(n), used=n) for n in range(5)]

    assert gone(*items, keep_size=50) == []
    assert gone(*items, keep_size=49) == ["0"]
    assert gone(*items, keep_size=21) == ["0", "1", "2"]


def test_age_and_size_both_have_to_allow_it() -> None:
    items = [blob("old", used=0), blob("new", used=NOW - 5)]

    assert gone(*items, older_than=60, keep_size=5) == ["old"]
    assert gone(*items, older_than=60, keep_size=20) == []


def test_a_named_image_keeps_its_blobs_however_large_and_old_they_are() -> None:
    items = [image("web", "layer"), blob("layer", size=10**12)]

    assert gone(*items, keep_size=1) == []


def test_named_images_go_when_asked_for_the_least_recently_used_first_and_whole() -> None:
    """Names before blobs: a name never leads to half an image."""
    items = [
        image("new", "shared", "its", used=2),
        image("old", "shared", "own", "more", used=1),
        *map(blob, ("shared", "its", "own", "more", "loose")),
    ]

    assert gone(*items, named=True) == ["loose", "old", "more", "own", "new", "its", "shared"]
    assert gone(*items, named=True, keep_size=50) == ["loose", "old", "more", "own"]
    assert gone(*items, named=True, keep_size=60) == ["loose"]


def test_a_recent_name_stays_when_an_age_is_given() -> None:
    items = [image("old", "a"), image("new", "b", used=NOW - 1), blob("a"), blob("b")]

    assert gone(*items, named=True, older_than=60) == ["old", "a"]


def test_what_describes_a_blob_goes_with_it_and_not_before() -> None:
    row = item(Kind.LAYER_ROW, "row", used=NOW - 1, holders=(Path("one"), Path("two")))
    one, two = blob("one", used=1), blob("two", used=2)

    assert gone(row, one, two, keep_size=25) == ["one"]
    assert gone(row, one, two) == ["one", "two", "row"]
    assert gone(row, one, two, image("web", "two")) == ["one"]


def test_what_describes_a_layer_that_never_was_here_goes_by_its_own_age() -> None:
    row = item(Kind.LAYER_ROW, "row", used=NOW - 10, holders=(Path("elsewhere"),))

    assert gone(row, older_than=60) == []
    assert gone(row, older_than=5) == ["row"]
    assert gone(row, older_than=5, keep_size=10) == []


def test_where_a_layer_of_a_named_image_is_stays_though_the_layer_never_was_here() -> None:
    """And though another image that has the layer goes."""
    fact = item(Kind.FACT, "fact", holders=(Path("layer"),))
    old, kept = image("old", "layer", "config"), image("web", "layer", used=NOW - 5)

    assert gone(old, kept, fact, blob("config"), named=True, older_than=60) == ["old", "config"]
    assert gone(old, fact, blob("config"), named=True) == ["old", "config", "fact"]


def test_what_a_running_process_may_rely_on_stays_and_is_told() -> None:
    used, free = blob("used", used=100), blob("free", used=99)

    found = choice(used, free, safe_before=100 * NS)

    assert names(found.gone) == ["free"]
    assert names(found.in_use) == ["used"]


def test_a_file_that_was_only_renamed_lately_counts_as_in_use() -> None:
    """Downloads may carry the time that their server says."""
    fetched = item(Kind.PACKAGE, "package", used=0, changed=100 * NS)

    assert gone(fetched, safe_before=100 * NS) == []


def test_a_name_in_use_keeps_its_image() -> None:
    items = [image("web", "layer", used=100), blob("layer")]

    assert gone(*items, named=True, safe_before=100 * NS) == []


def test_leftovers_go_after_an_hour_whatever_is_to_be_kept() -> None:
    fresh = item(Kind.LEFTOVER, "fresh", used=NOW - 3599)
    stale = item(Kind.LEFTOVER, "stale", used=NOW - 3600)

    assert gone(fresh, stale, keep_size=10**9, older_than=10**6) == ["stale"]


def test_a_leftover_of_a_process_that_runs_stays_however_old_it_is() -> None:
    slow = item(Kind.LEFTOVER, "slow", used=1000)

    assert gone(slow, safe_before=1000 * NS) == []
