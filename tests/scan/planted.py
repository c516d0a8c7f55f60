"""Planted problems: an image with more than forty of them, and what each has to be called.

The secrets are put together here from parts, so that nobody who scans this repository finds any.
"""

import json
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass

from tests.scan.advisory_server import row
from tests.support.synthetic import Row, file, folder, gone

_SITE = "usr/lib/python3/site-packages"


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits, seed: int = 7) -> str:
    """Draw a text by chance, and the same one every time."""
    return "".join(random.Random(f"{seed} {length} {alphabet}").choices(alphabet, k=length))


def pem(kind: str) -> bytes:
    """Write something that has the form of a private key, and is none."""
    body = "\n".join(drawn(64, seed=n) for n in range(6))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A problem, the file or line that it is in, and the secret that must not be shown."""

    id: str
    rows: tuple[Row, ...] = ()
    secret: str = ""


def _token(rule: str, name: str, secret: str, text: str = "{}") -> Plant:
    path = f"srv/{name}"
    data = text.replace("{}", secret).encode()
    return Plant(id=f"secret/{rule}:/{path}", rows=(file(path, data),), secret=secret)


def _login(rule: str, path: str, secret: str, text: str) -> Plant:
    data = text.replace("{}", secret).encode()
    return Plant(id=f"secret/{rule}:/{path}", rows=(file(path, data, mode=0o600),), secret=secret)


_UPPER = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"

TOKENS: Sequence[Plant] = (
    _token("aws-access-key", "aws.py", "AKIA" + drawn(16, _UPPER), "client('{}')"),
    _token("aws-secret-key", "aws.ini", drawn(40), "aws_secret_access_key = {}\n"),
    _token("github-token", "gh.py", "gh" + "p_" + drawn(36), 'auth("{}")'),
    _token("github-fine-grained-token", "gh.txt", "github_" + f"pat_{drawn(22)}_{drawn(59)}"),
    _token("gitlab-token", "gl.txt", "gl" + "pat-" + drawn(20)),
    _token("slack-token", "slack.txt", "xo" + f"xb-{drawn(12, string.digits)}-{drawn(24)}"),
    _token("slack-webhook", "hook.txt", f"T{drawn(9, _UPPER)}/B{drawn(9, _UPPER)}/{drawn(24)}",
           "https://hooks.slack.com/" + "services/{}"),
    _token("stripe-key", "stripe.txt", "sk_" + "live_" + drawn(32)),
    _token("google-api-key", "maps.js", "AI" + "za" + drawn(35), 'key="{}"'),
    _token("hugging-face-token", "hf.txt", "h" + "f_" + drawn(34, string.ascii_letters)),
    _token("npm-token", "npm.txt", "np" + "m_" + drawn(36)),
    _token("python-index-token", "index.txt", "pypi-" + "AgE" + drawn(80)),
    _token("sendgrid-key", "mail.txt", "S" + f"G.{drawn(22)}.{drawn(43)}"),
    _token("azure-storage-key", "azure.txt", drawn(86) + "==", "AccountKey={};EndpointSuffix=x"),
    _token("openai-key", "ai.txt", "sk-" + "proj-" + drawn(60)),
    _token("anthropic-key", "claude.txt", "sk-" + "ant-api03-" + drawn(95)),
    _token("digitalocean-token", "do.txt", "dop_" + "v1_" + drawn(64, _HEX)),
    _token("vault-token", "vault.txt", "hv" + "s." + drawn(92)),
)  # fmt: skip

LOGINS: Sequence[Plant] = (
    _login("netrc", "root/.netrc", "tr0ub4dor", "machine a.example login me password {}\n"),
    _login("pypirc", "root/.pypirc", "c0rrecthorse", "[it]\nusername = me\npassword = {}\n"),
    _login("docker-login", "root/.docker/config.json", drawn(24),
           '{"auths": {"registry.example": {"auth": "{}"}}}'),
    _login("npmrc", "root/.npmrc", drawn(32), "//registry.example/:_authToken={}\n"),
    _login("git-credentials", "root/.git-credentials", "batterystaple",
           "https://me:{}@git.example\n"),
    _login("pgpass", "root/.pgpass", "elephant9", "db.corp:5432:app:me:{}\n"),
    _login("password-hash", "etc/shadow", "$6$" + drawn(8) + "$" + drawn(86),
           "root:{}:19000:0:99999:7:::\n"),
    _login("assignment", "app/.env", "hunter22", "DB_PASSWORD={}\n"),
    _login("assignment", "app/settings.py", drawn(24), 'API_TOKEN = "{}"\n'),
    _login("password-in-address", "app/config.yaml", "s3same0pen",
           "url: postgresql://app:{}@db.corp:5432/app\n"),
)  # fmt: skip

KEYS: Sequence[Plant] = (
    Plant(id="secret/private-key:/srv/tls.key",
          rows=(file("srv/tls.key", pem("RSA " + "PRIVATE KEY"), mode=0o600),)),
    Plant(id="secret/private-key:/root/.ssh/id_ed25519",
          rows=(file("root/.ssh/id_ed25519", pem("OPENSSH " + "PRIVATE KEY"), mode=0o600),)),
    Plant(id="secret/pgp-key:/srv/me.asc",
          rows=(file("srv/me.asc", pem("PGP " + "PRIVATE KEY BLOCK"), mode=0o600),)),
    Plant(id="permission/readable-key:/srv/open.key",
          rows=(file("srv/open.key", pem("PRIVATE " + "KEY"), mode=0o644),)),
    Plant(id="secret/key-store:/srv/store.p12", rows=(file("srv/store.p12", b"0\x82\x00\x00"),)),
)  # fmt: skip


def _capable() -> Row:
    info, data = file("usr/bin/ping", b"#!\n", mode=0o755)
    info.pax_headers = {"SCHILY.xattr.security.capability": "\x01"}
    return info, data


PERMISSIONS: Sequence[Plant] = (
    Plant(id="permission/setuid:/usr/bin/up", rows=(file("usr/bin/up", b"#!\n", mode=0o4755),)),
    Plant(id="permission/setgid:/usr/bin/over", rows=(file("usr/bin/over", b"#!\n", mode=0o2755),)),
    Plant(id="permission/world-writable:/app/log", rows=(file("app/log", b"x", mode=0o666),)),
    Plant(id="permission/world-writable:/app/data", rows=(folder("app/data", mode=0o777),)),
    Plant(id="permission/capabilities:/usr/bin/ping", rows=(_capable(),)),
    Plant(id="config/root-user:USER"),
)

_BURIED_TOKEN = "gh" + "o_" + drawn(36, seed=1)

BURIED: Sequence[Plant] = (
    Plant(id="secret/github-token:/tmp/token", secret=_BURIED_TOKEN,
          rows=(file("tmp/token", _BURIED_TOKEN.encode()),)),
    Plant(id="secret/assignment:/app/old.env", secret=drawn(20),
          rows=(file("app/old.env", f"TOKEN={drawn(20)}".encode()),)),
)  # fmt: skip

IN_CONFIG = {
    "secret/assignment:ENV SERVICE_TOKEN": drawn(18, seed=2),
    "secret/github-token:LABEL deploy": "gh" + "s_" + drawn(36, seed=3),
    "secret/assignment:history 2": drawn(18, seed=4),
    "secret/password-in-address:history 3": drawn(18, seed=5),
    "secret/assignment:ENTRYPOINT": drawn(18, seed=6),
}

RELEASES = {
    ("jinja2", "2.11.2"): [row("PYSEC-2021-66", aliases=("CVE-2020-28493",), fixed=("2.11.3",))],
    ("pyyaml", "5.3"): [row("PYSEC-2020-96", aliases=("CVE-2020-1747",), fixed=("5.3.1",))],
    ("urllib3", "1.26.3"): [row("PYSEC-2021-59", fixed=("1.26.4",))],
    ("requests", "2.30.0"): [row("PYSEC-2023-74", fixed=("2.31.0",))],
    ("pillow", "8.0.0"): [row("PYSEC-2021-69"), row("PYSEC-2021-70")],
    ("six", "1.17.0"): [],
}

VULNERABLE = (
    "PYSEC-2021-66:jinja2 2.11.2",
    "PYSEC-2020-96:pyyaml 5.3",
    "PYSEC-2021-59:urllib3 1.26.3",
    "PYSEC-2023-74:requests 2.30.0",
    "PYSEC-2021-69:pillow 8.0.0",
    "PYSEC-2021-70:pillow 8.0.0",
)


def installed(name: str, version: str, *fields: str) -> Row:
    """Describe the metadata of an installed distribution."""
    lines = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *fields, "", "Text")
    data = "\n".join(lines).encode()
    return file(f"{_SITE}/{name.lower()}-{version}.dist-info/METADATA", data)


def planted_layers() -> list[list[Row]]:
    """Lay all that is planted into three layers: dependencies, files, and what hides files."""
    bottom = [installed(name, version) for (name, version) in RELEASES]
    plants = (*TOKENS, *LOGINS, *KEYS, *PERMISSIONS, *BURIED)
    middle = [row_ for plant in plants for row_ in plant.rows]
    return [bottom, middle, [gone("tmp/token"), file("app/old.env", b"# nothing here\n")]]


def planted_config() -> bytes:
    """Write a config as a builder does, with the steps that make no layer."""
    secrets = IN_CONFIG
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Env": [
                    "PATH=/usr/bin",
                    f"SERVICE_TOKEN={secrets['secret/assignment:ENV SERVICE_TOKEN']}",
                ],
                "Labels": {"deploy": secrets["secret/github-token:LABEL deploy"]},
                "Entrypoint": [
                    "serve", "--db-password", secrets["secret/assignment:ENTRYPOINT"],
                ],
            },
            "history": [
                {"created_by": "ADD file:1234 in /"},
                {"created_by": f"|1 NPM_TOKEN={secrets['secret/assignment:history 2']} "
                 "/bin/sh -c npm ci", "empty_layer": True},
                {"created_by": "RUN pip install --index-url https://ci:"
                 f"{secrets['secret/password-in-address:history 3']}@index.corp/simple x"},
            ],
        }
    ).encode()  # fmt: skip


def all_secrets() -> list[str]:
    """List every secret that no output may show."""
    found = [plant.secret for plant in (*TOKENS, *LOGINS, *BURIED) if plant.secret]
    bodies = [drawn(64, seed=n) for n in range(6)]
    return [*found, *IN_CONFIG.values(), *bodies]


def all_ids() -> list[str]:
    """List everything that has to be found in the image itself."""
    plants = (*TOKENS, *LOGINS, *KEYS, *PERMISSIONS, *BURIED)
    return [*(plant.id for plant in plants), *IN_CONFIG, *VULNERABLE]
