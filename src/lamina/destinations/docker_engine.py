"""Docker's Engine API, and what podman's service answers to it: as far as images are moved."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from lamina.destinations.local_engine import EngineError, EngineRefusedError, Pour
from lamina.errors import ImageError
from lamina.http.local import Address, LocalAnswer, LocalBody, LocalError, exchange, receive
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference

_OLDEST_API = (1, 22)
"""That of Docker 1.10, the first to call images and layers by digests."""

_NAMED = '{"dangling":["false"]}'
_ASKING_S = 120
_LOADING_S = 3600  # an engine is silent while it unpacks
_NOT_FOUND = 404
_FIRST_ERROR = 400


class DockerEngine:
    """The engine that listens at an address."""

    transport = "docker-daemon"

    def __init__(self, address: Address) -> None:
        self._address = address

    def platform(self) -> Platform:
        """Say what it runs."""
        version = self._version()
        return Platform.parse(f"{version.get('Os')}/{version.get('Arch')}")

    def image_ids(self) -> frozenset[Digest]:
        """List its images that have a name.

        In containerd's store a load that failed leaves one without a name, and without layers.
        """
        self._version()
        rows = self._json(self._ask("GET", "/images/json?filters=" + quote(_NAMED)))
        if not isinstance(rows, list):
            raise self._error("the engine did not list its images")
        return frozenset(filter(None, (_id(row) for row in rows)))

    def load(self, pour: Pour) -> None:
        """Send an archive.

        An engine that fails has mostly answered 200 by then, and says so in what follows.
        """
        answer = self._exchange("POST", "/images/load?quiet=1", pour)
        said = _complaint(answer)
        if said is None and answer.is_early:
            said = "it did not read to the end"
        if said is not None:
            raise EngineRefusedError(
                "the engine did not take the image",
                where=str(self._address),
                hint="`docker image prune` frees what it may have left",
                why=said,
            )

    def save(self, name: str, write: Callable[[bytes], object]) -> None:
        """Hand on the archive of one of its images, as ``docker save`` writes it."""
        self._version()
        path = f"/images/{quote(name, safe='/:@')}/get"
        try:
            answer = receive(self._address, path, write, timeout_s=_LOADING_S)
        except LocalError as error:
            raise self._unreachable(error) from error
        if answer.status == _NOT_FOUND:
            raise ImageError(
                f"the Docker engine has no image {name}",
                where=str(self._address),
                hint="`docker image ls` lists those that it has",
            )
        if answer.status >= _FIRST_ERROR:
            raise EngineRefusedError(
                f"the engine did not give the image {name}",
                where=str(self._address),
                why=_complaint(answer),
            )

    def tag(self, ids: Sequence[Digest], name: Reference) -> None:
        """Name an image."""
        repository = f"{name.registry}/{name.repository}" if name.registry else name.repository
        query = urlencode({"repo": repository, "tag": name.tag})
        answers = []
        for digest in ids:
            answer = self._exchange("POST", f"/images/{digest}/tag?{query}")
            if answer.status < _FIRST_ERROR:
                return
            answers.append(answer)
            if answer.status != _NOT_FOUND:
                break
        raise EngineRefusedError(
            f"the engine did not call the image {name}",
            where=str(self._address),
            why=_complaint(answers[-1]),
        )

    def _version(self) -> dict[str, Any]:
        found = self._json(self._ask("GET", "/version"))
        version = found if isinstance(found, dict) else {}
        api = re.fullmatch(r"([0-9]+)\.([0-9]+)", str(version.get("ApiVersion", "")))
        if api is None:
            raise self._error("what answers is no Docker engine, nor podman")
        if (int(api[1]), int(api[2])) < _OLDEST_API:
            raise self._error(
                f"the engine is too old: its API is {api[0]}",
                hint="Docker 1.10 is the oldest that can load such an image",
            )
        return version

    def _ask(self, method: str, path: str) -> LocalAnswer:
        answer = self._exchange(method, path)
        if answer.status >= _FIRST_ERROR:
            raise EngineRefusedError(
                f"the engine refused {method} {path}",
                where=str(self._address),
                why=_complaint(answer),
            )
        return answer

    def _exchange(self, method: str, path: str, pour: Pour | None = None) -> LocalAnswer:
        body = None if pour is None else LocalBody(content_type="application/x-tar", pour=pour)
        timeout_s = _ASKING_S if pour is None else _LOADING_S
        try:
            return exchange(self._address, method, path, body, timeout_s=timeout_s)
        except LocalError as error:
            raise self._unreachable(error) from error

    def _json(self, answer: LocalAnswer) -> Any:  # noqa: ANN401 - whatever the engine says
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise self._error("what answers is no Docker engine, nor podman") from error

    def _unreachable(self, error: LocalError) -> EngineError:
        match error.reason:
            case FileNotFoundError() | ConnectionRefusedError():
                what = "no Docker engine answers"
                hint = "start it, or say where it is with DOCKER_HOST=unix:///path or a context"
            case PermissionError():
                what = "this user may not talk to the Docker engine"
                hint = "become a member of the group that owns the socket (mostly `docker`)"
            case TimeoutError():
                what, hint = "the Docker engine does not answer any more", "look into its log"
            case _:
                what, hint = "the Docker engine went away", "look into its log"
        return self._error(what, hint=hint, why=str(error))

    def _error(self, what: str, *, hint: str | None = None, why: str | None = None) -> EngineError:
        return EngineError(what, where=str(self._address), hint=hint, why=why)


def _id(row: object) -> Digest | None:
    try:
        return Digest.parse(row.get("Id")) if isinstance(row, dict) else None
    except ImageError:
        return None


def _complaint(answer: LocalAnswer) -> str | None:
    """Find what the engine says went wrong: in an error's body, or in a stream's last line."""
    for line in answer.body.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("error"):
            return str(row["error"])
    if answer.status < _FIRST_ERROR:
        return None
    return _message(answer.body) or f"it answered {answer.status}"


def _message(body: bytes) -> str:
    try:
        row = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace").strip()[:500]
    return str(row.get("message", "")) if isinstance(row, dict) else ""
