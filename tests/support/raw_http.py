"""Requests by http.client alone, each on a connection of its own."""

import http.client
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    address: str,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Said:
    """Send one request to ``127.0.0.1:PORT``; a body in parts is sent chunked."""
    connection = (
        http.client.HTTPConnection(address, timeout=20)
        if tls is None
        else http.client.HTTPSConnection(address, timeout=20, context=tls)
    )
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Said(status=answer.status, headers=fields, body=answer.read())
    finally:
        connection.close()
