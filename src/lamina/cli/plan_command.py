"""``lamina plan``: what ``lamina build`` will do, from the lock alone."""

import argparse
import json
from pathlib import Path

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.cli.build_command import platforms
from lamina.cli.registries import add_registry_arguments
from lamina.plan.explain import explain
from lamina.plan.serialize import plan_to_json
from lamina.project.read import read_project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--platform", default="", help="linux/amd64,linux/arm64 (default: this machine's)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    parser.add_argument("--pull", action="store_true", help="look for newer packages of the base")
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print a plan for each platform."""
    chosen = platforms(options.platform)
    project = read_project(options.path)
    workshop = wiring.workshop(
        options.path,
        offline=options.offline,
        refresh=options.pull,
        insecure=options.insecure_registry,
    )
    with wiring.listening("plain") as step:
        plans = [make_plan(project, p, workshop, step) for p in chosen]
    if options.format == "json":
        print(json.dumps([plan_to_json(plan) for plan in plans], indent=2))
    else:
        print("\n\n".join(explain(plan) for plan in plans))
    return 0
