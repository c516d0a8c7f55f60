"""Collect from a project's files what speaks for the use of a dependency."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

from lamina.errors import ProjectError
from lamina.project.files import included_files, source_files
from lamina.project.loaded import parse_loaded
from lamina.project.project import Project
from lamina.weigh.imports import READERS, Found, merge
from lamina.weigh.usage import Evidence, loaded_modules

_OURS: Final = "# Written by `lamina "
_HEAD: Final = 400
_LARGEST_CODE: Final = 8 << 20
_LARGEST_CONFIGURATION: Final = 1 << 20
_TEST_FOLDERS: Final = frozenset({"test", "tests", "testing"})
_TEST_NAME: Final = re.compile(r"test_.*|.*_test|conftest")
_CONFIGURATION: Final = frozenset(
    {".cfg", ".conf", ".env", ".ini", ".json", ".properties", ".service", ".sh", ".toml", ".yaml",
     ".yml"}
)  # fmt: skip
_PROGRAMS: Final = re.compile(r"(docker|container)file.*|.*\.dockerfile|procfile.*|makefile|.*\.mk")
_LISTS: Final = re.compile(
    r"(pylock.*|.*\.lock|lamina\.lock|poetry|uv|package-lock|pyproject|pdm)\.(toml|lock|json)|"
    r".*(requirements|constraints).*|pipfile.*|setup\.cfg|tox\.ini|environment\.ya?ml|"
    r"\.pre-commit-config\.yaml"
)
"""Files that name dependencies because they list them, or tools."""

_INSTALLS: Final = re.compile(r"\b(install|uv (add|sync|pip)|poetry add|conda)\b")
_WORD: Final = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)*")
_DRIVER: Final = re.compile(r"\b[a-z][a-z0-9_.-]*\+(?P<driver>[a-z0-9_]+)://")


def collect(project: Project, *, loaded: Iterable[str] = ()) -> Evidence:
    """Read the project's modules, settings and configuration files."""
    code: list[Found] = []
    tests: list[Found] = []
    words: dict[str, str] = dict(_settings(project))
    for path in sorted({*source_files(project), *included_files(project)}):
        where = path.relative_to(project.directory).as_posix()
        if reader := READERS.get(path.suffix):
            text = _read(path, _LARGEST_CODE)
            (tests if is_test(where) else code).append(reader(text, where=where))
        elif is_configuration(where) and where != project.settings.loaded:
            text = _read(path, _LARGEST_CONFIGURATION)
            for word, place in _words("" if is_ours(text) else text, where):
                words.setdefault(word, place)
    return Evidence(
        code=merge(code),
        tests=merge(tests),
        words=words,
        loaded=tuple(loaded),
        implicit=known_implicit(),
        has_code=bool(code),
    )


def loaded_names(text: str) -> tuple[str, ...]:
    """Read a list of modules: what ``lamina test --loaded`` wrote, or any file of names.

    Of the former only the modules of what the program itself loaded count, for the checks import
    every dependency, used or not.
    """
    try:
        return parse_loaded(text, where="").used
    except ProjectError:
        return tuple(loaded_modules(text))


def known_implicit() -> dict[str, str]:
    """Read the list that comes with Lamina: names, and how they are used without an import."""
    text = files("lamina.weigh").joinpath("implicit.toml").read_text("utf-8")
    rows = tomllib.loads(text)["implicit"]
    return {name: row["how"] for row in rows for name in row["names"]}


def is_test(path: str) -> bool:
    """Say whether a file of the project is one of its tests, by its name.

    >>> is_test("tests/unit/shop.py"), is_test("src/shop/test_view.py"), is_test("src/shop/tax.py")
    (True, True, False)
    """
    pure = PurePosixPath(path)
    return bool(_TEST_FOLDERS.intersection(pure.parts[:-1]) or _TEST_NAME.fullmatch(pure.stem))


def is_configuration(path: str) -> bool:
    """Say whether a file may name what the program loads or runs.

    >>> [is_configuration(p) for p in ("deploy/app.yaml", "requirements-dev.txt", ".github/ci.yml")]
    [True, False, False]
    """
    pure = PurePosixPath(path.lower())
    if ".github" in pure.parts or is_test(path) or _LISTS.fullmatch(pure.name):
        return False
    return pure.suffix in _CONFIGURATION or _PROGRAMS.fullmatch(pure.name) is not None


def is_ours(text: str) -> bool:
    """Say whether Lamina wrote a file: a Dockerfile of ours lists the lock, and uses none of it."""
    return _OURS in text[:_HEAD]


def _settings(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the words of what the image starts, and of the variables that it gets."""
    settings = project.settings
    for name, texts in (
        ("entrypoint", settings.entrypoint),
        ("command", settings.command),
        ("environment", tuple(settings.environment.values())),
    ):
        for text in texts:
            for word, _ in _words(text, ""):
                yield word, f"tool.lamina.{name}"


def _words(text: str, where: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if _INSTALLS.search(line):
            continue
        place = f"{where}:{number}"
        yield from ((word, place) for word in _WORD.findall(line))
        yield from ((match["driver"], place) for match in _DRIVER.finditer(line))


def _read(path: Path, largest: int) -> str:
    """Read a file; one that is too large or went away says nothing."""
    try:
        return "" if path.stat().st_size > largest else path.read_text("utf-8-sig", "replace")
    except OSError:
        return ""
