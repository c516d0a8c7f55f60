"""Advisories on the loopback: an index's JSON API and OSV's, in the form of the real ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.testing.loopback import Connection, LoopbackService


def row(id_: str, *, aliases: tuple[str, ...] = (), fixed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe one vulnerability as an index does."""
    return {
        "id": id_,
        "aliases": list(aliases),
        "details": f"The details of {id_}.\n\nMore of them.",
        "summary": None,
        "fixed_in": list(fixed),
        "link": f"https://osv.dev/vulnerability/{id_}",
        "source": "osv",
        "withdrawn": None,
    }


@dataclass
class AdvisoryServer(LoopbackService):
    """Knows the ``releases``, by name and version; ``asked`` has the path of each request.

    ``status`` answers everything, when it is set.  ``body`` is sent in place of any document.
    """

    releases: Mapping[tuple[str, str], list[dict[str, Any]]]
    osv: Mapping[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    status: int = 0
    body: bytes = b""
    moved_to: str = ""
    asked: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def simple_url(self) -> str:
        """The address of the index."""
        return f"{self.origin}/simple/"

    def serve(self, connection: Connection) -> None:
        """Answer as an index, or as OSV."""
        path, _ = connection.route
        question = json.loads(b"".join(connection.body_parts()) or b"null")
        self.asked.append(path)
        self.logins.append(connection.headers.get("Authorization"))
        if self.moved_to:
            connection.reply(301, {"Location": self.moved_to + path})
            return
        status, document = self._answer(path, question)
        data = self.body or json.dumps(document).encode()
        connection.reply(self.status or status, {"Content-Type": "application/json"}, data)

    def _answer(self, path: str, question: Any) -> tuple[int, object]:
        if path == "/v1/query":
            key = (question["package"]["name"], question["version"])
            return 200, {"vulns": self.osv[key]} if key in self.osv else {}
        _, root, name, version, last = path.split("/")
        rows = self.releases.get((name, version))
        if root != "pypi" or last != "json" or rows is None:
            return 404, {"message": "Not Found"}
        return 200, {"info": {"name": name, "version": version}, "vulnerabilities": rows}
