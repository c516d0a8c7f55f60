"""Which extras and groups belong into the image, and which make images of their own; pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from packaging.utils import canonicalize_name

from lamina.project.detect.code import reached
from lamina.project.detect.dependencies import Row
from lamina.project.detect.guess import Guess
from lamina.project.detect.service import Program, Service, streamlit

_DEVELOPMENT: Final = re.compile(
    r"(.*[-_])?(tests?|testing|dev(el)?|development|docs?|lint(ing|ers?)?|format|typing|types|"
    r"type[-_]?check|mypy|benchmarks?|examples?|build|release|ci|qa|style|pre[-_]commit|coverage|"
    r"notebooks?|jupyter|all|full)([-_].*)?"
)
_MODULES: Final[Mapping[str, str]] = {
    "beautifulsoup4": "bs4", "faiss-cpu": "faiss", "opencv-python": "cv2",
    "opencv-python-headless": "cv2", "pillow": "PIL", "psycopg2-binary": "psycopg2",
    "pyjwt": "jwt", "pymupdf": "fitz", "python-dateutil": "dateutil", "python-docx": "docx",
    "python-dotenv": "dotenv", "python-multipart": "multipart", "pyyaml": "yaml",
    "scikit-image": "skimage", "scikit-learn": "sklearn", "sentence-transformers":
    "sentence_transformers", "umap-learn": "umap", "xgboost-cpu": "xgboost",
    "tensorflow-cpu": "tensorflow",
}  # fmt: skip
"""Modules that are not called like what they come from; `lamina weigh` looks into the wheels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """An image besides the main one: ``service`` is what it starts, if that is another program."""

    name: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    why: str = ""
    service: Service | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How the optional dependencies are divided over images.

    ``included`` and ``left_out`` are extras and groups, as ``("extra", "ui")``.
    """

    included: tuple[Guess[Row], ...] = ()
    left_out: tuple[Guess[Row], ...] = ()
    variants: tuple[Variant, ...] = field(default=())


def split(program: Program, service: Service) -> Split:
    """Keep what starting the program imports; everything else that is no tool is a variant."""
    started = reached(program.codes, service.module)
    imported = {name for code in started for name in code.imports}
    included: list[Guess[Row]] = []
    left_out: list[Guess[Row]] = []
    for row, names in program.dependencies.optional.items():
        found = next((n for n in sorted(names) if _is_imported(n, imported)), "")
        if _DEVELOPMENT.fullmatch(row[1].lower()):
            left_out.append(Guess(value=row, why="it is for who works on the project"))
        elif found:
            included.append(Guess(value=row, why=f"the program imports {found} when it starts"))
        else:
            left_out.append(Guess(value=row, why="nothing that the program starts with imports it"))
    return Split(
        included=tuple(included),
        left_out=tuple(left_out),
        variants=tuple(_variants(program, service, left_out)),
    )


def _variants(
    program: Program, service: Service, left_out: Sequence[Guess[Row]]
) -> Iterator[Variant]:
    names = [row.value for row in left_out if not _DEVELOPMENT.fullmatch(row.value[1].lower())]
    for name in dict.fromkeys(str(canonicalize_name(name)) for _, name in names):
        rows = [row for row in names if canonicalize_name(row[1]) == name]
        page = None
        if any("streamlit" in program.dependencies.optional[row] for row in rows):
            page = streamlit(program)
        is_other = page is not None and page.entrypoint.value != service.entrypoint.value
        yield Variant(
            name=name,
            extras=tuple(row[1] for row in rows if row[0] == "extra"),
            groups=tuple(row[1] for row in rows if row[0] == "group"),
            why=f"{' and '.join(' '.join(row) for row in rows)}",
            service=page if is_other else None,
        )


def _is_imported(name: str, imports: Collection[str]) -> bool:
    module = _MODULES.get(name, name.replace("-", "_"))
    return any(one == module or one.startswith(f"{module}.") for one in imports)
