"""A PostgreSQL server of this machine's packages, on the loopback, with a folder of its own."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.process import free_port, run, server

_USER = "postgres"
_PASSWORD = "s3cret"


def programs() -> Path | None:
    """Find the folder of initdb and postgres; None where there is none, or nobody to run them.

    PostgreSQL refuses to run as root, so it takes root to become its user.
    """
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        return None
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and os.geteuid() == 0 and shutil.which("setpriv") else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server while the block runs; give the address of an empty database with a password."""
    bin_ = programs()
    assert bin_ is not None
    data, port = folder / "data", free_port()
    secret = folder / "password"
    folder.mkdir(parents=True, exist_ok=True)
    secret.write_text(_PASSWORD)
    shutil.chown(folder, _USER)
    shutil.chown(secret, _USER)
    as_user: list[str | Path] = [
        "setpriv",
        f"--reuid={_USER}",
        f"--regid={_USER}",
        "--clear-groups",
    ]
    run(
        *as_user, bin_ / "initdb", "--pgdata", data, "--auth", "scram-sha-256", "--username",
        "lamina", "--pwfile", secret, "--encoding", "UTF8", "--locale", "C", "--no-sync",
    )  # fmt: skip
    address = f"postgresql://lamina:{_PASSWORD}@127.0.0.1:{port}/postgres"
    command: list[str | Path] = [
        *as_user, bin_ / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1",
        "-c", f"unix_socket_directories={folder}", "-c", "fsync=off",
    ]  # fmt: skip
    with server(command, log=folder / "log", is_ready=lambda: _answers(bin_, port)):
        yield address


def query(address: str, statement: str) -> str:
    """Ask the server with its own client."""
    return run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "-c", statement, address)


def _answers(bin_: Path, port: int) -> bool:
    command: list[str | Path] = [bin_ / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
