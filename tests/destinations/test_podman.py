"""The podman program: what it is told, and what becomes of its refusals."""

from pathlib import Path

import pytest

from lamina.destinations.local_engine import EngineError, EngineRefusedError
from lamina.destinations.podman import PodmanProgram
from lamina.layout.write import Writer
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference

ONE, OTHER = Digest.of(b"one"), Digest.of(b"other")


def podman(folder: Path, script: str) -> PodmanProgram:
    """Make a program that notes its arguments in ``asked`` and then does what ``script`` says."""
    program = folder / "podman"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
    program.chmod(0o755)
    return PodmanProgram(str(program), {"PATH": "/usr/bin:/bin"})


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def archive(file: Writer) -> None:
    for _ in range(64):
        file.write(b"archive" * 1000)


def test_images_with_names_are_listed_by_digest(tmp_path: Path) -> None:
    engine = podman(tmp_path, f"echo {ONE}; echo {OTHER}; echo something else")

    assert engine.image_ids() == {ONE, OTHER}
    assert "--filter dangling=false" in asked(tmp_path)[0]


def test_it_says_what_it_runs(tmp_path: Path) -> None:
    assert podman(tmp_path, "echo linux/arm64").platform() == Platform("linux", "arm64")


def test_the_archive_goes_to_its_input(tmp_path: Path) -> None:
    podman(tmp_path, f"cat > {tmp_path}/got").load(archive)

    assert (tmp_path / "got").read_bytes() == b"archive" * 64_000
    assert asked(tmp_path) == ["load --quiet"]


def test_a_name_is_given_to_the_config(tmp_path: Path) -> None:
    """Which is what podman calls an image by; the manifest comes first."""
    podman(tmp_path, "").tag([ONE, OTHER], Reference.parse("shop.example/toy:1"))

    assert asked(tmp_path) == [f"tag {OTHER} shop.example/toy:1"]


@pytest.mark.parametrize(
    "script",
    ["cat > /dev/null; echo no space left >&2; exit 125", "echo no space left >&2; exit 1"],
    ids=["at the end", "in the middle"],
)  # fmt: skip
def test_a_refused_archive_says_why(tmp_path: Path, script: str) -> None:
    with pytest.raises(EngineRefusedError) as caught:
        podman(tmp_path, script).load(archive)

    assert caught.value.why == "no space left"
    assert caught.value.exit_code == 4


def test_an_archive_that_breaks_off_is_never_taken_for_whole(tmp_path: Path) -> None:
    def broken(file: Writer) -> None:
        archive(file)
        raise RuntimeError("the disk")

    engine = podman(tmp_path, f"cat > /dev/null && touch {tmp_path}/loaded")

    with pytest.raises(RuntimeError, match="the disk"):
        engine.load(broken)

    assert not (tmp_path / "loaded").exists()


def test_a_refusal_without_words_has_its_code(tmp_path: Path) -> None:
    with pytest.raises(EngineRefusedError) as caught:
        podman(tmp_path, "exit 7").image_ids()

    assert caught.value.why == "it ended with 7"


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started") as caught:
        PodmanProgram(str(tmp_path / "podman"), {}).image_ids()

    assert caught.value.where == str(tmp_path / "podman")
