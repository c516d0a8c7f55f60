"""What `lamina layers`, `size` and `diff` count, beside what dive and the Docker engine count.

``python -m benchmarks.anatomy --dive PROGRAM`` prints a table of images whose truth is known.
``--naive`` builds the one-stage Dockerfile on an engine of its own, compares the image with the
engine's figures, and writes ``results/anatomy.json`` and ``anatomy.md``; ``--image REF`` compares
an image of the running Docker.  Both fail where a byte differs.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.docker_engine import docker_engine
from tests.support.process import run
from tests.support.synthetic import save_like_docker, truth

from benchmarks.base import import_base
from benchmarks.builds import dockerfile, secrets
from benchmarks.engine_figures import agreement, look
from benchmarks.inputs import fresh_copy

_MEGABYTE = 1_000_000
_RESULTS = Path(__file__).parent / "results"
_NAME = "aml-agent:naive"


def main() -> int:
    """Compare with whoever is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy", description=__doc__)
    parser.add_argument("--dive", metavar="PROGRAM", help="print the table of known truths")
    parser.add_argument("--naive", action="store_true", help="build and compare the naive image")
    parser.add_argument("--folder", type=Path, help="a scratch folder, for 8 GB")
    parser.add_argument("--image", metavar="REF", help="compare an image of the running Docker")
    parser.add_argument("--base", default="", metavar="REF", help="the image that it stands on")
    parser.add_argument("--docker", default="docker", help="the client (default: docker)")
    options = parser.parse_args()
    if options.dive:
        print(dive_table(options.dive))
    report: dict[str, Any] = {"agrees": True}
    if options.image:
        report = agreement(options.image, options.base, options.docker)
        print(json.dumps(report, indent=2))
    if options.naive:
        report = _naive(options.folder)
        print(_write(report))
    return 0 if report["agrees"] else 1


def _naive(scratch: Path | None) -> dict[str, Any]:
    """Build the one-stage Dockerfile on an engine of its own, and compare what came of it."""
    with (
        tempfile.TemporaryDirectory(
            prefix="lamina-bench-", dir=scratch, ignore_cleanup_errors=True
        ) as name,
        docker_engine("docker-modern", Path(name) / "docker") as docker,
    ):
        folder = Path(name)
        base = import_base(docker, folder)
        docker(
            "buildx", "build", "--network", "host", "-f", dockerfile("naive"),
            "--build-arg", f"BASE={base}", *secrets(folder), "-t", _NAME,
            fresh_copy(folder / "project"),
        )  # fmt: skip
        os.environ.update(docker.environment)
        tempfile.tempdir = name  # the engine's archive has 2.8 GB
        version = docker("version", "--format", "{{.Server.Version}}").strip()
        return {"docker": version, **agreement(_NAME, base, str(docker.program))}


def _write(report: dict[str, Any]) -> str:
    """Keep the results, and return them as a page."""
    (_RESULTS / "anatomy.json").write_text(json.dumps(report, indent=2) + "\n")
    lines = [
        "# What Lamina sees, and what Docker says",
        "",
        f"The one-stage Dockerfile of `examples/aml-agent`, built by Docker {report['docker']}.",
        f"`python -m benchmarks.anatomy --naive` took {report['seconds']} s to take it apart.",
        "",
        "| what | Lamina | Docker | |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, row in report["checks"].items():
        lines.append(f"| {name} | {_text(row['lamina'])} | {_text(row['docker'])} | {_said(row)} |")
    links = report["checks"]["layers: the image, docker image inspect"]["texts of links"]
    lines += [
        "",
        f"Docker counts the texts of symbolic links, {links:,} bytes, in layers that it unpacked.",
        "What a container has beside its image, such as `/etc/hosts`, is left out on both sides.",
    ]
    page = "\n".join(lines) + "\n"
    (_RESULTS / "anatomy.md").write_text(page)
    return page


def _said(row: dict[str, Any]) -> str:
    if not row["agrees"]:
        return "**differs**"
    return "the same" if row["lamina"] == row["docker"] else "the same with links"


def _text(value: int | list[int]) -> str:
    return f"{value:,}" if isinstance(value, int) else " + ".join(f"{size:,}" for size in value)


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


if __name__ == "__main__":
    sys.exit(main())
