"""What `lamina layers` says of an image that Docker built is what Docker says, to the byte."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.difference import compare
from lamina.anatomy.learn import learn
from lamina.cli.images import Wanted, opened
from lamina.layout.write import write_layout
from lamina.reports.differences import difference_document
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.sizes import VIEWS, size_document
from lamina.steps import silent_step
from lamina.store.store import Store
from tests.interop.conftest import needs
from tests.support.docker_engine import Docker
from tests.support.engine_tree import ADDED, Entry, Tree, differing, exported
from tests.support.process import run
from tests.support.shell_base import NAME, import_shell_base
from tests.support.synthetic import image_of, truth
from tests.support.tools import LAMINA

DOCKERFILE = f"""\
FROM {NAME}
COPY bin /bin
COPY data /data
RUN chmod 700 /data/a
RUN rm -rf /data/sub
RUN cat /data/b > /data/b2
ENV MODE=prod
RUN ln /data/b /data/hard
RUN echo shorter > /data/b2
RUN rm /data/b; echo new > /data/c; ln -s ../no/where /data/link
"""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """An image in an engine, and what we see in it."""

    docker: Docker
    name: str
    anatomy: Anatomy
    base: Anatomy


@pytest.fixture(scope="module")
def looked(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    folder = tmp_path_factory.mktemp("anatomy")
    name = "wasteful:1"
    _write(folder / "context")
    import_shell_base(docker, folder)
    done = subprocess.run(
        [docker.program, "build", "--network=host", "-t", name, "."],
        check=False, capture_output=True, text=True, cwd=folder / "context",
        env={**docker.environment, "DOCKER_BUILDKIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours, base = (_anatomy(docker, image, folder) for image in (name, NAME))
    yield Looked(docker=docker, name=name, anatomy=ours, base=base)
    docker.attempt("rmi", "-f", name)


def _write(context: Path) -> None:
    (context / "bin").mkdir(parents=True)
    for program in ("rm", "chmod", "ln"):
        shutil.copy(Path(str(shutil.which(program))).resolve(), context / "bin" / program)
    for path, size in (("a", 200_001), ("b", 100_003), ("sub/x", 50_005), ("sub/deep/y", 7)):
        file = context / "data" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(hashlib.sha256(path.encode()).digest() * (size // 32) + b"x" * (size % 32))
    (context / "Dockerfile").write_text(DOCKERFILE)


def _anatomy(docker: Docker, name: str, folder: Path) -> Anatomy:
    """Take it apart as `docker save` gives it, through the engine's own API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker.environment["DOCKER_HOST"])
        store = Store.open(folder / "store")
        with opened(Wanted(name=f"docker-daemon:{name}"), store) as found:
            layers = learn(found.image, found.content, store, silent_step())
            return take_apart(found.image, layers)


def tree_of(docker: Docker, name: str) -> Tree:
    return exported(docker.program, name, docker.environment)


def is_of_the_image(path: str) -> bool:
    """Leave out what each container gets, and /etc above it, which the base does not list."""
    return not path.startswith((*ADDED, "etc"))


def test_the_merged_tree_is_the_one_that_docker_unpacks(looked: Looked) -> None:
    """Every path, its kind, mode, content and target; no layer has to list a directory."""
    theirs = {
        path: entry
        for path, entry in tree_of(looked.docker, looked.name).entries.items()
        if is_of_the_image(path)
    }
    ours = {
        part.path: Entry(
            node.kind, node.mode, node.uid, node.gid, node.digest or node.target, node.size
        )
        for part in looked.anatomy.parts
        if is_of_the_image(part.path)
        for node in (part.node,)
    }

    listed = {p: e for p, e in theirs.items() if p in ours or e.kind != "directory"}
    assert ours == listed
    assert ours["data/hard"].kind == "file"
    assert "data/b" not in ours


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_the_size_adds_up_to_the_unpacked_tree(looked: Looked, view: str) -> None:
    (section,) = printed(size_document("", looked.anatomy, (view,), shown=None))["sections"]

    extra = sum(p.size for p in looked.anatomy.parts if p.path.startswith(ADDED))
    theirs = tree_of(looked.docker, looked.name).size
    assert sum(row["bytes"] for row in section["sizes"]) - extra == theirs


def test_the_difference_to_the_base_is_that_of_the_unpacked_trees(looked: Looked) -> None:
    """Every path that differs, with its size before and after."""
    names, before = (NAME, looked.name), looked.base
    difference = compare(before, looked.anatomy)
    document = printed(
        difference_document(names, before, looked.anatomy, difference, shown=None)
    )  # fmt: skip
    rows = {section["key"]: section for section in document["sections"]}["files"]["table"]
    old, new = (tree_of(looked.docker, name) for name in names)

    theirs = differing(old, new)
    files = {
        row["path"].lstrip("/"): (row["size_before"], row["size_after"])
        for row in rows
        if row["what"] != "directory"
    }
    assert files == theirs
    assert sum(after - size for size, after in theirs.values()) == new.size - old.size > 0


