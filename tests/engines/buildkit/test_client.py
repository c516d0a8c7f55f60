"""What buildx and buildctl are told."""

from itertools import pairwise
from pathlib import Path

import pytest

from lamina.engines.buildkit.client import Client, Program, Request, Wishes, cache_words, command

WISHES = Wishes(
    secrets=("id=netrc,src=/s/netrc",),
    arguments=("BASE=localhost:5000/debian:12",),
    caches_from=("type=gha",),
    caches_to=("localhost:5000/cache:main",),
    network="host",
    pulls=True,
    no_cache=True,
)


def words(program: Program, builder: str = "", platform: str = "linux/arm64") -> list[str]:
    request = Request(
        dockerfile=Path("/f/docker/Dockerfile"),
        context=Path("/f/context"),
        layout=Path("/f/layout"),
        platform=platform,
        contexts={"lock": Path("/f/lock")},
        wishes=WISHES,
    )
    return list(command(Client(program=program, words=("P",), builder=builder), request))


def pairs(found: list[str], flag: str) -> list[str]:
    return [value for name, value in pairwise(found) if name == flag]


def test_buildx_is_told_everything() -> None:
    found = words("buildx", "fleet")

    assert found[:3] == ["P", "buildx", "build"]
    assert found[-1] == "/f/context"
    assert pairs(found, "--builder") == ["fleet"]
    assert pairs(found, "--platform") == ["linux/arm64"]
    assert pairs(found, "--build-context") == ["lock=/f/lock"]
    assert pairs(found, "--secret") == ["id=netrc,src=/s/netrc"]
    assert pairs(found, "--cache-from") == ["type=gha"]
    assert pairs(found, "--cache-to") == ["type=registry,ref=localhost:5000/cache:main,mode=max"]
    assert pairs(found, "--network") == ["host"]
    assert {"--pull", "--no-cache", "--provenance=false"} <= set(found)


def test_buildctl_is_told_the_same() -> None:
    found = words("buildctl", "tcp://10.0.0.7:1234")

    assert found[:4] == ["P", "--addr", "tcp://10.0.0.7:1234", "build"]
    assert pairs(found, "--local") == [
        "context=/f/context", "dockerfile=/f/docker", "lock=/f/lock"
    ]  # fmt: skip
    assert "context:lock=local:lock" in pairs(found, "--opt")
    assert "platform=linux/arm64" in pairs(found, "--opt")
    assert "build-arg:BASE=localhost:5000/debian:12" in pairs(found, "--opt")
    assert pairs(found, "--import-cache") == ["type=gha"]
    assert pairs(found, "--allow") == ["network.host"]


@pytest.mark.parametrize("program", ["buildx", "buildctl"])
def test_the_time_in_the_keys_never_changes(program: Program) -> None:
    """Another value would run every step again."""
    assert any(word.endswith("SOURCE_DATE_EPOCH=0") for word in words(program))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("r.example/c", "type=registry,ref=r.example/c,mode=max"),
        ("type=local,dest=d", "type=local,dest=d,mode=max"),
        ("type=gha,mode=min", "type=gha,mode=min"),
        ("type=inline", "type=inline"),
    ],
)
def test_a_cache_keeps_all_stages_unless_the_user_says_otherwise(given: str, meant: str) -> None:
    assert cache_words(given, is_export=True) == meant
