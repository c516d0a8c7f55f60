"""What Lamina says of an image, beside what the Docker engine that holds it says, byte for byte."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.engine_tree import ADDED, Entry, Tree, differing, exported
from tests.support.process import run

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.difference import compare
from lamina.anatomy.learn import learn
from lamina.cli.images import Wanted, opened
from lamina.reports.differences import difference_document
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.layers import layers_document
from lamina.reports.sizes import VIEWS, size_document
from lamina.steps import silent_step
from lamina.store.store import Store


def look(name: str, store: Path) -> Anatomy:
    """Take an image apart."""
    opened_store = Store.open(store)
    with opened(Wanted(name=name), opened_store) as found:
        layers = learn(found.image, found.content, opened_store, silent_step(), needs_symbols=True)
        return take_apart(found.image, layers)


def agreement(name: str, base: str, docker: str) -> dict[str, Any]:
    """Compare what the three commands print of an image, and of what it adds to its ``base``."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        ours = look(f"docker-daemon:{name}", Path(folder))
        seconds = time.monotonic() - began
        before = look(f"docker-daemon:{base}", Path(folder)) if base else None
    tree = exported(docker, name)
    checks = {**_layers(name, ours, docker), **_size(ours, tree)}
    if before is not None:
        checks |= _diff(before, ours, exported(docker, base), tree)
    return {
        "image": name,
        "seconds": round(seconds, 1),
        "checks": checks,
        "files": len(tree.files),
        "efficiency": ours.efficiency,
        "dead": ours.dead_bytes,
        "duplicate": ours.duplicate_bytes,
        "junk": ours.junk_bytes,
        "by component": {str(k): v for k, v in ours.sizes(lambda part: part.component).items()},
        "agrees": all(row["agrees"] for row in checks.values()),
    }


def _layers(name: str, ours: Anatomy, docker: str) -> dict[str, Any]:
    """Compare layer by layer; of those that it did not build itself Docker counts links' texts."""
    rows = run(
        docker, "history", "--no-trunc", "--human=false", "--format", "{{.Size}}", name
    ).split()
    theirs = [size for size in map(int, reversed(rows)) if size]  # steps without a layer have none
    (inspected,) = json.loads(run(docker, "image", "inspect", name))
    printed = _printed(layers_document(name, ours, shown=None))
    sizes = [row["unpacked"] for row in printed["layers"]["table"]]
    linked = [nodes.size_with_links - nodes.size for nodes in ours.layers]
    pairs = [(size, size + more) for size, more in zip(sizes, linked, strict=True) if size + more]
    counted = [int(size not in pair) for size, pair in zip(theirs, pairs, strict=False)]
    links = sum(size - pair[0] for size, pair in zip(theirs, pairs, strict=False))
    total = printed["bytes"]["figures"]["unpacked"]
    return {
        "layers: each layer, docker history": {
            "lamina": [pair[0] for pair in pairs], "docker": theirs,
            "agrees": len(theirs) == len(pairs) and not any(counted),
        },
        "layers: the image, docker image inspect": {
            "lamina": total, "texts of links": links, "docker": inspected["Size"],
            "agrees": total + links == inspected["Size"],
        },
    }  # fmt: skip


def _size(ours: Anatomy, tree: Tree) -> dict[str, Any]:
    """Compare every view with the unpacked tree, and each file's bytes, kind, mode and owner."""
    extra = sum(part.size for part in ours.parts if part.path.startswith(ADDED))
    printed = _printed(size_document("", ours, tuple(VIEWS), shown=None))
    views = {view: sum(row["bytes"] for row in printed[view]["sizes"]) - extra for view in VIEWS}
    files = _files(ours)
    same = sum(tree.files.get(path) == entry for path, entry in files.items())
    return {
        **{
            f"size: by {view}, docker export": {
                "lamina": size, "docker": tree.size, "agrees": size == tree.size,
            }
            for view, size in views.items()
        },
        "size: files with the same bytes, mode and owner, docker export": {
            "lamina": len(files), "the same": same, "docker": len(tree.files),
            "agrees": files == tree.files,
        },
    }  # fmt: skip


def _diff(old: Anatomy, new: Anatomy, before: Tree, after: Tree) -> dict[str, Any]:
    """Compare the paths that differ, and their sizes, with what differs of the unpacked trees."""
    printed = _printed(difference_document(("", ""), old, new, compare(old, new), shown=None))
    known = before.entries.keys() | after.entries.keys()
    rows = {
        row["path"].lstrip("/"): (row["size_before"], row["size_after"])
        for row in printed["files"]["table"]
        if not row["path"].lstrip("/").startswith(ADDED)
    }
    folders = {path for path in rows if path in known and _is_folder(path, before, after)}
    ours = {path: sizes for path, sizes in rows.items() if path not in folders}
    theirs = differing(before, after)
    return {
        "diff: files that differ, docker export of both": {
            "lamina": len(ours), "docker": len(theirs), "agrees": ours == theirs,
        },
        "diff: bytes that the image adds, docker export of both": {
            "lamina": sum(two - one for one, two in ours.values()),
            "docker": sum(two - one for one, two in theirs.values()),
            "agrees": ours == theirs,
        },
    }  # fmt: skip


def _is_folder(path: str, *trees: Tree) -> bool:
    found = (tree.entries.get(path) for tree in trees)
    return all(entry is None or entry.kind == "directory" for entry in found)


def _files(ours: Anatomy) -> dict[str, Entry]:
    return {
        part.path: Entry(
            node.kind, node.mode, node.uid, node.gid, node.digest or node.target, node.size
        )
        for part in ours.parts
        if (node := part.node).kind != "directory" and not part.path.startswith(ADDED)
    }


def _printed(document: Document) -> dict[str, Any]:
    """Return what ``--format json`` prints, by section."""
    return {section["key"]: section for section in json.loads(to_json(document))["sections"]}
