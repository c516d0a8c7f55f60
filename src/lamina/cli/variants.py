"""The argument that chooses one of a project's variants, for every command that reads a project."""

import argparse


def add_variant_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--variant``; without it the settings are those of the project itself."""
    parser.add_argument(
        "--variant", default="", metavar="NAME", help="one of the project's tool.lamina.variants"
    )
