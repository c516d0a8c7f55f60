"""A registry that answers wrongly, or sends us elsewhere, gets nothing that it should not."""

from pathlib import Path

import pytest

from lamina.errors import IntegrityError, NetworkError
from lamina.registry.error import RefusedError
from lamina.testing.fault_proxy import FaultProxy, Sink
from lamina.testing.faults import (
    CorruptAt,
    CorruptRequestAt,
    DeleteHeaders,
    RedirectTo,
    Rule,
    SetHeaders,
    Status,
)
from lamina.testing.registry import Bearer, Choices
from tests.registry.bad_day import (
    ALICE,
    NAME,
    OPERATIONS,
    BadDay,
    Operation,
    assert_done,
    bad_day,
    but,
    fault,
    of,
    usual,
)

WITH_BODY = of("PATCH chunk", "PUT blob", "PUT manifest")
(PUT_BLOB,) = of("PUT blob")


class TestWrongBytes:
    @pytest.mark.parametrize("operation", of("GET manifest", "GET blob"), ids=str)
    def test_other_bytes_than_promised_are_refused_and_not_kept(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CorruptAt(20))

        assert isinstance(error, IntegrityError)
        assert not day.fetched
        assert len(day.requests(operation)) <= 2 * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", of("token", "token for a pull"), ids=str)
    def test_a_token_that_cannot_be_read_is_an_error(
        self, day: BadDay, operation: Operation
    ) -> None:
        assert isinstance(fault(day, operation, CorruptAt(0)), NetworkError)

    @pytest.mark.parametrize("operation", WITH_BODY, ids=str)
    def test_bytes_that_changed_on_their_way_are_refused_by_the_registry(
        self, day: BadDay, operation: Operation
    ) -> None:
        error = fault(day, operation, CorruptRequestAt(5))

        assert isinstance(error, RefusedError)
        assert error.status == 400

    @pytest.mark.parametrize(
        "operation", of("GET manifest", "PUT manifest", "PUT blob", "PUT after chunks"), ids=str
    )
    def test_a_digest_in_the_answer_that_is_not_ours_is_an_error(
        self, day: BadDay, operation: Operation
    ) -> None:
        other = {"Docker-Content-Digest": str(day.old.descriptor.digest)}

        assert isinstance(fault(day, operation, SetHeaders(other)), IntegrityError)

    @pytest.mark.parametrize(
        "operation", but("token", "token for a pull", "mount", "PATCH chunk"), ids=str
    )
    def test_an_answer_need_not_name_the_digest(self, day: BadDay, operation: Operation) -> None:
        error = fault(day, operation, DeleteHeaders(("Docker-Content-Digest",)))

        assert_done(day, operation, error)

    @pytest.mark.parametrize("operation", of("POST upload", "PATCH chunk"), ids=str)
    def test_an_upload_without_an_address_to_go_on_is_an_error(
        self, day: BadDay, operation: Operation
    ) -> None:
        error = fault(day, operation, DeleteHeaders(("Location",)))

        assert isinstance(error, NetworkError)

    def test_a_blob_that_the_registry_only_says_it_has_is_sent_after_all(self, day: BadDay) -> None:
        """The manifest is refused as MANIFEST_BLOB_UNKNOWN."""
        (operation,) = of("HEAD blob")

        assert_done(day, operation, fault(day, operation, Status(200)))

    def test_a_manifest_without_end_is_not_read_to_its_end(self, day: BadDay) -> None:
        (operation,) = of("GET manifest")

        error = fault(day, operation, Status(200, {}, b"{" * (9 << 20)))

        assert isinstance(error, NetworkError)
        assert "larger than" in error.what

    @pytest.mark.parametrize("length", [1, 1 << 40])
    def test_a_blob_of_another_length_than_promised_is_refused(
        self, day: BadDay, length: int
    ) -> None:
        (operation,) = of("GET blob")

        error = fault(day, operation, SetHeaders({"Content-Length": str(length)}))

        assert isinstance(error, IntegrityError)


