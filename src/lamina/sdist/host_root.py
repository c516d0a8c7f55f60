"""Offer this machine's own programs and Python as a sandbox's root, for sdists of Python only.

Only system directories and the interpreter are visible.  What is compiled with them fits this
machine and perhaps not the image, so only pure wheels made here are used.
"""

import subprocess
from pathlib import Path

from lamina.bytecode.compiler import find_interpreter
from lamina.sdist.sandbox import Root

_ASK = (
    "import os, sys; print(os.path.realpath(getattr(sys, '_base_executable', sys.executable))); "
    "print(os.path.realpath(sys.base_prefix))"
)
_MERGED = ("bin", "lib", "lib32", "lib64", "sbin")
_FILES = ("etc/alternatives", "etc/ld.so.cache", "etc/localtime", "usr")


def host_root(python: str, *, system: Path = Path("/")) -> Root | None:
    """Describe the root with a Python of the minor version ``python``; None if none is here."""
    program = find_interpreter(python)
    if program is None:
        return None
    done = subprocess.run([program, "-I", "-c", _ASK], check=False, capture_output=True, text=True)
    answers = done.stdout.splitlines()
    if done.returncode or len(answers) != 2:  # noqa: PLR2004 - two lines were asked for
        return None
    executable, prefix = answers
    mounts = {f"/{name}": system / name for name in _FILES if (system / name).exists()}
    links = {}
    for name in _MERGED:
        path = system / name
        if path.is_symlink():
            links[f"/{name}"] = str(path.readlink())
        elif path.is_dir():
            mounts[f"/{name}"] = path
    if not prefix.startswith("/usr"):
        mounts[prefix] = Path(prefix)
    return Root(
        name=f"this machine's Python {python}", python=executable, mounts=mounts, links=links
    )
