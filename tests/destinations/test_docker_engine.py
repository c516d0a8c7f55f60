"""The Engine API: what is asked, and what becomes of answers that are no good."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamina.destinations.docker_engine import DockerEngine
from lamina.destinations.local_engine import EngineError, EngineRefusedError, Pour
from lamina.http.local import Address
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.testing.loopback import Connection, LoopbackService
from tests.support.fake_docker import FakeDocker, FakeImage

ONE, OTHER = Digest.of(b"one"), Digest.of(b"other")


class Scripted(LoopbackService):
    """Answers each path with a status and a body, 200 and ``{}`` where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, tuple[int, bytes]] = {
            "/version": (200, b'{"ApiVersion": "1.41", "Os": "linux", "Arch": "arm64"}')
        }
        self.asked: list[str] = []

    def serve(self, connection: Connection) -> None:
        b"".join(connection.body_parts())
        self.asked.append(f"{connection.command} {connection.path}")
        status, body = self.answers.get(connection.route[0], (200, b"{}"))
        connection.reply(status, {"Content-Type": "application/json"}, body)

    @property
    def engine(self) -> DockerEngine:
        host, _, port = self.address.partition(":")
        return DockerEngine(Address(host=host, port=int(port)))


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as service:
        yield service


def pour(data: bytes) -> Pour:
    def write(file: object) -> None:
        file.write(data)  # type: ignore[attr-defined] # whatever it is

    return write


def test_an_engine_says_what_it_runs(scripted: Scripted) -> None:
    assert scripted.engine.platform() == Platform("linux", "arm64")


def test_only_images_with_names_are_asked_for() -> None:
    with FakeDocker() as docker:
        docker.images = {str(ONE): FakeImage(names={"one:1"}), str(OTHER): FakeImage()}

        assert DockerEngine(docker.place).image_ids() == {ONE}


def test_ids_that_are_no_digests_are_passed_over(scripted: Scripted) -> None:
    scripted.answers["/images/json"] = (
        200,
        b'[{"Id": "%b"}, {"Id": 1}, 2, {}]' % str(ONE).encode(),
    )

    assert scripted.engine.image_ids() == {ONE}


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"ApiVersion": 1}', b"\xff"])
def test_another_server_at_that_place_is_told_apart(scripted: Scripted, body: bytes) -> None:
    scripted.answers["/version"] = (200, body)

    with pytest.raises(EngineError, match="no Docker engine, nor podman"):
        scripted.engine.image_ids()


def test_an_engine_that_is_too_old_is_named_with_its_api() -> None:
    with FakeDocker(api="1.21") as docker, pytest.raises(EngineError, match=r"too old.*1\.21"):
        DockerEngine(docker.place).image_ids()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b'{"message": "no space left"}', "no space left"),
        (500, b"plain text", "plain text"),
        (500, b"", "it answered 500"),
        (200, b'{"stream": "x"}\n{"errorDetail": {}, "error": "disk full"}\n', "disk full"),
        (200, b'{"status": "Loading"}\r\n{"error": "bad layer"}', "bad layer"),
    ],
)
def test_a_refused_archive_says_why(scripted: Scripted, status: int, body: bytes, why: str) -> None:
    scripted.answers["/images/load"] = (status, body)

    with pytest.raises(EngineRefusedError) as caught:
        scripted.engine.load(pour(b"archive"))

    assert caught.value.why == why
    assert caught.value.where == f"tcp://{scripted.address}"


def test_an_archive_that_was_taken_is_no_error(scripted: Scripted) -> None:
    scripted.answers["/images/load"] = (200, b'{"stream": "Loaded image ID: sha256:1"}\n')

    scripted.engine.load(pour(b"archive"))

    assert scripted.asked == ["POST /images/load?quiet=1"]


def test_a_name_is_given_to_whichever_id_the_engine_knows() -> None:
    with FakeDocker() as docker:
        docker.images = {str(OTHER): FakeImage()}

        name = Reference.parse("shop.example:5000/team/toy:1")
        DockerEngine(docker.place).tag([ONE, OTHER], name)

        assert docker.images[str(OTHER)].names == {"shop.example:5000/team/toy:1"}


def test_an_image_that_is_gone_cannot_be_named() -> None:
    """Somebody may have pruned it in between."""
    with FakeDocker() as docker, pytest.raises(EngineRefusedError) as caught:
        DockerEngine(docker.place).tag([ONE, OTHER], Reference.parse("toy:1"))

    assert caught.value.why == f"No such image: {OTHER}"


def test_a_name_that_is_refused_is_not_tried_again(scripted: Scripted) -> None:
    scripted.answers[f"/images/{ONE}/tag"] = (409, b'{"message": "conflict"}')

    with pytest.raises(EngineRefusedError, match="toy:1"):
        scripted.engine.tag([ONE, OTHER], Reference.parse("toy:1"))

    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    "listening",
    [lambda folder: folder / "nothing.sock", lambda folder: folder / ("long" * 40)],
    ids=["nobody", "a path too long for a socket"],
)
def test_where_nobody_listens_that_is_said(
    listening: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = listening(tmp_path)

    with pytest.raises(EngineError) as caught:
        DockerEngine(Address(path=str(path))).image_ids()

    assert caught.value.exit_code == 4
    assert caught.value.where == f"unix://{path}"
    assert caught.value.why
