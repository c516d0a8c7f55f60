"""The host's apt configuration: which archives it trusts, and with which keys (sources.list(5)).

It is read as apt reads it, because reading more than apt does would bring disabled archives
back to life.  Nothing is run: the files are enough, and there may be no apt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lamina.debian.control import parse_paragraphs
from lamina.errors import ArchiveError, ProjectError

# apt takes no other file of sources.list.d: not x.sources.bak, not "my list.sources".
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+\.(list|sources)")
# Blanks separate words, except inside brackets: [arch=amd64 trusted=no], cdrom:[A name]/.
_WORD = re.compile(r"(?:\[[^\]]*\]|[^\s\[\]])+")
_CHECK_VALID_UNTIL = re.compile(r"Check-Valid-Until\s+\"?(\w+)\"?", re.IGNORECASE)
_NO = frozenset({"no", "false", "0", "off", "without", "disable"})
_YES = frozenset({"yes", "true", "1", "on", "with", "enable"})
_OPTION_NAMES = {"arch": "architectures", "signed-by": "signed-by"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSource:
    """One suite of one archive, as the host's configuration has it.

    ``uris`` are mirrors of the same archive in the order of preference.  ``architectures`` is
    empty when the source does not limit them.  The keys are in ``keyrings`` (limited to
    ``fingerprints`` if there are any), or in ``key_block``.  ``where`` is ``file:line``.
    """

    uris: tuple[str, ...]
    suite: str
    components: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    keyrings: tuple[Path, ...] = ()
    fingerprints: tuple[str, ...] = ()
    key_block: str = ""
    check_valid_until: bool = True
    trusted: bool = False
    where: str = ""


def read_sources(root: Path = Path("/")) -> tuple[ArchiveSource, ...]:
    """Read ``etc/apt`` below ``root``: the enabled binary archives in apt's order.

    Raises ``ProjectError`` with every problem of every file, each with its file and line.
    """
    reader = _Reader(root)
    sources = [source for path in _files(root / "etc/apt") for source in reader.read(path)]
    if reader.problems:
        raise ProjectError(
            "the apt configuration of this machine cannot be read",
            where=str(root / "etc/apt"),
            problems=tuple(reader.problems),
            why="; ".join(reader.problems),
        )
    return tuple(sources)


def _files(apt: Path) -> Iterator[Path]:
    if (apt / "sources.list").is_file():
        yield apt / "sources.list"
    parts = apt / "sources.list.d"
    if parts.is_dir():
        yield from sorted(
            p for p in parts.iterdir() if _FILE_NAME.fullmatch(p.name) and p.is_file()
        )


class _Reader:
    """Reads source files below one root and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._default_keyrings = _default_keyrings(root / "etc/apt")
        self._check_valid_until = _checks_valid_until(root / "etc/apt")
        self.problems: list[str] = []

    def read(self, path: Path) -> Iterator[ArchiveSource]:
        text = path.read_text(encoding="utf-8", errors="replace")
        items = _stanzas(text) if path.suffix == ".sources" else _lines(text)
        try:
            for line, options in items:
                where = f"{path}:{line}"
                try:
                    yield from self._sources(options, where)
                except ArchiveError as error:
                    self.problems.append(f"{where}: {error.what}")
        except ArchiveError as error:
            self.problems.append(f"{path}: {error.what}")

    def _sources(self, options: dict[str, str], where: str) -> Iterator[ArchiveSource]:
        if "deb" not in options.get("types", "").split() or options.get("enabled", "") in _NO:
            return
        for required in ("uris", "suites"):
            if not options.get(required, "").strip():
                raise ArchiveError(f"the source has no {required}")
        for uri in _WORD.findall(options["uris"]):
            for suite in options["suites"].split():
                yield self._source(uri, suite, options, where)

    def _source(self, uri: str, suite: str, options: dict[str, str], where: str) -> ArchiveSource:
        components = _words(options.get("components", ""))
        if bool(components) == suite.endswith("/"):
            raise ArchiveError(f"suite {suite}: a suite needs components, a path has none")
        keyrings, fingerprints, block = self._keys(options.get("signed-by", ""))
        return ArchiveSource(
            uris=self._mirrors(uri),
            suite=suite,
            components=components,
            architectures=_words(options.get("architectures", "")),
            keyrings=keyrings,
            fingerprints=fingerprints,
            key_block=block,
            check_valid_until=_flag(
                options.get("check-valid-until", ""), default=self._check_valid_until
            ),
            trusted=_flag(options.get("trusted", ""), default=False),
            where=where,
        )

    def _keys(self, signed_by: str) -> tuple[tuple[Path, ...], tuple[str, ...], str]:
        if "BEGIN PGP" in signed_by:
            lines = (line.strip() for line in signed_by.strip().split("\n"))
            return (), (), "\n".join("" if line == "." else line for line in lines) + "\n"
        words = _words(signed_by)
        files = tuple(self._below_root(word) for word in words if word.startswith("/"))
        fingerprints = tuple(word.rstrip("!").upper() for word in words if not word.startswith("/"))
        return files or self._default_keyrings, fingerprints, ""

    def _mirrors(self, uri: str) -> tuple[str, ...]:
        """Follow ``mirror+file:``, a file with one mirror a line, as cloud images have it."""
        if not uri.startswith("mirror+file:"):
            return (uri.rstrip("/"),)
        path = self._below_root("/" + uri.removeprefix("mirror+file:").lstrip("/"))
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise ArchiveError(f"the list of mirrors {path} cannot be read") from error
        # The rest of a line, after a tab, is metadata such as "priority:1".
        words = [line.split()[0] for line in lines if line.split() and not line.startswith("#")]
        if not words:
            raise ArchiveError(f"the list of mirrors {path} is empty")
        return tuple(word.rstrip("/") for word in words)

    def _below_root(self, path: str) -> Path:
        return self._root / path.lstrip("/")


