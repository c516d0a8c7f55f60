"""docs/reference/exports.md names all that is exported, and nothing else."""

from dataclasses import replace

from lamina.history.fold import Header, fold
from lamina.history.prometheus import exposition
from lamina.history.record import BuildOutcome, LayerRecord, StepOutcome
from lamina.history.rows import row_of
from lamina.observers.otlp.metrics import metrics
from lamina.observers.otlp.spans import MOST_STEPS, spans
from tests.docs.markdown import DOCS, codes, rows, sections
from tests.history.builds import COLD

_SECTIONS = sections((DOCS / "reference" / "exports.md").read_text(encoding="utf-8"), level=2)
_DONE = fold(Header(id="c01d", engine="native", tool="x", names=("r/shop:1",), branch="main",
                    revision="a", ci="github"), COLD)  # fmt: skip
_FULL = replace(
    _DONE,
    outcome=BuildOutcome.FAILED,
    steps=(
        replace(_DONE.steps[0], outcome=StepOutcome.FAILED, stage="build", bytes=1),
        *(replace(_DONE.steps[-1], id=str(n)) for n in range(MOST_STEPS)),
    ),
    layers=(
        *_DONE.layers,
        LayerRecord(digest="sha256:ab", size=1, step=_DONE.steps[0].id),
    ),
)
_ROW = row_of(_FULL, {}, _DONE)


def first_cells(section: str) -> list[str]:
    return [name for row in rows(_SECTIONS[section]) for name in codes(row[0])]


def test_every_attribute_of_spans_is_listed() -> None:
    found = {
        attribute["key"] for span in spans(_FULL, _ROW, None) for attribute in span["attributes"]
    }

    assert found == set(first_cells("Spans"))


def test_every_metric_is_listed_with_its_unit_and_attributes() -> None:
    shared = set(codes(_SECTIONS["Metrics"].partition("|")[0]))
    listed = {row[0].strip("`"): row for row in rows(_SECTIONS["Metrics"])[1:]}

    found = metrics(_FULL, _ROW, is_delta=False)

    assert [metric["name"] for metric in found] == list(listed)
    for metric in found:
        kind = {"histogram": "histogram", "sum": "counter", "gauge": "gauge"}[
            next(name for name in ("histogram", "sum", "gauge") if name in metric)
        ]
        assert listed[metric["name"]][1] == f"{kind}, {metric['unit']}"
        points = next(metric[x] for x in ("histogram", "sum", "gauge") if x in metric)["dataPoints"]
        keys = {one["key"] for point in points for one in point["attributes"]}
        named = codes(listed[metric["name"]][2])
        assert keys - shared == {name for name in named if "." in name}


def test_every_metric_of_prometheus_is_listed_with_its_labels() -> None:
    text = exposition([_ROW], lambda _: _FULL)
    found = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))

    listed = {row[0].strip("`"): row for row in rows(_SECTIONS["Prometheus"])[1:]}

    assert found == {name: row[1] for name, row in listed.items()}
    for name, row in listed.items():
        sample = next(line for line in text.splitlines() if line.startswith(f"{name}{{"))
        labels = {part.partition("=")[0] for part in sample.partition("{")[2].split(",")}
        assert labels == {"project", "image", "engine", *codes(row[2])}
