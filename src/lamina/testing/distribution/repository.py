"""Repository: what is kept under one name, and the choices that the specification leaves."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from lamina.errors import ImageError
from lamina.oci.digest import Digest
from lamina.testing.distribution.wire import RefusalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Where the specification leaves a registry a choice, and where real ones differ.

    ``location`` is how upload addresses are written.  With ``has_upload_state`` they carry a query
    that changes with every step and has to come back byte for byte, as distribution's does.
    ``least_chunk`` is announced as ``OCI-Chunk-Min-Length`` and insisted on.  A registry that
    ``needs_accept`` hides manifests of types that are not asked for, as distribution does.
    """

    location: Literal["relative", "absolute"] = "relative"
    has_upload_state: bool = False
    least_chunk: int = 0
    accepts_single_post: bool = True
    has_referrers: bool = True
    ignores_range: bool = False
    needs_accept: bool = False
    largest_manifest: int = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredManifest:
    """A manifest or index as it was sent."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Upload:
    """A blob that is being sent."""

    id: str
    data: bytearray = field(default_factory=bytearray, repr=False)
    had_short_chunk: bool = False


@dataclass(slots=True)
class Repository:
    """What is kept under one name."""

    blobs: dict[Digest, bytes] = field(default_factory=dict, repr=False)
    manifests: dict[Digest, StoredManifest] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def find(self, reference: str) -> Digest:
        """Return the digest of the manifest that a tag or digest names, or refuse."""
        digest = parse_digest(reference) if ":" in reference else self.tags.get(reference)
        if digest is None or digest not in self.manifests:
            raise RefusalError(404, "MANIFEST_UNKNOWN", f"there is no manifest {reference}")
        return digest


@dataclass(slots=True)
class Storage:
    """All repositories; asking for one makes it.  ``received`` lists blobs in order of arrival."""

    choices: Choices
    repositories: defaultdict[str, Repository] = field(
        default_factory=lambda: defaultdict(Repository)
    )
    received: list[Digest] = field(default_factory=list)
    started: int = 0

    def start_upload(self, repository: Repository) -> Upload:
        """Open an upload with a new id."""
        self.started += 1
        upload = Upload(id=f"upload-{self.started}")
        repository.uploads[upload.id] = upload
        return upload

    def keep(self, repository: Repository, digest: Digest, data: bytes) -> None:
        """Store a blob that was received, or refuse other bytes than promised."""
        if Digest.of(data) != digest:
            raise RefusalError(400, "DIGEST_INVALID", f"the bytes do not have {digest}")
        repository.blobs[digest] = data
        self.received.append(digest)


def parse_digest(text: str) -> Digest:
    """Read a digest, or refuse."""
    try:
        return Digest.parse(text)
    except ImageError as error:
        raise RefusalError(400, "DIGEST_INVALID", error.what) from error