def _stanzas(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    for paragraph in parse_paragraphs(text):
        yield paragraph.line, paragraph.fields


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the options of one-line entries under the names of the other format."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = _WORD.findall(line.partition("#")[0])
        if words:
            yield number, _one_line(words)


def _one_line(words: list[str]) -> dict[str, str]:
    options = {"types": words[0]}
    rest = words[1:]
    if words[0] not in {"deb", "deb-src"}:
        return {"types": "deb"}  # has no URI, so it is reported with its line
    if rest and rest[0].startswith("["):
        for option in rest.pop(0)[1:-1].split():
            name, _, value = option.partition("=")
            options[_OPTION_NAMES.get(name.rstrip("+"), name)] = value.replace(",", " ")
    options["uris"], options["suites"] = (*rest[:2], "", "")[:2]
    options["components"] = " ".join(rest[2:])
    return options


def _default_keyrings(apt: Path) -> tuple[Path, ...]:
    parts = apt / "trusted.gpg.d"
    found = sorted(parts.iterdir()) if parts.is_dir() else []
    keyrings = [path for path in found if path.suffix in {".gpg", ".asc"}]
    return (*(path for path in [apt / "trusted.gpg"] if path.is_file()), *keyrings)


def _checks_valid_until(apt: Path) -> bool:
    """Read the one setting of apt.conf that changes what is valid; the last one counts."""
    parts = apt / "apt.conf.d"
    paths = sorted(parts.iterdir()) if parts.is_dir() else []
    value = True
    for path in [*paths, apt / "apt.conf"]:
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            lines = (re.sub(r"(^|\s)(//|#).*", "", line) for line in text.splitlines())
            for match in _CHECK_VALID_UNTIL.finditer("\n".join(lines)):
                value = _flag(match[1], default=value)
    return value


def _flag(text: str, *, default: bool) -> bool:
    if text.lower() in _YES:
        return True
    return False if text.lower() in _NO else default


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s,]+", text.strip())) if text.strip() else ()
