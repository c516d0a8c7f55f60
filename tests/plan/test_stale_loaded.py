"""A list of loaded modules says when it was recorded from another lock than the one built from."""

import pytest

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


def test_another_version_is_named() -> None:
    text = told([wheel("numpy", "2.0"), wheel("six", "1")], numpy="1.26", six="1.0")

    assert text.startswith(
        "seen.json was recorded from another lock: numpy was 1.26 and is 2.0; modules"
    )
    assert "`lamina test IMAGE --loaded seen.json`" in text


def test_the_same_lock_is_silent_however_its_versions_are_written() -> None:
    assert told([wheel("six", "1.0.0")], six="1.0") == ""


@pytest.mark.parametrize(("old", "new"), [("2.3.0+cpu", "2.3"), ("2.3.0", "2.3.0+cu121")])
def test_another_build_of_a_version_has_the_same_modules(old: str, new: str) -> None:
    """Platforms of one project have torch for the CPU alone, or with CUDA."""
    assert told([wheel("torch", new)], torch=old) == ""
    assert "torch was 2.3.0+cpu and is 2.4;" in told([wheel("torch", "2.4")], torch="2.3.0+cpu")


def test_what_only_one_of_both_has_may_be_of_another_platform_or_variant() -> None:
    """One list serves them all, and writing it anew for one would take from the others."""
    assert told([wheel("torch", "2.1")], torch="2.1", triton="3") == ""
    assert told([wheel("torch", "2.1"), wheel("triton", "3")], torch="2.1") == ""


def test_an_old_list_tells_nothing() -> None:
    assert told([wheel("torch", "2.1")]) == ""


def test_what_is_built_here_may_change_its_version_with_each_commit() -> None:
    assert told([wheel("tools", "1.dev7", url="")], tools="1.dev6", own="1") == ""


def test_many_differences_are_counted() -> None:
    text = told([wheel(f"toy{n}", "2") for n in range(7)], **{f"toy{n}": "1" for n in range(7)})

    assert "toy4 was 1 and is 2 and 2 more;" in text
