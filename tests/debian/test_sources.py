"""The host's apt configuration is read as apt reads it."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.debian.sources import ArchiveSource, read_sources
from lamina.errors import LaminaError, ProjectError


def sources_of(root: Path, **files: str) -> tuple[ArchiveSource, ...]:
    parts = root / "etc/apt/sources.list.d"
    parts.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (parts / f"{stem}.{suffix}").write_text(text)
    return read_sources(root)


def test_a_deb822_source_is_the_product_of_its_uris_and_suites(tmp_path: Path) -> None:
    found = sources_of(
        tmp_path,
        debian_sources="Types: deb deb-src\n# a comment\n"
        "URIs: http://a.invalid/d/ http://b.invalid\nSuites: x x-updates\n"
        "Components: main contrib\nSigned-By: /k/a.gpg\nArchitectures: amd64\n",
    )

    assert [(s.uris[0], s.suite) for s in found] == [
        ("http://a.invalid/d", "x"),
        ("http://a.invalid/d", "x-updates"),
        ("http://b.invalid", "x"),
        ("http://b.invalid", "x-updates"),
    ]
    assert found[0].components == ("main", "contrib")
    assert found[0].architectures == ("amd64",)
    assert found[0].keyrings == (tmp_path / "k/a.gpg",)
    assert found[0].where.endswith("debian.sources:1")


def test_a_one_line_source_may_have_options(tmp_path: Path) -> None:
    (one,) = sources_of(
        tmp_path,
        x_list="# deb http://no.invalid x main\n"
        "deb-src http://no.invalid x main\n"
        "deb [ arch=amd64,arm64 signed-by=/k.asc check-valid-until=no ] "
        "http://a.invalid x main # end\n",
    )

    assert one.architectures == ("amd64", "arm64")
    assert one.keyrings == (tmp_path / "k.asc",)
    assert not one.check_valid_until
    assert (one.suite, one.components) == ("x", ("main",))
    assert one.where.endswith("x.list:3")


def test_files_that_apt_ignores_are_ignored(tmp_path: Path) -> None:
    line = "deb http://a.invalid x main\n"
    parts = tmp_path / "etc/apt/sources.list.d"
    parts.mkdir(parents=True)
    for name in ("x.list.disabled", "bad name.list", "x.sources.bak", "y.txt"):
        (parts / name).write_text(line)

    assert read_sources(tmp_path) == ()


def test_a_disabled_stanza_is_left_out(tmp_path: Path) -> None:
    text = "Types: deb\nEnabled: no\nURIs: http://a.invalid\nSuites: x\nComponents: main\n"

    assert sources_of(tmp_path, x_sources=text) == ()


def test_without_signed_by_all_trusted_keys_count(tmp_path: Path) -> None:
    folder = tmp_path / "etc/apt/trusted.gpg.d"
    folder.mkdir(parents=True)
    for name in ("b.asc", "a.gpg", "c.txt"):
        (folder / name).touch()

    (one,) = sources_of(tmp_path, x_list="deb http://a.invalid x main\n")

    assert [path.name for path in one.keyrings] == ["a.gpg", "b.asc"]


def test_a_key_may_be_inline(tmp_path: Path) -> None:
    (one,) = sources_of(
        tmp_path,
        x_sources="Types: deb\nURIs: http://a.invalid\nSuites: x\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n",
    )

    assert one.key_block == "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n"


def test_a_mirror_file_names_the_mirrors_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "mirrors.txt").write_text("http://a.invalid/d/\tpriority:1\nhttp://b.invalid/d\n")

    (one,) = sources_of(tmp_path, x_list="deb mirror+file:/mirrors.txt x main\n")

    assert one.uris == ("http://a.invalid/d", "http://b.invalid/d")


def test_a_cdrom_with_blanks_in_its_name_does_not_disturb_the_others(tmp_path: Path) -> None:
    found = sources_of(
        tmp_path, x_list="deb cdrom:[A disc of 2026]/ x main\ndeb http://a.invalid x main\n"
    )

    assert [s.uris[0] for s in found] == ["cdrom:[A disc of 2026]", "http://a.invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Acquire::Check-Valid-Until "false";\n', False),
        ('Acquire { Check-Valid-Until "0"; };\n', False),
        ('// Acquire::Check-Valid-Until "false";\n', True),
    ],
)
def test_apt_conf_says_whether_expiry_counts(tmp_path: Path, text: str, value: object) -> None:
    folder = tmp_path / "etc/apt/apt.conf.d"
    folder.mkdir(parents=True)
    (folder / "99x").write_text(text)

    (one,) = sources_of(tmp_path, x_list="deb http://a.invalid x main\n")

    assert one.check_valid_until == value


def test_all_problems_are_reported_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        sources_of(
            tmp_path,
            a_list="deb http://a.invalid\n\nnonsense\n",
            b_sources="Types: deb\nSuites: x\nComponents: main\n",
        )

    problems = [Path(problem).name for problem in caught.value.problems]
    assert problems == [
        "a.list:1: the source has no suites",
        "a.list:3: the source has no uris",
        "b.sources:1: the source has no uris",
    ]


@given(
    st.text(alphabet="deb-src [arch=]:/.x#\n\tTypesURI$", max_size=80),
    st.sampled_from(["list", "sources"]),
)
def test_any_file_is_read_or_refused(text: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(LaminaError):
        sources_of(Path(folder), **{f"x_{suffix}": text})
