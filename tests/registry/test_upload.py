"""A blob gets into a repository once, whole, and with as few bytes as may be."""

import io
from collections.abc import Iterator

import pytest

from lamina.errors import IntegrityError, NetworkError, StoreError
from lamina.events import Transfer
from lamina.http.client import HttpClient
from lamina.http.exchange import TimedOutError
from lamina.http.settings import HttpSettings
from lamina.oci.digest import Digest
from lamina.registry.error import RefusedError
from lamina.registry.upload import Uploader
from lamina.testing.fault_proxy import FaultProxy, Sink
from lamina.testing.faults import (
    CloseBefore,
    CloseRequestAfter,
    Delay,
    DeleteHeaders,
    Rule,
    SetHeaders,
    Status,
)
from lamina.testing.registry import Basic, Bearer, Choices, InMemoryRegistry
from tests.registry.talking import CANARY, LOGIN, NAME, LosesAnswers, describe, opener, talk_to

BLOB = bytes(range(256)) * 4
DESCRIPTOR = describe(BLOB)
CHUNKED = Choices(location="absolute", has_upload_state=True)


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=CHUNKED) as registry:
        yield registry


@pytest.fixture
def proxy(registry: InMemoryRegistry) -> Iterator[FaultProxy]:
    with FaultProxy(registry.address) as proxy:
        yield proxy


def methods(proxy: FaultProxy) -> str:
    return " ".join(row.method for row in proxy.requests(path_contains="/blobs/"))


def is_whole(registry: InMemoryRegistry) -> bool:
    return registry.repositories[NAME].blobs.get(DESCRIPTOR.digest) == BLOB


def test_a_blob_that_is_new_takes_a_question_a_start_and_an_upload(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    sent: list[int] = []

    how = Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB), progress=sent.append)

    assert (how, is_whole(registry)) == (Transfer.UPLOADED, True)
    assert methods(proxy) == "HEAD POST PUT"
    assert sent[-1] == len(BLOB)


def test_a_blob_that_is_there_is_not_even_opened(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    registry.repositories[NAME].blobs[DESCRIPTOR.digest] = BLOB
    opened: list[Digest] = []

    how = Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB, opened=opened))

    assert (how, opened, methods(proxy)) == (Transfer.PRESENT, [], "HEAD")


def test_a_blob_is_asked_for_once_however_often_it_is_wanted(proxy: FaultProxy) -> None:
    uploader = Uploader(talk_to(proxy.address))

    hows = [uploader.transfer(DESCRIPTOR, opener(BLOB)) for _ in range(3)]

    assert hows == [Transfer.UPLOADED, Transfer.PRESENT, Transfer.PRESENT]
    assert methods(proxy) == "HEAD POST PUT"


def test_an_empty_blob_is_a_blob(registry: InMemoryRegistry) -> None:
    assert Uploader(talk_to(registry.address)).transfer(describe(b""), opener(b""))

    assert registry.repositories[NAME].blobs[Digest.of(b"")] == b""


def test_a_blob_is_taken_over_from_another_repository(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    registry.repositories["base/two"].blobs[DESCRIPTOR.digest] = BLOB
    opened: list[Digest] = []

    how = Uploader(talk_to(proxy.address, mounts=("base/one", "base/two"))).transfer(
        DESCRIPTOR, opener(BLOB, opened=opened)
    )

    assert (how, opened, is_whole(registry)) == (Transfer.MOUNTED, [], True)
    assert registry.repositories[NAME].uploads == {}


def test_a_mount_that_comes_to_nothing_is_the_start_of_an_upload(proxy: FaultProxy) -> None:
    how = Uploader(talk_to(proxy.address, mounts=("base",))).transfer(DESCRIPTOR, opener(BLOB))

    assert (how, methods(proxy)) == (Transfer.UPLOADED, "HEAD POST PUT")


def test_only_a_mount_asks_for_the_right_to_read_elsewhere() -> None:
    auth = Bearer(user="alice", password=CANARY)
    with InMemoryRegistry(auth=auth) as registry:
        client = talk_to(registry.address, environment=LOGIN, mounts=("base",))
        Uploader(client).transfer(DESCRIPTOR, opener(BLOB))

        push = f"repository:{NAME}:pull,push"
        assert registry.scopes == (push, push, "repository:base:pull")


def test_an_upload_whose_answer_was_lost_is_not_made_twice(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    client = talk_to(proxy.address, http=LosesAnswers("PUT"))

    how = Uploader(client).transfer(DESCRIPTOR, opener(BLOB))

    assert (how, is_whole(registry)) == (Transfer.UPLOADED, True)
    assert methods(proxy) == "HEAD POST PUT DELETE HEAD"


def late() -> TimedOutError:
    return TimedOutError("too late", hint="LAMINA_HTTP_TIMEOUT says how long")


def gone() -> RefusedError:
    return RefusedError("the gateway did not wait", status=504)


@pytest.mark.parametrize("error", [late(), gone()], ids=["we", "a gateway"])
def test_an_upload_that_was_not_waited_for_is_left_alone_and_asked_about(
    registry: InMemoryRegistry, proxy: FaultProxy, error: NetworkError
) -> None:
    """The registry may still be at it: to delete the upload would undo what it does."""
    client = talk_to(proxy.address, http=LosesAnswers("PUT", error))

    how = Uploader(client).transfer(DESCRIPTOR, opener(BLOB))

    assert (how, is_whole(registry)) == (Transfer.UPLOADED, True)
    assert methods(proxy) == "HEAD POST PUT HEAD"


@pytest.mark.parametrize("chunk_size", [0, 300])
def test_what_takes_long_to_be_stored_is_waited_for(proxy: FaultProxy, chunk_size: int) -> None:
    """A registry copies and hashes gigabytes before it answers the last request."""
    proxy.use(Rule(Delay(1), method="PUT"))
    client = talk_to(proxy.address, http=HttpClient(HttpSettings(timeout_s=0.5)))

    Uploader(client, chunk_size=chunk_size).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method="PUT")) == 1


