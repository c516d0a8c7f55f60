"""A suite that the archive does not have is the user's typo, and an archive that is away is not."""

import pytest

from lamina.errors import NetworkError, ProjectError
from lamina.testing.debian_archive import ToyArchive, minimal_base

from .conftest import Select


@pytest.fixture
def secured(archive: ToyArchive) -> ToyArchive:
    """Publish a security suite too, which lets other suites of it be asked for."""
    archive.publish(minimal_base(), suite="toy-security")
    archive.sources_file("toy", "toy-security")
    return archive


def test_a_suite_that_the_archive_does_not_have_is_named_with_those_of_the_host(
    secured: ToyArchive, choose: Select
) -> None:
    with pytest.raises(ProjectError, match="no suite tyo") as caught:
        choose(suite="tyo")

    assert caught.value.hint == "this machine's apt knows: toy"
    assert secured.fetched


def test_an_archive_that_is_away_is_not_the_users_fault(
    secured: ToyArchive, choose: Select
) -> None:
    secured.files.clear()

    with pytest.raises(NetworkError):
        choose(suite="tyo")


def test_a_suite_of_the_hosts_own_that_cannot_be_fetched_is_the_networks_fault(
    secured: ToyArchive, choose: Select
) -> None:
    secured.files = {url: data for url, data in secured.files.items() if "toy/InR" not in url}

    with pytest.raises(NetworkError):
        choose(suite="toy")
