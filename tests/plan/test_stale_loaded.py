"""A list of loaded modules says when it was recorded from another lock than the one built from."""

from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.plan.stale_loaded import stale_loaded
from lamina.project.loaded import Loaded


def wheel(name: str, version: str, *, url: str = "https://a.example/x.whl") -> LockedWheel:
    return LockedWheel(
        name=name, version=version, filename=f"{name}-{version}-py3-none-any.whl",
        digest=Digest("0" * 64), size=1, url=url,
    )  # fmt: skip


def told(wheels: list[LockedWheel], **distributions: str) -> str:
    return stale_loaded(Loaded(distributions=distributions), wheels, where="seen.json")


def test_another_version_and_a_distribution_that_is_new_are_named() -> None:
    text = told([wheel("numpy", "2.0"), wheel("scipy", "1.1"), wheel("six", "1")],
                numpy="1.26", six="1.0")  # fmt: skip

    assert text.startswith(
        "seen.json was recorded from another lock: numpy was 1.26 and is 2.0, scipy 1.1 is new;"
    )
    assert "`lamina test IMAGE --loaded seen.json`" in text


def test_the_same_lock_is_silent_however_its_versions_are_written() -> None:
    assert told([wheel("torch", "2.1.0+cu.121")], torch="2.1.0+cu_121") == ""


def test_a_list_that_has_more_was_recorded_for_another_platform() -> None:
    assert told([wheel("torch", "2.1")], torch="2.1", triton="3") == ""


def test_an_old_list_tells_nothing() -> None:
    assert told([wheel("torch", "2.1")]) == ""


def test_what_is_built_here_may_change_its_version_with_each_commit() -> None:
    assert told([wheel("tools", "1.dev7", url="")], tools="1.dev6", own="1") == ""


def test_many_differences_are_counted() -> None:
    text = told([wheel(f"toy{n}", "2") for n in range(7)], toy0="1")

    assert "toy4 2 is new and 2 more;" in text
