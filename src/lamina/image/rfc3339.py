"""Times as documents write them (RFC 3339), from seconds since the epoch; pure."""

from datetime import UTC, datetime


def rfc_3339(seconds: int) -> str:
    """Write a time in UTC, in whole seconds.

    >>> rfc_3339(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
