"""Where secrets are: in any layer, deleted or not, and in everything that a config says."""

import base64
import hashlib
import json

import pytest

from lamina.scan.finding import Outcome
from lamina.scan.secrets.scan import config_texts, scan_secrets
from tests.scan.bench import ids, inventory_of
from tests.scan.planted import drawn, installed, pem
from tests.support.synthetic import file, gone, link, opaque

TOKEN = "gh" + "p_" + drawn(36)
KEY = pem("PRIVATE " + "KEY")
SITE = "usr/lib/python3/site-packages"


def texts(outcome: Outcome) -> list[str]:
    return [finding.text for finding in outcome.findings]


def config(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_a_file_that_a_later_layer_deletes_is_still_there() -> None:
    outcome = scan_secrets(inventory_of([file("a/token", TOKEN.encode())], [gone("a/token")]))

    assert texts(outcome) == [
        "a token of GitHub (ghp_… of 40 characters) in a file, deleted later, but still in layer 1"
    ]


def test_a_folder_that_a_later_layer_hides_is_still_there() -> None:
    outcome = scan_secrets(inventory_of([file("a/b/token", TOKEN.encode())], [opaque("a")]))

    assert "deleted later, but still in layer 1" in texts(outcome)[0]


def test_a_file_that_a_later_layer_replaces_is_still_there() -> None:
    outcome = scan_secrets(
        inventory_of([file("a/token", TOKEN.encode())], [file("a/token", b"none")])
    )

    assert "replaced later, but still in layer 1" in texts(outcome)[0]


def test_a_secret_in_two_layers_has_to_go_from_both() -> None:
    outcome = scan_secrets(
        inventory_of([file("token", TOKEN.encode())], [file("token", TOKEN.encode())])
    )

    assert [finding.place.layer for finding in outcome.findings] == [1, 2]


def test_a_key_store_is_found_by_any_of_its_names() -> None:
    rows = [file("srv/data", b"\0\1"), link("srv/server.p12", "srv/data", is_hard=True)]

    assert ids(scan_secrets(inventory_of(rows))) == ["secret/key-store:/srv/server.p12"]


def test_what_was_not_looked_into_is_said() -> None:
    outcome = scan_secrets(inventory_of([file("a", b"text"), file("b", b"\0\1\2")]))

    assert outcome.coverage == "1 text files; 1 binary files were not looked into"


def test_a_key_that_came_with_the_tests_of_a_distribution_is_no_secret() -> None:
    """RECORD names its very bytes; another key in its place is one."""
    digest = "sha256=" + _urlsafe(KEY)
    record = f"toy/test/test.key,{digest},{len(KEY)}\n".encode()
    rows = [installed("toy", "1.0"), file(f"{SITE}/toy-1.0.dist-info/RECORD", record)]
    ours = file(f"{SITE}/toy/test/test.key", KEY)
    other = file(f"{SITE}/toy/test/test.key", pem("RSA PRIVATE " + "KEY"))

    published = scan_secrets(inventory_of([*rows, ours]))

    assert ids(published) == []
    assert "tests of toy 1.0 are not secret" in published.coverage
    assert ids(scan_secrets(inventory_of([*rows, other]))) != []
    assert ids(scan_secrets(inventory_of([*rows, ours]), own=frozenset({"toy"}))) != []
    assert ids(scan_secrets(inventory_of([*rows, file("srv/test/test.key", KEY)]))) != []


def test_what_a_distribution_calls_a_secret_is_none_while_it_is_as_it_came() -> None:
    """Its RECORD says so; what somebody wrote into the file afterwards is a secret."""
    path = f"{SITE}/toy/settings.py"
    data = f'API_TOKEN = "{drawn(24)}"\n'.encode()
    record = f"toy/settings.py,sha256={_urlsafe(data)},{len(data)}\n".encode()
    rows = [installed("toy", "1.0"), file(f"{SITE}/toy-1.0.dist-info/RECORD", record)]
    found = ["secret/assignment:/" + path]

    assert ids(scan_secrets(inventory_of([*rows, file(path, data)]))) == []
    assert ids(scan_secrets(inventory_of([*rows, file(path, data + b"#")]))) == found
    assert ids(scan_secrets(inventory_of([file(path, data)]))) == found
    assert (
        ids(scan_secrets(inventory_of([*rows, file(path, data)]), own=frozenset({"toy"}))) == found
    )


def test_a_token_in_a_distribution_is_one_though_its_record_vouches_for_the_file() -> None:
    path = f"{SITE}/toy/settings.py"
    record = f"toy/settings.py,sha256={_urlsafe(TOKEN.encode())},40\n".encode()
    rows = [installed("toy", "1.0"), file(f"{SITE}/toy-1.0.dist-info/RECORD", record)]

    outcome = scan_secrets(inventory_of([*rows, file(path, TOKEN.encode())]))

    assert ids(outcome) == ["secret/github-token:/" + path]


def test_a_record_vouches_for_the_files_beside_it_and_no_others() -> None:
    """A distribution of the same bytes elsewhere, as in a cache, vouches for its own."""
    data = f'API_TOKEN = "{drawn(24)}"\n'.encode()
    record = f"toy/a.py,sha256={_urlsafe(data)},{len(data)}\n".encode()
    rows = [installed("toy", "1.0"), file(f"{SITE}/toy-1.0.dist-info/RECORD", record)]
    cache = "root/.cache/uv/archive-v0/x"
    copies = [
        file(f"{cache}/toy-1.0.dist-info/METADATA", installed("toy", "1.0")[1]),
        file(f"{cache}/toy-1.0.dist-info/RECORD", record),
        file(f"{cache}/toy/a.py", data),
    ]

    assert ids(scan_secrets(inventory_of([*rows, *copies, file(f"{SITE}/toy/a.py", data)]))) == []
    assert ids(scan_secrets(inventory_of([*rows, file("app/toy/a.py", data)]))) != []


def test_every_line_with_a_secret_is_named() -> None:
    tokens = ["gh" + "p_" + drawn(36, seed=n) for n in range(3)]
    text = "\n".join([tokens[0], "", tokens[1], tokens[2]])

    (finding,) = scan_secrets(inventory_of([file("token", text.encode())])).findings

    assert finding.place.line == 1
    assert finding.text.endswith("in a file of layer 1; also in lines 3, 4")


def test_a_hundred_lines_are_counted() -> None:
    text = "".join(f"PASSWORD=hunter{n}\n" for n in range(50))

    (finding,) = scan_secrets(inventory_of([file("app/.env", text.encode())])).findings

    assert finding.text.endswith("20, 21 and 29 more")


@pytest.mark.parametrize("env", ["PWD_DB=#Zx81kkqA9b", "SECRET_KEY=(r7x!Zx81kkqA)(",
                                 "GOOGLE_CREDENTIALS=Zx81kkqA9b77qq"])  # fmt: skip
def test_a_variable_is_all_that_follows_its_name(env: str) -> None:
    outcome = scan_secrets(inventory_of([]), config(config={"Env": [env]}))

    assert ids(outcome) == [f"secret/assignment:ENV {env.partition('=')[0]}"]


def test_a_file_is_searched_under_each_of_its_names() -> None:
    """A login file is known by its name, and a hard link gives a file another one."""
    login = file("srv/a.txt", b"machine a.example login u password tr0ub4dor\n", mode=0o600)
    rows = [login, link("root/.netrc", "srv/a.txt", is_hard=True)]

    assert ids(scan_secrets(inventory_of(rows))) == ["secret/netrc:/root/.netrc"]
    assert ids(scan_secrets(inventory_of([rows[0]], [rows[1]]))) == ["secret/netrc:/root/.netrc"]


def test_what_was_found_under_one_name_is_not_told_again() -> None:
    rows = [file("srv/a.txt", TOKEN.encode()), link("app/.env", "srv/a.txt", is_hard=True)]

    assert ids(scan_secrets(inventory_of(rows))) == ["secret/github-token:/srv/a.txt"]


def test_a_key_store_of_tests_is_no_secret_by_its_other_name_either() -> None:
    names = ("toy/test/a.p12", "toy/test/b.p12")
    record = "".join(f"{name},sha256={_urlsafe(KEY)},{len(KEY)}\n" for name in names).encode()
    first, second = (f"{SITE}/{name}" for name in names)
    rows = [file(first, KEY), link(second, first, is_hard=True)]
    metadata = [installed("toy", "1.0"), file(f"{SITE}/toy-1.0.dist-info/RECORD", record)]

    assert ids(scan_secrets(inventory_of([*metadata, *rows]))) == []
    assert "secret/key-store:/" + second in ids(scan_secrets(inventory_of(rows)))


@pytest.mark.parametrize(
    ("subject", "document"),
    [
        ("ENV API_TOKEN", {"config": {"Env": ["API_TOKEN=hunter22"]}}),
        ("ENV URL", {"config": {"Env": ["URL=redis://me:hunter22@cache.corp"]}}),
        ("LABEL password", {"config": {"Labels": {"password": "hunter22"}}}),
        ("CMD", {"config": {"Cmd": ["run", "--token=hunter22"]}}),
        ("ONBUILD", {"config": {"OnBuild": ["ENV TOKEN=hunter22"]}}),
        ("HEALTHCHECK", {"config": {"Healthcheck": {"Test": ["CMD", "--token", "hunter22"]}}}),
        ("ENV TOKEN", {"container_config": {"Env": ["TOKEN=hunter22"]}}),
        ("history 1", {"history": [{"created_by": "ENV TOKEN=hunter22", "empty_layer": True}]}),
        ("history 1", {"history": [{"created_by": "ENV PASSWORD=#Zx81kkqA9b # buildkit"}]}),
        ("history 1", {"history": [{"comment": f"pushed with {TOKEN}"}]}),
        ("author", {"author": f"me {TOKEN}"}),
    ],
)
def test_every_text_of_a_config_is_looked_at(subject: str, document: dict[str, object]) -> None:
    outcome = scan_secrets(inventory_of([]), config(**document))

    assert [finding.subject for finding in outcome.findings] == [subject]


def test_what_docker_images_of_python_say_is_no_secret() -> None:
    document = config(
        config={
            "Env": [
                "PATH=/usr/local/bin:/usr/bin",
                f"GPG_KEY={drawn(40, '0123456789ABCDEF')}",
                f"PYTHON_SHA256={drawn(64, '0123456789abcdef')}",
                "PYTHON_VERSION=3.12.1",
            ]
        },
        history=[
            {"created_by": f"/bin/sh -c #(nop) ADD file:{drawn(64, '0123456789abcdef')} in / "},
            {"created_by": "RUN /bin/sh -c set -eux; apt-get update # buildkit"},
        ],
    )

    assert ids(scan_secrets(inventory_of([]), document)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"config": []}',
        b'{"config": {"Env": 5, "Labels": [], "Healthcheck": "x", "Cmd": {}}, "history": {"a": 1}}',
        b'{"history": [1, null, {"created_by": {"a": 1}}]}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_config_is_looked_at_as_far_as_it_goes(data: bytes) -> None:
    assert [text for _, text in config_texts(data) if "TOKEN" in text] == []


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
