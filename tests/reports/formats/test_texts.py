"""Terminal, Markdown and JSON: the same document, and nothing foreign that does more than stand."""

import json
import re
from typing import Any

import pytest

from lamina.reports.document import Column, Document, Paragraph, Section, Table, Tone, Unit
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import code, escaped, to_markdown
from lamina.reports.formats.terminal import to_terminal
from lamina.reports.sparkline import sparkline
from tests.reports.builds import HOSTILE, hostile, plausible

_TABLE = Table(
    key="slow",
    title="Slow steps",
    columns=(
        Column(key="step", title="step", unit=Unit.CODE),
        Column(key="seconds", title="took", unit=Unit.SECONDS),
    ),
    rows=(("RUN a", 74.2), ("RUN bb", None)),
    note="and others",
)
_DOCUMENT = Document(
    title="Builds",
    sections=(
        Section(
            key="one",
            title="One",
            blocks=(Paragraph(text="It is slow", tone=Tone.BAD), _TABLE),
        ),
    ),
)


def test_a_terminal_gets_aligned_tables() -> None:
    assert to_terminal(_DOCUMENT).splitlines() == [
        "Builds",
        "",
        "One",
        "  ! It is slow",
        "  ",
        "  Slow steps",
        "    step      took",
        "    RUN a   74.2 s",
        "    RUN bb       \N{EN DASH}",
        "    (and others)",
    ]


def test_a_terminal_gets_a_sparkline_for_each_trend() -> None:
    lines = to_terminal(plausible()).splitlines()

    sparks = [line for line in lines if re.search("[▁▂▃▄▅▆▇█]{5}", line)]
    assert [line.split("  ")[1] for line in sparks] == [
        "Build time",
        "Image size",
        "Hit rate, by time",
        "Layer reuse, by bytes",
    ]
    assert all(re.search("last .+, median .+", line) for line in sparks)


def test_a_hostile_name_does_not_steer_a_terminal() -> None:
    assert to_terminal(hostile()).replace("\n", "").isprintable()


def test_markdown_has_tables_of_github() -> None:
    assert to_markdown(_DOCUMENT) == (
        "# Builds\n\n## One\n\n> [!WARNING]\n> It is slow\n\n**Slow steps**\n\n"
        "| step | took |\n| --- | ---: |\n| `RUN a` | 74.2 s |\n| `RUN bb` | \N{EN DASH} |\n"
        "\n*and others*\n"
    )


def test_a_long_table_is_folded_away() -> None:
    rows = tuple((f"RUN {n}", float(n)) for n in range(20))
    table = Table(key="t", title="Steps", columns=_TABLE.columns, rows=rows)

    text = to_markdown(
        Document(title="B", sections=(Section(key="s", title="S", blocks=(table,)),))
    )

    assert "<details>\n<summary>Steps (20)</summary>\n\n| step" in text
    assert text.count("<details>") == text.count("</details>") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a | b", r"`RUN a \| b`"),
        ("a `b` c", "`` a `b` c ``"),
        ("a\nb", "`a b`"),
        ("", "\N{EN DASH}"),
    ],
)
def test_foreign_text_in_code_stays_in_its_cell(text: str, expected: str) -> None:
    assert code(text) == expected


def test_foreign_text_outside_of_code_has_no_markup_mentions_or_links() -> None:
    text = escaped("<b>*x*</b> [a](b) @who #1 `c` | https://x.example ![i](j) &lt; $x$")

    assert not re.search(r"(?<!\\)[<>*\[\]()`|#!&$]", text)
    assert "@who" not in text
    assert "://" not in text


def test_a_hostile_name_cannot_break_a_table_of_markdown() -> None:
    """Each row keeps the number of its columns, and what is no code holds no element."""
    rows = [line for line in to_markdown(hostile()).splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    rulers = [number for number, row in enumerate(rows) if re.fullmatch(r"[| :-]+", row)]

    assert rulers
    for number, row in enumerate(rows):
        if number + 1 in rulers:
            width = widths[number]
        assert widths[number] == width, row
        outside = re.sub(r"(`+) .*? \1|`[^`]*`", "", row)
        assert not re.search(r"(?<!\\)<", outside)


def test_markdown_of_many_builds_fits_into_a_step_summary() -> None:
    """GitHub takes 1 MiB for a step, and 65,536 characters for a comment."""
    assert len(to_markdown(plausible(500))) < 65_536


def test_json_has_numbers_by_their_keys() -> None:
    found = json.loads(to_json(_DOCUMENT))

    assert found["schema"] == 1
    assert found["sections"][0]["notes"] == ["It is slow"]
    assert found["sections"][0]["slow"] == [
        {"step": "RUN a", "seconds": 74.2},
        {"step": "RUN bb", "seconds": None},
    ]


def test_json_has_every_part_of_a_report() -> None:
    sections: dict[str, dict[str, Any]] = {
        section["key"].partition(" ")[0]: section
        for section in json.loads(to_json(plausible()))["sections"]
    }

    assert list(sections) == ["overview", "image", "build", "misses", "comparison"]
    assert len(sections["image"]["seconds"]["times"]) == 40
    assert sections["image"]["last"]["builds"] == 40
    assert {"waterfall", "slowest", "treemap", "components"} <= set(sections["build"])
    assert sections["build"]["treemap"][0].keys() == {"part", "component", "bytes", "share"}
    assert sections["comparison"]["changes"][0]["figure"] == "build time"


def test_json_keeps_a_hostile_name_as_it_is() -> None:
    assert HOSTILE in json.dumps(json.loads(to_json(hostile())), ensure_ascii=False).replace(
        '\\"', '"'
    ).replace("\\u001b", "\x1b")


def test_a_sparkline_goes_from_the_smallest_to_the_largest() -> None:
    assert sparkline([0, 5, 10, None, 10]) == "▁▅█ █"
    assert sparkline([3, 3]) == "▄▄"
    assert sparkline([None]) == " "
    assert sparkline([]) == ""