def printed(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(document))
    return found


def test_the_bytes_of_each_layer_are_those_of_docker_history(looked: Looked) -> None:
    """The classic store counts a layer's files, and of layers that it unpacked the links' texts.

    Containerd's says what a folder takes on the disk.
    """
    rows = looked.docker(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}",
        looked.name,
    ).splitlines()  # fmt: skip
    theirs = {created_by: int(size) for size, _, created_by in (r.partition("\t") for r in rows)}
    ours = {
        layer.created_by: (nodes.size, nodes.size_with_links)
        for layer, nodes in zip(looked.anatomy.image.layers, looked.anatomy.layers, strict=True)
    }

    assert set(ours) <= set(theirs)
    if looked.docker.kind == "docker-20":
        assert [line for line, sizes in ours.items() if theirs[line] not in sizes] == []
        assert [line for line in theirs if line not in ours and theirs[line]] == []


def test_the_size_of_the_image_is_that_of_docker_image_inspect(looked: Looked) -> None:
    (found,) = json.loads(looked.docker("image", "inspect", looked.name))

    if looked.docker.kind == "docker-20":
        least = looked.anatomy.image_bytes
        most = sum(nodes.size_with_links for nodes in looked.anatomy.layers)
        assert least <= found["Size"] <= most
        assert most - least == len("../no/where")
    else:
        assert found["Size"] > looked.anatomy.image.size
    assert [str(x.diff_id) for x in looked.anatomy.image.layers] == found["RootFS"]["Layers"]
    assert dict(looked.anatomy.image.runtime.environment)["MODE"] == "prod"


def test_every_wasted_byte_is_blamed_on_the_instruction_that_wastes_it(looked: Looked) -> None:
    lines = [layer.created_by for layer in looked.anatomy.image.layers]
    waste: dict[tuple[str, str], int] = {}
    for dead in looked.anatomy.dead:
        key = (_instruction(lines[dead.killer]), dead.how)
        waste[key] = waste.get(key, 0) + dead.size

    # Before it makes a hard link, overlay copies the file up; containerd leaves that copy out of
    # the layer, and the first one is there until its name is gone.
    is_copied = looked.docker.kind == "docker-20"
    linked = (
        ("ln /data/b /data/hard", "repeated")
        if is_copied
        else ("rm /data/b; echo new > /data/c; ln -s ../no/where /data/link", "removed")
    )
    assert waste == {
        linked: 100_003,
        ("chmod 700 /data/a", "repeated"): 200_001,
        ("rm -rf /data/sub", "removed"): 50_012,
        ("echo shorter > /data/b2", "replaced"): 100_003,
    }


def _instruction(created_by: str) -> str:
    return created_by.partition("-c ")[2].removesuffix(" # buildkit")


def test_the_command_line_finds_the_running_docker(looked: Looked, tmp_path: Path) -> None:
    environment = {**looked.docker.environment, "LAMINA_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [*LAMINA, "layers", f"docker-daemon:{looked.name}", "--format", "json"],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)

    figures = document["sections"][0]["figures"]
    assert figures["unpacked"] == looked.anatomy.image_bytes
    assert figures["dead"] == looked.anatomy.dead_bytes


@pytest.mark.parametrize(
    ("transport", "options"),
    [("docker-archive", ()), ("oci-archive", ()), ("oci", ()), ("oci", ("--format", "v2s2"))],
)
def test_what_skopeo_writes_looks_the_same(
    tmp_path: Path, transport: str, options: tuple[str, ...]
) -> None:
    needs("skopeo")
    image, content = image_of([case.layers[0] for case in truth(10_007)[:3]])
    write_layout(tmp_path / "ours", image, content, names=("toy:1",))
    there = f"{transport}:{tmp_path}/theirs" + (":toy:1" if transport != "oci" else "")
    run("skopeo", "copy", "--quiet", *options, f"oci:{tmp_path}/ours:1", there)
    store = Store.open(tmp_path / "store")

    found = []
    for name in (f"oci:{tmp_path}/ours", f"{transport}:{tmp_path}/theirs"):
        with opened(Wanted(name=name), store) as looked:
            layers = learn(looked.image, looked.content, store, silent_step())
            found.append(take_apart(looked.image, layers))

    ours, theirs = found
    assert ours.image_bytes == theirs.image_bytes > 0
    assert [(p.path, p.node.digest, p.size) for p in ours.parts] == [
        (p.path, p.node.digest, p.size) for p in theirs.parts
    ]
