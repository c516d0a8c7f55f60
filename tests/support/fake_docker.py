"""A Docker engine as far as loading goes: what real ones were seen to take, refuse and keep."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

from lamina.http.local import Address
from lamina.oci.digest import Digest
from lamina.testing.loopback import Connection, LoopbackService

StoreKind = Literal["classic", "containerd"]
STORES: tuple[StoreKind, ...] = ("classic", "containerd")


class RefusedArchiveError(Exception):
    """The archive lacks something, or the test wants it refused."""


@dataclass
class FakeImage:
    """An image in the engine; one without names is dangling."""

    names: set[str] = field(default_factory=set)
    document: dict[str, Any] = field(default_factory=dict)


class FakeDocker(LoopbackService):
    """An engine with the classic store or containerd's; ``loads`` are the bytes of each archive.

    ``complaint`` is said of every archive, after it was read.  ``patience`` bytes of a body are
    read before the engine dies.  ``broken`` counts bodies that broke off.  ``saved`` are archives
    of images that can be asked for, which end in the middle where it ``gives_half``.
    """

    def __init__(self, store: StoreKind = "classic", *, api: str = "1.41") -> None:
        super().__init__()
        self.store = store
        self.api = api
        self.images: dict[str, FakeImage] = {}
        self.loads: list[int] = []
        self.boasts: list[str] = []
        self.complaint = ""
        self.patience: int | None = None
        self.broken = 0
        self.saved: dict[str, bytes] = {}
        self.gives_half = False
        self._chains: set[tuple[str, ...]] = set()
        self._blobs: set[str] = set()

    @property
    def place(self) -> Address:
        """Where it listens."""
        host, _, port = self.address.partition(":")
        return Address(host=host, port=int(port))

    @property
    def docker_host(self) -> str:
        """The value of ``DOCKER_HOST`` that leads here."""
        return f"tcp://{self.address}"

    def named(self, name: str) -> str | None:
        """Return the id of the image called ``name``."""
        return next((id_ for id_, image in self.images.items() if name in image.names), None)

    def serve(self, connection: Connection) -> None:
        """Answer one request."""
        path, query = connection.route
        match connection.command, path.strip("/").split("/"):
            case "GET", ["version"]:
                self._say(connection, 200, {"ApiVersion": self.api, "Os": "linux", "Arch": "amd64"})
            case "GET", ["images", "json"]:
                wants_named = "dangling" in parse_qs(query).get("filters", [""])[0]
                ids = [i for i, image in self.images.items() if image.names or not wants_named]
                self._say(connection, 200, [{"Id": id_} for id_ in [*ids, *self.boasts]])
            case "GET", ["images", *name, "get"]:
                self._give(connection, unquote("/".join(name)))
            case "POST", ["images", "load"]:
                self._take(connection)
            case "POST", ["images", id_, "tag"]:
                self._tag(connection, id_, parse_qs(query))
            case _:
                self._say(connection, 404, {"message": "page not found"})

    def _give(self, connection: Connection, name: str) -> None:
        """Send what ``docker save`` would; half of it where ``gives_half``."""
        data = self.saved.get(name)
        if data is None:
            self._say(connection, 404, {"message": f"reference does not exist: {name}"})
            return
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(len(data))}
        connection.close_connection = self.gives_half
        connection.reply(200, headers, data[: len(data) // 2] if self.gives_half else data)

    def _say(self, connection: Connection, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        connection.reply(status, {"Content-Type": "application/json"}, body)

    def _tag(self, connection: Connection, id_: str, query: dict[str, list[str]]) -> None:
        if id_ not in self.images:
            self._say(connection, 404, {"message": f"No such image: {id_}"})
            return
        name = f"{query['repo'][0]}:{query['tag'][0]}"
        for image in self.images.values():
            image.names.discard(name)
        self.images[id_].names.add(name)
        self._say(connection, 201, {})

    def _take(self, connection: Connection) -> None:
        """Read an archive; what goes wrong with it is said after the status 200."""
        data = self._read(connection)
        if data is None:
            connection.close_connection = True
            return
        self.loads.append(len(data))
        try:
            self._load(_members(data))
        except RefusedArchiveError as error:
            said = {"errorDetail": {"message": str(error)}, "error": str(error)}
            self._say(connection, 200, said)
        else:
            self._say(connection, 200, {"stream": "Loaded image"})

    def _read(self, connection: Connection) -> bytes | None:
        data = b""
        try:
            for part in connection.body_parts():
                data += part
                if self.patience is not None and len(data) > self.patience:
                    return None
        except ConnectionError:
            self.broken += 1
            return None
        return data

    def _load(self, members: dict[str, bytes]) -> None:
        if self.complaint:
            raise RefusedArchiveError(self.complaint)
        if self.store == "classic":
            self._load_classic(members)
        else:
            self._load_containerd(members)

    def _load_classic(self, members: dict[str, bytes]) -> None:
        """As 20.10 does: a layer whose chain is there is not looked for in the archive."""
        (row,) = json.loads(members["manifest.json"])
        config = json.loads(members[row["Config"]])
        diff_ids = config["rootfs"]["diff_ids"]
        for number, (diff_id, path) in enumerate(zip(diff_ids, row["Layers"], strict=True)):
            chain = tuple(diff_ids[: number + 1])
            if chain in self._chains:
                continue
            if path not in members:
                raise RefusedArchiveError(f"open {path}: no such file or directory")
            assert _sha256(gzip.decompress(members[path])) == diff_id
            self._chains.add(chain)
        self._keep(_sha256(members[row["Config"]]), config, row["RepoTags"])

    def _load_containerd(self, members: dict[str, bytes]) -> None:
        """As 26.1 does: the image is there, and has its names, before its layers are looked for."""
        (row,) = json.loads(members["index.json"])["manifests"]
        manifest = json.loads(members[_path(row["digest"])])
        for name, data in members.items():
            if name.startswith("blobs/sha256/"):
                assert _path(_sha256(data)) == name
                self._blobs.add(_sha256(data))
        name = row.get("annotations", {}).get("io.containerd.image.name", "")
        self._keep(row["digest"], manifest, [name.removeprefix("docker.io/library/")])
        for layer in manifest["layers"]:
            if layer["digest"] not in self._blobs:
                raise RefusedArchiveError(f"content digest {layer['digest']}: not found")

    def _keep(self, id_: str, document: dict[str, Any], names: list[str]) -> None:
        for image in self.images.values():
            image.names.difference_update(names)
        self.images.setdefault(id_, FakeImage(document=document)).names.update(filter(None, names))


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = [(info.name, archive.extractfile(info)) for info in archive]
            return {name: file.read() for name, file in files if file is not None}
    except tarfile.TarError as error:
        raise RefusedArchiveError(f"Error processing tar file: {error}") from error


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _path(digest: str) -> str:
    return f"blobs/sha256/{Digest.parse(digest).hex}"
