"""Build a wheel by the hooks of PEP 517; runs inside the sandbox, with the standard library only.

Arguments: a JSON object with ``sdist``, ``backend``, ``backend_path``, ``requirements`` (a folder),
``work`` and ``out``.  Writes ``out/result.json``: ``{"requires": [...]}`` when the backend asks for
more than is there, else ``{"wheel": "name.whl"}``.
"""

from __future__ import annotations  # the image's Python may be an old one

import importlib
import importlib.metadata
import json
import os
import re
import site
import sys
import tarfile
import zipfile
from typing import Any

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def main() -> None:
    """Unpack, ask, build, report."""
    job = json.loads(sys.argv[1])
    site.addsitedir(job["requirements"])
    # Ahead of the standard library's own site, so that no other setuptools is found first.
    sys.path.insert(0, job["requirements"])
    os.chdir(_unpack(job["sdist"], job["work"]))
    sys.path[:0] = [os.path.abspath(path) for path in job["backend_path"]]  # noqa: PTH100
    module, _, attribute = job["backend"].partition(":")
    backend: Any = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        backend = getattr(backend, name)
    ask = getattr(backend, "get_requires_for_build_wheel", None)
    missing = [text for text in (ask(None) if ask else []) if not _is_there(text)]
    result = {"requires": missing} if missing else {"wheel": backend.build_wheel(job["out"], None)}
    with open(os.path.join(job["out"], "result.json"), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123
        json.dump(result, file)


def _unpack(sdist: str, work: str) -> str:
    """Unpack the sdist; whatever it tries, only the sandbox's own directories can be written."""
    if sdist.endswith(".zip"):
        with zipfile.ZipFile(sdist) as archive:
            archive.extractall(work)  # noqa: S202 - see above
    else:
        safe: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        with tarfile.open(sdist) as archive:  # noqa: TID251 - to read, and layers are not about
            archive.extractall(work, **safe)  # noqa: S202 - see above
    folders = [entry.path for entry in os.scandir(work) if entry.is_dir()]
    if len(folders) != 1:
        sys.exit(f"the sdist holds {len(folders)} folders at its top, and not one")
    return folders[0]


def _is_there(requirement: str) -> bool:
    match = _NAME.match(requirement)
    try:
        importlib.metadata.distribution(match.group(1) if match else requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
