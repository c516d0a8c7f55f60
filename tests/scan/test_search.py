"""A secret is found wherever it stands in a text, and what only looks like one is not."""

import random
import string
import time

import pytest

from lamina.scan.secrets.assignments import is_secret_name
from lamina.scan.secrets.search import Hit, Search, care_for
from tests.scan.planted import drawn, pem

TOKEN = "gh" + "p_" + drawn(36)


def search(data: bytes, path: str = "srv/a.txt", *, part: int = 1 << 18) -> tuple[Hit, ...]:
    found = Search(path)
    for start in range(0, len(data), part):
        found.feed(data[start : start + part])
    return found.hits


@pytest.mark.parametrize("before", [0, 1, 4095, (1 << 18) - 20, (1 << 18) - 4, 1 << 18])
def test_a_token_across_two_parts_is_found_once(before: int) -> None:
    data = b"." * before + TOKEN.encode() + b"." * 100

    assert [hit.rule for hit in search(data)] == ["github-token"]


def test_the_line_counts_from_the_start_of_the_text() -> None:
    data = b"a line of text\n" * 40_000 + TOKEN.encode() + b"\n"

    assert [hit.line for hit in search(data)] == [40_001]


def test_a_thousand_tokens_are_not_listed_one_by_one() -> None:
    data = "\n".join("gh" + "p_" + drawn(36, seed=n) for n in range(1000)).encode()

    assert len(search(data)) == 100


def test_a_binary_file_is_not_looked_into() -> None:
    found = Search("srv/a")
    found.feed(b"\x7fELF\0" + TOKEN.encode())

    assert (found.is_binary, found.hits) == (True, ())


def test_a_token_inside_a_longer_word_is_none() -> None:
    assert search(f"{drawn(20)}{TOKEN}{drawn(20)}".encode()) == ()


@pytest.mark.parametrize("body", ["x" * 36, "1234567890" * 3 + "abcdef", "EXAMPLE" + drawn(29)])
def test_a_token_that_nobody_drew_is_an_example(body: str) -> None:
    assert search(("gh" + "p_" + body).encode()) == ()


def test_of_a_token_only_what_all_of_them_begin_with_is_shown() -> None:
    (hit,) = search(TOKEN.encode())

    assert hit.shown == "gh" + "p_… of 40 characters"


def test_a_key_in_the_text_of_another_file_is_a_key() -> None:
    """A service account holds its key as JSON, its lines joined by an escape."""
    key = pem("PRIVATE " + "KEY").decode().replace("\n", "\\n")

    assert [hit.rule for hit in search(f'{{"private_key": "{key}"}}'.encode())] == ["private-key"]


def test_the_first_line_of_a_key_alone_is_documentation() -> None:
    assert search(b"-----BEGIN RSA PRIVATE KEY-----\n...\n") == ()


def test_what_others_wrote_is_searched_for_known_forms_alone() -> None:
    line = f'API_TOKEN = "{drawn(24)}"\n'.encode()

    assert [hit.rule for hit in search(line, "app/a.py")] == ["assignment"]
    assert search(line, "usr/lib/python3/dist-packages/toy/a.py") == ()
    assert [h.rule for h in search(TOKEN.encode(), "usr/lib/python3/dist-packages/a.py")] == [
        "github-token"
    ]


def test_a_configuration_is_believed_and_a_program_is_not() -> None:
    line = b"password = hunter22\n"

    assert [hit.shown for hit in search(line, "app/app.ini")] == ["password"]
    assert search(line, "app/app.py") == ()


