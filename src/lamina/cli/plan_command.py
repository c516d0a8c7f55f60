"""``lamina plan``: what ``lamina build`` will do, from the lock alone."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.cli.build_command import platforms
from lamina.cli.registries import add_registry_arguments
from lamina.cli.simulating import add_simulating_arguments, check_simulating, show_simulations
from lamina.cli.variants import add_variant_argument
from lamina.engines.expected import expected_layers
from lamina.oci.reference import Reference
from lamina.plan.explain import explain, explain_forecast, explain_together, forecast_to_json
from lamina.plan.forecast import Forecast, forecast, together
from lamina.plan.plan import BuildPlan
from lamina.plan.serialize import plan_to_json
from lamina.project.read import read_project
from lamina.registry.pull import layers_of
from lamina.workshop import Workshop


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
    parser.add_argument(
        "--against", metavar="REF", help="say what a push to REF would move, from its manifest"
    )
    add_simulating_arguments(parser)
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print a plan for each platform."""
    chosen = platforms(options.platform)
    check_simulating(options, chosen)
    project = read_project(options.path, options.variant)
    workshop = wiring.workshop(
        options.path,
        offline=options.offline,
        refresh=options.pull,
        insecure=options.insecure_registry,
    )
    with wiring.listening("plain") as step:
        plans = [make_plan(project, p, workshop, step) for p in chosen]
        forecasts = [_forecast(plan, options, workshop) for plan in plans]
    if options.simulate:
        show_simulations(project, plans, workshop.store, options)
    elif options.format == "json":
        print(json.dumps(_to_json(plans, forecasts), indent=2))
    else:
        print("\n\n".join(_explained(plans, forecasts)))
    return 0


def _forecast(plan: BuildPlan, options: argparse.Namespace, workshop: Workshop) -> Forecast | None:
    if not options.against:
        return None
    reference = Reference.parse(options.against)
    client = wiring.registries(options.insecure_registry)(reference)
    rows = layers_of(client, str(reference.digest or reference.tag), plan.base.platform)
    expected = expected_layers(plan, workshop.base, workshop.store)
    return forecast(expected, rows, reference=str(reference))


def _to_json(
    plans: Sequence[BuildPlan], forecasts: Sequence[Forecast | None]
) -> list[dict[str, Any]]:
    whole = together([found for found in forecasts if found])
    return [
        {**plan_to_json(plan), **({"against": forecast_to_json(found, whole)} if found else {})}
        for plan, found in zip(plans, forecasts, strict=True)
    ]


def _explained(plans: Sequence[BuildPlan], forecasts: Sequence[Forecast | None]) -> Iterator[str]:
    for plan, found in zip(plans, forecasts, strict=True):
        yield explain(plan)
        if found:
            yield explain_forecast(found)
    every = [found for found in forecasts if found]
    if len(every) > 1:
        yield explain_together(together(every))
