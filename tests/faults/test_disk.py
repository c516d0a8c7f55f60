"""A disk that refuses ends the build with code 4 and one sentence, and spoils nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import DRIVER, Scene


def _can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(
    not _can_mount(), reason="mounting a small disk needs root and a mount namespace"
)


def assert_refused(done: "subprocess.CompletedProcess[str]", says: str) -> None:
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("error: ") == 1
    assert says in done.stderr.partition("error: ")[2]
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert done.stdout == ""


def assert_recovers(scene: Scene) -> None:
    """Check that the store is sound, the old image whole, and the next build right."""
    scene.assert_store_is_sound()
    assert list((scene.store / "ingest").iterdir()) == []
    assert scene.published() == scene.old_digest
    again = scene.build()
    assert (again.code, again.out.strip()) == (0, scene.new_digest), again.err


def in_namespace(scene: Scene, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script with mounts of its own; ``$build`` is the build of the new version."""
    words = [sys.executable, str(DRIVER), "none", "0", *scene.words]
    return scene.run(["unshare", "--mount", "sh", "-ec", script, "sh", *words])


@needs_mounts
@pytest.mark.parametrize("size", [8, 100, 200, 300])
def test_a_full_disk_below_the_store_is_an_error_and_nothing_more(scene: Scene, size: int) -> None:
    """The store is on a disk of a few kilobytes, where different parts of it do not fit."""
    done = in_namespace(scene, f'mount -t tmpfs -o size={size}k tmpfs "$LAMINA_STORE"; exec "$@"')

    assert_refused(done, "No space left on device")
    assert scene.published() == scene.old_digest
    assert_recovers(scene)


@needs_mounts
@pytest.mark.parametrize("inodes", [3, 9, 16])
def test_a_disk_without_inodes_is_an_error_and_nothing_more(scene: Scene, inodes: int) -> None:
    mount = f"mount -t tmpfs -o size=9m,nr_inodes={inodes} tmpfs"

    done = in_namespace(scene, f'{mount} "$LAMINA_STORE"; exec "$@"')

    assert_refused(done, "No space left on device")
    assert_recovers(scene)


@needs_mounts
@pytest.mark.parametrize("room", [4, 60, 160])
def test_a_full_disk_below_the_output_keeps_the_old_image(scene: Scene, room: int) -> None:
    """The layout is on a disk with ``room`` kilobytes left; what it holds is copied out after."""
    script = f"""
        cp -a {scene.output} {scene.folder}/kept
        mount -t tmpfs -o size=2m tmpfs {scene.output}
        cp -a {scene.folder}/kept/. {scene.output}
        left=$(df --output=avail -k {scene.output} | tail -n 1)
        head -c $(( (left - {room}) * 1024 )) /dev/zero > {scene.output}/filling
        code=0; "$@" || code=$?
        rm {scene.output}/filling
        cp -a {scene.output} {scene.folder}/after
        exit $code
    """

    done = in_namespace(scene, script)

    assert_refused(done, "No space left on device")
    after = Scene(folder=scene.folder, new=scene.new, old_digest=scene.old_digest, new_digest="")
    shutil.rmtree(scene.output)
    (scene.folder / "after").rename(scene.output)
    assert after.published() == scene.old_digest
    assert not list(scene.output.glob("blobs/*[!6]"))
    assert_recovers(scene)


@needs_mounts
def test_a_read_only_store_is_an_error_for_a_new_image(scene: Scene) -> None:
    script = (
        'mount --bind "$LAMINA_STORE" "$LAMINA_STORE"; mount -o remount,ro,bind "$LAMINA_STORE"'
    )

    done = in_namespace(scene, f'{script}; exec "$@"')

    assert_refused(done, "Read-only file system")
    assert_recovers(scene)


@needs_mounts
def test_a_read_only_store_that_holds_the_image_is_enough_to_write_it_out(scene: Scene) -> None:
    """A build that has to make nothing needs no write to the store."""
    scene.build()
    output = scene.folder / "second"
    words = f"build {scene.new} -o oci:{output}:toys:1 --platform linux/amd64"
    script = (
        'mount --bind "$LAMINA_STORE" "$LAMINA_STORE"; mount -o remount,ro,bind "$LAMINA_STORE"'
    )

    done = in_namespace(scene, f"{script}; exec {sys.executable} {DRIVER} none 0 {words}")

    assert (done.returncode, done.stdout.strip()) == (0, scene.new_digest), done.stderr
    assert (output / "index.json").exists()


@needs_mounts
def test_a_read_only_output_keeps_the_old_image(scene: Scene) -> None:
    script = f"mount --bind {scene.output} {scene.output}; mount -o remount,ro,bind {scene.output}"

    done = in_namespace(scene, f'{script}; exec "$@"')

    assert_refused(done, "Read-only file system")
    assert_recovers(scene)


@pytest.mark.parametrize("size", [10, 1000, 20_000, 152_000])
def test_a_limit_on_the_size_of_files_is_an_error_and_nothing_more(scene: Scene, size: int) -> None:
    done = scene.build_with_fault("bytes", size)

    assert_refused(done, "File too large")
    assert_recovers(scene)


def test_an_archive_that_does_not_fit_leaves_the_old_one(scene: Scene) -> None:
    """Everything fits but the archive, which comes last and is larger than any other file."""
    archive = scene.folder / "archive.tar"
    archive.write_text("the old archive")

    done = scene.build_with_fault("bytes", 160_000)

    assert_refused(done, "File too large")
    assert archive.read_text() == "the old archive"
    assert {path.name for path in scene.folder.iterdir()} == {"archive.tar", "output", "store"}


@pytest.mark.slow
def test_few_open_files_are_enough_or_an_error_and_nothing_more(original: Scene) -> None:
    """With no file to spare it fails, with a handful it works, and nowhere is it half-done."""
    codes = []
    for room in range(6):
        scene = original.copy(f"files-{room}")
        done = scene.build_with_fault("files", room)
        codes.append(done.returncode)
        if done.returncode:
            assert_refused(done, "Too many open files")
            assert_recovers(scene)
        else:
            assert done.stdout.strip() == scene.new_digest

    assert codes[0] == 4
    assert codes[-1] == 0


def test_a_store_that_is_a_file_is_an_error(scene: Scene, tmp_path: Path) -> None:
    shutil.rmtree(scene.store)
    scene.store.write_text("not a store")

    done = scene.run([sys.executable, str(DRIVER), "none", "0", *scene.words])

    assert_refused(done, "store")
    assert scene.store.read_text() == "not a store"
    assert tmp_path.exists()
