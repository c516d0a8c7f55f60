"""A toy archive for every test, and shortcuts to select and assemble from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lamina.debian.assemble import Which, entries
from lamina.debian.select import SelectRequest, debs, select
from lamina.debian.selection import DebianSelection
from lamina.debian.sources import read_sources
from lamina.oci.entry import Entry
from lamina.testing.debian_archive import ToyArchive, ToyPackage, minimal_base

NOW = 1_788_000_000.0  # 29 August 2026, four weeks after the toy Release's date

Select = Callable[..., DebianSelection]
Assemble = Callable[..., dict[str, Entry]]


@pytest.fixture
def archive(tmp_path: Path) -> ToyArchive:
    made = ToyArchive(tmp_path)
    made.publish(minimal_base())
    made.sources_file()
    return made


@pytest.fixture
def choose(archive: ToyArchive) -> Select:
    """Select from the toy suite: ``choose(*names, of=extra packages)``."""

    def choose(*names: str, of: Sequence[ToyPackage] = (), suite: str = "toy") -> DebianSelection:
        if of:
            archive.publish([*minimal_base(), *of])
        request = SelectRequest(suite=suite, architecture="amd64", packages=names)
        sources = read_sources(archive.directory)
        return select(request, sources, archive.fetch, lambda: NOW)

    return choose


@pytest.fixture
def assemble(archive: ToyArchive, choose: Select) -> Assemble:
    """Return the entries of a layer by path: ``assemble(*names, of=…, which=…)``."""

    def assemble(
        *names: str, of: Sequence[ToyPackage] = (), which: Which = "system"
    ) -> dict[str, Entry]:
        selection = choose(*names, of=of)
        files = debs(selection, read_sources(archive.directory), archive.fetch)
        found = list(entries(selection, files, which=which))
        assert len(found) == len({entry.path for entry in found})
        return {entry.path: entry for entry in found}

    return assemble
