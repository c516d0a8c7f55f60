"""``lamina test``: does the image start?  Imports, entry point, health check."""

import argparse
import json
from pathlib import Path

from packaging.requirements import Requirement

from lamina.cli import images, wiring
from lamina.cli.unpacked import unpacked
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.project.read import read_project
from lamina.rootfs.smoke import Report, Trial, smoke


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help="a name given with build -t, or oci:DIR[:NAME]")
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for the start"
    )
    parser.add_argument("--engine", choices=("bubblewrap", "crun", "docker"))
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Unpack and try; exit code 1 says that something did not work."""
    store = wiring.open_store()
    project = read_project(options.path)
    image, content = images.find(options.image, store)
    names = tuple(
        requirement.name
        for requirement in map(Requirement, project.dependencies)
        if requirement.marker is None or requirement.marker.evaluate(_environment(image.platform))
    )
    trial = Trial(
        distributions=names,
        health_url=_health_url(image, project.settings.healthcheck),
        timeout_s=options.timeout,
        engine=options.engine,
    )
    with unpacked(image, content, store) as root:
        report = smoke(root, image.runtime, trial)
    print(_json(report) if options.format == "json" else _text(report))
    return 0 if report.ok else 1


def _environment(platform: Platform) -> dict[str, str]:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.architecture, "")
    return {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine}


def _health_url(image: Image, path: str) -> str:
    if not path or not image.runtime.ports:
        return ""
    return f"http://127.0.0.1:{image.runtime.ports[0]}{path}"


def _text(report: Report) -> str:
    lines = [
        f"{'ok' if check.ok else 'FAILED':>6}  {check.what}"
        + (f": {check.detail}" if check.detail else "")
        for check in report.checks
    ]
    lines += [f"  note  {note}" for note in report.notes]
    if not report.ok:
        lines += ["output:", *(f"  {line}" for line in report.output)]
    good = sum(check.ok for check in report.checks)
    return "\n".join([*lines, f"{good} of {len(report.checks)} checks passed"])


def _json(report: Report) -> str:
    checks = [{"what": c.what, "ok": c.ok, "detail": c.detail} for c in report.checks]
    return json.dumps(
        {"ok": report.ok, "checks": checks, "notes": report.notes, "output": report.output},
        indent=2,
    )
