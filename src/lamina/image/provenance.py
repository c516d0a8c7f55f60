"""Provenance: how an image was made, as an in-toto statement with SLSA's predicate v1; pure.

It says what a build of SLSA's Build Level 1 says: it exists, it is complete as to what was put in,
and nobody signed it.  It holds no clock, no address and no variable of the machine, so equal builds
say the same.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from lamina.image.purl import oci_purl
from lamina.image.sbom import Bill
from lamina.layer.compress import compressor
from lamina.layer.key import LAYOUT_VERSION
from lamina.oci.digest import Digest
from lamina.plan.diet import describe
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.project.base_pin import registry_reference

PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
BUILD_TYPE: Final = "https://lamina.dev/build/native/v1"
"""A name, which docs/how-to/prove.md explains; nothing is served there."""

BUILDER: Final = "https://lamina.dev/builder/unverified/v1"
"""Whoever ran `lamina build`: nothing vouches for the machine."""


def provenance(
    plan: BuildPlan, bill: Bill, image: Digest, *, tool_version: str, revision: str = ""
) -> bytes:
    """Write the statement that ``image`` is what ``plan`` makes of the ingredients of ``bill``.

    ``revision`` is the commit that the checkout was on, with or without changes upon it.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": plan.name, "digest": _digest(image)}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _asked(plan, revision),
                "internalParameters": {
                    "plan": str(bill.plan),
                    "layoutVersion": LAYOUT_VERSION,
                    "compressor": compressor(),
                },
                "resolvedDependencies": [*_base(plan.base), *_ingredients(bill)],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": {"lamina": tool_version}}},
        },
    }
    return json.dumps(statement, indent=2).encode() + b"\n"


def _asked(plan: BuildPlan, revision: str) -> dict[str, Any]:
    asked = {
        "project": plan.name,
        "revision": revision,
        "platform": str(plan.base.platform),
        "base": plan.base.reference,
        "bytecode": plan.bytecode,
        "diet": describe(plan.diet),
        "created": plan.created,
        "config": plan.runtime.to_json(),
        "files": [{"path": file.path, "digest": _digest(file.digest)} for file in _files(plan)],
    }
    return {name: value for name, value in asked.items() if value not in ("", [], {})}


def _files(plan: BuildPlan) -> Iterable[Any]:
    return (file for layer in plan.layers for file in getattr(layer, "files", ()))


def _base(base: BaseImage) -> Iterable[dict[str, Any]]:
    """Name a base that is somebody's image; one that is assembled is its packages."""
    reference = registry_reference(base.reference)
    if reference is not None and reference.digest is not None:
        uri = oci_purl(reference, reference.digest)
        yield {"name": base.reference, "uri": uri, "digest": _digest(reference.digest)}
    elif base.found_layers:
        yield {"name": base.reference, "digest": _digest(base.digest)}


def _ingredients(bill: Bill) -> Iterable[dict[str, Any]]:
    for one in bill.ingredients:
        if one.digest is not None:
            yield {"name": one.file, "uri": one.purl, "digest": _digest(one.digest)}


def _digest(digest: Digest) -> dict[str, str]:
    return {"sha256": digest.hex}
