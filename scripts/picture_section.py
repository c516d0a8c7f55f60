"""Take a picture of a page up to the end of a section, in light or dark; run it with ``-m``."""

import argparse
import tempfile
from pathlib import Path

from tests.support.chromium import browser_page

WIDTH = 1100
_TALLEST = 4000


def main() -> None:
    """Open the page in Chromium, and write what the section shows as a PNG."""
    parser = argparse.ArgumentParser(prog="python -m scripts.picture_section", description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--section", default="s0", help="the id of a section (default: the first)")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser_page(Path(folder)) as page:
        page.resize(WIDTH, _TALLEST)
        page.prefer(options.scheme)
        page.open(options.page.absolute().as_uri())
        height = page.evaluate(
            "(() => { for (const e of document.querySelectorAll('header nav, nav, details'))"
            " e.remove();"
            f" return document.getElementById('{options.section}').getBoundingClientRect().bottom;"
            "})()"
        )
        page.resize(WIDTH, int(height) + 16)
        page.screenshot(options.output)


if __name__ == "__main__":
    main()
