"""What is read of a build that was asked for."""

import re
from pathlib import Path

import pytest

from lamina.explain.asked import Asked, read_command
from lamina.explain.bases import base_from_inspect
from lamina.explain.collect import Around, collect
from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json, fingerprint_to_json
from lamina.explain.model import model


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


_TOKEN = "ghp_q7Rv2Xz9Lm4Ks8Tn1Wb6Yc3Fd5Gh0JpAeUoX"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSH_KEY", "plain"),
        ("GH_PAT", "abc"),
        ("DEPLOY_KEY", "v1"),
        ("PASSPHRASE", "slim"),
        ("PGPASS", "x"),
        ("INDEX", "https://files.corp.test/simple?sig=Zx81"),
        ("EXTRA", "9fK2vQ7xLm4Zt8Rb"),
        ("WORDS", "correct horse battery staple"),
        ("LOGIN", "hunter2"),
        ("DIGITS", "2f4a9c1be02f4a9c1be02f4a9c1be0aa"),
        ("HEADER", f"--header=x-{_TOKEN}"),
    ],
)
def test_an_argument_is_hidden_unless_its_name_and_its_value_are_dull(
    tmp_path: Path, name: str, value: str
) -> None:
    """What is hidden is equal for equal values, for builds are compared by it."""
    _project(tmp_path)
    found = [
        _collect(tmp_path, f"--build-arg={name}={text}", ".")
        for text in (value, value, f"{value}a")
    ]

    one, same, other = [one.arguments[name] if one else "" for one in found]
    assert re.fullmatch(r"\(hidden [0-9a-f]{8}\)", one)
    assert one == same != other


@pytest.mark.parametrize(
    "value",
    [
        "", "1", "-1", "true", "release", "3.12-slim", "1.2.3rc1", "v2.0", "cu121", "16g",
        "linux/amd64", "x86_64-linux-gnu", "src/app", ".", "dev,test", "--no-dev --frozen",
        "deadbeefcafe", "0123456789abcdef0123456789abcdef01234567", "1732591234",
        "2026-11-26T03:30:00Z", "20261126T033000Z", "torch==2.1.0", "Europe/Berlin",
        "python:3.12-slim-bookworm", "localhost:5000/shop/web:1.0", "en_US.UTF-8",
        f"example.org/library/python:3.12@sha256:{'a' * 64}", "https://example.org/simple/",
    ],
)  # fmt: skip
def test_a_dull_argument_is_kept_as_it_is(tmp_path: Path, value: str) -> None:
    _project(tmp_path)

    found = _collect(tmp_path, f"--build-arg=A={value}", ".")

    assert found is not None
    assert found.arguments == {"A": value}


def test_what_was_hidden_once_stays_as_it_is(tmp_path: Path) -> None:
    """`lamina what-if` asks for the last build again, with what was kept of its arguments."""
    _project(tmp_path)
    one = _collect(tmp_path, "--build-arg=SSH_KEY=hunter2", ".")
    assert one is not None

    again = _collect(tmp_path, f"--build-arg=SSH_KEY={one.arguments['SSH_KEY']}", ".")

    assert again is not None
    assert again.arguments == one.arguments


def test_secrets_in_the_dockerfile_and_the_options_are_hidden_and_it_can_be_read(
    tmp_path: Path,
) -> None:
    """Its lines stay where they are, and another secret is another text."""
    lines = "FROM a\nENV API_TOKEN=Xy7Kq2Vb9 \\\n  MODE=fast\n"
    lines += "RUN fetch --password Xy7Kq2Vb9\nCOPY src /\n"
    _project(tmp_path, lines)
    option = f"--cache-to=type=s3,region=a,secret_access_key={_TOKEN}"

    one = _collect(tmp_path, option, ".")
    (tmp_path / "Dockerfile").write_text(lines.replace("Xy7Kq2Vb9", "Xy7Kq2Vb0"))
    two = _collect(tmp_path, option, ".")

    assert one is not None
    assert two is not None
    assert "Xy7" not in one.dockerfile
    assert _TOKEN not in str(fingerprint_to_json(one))
    assert one.dockerfile != two.dockerfile
    steps = model(one).steps
    assert [(step.keyword, step.line) for step in steps] == [("FROM", 1), ("RUN", 4), ("COPY", 5)]
    assert "MODE=fast" in one.dockerfile


def test_secrets_in_the_variables_of_a_base_are_hidden() -> None:
    text = (
        '{"Id": "sha256:1", "RootFS": {"Layers": []}, '
        f'"Config": {{"Env": ["PATH=/bin", "GITHUB={_TOKEN}", "DB_PASSWORD=Xy7Kq2Vb9"]}}}}'
    )

    found = base_from_inspect(text)

    assert found is not None
    assert found.environment[0] == "PATH=/bin"
    assert [text.partition("hidden-")[0] for text in found.environment[1:]] == [
        "GITHUB=", "DB_PASSWORD=",
    ]  # fmt: skip


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