@pytest.mark.parametrize(
    "line",
    [
        b"password = os.environ['PASSWORD']",
        b"password: ${DB_PASSWORD}",
        b"token_file = /run/secrets/token",
        b"token = true",
        b"secret: ''",
        b"password = changeme",
        b"api_key = <insert yours>",
        b"max_tokens = 40000",
        b"# the password is in the vault",
        b"token_url = https://login.example.org/token",
    ],
)
def test_settings_that_only_speak_of_secrets_are_none(line: bytes) -> None:
    assert search(line + b"\n", "app/app.ini") == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"DB_PASSWORD=hunter22", "DB_PASSWORD"),
        (b"DB_PASS=hunter22", "DB_PASS"),
        (b'{"clientSecret": "hunter22"}', "clientSecret"),
        (b"api-key: 'hunter22'", "api-key"),
        (b"mysql --password hunter22", "password"),
        (b"Authorization: Bearer hunter22hunter22", "Authorization"),
    ],
)
def test_a_secret_is_known_by_its_name(line: bytes, name: str) -> None:
    assert [hit.shown for hit in search(line + b"\n", "app/app.yaml")] == [name]


@pytest.mark.parametrize(
    "line",
    [
        b"secret = base64.b64decode(text)",
        b"password = field4.value2.text",
        b'PASSWD = "app:x:1000:1001::/home/app:/bin/sh"',
        b'token = "content_security_policy_2"',
        b"token = 1234567890123",
        b"self.token_type = 'a1b2c3d4e5f6g7h8'",
    ],
)
def test_what_programs_call_a_secret_is_seldom_one(line: bytes) -> None:
    assert search(line + b"\n", "app/app.py") == ()


def test_a_known_form_says_all_that_is_to_say_of_its_line() -> None:
    assert [h.rule for h in search(f"TOKEN={TOKEN}\n".encode(), "app/.env")] == ["github-token"]


@pytest.mark.parametrize("name", ["GPG_KEY", "TOKEN_FILE", "SECRET_NAME", "PASSWORD_HASH", "KEY"])
def test_names_that_keep_nothing_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_a_file_is_looked_at_by_whose_it_is() -> None:
    assert care_for("usr/lib/python3.11/json/decoder.py") == "forms"
    assert care_for("app/main.py") == "random"
    assert care_for("app/package.json") == "named"
    assert care_for("app/.env.production") == "settings"


@pytest.mark.parametrize(
    "path",
    [
        "etc/environment", "etc/odbc.ini", "etc/app/app.env", "etc/app/config.yaml",
        "etc/default/app", "usr/share/app/app.ini", "usr/lib/app/pip.conf",
        "opt/venv/lib/python3.11/site-packages/toy/.env",
    ],
)  # fmt: skip
def test_what_configures_is_believed_wherever_it_is(path: str) -> None:
    assert [hit.shown for hit in search(b"DB_PASSWORD=Zx81kkqA9b\n", path)] == ["DB_PASSWORD"]


@pytest.mark.parametrize(
    "value", ["#Zx81kkqA9b", "a&b9Zx81kkqA", "(r7x!Zx81kkqA", "$uper;x9", "'9(x)'", "9,b|{c}Z"]
)
def test_a_password_has_any_characters(value: str) -> None:
    assert [h.line for h in search(f"A=1\nDB_PASSWORD={value}\n".encode(), "app/.env")] == [2]


@pytest.mark.parametrize("line", ["PASSWORD=", "PASSWORD= # none", "PASSWORD=$OTHER", "PWD=/srv"])
def test_a_line_that_sets_nothing_sets_no_secret(line: str) -> None:
    assert search(line.encode(), "app/.env") == ()


def test_a_comment_is_no_part_of_a_password() -> None:
    assert search(b"password = ${PASSWORD}  # Zx81kkqA9b\n", "app/app.ini") == ()


@pytest.mark.parametrize(
    "path",
    [
        "etc/pip.conf", "etc/apt/sources.list.d/corp.list", "srv/a.py", "usr/lib/app/main.js",
        "opt/venv/lib/python3.11/site-packages/toy/settings.py",
    ],
)  # fmt: skip
def test_a_password_in_an_address_is_one_in_any_file(path: str) -> None:
    line = b"see https://bob:s3cr3tPw99@index.corp/simple\n"

    assert [hit.rule for hit in search(line, path)] == ["password-in-address"]


