"""Mounts of RUN: caches that stay on the builder, and secrets that stay out of images."""

from typing import Final

from lamina.dockerfile.instructions import Command, Flag, Heredoc, Run, Shell
from lamina.engines.buildkit.scripts import CA, REQUIREMENTS

APT: Final = (
    "type=cache,target=/var/cache/apt,sharing=locked",
    "type=cache,target=/var/lib/apt,sharing=locked",
)
_CA: Final = f"type=secret,id=ca,target={CA}"
_NETRC: Final = "type=secret,id=netrc,target=/root/.netrc"
PIP: Final = (
    "type=cache,target=/root/.cache/pip",
    "type=secret,id=pip,target=/etc/pip.conf",
    _NETRC,
    _CA,
)
UV: Final = (
    "type=cache,target=/root/.cache/uv",
    "type=secret,id=uv,target=/etc/uv/uv.toml",
    _NETRC,
    _CA,
)
"""Nobody needs a secret: one that is not given is not there."""

SECRETS: Final = {
    "pip": "pip's configuration, for where uv comes from",
    "uv": "uv's configuration (uv.toml), for where distributions come from",
    "netrc": "logins to indexes",
    "ca": "certificates of authorities that indexes are trusted by",
}


def bound(path: str, *, stage: str = "", at: str = REQUIREMENTS) -> str:
    """Describe a file of the context, or of a stage, that a RUN reads and no layer keeps."""
    where = f",from={stage}" if stage else ""
    return f"type=bind{where},source={path},target={at}"


def run(command: str, *mounts: str) -> Run:
    """Make a RUN of one line."""
    return Run(flags=_flags(mounts), command=Shell(text=command))


def run_script(script: str, *mounts: str) -> Run:
    """Make a RUN of a script."""
    return Run(flags=_flags(mounts), command=_document(script))


def _document(script: str) -> Command:
    return Shell(text="<<EOF", heredocs=(Heredoc(name="EOF", content=script),))


def _flags(mounts: tuple[str, ...]) -> tuple[Flag, ...]:
    return tuple(("mount", mount) for mount in mounts)
