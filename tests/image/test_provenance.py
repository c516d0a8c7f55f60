"""Provenance: an in-toto statement that says how an image was made, and no more than that."""

import json
from dataclasses import replace
from typing import Any

from lamina.image.provenance import BUILD_TYPE, provenance
from lamina.image.sbom import bill_of_plan
from lamina.oci.digest import Digest
from lamina.plan.plan import FileLayer, PlannedFile
from tests.image.test_sbom import FACTS, IMAGE, PLAN, SELECTION, wheel


def statement(plan: Any = PLAN, **options: Any) -> dict[str, Any]:
    bill = bill_of_plan(plan, selection=SELECTION, facts=FACTS)
    return dict(json.loads(provenance(plan, bill, IMAGE, tool_version="0.1", **options)))


def test_it_is_about_the_image_and_names_its_types() -> None:
    made = statement()

    assert made["_type"] == "https://in-toto.io/Statement/v1"
    assert made["predicateType"] == "https://slsa.dev/provenance/v1"
    assert made["subject"] == [{"name": "app", "digest": {"sha256": IMAGE.hex}}]
    assert made["predicate"]["buildDefinition"]["buildType"] == BUILD_TYPE


def test_everything_that_went_in_is_a_dependency_with_a_digest() -> None:
    dependencies = statement()["predicate"]["buildDefinition"]["resolvedDependencies"]

    rows = {row["name"]: row for row in dependencies}

    assert {*rows} == {
        wheel("numpy", "1.26.4").filename,
        wheel("torch", "2.9+cpu").filename,
        wheel("app").filename,
        "libc6_2.36-9+deb12u10_amd64.deb",
        "tzdata_2025b_all.deb",
        "ffmpeg_7:5.1_amd64.deb",
    }
    assert all(len(row["digest"]["sha256"]) == 64 for row in dependencies)


def test_a_base_of_a_registry_is_a_dependency_with_the_registrys_digest() -> None:
    digest = Digest.of(b"index")
    base = replace(PLAN.base, reference=f"ghcr.io/acme/python:3.12@{digest}", found_layers=(1,))
    plan = replace(PLAN, base=base)

    first = statement(plan)["predicate"]["buildDefinition"]["resolvedDependencies"][0]

    assert first["digest"] == {"sha256": digest.hex}
    assert first["uri"].startswith(f"pkg:oci/python@sha256:{digest.hex}?repository_url=ghcr.io")


def test_files_are_named_with_their_digests_and_not_where_they_lie() -> None:
    file = PlannedFile(path="app/x.py", digest=IMAGE, size=1, mode=0o644, source="/home/alice/x.py")
    plan = replace(PLAN, layers=(*PLAN.layers, FileLayer(name="files", files=(file,))))

    made = statement(plan)

    asked = made["predicate"]["buildDefinition"]["externalParameters"]
    assert asked["files"] == [{"path": "app/x.py", "digest": {"sha256": IMAGE.hex}}]
    assert "alice" not in json.dumps(made)


def test_a_commit_is_named_where_there_is_one() -> None:
    commit = "a" * 40

    asked = [
        statement(revision=revision)["predicate"]["buildDefinition"]["externalParameters"]
        for revision in (commit, "")
    ]

    assert [one.get("revision") for one in asked] == [commit, None]


def test_equal_builds_say_the_same_and_no_clock_is_asked() -> None:
    assert statement() == statement()
    assert "metadata" not in statement()["predicate"]["runDetails"]
