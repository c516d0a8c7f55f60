"""``lamina run``: start an image without Docker, as its own user, on a read-only root."""

import argparse
import sys
from dataclasses import replace

from lamina.cli import images, wiring
from lamina.cli.developing import add_dev_arguments, looker, mounts_of, prepared, say
from lamina.cli.unpacked import unpacked
from lamina.errors import UsageError
from lamina.rootfs.container import prepare
from lamina.rootfs.run import run as run_container
from lamina.rootfs.startable import check_startable
from lamina.rootfs.watch import watch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "-e", "--env", action="append", default=[], metavar="NAME=VALUE",
        help="set a variable; may be given several times",
    )  # fmt: skip
    parser.add_argument("--entrypoint", help="run this program instead of the image's")
    parser.add_argument(
        "--engine", choices=("bubblewrap", "crun", "docker"),
        help="what starts the image (default: the first that works here)",
    )  # fmt: skip
    parser.add_argument(
        "--network", choices=("host", "loopback"), default="host",
        help="this machine's network, or a loopback of the container's own",
    )  # fmt: skip
    add_dev_arguments(parser)
    parser.add_argument("image", help=images.WHERE_IMAGES_ARE)
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="instead of the image's command"
    )


def run(options: argparse.Namespace) -> int:
    """Unpack, start, and end with the command's own exit code."""
    store = wiring.open_store()
    with (
        images.opened(images.Wanted(name=options.image), store) as found,
        unpacked(found.image, found.content, store) as root,
    ):
        runtime = found.image.runtime
        if options.entrypoint:
            runtime = replace(runtime, entrypoint=(options.entrypoint,), command=())
        container = prepare(
            root,
            runtime,
            arguments=options.arguments,
            environment=map(_variable, options.env),
            network=options.network,
            mounts=mounts_of(options, found.image),
        )
        check_startable(root, container)
        container = prepared(options, container)
        if options.watch:
            (sources,) = container.mounts
            return watch(container, looker(sources.source), say, engine=options.engine)
        code, notes = run_container(container, engine=options.engine)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return code


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{text!r} is not NAME=VALUE", where="--env")
    return name, value
