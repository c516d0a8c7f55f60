"""Builds remember each other through the registry, where there is no disk to keep a history."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.cli import build_records
from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.history.rows import BuildRow
from lamina.observers.repository_records import RepositoryRecords
from lamina.oci.digest import Digest
from lamina.registry.build_records import attach_record, find_records, read_records
from lamina.registry.referrers import referrers_of
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Delay, Rule, Status
from lamina.testing.projects import locked_project
from lamina.testing.registry import Choices, InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.registry.talking import talk_to
from tests.support import toys
from tests.support.toys import Outcome

REPOSITORY = "demo/app"


@pytest.fixture(params=[True, False], ids=["api", "tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=Choices(has_referrers=request.param)) as registry:
        yield registry


class Runner:
    """A machine that keeps nothing: each has a folder of its own, and the project checked out."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.history = folder / "history.db"
        self.location = str(self.history)
        self._monkeypatch = monkeypatch

    def build(self, text: str, *words: str, settings: str = "record = true") -> Outcome:
        project = self.folder / "app"
        locked_project(project, [ToyWheel()], settings=f'exclude = ["*.toml"]\n{settings}')
        (project / "serve.py").write_text(text)
        done = self.lamina("build", project, *words)
        assert done.code == 0, done.err
        return done

    def lamina(self, *words: str | Path) -> Outcome:
        self._monkeypatch.setenv("LAMINA_HISTORY", self.location)
        return toys.lamina(*words, store=self.folder / "store")

    def rows(self) -> list[BuildRow]:
        """List the builds of the history, newest first."""
        self.lamina("history")  # brings in what waits
        with open_history(str(self.history)) as history:
            return history.rows(Wanted())


@pytest.fixture
def runners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    def made() -> Iterator[Runner]:
        number = 0
        while True:
            number += 1
            yield Runner(tmp_path / f"runner{number}", monkeypatch)

    return made()


def name_of(registry: Any, tag: str = "main") -> str:
    return f"{registry.address}/{REPOSITORY}:{tag}"


