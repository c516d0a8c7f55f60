"""Results as Markdown tables and one chart, from results.json alone."""

from typing import Any

from benchmarks.tables import (
    LABELS,
    SITUATIONS,
    brief_sizes,
    brief_times,
    build_table,
    push_table,
)
from lamina.bench.chart import Bar, bar_chart

_COLOURS = {"lamina": "#0f766e", "uv": "#94a3b8", "multistage": "#cbd5e1", "naive": "#e2e8f0"}


def markdown(results: dict[str, Any]) -> str:
    """Write the tables."""
    machine = results["machine"]
    docker = f", Docker {machine['docker']} with BuildKit" if "docker" in machine else ""
    lines = [
        "# Results",
        "",
        (
            f"{machine['cores']} cores ({machine['processor']}), "
            f"Python {machine['python']}{docker}; "
            f"each table from one run with equal inputs, the newest of {machine['date']}."
        ),
        "",
    ]
    for part in (_builds, _brief, _pushes, _limit, _start, _history):
        lines += part(results)
    return "\n".join(lines).rstrip() + "\n"


def _builds(results: dict[str, Any]) -> list[str]:
    table = build_table(results)
    if not table:
        return []
    lines = [
        "Seconds to build `examples/aml-agent`; the peers have their base already.",
        "",
        *table,
    ]
    if "lamina" in results["builds"]:
        peak = results["builds"]["lamina"]["clean"]["peak_bytes"] / 1e6
        lines += ["", f"Lamina's clean build held {peak:.0f} MB of memory at most."]
    return [*lines, ""]


def _pushes(results: dict[str, Any]) -> list[str]:
    table = push_table(results)
    if not table:
        return []
    found = results["pushes"]
    one, two = (found["platforms"][name]["seconds"] for name in ("one", "two"))
    export = found["uv"]["export"]["seconds"]
    return [
        "Seconds from the change to the pushed image, to one registry on the loopback.",
        "The cold runner has an empty store, and one dependency changed; BuildKit has its cache.",
        "",
        *table,
        "",
        f"Exporting the cache took BuildKit {export:.1f} s more, which are not counted.",
        f"Two platforms take Lamina {two:.2f} s from nothing, one {one:.2f} s: {two / one:.2f}x.",
        "",
    ]


_UNEQUAL = (
    "The row of CI is not like for like: there Lamina read the memo that an earlier push had left "
    "in the registry, and docker, with --no-cache, had no cache anywhere."
)
"""What has to be said of results from before both were measured both ways."""


def _brief(results: dict[str, Any]) -> list[str]:
    if not results.get("brief"):
        return []
    notes = results["brief"].get("notes", [_UNEQUAL])
    return [
        "The tables of `examples/aml-agent`'s brief, as `lamina bench` measures them.",
        "A cache hit is the build after an edit of one line; in CI the image is pushed as well.",
        *notes,
        "",
        *brief_times(results),
        "",
        *brief_sizes(results),
        "",
    ]


def _limit(results: dict[str, Any]) -> list[str]:
    if "limit" not in results:
        return []
    found = results["limit"]
    return [
        (
            f"All layers from the wheels: {found['layers_seconds']:.2f} s; inflating, hashing "
            f"twice and writing the same bytes: {found['limit_seconds']:.2f} s; "
            f"ratio {found['ratio']:.2f}."
        ),
        "",
    ]


def _start(results: dict[str, Any]) -> list[str]:
    if "start" not in results:
        return []
    lines = [
        "From `docker run` to a green `/healthz`, and to the heavy libraries imported, in seconds.",
        "",
        "| | healthy | imported | unpacked | archive |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in results["start"].items():
        archive = f"{row['archive_bytes'] / 1e6:.0f} MB" if "archive_bytes" in row else ""
        lines.append(
            f"| {LABELS.get(name, name)} | {row['healthy_seconds']:.2f} | "
            f"{row['import_seconds']:.2f} | {row['unpacked_bytes'] / 1e9:.2f} GB | {archive} |"
        )
    return [*lines, ""]


def _history(results: dict[str, Any]) -> list[str]:
    found = results.get("history", {})
    if not found:
        return []
    lines = [
        (
            f"Over {found['builds']:,} builds, `lamina stats` takes {found['stats_seconds']:.2f} s "
            f"and `lamina report` {found['report_seconds']:.2f} s; a program that only reads their "
            f"rows takes {found['limit_seconds']:.2f} s."
        ),
        (
            f"The page of {found['page_builds']} builds has {found['page_bytes'] / 1e6:.2f} MB, "
            f"that of all {found['page_of_many_bytes'] / 1e6:.2f} MB."
        ),
    ]
    if "recording_share" in found:
        lines.append(
            f"Recording adds {found['recording_share']:.1%} to a build in which nothing changed, "
            f"which takes {found['unrecorded_seconds']:.3f} s."
        )
    if "page_seconds" in found:
        lines.append(
            f"A browser shows them after {found['page_seconds']:.2f} and "
            f"{found['page_of_many_seconds']:.2f} s."
        )
    return [*lines, ""]


def chart(results: dict[str, Any]) -> str:
    """Draw the build times as bars on one linear scale."""
    builds = results.get("builds", {})
    names = [name for name in LABELS if name in builds]
    groups = [
        (
            situation,
            [
                Bar(
                    label=LABELS[name],
                    value=(seconds := builds[name][situation]["seconds"]),
                    text=f"{seconds:.1f} s",
                    colour=_COLOURS[name],
                )
                for name in names
            ],
        )
        for situation in SITUATIONS
    ]
    return bar_chart([groups], "Seconds to build")
