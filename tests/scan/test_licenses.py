"""What a project denies is found, whatever words its licence is said in."""

import pytest

from lamina.scan.finding import Outcome
from lamina.scan.license_terms import denied_by, spdx
from lamina.scan.licenses import scan_licenses
from tests.scan.bench import ids, inventory_of
from tests.scan.planted import installed
from tests.support.synthetic import Row, file

CLASSIFIER = "Classifier: License :: OSI Approved :: "
DEP5 = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"


def scan(*rows: Row, denied: tuple[str, ...] = ("GPL-*", "AGPL-*")) -> Outcome:
    return scan_licenses(inventory_of(rows), denied)


@pytest.mark.parametrize(
    "field",
    [
        "License-Expression: GPL-3.0-or-later",
        "License-Expression: MIT AND GPL-2.0-only",
        "License-Expression: GPL-2.0-only WITH Classpath-exception-2.0",
        "License: GPLv3",
        "License: GPL v2",
        "License: GPL-3.0+",
        f"{CLASSIFIER}GNU General Public License v3 (GPLv3)",
        f"{CLASSIFIER}GNU Affero General Public License v3",
        "License: AGPL-3.0",
    ],
)
def test_what_is_denied_is_found_however_it_is_said(field: str) -> None:
    assert ids(scan(installed("toy", "1.0", field))) == ["license/denied:toy"]


@pytest.mark.parametrize(
    "field",
    [
        "License-Expression: MIT",
        "License-Expression: MIT OR GPL-3.0-only",
        "License-Expression: (GPL-3.0-only OR MIT) AND Apache-2.0",
        "License: BSD-3-Clause",
        "License: LGPL-2.1",
        f"{CLASSIFIER}MIT License",
        f"{CLASSIFIER}GNU Lesser General Public License v3 (LGPLv3)",
        f"{CLASSIFIER}MIT License\n{CLASSIFIER}GNU General Public License v3 (GPLv3)",
    ],
)
def test_what_is_not_or_leaves_a_choice_is_fine(field: str) -> None:
    assert ids(scan(installed("toy", "1.0", field))) == []


def test_the_expression_comes_before_the_older_fields() -> None:
    row = installed("toy", "1.0", "License-Expression: MIT", "License: GPLv3")

    assert ids(scan(row)) == []


def test_a_distribution_that_says_nothing_is_shown_as_unknown() -> None:
    (finding,) = scan(installed("toy", "1.0", "License: UNKNOWN")).findings

    assert (finding.id, finding.severity) == ("license/unknown:toy", "low")


def test_without_a_policy_nothing_is_wrong_and_that_is_said() -> None:
    outcome = scan(installed("toy", "1.0", "License: GPLv3"), denied=())

    assert outcome.state == "clean"
    assert outcome.coverage == "1 distributions, 0 copyright files; the settings deny no licence"


def test_the_copyright_files_of_debian_packages_count() -> None:
    rows = [
        file("usr/share/doc/bash/copyright", f"{DEP5}Files: *\nLicense: GPL-3+\n".encode()),
        file("usr/share/doc/zlib/copyright", f"{DEP5}Files: *\nLicense: Zlib\n".encode()),
        file("usr/share/doc/perl/copyright",
             f"{DEP5}Files: *\nLicense: GPL-1+ or Artistic\n".encode()),
        file("usr/share/doc/old/copyright", b"This is under the GPL, version 2.\n"),
    ]  # fmt: skip

    assert ids(scan(*rows)) == ["license/denied:bash"]


@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        ("", ""),
        ("GPL-2.0-only", "GPL-2.0-only"),
        ("gpl-2.0-only", "gpl-2.0-only"),
        ("MIT OR", ""),
        ("AND", ""),
        ("((((GPL-2.0-only", "GPL-2.0-only"),
        ("(MIT OR GPL-2.0-only) AND GPL-3.0-only", "GPL-3.0-only"),
        ("GPL-2.0-only OR GPL-3.0-only", "GPL-2.0-only"),
        ("(" * 5000, ""),
        ("MIT " * 5000, ""),
    ],
)
def test_expressions_are_read_as_far_as_they_make_sense(expression: str, refused: str) -> None:
    assert denied_by(expression, ["GPL-*"]) == refused


def test_a_text_that_is_no_name_stays_one_word() -> None:
    assert spdx("Do what you like, but be nice") == "Do-what-you-like-but-be-nice"
