"""A memo helps where it can, and whatever goes wrong with it, a build goes on."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from lamina.events import Event, StepWarned
from lamina.layer.contents import Contents, Item
from lamina.layer.memo import Finished
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.registry.memo import RegistryMemo
from lamina.registry.memo_reading import TAG
from lamina.steps import Step
from lamina.testing.fault_proxy import FaultProxy, Sink
from lamina.testing.faults import (
    Action,
    CloseBefore,
    CloseResponseAfter,
    CorruptAt,
    RedirectTo,
    Rule,
    SetHeaders,
    Status,
)
from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import NAME, talk_to

KEY = b"the key of a team"
FAULTS: Mapping[str, Action] = {
    "401": Status(401, {"WWW-Authenticate": 'Basic realm="x"'}),
    "403": Status(403),
    "404": Status(404),
    "429": Status(429, {"Retry-After": "1"}),
    "500": Status(500),
    "closed": CloseBefore(),
    "cut short": CloseResponseAfter(20),
    "other bytes": CorruptAt(3),
    "an empty object": Status(200, {"Content-Type": media_type.MANIFEST}, b"{}"),
    "no JSON": Status(200, {}, b"<html>"),
    "another digest": SetHeaders({"Docker-Content-Digest": str(Digest.of(b"other"))}),
}
READS = {"the memo": f"/manifests/{TAG}", "its blobs": "/blobs/sha256"}
WRITES = {"the memo": ("PUT", f"/manifests/{TAG}"), "an upload": ("POST", "/blobs/uploads")}


def layer(text: str) -> Layer:
    """Make a layer whose key is its name."""
    blob = Descriptor(media_type=media_type.LAYER_GZIP, digest=Digest.of(text.encode()), size=3)
    return Layer(descriptor=blob, diff_id=Digest.of(b"d"), created_by=text).with_key(text)


def contents(text: str) -> Contents:
    return Contents(items=(Item(text, "file", 0o644, 1, "00" * 32, "", text),))


class Machine:
    """One build: what it finds, what it saves, and what it is warned of."""

    def __init__(self, address: str, *, key: bytes = KEY) -> None:
        repository = {NAME: lambda: talk_to(address, environment={"HOME": "/nowhere"})}
        self.memo = RegistryMemo(key, sources=repository, targets=repository, copies={})
        self.events: list[Event] = []
        self.step = Step("build", self.events.append, lambda: 0.0)

    @property
    def warnings(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, StepWarned)]

    def find(self, *keys: str) -> Mapping[str, Finished]:
        return self.memo.find(keys, self.step)

    def save(self, *keys: str) -> None:
        for key in keys:
            self.memo.keep(key, layer(key), lambda key=key: contents(key))  # type: ignore[misc]
        self.memo.save(Memory(), self.step)


def test_what_one_machine_saves_another_finds() -> None:
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a", "b")

        found = Machine(registry.address).find("a", "b", "c")

    assert found == {key: (layer(key), contents(key)) for key in ("a", "b")}


def test_facts_and_their_files_come_back(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a wheel")
    with InMemoryRegistry() as registry:
        one, other = Machine(registry.address), Machine(registry.address)
        one.memo.keep_fact("sdist", "k", {"size": 7}, file=tmp_path / "file")
        one.save()

        fact = other.memo.find_fact("sdist", "k", other.step)
        file = other.memo.open_file(Digest.of(b"a wheel"))

        assert fact == {"size": 7}
        assert file is not None
        with file:
            assert file.read() == b"a wheel"
        assert other.memo.open_file(Digest.of(b"another")) is None
        assert other.memo.find_fact("sdist", "l", other.step) is None


def test_a_new_version_of_a_fact_replaces_the_old_one() -> None:
    with InMemoryRegistry() as registry:
        for value in (1, 2):
            machine = Machine(registry.address)
            machine.memo.keep_fact("debian", "k", value)
            machine.save()

        last = Machine(registry.address)
        assert last.memo.find_fact("debian", "k", last.step) == 2


def test_an_older_fact_does_not_replace_a_newer_one() -> None:
    """A machine that selected packages yesterday does not undo today's security update."""
    with InMemoryRegistry() as registry:
        for since, value in ((2000.0, "patched"), (1000.0, "vulnerable")):
            machine = Machine(registry.address)
            machine.memo.keep_fact("debian", "k", value, since=since)
            machine.save()

        last = Machine(registry.address)
        assert last.memo.find_fact("debian", "k", last.step) == "patched"


