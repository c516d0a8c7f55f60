"""What fills an image: its live bytes by component, by package, by folder and by kind of file."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lamina.anatomy.anatomy import Anatomy
from lamina.reports.document import (
    Column,
    Document,
    Section,
    Table,
    Tile,
    Treemap,
    Unit,
)
from lamina.reports.figures import counted
from lamina.sizes import bytes_text

SHOWN: Final = 30
"""Rows of a table for people; programs get all."""

_TILES: Final = 80
_FOLDER_SHARE: Final = 0.02
_DEEPEST: Final = 10
_OF_NOBODY: Final = "(no package)"

Sizes = Mapping[str, int]


def size_document(
    name: str, anatomy: Anatomy, views: tuple[str, ...], *, shown: int | None = SHOWN
) -> Document:
    """Describe what fills an image in each of the ``views``, which are keys of ``VIEWS``."""
    image = anatomy.image
    sections = tuple(_section(anatomy, view, shown) for view in views)
    return Document(
        title=name,
        subtitle=f"{image.platform}, {bytes_text(anatomy.live_bytes)} that a container sees, in "
        f"{counted(sum(part.size > 0 for part in anatomy.parts), 'file')}; "
        f"{bytes_text(image.size)} packed",
        sections=sections,
    )


def map_section(anatomy: Anatomy) -> Section:
    """Draw the image as areas: a tile for each package, the rest by folder."""
    folders = _Folders(anatomy)
    sizes: Counter[tuple[str, str]] = Counter()
    for part in anatomy.parts:
        if part.size:
            label = str(part.owner) if part.owner else f"/{folders.of(part.path)}"
            sizes[label, str(part.component)] += part.size
    rows = sorted(sizes.items(), key=lambda row: (-row[1], row[0]))
    rest: Counter[str] = Counter()
    for (_, component), size in rows[_TILES:]:
        rest[component] += size
    kept = [*rows[:_TILES], *(((f"more of {c}", c), size) for c, size in rest.items())]
    kept.sort(key=lambda row: (-row[1], row[0]))
    tiles = tuple(Tile(label=label, size=size, group=group) for (label, group), size in kept)
    table = Table(
        key="tiles",
        title="Tiles",
        columns=(
            Column(key="part", title="package or folder", unit=Unit.CODE),
            Column(key="component", title="component"),
            Column(key="bytes", title="size", unit=Unit.BYTES),
        ),
        rows=tuple((label, group, size) for (label, group), size in kept),
    )
    treemap = Treemap(key="treemap", title="Unpacked size, by package", tiles=tiles, table=table)
    return Section(key="map", title="Map", blocks=(treemap,))


def _section(anatomy: Anatomy, view: str, shown: int | None) -> Section:
    title, sizes_of = VIEWS[view]
    sizes = sizes_of(anatomy)
    total = anatomy.live_bytes or 1
    rows = sorted(sizes.items(), key=lambda row: (-row[1], row[0]))
    left = rows[shown:] if shown is not None else []
    table = Table(
        key="sizes",
        title=title,
        columns=(
            Column(key=view, title=view, unit=Unit.CODE),
            Column(key="bytes", title="size", unit=Unit.BYTES),
            Column(key="share", title="share", unit=Unit.RATE),
        ),
        rows=tuple((name, size, size / total) for name, size in rows[:shown]),
        note=f"{len(left)} more, {bytes_text(sum(size for _, size in left))}" if left else "",
    )
    return Section(key=view, title=f"By {view}", blocks=(table,))


def _by_component(anatomy: Anatomy) -> Sizes:
    return {str(key): size for key, size in anatomy.sizes(lambda part: part.component).items()}


def _by_distribution(anatomy: Anatomy) -> Sizes:
    return anatomy.sizes(lambda part: str(part.owner) if part.owner else _OF_NOBODY)


def _by_directory(anatomy: Anatomy) -> Sizes:
    folders = _Folders(anatomy)
    return anatomy.sizes(lambda part: f"/{folders.of(part.path)}")


def _by_kind(anatomy: Anatomy) -> Sizes:
    return {str(key): size for key, size in anatomy.sizes_by_kind().items()}


class _Folders:
    """Divides files among the deepest folders that hold at least a share of all bytes."""

    def __init__(self, anatomy: Anatomy) -> None:
        sizes: Counter[str] = Counter()
        for part in anatomy.parts:
            if part.size:
                for folder in _above(part.path):
                    sizes[folder] += part.size
        least = anatomy.live_bytes * _FOLDER_SHARE
        self._large = {folder for folder, size in sizes.items() if size >= least}

    def of(self, path: str) -> str:
        """Return the folder that a file counts for; empty for the root."""
        return next((folder for folder in _above(path) if folder in self._large), "")


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, the deepest first."""
    parts = path.split("/", _DEEPEST + 1)[:-1][:_DEEPEST]
    return ("/".join(parts[:count]) for count in range(len(parts), 0, -1))


VIEWS: Final[Mapping[str, tuple[str, Callable[[Anatomy], Sizes]]]] = {
    "component": ("What the bytes are for", _by_component),
    "distribution": ("Python distributions and Debian packages", _by_distribution),
    "directory": ("Folders, without those inside that are listed too", _by_directory),
    "kind": ("Kinds of files", _by_kind),
}
