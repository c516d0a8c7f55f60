"""Toy projects whose lock names toy wheels, built by the real command line and read by tarfile."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from unittest import mock

from packaging.utils import parse_wheel_filename

from lamina.cli.app import main
from lamina.layer.contents import Contents
from lamina.layer.venv import Venv
from lamina.layer.wheel import Options, add_wheel
from lamina.layer.write import LayerWriter
from lamina.oci.layer import Layer
from lamina.testing.wheels import ToyWheel

SITE = "opt/venv/lib/python3.11/site-packages"
NAME = "toys:1"
VENV = Venv(
    prefix=PurePosixPath("/opt/venv"),
    python="3.11",
    base_interpreter=PurePosixPath("/usr/bin/python3.11"),
)

Tree = dict[str, tuple[str, int, bytes]]
"""Path → kind, mode, and a file's bytes or a link's target."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str


def lamina(*words: str | Path, store: Path) -> Outcome:
    """Run a command in this process, with the store at ``store``."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {"LAMINA_STORE": str(store)}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main([str(word) for word in words])
    return Outcome(code=code, out=out.getvalue(), err=err.getvalue())


def build(project: Path, output: Path, store: Path, *more: str) -> Outcome:
    """Build ``project`` to the layout ``output``, under ``NAME`` as well."""
    words = ["-t", NAME, "-o", f"oci:{output}", "--platform", "linux/amd64", *more]
    return lamina("build", project, *words, store=store)


def make_project(
    directory: Path,
    wheels: Iterable[Path],
    *,
    settings: str = "",
    hashes: Mapping[str, str] | None = None,
) -> Path:
    """Write a project on base ``scratch`` whose pylock.toml names ``wheels`` by ``file:`` address.

    ``settings`` are lines of [tool.lamina]; ``hashes`` replace true hashes by file name.
    """
    directory.mkdir(parents=True)
    packages = [_package(path, hashes or {}) for path in wheels]
    (directory / "pylock.toml").write_text(
        "\n".join(['lock-version = "1.0"', 'created-by = "toys"', *packages])
    )
    (directory / "pyproject.toml").write_text(
        f'[project]\nname = "toys"\nversion = "1"\n\n[tool.lamina]\nbase = "scratch:3.11"\n'
        f'exclude = ["**"]\n{settings}\n'
    )
    return directory


def _package(path: Path, hashes: Mapping[str, str]) -> str:
    name, version, _, _ = parse_wheel_filename(path.name)
    digest = hashes.get(path.name) or hashlib.sha256(path.read_bytes()).hexdigest()
    return (
        f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n\n[[packages.wheels]]\n'
        f'url = "{path.as_uri()}"\nhashes = {{sha256 = "{digest}"}}'
    )


def layer_tars(layout: Path) -> list[bytes]:
    """Return the layers of the only image of a layout, unpacked by gzip, from the bottom up."""
    return [gzip.decompress(_blob(layout, row["digest"])) for row in manifest(layout)["layers"]]


def manifest(layout: Path) -> dict[str, Any]:
    """Return the manifest of the only image of a layout."""
    (row,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    return dict(json.loads(_blob(layout, row["digest"])))


def config(layout: Path) -> dict[str, Any]:
    """Return the config of the only image of a layout."""
    return dict(json.loads(_blob(layout, manifest(layout)["config"]["digest"])))


def _blob(layout: Path, digest: str) -> bytes:
    data = (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest.removeprefix("sha256:")
    return data


def tree(tars: Iterable[bytes]) -> Tree:
    """Stack layers as tarfile reads them; no file may come twice in one."""
    merged: Tree = {}
    for data in tars:
        seen: set[str] = set()
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for info in archive:
                assert info.name not in seen, f"{info.name} comes twice"
                seen.add(info.name)
                merged[info.name] = _entry(archive, info)
    return merged


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo) -> tuple[str, int, bytes]:
    if info.issym():
        return "symlink", info.mode, info.linkname.encode()
    if info.isdir():
        return "directory", info.mode, b""
    file = archive.extractfile(info)
    assert info.isreg() or info.islnk()  # which reads as the file it repeats
    assert file is not None
    return "file", info.mode, file.read()


def files(tree_: Tree) -> dict[str, bytes]:
    """Return the files alone, without modes."""
    return {path: data for path, (kind, _, data) in tree_.items() if kind == "file"}


def write_layer(
    wheels: Sequence[tuple[Path, str]],
    *,
    venv: Venv = VENV,
    **options: Any,
) -> tuple[bytes, Layer, Contents]:
    """Write wheels (path, real name) into one layer; return its blob and what it is."""
    out = io.BytesIO()
    writer = LayerWriter(out)
    for path, filename in wheels:
        add_wheel(writer, path, filename=filename, venv=venv, options=Options(**options))
    layer, contents = writer.finish(created_by="test")
    return out.getvalue(), layer, contents


def installed(wheel: ToyWheel, directory: Path, **options: Any) -> Tree:
    """Install one toy wheel into a layer, and read that back."""
    path = wheel.write(directory)
    blob, _, _ = write_layer([(path, path.name)], **options)
    return tree([gzip.decompress(blob)])
