"""Control files and relations are parsed, or refused with a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.debian.control import parse_paragraph, parse_paragraphs
from lamina.debian.relation import parse_relations
from lamina.errors import ArchiveError, LaminaError


def test_a_paragraph_is_fields_by_name_whatever_their_case() -> None:
    paragraph = parse_paragraph("Package: toy\nDescription: short\n long\n .\n longer\n")

    assert paragraph.get("package") == "toy"
    assert paragraph.get("Description") == "short\nlong\n.\nlonger"


def test_comments_may_stand_inside_a_paragraph() -> None:
    paragraphs = list(parse_paragraphs("# first\nTypes: deb\n# second\nURIs: x\n\n\nTypes: deb\n"))

    assert [p.line for p in paragraphs] == [2, 7]
    assert paragraphs[0].get("URIs") == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Package toy\n", "line 1 is not a field"),
        ("A: 1\na: 2\n", "line 2 repeats the field a"),
        (" lost\n", "line 1 continues a field, but there is none"),
    ],
)
def test_what_is_not_a_field_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        parse_paragraph(text)


def test_relations_have_alternatives_versions_and_qualifiers() -> None:
    groups = parse_relations("a (>= 1:2~), python3:any | b,\n c")

    assert [[str(r) for r in group] for group in groups] == [
        ["a (>= 1:2~)"],
        ["python3:any", "b"],
        ["c"],
    ]


@pytest.mark.parametrize("text", ["a (>= )", "a (~ 1)", "a | | b", "../x", "a b"])
def test_what_is_not_a_relation_is_refused(text: str) -> None:
    with pytest.raises(ArchiveError, match="not a relation"):
        parse_relations(text)


@given(st.text(alphabet="Aab:# \n\t.-é\0", max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        list(parse_paragraphs(text))
        parse_relations(text)
    except LaminaError:
        pass
