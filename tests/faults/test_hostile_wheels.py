"""A hostile wheel makes no image, leaves no trace, and does not spoil the next build."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.oci.reference import Reference
from lamina.store.store import Store
from tests.faults.hostile import HOSTILE, TOY, Hostile, good_variants, raws
from tests.faults.raw_zip import raw_zip
from tests.support.toys import NAME, Outcome, Tree, build, files, layer_tars, make_project, tree

GOOD = raw_zip(raws())
GOOD_DIGEST = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Tree]:
    """Build the good wheel in a fresh store: the image's digest and tree."""
    folder = tmp_path_factory.mktemp("good")
    done = build_wheel(folder, "good", GOOD)
    return done.out, tree(layer_tars(folder / "out-good"))


def build_wheel(folder: Path, name: str, data: bytes, *, digest: str = "") -> Outcome:
    """Build a project whose only wheel has these bytes, and is called as the good one."""
    wheel = folder / f"wheels-{name}" / TOY.filename
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(data)
    hashes = {TOY.filename: digest} if digest else {}
    project = make_project(folder / f"project-{name}", [wheel], hashes=hashes)
    return build(project, folder / f"out-{name}", folder / "store")


def error_of(done: Outcome) -> str:
    """Return the error message; there must be exactly one, after the progress, and no traceback."""
    progress, error, message = done.err.partition("error: ")
    assert error
    assert "error:" not in progress + message
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    return message


def outside_the_store(folder: Path) -> set[str]:
    """List every file and folder that is not the store's."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    return {str(path) for path in paths if path.parts[0] != "store"}


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_wheel_is_refused_and_leaves_no_trace(
    case: Hostile, good: tuple[str, Tree], tmp_path: Path
) -> None:
    """Exit code 3, file and member named; the good wheel then builds in the same store."""
    done = build_wheel(tmp_path, "bad", case.data)
    left = outside_the_store(tmp_path)
    store = Store(tmp_path / "store")
    image = store.recall("name", str(Reference.parse(NAME)))
    after = build_wheel(tmp_path, "good", GOOD)

    message = error_of(done)
    assert (done.code, done.out) == (3, "")
    assert case.says in message
    assert case.names in message
    assert TOY.filename in message or "toy 1.0" in message
    assert image is None
    assert left == {
        "wheels-bad", f"wheels-bad/{TOY.filename}", "project-bad",
        "project-bad/pylock.toml", "project-bad/pyproject.toml",
    }  # fmt: skip
    assert list(store.ingest.iterdir()) == []
    assert (after.code, after.out) == (0, good[0])


@pytest.mark.parametrize(
    "data", [GOOD[:-1], GOOD + b"\0", GOOD.replace(b"toy", b"tay"), b""],
    ids=["truncated", "longer", "changed", "empty"],
)  # fmt: skip
def test_a_wheel_that_is_not_the_locked_one_is_refused(
    data: bytes, good: tuple[str, Tree], tmp_path: Path
) -> None:
    """The lock's digest is checked before anything is read; the wheel stays out of the store."""
    done = build_wheel(tmp_path, "bad", data, digest=GOOD_DIGEST)
    kept = list((tmp_path / "store").rglob("*.whl"))
    after = build_wheel(tmp_path, "good", GOOD)

    message = error_of(done)
    assert done.code == 3
    assert f"{TOY.filename} is not the file that the lock names" in message
    assert f"expected sha256 {GOOD_DIGEST}" in message
    assert kept == []
    assert (after.code, after.out) == (0, good[0])


@pytest.mark.parametrize(("name", "data"), good_variants(), ids=lambda value: str(value)[:40])
def test_an_unusual_wheel_that_readers_agree_on_is_accepted(
    name: str, data: bytes, good: tuple[str, Tree], tmp_path: Path
) -> None:
    done = build_wheel(tmp_path, "unusual", data)

    assert done.code == 0, (name, done.err)
    assert tree(layer_tars(tmp_path / "out-unusual")) == good[1]


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), min_size=1, max_size=3
    )
)
def test_a_wheel_with_changed_bytes_is_refused_or_means_the_same(
    good: tuple[str, Tree], changes: list[tuple[int, int]]
) -> None:
    """Wherever a byte changes, the image holds the right files or there is none."""
    data = bytearray(GOOD)
    for position, change in changes:
        data[position] ^= change

    with TemporaryDirectory() as folder:
        done = build_wheel(Path(folder), "changed", bytes(data))
        if done.code == 0:
            built = tree(layer_tars(Path(folder) / "out-changed"))

    if done.code == 0:
        assert files(built) == files(good[1])
    else:
        assert done.code == 3, done.err
        assert error_of(done)


@settings(deadline=None, max_examples=40)
@given(keep=st.integers(0, len(GOOD) - 1))
def test_a_wheel_that_is_cut_anywhere_is_refused(keep: int) -> None:
    with TemporaryDirectory() as folder:
        done = build_wheel(Path(folder), "cut", GOOD[:keep])

        left = list(Path(folder).glob("out-*"))

    assert done.code == 3
    assert error_of(done)
    assert left == []
