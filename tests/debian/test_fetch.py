"""Files of an archive are noted as used, whoever fetches them."""

from collections.abc import Sequence
from pathlib import Path

from lamina.debian.fetch import Download, noting


def test_files_with_a_hash_are_noted_before_they_are_looked_for_and_all_when_they_are_there(
    tmp_path: Path,
) -> None:
    told: list[Path | str] = []
    index, package = Download(url="a"), Download(url="b", sha256="ab" * 32)

    def fetch(downloads: Sequence[Download]) -> list[Path]:
        told.append(f"fetch {len(downloads)}")
        return [tmp_path / "url-a", tmp_path / ("ab" * 32)]

    paths = noting(fetch, tmp_path, told.append)([index, package])

    assert paths == [tmp_path / "url-a", tmp_path / ("ab" * 32)]
    assert told == [paths[1], "fetch 2", *paths]
