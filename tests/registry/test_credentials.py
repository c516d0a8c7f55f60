"""Credentials come from the first source that knows the registry, and a helper has to work."""

import base64
import json
import stat
from pathlib import Path

import pytest

from lamina.errors import ProjectError, ToolError
from lamina.oci.reference import Reference
from lamina.registry.credentials import ANONYMOUS, CredentialFinder, helper_runner
from lamina.registry.place import Place, place_of

CANARY = "canary-s3cret"
PLACE = place_of(Reference.parse("r.example:5000/team/app"))


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def auth(user: str, password: str = CANARY) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def home_with(folder: Path, config: object) -> dict[str, str]:
    write(folder / ".docker" / "config.json", config)
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin"}


def helper(folder: Path, body: str) -> str:
    """Put a docker-credential-fake into ``folder``; return a PATH that finds it."""
    path = folder / "bin" / "docker-credential-fake"
    write(path, f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"{folder / 'bin'}:/usr/bin:/bin"


def test_nobody_is_anonymous(tmp_path: Path) -> None:
    assert CredentialFinder({"HOME": str(tmp_path)}).find(PLACE) is ANONYMOUS


@pytest.mark.parametrize(
    "key",
    ["r.example:5000", "https://r.example:5000", "r.example:5000/team", "r.example:5000/team/app"],
)
def test_dockers_config_is_looked_up_by_registry_and_repository(tmp_path: Path, key: str) -> None:
    found = CredentialFinder(home_with(tmp_path, {"auths": {key: auth("me")}})).find(PLACE)

    assert (found.user, found.password) == ("me", CANARY)
    assert "config.json" in found.source
    assert key in found.source


def test_the_most_precise_entry_counts(tmp_path: Path) -> None:
    entries = {"r.example:5000": auth("all"), "r.example:5000/team/app": auth("one")}

    assert CredentialFinder(home_with(tmp_path, {"auths": entries})).find(PLACE).user == "one"


def test_another_registry_gets_nothing(tmp_path: Path) -> None:
    finder = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": auth("me")}}))

    for text in ("r.example/a", "r.example:5001/a", "evil.example/r.example"):
        assert finder.find(place_of(Reference.parse(text))).is_anonymous


def test_docker_hub_has_a_key_of_its_own(tmp_path: Path) -> None:
    config = {"auths": {"https://index.docker.io/v1/": auth("me")}}

    place = place_of(Reference.parse("python"))

    assert CredentialFinder(home_with(tmp_path, config)).find(place).user == "me"


def test_sources_are_asked_in_order(tmp_path: Path) -> None:
    environment = home_with(tmp_path, {"auths": {"r.example:5000": auth("docker")}})
    write(tmp_path / ".config/containers/auth.json", {"auths": {"r.example:5000": auth("podman")}})
    named = write(tmp_path / "named.json", {"auths": {"r.example:5000": auth("named")}})
    finders = [
        CredentialFinder({**environment, **more})
        for more in (
            {"REGISTRY_AUTH_FILE": str(named), "LAMINA_REGISTRY_USER": "env"},
            {"REGISTRY_AUTH_FILE": str(named)},
            {},
            {"DOCKER_CONFIG": str(tmp_path / "nowhere")},
        )
    ]

    assert [finder.find(PLACE).user for finder in finders] == ["env", "named", "docker", "podman"]


def test_an_identity_token_is_not_a_password(tmp_path: Path) -> None:
    entry = {"identitytoken": CANARY}

    found = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": entry}})).find(PLACE)

    assert (found.identity_token, found.user, found.password) == (CANARY, "", "")


@pytest.mark.parametrize(
    "config", [{"credsStore": "fake"}, {"credHelpers": {"r.example:5000": "fake"}}]
)
def test_a_helper_is_asked_for_the_registry(tmp_path: Path, config: object) -> None:
    body = f"""read key; test "$1 $key" = "get r.example:5000" || exit 9
echo '{{"ServerURL": "x", "Username": "me", "Secret": "{CANARY}"}}'"""
    environment = {**home_with(tmp_path, config), "PATH": helper(tmp_path, body)}

    found = CredentialFinder(environment).find(PLACE)

    assert (found.user, found.password) == ("me", CANARY)
    assert "docker-credential-fake" in found.source


def test_a_helper_that_knows_nothing_leaves_the_next_source(tmp_path: Path) -> None:
    body = 'echo "credentials not found in native keychain"; exit 1'
    config = {"credsStore": "fake", "auths": {"r.example:5000": auth("plain")}}
    environment = {**home_with(tmp_path, config), "PATH": helper(tmp_path, body)}

    assert CredentialFinder(environment).find(PLACE).user == "plain"


@pytest.mark.parametrize(
    "body", ["exit 1", "echo no json", "echo '[]'", "echo '{}'", "head -c 3000000 /dev/zero"]
)
def test_a_helper_that_fails_is_an_error_and_nothing_weaker_is_tried(
    tmp_path: Path, body: str
) -> None:
    config = {"credsStore": "fake", "auths": {"r.example:5000": auth("plain")}}
    environment = {**home_with(tmp_path, config), "PATH": helper(tmp_path, body)}

    with pytest.raises(ToolError) as caught:
        CredentialFinder(environment).find(PLACE)

    assert "docker-credential-fake" in caught.value.what


def test_a_helper_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="docker-credential-none"):
        CredentialFinder(home_with(tmp_path, {"credsStore": "none"})).find(PLACE)


