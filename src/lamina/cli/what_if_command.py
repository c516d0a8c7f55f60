"""``lamina what-if``: which steps of a build an edit would run again, before it is made."""

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lamina.cli.environment import child_environment, environment
from lamina.cli.explain_text import forecast_text, ranking_text
from lamina.cli.fingerprints import read_fingerprint
from lamina.cli.history_command import open_past
from lamina.cli.last_build import last_build_here, project_here
from lamina.cli.variants import add_variant_argument
from lamina.dockerfile.instructions import Arg
from lamina.dockerfile.parse import parse
from lamina.errors import InputError, LaminaError, UsageError
from lamina.explain.asked import Asked, read_command
from lamina.explain.bases import merges
from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json
from lamina.explain.git_log import git_changes
from lamina.explain.native import is_native
from lamina.explain.what_if import Forecast, Oracle
from lamina.explain.what_if_native import (
    LOCKS,
    commit_forecast,
    layer_forecast,
    layer_forecasts,
)
from lamina.history.circumstances import circumstances
from lamina.history.costs import usual
from lamina.history.record import BuildRecord, StepKey
from lamina.project.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "files", nargs="*", metavar="FILE",
        help="files or folders; without any, all files of the context, the dearest first",
    )  # fmt: skip
    parser.add_argument(
        "--arg", action="append", default=[], metavar="NAME", help="another value of an ARG"
    )
    parser.add_argument("--commit", action="store_true", help="a new commit that changes no file")
    parser.add_argument(
        "--context", default="", metavar="DIR", help="the build context (default: as last built)"
    )
    parser.add_argument("-f", "--file", default="", metavar="DOCKERFILE", help="the Dockerfile")
    parser.add_argument("--target", default="", metavar="STAGE", help="the stage to build")
    parser.add_argument(
        "--build-arg", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of the build",
    )  # fmt: skip
    add_variant_argument(parser)
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many files")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people, or for programs"
    )


def run(options: argparse.Namespace) -> int:
    """Forecast."""
    project = project_here(options.variant)
    record, costs = _last_build(project, options)
    if record is not None and is_native(record):
        _refuse_dockerfile_options(options)
        return _forecast_layers(record, costs, project, options)
    asked = _asked(options, record)
    fingerprint = read_fingerprint(asked, child_environment())
    if fingerprint is None:
        raise InputError(
            "there is no Dockerfile to look into",
            where=asked.dockerfile or str(Path(asked.context or ".") / "Dockerfile"),
            hint=_hint(options, record),
        )
    fingerprint = _with_bases(fingerprint, record)
    try:
        oracle = Oracle(fingerprint, record, costs)
    except InputError as error:
        where = f"{fingerprint.path}, {error.where}" if error.where else fingerprint.path
        raise InputError(error.what, where=where, hint=error.hint) from error
    return _forecast(oracle, fingerprint, options)


def _refuse_dockerfile_options(options: argparse.Namespace) -> None:
    names = {"--arg": options.arg, "--target": options.target, "--build-arg": options.build_arg}
    given = [name for name, value in names.items() if value]
    if given:
        raise UsageError(
            f"{', '.join(given)}: only builds of a Dockerfile have that, "
            "and the last build here was `lamina build`",
            hint="name files, or the Dockerfile with -f",
        )


def _forecast_layers(
    record: BuildRecord,
    costs: Mapping[StepKey, float],
    project: Project | None,
    options: argparse.Namespace,
) -> int:
    """Forecast for our own engine, whose context is the project's folder."""
    root = Path()
    changes = git_changes(root, child_environment())
    rate = changes.rate if changes.commits else _nobody_knows
    if not (options.files or options.commit):
        locks = (path.name for path in sorted(root.iterdir()) if path.name.startswith(LOCKS))
        return _rank(layer_forecasts(record, costs, locks, rate), options)
    inside = [_inside(path, root) for path in options.files]
    found = [layer_forecast(record, path, costs, rate=rate(path)) for path in inside]
    if options.commit:
        is_told = project is not None and project.is_distributable and not project.version
        found.append(commit_forecast(record, costs, is_version_of_commit=is_told))
    return _show(found, options)


