"""Results as Markdown tables and one chart, from results.json alone."""

from typing import Any
from xml.sax.saxutils import escape

PUSHES = ("clean", "source edit", "one dependency", "cold runner")
SITUATIONS = ("clean", "nothing changed", "source edit", "one dependency")
LABELS = {
    "lamina": "Lamina",
    "uv": "Dockerfile, uv, two stages",
    "multistage": "Dockerfile, pip, two stages",
    "naive": "Dockerfile, one stage",
}
_COLOURS = {"lamina": "#0f766e", "uv": "#94a3b8", "multistage": "#cbd5e1", "naive": "#e2e8f0"}
_ROW, _LEFT, _WIDTH, _GAP = 20, 190, 420, 18


def markdown(results: dict[str, Any]) -> str:
    """Write the tables."""
    machine = results["machine"]
    docker = f", Docker {machine['docker']} with BuildKit" if "docker" in machine else ""
    lines = [
        "# Results",
        "",
        (
            f"{machine['date']}, {machine['cores']} cores ({machine['processor']}), "
            f"Python {machine['python']}{docker}; one run, equal inputs."
        ),
        "",
    ]
    for part in (_builds, _pushes, _limit, _start, _history):
        lines += part(results)
    return "\n".join(lines).rstrip() + "\n"


def _builds(results: dict[str, Any]) -> list[str]:
    builds = results.get("builds", {})
    names = [name for name in LABELS if name in builds]
    if not names:
        return []
    lines = [
        "Seconds to build `examples/aml-agent`; the peers have their base already.",
        "",
        "| | " + " | ".join(SITUATIONS) + " | unpacked |",
        "| --- |" + " ---: |" * (len(SITUATIONS) + 1),
    ]
    for name in names:
        cells = [f"{builds[name][situation]['seconds']:.2f}" for situation in SITUATIONS]
        size = f"{builds[name]['unpacked_bytes'] / 1e9:.2f} GB"
        lines.append(f"| {LABELS[name]} | " + " | ".join([*cells, size]) + " |")
    peers = [name for name in names if name != "lamina"]
    if peers and "lamina" in builds:
        ratios = [
            f"{min(builds[n][s]['seconds'] for n in peers) / builds['lamina'][s]['seconds']:.1f}x"
            for s in SITUATIONS
        ]
        lines.append("| **Lamina against the best of the others** | " + " | ".join(ratios) + " | |")
    if "lamina" in builds:
        peak = builds["lamina"]["clean"]["peak_bytes"] / 1e6
        lines += ["", f"Lamina's clean build held {peak:.0f} MB of memory at most."]
    return [*lines, ""]


def _pushes(results: dict[str, Any]) -> list[str]:
    """Compare from a change to a pushed image; the peer has no situation that we lack."""
    found = results.get("pushes", {})
    if not found:
        return []
    lines = [
        "Seconds from the change to the pushed image, to one registry on the loopback.",
        "The cold runner has an empty store, and one dependency changed; BuildKit has its cache.",
        "",
        "| | " + " | ".join(PUSHES) + " |",
        "| --- |" + " ---: |" * len(PUSHES),
    ]
    for name in ("lamina", "uv"):
        cells = " | ".join(f"{found[name][situation]['seconds']:.2f}" for situation in PUSHES)
        lines.append(f"| {LABELS[name]} | {cells} |")
    ratios = " | ".join(
        f"{found['uv'][situation]['seconds'] / found['lamina'][situation]['seconds']:.1f}x"
        for situation in PUSHES
    )
    lines.append(f"| **Lamina against BuildKit** | {ratios} |")
    one, two = (found["platforms"][name]["seconds"] for name in ("one", "two"))
    export = found["uv"]["export"]["seconds"]
    lines += [
        "",
        f"Exporting the cache took BuildKit {export:.1f} s more, which are not counted.",
        f"Two platforms take Lamina {two:.2f} s from nothing, one {one:.2f} s: {two / one:.2f}x.",
    ]
    return [*lines, ""]


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
    """Draw the build times as bars on one linear scale; readable on light and dark pages."""
    builds = results.get("builds", {})
    names = [name for name in LABELS if name in builds]
    rows: list[str] = []
    longest = max((builds[n][s]["seconds"] for n in names for s in SITUATIONS), default=1.0)
    y = 10
    for situation in SITUATIONS:
        rows.append(_text(0, y + 14, situation, weight="bold"))
        y += _ROW
        for name in names:
            seconds = builds[name][situation]["seconds"]
            width = max(1.0, seconds / longest * _WIDTH)
            rows.append(_text(8, y + 14, LABELS[name]))
            rows.append(
                f'<rect x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 6}" '
                f'fill="{_COLOURS[name]}" stroke="#64748b" stroke-width="0.5"/>'
            )
            rows.append(_text(_LEFT + width + 6, y + 14, f"{seconds:.1f} s"))
            y += _ROW
        y += _GAP
    width = _LEFT + _WIDTH + 70
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" role="img" '
        f'aria-label="Seconds to build">\n'
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, *, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="12" '
        f'font-weight="{weight}" fill="#0f172a">{escape(text)}</text>'
    )