def test_an_upload_that_is_never_answered_in_time_is_given_up_after_two(proxy: FaultProxy) -> None:
    """Each of them was waited for as long as may be."""
    proxy.use(Rule(Delay(60), method="PUT"))
    client = talk_to(proxy.address, http=HttpClient(HttpSettings(timeout_s=0.05)))

    with pytest.raises(TimedOutError) as caught:
        Uploader(client).transfer(DESCRIPTOR, opener(BLOB))

    assert "LAMINA_HTTP_TIMEOUT" in str(caught.value.hint)
    assert methods(proxy) == "HEAD POST PUT HEAD POST PUT HEAD"


def test_a_blob_that_got_there_though_no_answer_ever_came_is_there(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    """Before it is given up, the registry is asked a last time."""
    proxy.use(Rule(Status(404), method="HEAD", nth=(2,)))
    client = talk_to(proxy.address, http=LosesAnswers("PUT", late(), count=2))

    assert Uploader(client).transfer(DESCRIPTOR, opener(BLOB)) == Transfer.UPLOADED

    assert is_whole(registry)
    assert methods(proxy) == "HEAD POST PUT HEAD POST PUT HEAD"


def test_a_broken_upload_is_given_up_and_begun_anew(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    proxy.use(Rule(CloseRequestAfter(100), method="PUT", nth=(1,)))

    Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert is_whole(registry)
    assert methods(proxy) == "HEAD POST PUT DELETE HEAD POST PUT"
    assert registry.repositories[NAME].uploads == {}
    starts = [row.path for row in proxy.requests(method="PUT")]
    assert len(set(starts)) == 2


def test_a_proxy_that_takes_no_large_bodies_gets_chunks(
    registry: InMemoryRegistry, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamina.registry.upload._CHUNK_WHERE_BODIES_ARE_LIMITED", 512)
    proxy.use(Rule(Status(413), method="PUT", nth=(1,)))

    Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert is_whole(registry)
    assert methods(proxy) == "HEAD POST PUT DELETE HEAD POST PATCH PATCH PUT"


def test_chunks_are_as_large_as_the_registry_wants_them() -> None:
    with InMemoryRegistry(choices=Choices(least_chunk=400)) as registry:
        Uploader(talk_to(registry.address), chunk_size=100).transfer(DESCRIPTOR, opener(BLOB))

        assert [row.body_bytes for row in registry.requests(method="PATCH")] == [400, 400, 224]
        assert is_whole(registry)


def test_a_broken_chunk_goes_on_where_the_registry_says_it_is(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    proxy.use(Rule(CloseRequestAfter(10), method="PATCH", nth=(2,)))

    Uploader(talk_to(proxy.address), chunk_size=300).transfer(DESCRIPTOR, opener(BLOB))

    assert is_whole(registry)
    assert methods(proxy) == "HEAD POST PATCH PATCH GET PATCH PATCH PATCH PUT"
    assert registry.requests(method="POST")[0].body_bytes == 0


def test_a_chunk_whose_answer_was_lost_is_not_sent_again() -> None:
    """The registry has it, and says so when asked."""
    with InMemoryRegistry() as registry:
        client = talk_to(registry.address, http=LosesAnswers("PATCH"))

        Uploader(client, chunk_size=300).transfer(DESCRIPTOR, opener(BLOB))

        assert [row.body_bytes for row in registry.requests(method="PATCH")] == [300, 300, 300, 124]
        assert is_whole(registry)


def test_an_upload_whose_address_is_out_of_date_is_begun_anew(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    """Where the address changes with every chunk, a lost answer is a lost upload."""
    client = talk_to(proxy.address, http=LosesAnswers("PATCH"))

    Uploader(client, chunk_size=600).transfer(DESCRIPTOR, opener(BLOB))

    assert is_whole(registry)
    assert methods(proxy) == "HEAD POST PATCH GET DELETE HEAD POST PATCH PATCH PUT"


def test_a_chunk_that_arrived_in_part_is_completed(registry: InMemoryRegistry) -> None:
    """The registry says 202 and a shorter range than it was sent (spec, "Pushing in chunks")."""
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(SetHeaders({"Range": "0-99"}), method="PATCH", nth=(1,)))

        Uploader(talk_to(proxy.address), chunk_size=512).transfer(DESCRIPTOR, opener(BLOB))

        assert is_whole(registry)


@pytest.mark.parametrize("said", ["0-5000", "nonsense", "0-0"])
def test_a_registry_that_says_nonsense_about_chunks_is_given_up(
    proxy: FaultProxy, said: str
) -> None:
    proxy.use(Rule(SetHeaders({"Range": said}), method="PATCH"))

    with pytest.raises(NetworkError, match="bytes of an upload are there"):
        Uploader(talk_to(proxy.address), chunk_size=300).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method="PATCH")) <= 5


def test_a_chunk_that_always_fails_ends_the_upload(proxy: FaultProxy) -> None:
    proxy.use(Rule(Status(503), method="PATCH"))

    with pytest.raises(RefusedError, match="503"):
        Uploader(talk_to(proxy.address), chunk_size=300).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method="PATCH")) == 5


