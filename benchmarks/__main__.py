"""``python -m benchmarks``: run everything, and write the results and the README's tables."""

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.docker_engine import Docker, docker_engine
from tests.support.process import run
from tests.support.tools import LAMINA

from benchmarks import report
from benchmarks.base import import_base
from benchmarks.brief import brief_tables
from benchmarks.builds import PEERS, docker_builds, lamina_builds
from benchmarks.history import history_times
from benchmarks.inputs import fresh_copy
from benchmarks.limit import layers_against_limit
from benchmarks.pushes import push_times
from benchmarks.readme import with_tables
from benchmarks.start import start_times
from lamina.build import make_plan
from lamina.cli import wiring
from lamina.image.load import load_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.platform import Platform
from lamina.project.read import read_project
from lamina.steps import silent_step
from lamina.store.store import Store

PARTS = ("builds", "brief", "limit", "start", "pushes", "history")
RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    """Measure the chosen parts, and keep what earlier runs found of the others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="a scratch folder on the disk to measure on")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lamina-bench-", dir=options.folder))
    os.environ["LAMINA_HISTORY"] = str(folder / "history.db")  # recorded, and not in the user's own
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "results.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    results["machine"] = {**results.get("machine", {}), **_machine()}
    try:
        _measure(results, folder, options.only or PARTS, options.peers, options.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    path.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    (RESULTS / "results.md").write_text(report.markdown(results))
    (RESULTS / "results.svg").write_text(report.chart(results))
    README.write_text(with_tables(README.read_text(), results))
    print((RESULTS / "results.md").read_text())


def _measure(
    results: dict[str, Any], folder: Path, parts: Sequence[str], peers: list[str], rounds: int
) -> None:
    if "builds" in parts or "limit" in parts:
        results.setdefault("builds", {})["lamina"] = lamina_builds(folder, rounds=rounds)
        _say("lamina", results["builds"]["lamina"])
        results["builds"]["lamina"]["unpacked_bytes"] = _unpacked(folder)
    if "limit" in parts:
        results["limit"] = _limit(folder, rounds)
        _say("limit", results["limit"])
    for name, found in (
        ("brief", lambda: brief_tables(folder / "brief")),
        ("pushes", lambda: push_times(folder / "pushes", rounds=rounds)),
        ("history", lambda: history_times(folder / "history", rounds=rounds)),
    ):
        if name in parts:
            results[name] = found()
            _say(name, results[name])
    if not {"builds", "start"} & set(parts):
        return
    with docker_engine("docker-modern", folder / "docker") as docker:
        results["machine"]["docker"] = docker("version", "--format", "{{.Server.Version}}").strip()
        base = import_base(docker, folder)
        for name in peers if "builds" in parts else ():
            results["builds"][name] = docker_builds(docker, name, base, folder)
            _say(name, results["builds"][name])
        if "start" in parts:
            results["start"] = _start(docker, folder, peers, rounds)
            _say("start", results["start"])


def _limit(folder: Path, rounds: int) -> dict[str, Any]:
    os.environ["LAMINA_STORE"] = str(folder / "store")
    project = read_project(folder / "project")
    plan = make_plan(project, Platform.parse("linux/amd64"), wiring.workshop(), silent_step())
    return layers_against_limit(Store.open(folder / "store"), plan, rounds=rounds)


def _unpacked(folder: Path) -> int:
    """Add up the files of all layers of the image that was built last."""
    store = Store.open(folder / "store")
    row = store.recall("name", "aml-agent:bench")
    image = load_image(store.blobs, Descriptor.from_json(row), Platform.parse("linux/amd64"))
    return sum(store.contents(layer).size for layer in image.layers)


def _start(docker: Docker, folder: Path, peers: list[str], rounds: int) -> dict[str, Any]:
    """Compare starts: the peers', ours as it is built by default, and with and without bytecode."""
    images = {name: f"aml-agent:{name}" for name in peers if name != "naive"}
    sizes = {}
    for bytecode in ("none", "all"):
        project = fresh_copy(folder / f"project-{bytecode}")
        settings = project / "pyproject.toml"
        text = settings.read_text()
        settings.write_text(
            text.replace("[tool.lamina]", f'[tool.lamina]\nbytecode = "{bytecode}"')
        )
        archive, name = folder / f"{bytecode}.tar", f"aml-agent:bytecode-{bytecode}"
        run(*LAMINA, "build", project, "-t", name, "-o", f"docker-archive:{archive}",
            environment={**os.environ, "LAMINA_STORE": str(folder / "store")})  # fmt: skip
        sizes[name] = archive.stat().st_size
        docker("load", "-i", archive)
        archive.unlink()
        images[f"lamina, bytecode {bytecode}"] = name
    found = start_times(docker, images, rounds=rounds)
    for label, image in images.items():
        found[label]["unpacked_bytes"] = int(
            docker("image", "inspect", "--format", "{{.Size}}", image)
        )
        if image in sizes:
            found[label]["archive_bytes"] = sizes[image]
    return found


def _machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": model,
        "python": platform.python_version(),
    }


def _say(what: str, value: object) -> None:
    print(what, json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
