"""What `lamina layers` counts, beside what others count: dive, and the Docker engine itself.

``python -m benchmarks.anatomy --dive PROGRAM`` prints a table of images whose truth is known;
``--image REF`` compares an image of the running Docker with the engine's own figures, and fails
where they differ by a byte.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from tests.support.process import run
from tests.support.synthetic import save_like_docker, truth

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.learn import learn
from lamina.cli.images import Wanted, opened
from lamina.steps import silent_step
from lamina.store.store import Store

_MEGABYTE = 1_000_000
_ADDED = (".dockerenv", "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf",
          "etc/mtab")  # fmt: skip
"""What a container has beside its image."""


def main() -> int:
    """Compare with whoever is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dive", metavar="PROGRAM", help="print the table of known truths")
    parser.add_argument("--image", metavar="REF", help="compare an image of the running Docker")
    parser.add_argument("--docker", default="docker", help="the client (default: docker)")
    options = parser.parse_args()
    if options.dive:
        print(dive_table(options.dive))
    if options.image:
        report = engine_report(options.image, options.docker)
        print(json.dumps(report, indent=2))
        return 0 if report["agrees"] else 1
    return 0


def look(name: str, store: Path) -> Anatomy:
    """Take an image apart."""
    opened_store = Store.open(store)
    with opened(Wanted(name=name), opened_store) as found:
        layers = learn(found.image, found.content, opened_store, silent_step())
        return take_apart(found.image, layers)


def dive_table(program: str) -> str:
    """Write the truth, our figures and dive's as a Markdown table; sizes are in MB."""
    lines = [
        "| image | live / dead / duplicate | Lamina | efficiency | dive: efficiency | waste |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for case in truth(_MEGABYTE):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "image.tar"
            save_like_docker(path, case.layers)
            ours = look(f"docker-archive:{path}", Path(folder) / "store")
            theirs = _dive(program, path)
        known = _sizes(case.live, case.dead, case.duplicate)
        found = _sizes(ours.live_bytes, ours.dead_bytes, ours.duplicate_bytes)
        lines.append(
            f"| {case.name} | {known} | {'the same' if found == known else found} "
            f"| {ours.efficiency:.1%} | {theirs['efficiencyScore']:.1%} "
            f"| {theirs['inefficientBytes'] / _MEGABYTE:.0f} |"
        )
    return "\n".join(lines)


def _sizes(*sizes: int) -> str:
    return " / ".join(f"{size / _MEGABYTE:g}" for size in sizes)


def _dive(program: str, path: Path) -> dict[str, Any]:
    output = path.with_suffix(".json")
    run(program, "--source", "docker-archive", path, "--json", output)
    return dict(json.loads(output.read_bytes())["image"])


def engine_report(name: str, docker: str) -> dict[str, Any]:
    """Compare layers with `docker history`, the sum with `inspect`, the tree with `export`."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        ours = look(f"docker-daemon:{name}", Path(folder))
        seconds = time.monotonic() - start
    history = run(
        docker, "history", "--no-trunc", "--human=false", "--format",
        "{{.Size}}\t{{.CreatedBy}}", name,
    ).splitlines()  # fmt: skip
    theirs = [int(row.partition("\t")[0]) for row in reversed(history)]
    layers = [(nodes.size, nodes.size_with_links) for nodes in ours.layers]
    (inspected,) = json.loads(run(docker, "image", "inspect", name))
    tree = exported(docker, name)
    live = {
        part.path: part.node.digest
        for part in ours.parts
        if part.node.kind == "file" and not part.path.startswith(_ADDED)
    }
    report: dict[str, Any] = {
        "image": name,
        "seconds": round(seconds, 1),
        "layers": {"ours, without and with the texts of links": layers, "docker history": theirs},
        "docker image inspect": inspected["Size"],
        "files": {"ours": len(live), "docker export": len(tree)},
        "files of all layers": ours.image_bytes,
        "live": ours.live_bytes,
        "dead": ours.dead_bytes,
        "duplicate": ours.duplicate_bytes,
        "junk": ours.junk_bytes,
        "efficiency": ours.efficiency,
        "by component": {str(k): v for k, v in ours.sizes(lambda part: part.component).items()},
    }
    return {
        **report,
        "agrees": _is_same(layers, theirs) and sum(theirs) == inspected["Size"] and live == tree,
    }


def _is_same(ours: list[tuple[int, int]], theirs: list[int]) -> bool:
    """Say whether each layer is as large as Docker says, which counts links or does not."""
    left = [size for size in theirs if size]  # steps that make no layer have none
    found = [sizes for sizes in ours if any(sizes)]
    return len(left) == len(found) and all(map(tuple.__contains__, found, left))


def exported(docker: str, name: str) -> dict[str, str]:
    """Unpack an image by Docker: the SHA-256 of each regular file by its path."""
    container = run(docker, "create", name, "/x").strip()
    try:
        with subprocess.Popen([docker, "export", container], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            return _files(process.stdout)
    finally:
        run(docker, "rm", container)


def _files(stream: IO[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            path = info.name.strip("/")
            if info.islnk():
                found[path] = found[info.linkname.strip("/")]
            elif info.isreg():
                content = archive.extractfile(info)
                assert content is not None
                found[path] = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return {path: digest for path, digest in found.items() if not path.startswith(_ADDED)}


if __name__ == "__main__":
    sys.exit(main())
