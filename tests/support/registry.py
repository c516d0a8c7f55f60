"""A real registry on loopback: docker-registry, unpacked by scripts/setup-test-tools.sh."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.process import answers, free_port, server
from tests.support.tools import TOOLS

PROGRAM = TOOLS / "docker-20/usr/bin/docker-registry"
_CONFIG = """\
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "{address}", secret: not-a-real-secret-for-tests-only}}
"""


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
