"""Which certificate authorities are trusted for one host beside the usual ones."""

import ssl
from pathlib import Path

from lamina.errors import InputError


def trusting(ca_certs: str | None, authorities: tuple[Path, ...]) -> ssl.SSLContext:
    """Trust what is trusted anyway, and some more authorities for one host.

    Raises ``InputError`` for a file that holds no certificates.
    """
    path: str | Path | None = ca_certs
    try:
        context = ssl.create_default_context(cafile=ca_certs)
        for path in authorities:
            context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"cannot read certificates: {error.strerror or error}", where=str(path)
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
