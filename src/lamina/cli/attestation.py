"""The documents that are attached to one image, from the plan that it was made of."""

from collections.abc import Mapping
from pathlib import Path

from lamina.cli import wiring
from lamina.cli.bills import gather_bill, tool_version
from lamina.history.circumstances import circumstances
from lamina.image.cyclonedx import cyclonedx
from lamina.image.provenance import PREDICATE_TYPE, provenance
from lamina.image.rfc3339 import rfc_3339
from lamina.image.spdx import spdx
from lamina.oci import media_type
from lamina.oci.image import Image
from lamina.plan.plan import BuildPlan
from lamina.project.read import read_project
from lamina.registry.attestations import Document
from lamina.steps import Step
from lamina.workshop import Workshop


def documents(  # noqa: PLR0913 - what they say and where from
    plan: BuildPlan,
    image: Image,
    workshop: Workshop,
    directory: Path,
    step: Step,
    *,
    variables: Mapping[str, str],
) -> tuple[Document, ...]:
    """Write both bills and the provenance of ``image``."""
    digest, own = image.descriptor.digest, tool_version()
    opener = wiring.wheel_parts(directory, offline=False)
    bill = gather_bill(
        plan,
        workshop,
        opener,
        step,
        project_version=read_project(directory).version,
        image=digest,
    )
    revision = circumstances(variables, directory)["revision"]
    made = provenance(plan, bill, digest, tool_version=own, revision=revision)
    rows = (
        (media_type.CYCLONEDX, "sbom.cdx.json", cyclonedx(bill, tool_version=own), ""),
        (media_type.SPDX, "sbom.spdx.json", spdx(bill, tool_version=own), ""),
        (media_type.IN_TOTO, "provenance.intoto.json", made, PREDICATE_TYPE),
    )
    created = rfc_3339(plan.created)
    return tuple(
        Document(kind=kind, title=title, data=data, created=created, predicate_type=predicate)
        for kind, title, data, predicate in rows
    )
