"""A Dockerfile for people is read as the instructions that it was made of."""

import pytest

from lamina.dockerfile.annotated import Paragraph, annotated
from lamina.dockerfile.parse import parse

LONG = "/very/long/path/that/goes/on/and/on/and/on/and/on"
TEXTS = (
    "FROM b AS c\n",
    "ENV A=1 B=\"two words\" C='x'\n",
    f"RUN --mount=type=cache,target={LONG} --mount=type=bind,source=b,target=/c x y  z\n",
    "RUN <<EOF\nset -eu\necho $HOME \\\n  done\nEOF\n",
    f"COPY --link --from=b {LONG} {LONG}\n",
    "COPY --chmod=755 <<'EOF' /bin/x\n#!/bin/sh\nEOF\n",
    f'HEALTHCHECK --interval=30s --timeout=5s --retries=3 CMD ["python", "-c", "{LONG}"]\n',
)


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_read_as_before(text: str) -> None:
    before = parse(f"FROM a\n{text}").instructions

    after = parse(annotated([Paragraph(instructions=before, comment="why\nand how")]))

    assert after.instructions == before
    assert [comment.text for comment in after.comments] == ["why", "and how"]


def test_mounts_and_variables_stand_on_lines_of_their_own() -> None:
    source = "FROM a\n" + TEXTS[1] + "RUN --mount=type=cache,target=/a" + "a" * 70 + " x\n"

    text = annotated([Paragraph(instructions=parse(source).instructions)])

    assert '\n    B="two words" \\\n' in text
    assert text.endswith(" \\\n    x\n")


def test_an_empty_line_follows_a_document() -> None:
    source = "FROM a\nCOPY <<EOF /x\nhi\nEOF\nRUN x\n"

    assert "EOF\n\nRUN x\n" in annotated([Paragraph(instructions=parse(source).instructions)])
