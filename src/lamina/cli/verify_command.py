"""``lamina verify``: whether an image is what the project makes, and nothing else."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lamina.cli import wiring
from lamina.cli.registries import add_registry_arguments
from lamina.cli.variants import add_variant_argument
from lamina.cli.verifying import Examination, Examined, examine, find_tree
from lamina.image.verify import Difference
from lamina.observers.printable import printable
from lamina.oci.platform import Platform
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.project.read import read_project

_SHOWN: Final = 20
_ASSEMBLED: Final = ("debian:", "ubuntu:")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help="a name given with build -t, oci:DIR[:NAME], or docker://REF")
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--platform", default="", help="look at this platform alone (default: all that are there)"
    )
    parser.add_argument(
        "--quick", action="store_true",
        help="compare digests as the manifest and the config name them, and read no layer",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Compare; exit code 1 says that the image is something else."""
    platform = Platform.parse(options.platform) if options.platform else None
    project = read_project(options.path, options.variant)
    workshop = wiring.workshop(
        options.path, offline=options.offline, insecure=options.insecure_registry
    )
    with wiring.listening("auto") as step:
        tree, content = find_tree(options.image, workshop.store, options.insecure_registry)
        found = examine(
            tree, content, project, workshop, step, platform=platform, is_quick=options.quick
        )
    if options.format == "json":
        print(json.dumps(_to_json(found, is_quick=options.quick), indent=2))
    else:
        for line in _lines(found, is_quick=options.quick):
            print(printable(line.replace("\n", "\ufffd")))  # a name may hold the end of a line
    return 0 if found.is_proven else 1


def _lines(found: Examination, *, is_quick: bool) -> Iterator[str]:
    for one in found.images:
        yield from _image_lines(one, is_quick=is_quick)
    for difference in found.others:
        yield "NOT proven: the index that holds the images"
        yield from _difference_lines(difference)


def _image_lines(one: Examined, *, is_quick: bool) -> Iterator[str]:
    plan, verdict = one.plan, one.verdict
    if not verdict.is_proven:
        yield f"NOT proven: {one.digest}, {plan.base.platform}"
        for difference in verdict.differences:
            yield from _difference_lines(difference)
        if any("(base)" in d.where for d in verdict.differences) and _is_assembled(plan):
            yield "  try: the archive may have newer packages than the image; with --offline the"
            yield "       base is what this machine made it of last"
        return
    yield f"proven: {one.digest}, {plan.base.platform}"
    yield f"  {_sentence(plan)}, nothing else"
    how = "named by digest, and not read" if is_quick else "read, and are what they should be"
    same = "manifest and config are" if verdict.is_same_manifest else "the config is"
    yield f"  {verdict.layers} layers are {how}; {same} the same to the byte"
    yield from (f"  note: {note}" for note in verdict.notes)


def _sentence(plan: BuildPlan) -> str:
    """Say in one line what a proven image is."""
    own = [x for x in plan.layers if not isinstance(x, WheelLayer) or x.is_own]
    wheels = sum(len(x.wheels) for x in plan.layers if isinstance(x, WheelLayer) and not x.is_own)
    packages = {p.name for p in (*plan.base.packages, *plan.base.system_packages)}
    base = f"these {len(packages)} packages of " if packages else "this base, "
    project = f", this project ({plan.name})" if own else ""
    return f"these {wheels} wheels, {base}{plan.base.reference}{project}"


def _is_assembled(plan: BuildPlan) -> bool:
    return plan.base.reference.startswith(_ASSEMBLED)


def _difference_lines(difference: Difference) -> Iterator[str]:
    yield f"  {difference.where}"
    yield from (f"    {line}" for line in difference.what[:_SHOWN])
    if len(difference.what) > _SHOWN:
        yield f"    and {len(difference.what) - _SHOWN} more lines, which --format json has"


def _to_json(found: Examination, *, is_quick: bool) -> dict[str, Any]:
    images = [
        {
            "digest": str(one.digest),
            "platform": str(one.plan.base.platform),
            "isProven": one.verdict.is_proven,
            "layers": one.verdict.layers,
            "differences": list(map(_difference, one.verdict.differences)),
            "notes": list(one.verdict.notes),
        }
        for one in found.images
    ]
    return {
        "isProven": found.is_proven,
        "isQuick": is_quick,
        "images": images,
        "index": list(map(_difference, found.others)),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {"where": difference.where, "what": list(difference.what)}