def test_of_several_sources_the_one_that_found_out_last_counts() -> None:
    with InMemoryRegistry() as registry, InMemoryRegistry() as other:
        for address, since in ((registry.address, 1000.0), (other.address, 2000.0)):
            machine = Machine(address)
            machine.memo.keep_fact("debian", "k", since, since=since)
            machine.save()
        sources = {
            address: partial(talk_to, address, environment={"HOME": "/nowhere"})
            for address in (registry.address, other.address)
        }

        memo = RegistryMemo(KEY, sources=sources, targets={}, copies={})

        assert memo.find_fact("debian", "k", machine.step) == 2000.0


def test_facts_that_a_build_uses_stay_when_others_are_dropped() -> None:
    with InMemoryRegistry() as registry:
        for number in range(0, 150, 50):
            machine = Machine(registry.address)
            machine.memo.keep_fact("sdist", "used", "always")
            for extra in range(number, number + 50):
                machine.memo.keep_fact("sdist", str(extra), extra)
            machine.save()

        last = Machine(registry.address)
        assert last.memo.find_fact("sdist", "used", last.step) == "always"
        assert last.memo.find_fact("sdist", "0", last.step) is None


def test_a_row_that_names_another_layer_is_put_right() -> None:
    """Else every machine that has nothing would fail for as long as the memo is kept."""
    with InMemoryRegistry() as registry:
        wrong = Machine(registry.address)
        wrong.memo.keep("a", layer("wrong"), lambda: contents("wrong"))
        wrong.save()

        Machine(registry.address).save("a")

        assert Machine(registry.address).find("a") == {"a": (layer("a"), contents("a"))}


def test_a_memo_of_another_key_is_left_alone() -> None:
    """One machine with a mistyped key must not make the others forget."""
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a")
        stranger = Machine(registry.address, key=b"mistyped by somebody")

        stranger.save("b")

        assert "not of this key" in stranger.warnings[0]
        assert set(Machine(registry.address).find("a", "b")) == {"a"}


def test_a_file_that_went_away_is_a_warning(tmp_path: Path) -> None:
    with InMemoryRegistry() as registry:
        machine = Machine(registry.address)
        machine.memo.keep_fact("sdist", "k", 1, file=tmp_path / "gone")

        machine.save("a")

        assert "is not remembered" in machine.warnings[0]


def test_a_file_is_there_only_while_the_registry_gives_it_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a wheel")
    digest = Digest.of(b"a wheel")
    with InMemoryRegistry() as registry:
        machine = Machine(registry.address)
        machine.memo.keep_fact("sdist", "k", 1, file=tmp_path / "file")
        machine.save()
        last = Machine(registry.address)
        last.memo.find_fact("sdist", "k", last.step)

        before = last.memo.has_file(digest)
        del registry.repositories[NAME].blobs[digest]

        assert (before, last.memo.has_file(digest)) == (True, False)
        assert not last.memo.has_file(Digest.of(b"another"))


def test_a_repository_without_a_memo_is_no_reason_to_warn() -> None:
    with InMemoryRegistry() as registry:
        machine = Machine(registry.address)

        assert machine.find("a") == {}
        assert machine.warnings == []


def test_a_build_asks_for_the_memo_once() -> None:
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a")
        registry.reset()
        machine = Machine(registry.address)

        machine.find("a")
        machine.find("b")
        machine.memo.find_fact("t", "k", machine.step)

        assert len(registry.requests(path_contains=TAG)) == 1