def _nobody_knows(_: str) -> None:
    return None


def _hint(options: argparse.Namespace, record: BuildRecord | None) -> str:
    is_named = options.context or options.file
    if record is None and not is_named and Path("pyproject.toml").is_file():
        return "`lamina build` first: its layers are then known; or name a Dockerfile with -f"
    return "name it with -f, and the build context with --context"


def _forecast(oracle: Oracle, found: Fingerprint, options: argparse.Namespace) -> int:
    root = Path(found.root or ".")
    changes = git_changes(root, child_environment())
    rated = changes.commits > 0
    if not (options.files or options.arg or options.commit):
        return _rank(oracle.files(changes.rate), options)
    inside = [_inside(path, root) for path in options.files]
    forecasts = [
        *(oracle.file(path, rate=changes.rate(path) if rated else None) for path in inside),
        *map(oracle.argument, options.arg),
    ]
    if options.commit:
        revision = circumstances(environment(), root)["revision"]
        forecasts.append(oracle.commit(_declared(found), revision))
    return _show(forecasts, options)


def _rank(found: Sequence[Forecast], options: argparse.Namespace) -> int:
    if options.format == "json":
        return _show(found, options)
    print(ranking_text(found, options.limit) if found else "no step takes a file of the context")
    return 0


def _show(found: Sequence[Forecast], options: argparse.Namespace) -> int:
    if options.format == "json":
        print(json.dumps(list(map(forecast_to_json, found)), indent=2))
    else:
        print("\n\n".join(map(forecast_text, found)))
    return 0


def forecast_to_json(found: Forecast) -> dict[str, Any]:
    """Turn a forecast into a JSON object."""
    return {
        **asdict(found),
        "seconds": found.seconds,
        "sure_seconds": found.sure_seconds,
        "expected_seconds": found.expected,
    }


def _last_build(
    project: Project | None, options: argparse.Namespace
) -> tuple[BuildRecord | None, Mapping[StepKey, float]]:
    """Find the last build of this folder, and what its steps usually take; none is no error."""
    with suppress(LaminaError), open_past() as history:
        record = last_build_here(
            history, project, context=options.context, dockerfile=options.file, has_layers=True
        )
        if record is not None:
            return record, usual(history.samples(record.scope))
    return None, {}


def _asked(options: argparse.Namespace, record: BuildRecord | None) -> Asked:
    """Ask for the build that the command line describes, else for the last one again."""
    words = [f"--build-arg={text}" for text in options.build_arg]
    given = read_command(words).arguments
    last = fingerprint_from_json(record.fingerprint) if record else None
    if last is None or options.context or options.file:
        return Asked(
            context=options.context or ".",
            dockerfile=options.file,
            target=options.target,
            arguments=given,
        )
    return Asked(
        context=last.root,
        dockerfile=last.path,
        target=options.target or last.target,
        platforms=last.platforms,
        arguments={**last.arguments, **given},
        options=last.options,
    )


def _with_bases(found: Fingerprint, record: BuildRecord | None) -> Fingerprint:
    last = fingerprint_from_json(record.fingerprint) if record else None
    if last is None or record is None:
        return found
    return replace(found, bases=last.bases, merges=merges(record))


def _inside(text: str, root: Path) -> str:
    """Return a path as the context has it; it may be given from here, or from there."""
    path = Path(text)
    with suppress(ValueError):
        if path.exists() or path.is_absolute():
            return path.absolute().relative_to(root.absolute()).as_posix()
    return text


def _declared(found: Fingerprint) -> tuple[str, ...]:
    instructions = parse(found.dockerfile).instructions
    args = (x for x in instructions if isinstance(x, Arg))
    return tuple(dict.fromkeys(name for arg in args for name, _ in arg.pairs))
