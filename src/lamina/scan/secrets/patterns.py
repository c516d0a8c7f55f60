"""Patterns: secrets that their makers gave a form of their own, so that they can be found.

Each form is the one that the service documents.  A keyword that has to be in the text comes first,
because looking for it costs little.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lamina.scan.finding import Severity
from lamina.scan.secrets.plausible import entropy, is_placeholder

_LEAST_ENTROPY: Final = 2.8
_KEY_BODY: Final = re.compile(rb"[A-Za-z0-9+/=]{48}")
"""The shortest keys have 64 of them, less the signs that may also join the lines of a program."""
_BETWEEN: Final = re.compile(
    rb"\\+[nr]|[\s\"'+,>|\\]|(?:Proc-Type|DEK-Info|Version|Comment): ?[^\n]*"
)
_KEY_LENGTH: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One form: ``rule`` is the second half of the finding's rule, ``title`` says what it is.

    ``group`` of ``form`` is the secret itself.  ``check`` looks at the secret and at what follows.
    One of the ``keywords`` is in every match, near its start.  With ``has_body`` the form is only
    the line above the secret.
    """

    rule: str
    title: str
    keywords: tuple[bytes, ...]
    form: re.Pattern[bytes]
    severity: Severity = "high"
    group: int = 0
    check: Callable[[bytes, bytes], bool]
    has_body: bool = False


def _is_token(secret: bytes, _: bytes) -> bool:
    text = secret.decode("ascii", "replace")
    return not is_placeholder(text) and entropy(text) >= _LEAST_ENTROPY


def _is_key(_: bytes, following: bytes) -> bool:
    """Say whether a key's body follows its first line; documentation has the line alone."""
    end = following.find(b"-----", 0, _KEY_LENGTH)  # the end of the key, or the start of another
    body = _BETWEEN.sub(b"", following[: end if end >= 0 else _KEY_LENGTH])
    match = _KEY_BODY.match(body)
    return match is not None and not is_placeholder(match[0].decode())


def _always(_: bytes, __: bytes) -> bool:
    return True


def _token(  # noqa: PLR0913 - a row of the table below
    rule: str, title: str, keyword: str, form: str, *, severity: Severity = "high", group: int = 0
) -> Pattern:
    # What is part of a longer word is no token: base64 of anything holds every short prefix.
    bounded = rf"(?<![A-Za-z0-9_/+-])(?:{form})(?![A-Za-z0-9_])"
    return Pattern(
        rule=rule,
        title=title,
        keywords=tuple(keyword.encode().split(b"|")),
        form=re.compile(bounded.encode()),
        severity=severity,
        group=group,
        check=_is_token,
    )


def _key(rule: str, title: str, keyword: str, *, severity: Severity = "critical") -> Pattern:
    words = keyword.encode()
    form = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,2}?" + words + rb"-----")
    return Pattern(
        rule=rule,
        title=title,
        keywords=(words,),
        form=form,
        severity=severity,
        check=_is_key,
        has_body=True,
    )


