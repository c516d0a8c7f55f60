"""Credential files: programs keep logins under well-known names, which say what is inside; pure."""

import re
from dataclasses import dataclass
from typing import Final

from lamina.scan.finding import Severity
from lamina.scan.secrets.plausible import is_placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFile:
    """Files whose path matches ``path``, and where in them a secret stands: group 1 of ``form``."""

    rule: str
    title: str
    path: re.Pattern[str]
    form: re.Pattern[bytes]
    severity: Severity = "high"

    def find(self, data: bytes) -> list[int]:
        """Return the places, from 0, of what is no placeholder."""
        found = self.form.finditer(data)
        return [m.start(1) for m in found if not is_placeholder(m[1].decode("utf-8", "replace"))]


def _file(
    rule: str, title: str, path: str, form: str, *, severity: Severity = "high"
) -> CredentialFile:
    return CredentialFile(
        rule=rule,
        title=title,
        path=re.compile(rf"(?:.*/)?(?:{path})"),
        form=re.compile(form.encode(), re.MULTILINE),
        severity=severity,
    )


CREDENTIAL_FILES: Final[tuple[CredentialFile, ...]] = (
    _file("netrc", "a login of a netrc file",
          r"[._]netrc|etc/apt/auth\.conf(?:\.d/[^/]+)?", r"\bpassword\s+(\S{3,})"),
    _file("pypirc", "a login of an index", r"\.pypirc",
          r"^[ \t]*password[ \t]*[:=][ \t]*(\S{3,})"),
    _file("docker-login", "a login of a registry", r"\.docker/config\.json|\.dockercfg"
          r"|\.dockerconfigjson|containers/auth\.json",
          r'"(?:auth|identitytoken|registrytoken|password)"\s*:\s*"([^"\s]{4,})"'),
    _file("npmrc", "a login of an npm registry", r"\.npmrc",
          r"_(?:authToken|auth|password)\s*=\s*([^\s$]{6,})"),
    _file("git-credentials", "a login of a git server",
          r"\.git-credentials|\.config/git/credentials",
          r"://[^:\s/]{0,200}:([^@\s]{3,400})@"),
    _file("pgpass", "a login of a PostgreSQL server", r"\.pgpass", r"^(?:[^:\n#]*:){4}(\S{3,})$"),
    _file("kubeconfig", "a login of a Kubernetes cluster", r"\.kube/config|kubeconfig(?:\.ya?ml)?",
          r"(?:token|client-key-data|password):\s*[\"']?([^\s\"']{8,})"),
    _file("vault-login", "a login of Vault", r"\.vault-token", r"\A(\S{8,})\s*\Z"),
    _file("password-hash", "the hash of a password", r"etc/shadow-?",
          r"^[^:\n]+:\$([0-9a-z]+\$[^:\n]{8,}):"),
)  # fmt: skip

KEY_STORE: Final = re.compile(r".*\.(?:p12|pfx|jks|keystore|kdbx|ppk)", re.IGNORECASE)
"""Files that hold private keys in a form that is not read here."""
