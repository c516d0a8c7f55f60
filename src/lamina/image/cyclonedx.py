"""A bill as CycloneDX 1.6 JSON (ECMA-424); equal bills have equal bytes; pure."""

import json
import uuid
from typing import Any, Final

from lamina.image.license import License
from lamina.image.rfc3339 import rfc_3339
from lamina.image.sbom import Bill, Ingredient
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest

_IMAGE: Final = "image"
_TYPES: Final = {"distribution": "library", "debian": "library", "project": "application"}


def cyclonedx(bill: Bill, *, tool_version: str) -> bytes:
    """Write ``bill``; its serial number follows from all the rest."""
    refs = [_reference(number, one) for number, one in enumerate(bill.ingredients)]
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": _metadata(bill, tool_version),
        "components": [
            _component(ref, one) for ref, one in zip(refs, bill.ingredients, strict=True)
        ],
        "dependencies": [{"ref": _IMAGE, "dependsOn": refs}, *({"ref": ref} for ref in refs)],
        "compositions": [
            {
                "aggregate": "complete" if bill.is_complete else "incomplete",
                "assemblies": [_IMAGE],
            }
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, str(Digest.of(canonical_json(document))))
    return json.dumps({**document, "serialNumber": serial.urn}, indent=2).encode() + b"\n"


def _metadata(bill: Bill, tool_version: str) -> dict[str, Any]:
    tool = {"type": "application", "name": "lamina", "version": tool_version}
    facts = {
        "lamina:platform": str(bill.platform),
        "lamina:base": bill.base,
        "lamina:plan": str(bill.plan or ""),
        "lamina:version": bill.version,
    }
    image: dict[str, Any] = {"bom-ref": _IMAGE, "type": "container", "name": bill.name}
    if bill.image:
        image |= {"version": str(bill.image), "hashes": [_hash(bill.image)]}
    return {
        "timestamp": rfc_3339(bill.created),
        "lifecycles": [{"phase": "build" if bill.plan else "post-build"}],
        "tools": {"components": [tool]},
        "component": {**image, "properties": _properties(facts)},
    }


def _component(ref: str, one: Ingredient) -> dict[str, Any]:
    facts = {"lamina:role": str(one.role), "lamina:file": one.file, "lamina:found-at": one.found_at}
    members = {
        "type": _TYPES[one.kind],
        "bom-ref": ref,
        "name": one.name,
        "version": one.version,
        "hashes": [_hash(one.digest)] if one.digest else [],
        "licenses": _licenses(one.license),
        "purl": one.purl,
        "properties": _properties(facts),
    }
    return {name: value for name, value in members.items() if value}


def _reference(number: int, one: Ingredient) -> str:
    """Name a component inside the document: two may have one purl, and one may have none."""
    return f"{number}-{one.purl or one.name}"


def _licenses(one: License) -> list[dict[str, Any]]:
    if one.expression:
        return [{"expression": one.expression}]
    return [{"license": {"name": one.said}}] if one.said else []


def _hash(digest: Digest) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.hex}


def _properties(facts: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in facts.items() if value]
