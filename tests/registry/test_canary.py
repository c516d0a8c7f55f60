"""A password is nowhere but in requests to the registry that it is for."""

import json
import traceback
from pathlib import Path

import pytest

from lamina.errors import LaminaError
from lamina.events import Event, event_to_json
from lamina.image.blobs import tree_of
from lamina.registry.client import RegistryClient
from lamina.registry.fetch import fetch
from lamina.registry.push import push
from lamina.steps import Step
from lamina.store.store import Store
from lamina.testing.fault_proxy import FaultProxy, Sink
from lamina.testing.faults import CloseBefore, RedirectTo, Rule, SetHeaders, Status
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Basic, Bearer, InMemoryRegistry
from tests.registry.talking import CANARY, LOGIN, NAME, talk_to

IDENTITY = "canary-identity"
ENCODED = "YWxpY2U6Y2FuYXJ5LXMzY3JldA"  # alice:canary-s3cret, as Basic writes it
SECRETS = (CANARY, ENCODED, IDENTITY, "token-1")
BASIC = Basic(user="alice", password=CANARY)
BEARER = Bearer(user="alice", password=CANARY, identity_token=IDENTITY)


def shown(error: BaseException) -> str:
    """Write all that could be shown of an error, with the errors behind it."""
    text = "".join(traceback.format_exception(error))
    if isinstance(error, LaminaError):
        text += f"{error!r} {error.what} {error.where} {error.hint} {error.why} {vars(error)}"
    return text


def move(client: RegistryClient, folder: Path, events: list[Event]) -> str:
    """Push and pull; return what there is to see of an error."""
    content = Memory()
    step = Step("move", events.append, lambda: 0.0)
    try:
        push(tree_of(toy_image(content, "a")), content, client, tags=("v1",), step=step)
        fetch(client, "v1", Store.open(folder / "store").blobs, step)
    except LaminaError as error:
        return shown(error)
    return ""


@pytest.mark.parametrize("auth", [BASIC, BEARER, Basic(user="alice", password="another")], ids=str)
@pytest.mark.parametrize(
    "rule",
    [
        None,
        Rule(Status(500), path="/blobs/"),
        Rule(Status(401, {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:1/t"'})),
        Rule(Status(403, {}, b'{"errors": [{"code": "DENIED"}]}'), method="PUT"),
        Rule(CloseBefore(), method="POST"),
        Rule(SetHeaders({"Location": "http://127.0.0.1:1/up?x=1"}), method="POST"),
        Rule(Status(200, {}, b"no token"), path="^/token"),
    ],
    ids=str,
)  # fmt: skip
def test_no_event_no_error_and_no_file_of_the_store_holds_a_secret(
    auth: Basic | Bearer, rule: Rule | None, tmp_path: Path
) -> None:
    events: list[Event] = []
    with InMemoryRegistry(auth=auth) as registry, FaultProxy(registry.address) as proxy:
        proxy.use(*([rule] if rule else []))
        client = talk_to(proxy.address, environment=LOGIN)

        error = move(client, tmp_path, events)

        told = json.dumps([event_to_json(event) for event in events])
        objects = f"{client!r} {client.__dict__} {client._session.__dict__}"
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret not in error
        assert secret not in told
        assert secret not in objects
        assert secret.encode() not in files


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["/manifests/", "/blobs/sha256", "/blobs/uploads/", "^/token"])
@pytest.mark.parametrize("auth", [BASIC, BEARER], ids=str)
def test_wherever_a_registry_sends_us_only_itself_learns_who_we_are(
    auth: Basic | Bearer, path: str, code: int, tmp_path: Path
) -> None:
    """Another name of the same machine, and another port, are other origins."""
    with InMemoryRegistry(auth=auth) as registry, Sink(b"{}") as sink:
        for origin in (sink.origin, sink.elsewhere):
            with FaultProxy(registry.address, Rule(RedirectTo(origin, code), path=path)) as proxy:
                move(talk_to(proxy.address, environment=LOGIN), tmp_path / origin[-5:], [])

        assert sink.secrets == ()


def test_an_identity_token_is_posted_to_its_token_server_and_nowhere_else(tmp_path: Path) -> None:
    """A redirect that keeps the method would take the form along."""
    with InMemoryRegistry(auth=BEARER) as registry, Sink(b'{"token": "t"}') as sink:
        with FaultProxy(registry.address, Rule(RedirectTo(sink.origin), path="^/token")) as proxy:
            (tmp_path / "auth.json").write_text(
                json.dumps({"auths": {proxy.address: {"identitytoken": IDENTITY}}})
            )
            environment = {"REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}

            assert move(talk_to(proxy.address, name=NAME, environment=environment), tmp_path, [])

        assert sink.requests == ()
