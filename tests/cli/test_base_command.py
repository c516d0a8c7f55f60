"""`lamina base check` says whether there is a newer base, and changes nothing by asking."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.bases import debian_archive
from lamina.bases.debian_archive import DebianArchive
from lamina.cli import wiring
from lamina.testing.debian_archive import ToyArchive, ToyPackage, minimal_base
from lamina.testing.distribution.access import Basic
from lamina.testing.registry import InMemoryRegistry
from tests.bases.test_debian_archive import NOW, Client
from tests.cli.test_lock_base import AMD64, SECRET, Bench
from tests.support.bases import python_index
from tests.support.toys import lamina


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with InMemoryRegistry() as registry:
        yield Bench(tmp_path, registry)


def check(bench: Bench, *words: str) -> tuple[int, str]:
    done = lamina("base", "check", bench.project, *AMD64, *words, store=bench.store)
    assert "Traceback" not in done.err
    return done.code, done.out


def test_a_pin_that_is_still_what_the_tag_stands_for_is_up_to_date(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")

    assert check(bench) == (
        0,
        f"{bench.tag}  linux/amd64: up to date\n  pinned    {bench.old.descriptor.digest}\n",
    )


def test_a_newer_image_behind_the_tag_is_exit_code_1_with_what_to_do(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    index = python_index(bench.content, "new", created=1_700_000_000)
    bench.registry.keep("bases/python", "3", index, bench.content)

    expected = (
        f"{bench.tag}  linux/amd64: there is a newer one\n"
        f"  pinned    {bench.old.descriptor.digest}\n"
        f"  now       {index.descriptor.digest}  2023-11-14\n"
        "  try: `lamina lock --only base --upgrade` takes the newer one\n"
    )

    assert [check(bench), check(bench)] == [(1, expected)] * 2
    bench.lamina("lock", "--only", "base", "--upgrade")
    assert check(bench)[0] == 0


def test_without_a_pin_the_store_says_what_builds_stand_on(bench: Bench) -> None:
    bench.lamina("plan", *AMD64)
    bench.move("new")

    code, out = check(bench)

    assert code == 1
    assert f"in store  {bench.old.descriptor.digest}" in out
    assert "lamina build --pull" in out
    assert bench.base_of_plan().endswith(str(bench.old.descriptor.digest))


def test_with_neither_there_is_nothing_to_compare(bench: Bench) -> None:
    code, out = check(bench)

    assert code == 0
    assert "nothing is pinned or in the store to compare with" in out
    assert f"now       {bench.old.descriptor.digest}" in out


def test_each_platform_is_checked(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    bench.move("new")

    done = lamina("base", "check", bench.project, "--format", "json", "--platform",
                  "linux/amd64,linux/arm64", store=bench.store)  # fmt: skip

    assert [row["platform"] for row in json.loads(done.out)] == ["linux/amd64", "linux/arm64"]


def test_programs_get_the_same_as_json(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    new = bench.move("new").descriptor.digest

    code, out = check(bench, "--format", "json")

    assert code == 1
    assert json.loads(out) == [
        {
            "reference": bench.tag,
            "platform": "linux/amd64",
            "state": "newer",
            "source": "pin",
            "old": {"digest": str(bench.old.descriptor.digest), "created": None},
            "new": {"digest": str(new), "created": None},
            "packages": [],
            "hint": "`lamina lock --only base --upgrade` takes the newer one",
        }
    ]


@pytest.mark.parametrize("base", ["scratch:3.12", "oci:somewhere"])
def test_a_base_that_does_not_move_is_said_to(bench: Bench, base: str) -> None:
    bench.stand_on(base)

    assert check(bench) == (0, f"{base}  linux/amd64: nothing that moves by itself\n")


def test_a_digest_in_the_settings_is_compared_with_its_tag(bench: Bench) -> None:
    bench.stand_on(f"{bench.tag}@{bench.old.descriptor.digest}")
    bench.move("new")

    code, out = check(bench)

    assert code == 1
    assert f"settings  {bench.old.descriptor.digest}" in out
    assert "write the newer digest into tool.lamina.base" in out


def test_a_registry_that_refuses_is_exit_code_4_without_a_secret(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)
    with InMemoryRegistry(auth=Basic(user="alice", password="another")) as closed:
        monkeypatch.setenv("LAMINA_REGISTRY", closed.address)
        bench.stand_on(f"{closed.address}/bases/python:3")

        done = lamina("base", "check", bench.project, store=bench.store)

    assert (done.code, done.out) == (4, "")
    assert SECRET not in done.err


def test_a_word_is_needed_after_base(bench: Bench) -> None:
    with pytest.raises(SystemExit) as caught:
        lamina("base", store=bench.store)

    assert caught.value.code == 2


@pytest.fixture
def toy(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyArchive:
    """Put a small archive in the place of Debian's, and the project on it."""
    monkeypatch.setattr(debian_archive, "HELPER", tmp_path / "no helper")
    toy = ToyArchive(tmp_path)
    toy.sources_file()
    toy.publish(minimal_base())
    monkeypatch.setattr(
        wiring,
        "_open_archive",
        lambda store, _: DebianArchive(
            store, Client(toy), clock=lambda: NOW, apt_root=toy.directory
        ),
    )
    bench.stand_on("debian:toy")
    return toy


def test_packages_of_debian_are_compared_with_the_archive(bench: Bench, toy: ToyArchive) -> None:
    bench.lamina("plan", *AMD64)
    old = check(bench)
    packages = [p for p in minimal_base() if p.name != "tzdata"]
    toy.publish([*packages, ToyPackage(name="tzdata", version="1.1-1")])

    expected = (
        "debian:toy  linux/amd64: 1 of 11 packages have changed\n"
        "  tzdata  1.0-1 -> 1.1-1\n"
        "  try: `lamina build --pull` takes them\n"
    )

    assert old == (0, "debian:toy  linux/amd64: up to date\n")
    assert [check(bench), check(bench)] == [(1, expected)] * 2
    assert bench.lamina("plan", "--pull", *AMD64).code == 0
    assert check(bench)[0] == 0


def test_a_suite_that_no_build_has_used_has_nothing_to_compare(
    bench: Bench, toy: ToyArchive
) -> None:
    code, out = check(bench)

    assert code == 0
    assert "nothing is pinned or in the store" in out
    assert toy.fetched == []
