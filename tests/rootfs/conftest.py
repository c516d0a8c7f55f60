"""A small image root made of this machine's own shell and Python, as one layer."""

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamina.rootfs.unpack import unpack

LayerMaker = Callable[..., io.BytesIO]

_PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:65532:65532:app:/home/app:/bin/sh\n"
_LEFT_OUT = re.compile(
    r"/(test|tests|idlelib|site-packages|ensurepip|tkinter|turtledemo|lib2to3|config-.*)(/|$)"
)


def make_layer(*members: tuple[str, bytes | None] | tarfile.TarInfo) -> io.BytesIO:
    """Make a layer of (path, content), None for a directory, and of members made elsewhere."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member, io.BytesIO(bytes(member.size)))
                continue
            name, content = member
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.mode = 0o755 if content is None else 0o644
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    out.seek(0)
    return out


def _libraries(paths: list[str]) -> set[str]:
    shown = subprocess.run(["ldd", *paths], capture_output=True, text=True, check=False).stdout
    return {word for word in shown.split() if word.startswith("/") and not word.endswith(":")}


def _machine_layer(path: Path) -> None:
    """Pack a shell, a few commands and Python into a layer."""
    programs = [f"/usr/bin/{name}" for name in ("dash", "id", "env", "cat", "touch", "sleep")]
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    stdlib = Path(sys.base_prefix) / "lib" / python.name
    modules = [str(path) for path in stdlib.glob("lib-dynload/*.so")]
    with tarfile.open(path, "w", dereference=True) as archive:
        for program in programs:
            archive.add(program, f"bin/{Path(program).name}")
        archive.add(python, "usr/local/bin/python3")
        archive.add(
            stdlib,
            f"usr/local/lib/{python.name}",
            filter=lambda info: None if _LEFT_OUT.search(f"/{info.name}") else info,
        )
        for library in sorted(_libraries([*programs, str(python), *modules])):
            archive.add(library, library.lstrip("/"))
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "dash"
        archive.addfile(link)
        secret = tarfile.TarInfo("secret")
        secret.mode = 0o600
        archive.addfile(secret)


@pytest.fixture(scope="session")
def machine_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Unpack an image where other users can enter, for the image's user is one of them."""
    if not shutil.which("bwrap") or sys.platform != "linux":
        pytest.skip("bubblewrap is not installed")
    folder = tmp_path_factory.mktemp("machine")
    _machine_layer(folder / "layer.tar")
    site = f"usr/local/lib/python3.{sys.version_info.minor}/site-packages"
    with (folder / "layer.tar").open("rb") as stream:
        more = make_layer(
            ("etc/passwd", _PASSWD),
            ("srv/serve.py", _SERVER),
            (f"{site}/good/__init__.py", b""),
            (f"{site}/bad.py", b"import nothing_has_this_name\n"),
            (f"{site}/crash.py", b"import os\nos.abort()\n"),
            (f"{site}/good-1.0.dist-info/RECORD", b"good/__init__.py,,\n"),
            (f"{site}/Bad_Ones-1.0.dist-info/RECORD", b"bad.py,,\ncrash.py,,\ngood/a.py,,\n"),
        )
        unpack([stream, more], folder / "root")
    temporary = Path(tempfile.gettempdir())
    for path in (folder, *folder.parents):  # pytest closes them to others
        if temporary in path.parents:
            path.chmod(path.stat().st_mode | 0o011)
    yield folder / "root"
    shutil.rmtree(folder / "root")


_SERVER = b"""
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *words):
        print("asked for", self.path, flush=True)
print("starting", flush=True)
http.server.HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


@pytest.fixture
def layer() -> LayerMaker:
    return make_layer