def test_a_blob_of_no_file_can_be_cut_in_chunks(registry: InMemoryRegistry) -> None:
    """What comes from another registry cannot be sought in."""

    class Stream(io.BytesIO):
        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    Uploader(talk_to(registry.address), chunk_size=300).transfer(DESCRIPTOR, lambda _: Stream(BLOB))

    assert is_whole(registry)


@pytest.mark.parametrize("chunk_size", [0, 300])
@pytest.mark.parametrize("data", [BLOB[:-1], BLOB[:-1] + b"?", b""])
def test_a_blob_that_is_no_longer_what_was_stored_is_not_sent_to_its_end(
    registry: InMemoryRegistry, proxy: FaultProxy, data: bytes, chunk_size: int
) -> None:
    """Nor is it taken for a broken connection, and tried again."""
    with pytest.raises(IntegrityError):
        Uploader(talk_to(proxy.address), chunk_size=chunk_size).transfer(
            DESCRIPTOR, lambda _: io.BytesIO(data)
        )

    assert DESCRIPTOR.digest not in registry.repositories[NAME].blobs
    assert len(proxy.requests(method="POST")) == 1


def test_a_disk_that_fails_is_not_taken_for_the_network(proxy: FaultProxy) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(StoreError, match="Input/output error"):
        Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, lambda _: Broken())

    assert len(proxy.requests(method="POST")) == 1


def test_an_upload_to_another_host_does_not_say_who_we_are() -> None:
    auth = Basic(user="alice", password=CANARY)
    with (
        InMemoryRegistry(auth=auth) as registry,
        Sink(status=201) as store,
        FaultProxy(
            registry.address,
            Rule(SetHeaders({"Location": f"{store.elsewhere}/put?sig=a%2Fb"}), method="POST"),
        ) as proxy,
    ):
        Uploader(talk_to(proxy.address, environment=LOGIN)).transfer(DESCRIPTOR, opener(BLOB))

        assert [row.method for row in store.requests] == ["PUT"]
        assert store.secrets == ()


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://[::1", "gopher://x/", "http://127.0.0.1:port/"]
)
def test_an_upload_to_nowhere_is_refused(proxy: FaultProxy, location: str) -> None:
    proxy.use(Rule(SetHeaders({"Location": location}), method="POST"))

    with pytest.raises(NetworkError):
        Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert proxy.requests(method="PUT") == ()


def test_a_registry_that_forgets_uploads_is_given_up(proxy: FaultProxy) -> None:
    proxy.use(Rule(Status(404), method="PUT"))

    with pytest.raises(RefusedError, match="404"):
        Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method="PUT")) == 5


def test_a_session_that_was_lost_is_opened_again(
    registry: InMemoryRegistry, proxy: FaultProxy
) -> None:
    """A registry that was started anew knows no upload of before (F36)."""
    proxy.use(Rule(Status(404), method="PUT", nth=(1,)))

    Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert is_whole(registry)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_no_address_to_go_on_is_an_error_at_once(proxy: FaultProxy, method: str) -> None:
    proxy.use(Rule(DeleteHeaders(("Location",)), method=method))

    with pytest.raises(NetworkError, match="does not say where to upload to"):
        Uploader(talk_to(proxy.address), chunk_size=300).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method=method)) == 1


def test_an_upload_that_nobody_answers_is_given_up(proxy: FaultProxy) -> None:
    proxy.use(Rule(CloseBefore(), method="POST"))

    with pytest.raises(NetworkError, match="the connection broke"):
        Uploader(talk_to(proxy.address)).transfer(DESCRIPTOR, opener(BLOB))

    assert len(proxy.requests(method="POST")) == 5
