"""What these tests ask a registry, and what they find in its answers."""

import base64
import json
from typing import Any

from lamina.oci import media_type
from lamina.oci.digest import Digest
from lamina.testing.registry import InMemoryRegistry
from tests.support.raw_http import Said, ask

BLOB = b"hello, blob"
NAME = "demo/app"
UPLOADS = f"/v2/{NAME}/blobs/uploads/"
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"alice:s3cret").decode()}


def keep(registry: InMemoryRegistry, data: bytes = BLOB, name: str = NAME) -> Digest:
    """Put a blob in by hand."""
    digest = Digest.of(data)
    registry.repositories[name].blobs[digest] = data
    return digest


def manifest_of(*blobs: bytes, **more: Any) -> bytes:
    """Write a manifest whose config is the first of the blobs."""
    config, *layers = [
        {"mediaType": kind, "digest": str(Digest.of(blob)), "size": len(blob)}
        for kind, blob in zip(
            [media_type.CONFIG] + [media_type.LAYER_TAR] * len(blobs), blobs, strict=False
        )
    ]
    members = {"schemaVersion": 2, "mediaType": media_type.MANIFEST, "config": config}
    return json.dumps({**members, "layers": layers, **more}).encode()


def put_manifest(
    registry: InMemoryRegistry, reference: str, data: bytes, kind: str = media_type.MANIFEST
) -> Said:
    path = f"/v2/{NAME}/manifests/{reference}"
    return ask(registry.address, "PUT", path, data, headers={"Content-Type": kind})


def start(registry: InMemoryRegistry, query: str = "", body: bytes = b"") -> Said:
    return ask(registry.address, "POST", f"{UPLOADS}{query}", body)


def code(said: Said) -> str:
    (error,) = json.loads(said.body)["errors"]
    return str(error["code"])