def test_a_runner_without_a_disk_has_the_builds_before_it(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    """Three machines build one after the other, and the last can compare with the others."""
    name = name_of(registry)
    for text in ("one", "two"):
        next(runners).build(text, "-t", name, "--push")

    runner = next(runners)
    runner.build("three", "-t", name, "--push")

    third, second, first = runner.rows()
    assert third.started > second.started > first.started
    assert len({row.digest for row in (first, second, third)}) == 3
    assert {row.names for row in (first, second, third)} == {name}
    assert (first.reuse, third.host != "", second.host) == (None, True, "")
    assert third.reuse is not None, "it is compared with the second"
    assert 0 < third.reuse < 1
    assert third.time_hit is not None


def test_records_are_a_wish(registry: InMemoryRegistry, runners: Iterator[Runner]) -> None:
    """Without the setting or the flag, a registry gets the image alone."""
    runner, name = next(runners), name_of(registry)

    runner.build("one", "-t", name, "--push", settings="")
    runner.build("two", "-t", name, "--push", "--no-record", settings="record = true")
    repository = registry.repositories[REPOSITORY]
    assert len(repository.manifests) == 2

    runner.build("three", "-t", name, "--push", "--record", settings="")

    assert referrers_of(talk_to(registry.address), repository.tags["main"])


def test_an_image_gets_one_record_however_often_it_is_built(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    runner, client = next(runners), talk_to(registry.address)
    for tag in ("main", "main", "release"):
        runner.build("one", "-t", name_of(registry, tag), "--push")

    digest = registry.repositories[REPOSITORY].tags["main"]
    assert len(referrers_of(client, digest)) == 1
    assert len(find_records(client, "main").records) == 1


def test_history_pull_brings_the_builds_of_an_image(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    name = name_of(registry)
    for text in ("one", "two"):
        next(runners).build(text, "-t", name, "--push")
    runner = next(runners)

    one = runner.lamina("history", "pull", name, "--limit", "1")
    rest = runner.lamina("history", "pull", name)
    digest = registry.repositories[REPOSITORY].tags["main"]
    by_digest = runner.lamina("history", "pull", f"{name.rpartition(':')[0]}@{digest}")

    assert (one.code, one.out) == (0, "pulled 1 builds\n")
    assert rest.out == "pulled 1 builds, 1 were there already\n"
    assert by_digest.out == "pulled 0 builds, 2 were there already\n"
    assert [row.digest == str(digest) for row in runner.rows()] == [True, False]
    shown = runner.lamina("history", "show", "last", "--format", "json")
    assert json.loads(shown.out)["layers"]


def test_pulled_builds_are_those_of_a_project_where_somebody_says_so(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    """Without a word they stand by themselves, whatever the records say."""
    name = name_of(registry)
    next(runners).build("one", "-t", name, "--push")
    strange, own = next(runners), next(runners)

    strange.lamina("history", "pull", name)
    own.lamina("history", "pull", name, "--project", "app")

    assert [row.project for row in (*strange.rows(), *own.rows())] == ["", "app"]


def test_pulling_from_nowhere_is_an_error(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    done = next(runners).lamina("history", "pull", name_of(registry, "missing"))

    assert done.code == 3
    assert "there is no such image" in done.err


def test_an_image_without_records_gives_no_builds(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    runner = next(runners)
    runner.build("one", "-t", name_of(registry), "--push", settings="")

    done = next(runners).lamina("history", "pull", name_of(registry))

    assert (done.code, done.out) == (0, "pulled 0 builds\n")


def test_every_repository_gets_the_record_of_what_it_was_sent(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    """An index of two platforms, pushed to two repositories: each hears of its own names alone."""
    runner, other = next(runners), f"{registry.address}/demo/mirror:7"
    runner.build(
        "one", "-t", name_of(registry), "-t", name_of(registry, "1"), "--push",
        "-o", f"docker://{other}", "--platform", "linux/amd64,linux/arm64",
    )  # fmt: skip
    fresh = next(runners)

    assert fresh.lamina("history", "pull", other).out == "pulled 1 builds\n"

    (row,) = fresh.rows()
    assert row.names == other
    assert row.platforms.split("\n") == ["linux/amd64", "linux/arm64"]
    assert row.digest == str(registry.repositories[REPOSITORY].tags["main"])
    (blob,) = find_records(talk_to(registry.address), "1").records
    text = zlib.decompress(registry.repositories[REPOSITORY].blobs[blob.digest], wbits=31)
    assert json.loads(text)["names"] == [name_of(registry), name_of(registry, "1")]
    assert b"mirror" not in text


def test_a_history_that_knows_the_image_reads_nothing(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    runner, name = next(runners), name_of(registry)
    runner.build("one", "-t", name, "--push")
    next(runners).build("two", "-t", name, "--push")

    runner.build("three", "-t", name, "--push")

    assert len(runner.rows()) == 2


def test_records_travel_where_no_history_is_kept(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    runner, name = next(runners), name_of(registry)
    runner.location = "off"
    for text in ("one", "two"):
        runner.build(text, "-t", name, "--push")
    assert not runner.history.exists()

    done = next(runners).lamina("history", "pull", name)

    assert done.out == "pulled 2 builds\n"


def test_records_of_another_project_are_passed_over(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    name = name_of(registry)
    other = next(runners)
    project = locked_project(other.folder / "other", [ToyWheel()], settings="record = true")
    assert other.lamina("build", project, "-t", name, "--push").code == 0

    runner = next(runners)
    runner.build("one", "-t", name, "--push")

    assert len(runner.rows()) == 1


def test_a_record_that_is_broken_costs_a_warning_and_no_build(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    name = name_of(registry)
    next(runners).build("one", "-t", name, "--push")
    (blob,) = find_records(talk_to(registry.address), "main").records
    registry.repositories[REPOSITORY].blobs[Digest.parse(str(blob.digest))] = b"\x1b[2J"

    done = next(runners).build("two", "-t", name, "--push")

    assert f"a record in {registry.address}/{REPOSITORY} is not used" in done.err
    assert "\x1b" not in done.err


def test_a_registry_that_refuses_records_costs_a_warning_and_no_build(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(403), method="PUT", path="/manifests/sha256"))

        done = next(runners).build("one", "-t", name_of(proxy), "--push")

    assert "the record of this build is not kept in" in done.err
    assert "main" in registry.repositories[REPOSITORY].tags


def test_a_registry_that_keeps_its_records_to_itself_is_not_waited_for(
    registry: InMemoryRegistry, runners: Iterator[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_records, "PATIENCE_S", 0.2)
    name = name_of(registry)
    next(runners).build("one", "-t", name, "--push")
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Delay(2), method="GET", path="sha256"))

        done = next(runners).build("two", "-t", name_of(proxy), "--push")

    assert "warning: earlier builds are not found: it takes too long" in done.err
    assert "the record of this build is not kept in" in done.err


def test_a_bug_of_ours_costs_a_warning_and_no_build(
    registry: InMemoryRegistry, runners: Iterator[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(RepositoryRecords, "find", fail)
    monkeypatch.setattr(RepositoryRecords, "attach", fail)

    done = next(runners).build("one", "-t", name_of(registry), "--push")

    assert done.err.count("RuntimeError") == 3
    assert "a bug" not in done.err
    assert "main" in registry.repositories[REPOSITORY].tags


def test_a_setting_that_is_no_flag_is_an_error(runners: Iterator[Runner], tmp_path: Path) -> None:
    project = locked_project(tmp_path / "app", [ToyWheel()], settings='record = "yes"')

    done = next(runners).lamina("build", project, "-t", "a:1")

    assert done.code == 3
    assert "tool.lamina.record: expected true or false, got a text" in done.err


def test_a_hostile_record_steers_no_terminal(
    registry: InMemoryRegistry, runners: Iterator[Runner]
) -> None:
    """Whoever may push can write any record; it is shown, and that is all it can do."""
    name, evil = name_of(registry), "\x1b]0;owned\x07\u202e"
    next(runners).build("one", "-t", name, "--push")
    client = talk_to(registry.address)
    kept = find_records(client, "main")
    (data,) = read_records(client, kept.records)
    assert isinstance(data, bytes)
    record = json.loads(zlib.decompress(data, wbits=31))
    record |= {
        "id": "ab" * 8, "project": evil, "branch": evil, "revision": evil, "ci": evil,
        "tool": evil, "engine": evil, "platforms": [evil], "names": [f"x:{evil}"],
        "warnings": [evil], "phases": {evil: 1.0}, "error": evil,
    }  # fmt: skip
    for step in record["steps"]:
        step |= {"name": evil, "text": evil, "error": evil, "log": [evil], "warnings": [evil]}
    for layer in record["layers"]:
        layer |= {"name": evil, "part": evil, "digest": evil}
    image, _ = client.get_manifest("main")
    attach_record(client, image, gzip_of(record), id_="x", created="9999", earlier=kept.records)
    runner = next(runners)

    assert runner.lamina("history", "pull", name).out == "pulled 2 builds\n"

    for words in (("history",), ("history", "show", "abab"), ("history", "export"), ("stats",)):
        done = runner.lamina(*words)
        assert done.code == 0, done.err
        assert set("\x1b\x07\u202e").isdisjoint(done.out + done.err), words


def gzip_of(value: object) -> bytes:
    deflater = zlib.compressobj(wbits=31)
    return deflater.compress(json.dumps(value).encode()) + deflater.flush()
