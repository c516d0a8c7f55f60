"""Credentials come from the first source that knows the registry, and a helper has to work."""

import base64
import json
import stat
from pathlib import Path

import pytest

from lamina.errors import ProjectError, ToolError, UsageError
from lamina.oci.reference import Reference
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.credential_helper import helper_runner
from lamina.registry.credentials import ANONYMOUS
from lamina.registry.place import Place, place_of

CANARY = "canary-s3cret"
PLACE = place_of(Reference.parse("r.example:5000/team/app"))


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def auth(user: str, password: str = CANARY) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def variables(user: str, registry: str = "r.example:5000") -> dict[str, str]:
    return {
        "LAMINA_REGISTRY": registry,
        "LAMINA_REGISTRY_USER": user,
        "LAMINA_REGISTRY_PASSWORD": CANARY,
    }


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
            {"REGISTRY_AUTH_FILE": str(named), **variables("env")},
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
    "key",
    [
        "https://r.example:5000/",
        "http://r.example:5000/",
        "https://r.example:5000/some/path",
        "HTTPS://R.example:5000/v1/",
        "r.example:5000/",
        "r.example:5000/v1/",
        "r.example:5000/v2",
    ],
)
def test_an_address_is_taken_for_its_host_as_docker_does(tmp_path: Path, key: str) -> None:
    finder = CredentialFinder(home_with(tmp_path, {"auths": {key: auth("me")}}))

    assert finder.find(PLACE).user == "me"
    assert finder.find(place_of(Reference.parse("r.example/team/app"))) is ANONYMOUS


@pytest.mark.parametrize(
    "key", ["r.example:5000/other", "r.example:5000/other/", "ftp://r.example:5000", "/", "", "://"]
)
def test_a_key_for_something_else_is_no_address(tmp_path: Path, key: str) -> None:
    finder = CredentialFinder(home_with(tmp_path, {"auths": {key: auth("me")}}))

    assert finder.find(PLACE) is ANONYMOUS


def test_an_exact_key_comes_before_an_address(tmp_path: Path) -> None:
    entries = {"https://r.example:5000/": auth("address"), "r.example:5000": auth("exact")}

    assert CredentialFinder(home_with(tmp_path, {"auths": entries})).find(PLACE).user == "exact"


@pytest.mark.parametrize("empty", [{}, {"username": None, "password": None}, {"auth": ""}])
def test_an_entry_that_says_nothing_leaves_the_next(tmp_path: Path, empty: object) -> None:
    """`docker login` leaves empty ones where a helper has the password."""
    entries = {"r.example:5000": empty, "https://r.example:5000/v1/": auth("me")}

    assert CredentialFinder(home_with(tmp_path, {"auths": entries})).find(PLACE).user == "me"


@pytest.mark.parametrize(
    "key", ["index.docker.io/v1/", "https://registry-1.docker.io/", "https://docker.io"]
)
def test_docker_hub_has_several_names(tmp_path: Path, key: str) -> None:
    finder = CredentialFinder(home_with(tmp_path, {"auths": {key: auth("me")}}))

    assert finder.find(place_of(Reference.parse("python"))).user == "me"


@pytest.mark.parametrize(
    "entry",
    [
        {"username": "me", "password": f"{CANARY}\n"},
        {"auth": base64.b64encode(f"me:{CANARY}\r\n".encode()).decode()},
        {"auth": auth("me")["auth"] + "\n"},
    ],
)
def test_a_line_end_is_no_part_of_a_password(tmp_path: Path, entry: dict[str, str]) -> None:
    found = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": entry}})).find(PLACE)

    assert (found.user, found.password) == ("me", CANARY)


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"registrytoken": f"{CANARY}€"}, "registry token"),
        ({"registrytoken": f"{CANARY}\n{CANARY}"}, "registry token"),
        ({"registrytoken": f"{CANARY} {CANARY}"}, "registry token"),
        ({"identitytoken": f"{CANARY}\n{CANARY}"}, "identity token"),
        ({"identitytoken": f"{CANARY}\ud800"}, "identity token"),
        ({"username": "me", "password": f"{CANARY}\0{CANARY}"}, "password"),
        ({"username": "me", "password": f"{CANARY}\ud800"}, "password"),
        ({"username": f"{CANARY}\x1b", "password": "p"}, "user"),
    ],
)
def test_what_no_request_can_hold_is_refused_and_not_shown(
    tmp_path: Path, entry: dict[str, str], part: str
) -> None:
    finder = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": entry}}))

    with pytest.raises(ProjectError, match=f"the {part} holds a character") as caught:
        finder.find(PLACE)

    error = caught.value
    assert "config.json" in str(error.where)
    assert CANARY not in f"{error!r} {error} {error.hint} {error.why} {error.__context__!r}"


def test_a_token_between_line_ends_is_a_token(tmp_path: Path) -> None:
    entry = {"registrytoken": f" {CANARY}\n"}

    found = CredentialFinder(home_with(tmp_path, {"auths": {"r.example:5000": entry}})).find(PLACE)

    assert found.registry_token == CANARY


