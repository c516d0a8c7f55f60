"""What a module imports, and what its texts may name, without running it; pure."""

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_DOTTED: Final = re.compile(r"(?P<name>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)(:[\w.]*)?")
_SCHEME: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9_.-]*)(\+(?P<driver>[a-z0-9_]+))?://")
_STATEMENT: Final = re.compile(r"\s*(?:from\s+([\w.]+)\s+)?c?import\s+([\w.]+)")
_LONGEST_TEXT: Final = 200
_FUNCTIONS: Final = frozenset({"__import__", "import_module", "importorskip", "find_spec"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in modules, each with the first place where it stands.

    ``imports`` are dotted names, those of attributes among them; ``packages`` such that everything
    below may be meant.  ``texts`` are names inside of strings.  ``computed`` are places where the
    name of what is imported is known only when the program runs.
    """

    imports: Mapping[str, str] = field(default_factory=dict, hash=False)
    packages: Mapping[str, str] = field(default_factory=dict, hash=False)
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)
    computed: tuple[str, ...] = ()


def merge(parts: Iterable[Found]) -> Found:
    """Put what several modules have together; the first place of each name stays."""
    found = [*parts][::-1]
    return Found(
        imports={name: where for part in found for name, where in part.imports.items()},
        packages={name: where for part in found for name, where in part.packages.items()},
        texts={name: where for part in found for name, where in part.texts.items()},
        computed=tuple(where for part in found[::-1] for where in part.computed),
    )


def read_module(source: str, *, where: str) -> Found:
    """Read the source of a module; what is not valid Python is searched for import statements."""
    try:
        with warnings.catch_warnings():  # of escapes in somebody else's strings
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _read_statements(source, where)
    visitor = _Visitor(where)
    for node in ast.walk(tree):
        visitor.see(node)
    return visitor.found


def read_notebook(text: str, *, where: str) -> Found:
    """Read the code of a Jupyter notebook; one that is malformed has none."""
    try:
        cells = json.loads(text)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return Found()
    return merge(read_module(_without_magic(source), where=where) for source in sources)


def _without_magic(source: str) -> str:
    lines = source.splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!", "?")))


class _Visitor:
    """Collects from one module."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._imports: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._computed: list[str] = []

    @property
    def found(self) -> Found:
        return Found(
            imports=self._imports,
            packages=self._packages,
            texts=self._texts,
            computed=tuple(self._computed),
        )

    def see(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self._note(self._packages, alias.name, node)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                for alias in names:
                    self._see_from(module, alias.name, node)
            case ast.Constant(value=str(text)):
                for name in names_in(text):
                    self._note(self._texts, name, node)
            case ast.Call():
                self._see_call(node)
            case _:
                pass

    def _see_call(self, node: ast.Call) -> None:
        is_literal = not node.args or isinstance(node.args[0], ast.Constant)
        if _called(node.func) in _FUNCTIONS and not is_literal:
            self._computed.append(self._place(node))

    def _see_from(self, module: str, name: str, node: ast.ImportFrom) -> None:
        if name == "*":
            self._note(self._packages, module, node)
        else:
            self._note(self._imports, f"{module}.{name}", node)

    def _note(self, into: dict[str, str], name: str, node: ast.stmt | ast.expr) -> None:
        into.setdefault(name, self._place(node))

    def _place(self, node: ast.stmt | ast.expr) -> str:
        return f"{self._where}:{node.lineno}"


def names_in(text: str) -> Iterator[str]:
    """Yield what a string may name: a dotted name before a colon, the driver of an address.

    >>> list(names_in("shop.web:app")), list(names_in("postgresql+psycopg://db/shop"))
    (['shop.web'], ['postgresql', 'psycopg'])
    """
    text = text[:_LONGEST_TEXT].strip()
    if match := _SCHEME.match(text):
        yield from filter(None, (match["scheme"], match["driver"]))
    elif match := _DOTTED.fullmatch(text):
        yield match["name"]


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _read_statements(source: str, where: str) -> Found:
    found: dict[str, str] = {}
    for number, line in enumerate(source.splitlines(), 1):
        if match := _STATEMENT.match(line):
            for name in filter(None, match.groups()):
                found.setdefault(name, f"{where}:{number}")
    return Found(packages=found)


Reader = Callable[..., Found]
READERS: Final[Mapping[str, Reader]] = {
    ".py": read_module,
    ".pyw": read_module,
    ".pyx": read_module,
    ".pxd": read_module,
    ".ipynb": read_notebook,
}
"""What reads which kind of file; called with the text and ``where``."""
