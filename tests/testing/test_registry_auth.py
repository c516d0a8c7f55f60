"""The in-memory registry lets in whom it is told to, by password or by token."""

import base64
import json
from urllib.parse import urlencode

import pytest

from lamina.oci.digest import Digest
from lamina.testing.registry import Basic, Bearer, InMemoryRegistry
from tests.support.raw_http import Said, ask
from tests.testing.asking import BLOB, LOGIN, NAME, UPLOADS, code, keep, start


class TestBasicAuth:
    def test_nobody_gets_in_without_the_password(self) -> None:
        with InMemoryRegistry(auth=Basic(user="alice", password="s3cret")) as registry:
            wrong = {"Authorization": "Basic " + base64.b64encode(b"alice:guess").decode()}
            answers = [
                ask(registry.address, "GET", "/v2/", headers=headers)
                for headers in ({}, wrong, {"Authorization": "Basic ?"}, LOGIN)
            ]

        assert [said.status for said in answers] == [401, 401, 401, 200]
        assert answers[0].headers["www-authenticate"] == 'Basic realm="in-memory"'
        assert code(answers[0]) == "UNAUTHORIZED"

    def test_there_are_no_tokens(self) -> None:
        with InMemoryRegistry(auth=Basic(user="alice", password="s3cret")) as registry:
            assert ask(registry.address, "GET", "/token").status == 404


PULL = f"repository:{NAME}:pull"
PUSH = f"repository:{NAME}:pull,push"
ALICE = Bearer(user="alice", password="s3cret")


def token(registry: InMemoryRegistry, scope: str, headers: dict[str, str] = LOGIN) -> Said:
    query = urlencode({"service": "in-memory", "scope": scope})
    return ask(registry.address, "GET", f"/token?{query}", headers=headers)


def bearing(said: Said) -> dict[str, str]:
    return {"Authorization": f"Bearer {json.loads(said.body)['access_token']}"}


class TestTokens:
    def test_a_challenge_leads_to_the_token_server_and_names_the_scope(self) -> None:
        with InMemoryRegistry(auth=ALICE) as registry:
            said = start(registry)

        assert said.status == 401
        assert said.headers["www-authenticate"] == (
            f'Bearer realm="{registry.origin}/token",service="in-memory",scope="{PUSH}"'
        )

    def test_a_mount_needs_to_pull_from_its_source(self) -> None:
        with InMemoryRegistry(auth=ALICE) as registry:
            said = start(registry, f"?mount={Digest.of(BLOB)}&from=other")

        expected = f'scope="{PUSH} repository:other:pull"'
        assert said.headers["www-authenticate"].endswith(expected)

    def test_a_token_opens_what_it_was_asked_for_and_nothing_else(self) -> None:
        with InMemoryRegistry(auth=ALICE) as registry:
            headers = bearing(token(registry, PULL))
            path = f"/v2/{NAME}/blobs/{keep(registry)}"

            pulled = ask(registry.address, "GET", path, headers=headers)
            pushed = ask(registry.address, "POST", UPLOADS, b"", headers=headers)

            assert registry.scopes == (PULL,)
        assert pulled.status == 200
        assert pushed.status == 401
        assert 'error="insufficient_scope"' in pushed.headers["www-authenticate"]

    def test_a_token_expires_after_its_requests(self) -> None:
        auth = Bearer(user="alice", password="s3cret", requests_per_token=2)
        with InMemoryRegistry(auth=auth) as registry:
            headers = bearing(token(registry, PULL))
            answers = [ask(registry.address, "GET", "/v2/", headers=headers) for _ in range(3)]

        assert [said.status for said in answers] == [200, 200, 401]
        assert 'error="invalid_token"' in answers[2].headers["www-authenticate"]

    def test_a_wrong_password_gets_no_token(self) -> None:
        wrong = {"Authorization": "Basic " + base64.b64encode(b"alice:guess").decode()}
        with InMemoryRegistry(auth=ALICE) as registry:
            assert token(registry, PULL, wrong).status == 401

    @pytest.mark.parametrize(("is_open", "status"), [(True, 200), (False, 401)])
    def test_somebody_without_a_name_may_pull_where_that_is_allowed(
        self,
        is_open: bool,  # noqa: FBT001 - a parameter of the test
        status: int,
    ) -> None:
        auth = Bearer(user="alice", password="s3cret", allows_anonymous_pull=is_open)
        with InMemoryRegistry(auth=auth) as registry:
            path = f"/v2/{NAME}/blobs/{keep(registry)}"
            headers = bearing(token(registry, PUSH, {}))

            assert ask(registry.address, "GET", path, headers=headers).status == status
            assert ask(registry.address, "POST", UPLOADS, b"", headers=headers).status == 401

    def test_a_user_gets_no_more_than_is_granted(self) -> None:
        auth = Bearer(user="alice", password="s3cret", grants=("pull",))
        with InMemoryRegistry(auth=auth) as registry:
            headers = bearing(token(registry, PUSH))

            assert ask(registry.address, "POST", UPLOADS, b"", headers=headers).status == 401

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"grant_type": "password", "username": "alice", "password": "s3cret"}, 200),
            ({"grant_type": "password", "username": "alice", "password": "guess"}, 401),
            ({"grant_type": "refresh_token", "refresh_token": "identity-token"}, 200),
            ({"grant_type": "refresh_token", "refresh_token": "guess"}, 401),
            ({"grant_type": "magic"}, 401),
        ],
    )
    def test_oauth2_takes_a_password_or_a_refresh_token(
        self, form: dict[str, str], status: int
    ) -> None:
        with InMemoryRegistry(auth=ALICE) as registry:
            body = urlencode({**form, "service": "in-memory", "scope": PUSH}).encode()
            said = ask(registry.address, "POST", "/token", body)

            assert said.status == status
            if status == 200:
                pushed = ask(registry.address, "POST", UPLOADS, b"", headers=bearing(said))
                assert pushed.status == 202

    def test_a_refresh_token_is_given_to_who_asks_for_one(self) -> None:
        with InMemoryRegistry(auth=ALICE) as registry:
            path = "/token?service=in-memory&offline_token=true"
            said = ask(registry.address, "GET", path, headers=LOGIN)

        assert json.loads(said.body)["refresh_token"] == "identity-token"

    def test_a_token_server_may_have_no_oauth2(self) -> None:
        auth = Bearer(user="alice", password="s3cret", has_oauth2=False)
        with InMemoryRegistry(auth=auth) as registry:
            assert ask(registry.address, "POST", "/token", b"grant_type=password").status == 404
