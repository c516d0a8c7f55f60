"""Whatever goes wrong on the way to a registry ends in success or the right error, and soon.

Each cell of the matrix is one kind of request and one fault.  Whatever comes of it, the tag stands
for the old image or for all of the new one.
"""

import random
from pathlib import Path

import pytest

from lamina.errors import NetworkError
from lamina.image.blobs import tree_of
from lamina.registry.error import RefusedError
from lamina.testing.faults import (
    Action,
    CloseBefore,
    CloseRequestAfter,
    CloseResponseAfter,
    Rule,
    Status,
)
from lamina.testing.registry import Choices
from tests.registry.bad_day import (
    LONGEST_WAIT_S,
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

pytestmark = pytest.mark.slow

TRIES = 5
DENIED = b'{"errors": [{"code": "DENIED", "message": "not you"}]}'
WITH_ANSWER = of("token", "token for a pull", "GET manifest", "GET blob")
WITH_BODY = of("PATCH chunk", "PUT blob", "PUT manifest")
TOKENS = ("token", "token for a pull")
MAY_MISS = ("HEAD manifest", "HEAD blob", "mount")
"""Where a refusal only means that there is more to do."""


def expired(day: BadDay, operation: Operation) -> str:
    """Write the challenge that comes with an expired token."""
    actions = "pull" if operation.is_pull else "pull,push"
    return (
        f'Bearer realm="http://{day.proxy.address}/token",service="in-memory",'
        f'scope="repository:{NAME}:{actions}",error="invalid_token"'
    )


class TestOnce:
    """A fault that passes is got over, with few requests more than on a good day."""

    @pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_server_that_has_trouble_once_is_asked_again(
        self, day: BadDay, operation: Operation, code: int, tmp_path: Path
    ) -> None:
        error = fault(day, operation, Status(code), 1)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= usual(tmp_path, operation) + 2

    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_a_server_that_says_how_long_to_wait_is_given_that_time(
        self, day: BadDay, operation: Operation
    ) -> None:
        error = fault(day, operation, Status(429, {"Retry-After": "7"}), 1)

        assert_done(day, operation, error)
        assert day.slept == [7.0]

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_connection_that_closes_before_the_answer_is_made_again(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseBefore(), 1)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= usual(tmp_path, operation) + 2

    @pytest.mark.parametrize("operation", WITH_BODY, ids=str)
    def test_a_connection_that_closes_in_the_middle_of_a_request_is_made_again(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseRequestAfter(10), 1)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= usual(tmp_path, operation) + 2

    @pytest.mark.parametrize("count", [0, 10])
    @pytest.mark.parametrize("operation", WITH_ANSWER, ids=str)
    def test_a_connection_that_closes_in_the_middle_of_an_answer_is_made_again(
        self, day: BadDay, operation: Operation, count: int, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseResponseAfter(count), 1)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= usual(tmp_path, operation) + 2

    @pytest.mark.parametrize("operation", but(*TOKENS), ids=str)
    def test_a_token_that_expires_at_any_moment_is_renewed(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        headers = {"WWW-Authenticate": expired(day, operation)}

        error = fault(day, operation, Status(401, headers), 1)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= usual(tmp_path, operation) + 2
        assert day.slept == []


class TestForever:
    """A fault that stays ends in an error that says so, after few requests."""

    @pytest.mark.parametrize("code", [500, 503])
    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_a_server_that_has_trouble_is_given_up(
        self, day: BadDay, operation: Operation, code: int, tmp_path: Path
    ) -> None:
        error = fault(day, operation, Status(code))

        assert isinstance(error, RefusedError)
        assert error.status == code
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_a_limit_that_is_never_lifted_ends_the_command(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, Status(429, {"Retry-After": "2"}))

        assert isinstance(error, RefusedError)
        assert (error.status, "limits" in str(error.hint)) == (429, True)
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_connections_that_always_close_are_given_up(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseBefore())

        assert isinstance(error, NetworkError)
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", WITH_BODY, ids=str)
    def test_requests_that_are_always_cut_are_given_up(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseRequestAfter(10))

        assert isinstance(error, NetworkError)
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", WITH_ANSWER, ids=str)
    def test_answers_that_are_always_cut_are_given_up(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, CloseResponseAfter(0))

        assert isinstance(error, NetworkError)
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("code", [401, 403])
    @pytest.mark.parametrize("operation", but("mount"), ids=str)
    def test_a_refusal_is_told_at_once_with_its_reason_and_where_the_password_came_from(
        self, day: BadDay, operation: Operation, code: int, tmp_path: Path
    ) -> None:
        """A wrong password that is tried again and again locks its owner out."""
        error = fault(day, operation, Status(code, {}, DENIED))

        assert isinstance(error, RefusedError)
        assert error.status == code
        assert "LAMINA_REGISTRY_USER" in str(error.hint)
        assert operation.method == "HEAD" or error.why == "DENIED: not you"
        assert len(day.requests(operation)) <= usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", but(*MAY_MISS), ids=str)
    def test_what_is_not_found_is_an_error_that_says_so(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        error = fault(day, operation, Status(404))

        assert isinstance(error, RefusedError)
        assert error.status == 404
        assert len(day.requests(operation)) <= TRIES * usual(tmp_path, operation)

    @pytest.mark.parametrize("operation", of("HEAD manifest", "HEAD blob"), ids=str)
    def test_what_is_not_found_before_a_push_is_sent(
        self, day: BadDay, operation: Operation
    ) -> None:
        assert_done(day, operation, fault(day, operation, Status(404)))

    @pytest.mark.parametrize(
        "action",
        [Status(401), Status(403), Status(404), Status(405), Status(500), CloseBefore()],
        ids=str,
    )
    def test_a_mount_that_fails_becomes_an_upload(self, day: BadDay, action: Action) -> None:
        (operation,) = of("mount")

        error = fault(day, operation, action)

        assert_done(day, operation, error)
        assert len(day.requests(operation)) <= TRIES * 2

    @pytest.mark.parametrize("operation", but(*TOKENS), ids=str)
    def test_new_tokens_that_do_not_help_are_given_up(
        self, day: BadDay, operation: Operation, tmp_path: Path
    ) -> None:
        headers = {"WWW-Authenticate": expired(day, operation)}

        error = fault(day, operation, Status(401, headers))

        assert operation.name == "mount" or isinstance(error, RefusedError)
        assert len(day.requests(operation)) <= 4 * max(1, usual(tmp_path, operation))
        assert len(day.proxy.requests(path_contains="/token")) <= 10

    def test_a_wait_of_a_day_is_not_waited_for(self, day: BadDay) -> None:
        (operation,) = of("PUT manifest")

        error = fault(day, operation, Status(429, {"Retry-After": "86400"}))

        assert isinstance(error, RefusedError)
        assert sum(day.slept) <= LONGEST_WAIT_S


class TestFirstQuestion:
    """``GET /v2/`` only finds out what is spoken there, so nothing depends on its answer."""

    @pytest.mark.parametrize(
        "action",
        [Status(401), Status(403), Status(404), Status(500), CloseBefore(), CloseResponseAfter(0)],
        ids=str,
    )
    @pytest.mark.parametrize("operation", of("PUT blob", "GET blob"), ids=str)
    def test_a_first_question_that_goes_wrong_stops_nothing(
        self, day: BadDay, operation: Operation, action: Action
    ) -> None:
        day.proxy.use(Rule(action, path="^/v2/$"))

        assert_done(day, operation, day.attempt(operation))


class TestGoingOn:
    def test_a_download_goes_on_where_it_broke(self, day: BadDay) -> None:
        (operation,) = of("GET blob")

        error = fault(day, operation, CloseResponseAfter(100), 2)

        assert_done(day, operation, error)
        requests = [request for request in day.requests(operation) if request.range]
        assert [request.range for request in requests] == ["bytes=100-"]
        sizes = sum(blob.size for blob in tree_of(day.image).blobs)
        assert sum(request.response_bytes for request in day.requests(operation)) == sizes

    def test_a_registry_that_knows_no_ranges_sends_all_of_it_again(self, tmp_path: Path) -> None:
        (operation,) = of("GET blob")
        with bad_day(tmp_path, choices=Choices(ignores_range=True)) as day:
            assert_done(day, operation, fault(day, operation, CloseResponseAfter(100), 2))

    def test_chunks_go_on_where_they_broke(self, day: BadDay) -> None:
        """The chunks that had arrived are not sent again."""
        (operation,) = of("PATCH chunk")

        error = fault(day, operation, CloseBefore(), 3)

        assert_done(day, operation, error)
        opened = day.proxy.requests(method="POST", path_contains="/uploads/")
        assert len(opened) == len(tree_of(day.image).blobs)

    def test_a_large_blob_that_breaks_in_the_middle_arrives(self, tmp_path: Path) -> None:
        """The layer is larger than what the kernel takes from us before anybody reads it."""
        (operation,) = of("PUT blob")
        data = random.Random(1).randbytes(8 << 20)
        with bad_day(tmp_path, data=data) as day:
            error = fault(day, operation, CloseRequestAfter(1 << 20), 1)

            assert_done(day, operation, error)
            assert sum(day.slept) <= 2.0

    def test_blobs_of_another_repository_are_not_sent(self, day: BadDay) -> None:
        (operation,) = of("mount")
        day.registry.keep("base", "v1", day.image, day.content)

        assert_done(day, operation, day.attempt(operation))

        assert day.registry.uploads() == ()
