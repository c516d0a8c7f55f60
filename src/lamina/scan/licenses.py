"""Licences: of distributions by their metadata, of Debian packages by their copyright files."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lamina.scan.documents import Document
from lamina.scan.finding import Finding, Outcome, Place
from lamina.scan.inventory import Inventory
from lamina.scan.license_terms import denied_by, from_classifiers, spdx
from lamina.scan.metadata import Distribution, distributions

NAME: Final = "licenses"
_LONGEST_NAME: Final = 100
_COPYRIGHT: Final = re.compile(r"usr/share/doc/([^/]+)/copyright")
_MACHINE_READABLE: Final = re.compile(
    rb"\AFormat:\s*https?://www\.debian\.org/doc/packaging-manuals/"
)
_LICENSE: Final = re.compile(rb"^License:[ \t]*([^\n]{1,200})", re.MULTILINE)


def scan_licenses(inventory: Inventory, denied: Sequence[str]) -> Outcome:
    """Find what has only licences that are ``denied``, and what does not say which it has."""
    found = distributions(inventory)
    papers = [d for path, d in inventory.documents.items() if _COPYRIGHT.fullmatch(path)]
    coverage = f"{len(found)} distributions, {len(papers)} copyright files"
    if not denied:
        return Outcome(scanner=NAME, coverage=f"{coverage}; the settings deny no licence")
    findings = [one for each in found for one in _of_distribution(each, denied)]
    texts = {paper.data for paper in papers}  # many are links to the same one
    refused = {text: terms for text in texts if (terms := _refused(text, denied))}
    findings += [
        _of_package(paper, refused[paper.data]) for paper in papers if paper.data in refused
    ]
    return Outcome(scanner=NAME, findings=tuple(findings), coverage=coverage)


def license_of(one: Distribution) -> str:
    """Return the licence as an SPDX expression: what is most precise counts; empty for none.

    A text of a whole licence is no name of one.
    """
    if one.expression:
        return one.expression
    is_name = 0 < len(one.license) < _LONGEST_NAME and one.license.upper() != "UNKNOWN"
    return from_classifiers(one.classifiers) or (spdx(one.license) if is_name else "")


def _of_distribution(one: Distribution, denied: Sequence[str]) -> Iterator[Finding]:
    terms = license_of(one)
    place = Place(path=one.path, layer=one.layer)
    if not terms:
        yield Finding(
            rule="license/unknown",
            subject=one.name,
            severity="low",
            text=f"{one} does not say which licence it has",
            place=place,
            hint="look into its files, and accept it in [tool.lamina.scan]",
        )
    elif refused := denied_by(terms, denied):
        yield Finding(
            rule="license/denied",
            subject=one.name,
            severity="high",
            text=f"{one} is under {terms[:_LONGEST_NAME]}, and the settings deny {refused}",
            place=place,
            hint="replace it, or accept it in [tool.lamina.scan]",
        )


def _refused(text: bytes, denied: Sequence[str]) -> tuple[str, ...]:
    """Look at the headline of each paragraph: a package has many files and many licences."""
    if not _MACHINE_READABLE.match(text):
        return ()
    lines = [row.decode("utf-8", "replace").strip() for row in _LICENSE.findall(text)]
    return tuple(sorted({r for line in lines if (r := denied_by(_debian(line), denied))}))


def _of_package(paper: Document, refused: Sequence[str]) -> Finding:
    name = paper.path.split("/")[-2]
    return Finding(
        rule="license/denied",
        subject=name,
        severity="high",
        text=f"the Debian package {name} has files under {', '.join(refused)}",
        place=Place(path=paper.path, layer=paper.layer),
        hint="do without it, or accept it in [tool.lamina.scan]",
    )


def _debian(line: str) -> str:
    """Put the short names of a copyright file (DEP 5) into SPDX's."""
    words = re.split(r"(\s+(?:and/or|or|and|with)\s+|,\s*)", line, flags=re.IGNORECASE)
    joined = [spdx(w) if n % 2 == 0 else f" {_joint(w)} " for n, w in enumerate(words)]
    return "".join(joined)


def _joint(word: str) -> str:
    plain = word.strip(" ,\t").lower()
    return {"": "AND", "and/or": "OR"}.get(plain, plain.upper())
