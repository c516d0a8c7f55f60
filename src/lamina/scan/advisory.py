"""Advisories: what the world says about one version of a distribution, and where it is asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol, Self
from urllib.parse import quote, urlsplit, urlunsplit

from lamina.errors import NetworkError
from lamina.lock.index_credentials import without_login
from lamina.scan.ask import Asker
from lamina.scan.cvss import base_score, word
from lamina.scan.finding import SEVERITIES, Severity

_WORDS: Final[Mapping[str, Severity]] = {
    "moderate": "medium",
    **{word: word for word in SEVERITIES},
}
_UNSTATED: Final[Severity] = "high"
"""Of an advisory that does not say how bad it is: nobody shall miss it for that."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_MOST: Final = 1000
_PAGES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One known vulnerability; ``fixed`` are the versions that do not have it any more."""

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity = _UNSTATED
    is_severity_stated: bool = False
    summary: str = ""
    fixed: tuple[str, ...] = ()
    link: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write it for the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote."""
        lists = {key: tuple(value[key]) for key in ("aliases", "fixed")}
        return cls(**{**value, **lists})


class Advisories(Protocol):
    """Somebody who knows advisories."""

    @property
    def name(self) -> str:
        """Say who, without secrets."""

    def about(self, name: str, version: str) -> tuple[Advisory, ...] | None:
        """Return what is known about a distribution; None where it is not known itself.

        Raises ``NetworkError``.
        """


@dataclass(frozen=True, slots=True)
class IndexAdvisories:
    """The JSON API of a package index: ``/pypi/NAME/VERSION/json`` has "vulnerabilities"."""

    asker: Asker
    simple_url: str

    @property
    def name(self) -> str:
        """The index, without a login."""
        return f"the index at {without_login(json_root(self.simple_url))}"

    def about(self, name: str, version: str) -> tuple[Advisory, ...] | None:
        """Ask for one version; an index without the member says nothing about vulnerabilities."""
        url = f"{json_root(self.simple_url)}/{quote(name)}/{quote(version)}/json"
        found = self.asker.ask(url)
        if found is None:
            return None
        rows = found.get("vulnerabilities") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise NetworkError(
                "the index says nothing about vulnerabilities", where=without_login(url)
            )
        return _read(rows, _from_index)


@dataclass(frozen=True, slots=True)
class OsvAdvisories:
    """The API of OSV: ``POST /v1/query`` with a package and a version."""

    asker: Asker
    url: str

    @property
    def name(self) -> str:
        """The address, without a login."""
        return f"OSV at {without_login(self.url)}"

    def about(self, name: str, version: str) -> tuple[Advisory, ...] | None:
        """Ask for one version, page by page."""
        question: dict[str, object] = {
            "version": version,
            "package": {"name": name, "ecosystem": "PyPI"},
        }
        rows: list[object] = []
        for _ in range(_PAGES):
            found = self.asker.ask(f"{self.url.rstrip('/')}/v1/query", question)
            if not isinstance(found, dict):
                raise NetworkError("this is not the API of OSV", where=without_login(self.url))
            page = found.get("vulns", [])
            rows += page if isinstance(page, list) else []
            token = found.get("next_page_token")
            if not token:
                return _read(rows, _from_osv)
            question["page_token"] = token
        raise NetworkError(f"more than {_PAGES} pages of advisories", where=without_login(self.url))


def json_root(simple_url: str) -> str:
    """Derive where an index has its JSON API from where its Simple API is.

    >>> json_root("https://me:secret@index.example.org/api/team/simple/")
    'https://me:secret@index.example.org/api/team/pypi'
    """
    parts = urlsplit(simple_url)
    path = re.sub(r"/\+?simple/*$", "", parts.path.rstrip("/"))
    return urlunsplit(parts._replace(path=f"{path}/pypi", query="", fragment=""))


def _read(rows: Sequence[object], read: Any) -> tuple[Advisory, ...]:  # noqa: ANN401 - one of two
    tables = [row for row in rows[:_MOST] if isinstance(row, dict)]
    usable = (row for row in tables if _ids([row.get("id")]) and not row.get("withdrawn"))
    return tuple(map(read, usable))


def _from_index(row: Mapping[str, Any]) -> Advisory:
    return Advisory(
        id=row["id"],
        aliases=_ids(row.get("aliases")),
        summary=_first_line(row.get("summary") or row.get("details")),
        fixed=_texts(row.get("fixed_in")),
        link=_link(row.get("link")),
    )


def _from_osv(row: Mapping[str, Any]) -> Advisory:
    severity = _severity(row)
    return Advisory(
        id=row["id"],
        aliases=_ids(row.get("aliases")),
        severity=severity or _UNSTATED,
        is_severity_stated=severity is not None,
        summary=_first_line(row.get("summary") or row.get("details")),
        fixed=_fixed(row.get("affected")),
        link=next((_link(r.get("url")) for r in _tables(row.get("references"))), ""),
    )


def _severity(row: Mapping[str, Any]) -> Severity | None:
    own = row.get("database_specific")
    stated = _WORDS.get(str(own.get("severity")).lower()) if isinstance(own, dict) else None
    scores = [base_score(str(one.get("score"))) for one in _tables(row.get("severity"))]
    known = [score for score in scores if score is not None]
    return stated or (word(max(known)) if known else None)


def _fixed(affected: object) -> tuple[str, ...]:
    events = [
        event
        for row in _tables(affected)
        for span in _tables(row.get("ranges"))
        if span.get("type") == "ECOSYSTEM"
        for event in _tables(span.get("events"))
    ]
    return _texts([event["fixed"] for event in events if "fixed" in event])


def _tables(value: object) -> list[Mapping[str, Any]]:
    return (
        [row for row in value[:_MOST] if isinstance(row, dict)] if isinstance(value, list) else []
    )


def _texts(value: object) -> tuple[str, ...]:
    found = value[:_MOST] if isinstance(value, list) else []
    return tuple(dict.fromkeys(text[:100] for text in found if isinstance(text, str)))


def _ids(value: object) -> tuple[str, ...]:
    return tuple(text for text in _texts(value) if _ID.fullmatch(text))


def _first_line(text: object) -> str:
    line = next(iter(text.strip().splitlines()), "") if isinstance(text, str) else ""
    return line.strip("# ")[:200]


def _link(text: object) -> str:
    is_web = isinstance(text, str) and text.startswith("https://") and len(text) < _MOST
    return str(text) if is_web and not any(map(str.isspace, str(text))) else ""
