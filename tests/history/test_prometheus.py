"""Past builds as Prometheus reads them, judged by Prometheus' own parser."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from lamina.history.fold import Header, fold
from lamina.history.prometheus import exposition
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.history.rows import row_of
from tests.history.builds import COLD, WARM, build, records

COLD_BUILD = fold(Header(id="c01d", engine="native", names=("r/shop:1",)), COLD)
WARM_BUILD = fold(Header(id="3a3a", engine="native", names=("r/shop:2",)), WARM)
LABELS = {"project": "shop", "image": "r/shop", "engine": "native"}


def families(*newest_first: BuildRecord, unreadable: str = "") -> dict[str, Metric]:
    known = {record.id: record for record in newest_first}
    rows = [row_of(record, {}, None) for record in newest_first]
    text = exposition(rows, lambda row: None if row.id == unreadable else known[row.id])
    found = list(text_string_to_metric_families(text))
    assert len(found) == len({family.name for family in found})
    return {family.name: family for family in found}


def value(families: dict[str, Metric], name: str, **more: str) -> float:
    (found,) = (
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == {**LABELS, **more}
    )
    return float(found)


def test_gauges_are_those_of_the_last_build_and_counters_of_all() -> None:
    found = families(WARM_BUILD, COLD_BUILD)

    assert value(found, "lamina_last_build_duration_seconds") == 1
    assert value(found, "lamina_last_build_timestamp_seconds") == 201
    assert value(found, "lamina_last_build_success") == 1
    assert value(found, "lamina_last_build_time_hit_ratio") == 1
    assert value(found, "lamina_last_image_bytes", platform="linux/amd64") == 451
    assert value(found, "lamina_last_image_component_bytes", component="base") == 300
    assert value(found, "lamina_last_build_phase_seconds", phase="plan") == 0.5
    assert value(found, "lamina_last_build_steps", outcome="cached") == 4
    assert value(found, "lamina_builds_total", outcome="done") == 2
    assert value(found, "lamina_build_seconds_total") == 16
    assert value(found, "lamina_pushed_bytes_total") == 50
    assert {family.type for family in found.values()} == {"gauge", "counter"}


def test_images_are_told_apart() -> None:
    other = replace(WARM_BUILD, id="0", project="other", names=("r/other:1",))

    found = families(other, COLD_BUILD)

    assert len(found["lamina_last_build_success"].samples) == 2
    assert value(found, "lamina_last_build_duration_seconds") == 15


def test_a_failed_build_is_no_success() -> None:
    failed = replace(WARM_BUILD, id="0", outcome=BuildOutcome.FAILED)

    found = families(failed, COLD_BUILD)

    assert value(found, "lamina_last_build_success") == 0
    assert value(found, "lamina_builds_total", outcome="failed") == 1


def test_what_is_not_known_is_left_out() -> None:
    assert families() == {}
    assert "lamina_last_build_reuse_ratio" not in families(COLD_BUILD)
    found = families(COLD_BUILD, unreadable="c01d")
    assert "lamina_last_build_phase_seconds" not in found
    assert value(found, "lamina_last_build_duration_seconds") == 15


def test_labels_hold_any_text() -> None:
    hostile = 'a"b\\c\nd{e="f"} 1'
    (sample,) = families(build(project=hostile))["lamina_last_build_success"].samples

    assert sample.labels["project"] == hostile


@given(st.lists(records, max_size=4, unique_by=lambda record: record.id))
@settings(max_examples=60, deadline=None)
def test_whatever_records_hold_it_can_be_read(found: list[BuildRecord]) -> None:
    result = families(*sorted(found, key=lambda record: record.started, reverse=True))

    total = sum(
        sample.value for sample in result["lamina_builds"].samples
    ) if found else 0  # fmt: skip
    assert total == len(found)
