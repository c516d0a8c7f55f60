"""Import the modules named as arguments, one by one, and report each on a line of its own.

Arguments: a mark that no module prints by chance, then the names.  A line is the mark and a JSON
list: the name, then null or the error.  A name is announced first, by a list of one: who reads
the output then knows which import brought the interpreter down.  A last line has a JSON object:
``modules`` and ``objects`` that are loaded at the end.
"""

from __future__ import annotations  # the image's Python may be an old one

import importlib
import json
import sys
import traceback


def main() -> None:
    """Import and report."""
    mark, *names = sys.argv[1:]
    for name in names:
        _say(mark, [name])
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - modules raise SystemExit, too
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{last.filename}:{last.lineno}"
            _say(mark, [name, f"{type(error).__name__}: {error} ({place})"])
        else:
            _say(mark, [name, None])
    _say(mark, {"modules": sorted(sys.modules), "objects": _objects()})


def _objects() -> list[str]:
    """List the files that are mapped into memory, shared objects among them."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123 - quick
        return sorted({"/" + line.partition("/")[2].rstrip("\n") for line in maps if "/" in line})


def _say(mark: str, value: object) -> None:
    sys.stdout.write("\n" + mark + json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
