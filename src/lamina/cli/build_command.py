"""``lamina build``: build a project's image and write it somewhere."""

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lamina.build import build
from lamina.cli import wiring
from lamina.cli.attesting import add_attesting_arguments, attested, begin_attesting, watched
from lamina.cli.build_records import add_record_arguments, begin_build_records, waiting
from lamina.cli.elsewhere import reachable
from lamina.cli.engine_arguments import add_engine_arguments, check_engine, engine_chosen
from lamina.cli.environment import environment
from lamina.cli.head_starts import HeadStarts
from lamina.cli.memos import add_memo_arguments, cache_references, open_memo
from lamina.cli.outputs import parse_output, pushed_references
from lamina.cli.recording import record_build
from lamina.cli.registries import OpenClient, add_registry_arguments
from lamina.cli.telemetry import telemetry
from lamina.cli.variants import add_variant_argument
from lamina.destinations.named import NamedDestination
from lamina.durable import incoming
from lamina.errors import UsageError
from lamina.layer.memo import Memo, NoMemo
from lamina.lock.target import check_supported
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Destination


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "-t", "--tag", action="append", default=[], metavar="REF", help="name the image"
    )
    parser.add_argument(
        "-o", "--output", action="append", default=[], metavar="DEST",
        help="oci:DIR, oci-archive:FILE, docker-archive:FILE, docker-daemon:REF or docker://REF; "
        "without one, it stays in the store",
    )  # fmt: skip
    parser.add_argument(
        "--platform", default="", help="linux/amd64,linux/arm64 (default: this machine's)"
    )
    parser.add_argument(
        "--progress", choices=("auto", "plain", "rawjson"), default="auto",
        help="how to show what happens; `auto` draws on a terminal and prints lines elsewhere",
    )  # fmt: skip
    parser.add_argument(
        "--target", choices=("prod", "dev"), default="prod",
        help="the image itself, or the one to work on the project with: the same layers, the group "
        "`dev`, and sources that `lamina run --dev` mounts",
    )  # fmt: skip
    parser.add_argument(
        "--python", default="", metavar="3.N",
        help="another Python than the base's: that of the base of the same kind which has it",
    )  # fmt: skip
    parser.add_argument("--pull", action="store_true", help="look for newer packages of the base")
    parser.add_argument("--no-cache", action="store_true", help="make every layer again")
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    parser.add_argument("--push", action="store_true", help="push every name given with -t")
    parser.add_argument(
        "--load", action="store_true",
        help="give the image to the Docker engine of this machine, or to podman, by its names",
    )  # fmt: skip
    add_engine_arguments(parser)
    add_memo_arguments(parser)
    add_variant_argument(parser)
    add_registry_arguments(parser)
    add_record_arguments(parser)
    add_attesting_arguments(parser)
    parser.add_argument("--metadata-file", type=Path, help="write the digests as JSON")


def run(options: argparse.Namespace) -> int:
    """Build, and write to every destination."""
    is_buildkit = check_engine(options)
    chosen = platforms(options.platform)
    names = _names(options)
    open_client = wiring.registries(options.insecure_registry)
    outputs = [*options.output, *(f"docker://{name}" for name in names if options.push)]
    near = () if is_buildkit else cache_references([*options.cache_from, *options.cache_to])
    heads = HeadStarts(pushed_references(outputs), open_client, near=near)
    workshop = wiring.workshop(
        options.path,
        offline=options.offline,
        refresh=options.pull,
        no_cache=options.no_cache,
        is_early=not is_buildkit,
        insecure=options.insecure_registry,
        memo=_memo(options, outputs, open_client),
        offer=heads.offer,
    )
    attesting = begin_attesting(options, outputs, open_client)
    workshop = watched(attesting, workshop)
    engines = partial(wiring.engines, workshop.store)
    records = begin_build_records(options, pushed_references(outputs), open_client)
    destinations: list[Destination] = [
        waiting(records, output, attested(attesting, output, destination))
        for output in outputs
        for destination in [parse_output(output, names, open_client, engines=engines, heads=heads)]
    ]
    if options.load:
        destinations.append(engines().any(names))
    if names:
        # First: a push that fails then leaves a name that `lamina push` can try again.  Layers that
        # only a registry has are read from there, and the last one sees to it that one has them.
        destinations.insert(0, NamedDestination(workshop.store, names))
        destinations.append(reachable(workshop.store, pushed_references(outputs), open_client))
    if not destinations:
        raise UsageError(
            "the image would go nowhere", hint="name it with -t NAME, or give -o oci:DIR"
        )
    audience = tuple(one for one in (records, telemetry(environment())) if one is not None)
    recording = record_build(options.path, names, engine=options.engine, audience=audience)
    with (
        engine_chosen(options, workshop) as workshop,
        wiring.listening(options.progress, recording=recording) as step,
        heads.running(step),
    ):
        image = build(
            options.path,
            chosen,
            destinations,
            workshop,
            step,
            variant=options.variant,
            python=options.python,
            is_dev=options.target == "dev",
        )
    if options.metadata_file:
        _write_metadata(options.metadata_file, _metadata(image, names))
    print(image.descriptor.digest)
    return 0


def platforms(text: str) -> tuple[Platform, ...]:
    """Read ``--platform``; nothing means this machine's architecture.

    Raises ``UsageError`` for a platform that nothing can be built for.
    """
    chosen = tuple(Platform.parse(part) for part in text.split(",") if part.strip())
    wanted = dict.fromkeys(chosen or (wiring.host_platform(),))
    return tuple(map(check_supported, wanted))


def _memo(options: argparse.Namespace, outputs: Sequence[str], open_client: OpenClient) -> Memo:
    if options.offline or options.engine == "buildkit":
        return NoMemo()
    return open_memo(
        pushed_references(outputs),
        cache_from=options.cache_from,
        cache_to=options.cache_to,
        variables=environment(),
        open_client=open_client,
        is_fresh=options.no_cache,
    )


def _names(options: argparse.Namespace) -> tuple[str, ...]:
    names = tuple(map(_name, options.tag))
    if options.load and not names:
        raise UsageError("--load loads names, and there are none", hint="add -t NAME:TAG")
    if options.push and not names:
        raise UsageError("--push pushes names, and there are none", hint="add -t REGISTRY/NAME:TAG")
    return names


def _name(text: str) -> str:
    reference = Reference.parse(text)
    if reference.digest is not None:
        raise UsageError(
            f"{text!r} is a digest, which no image can be given", hint="write it as name:tag"
        )
    return str(reference)


def _write_metadata(path: Path, metadata: dict[str, object]) -> None:
    with incoming(path.absolute().parent) as new:
        new.file.write(json.dumps(metadata, indent=2).encode() + b"\n")
        new.commit(path, mode=0o644)


def _metadata(image: Image | Index, names: tuple[str, ...]) -> dict[str, object]:
    metadata: dict[str, object] = {
        "containerimage.digest": str(image.descriptor.digest),
        "containerimage.descriptor": image.descriptor.to_json(),
        "image.name": ",".join(names),
    }
    if isinstance(image, Image):
        metadata["containerimage.config.digest"] = str(image.config.digest)
    return metadata
