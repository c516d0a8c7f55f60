"""The archive that this host's apt trusts: the base as it really is, and apt as an oracle."""

import getpass
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lamina.bases.apt_transport import HELPER, AptTransport
from lamina.debian.archives import archives_of
from lamina.debian.assemble import entries
from lamina.debian.closure import closure
from lamina.debian.fetch import Fetch
from lamina.debian.index import Index
from lamina.debian.ld_cache import Architecture
from lamina.debian.select import SelectRequest, _packages, _releases, debs, select
from lamina.debian.sources import read_sources

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(not HELPER.is_file(), reason="needs a host with apt"),
]
MACHINES: dict[Architecture, int] = {"amd64": 0x3E, "arm64": 0xB7}


@pytest.fixture(scope="module")
def fetch(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    return AptTransport(directory=tmp_path_factory.mktemp("apt"))


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_base_is_28_packages_of_the_right_machine(
    architecture: Architecture, fetch: Fetch
) -> None:
    sources = read_sources()
    request = SelectRequest(suite="bookworm", architecture=architecture)

    selection = select(request, sources, fetch, time.time)
    found = list(entries(selection, debs(selection, sources, fetch)))

    assert len(selection.base) == 28
    assert (selection.python, selection.glibc, selection.version_id) == ("3.11", "2.36", "12")
    assert 35e6 < sum(len(entry.data) for entry in found) < 40e6
    programs = [entry for entry in found if entry.data.startswith(b"\x7fELF")]
    assert len(programs) > 50
    assert {int.from_bytes(p.data[18:20], "little") for p in programs} == {MACHINES[architecture]}


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is the oracle")
@pytest.mark.parametrize(
    "names",
    [("libpython3.11-stdlib", "ca-certificates"), ("ffmpeg",), ("git", "curl"), ("libgl1",)],
    ids="+".join,
)
def test_apt_would_install_the_same_packages(
    names: tuple[str, ...], fetch: Fetch, tmp_path: Path
) -> None:
    expected = _apt_would_install(names, tmp_path)
    request = SelectRequest(suite="bookworm", architecture="amd64")
    sources = archives_of(read_sources(), "bookworm", "amd64")
    releases = _releases(request, sources, fetch, time.time, {})
    index = Index(_packages(request, releases, fetch))

    chosen = closure(index, names, architecture="amd64", ignore=lambda _package, _group: False)

    assert {(p.name, p.version) for p in chosen.values()} == expected


def _apt_would_install(names: tuple[str, ...], tmp_path: Path) -> set[tuple[str, str]]:
    """Ask apt with lists of its own, fetched now: the host's may be of last week."""
    status = tmp_path / "status"
    status.touch()
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    options = {
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Install-Recommends": "0",
        "APT::Sandbox::User": getpass.getuser(),
        "Dir::State::lists": str(tmp_path / "lists"),
        "Dir::State::status": str(status),
        "Dir::Cache": str(tmp_path),
        "Debug::NoLocking": "1",
    }
    arguments = [word for pair in options.items() for word in ("-o", "=".join(pair))]
    subprocess.run(["apt-get", *arguments, "-qq", "update"], check=True, capture_output=True)
    done = subprocess.run(
        ["apt-get", *arguments, "-s", "install", *names],
        check=False,
        capture_output=True,
        text=True,
    )
    return set(re.findall(r"^Inst (\S+) \((\S+)", done.stdout, re.MULTILINE))
