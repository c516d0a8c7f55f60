"""What the group dev adds to a lock."""

import pytest

from lamina.errors import LockError
from lamina.lock.dev import added
from lamina.lock.lock import Lock, LockedWheel
from lamina.oci.digest import Digest


def lock(**versions: str) -> Lock:
    return Lock(
        wheels=tuple(
            LockedWheel(
                name=name,
                version=version,
                filename=f"{name}-{version}-py3-none-any.whl",
                digest=Digest.of(f"{name} {version}".encode()),
                size=1,
            )
            for name, version in versions.items()
        )
    )


def test_only_what_the_image_has_not_is_added() -> None:
    found = added(lock(numpy="1.0", pytest="9.0"), lock(numpy="1.0", pandas="2.0"))

    assert [wheel.name for wheel in found] == ["pytest"]


def test_two_versions_of_one_distribution_are_an_error_that_names_both() -> None:
    with pytest.raises(LockError) as caught:
        added(lock(numpy="1.1"), lock(numpy="1.0"))

    assert caught.value.problems == ("numpy is 1.1 for dev, and 1.0 in the image",)
