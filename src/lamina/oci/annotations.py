"""Names of annotations (annotations.md): the specification's that Lamina writes, and its own."""

from typing import Final

BASE_NAME: Final = "org.opencontainers.image.base.name"
BASE_DIGEST: Final = "org.opencontainers.image.base.digest"
CREATED: Final = "org.opencontainers.image.created"
TITLE: Final = "org.opencontainers.image.title"

PREDICATE_TYPE: Final = "in-toto.io/predicate-type"
"""On the layer of an attestation: what its statement is about, as BuildKit writes it."""

LAYER_KEY: Final = "dev.lamina.layer.key"
"""On a layer's descriptor: the key of what it was made from.

Who knows a plan can tell from a manifest alone which of the plan's layers an image has.  It is a
claim of whoever wrote the manifest, good for forecasts and for nothing else.
"""

MEMO_SEAL: Final = "dev.lamina.memo.seal"
"""On a memo's manifest: see ``lamina.registry.memo_document``."""

BUILD_ID: Final = "dev.lamina.build.id"
"""On a build record's manifest: the build's id in the history."""
