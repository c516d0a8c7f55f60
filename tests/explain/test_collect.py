"""What is read of a build that was asked for."""

from pathlib import Path

from lamina.explain.asked import Asked, read_command
from lamina.explain.bases import base_from_inspect
from lamina.explain.collect import Around, collect
from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json, fingerprint_to_json


def _collect(folder: Path, *words: str, **variables: str) -> Fingerprint | None:
    around = Around(folder=folder, environment=variables, memory=None, clock=lambda: 0.0)
    return collect(read_command(words), around)


def _project(folder: Path, text: str = "FROM a\nCOPY src /\n") -> None:
    (folder / "Dockerfile").write_text(text)
    (folder / "src").mkdir()
    (folder / "src/a").write_text("a")
    (folder / "other").write_text("b")


def test_a_fingerprint_is_kept_as_json(tmp_path: Path) -> None:
    _project(tmp_path)

    found = _collect(tmp_path, "--build-arg", "A=1", "--shm-size=1g", ".")

    assert found is not None
    assert found.arguments == {"A": "1"}
    assert [entry.path for entry in found.context.entries] == ["src", "src/a"]
    assert fingerprint_from_json(fingerprint_to_json(found)) == found


def test_values_come_from_the_environment_as_for_the_builder(tmp_path: Path) -> None:
    _project(tmp_path)

    found = _collect(
        tmp_path, "--build-arg", "A", "--build-arg", "B", ".", A="1", SOURCE_DATE_EPOCH="2"
    )

    assert found is not None
    assert found.arguments == {"A": "1", "SOURCE_DATE_EPOCH": "2"}


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    """Neither by name nor in an address; that they changed can still be seen."""
    _project(tmp_path, "FROM a\nRUN pip install -i https://me:hunter2@example.org/simple x\n")

    one = _collect(
        tmp_path, "--build-arg=API_TOKEN=hunter2", "--build-arg=U=http://a:hunter2@b/", "."
    )
    two = _collect(
        tmp_path, "--build-arg=API_TOKEN=hunter3", "--build-arg=U=http://a:hunter2@b/", "."
    )

    assert one is not None
    assert two is not None
    assert "hunter2" not in str(fingerprint_to_json(one))
    assert one.arguments["API_TOKEN"] != two.arguments["API_TOKEN"]


def test_no_folder_of_this_machine_is_kept(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    _project(tmp_path / "there")

    found = _collect(tmp_path / "here", "../there")

    assert found is not None
    assert str(tmp_path) not in str(fingerprint_to_json(found))


def test_what_is_not_on_this_disk_has_no_fingerprint(tmp_path: Path) -> None:
    for words in (["-"], ["https://example.org/a.git"], ["-f", "-", "."], ["nowhere"], []):
        assert _collect(tmp_path, *words) is None


def test_a_dockerfile_that_cannot_be_read_is_kept_all_the_same(tmp_path: Path) -> None:
    _project(tmp_path, "FRUM a\n")

    found = _collect(tmp_path, ".")

    assert found is not None
    assert found.dockerfile == "FRUM a\n"
    assert not found.context.is_whole


def test_a_fingerprint_of_a_newer_lamina_is_none() -> None:
    newer = {"kind": "dockerfile", "format": 99}
    values: list[object] = [None, [], newer, {**newer, "format": 1}]

    assert [fingerprint_from_json(value) for value in values] == [None] * 4


def test_an_engine_tells_what_a_base_is() -> None:
    text = (
        '{"Id": "sha256:1", "RootFS": {"Layers": ["sha256:2"]}, '
        '"Config": {"Env": ["A=1"], "WorkingDir": "/w", "User": "u"}}'
    )

    found = base_from_inspect(text)

    assert found is not None
    assert (found.digest, found.environment, found.directory, found.user) == (
        "sha256:1", ("A=1",), "/w", "u",
    )  # fmt: skip
    for wrong in ("", "[]", "{}", "null", '{"Id": "a", "RootFS": {"Layers": null}}'):
        assert base_from_inspect(wrong) is None


def test_a_named_context_is_read(tmp_path: Path) -> None:
    _project(tmp_path, "FROM a\nCOPY --from=lib . /\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/x").write_text("x")

    found = collect(
        Asked(context=".", contexts={"lib": "lib", "img": "docker-image://a"}),
        Around(folder=tmp_path, environment={}, memory=None, clock=lambda: 0.0),
    )

    assert found is not None
    assert {n: [e.path for e in c.entries] for n, c in found.contexts.items()} == {"lib": ["x"]}