@pytest.mark.parametrize("where", READS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_memo_that_cannot_be_read_is_none(where: str, fault: str) -> None:
    """What is found in spite of it is right."""
    rule = Rule(FAULTS[fault], method="GET", path=READS[where])
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        Machine(registry.address).save("a")
        proxy.use(rule)
        machine = Machine(proxy.address)

        found = machine.find("a")

        assert found in ({}, {"a": (layer("a"), contents("a"))})
        assert found or machine.warnings or fault == "404"
        assert len(proxy.requests()) < 40


@pytest.mark.parametrize("where", WRITES)
@pytest.mark.parametrize(
    "fault",
    [
        name
        for name, action in FAULTS.items()
        if not isinstance(action, CorruptAt | CloseResponseAfter)
    ],
)
def test_a_memo_that_cannot_be_written_is_a_warning(where: str, fault: str) -> None:
    method, path = WRITES[where]
    rule = Rule(FAULTS[fault], method=method, path=path)
    with InMemoryRegistry() as registry, FaultProxy(registry.address, rule) as proxy:
        machine = Machine(proxy.address)

        machine.save("a")

        is_there = TAG in registry.repositories[NAME].tags
        assert is_there or machine.warnings
        assert len(proxy.requests()) < 40


def test_nobody_else_learns_who_we_are_for_a_memo() -> None:
    with InMemoryRegistry() as registry, Sink(b"{}") as sink:
        rule = Rule(RedirectTo(sink.elsewhere), path=f"/manifests/{TAG}")
        with FaultProxy(registry.address, rule) as proxy:
            machine = Machine(proxy.address)

            machine.find("a")
            machine.save("a")

        assert sink.secrets == ()


def test_another_kind_of_artifact_under_the_tag_is_not_read() -> None:
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a")
        repository = registry.repositories[NAME]
        stored = repository.manifests[repository.tags[TAG]]
        value = {**json.loads(stored.data), "artifactType": "application/vnd.other"}
        client = talk_to(registry.address)
        data = json.dumps(value).encode()
        described = Descriptor(
            media_type=media_type.MANIFEST, digest=Digest.of(data), size=len(data)
        )
        client.put_manifest(TAG, described, data)
        machine = Machine(registry.address)

        assert machine.find("a") == {}
        assert "another kind of thing" in machine.warnings[0]


def test_a_memo_whose_old_blobs_are_gone_is_begun_anew() -> None:
    """A registry that collected garbage refuses the old rows, and takes the new ones."""
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a")
        repository = registry.repositories[NAME]
        rows = json.loads(repository.manifests[repository.tags[TAG]].data)["layers"]
        del repository.blobs[Digest.parse(rows[1]["digest"])]

        machine = Machine(registry.address)
        machine.save("b")

        assert machine.warnings == []
        assert set(Machine(registry.address).find("a", "b")) == {"b"}


def test_a_memo_with_large_facts_can_be_read_again() -> None:
    with InMemoryRegistry() as registry:
        machine = Machine(registry.address)
        for number in range(9):
            machine.memo.keep_fact("debian", str(number), "x" * 500_000)
        machine.save("a")

        reader = Machine(registry.address)

        assert set(reader.find("a")) == {"a"}
        assert reader.memo.find_fact("debian", "0", reader.step)
        assert reader.warnings == []


def test_a_memo_that_is_too_large_to_be_read_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As one is that was written without a limit."""
    with InMemoryRegistry() as registry:
        Machine(registry.address).save("a")
        monkeypatch.setattr("lamina.registry.memo_reading.LARGEST_DOCUMENT", 10)
        machine = Machine(registry.address)
        assert machine.find("a") == {}
        machine.save("b")
        monkeypatch.undo()

        reader = Machine(registry.address)

        assert set(reader.find("a", "b")) == {"b"}
        assert "begins a new one" in machine.warnings[0]
        assert reader.warnings == []


@pytest.mark.slow
def test_the_memo_grows_no_further_than_its_bound() -> None:
    with InMemoryRegistry() as registry:
        for start in range(0, 450, 150):
            machine = Machine(registry.address)
            machine.save(*(str(n) for n in range(start, start + 150)))

        assert set(Machine(registry.address).find("449", "300", "149")) == {"449", "300"}
        repository = registry.repositories[NAME]
        held = json.loads(repository.manifests[repository.tags[TAG]].data)["layers"]
        assert len(held) == 1 + 400
