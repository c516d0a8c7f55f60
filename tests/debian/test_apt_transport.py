"""apt's helper as a transport: what it is asked, and what its failures become."""

import sys
from pathlib import Path

import pytest

from lamina.bases.apt_transport import AptTransport
from lamina.debian.fetch import Download
from lamina.errors import NetworkError, ToolError
from lamina.parallel import map_ordered

SHA256_OF_DATA = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
DATA = Download(url="http://archive.invalid/data", sha256=SHA256_OF_DATA, size=4)

HELPER = f"""#!{sys.executable}
import pathlib, sys
words = sys.argv[sys.argv.index("download-file") + 1:]
with open(pathlib.Path(__file__).with_name("log"), "a") as log:
    for url, path, digest in zip(words[::3], words[1::3], words[2::3]):
        print(url, digest, file=log)
        if url.endswith("/gone"):
            sys.exit("E: Failed to fetch: 404 Not Found")
        pathlib.Path(path).write_bytes(url.rpartition("/")[2].encode())
"""


@pytest.fixture
def transport(tmp_path: Path) -> AptTransport:
    helper = tmp_path / "apt-helper"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    return AptTransport(helper=helper, directory=tmp_path / "files")


def test_all_files_are_fetched_by_one_call(transport: AptTransport) -> None:
    other = Download(url="http://archive.invalid/InRelease")

    paths = transport([DATA, other])

    assert [path.read_bytes() for path in paths] == [b"data", b"InRelease"]
    assert transport.helper.with_name("log").read_text().splitlines() == [
        f"{DATA.url} SHA256:{SHA256_OF_DATA}",
        f"{other.url} ",
    ]


def test_a_file_with_the_right_hash_is_not_fetched_again(transport: AptTransport) -> None:
    other = Download(url="http://archive.invalid/InRelease")

    transport([DATA, other])
    transport([DATA, other])

    log = transport.helper.with_name("log").read_text().splitlines()
    assert [line.split()[0] for line in log] == [DATA.url, other.url, other.url]


def test_a_file_damaged_on_this_disk_is_fetched_again(transport: AptTransport) -> None:
    (path,) = transport([DATA])
    path.write_bytes(b"dat!")

    (again,) = transport([DATA])

    assert again.read_bytes() == b"data"


def test_what_apt_cannot_fetch_is_an_error_with_its_reason(transport: AptTransport) -> None:
    with pytest.raises(NetworkError) as caught:
        transport([Download(url="http://archive.invalid/gone")])

    assert caught.value.why == "E: Failed to fetch: 404 Not Found"


def test_a_host_without_the_helper_is_told_so(tmp_path: Path) -> None:
    missing = AptTransport(helper=tmp_path / "none", directory=tmp_path)

    assert not missing.is_available
    with pytest.raises(ToolError, match="no apt-helper"):
        missing([DATA])


def test_two_that_fetch_the_same_file_at_once_do_not_meet(transport: AptTransport) -> None:
    """The helper writes in place, and two of them would write into each other's file."""
    script = transport.helper.read_text().splitlines()
    slow = "import time; target = pathlib.Path(words[1])"
    careful = 'target.open("x").close(); time.sleep(0.3)  # fails where somebody writes'
    transport.helper.write_text("\n".join([*script[:3], slow, careful, *script[3:]]) + "\n")

    found = map_ordered(lambda _: transport([DATA]), range(2), workers=2)

    assert [path.read_bytes() for paths in found for path in paths] == [b"data", b"data"]
    assert [path.name for path in transport.directory.iterdir()] == [SHA256_OF_DATA]