class TestRedirects:
    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_another_host_is_never_told_who_we_are(
        self, day: BadDay, operation: Operation, code: int
    ) -> None:
        with Sink(b"{}") as sink:
            fault(day, operation, RedirectTo(sink.elsewhere, code))

            assert sink.secrets == ()

    @pytest.mark.parametrize("operation", of("PUT blob", "PATCH chunk"), ids=str)
    def test_an_upload_to_another_host_does_not_say_who_we_are(
        self, day: BadDay, operation: Operation
    ) -> None:
        with Sink() as sink:
            location = {"Location": f"{sink.elsewhere}/upload?_state=a%3D"}
            day.proxy.use(Rule(SetHeaders(location), method="POST", path="/uploads/"))

            error = day.attempt(operation)

            assert isinstance(error, NetworkError)
            assert {request.path for request in sink.requests} == {"/upload"}
            assert sink.secrets == ()

    @pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
    def test_another_host_that_asks_who_we_are_is_not_told(self, day: BadDay, scheme: str) -> None:
        """Nor is the token server that it names."""
        (operation,) = of("GET blob")
        with Sink(b'{"token": "x"}') as tokens:
            challenge = f'{scheme} realm="{tokens.elsewhere}/token",service="in-memory"'
            with Sink(status=401, headers={"WWW-Authenticate": challenge}) as sink:
                error = fault(day, operation, RedirectTo(sink.elsewhere))

                assert isinstance(error, RefusedError)
                assert sink.requests
                assert sink.secrets == ()
            assert tokens.requests == ()

    def test_a_blob_may_come_from_another_host(self, day: BadDay) -> None:
        (operation,) = of("GET blob")
        with FaultProxy(day.registry.address) as other:
            elsewhere = f"http://localhost:{other.address.rpartition(':')[2]}"
            tokens = {"Authorization": ""}
            other.use(*(Rule(Status(200, tokens, data), path=digest.hex)
                        for digest, data in day.content.blobs.items()),
                      Rule(Status(200, tokens, day.image.config_bytes)))  # fmt: skip
            error = fault(day, operation, RedirectTo(elsewhere))

            assert_done(day, operation, error)
            assert other.requests()
            assert not any(request.has_authorization for request in other.requests())

    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_a_circle_of_redirects_is_left(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, RedirectTo(f"http://{day.proxy.address}"))

        assert isinstance(error, NetworkError)
        assert len(day.requests(operation)) <= 6 * usual(tmp_path, operation)


class TestTokens:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_tokens_that_expire_all_the_time_are_renewed_all_the_time(
        self, operation: Operation, tmp_path: Path
    ) -> None:
        auth = Bearer(user="alice", password="s3cret", requests_per_token=3)
        with bad_day(tmp_path, auth=auth) as day:
            assert_done(day, operation, day.attempt(operation))

    def test_a_push_asks_for_the_scopes_of_its_repository_and_nothing_else(
        self, day: BadDay
    ) -> None:
        assert day.attempt(PUT_BLOB) is None

        assert set(day.registry.scopes) == {f"repository:{NAME}:pull,push"}

    def test_a_wrong_password_is_tried_once(self, tmp_path: Path) -> None:
        auth = Bearer(user="alice", password="another")
        with bad_day(tmp_path, auth=auth) as day:
            error = day.attempt(PUT_BLOB)

            assert isinstance(error, RefusedError)
            assert len(day.proxy.requests(path_contains="/token")) == 1


@pytest.mark.parametrize(
    "choices",
    [
        Choices(location="absolute", has_upload_state=True, needs_accept=True),
        Choices(ignores_range=True, least_chunk=150),
        Choices(accepts_single_post=False, has_referrers=False),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_kind_of_registry_is_spoken_to(
    operation: Operation, choices: Choices, tmp_path: Path
) -> None:
    with bad_day(tmp_path, auth=ALICE, choices=choices) as day:
        assert_done(day, operation, day.attempt(operation))
