"""Official schemas and validators of bills of materials, none of which needs a network."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx_problem(data: bytes) -> str:
    """Say what the schema of CycloneDX 1.6 has against a document; empty for nothing."""
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode())
    return "" if problem is None else str(problem)


def spdx_problems(data: bytes) -> list[str]:
    """Say what the SPDX 2.3 specification has against a document."""
    parser = JsonLikeDictParser()  # type: ignore[no-untyped-call]
    document = parser.parse(json.loads(data))
    return [str(message) for message in validate_full_spdx_document(document)]
