"""Statistics and reports over 10,000 builds, beside a program that only reads their rows.

The limit starts the same interpreter, opens the file, and fetches every row's columns; what is
asked for takes that and more.  The page of 500 builds is opened in a browser as well.
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from tests.support.chromium import browser_page, chromium_program
from tests.support.past_builds import past_builds
from tests.support.process import run
from tests.support.tools import LAMINA

from benchmarks.inputs import fresh_copy
from lamina.history.database import open_history

MANY, SOME = 10_000, 500
_PAIRS = 30
_IMAGES = ("shop/agent", "shop/web", "shop/api")
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def history_times(folder: Path, *, rounds: int) -> dict[str, object]:
    """Time each in turn; return medians in seconds, sizes in bytes, and ratios to the limit."""
    folder.mkdir(parents=True, exist_ok=True)
    many, some = folder / "many.db", folder / "some.db"
    for path, count in ((many, MANY), (some, SOME)):
        with open_history(str(path)) as history:
            history.add(past_builds(count, images=_IMAGES))
    found: dict[str, list[float]] = {"limit": [], "stats": [], "report": []}
    for _ in range(rounds):
        found["limit"].append(_timed(lambda: _only_rows(many)))
        found["stats"].append(_timed(lambda: _lamina(many, "stats")))
        found["report"].append(
            _timed(lambda: _lamina(many, "report", "-o", str(folder / "many.html")))
        )
    _lamina(some, "report", "-o", str(folder / "some.html"))
    seconds = {name: median(times) for name, times in found.items()}
    return {
        "builds": MANY,
        "page_builds": SOME,
        "page_bytes": (folder / "some.html").stat().st_size,
        "page_of_many_bytes": (folder / "many.html").stat().st_size,
        **{f"{name}_seconds": value for name, value in seconds.items()},
        **{f"{name}_ratio": seconds[name] / seconds["limit"] for name in ("stats", "report")},
        **_rendered(folder, rounds),
        **_recorded(folder),
    }


def _recorded(folder: Path) -> dict[str, float]:
    """Time builds in which nothing changed, recorded and not, in turn."""
    project = fresh_copy(folder / "project")
    build: list[str | Path] = [*LAMINA, "build", project, "-t", "bench:recorded"]
    common = {**os.environ, "LAMINA_STORE": str(folder / "store")}
    histories = {"recorded": str(folder / "own.db"), "unrecorded": "off"}
    times: dict[str, list[float]] = {name: [] for name in histories}
    run(*build, environment={**common, "LAMINA_HISTORY": "off"})
    for _ in range(_PAIRS):
        for name, history in histories.items():
            environment = {**common, "LAMINA_HISTORY": history}
            times[name].append(_timed(partial(_build, build, environment)))
    seconds = {f"{name}_seconds": median(found) for name, found in times.items()}
    return {
        **seconds,
        "recording_share": seconds["recorded_seconds"] / seconds["unrecorded_seconds"] - 1,
    }


def _build(words: list[str | Path], environment: dict[str, str]) -> None:
    run(*words, environment=environment)


def _only_rows(path: Path) -> None:
    code = (
        "import sqlite3, sys\n"
        "found = sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()\n"
        "assert found\n"
    )
    columns = [row[1] for row in sqlite3.connect(path).execute("PRAGMA table_info(builds)")]
    named = ", ".join(name for name in columns if name != "record")
    run(sys.executable, "-c", code, path, f"SELECT {named} FROM builds ORDER BY started")


def _lamina(path: Path, *words: str) -> None:
    run(*LAMINA, *words, environment={**os.environ, "LAMINA_HISTORY": str(path)})


def _timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _rendered(folder: Path, rounds: int) -> dict[str, float]:
    """Return how long a browser takes from the address to the page with all charts drawn."""
    if chromium_program() is None:
        return {}
    times: dict[str, list[float]] = {"some": [], "many": []}
    with tempfile.TemporaryDirectory(dir=folder) as profile, browser_page(Path(profile)) as page:
        page.resize(1280, 1000)
        for _ in range(rounds):
            for name, found in times.items():
                page.open((folder / f"{name}.html").as_uri())
                page.settle()
                found.append(page.evaluate(_LOADED) / 1000)
    return {
        "page_seconds": median(times["some"]),
        "page_of_many_seconds": median(times["many"]),
    }
