"""Real registries on loopback: docker-registry, unpacked by scripts/setup-test-tools.sh."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import run, server
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
  addr: "127.0.0.1:0"
  secret: not-a-real-secret-for-tests-only
"""
_WITH_PASSWORD = """\
auth:
  htpasswd: {{realm: test, path: {folder}/htpasswd}}
"""
_WITH_TLS = """\
  tls: {{certificate: {folder}/server.crt, key: {folder}/server.key, minimumtls: tls1.2}}
"""
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")
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
    with _serving(folder, _CONFIG) as address:
        yield address


@contextmanager
def guarded_registry(folder: Path, *, has_tls: bool) -> Iterator[GuardedRegistry]:
    """Run a registry with a password, and with a certificate of an authority of its own."""
    (folder / "htpasswd").write_text(_HTPASSWD)
    authority = make_certificate(folder) if has_tls else None
    with _serving(folder, _CONFIG + (_WITH_TLS if has_tls else "") + _WITH_PASSWORD) as address:
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


@contextmanager
def _serving(folder: Path, template: str) -> Iterator[str]:
    """Run the registry on a port of its own choice, so that nobody else can have taken it."""
    (folder / "config.yml").write_text(template.format(folder=folder))
    log = folder / "registry.log"
    with server(
        [PROGRAM, "serve", folder / "config.yml"],
        log=log,
        is_ready=lambda: _LISTENING.search(log.read_text()) is not None,
    ):
        yield _LISTENING.findall(log.read_text())[0]
