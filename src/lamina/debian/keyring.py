"""OpenPGP: from a clear-signed file and a source's keys to the text that was signed."""

from pysequoia import Cert, verify

from lamina.debian.sources import ArchiveSource
from lamina.errors import IntegrityError, ProjectError

_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"


def signed_text(data: bytes, source: ArchiveSource) -> str:
    """Return the part of a clear-signed file that a key of ``source`` has signed.

    Only that part may be parsed: text before and after it also passes the verification.
    One good signature is enough, since archives sign with several keys.
    Raises ``IntegrityError`` if there is no good signature, ``ProjectError`` if there are no keys.
    """
    if data.count(_BEGIN) != 1:
        raise _refused(source, f"it holds {data.count(_BEGIN)} signed messages instead of one")
    certificates = _certificates(source)
    try:
        result = verify(bytes=data, store=lambda _ids: certificates)
    except Exception as error:  # the library raises bare RuntimeError and ValueError
        raise _refused(source, str(error).splitlines()[0]) from error
    if result.bytes is None:
        raise _refused(source, "it holds no signed text")
    try:
        return bytes(result.bytes).decode()
    except UnicodeDecodeError as error:
        raise _refused(source, "the signed text is not UTF-8") from error


def _certificates(source: ArchiveSource) -> list[Cert]:
    certificates: list[Cert] = []
    try:
        if source.key_block:
            certificates = Cert.split_bytes(source.key_block.encode())
        for path in source.keyrings:
            certificates += Cert.split_file(str(path))
    except Exception as error:  # as above: the library has no exception classes of its own
        raise ProjectError(
            "the keys of an apt source cannot be read",
            where=source.where,
            hint="install the archive's keyring package, for example debian-archive-keyring",
            why=str(error),
        ) from error
    if source.fingerprints:
        certificates = [c for c in certificates if c.fingerprint.upper() in source.fingerprints]
    if not certificates:
        raise ProjectError(
            "an apt source has no key to check its signature with",
            where=source.where,
            hint="name the archive's keyring with Signed-By",
        )
    return certificates


def _refused(source: ArchiveSource, why: str) -> IntegrityError:
    return IntegrityError(
        f"the InRelease file of {source.uris[0]} {source.suite} has no good signature",
        where=source.where,
        hint="check Signed-By of this source, and that nothing between here and the archive "
        "changes files",
        why=why,
    )