PATTERNS: Final[tuple[Pattern, ...]] = (
    _key("private-key", "a private key", "PRIVATE KEY"),
    _key("pgp-key", "a private key of OpenPGP", "PGP PRIVATE KEY BLOCK"),
    Pattern(
        rule="putty-key",
        title="a private key of PuTTY",
        keywords=(b"PuTTY-User-Key-File-",),
        form=re.compile(rb"PuTTY-User-Key-File-\d: \S+\r?\nEncryption: "),
        severity="critical",
        check=_always,
        has_body=True,
    ),
    _token("age-key", "a private key of age", "AGE-SECRET-KEY-1",
           r"AGE-SECRET-KEY-1[0-9A-Z]{58}", severity="critical"),
    _token("aws-access-key", "an access key of AWS", "AKIA",
           r"AKIA[A-Z2-7]{16}", severity="critical"),
    _token("aws-temporary-key", "a temporary key of AWS", "ASIA", r"ASIA[A-Z2-7]{16}"),
    _token("aws-secret-key", "a secret key of AWS",
           "ecret_access_key|ECRET_ACCESS_KEY|ecretAccessKey|ecret_key|ECRET_KEY|ecretKey",
           r"(?i:aws_?secret_?(?:access_?)?key)"
           r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?([A-Za-z0-9/+]{40})", severity="critical", group=1),
    _token("azure-storage-key", "a key of an Azure storage account", "AccountKey=",
           r"AccountKey=([A-Za-z0-9+/]{86}==)", severity="critical", group=1),
    _token("anthropic-key", "a key of Anthropic", "sk-ant-",
           r"sk-ant-(?:api|admin)\d\d-[\w-]{80,120}"),
    _token("databricks-token", "a token of Databricks", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    _token("digitalocean-token", "a token of DigitalOcean",
           "dop_v1_|doo_v1_|dor_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _token("discord-webhook", "a webhook of Discord", "/api/webhooks/",
           r"https://discord(?:app)?\.com/api/webhooks/\d{17,20}/([\w-]{60,80})", group=1),
    _token("docker-token", "a token of Docker Hub", "dckr_", r"dckr_(?:pat|oat)_[\w-]{24,40}"),
    _token("doppler-token", "a token of Doppler", "dp.pt.|dp.st.|dp.ct.|dp.sa.|dp.scim.|dp.audit.",
           r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,60}"),
    _token("github-token", "a token of GitHub", "ghp_|gho_|ghu_|ghs_|ghr_",
           r"gh[pousr]_[A-Za-z0-9]{36}", severity="critical"),
    _token("github-fine-grained-token", "a token of GitHub", "github_pat_",
           r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", severity="critical"),
    _token("gitlab-token", "a token of GitLab", "glpat-|gldt-|glrt-|glcbt-|glptt-|glft-|glsoat-",
           r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w.-]{20,64}", severity="critical"),
    _token("google-api-key", "an API key of Google", "AIza", r"AIza[\w-]{35}"),
    _token("google-client-secret", "an OAuth secret of Google", "GOCSPX-", r"GOCSPX-[\w-]{28}"),
    _token("grafana-token", "a token of Grafana", "glsa_|glc_",
           r"gl(?:sa_[A-Za-z0-9]{32}_[a-f0-9]{8}|c_[\w+/=]{32,400})"),
    _token("groq-key", "a key of Groq", "gsk_", r"gsk_[A-Za-z0-9]{52}"),
    _token("hugging-face-token", "a token of Hugging Face", "hf_", r"hf_[A-Za-z]{34}"),
    _token("linear-key", "a key of Linear", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
    _token("new-relic-key", "a key of New Relic", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _token("npm-token", "a token of npm", "npm_", r"npm_[A-Za-z0-9]{36}", severity="critical"),
    _token("openai-key", "a key of OpenAI", "sk-", r"sk-(?:(?:proj|svcacct|admin)-[\w-]{40,200}"
           r"|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})"),
    _token("perplexity-key", "a key of Perplexity", "pplx-", r"pplx-[A-Za-z0-9]{48,56}"),
    _token("postman-key", "a key of Postman", "PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    _token("pulumi-token", "a token of Pulumi", "pul-", r"pul-[a-f0-9]{40}"),
    _token("python-index-token", "an upload token of a Python index", "pypi-AgE",
           r"pypi-AgE[\w-]{60,}", severity="critical"),
    _token("replicate-token", "a token of Replicate", "r8_", r"r8_[A-Za-z0-9]{37}"),
    _token("sendgrid-key", "a key of SendGrid", "SG.", r"SG\.[\w-]{22}\.[\w-]{43}"),
    _token("sentry-token", "a token of Sentry", "sntrys_|sntryu_", r"sntry[su]_[\w+/=.-]{40,400}"),
    _token("shopify-token", "a token of Shopify",
           "shpat_|shpca_|shppa_|shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _token("slack-token", "a token of Slack",
           "xoxa-|xoxb-|xoxe-|xoxo-|xoxp-|xoxr-|xoxs-", r"xox[abeoprs]-[0-9A-Za-z-]{20,250}"),
    _token("slack-app-token", "a token of Slack", "xapp-", r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{40,}"),
    _token("slack-webhook", "a webhook of Slack", "hooks.slack.com",
           r"https://hooks\.slack\.com/services/(T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24})",
           group=1),
    _token("stripe-key", "a key of Stripe", "sk_live_|rk_live_",
           r"[rs]k_live_[A-Za-z0-9]{24,100}", severity="critical"),
    _token("telegram-token", "a token of a Telegram bot", ":AA", r"\d{8,10}:AA[\w-]{33}"),
    _token("terraform-token", "a token of Terraform Cloud", ".atlasv1.",
           r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}"),
    _token("vault-token", "a token of Vault", "hvs.|hvb.", r"hv[sb]\.[\w-]{80,}"),
)  # fmt: skip
