"""Real registries on loopback: docker-registry, unpacked by scripts/setup-test-tools.sh."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import answers, free_port, run, server
from tests.support.tools import TOOLS

PROGRAM = TOOLS / "docker-20/usr/bin/docker-registry"
USER = "alice"
PASSWORD = "s3cret"
_HTPASSWD = f"{USER}:$2b$05$.UtFZFoTVWyEJdGD3MKeVOveEWHF/hEB4NLDWdEP1oaXZ4qUyizmm\n"
"""The line that ``htpasswd -B`` writes for this user and password."""

_CONFIG = """\
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http:
  addr: "{address}"
  secret: not-a-real-secret-for-tests-only
"""
_WITH_PASSWORD = """\
auth:
  htpasswd: {{realm: test, path: {folder}/htpasswd}}
"""
_WITH_TLS = """\
  tls: {{certificate: {folder}/server.crt, key: {folder}/server.key, minimumtls: tls1.2}}
"""
_AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
_SERVER = """\
subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth
basicConstraints=CA:FALSE
"""


@dataclass(frozen=True, kw_only=True)
class GuardedRegistry:
    """A registry that wants a password, over TLS or not.

    ``address`` is ``127.0.0.1:PORT``; ``authority`` is the PEM file of the authority that its
    certificate is from, None without TLS.
    """

    address: str
    user: str
    password: str
    authority: Path | None


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry that keeps its blobs in ``folder``; yield ``127.0.0.1:PORT``."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "config.yml").write_text(_CONFIG.format(folder=folder, address=address))
    with server(
        [PROGRAM, "serve", folder / "config.yml"],
        log=folder / "registry.log",
        is_ready=lambda: answers(f"http://{address}/v2/"),
    ):
        yield address


@contextmanager
def guarded_registry(folder: Path, *, has_tls: bool) -> Iterator[GuardedRegistry]:
    """Run a registry with a password, and with a certificate of an authority of its own."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    template = _CONFIG + (_WITH_TLS if has_tls else "") + _WITH_PASSWORD
    (folder / "config.yml").write_text(template.format(folder=folder, address=address))
    (folder / "htpasswd").write_text(_HTPASSWD)
    authority = make_certificate(folder) if has_tls else None
    with server(
        [PROGRAM, "serve", folder / "config.yml"],
        log=folder / "registry.log",
        is_ready=lambda: _listens(port),
    ):
        yield GuardedRegistry(address=address, user=USER, password=PASSWORD, authority=authority)


def make_certificate(folder: Path) -> Path:
    """Write ``server.key`` and ``server.crt`` for the loopback; return its authority's file."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    extensions = [word for text in _AUTHORITY for word in ("-addext", text)]
    run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=test CA", *authority,
        *extensions)  # fmt: skip
    request = folder / "server.csr"
    run("openssl", "req", *key, "-subj", "/CN=localhost",
        "-keyout", folder / "server.key", "-out", request)  # fmt: skip
    (folder / "server.cnf").write_text(_SERVER)
    run("openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.crt",
        "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2", "-sha256",
        "-extfile", folder / "server.cnf", "-out", folder / "server.crt")  # fmt: skip
    return folder / "ca.crt"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
