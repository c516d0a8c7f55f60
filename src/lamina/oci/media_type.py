"""The media types Lamina writes and reads (OCI image-spec, media-types.md)."""

from typing import Final

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER_TAR: Final = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_ZSTD: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MANIFESTS: Final = frozenset({MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({INDEX, DOCKER_LIST})
EMPTY: Final = "application/vnd.oci.empty.v1+json"
MEMO: Final = "application/vnd.lamina.memo.v1"
MEMO_DOCUMENT: Final = "application/vnd.lamina.memo.v1+json"
MEMO_CONTENTS: Final = "application/vnd.lamina.contents.v1+json+gzip"
MEMO_FILE: Final = "application/octet-stream"
BUILD_RECORD: Final = "application/vnd.lamina.build-record.v1+json"
BUILD_RECORD_GZIP: Final = f"{BUILD_RECORD}+gzip"
CYCLONEDX: Final = "application/vnd.cyclonedx+json"
SPDX: Final = "application/spdx+json"
IN_TOTO: Final = "application/vnd.in-toto+json"

LAYERS: Final = frozenset({LAYER_TAR, LAYER_GZIP, LAYER_ZSTD, DOCKER_LAYER_GZIP})
