"""From a lock (PEP 751), one wheel for each distribution that the image needs."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import LockError, UsageError
from lamina.lock.lock import Lock, LockedSdist, LockedWheel
from lamina.lock.pins import Choice
from lamina.lock.select import select
from lamina.lock.serialize import lock_from_json, lock_to_json
from lamina.lock.target import Target
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform

AMD64 = Target(
    platform=Platform("linux", "amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
_HASHES = {"sha256": "a" * 64}
ARM64 = Target(
    platform=Platform("linux", "arm64"), python="3.13", python_full="3.13.5", glibc=(2, 41)
)


def wheel(filename: str, **members: object) -> dict[str, object]:
    url = f"https://x.example/{filename}"
    return {"url": url, "size": 7, "hashes": {"sha256": Digest.of(b"x").hex}, **members}


def package(*filenames: str, name: str = "toy", **members: object) -> dict[str, object]:
    return {
        "name": name,
        "version": "1.0",
        "wheels": [wheel(filename) for filename in filenames],
        **members,
    }


def choose(
    *packages: object, target: Target = AMD64, members: dict[str, Any] | None = None
) -> Lock:
    document = {"lock-version": "1.0", "created-by": "me", "packages": [*packages]}
    document |= members or {}
    return select(document, target, name="pylock.toml")


def problem(
    *packages: object, target: Target = AMD64, members: dict[str, Any] | None = None
) -> str:
    with pytest.raises(LockError) as caught:
        choose(*packages, target=target, members=members)
    return "\n".join(caught.value.problems) or str(caught.value)


def test_the_best_of_several_wheels_is_chosen() -> None:
    lock = choose(
        package(
            "toy-1.0-py3-none-any.whl",
            "toy-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "toy-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "toy-1.0-cp311-cp311-manylinux_2_28_aarch64.whl",
            "toy-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
            "toy-1.0-cp311-cp311-win_amd64.whl",
            "toy-1.0-cp311-cp311-musllinux_1_1_x86_64.whl",
        )
    )

    assert lock.wheels == (
        LockedWheel(
            name="toy",
            version="1.0",
            filename="toy-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            digest=Digest.of(b"x"),
            size=7,
            url="https://x.example/toy-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        ),
    )
    assert not lock.wheels[0].is_pure


@pytest.mark.parametrize(
    ("filename", "target", "fits"),
    [
        ("toy-1.0-py3-none-any.whl", ARM64, True),
        ("toy-1.0-py2.py3-none-any.whl", AMD64, True),
        ("toy-1.0-cp36-abi3-manylinux1_x86_64.whl", AMD64, True),
        ("toy-1.0-cp37-abi3-manylinux2014_aarch64.whl", ARM64, True),
        ("toy-1.0-cp311-cp311-linux_x86_64.whl", AMD64, True),
        ("toy-1.0-cp311-cp311-manylinux_2_36_x86_64.whl", AMD64, True),
        ("toy-1.0-cp311-cp311-manylinux_2_37_x86_64.whl", AMD64, False),
        ("toy-1.0-cp313-cp313-manylinux_2_41_aarch64.whl", ARM64, True),
        ("toy-1.0-cp313-cp313t-manylinux_2_17_aarch64.whl", ARM64, False),
        ("toy-1.0-cp313-cp313-manylinux_2_5_aarch64.whl", ARM64, False),
        ("toy-1.0-cp312-abi3-manylinux_2_17_x86_64.whl", AMD64, False),
        ("toy-1.0-pp311-pypy311_pp73-manylinux_2_17_x86_64.whl", AMD64, False),
        ("toy-1.0-cp311-cp311-macosx_11_0_arm64.whl", ARM64, False),
    ],
)
def test_a_wheel_fits_by_python_abi_machine_and_c_library(
    filename: str, target: Target, *, fits: bool
) -> None:
    if fits:
        assert choose(package(filename), target=target).wheels[0].filename == filename
    else:
        assert f"no wheel of toy 1.0 fits {target}" in problem(package(filename), target=target)


def test_all_that_has_no_wheel_is_reported_at_once_with_its_tags() -> None:
    found = problem(
        package("a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", name="a"),
        package("b-1.0-py3-none-any.whl", name="b"),
        package("c-1.0-cp311-cp311-win_amd64.whl", name="c"),
    )

    first, second = found.splitlines()
    start = f"packages[0]: no wheel of a 1.0 fits {AMD64}; its tags are cp312-cp312-manylinux"
    assert first.startswith(f"pylock.toml, {start}")
    assert second.startswith("pylock.toml, packages[2]: no wheel of c 1.0 fits linux/amd64")


def test_an_sdist_is_taken_where_no_wheel_fits() -> None:
    sdist = {
        "url": "https://x.example/toy-1.0.tar.gz",
        "hashes": {"sha256": Digest.of(b"s").hex.upper()},
    }

    lock = choose(package("toy-1.0-cp311-cp311-win_amd64.whl", sdist=sdist))

    assert lock.wheels == ()
    assert lock.sdists == (
        LockedSdist(
            name="toy",
            version="1.0",
            filename="toy-1.0.tar.gz",
            digest=Digest.of(b"s"),
            size=0,
            url="https://x.example/toy-1.0.tar.gz",
        ),
    )


def test_markers_are_those_of_the_image_and_not_of_this_machine() -> None:
    packages = [
        package("a-1.0-py3-none-any.whl", name="a", marker="platform_machine == 'aarch64'"),
        package("b-1.0-py3-none-any.whl", name="b", marker="sys_platform == 'linux'"),
        package("c-1.0-py3-none-any.whl", name="c", marker="python_full_version == '3.11.2'"),
        package("d-1.0-py3-none-any.whl", name="d", marker="os_name == 'nt'"),
    ]

    assert [x.name for x in choose(*packages).wheels] == ["b", "c"]
    assert [x.name for x in choose(*packages, target=ARM64).wheels] == ["a", "b"]


def test_default_groups_are_installed_and_others_and_extras_are_not() -> None:
    lock = choose(
        package("a-1.0-py3-none-any.whl", name="a", marker="'main' in dependency_groups"),
        package("b-1.0-py3-none-any.whl", name="b", marker="'dev' in dependency_groups"),
        package("c-1.0-py3-none-any.whl", name="c", marker="'gpu' in extras"),
        members={"default-groups": ["main"], "dependency-groups": ["main", "dev"]},
    )

    assert [x.name for x in lock.wheels] == ["a"]


def test_a_lock_for_another_python_or_environment_is_refused() -> None:
    pure = package("toy-1.0-py3-none-any.whl")

    assert "requires Python >=3.12" in problem(pure, members={"requires-python": ">=3.12"})
    assert "none of its environments" in problem(
        pure, members={"environments": ["os_name == 'nt'"]}
    )
    assert "toy 1.0 requires Python <3" in problem({**pure, "requires-python": "<3"})
    assert choose(pure, members={"environments": ["os_name == 'nt'", "os_name == 'posix'"]}).wheels


def test_one_name_twice_is_refused_unless_markers_choose() -> None:
    one = package("toy-1.0-py3-none-any.whl", marker="python_version < '3.12'")
    two = package("toy-1.0-py3-none-any.whl", marker="python_version >= '3.12'")

    assert len(choose(one, two).wheels) == 1
    assert "toy 1.0 is there twice" in problem(one, one)


def test_a_file_that_was_locked_by_its_address_is_a_wheel_or_an_sdist() -> None:
    by_wheel = {"url": "https://x/toy-1.0-py3-none-any.whl#a", "size": 7, "hashes": _HASHES}
    by_sdist = {"url": "https://x/toy-1.0.tar.gz", "hashes": _HASHES}

    wheel_ = choose({"name": "toy", "archive": by_wheel})
    sdist = choose({"name": "toy", "version": "1.0", "archive": by_sdist})

    assert [(w.version, w.filename, w.size) for w in wheel_.wheels] == [
        ("1.0", "toy-1.0-py3-none-any.whl", 7)
    ]
    assert [(s.filename, s.url) for s in sdist.sdists] == [
        ("toy-1.0.tar.gz", "https://x/toy-1.0.tar.gz")
    ]


def test_extras_and_groups_of_a_lock_are_installed_when_they_are_chosen() -> None:
    ui = package("toy-1.0-py3-none-any.whl", marker="'ui' in extras")
    train = package("toy-1.0-py3-none-any.whl", marker="'train' in dependency_groups")
    members = {"extras": ["ui"], "dependency-groups": ["train"]}
    lock = {"lock-version": "1.0", "created-by": "tests", **members}
    chosen = Choice(extras=("ui", "unknown"), groups=("train",))

    for row, kind in ((ui, Choice(extras=("UI",))), (train, Choice(groups=("train",)))):
        document = {**lock, "packages": [row]}
        assert not select(document, AMD64, name="pylock.toml").wheels
        assert select(document, AMD64, name="pylock.toml", choice=kind).wheels
        assert select(document, AMD64, name="pylock.toml", choice=chosen).wheels


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"vcs": {"type": "git", "url": "x", "commit-id": "1"}}, "is a directory or a repository"),
        ({"directory": {"path": "."}}, "is a directory or a repository"),
        (
            {"archive": {"path": "x.zip", "hashes": {"sha256": "1"}}},
            "has no https:, http: or file: address",
        ),
        (
            {"archive": {"url": "https://x/toy.whl", "hashes": {"sha256": "a" * 64}}},
            "'toy.whl' is not the name of a wheel",
        ),
        (
            {"archive": {"url": "https://x/toy-1.0-py3-none-win32.whl", "hashes": _HASHES}},
            "no wheel of toy 1.0 fits linux/amd64",
        ),
        ({"wheels": [wheel("toy-1.0-py3-none-any.whl", hashes={"md5": "1"})]}, "no SHA-256 hash"),
        (
            {"wheels": [wheel("toy-1.0-py3-none-any.whl", hashes={"sha256": "1"})]},
            "is not a SHA-256 digest",
        ),
        ({"wheels": [wheel("toy-1.0-py3-none-any.whl", size=-1)]}, "has the size -1"),
        (
            {"wheels": [{"path": "x/toy-1.0-py3-none-any.whl", "hashes": {"sha256": "a" * 64}}]},
            "has no https:, http: or file: address",
        ),
        (
            {"wheels": [wheel("toy-1.0-py3-none-any.whl", url="ftp://x/toy-1.0-py3-none-any.whl")]},
            "has no https:, http: or file: address",
        ),
        (
            {
                "wheels": [
                    wheel(
                        "x",
                        url="https://[x/toy-1.0-py3-none-any.whl",
                        name="toy-1.0-py3-none-any.whl",
                    )
                ]
            },
            "has no https:, http: or file: address",
        ),
    ],
)
def test_what_has_no_trustworthy_file_is_refused(member: dict[str, Any], message: str) -> None:
    found = problem({"name": "toy", "version": "1.0", **member})

    assert found.startswith("pylock.toml, packages[0]: ")
    assert message in found


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not a valid lock"),
        ({}, "Missing required value in 'lock-version'"),
        ({"lock-version": "9.0", "created-by": "x", "packages": []}, "version 9.0"),
        ({"lock-version": "1.0", "created-by": "x", "packages": [1]}, "packages"),
        ({"lock-version": "1.0", "created-by": "x", "packages": {}}, "packages"),
        (
            {"lock-version": "1.0", "created-by": "x", "packages": [package("toy.whl")]},
            "Invalid wheel filename",
        ),
        (
            {
                "lock-version": "1.0",
                "created-by": "x",
                "packages": [package("other-1.0-py3-none-any.whl")],
            },
            "not consistent with",
        ),
    ],
)
def test_a_malformed_lock_is_refused_by_name(document: object, message: str) -> None:
    with pytest.raises(LockError, match=r"^pylock\.toml: not a valid lock") as caught:
        select(document, AMD64, name="pylock.toml")

    assert message in str(caught.value)


_NAMES = st.sampled_from(["name", "url", "path", "size", "hashes", "sha256", "x"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4)
    | st.sampled_from(["toy", "1.0", ">=3", "os_name == 'posix'", "'x' in extras", "extra == 'x'",
                       "platform_release > '3'", "toy-1.0-py3-none-any.whl"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(
    top=st.dictionaries(
        st.sampled_from(["lock-version", "environments", "requires-python", "default-groups",
                         "tool", "extras"]), _VALUES, max_size=2),
    inside=st.dictionaries(
        st.sampled_from(["name", "version", "marker", "requires-python", "wheels", "sdist",
                         "archive"]), _VALUES, max_size=2),
)  # fmt: skip
def test_any_values_in_a_lock_are_read_or_refused(
    top: dict[str, Any], inside: dict[str, Any]
) -> None:
    with contextlib.suppress(LockError):
        choose({**package("toy-1.0-py3-none-any.whl"), **inside}, members=top)


@pytest.mark.parametrize("document", [None, 5, "x", [[]]])
def test_what_is_no_table_is_no_lock(document: object) -> None:
    with pytest.raises(LockError, match="not a valid lock"):
        select(document, AMD64, name="pylock.toml")


def test_a_lock_reads_back_from_json() -> None:
    sdist = {"url": "https://x.example/b-1.0.tar.gz", "hashes": {"sha256": Digest.of(b"s").hex}}
    lock = choose(
        package("a-1.0-py3-none-any.whl", name="a"), {"name": "b", "version": "1.0", "sdist": sdist}
    )

    assert lock_from_json(lock_to_json(lock)) == lock


def test_only_the_two_machines_with_wheels_are_built_for() -> None:
    other = Target(
        platform=Platform("linux", "riscv64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
    )

    assert (AMD64.machine, ARM64.machine) == ("x86_64", "aarch64")
    assert ARM64.uv_platform == "aarch64-manylinux_2_40"
    with pytest.raises(UsageError, match="does not build for linux/riscv64"):
        _ = other.tags


def test_musl_takes_wheels_of_its_own_or_older_versions_and_never_those_for_glibc() -> None:
    alpine = Target(
        platform=Platform("linux", "amd64"),
        python="3.12",
        python_full="3.12.4",
        glibc=(0, 0),
        musl=(1, 2),
    )
    old, new = (f"toy-1.0-cp312-cp312-musllinux_1_{n}_x86_64.whl" for n in (1, 2))
    glibc = "toy-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"

    assert choose(package(old, new, glibc), target=alpine).wheels[0].filename == new
    assert choose(package(old, glibc), target=alpine).wheels[0].filename == old
    assert "fits linux/amd64, Python 3.12, musl 1.2" in problem(package(glibc), target=alpine)
    sdist = {"url": "https://x.example/toy-1.0.tar.gz", "hashes": _HASHES}
    assert "no wheel of toy" in problem(package(glibc, sdist=sdist), target=alpine)
    assert choose(package(sdist=sdist, wheels=[]), target=alpine).sdists  # it may be pure
    assert alpine.uv_platform == "x86_64-unknown-linux-musl"