@pytest.mark.parametrize("path", ["etc/apt/auth.conf", "etc/apt/auth.conf.d/corp.conf"])
def test_a_login_of_apt_is_one(path: str) -> None:
    line = b"machine apt.corp login bob password s3cr3tPw99\n"

    assert [hit.rule for hit in search(line, path)] == ["netrc"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("etc/nsswitch.conf", b"passwd:         files systemd"),
        ("etc/ssl/openssl.cnf", b"private_key = $dir/private/cakey.pem# The private key"),
        ("etc/ssl/openssl.cnf", b"secret = $insta::secret # pass:insta"),
        ("etc/postgresql/postgresql.conf", b"password_encryption = scram-sha-256 # or md5"),
        ("usr/share/tcltk/http.tm", b"#  http://jschmoe:xyzzy@www.bogus.net:8000/foo"),
        ("usr/share/doc/a/copyright", b"cvs -d :pserver:cvs://:pserver:anoncvs@a.org:/cvs co"),
        ("usr/lib/app/service.json", b'"input_token": "NextToken"'),
        ("app/config.yaml", b"secret: projects/my-project/secrets/my-secret/versions/1"),
        ("app/config.yaml", b"credentials: include"),
    ],
)  # fmt: skip
def test_what_distributions_ship_is_no_secret(path: str, line: bytes) -> None:
    assert search(line + b"\n", path) == ()


@pytest.mark.parametrize("rule", ["github-token", "aws-access-key", "private-key", "hex"])
def test_no_key_that_was_drawn_by_chance_is_taken_for_a_placeholder(rule: str) -> None:
    """Chance writes xxx or todo as well, in letters of any case."""
    draw = random.Random(rule)
    alphabets = {
        "github-token": (string.ascii_letters + string.digits, 36, "gh" + "p_{}"),
        "aws-access-key": (string.ascii_uppercase + "234567", 16, "AK" + "IA{}"),
        "private-key": (string.ascii_letters + string.digits + "+/", 64,
                        "-----BEGIN PRIVATE " + "KEY-----\n{}\n"),
        "hex": (string.hexdigits.lower(), 32, "da" + "pi{}"),
    }  # fmt: skip
    alphabet, length, form = alphabets[rule]

    drawn_keys = ("".join(draw.choices(alphabet, k=length)) for _ in range(10_000))
    missed = [key for key in drawn_keys if not search(form.format(key).encode())]

    assert missed == []


@pytest.mark.parametrize("text", ["xxxxxxxx", "your-token", "TODO", "EXAMPLE", "insert-it", "${A}"])
def test_words_that_stand_for_a_key_are_none(text: str) -> None:
    assert search(f"password = {text}\n".encode(), "app/app.ini") == ()


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("root/.git-credentials", b"://a:"),
        ("root/.git-credentials", b"://a"),
        ("root/.pypirc", b"\n"),
        ("root/.pypirc", b"password \n"),
        ("root/.netrc", b"password "),
        ("root/.npmrc", b"_password ="),
        ("root/.pgpass", b":"),
        ("root/.kube/config", b"token:"),
        ("etc/shadow", b"a:$a$"),
        ("srv/a.py", b"-----BEGIN PRIVATE KEY-----"),
        ("srv/a.py", b"://a:"),
        ("srv/.env", b"password="),
        ("srv/.env", b"password" + b" " * 50),
    ],
)
def test_four_times_the_text_takes_about_four_times_as_long(path: str, word: bytes) -> None:
    """A form that looks ahead to the end of the text takes sixteen times as long."""
    one, four = (_seconds(path, word * (size // len(word))) for size in (16 << 10, 64 << 10))

    assert four < 8 * max(one, 0.002)


def _seconds(path: str, data: bytes) -> float:
    def once() -> float:
        began = time.process_time()
        search(data, path)
        return time.process_time() - began

    return min(once() for _ in range(3))


def test_a_text_made_to_be_slow_takes_no_longer_than_others() -> None:
    """Every form is looked for near its keyword, and nowhere more than twice."""
    for word in (b"ghp_", b"AKIA", b"password=", b"a://b:", b"secret ", b"-----BEGIN "):
        assert len(search(word * (200_000 // len(word)), "app/.env")) <= 100
