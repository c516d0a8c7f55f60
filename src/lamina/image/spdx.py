"""A bill as SPDX 2.3 JSON (ISO/IEC 5962); equal bills have equal bytes; pure."""

import json
import re
import uuid
from typing import Any, Final

from lamina.image.rfc3339 import rfc_3339
from lamina.image.sbom import Bill, Ingredient
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest

_UNKNOWN: Final = "NOASSERTION"
_IMAGE: Final = "SPDXRef-Image"
_DOCUMENT: Final = "SPDXRef-DOCUMENT"


def spdx(bill: Bill, *, tool_version: str) -> bytes:
    """Write ``bill``; its namespace follows from all the rest."""
    ids = [_identifier(number, one) for number, one in enumerate(bill.ingredients)]
    packages = [_package(id_, one) for id_, one in zip(ids, bill.ingredients, strict=True)]
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": bill.name,
        "comment": _comment(bill),
        "creationInfo": {
            "created": rfc_3339(bill.created),
            "creators": [f"Tool: lamina-{tool_version}"],
        },
        "packages": [_image(bill), *packages],
        "relationships": [
            _related(_DOCUMENT, "DESCRIBES", _IMAGE),
            *(_related(_IMAGE, "CONTAINS", id_) for id_ in ids),
        ],
    }
    digest = Digest.of(canonical_json(document))
    document["documentNamespace"] = uuid.uuid5(uuid.NAMESPACE_OID, str(digest)).urn
    return json.dumps(document, indent=2).encode() + b"\n"


def _comment(bill: Bill) -> str:
    known = "each package is known by digest" if bill.is_complete else "as the layers say"
    facts = (f"platform {bill.platform}", bill.base and f"base {bill.base}", known)
    return ", ".join(fact for fact in facts if fact)


def _image(bill: Bill) -> dict[str, Any]:
    found = {"versionInfo": str(bill.image), "checksums": [_checksum(bill.image)]}
    return {
        "SPDXID": _IMAGE,
        "name": bill.name,
        **(found if bill.image else {}),
        "primaryPackagePurpose": "CONTAINER",
        **_unsaid(),
    }


def _package(id_: str, one: Ingredient) -> dict[str, Any]:
    purpose = "APPLICATION" if one.kind == "project" else "LIBRARY"
    members: dict[str, Any] = {
        "SPDXID": id_,
        "name": one.name,
        "versionInfo": one.version,
        "packageFileName": one.file,
        "primaryPackagePurpose": purpose,
        "checksums": [_checksum(one.digest)] if one.digest else [],
        "sourceInfo": f"named by {one.found_at}" if one.found_at else "",
        "externalRefs": [_purl(one.purl)] if one.purl else [],
        **_unsaid(),
    }
    if one.license.expression:
        members["licenseDeclared"] = one.license.expression
    elif one.license.said:
        members["licenseComments"] = f"it says: {one.license.said}"
    return {name: value for name, value in members.items() if value not in ("", [])}


def _unsaid() -> dict[str, Any]:
    """Say of what nobody looked at that nobody did."""
    return {
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": _UNKNOWN,
        "copyrightText": _UNKNOWN,
        "supplier": _UNKNOWN,
    }


def _identifier(number: int, one: Ingredient) -> str:
    """Make an id of letters, digits, dots and dashes; the number keeps equal names apart."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", one.name).strip("-")
    return f"SPDXRef-{one.kind}-{name}-{number}"


def _purl(purl: str) -> dict[str, str]:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }


def _checksum(digest: Digest | None) -> dict[str, str]:
    return {"algorithm": "SHA256", "checksumValue": digest.hex if digest else ""}


def _related(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
