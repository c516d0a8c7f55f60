"""``lamina test``: does the image start?  Imports, entry point, health check."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from lamina.cli import images, wiring
from lamina.cli.unpacked import unpacked
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.oci.image import Image
from lamina.plan.develop import SOURCE_LABEL
from lamina.project.loaded import Loaded
from lamina.project.missing import missing_modules, why_missing
from lamina.project.project import Project
from lamina.project.read import is_project, read_project
from lamina.rootfs.container import Mount
from lamina.rootfs.modules import python_of
from lamina.rootfs.smoke import Report, smoke
from lamina.rootfs.tree import Tree
from lamina.rootfs.trial import Trial, image_trial, project_trial

_ANY_PYTHON = "3.11"
_NO_PROJECT = "imports were skipped: no project is here to say what the image should hold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help=images.WHERE_IMAGES_ARE)
    parser.add_argument(
        "path", nargs="?", type=Path,
        help="the project's folder (default: this one, if it holds a project)",
    )  # fmt: skip
    add_variant_argument(parser)
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for the start"
    )
    parser.add_argument(
        "--engine", choices=("bubblewrap", "crun", "docker"),
        help="what starts the image (default: the first that works here)",
    )  # fmt: skip
    parser.add_argument(
        "--loaded", type=Path, metavar="FILE",
        help='write down which modules and shared objects were loaded, for bytecode = "imported"',
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )


def run(options: argparse.Namespace) -> int:
    """Unpack and try; exit code 1 says that something did not work."""
    store = wiring.open_store()
    directory = options.path or Path()
    has_project = options.path is not None or is_project(directory)
    project = read_project(directory, options.variant) if has_project else None
    with (
        images.opened(images.Wanted(name=options.image), store) as found,
        unpacked(found.image, found.content, store) as root,
    ):
        trial = _trial(project, found.image, root)
        trial = replace(
            trial,
            timeout_s=options.timeout,
            engine=options.engine,
            is_recorded=options.loaded is not None,
        )
        report = smoke(root, found.image.runtime, trial)
    why = (_NO_PROJECT,) if project is None else _why_missing(project, report)
    report = replace(report, notes=(*report.notes, *why))
    if report.ok and report.loaded is not None:
        _write(options.loaded, report.loaded)
    elif options.loaded:
        note = f"{options.loaded} was not written, for what failed may have loaded more"
        report = replace(report, notes=(*report.notes, note))
    print(_json(report) if options.format == "json" else _text(report))
    return 0 if report.ok else 1


def _why_missing(project: Project, report: Report) -> tuple[str, ...]:
    """Say why the modules that were not found may be missing, where the project shows it."""
    if report.ok:
        return ()
    details = (check.detail for check in report.checks if not check.ok)
    names = missing_modules((*details, *report.output))
    return tuple(why for name in names if (why := why_missing(project, name)))


def _write(path: Path, loaded: Loaded) -> None:
    with incoming(path.absolute().parent) as new:
        new.file.write(loaded.to_text().encode())
        new.commit(path, mode=0o644)


def _trial(project: Project | None, image: Image, root: Path) -> Trial:
    if project is None:
        return image_trial(image.runtime)
    with Tree(root) as tree:
        python = python_of(tree, ("opt/venv", "usr/local", "usr"))
    trial = project_trial(project, image.runtime, image.platform, python=python or _ANY_PYTHON)
    target = image.runtime.labels.get(SOURCE_LABEL)
    if not target:
        return trial
    return replace(trial, mounts=(Mount(source=project.directory.resolve(), target=target),))


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
