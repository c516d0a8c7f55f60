"""What pip installs as Lamina in a pipeline, from how Lamina itself was installed; pure."""

import json
import re
from typing import Any, Final

_COMMIT: Final = re.compile(r"\.git@[0-9a-f]{40}\b|@[0-9a-f]{40}\b")
_HASH: Final = re.compile(r"#sha256=[0-9a-f]{64}\b")
_VERSION: Final = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9._,-]+\])?==[A-Za-z0-9.!+_-]+")


def requirement_of(direct_url: str) -> str:
    """Return the place that a ``direct_url.json`` (PEP 610) names, as pip reads it.

    Only a commit of a repository, or an archive with its hash, that other machines reach.  Empty
    for a folder or a file of this machine, and for an index: which index another machine asks is
    not known here, and the name there may be anybody's.
    """
    try:
        found: dict[str, Any] = json.loads(direct_url)
        address = str(found["url"])
        if not address.startswith("https:"):
            return ""
        if vcs := found.get("vcs_info"):
            return f"lamina @ {vcs['vcs']}+{address}@{vcs['commit_id']}"
        return f"lamina @ {address}#sha256={found['archive_info']['hashes']['sha256']}"
    except (ValueError, TypeError, KeyError):
        return ""


def is_word(requirement: str) -> bool:
    """Say whether pip takes the text for one requirement, and a pipeline for nothing else."""
    is_option = requirement.startswith("-")
    return requirement.isprintable() and not is_option and "$" not in requirement


def is_pinned(requirement: str) -> bool:
    """Say whether the text always means the same bytes, or at least the same version.

    >>> is_pinned("lamina==1.0"), is_pinned("lamina @ git+https://example.com/lamina@main")
    (True, False)
    """
    is_version = _VERSION.fullmatch(requirement)
    return bool(is_version or _COMMIT.search(requirement) or _HASH.search(requirement))
