"""What the commands that look inside images share: which image, and its layers taken apart."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.learn import learn
from lamina.cli import images, wiring
from lamina.cli.registries import add_registry_arguments
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.steps import Step, silent_step
from lamina.store.store import Store


def add_looking_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what every command that looks inside takes."""
    parser.add_argument(
        "--platform",
        default="",
        help="linux/amd64 or another one (default: this machine's, or the only one there is)",
    )
    parser.add_argument(
        "--base",
        default="",
        metavar="IMAGE",
        help="the image that is the base (default: what the history and the layers tell)",
    )
    add_registry_arguments(parser)


def wanted(name: str, options: argparse.Namespace) -> images.Wanted:
    """Say which image the command line means."""
    platform = Platform.parse(options.platform) if options.platform else None
    return images.Wanted(name=name, platform=platform, insecure=options.insecure_registry)


@contextmanager
def looking() -> Iterator[Step]:
    """Make the root step; a terminal sees which layers are read, and nobody else does."""
    if not sys.stderr.isatty():
        yield silent_step()
        return
    with wiring.listening("auto") as step:
        yield step


def anatomy_of(
    name: str,
    options: argparse.Namespace,
    store: Store,
    step: Step,
    *,
    needs_symbols: bool = False,
) -> Anatomy:
    """Find an image and take it apart."""
    with images.opened(wanted(name, options), store) as found:
        base = _base(options, store)
        layers = learn(found.image, found.content, store, step, needs_symbols=needs_symbols)
    return take_apart(found.image, layers, base=base)


def _base(options: argparse.Namespace, store: Store) -> Sequence[Digest]:
    if not options.base:
        return ()
    with images.opened(wanted(options.base, options), store) as found:
        return tuple(layer.diff_id for layer in found.image.layers)