@pytest.mark.parametrize("name", ["auth", "username", "registrytoken"])
def test_an_entry_of_the_wrong_type_is_an_error(tmp_path: Path, name: str) -> None:
    config = {"auths": {"r.example:5000": {name: 5}}}

    with pytest.raises(ProjectError, match=f"the entry's {name} is not text"):
        CredentialFinder(home_with(tmp_path, config)).find(PLACE)


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


def test_a_user_of_the_environment_is_for_one_registry_alone(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), **variables("ci")}

    assert CredentialFinder(environment).find(PLACE).user == "ci"
    assert CredentialFinder(environment).find(place_of(Reference.parse("python"))) is ANONYMOUS


def test_a_password_for_no_registry_goes_to_none() -> None:
    """Else the registry of the base, or one that somebody else chose, would get it too."""
    with pytest.raises(UsageError, match="LAMINA_REGISTRY does not say") as caught:
        CredentialFinder(variables("ci", "")).find(PLACE)

    assert CANARY not in f"{caught.value!r} {caught.value.hint}"


def test_a_password_of_nobody_is_an_error() -> None:
    with pytest.raises(UsageError, match="LAMINA_REGISTRY_USER is not"):
        CredentialFinder(variables("")).find(PLACE)


def test_a_user_without_a_password_is_nobody(tmp_path: Path) -> None:
    """Pipelines name the user once, and give the password to the steps that need it."""
    environment = home_with(tmp_path, {"auths": {"r.example:5000": auth("docker")}})

    found, looked_at = CredentialFinder(
        {**environment, "LAMINA_REGISTRY": "r.example:5000", "LAMINA_REGISTRY_USER": "ci"}
    ).explain(PLACE)

    assert found.user == "docker"
    assert str(looked_at[0]) == "LAMINA_REGISTRY_USER: LAMINA_REGISTRY_PASSWORD is not set"


@pytest.mark.parametrize(
    "name",
    ["https://r.example:5000", "http://R.EXAMPLE:5000/", "r.example:5000/v2/", " r.example:5000\n"],
)
def test_the_registry_of_a_password_may_be_written_as_an_address(name: str) -> None:
    assert CredentialFinder(variables("ci", name)).find(PLACE).user == "ci"


@pytest.mark.parametrize("name", ["index.docker.io", "https://index.docker.io/v1/", "docker.io"])
def test_docker_hub_may_be_written_in_all_its_names(name: str) -> None:
    place = place_of(Reference.parse("python"))

    assert CredentialFinder(variables("ci", name)).find(place).user == "ci"


@pytest.mark.parametrize(
    "name",
    [
        "r.example:5000/team",
        f"https://me:{CANARY}@r.example",
        "a b",
        "https://",
        "r.example:x",
        ",",
    ],
)
def test_what_is_no_registry_is_an_error_and_not_shown(name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a registry") as caught:
        CredentialFinder(variables("ci", name)).find(PLACE)

    assert CANARY not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize("password", ["half\udcff", "a\x00b"])
def test_a_password_of_the_environment_that_is_no_text_is_refused(password: str) -> None:
    environment = {**variables("ci"), "LAMINA_REGISTRY_PASSWORD": password}

    with pytest.raises(ProjectError, match="the password holds a character") as caught:
        CredentialFinder(environment).find(PLACE)

    assert caught.value.where == "LAMINA_REGISTRY_USER"


def test_what_may_be_told_in_the_open_is_said_for_each_registry() -> None:
    finder = CredentialFinder(
        {"LAMINA_CREDENTIALS_OVER_HTTP": "other.lan, http://R.example:5000/,"}
    )

    assert finder.may_be_told_in_the_open(PLACE)
    assert not finder.may_be_told_in_the_open(place_of(Reference.parse("r.example/a")))
    assert not CredentialFinder({}).may_be_told_in_the_open(PLACE)


def test_sources_behind_the_one_that_is_used_are_not_read(tmp_path: Path) -> None:
    environment = home_with(tmp_path, {"auths": {"r.example:5000": auth("me")}})
    write(tmp_path / ".config/containers/auth.json", "no json")

    found, looked_at = CredentialFinder(environment).explain(PLACE)

    assert found.user == "me"
    assert str(looked_at[-1]).endswith("auth.json: not asked")


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

    found, looked_at = CredentialFinder(environment).explain(PLACE)

    lines = [str(source) for source in looked_at]
    assert found.user == "me"
    assert lines[0] == "LAMINA_REGISTRY_USER: not set for it"
    assert "config.json: me, used: " in lines[1]
    assert lines[1].endswith("others may read it: chmod 600")
    assert lines[2].endswith("containers/auth.json: not asked")
    assert [source.is_exposed for source in looked_at] == [False, True, False]
    assert CANARY not in "".join(lines)