def test_a_helper_whose_name_is_a_path_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not the name"):
        CredentialFinder(home_with(tmp_path, {"credsStore": "../../bin/sh"})).find(PLACE)


@pytest.mark.parametrize(
    "config",
    ["{", "[]", {"auths": {"r.example:5000": {"auth": "%"}}}, {"auths": {"r.example:5000": 1}}],
)
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(
    tmp_path: Path, config: object
) -> None:
    with pytest.raises(ProjectError) as caught:
        CredentialFinder(home_with(tmp_path, config)).find(PLACE)

    assert "config.json" in str(caught.value.where)


def test_what_is_shown_of_credentials_holds_no_secret(tmp_path: Path) -> None:
    place: Place = PLACE
    found = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": auth("me")}})).find(
        place
    )

    assert CANARY not in f"{found!r} {found} {found.source}"


def test_a_user_of_the_environment_may_be_for_one_registry_alone(tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "LAMINA_REGISTRY": "r.example:5000",
        "LAMINA_REGISTRY_USER": "ci",
        "LAMINA_REGISTRY_PASSWORD": CANARY,
    }

    assert CredentialFinder(environment).find(PLACE).user == "ci"
    assert CredentialFinder(environment).find(place_of(Reference.parse("python"))) is ANONYMOUS


def test_a_registry_token_is_neither_password_nor_identity(tmp_path: Path) -> None:
    entry = {"registrytoken": CANARY, "auth": auth("me")["auth"]}

    found = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": entry}})).find(PLACE)

    assert (found.registry_token, found.password, found.is_anonymous) == (CANARY, "", False)


def test_a_helper_may_answer_with_an_identity_token(tmp_path: Path) -> None:
    answer = json.dumps({"Username": "<token>", "Secret": CANARY})
    finder = CredentialFinder(
        home_with(tmp_path, {"credsStore": "fake"}), run=lambda _name, _key: (0, answer.encode())
    )

    found = finder.find(PLACE)

    assert (found.identity_token, found.user, found.password) == (CANARY, "", "")


def test_a_helper_of_the_registry_comes_before_that_of_all(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def run(name: str, key: str) -> tuple[int, bytes]:
        asked.append((name, key))
        return 1, b"credentials not found in native keychain"

    config = {"credsStore": "all", "credHelpers": {"r.example:5000": "one"}}
    finder = CredentialFinder(home_with(tmp_path, config), run=run)

    finder.find(PLACE)
    finder.find(place_of(Reference.parse("python")))

    assert asked == [("one", "r.example:5000"), ("all", "https://index.docker.io/v1/")]


def test_a_helper_that_hangs_is_an_error(tmp_path: Path) -> None:
    path = helper(tmp_path, "exec sleep 60")

    with pytest.raises(ToolError, match=r"docker-credential-fake took longer than 0\.1 s"):
        helper_runner({"PATH": path}, timeout_s=0.1)("fake", "r.example")


def test_a_helper_that_may_not_be_run_is_an_error(tmp_path: Path) -> None:
    """CVE-2021-41092: the password went to another registry then."""
    path = helper(tmp_path, "exit 0")
    (tmp_path / "bin/docker-credential-fake").chmod(0o644)

    with pytest.raises(ToolError, match="cannot be run"):
        helper_runner({"PATH": path})("fake", "r.example")


def test_a_helper_gets_the_environment_less_our_own_secrets(tmp_path: Path) -> None:
    environment = {
        "PATH": helper(tmp_path, "env; cat /proc/$$/cmdline | tr '\\0' ' '; cat"),
        "LAMINA_REGISTRY_PASSWORD": CANARY,
        "AWS_PROFILE": "theirs",
    }

    code, output = helper_runner(environment)("fake", "r.example")

    assert code == 0
    assert b"AWS_PROFILE=theirs" in output
    assert output.endswith(b"r.example")
    assert CANARY.encode() not in output


def test_what_a_helper_says_beside_its_answer_is_not_shown(tmp_path: Path) -> None:
    body = f"echo {CANARY} >&2; echo {CANARY}; exit 1"
    environment = {**home_with(tmp_path, {"credsStore": "fake"}), "PATH": helper(tmp_path, body)}

    with pytest.raises(ToolError) as caught:
        CredentialFinder(environment).find(PLACE)

    error = caught.value
    assert CANARY not in f"{error!r} {error.what} {error.where} {error.why} {error.hint}"


def test_where_credentials_are_looked_for_is_explained_without_them(tmp_path: Path) -> None:
    environment = home_with(tmp_path, {"auths": {"r.example:5000": auth("me")}})
    (tmp_path / ".docker/config.json").chmod(0o644)

    lines = CredentialFinder(environment).explain(PLACE)

    assert lines[0] == "LAMINA_REGISTRY_USER: not set for it"
    assert "config.json: me, " in lines[1]
    assert lines[1].endswith("others may read it: chmod 600")
    assert lines[2].endswith("containers/auth.json: not there")
    assert CANARY not in "".join(lines)
