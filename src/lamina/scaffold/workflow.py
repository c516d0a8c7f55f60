"""Workflow: the pipeline that a project gets for GitHub or GitLab, as text."""

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

GITHUB_PATH: Final = ".github/workflows/docker.yml"
GITLAB_PATH: Final = ".gitlab-ci.yml"

ACTIONS: Final[Mapping[str, str]] = {
    "checkout": "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "setup-python": "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "cache": "actions/cache@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3",
    "upload-artifact": "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0",
    "download-artifact": (
        "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131 # v7.0.0"
    ),
    "github-script": "actions/github-script@ed597411d8f924073f98dfc5c65a23a2325f34cd # v8.0.0",
    "upload-sarif": (
        "github/codeql-action/upload-sarif@5d4e8d1aca955e8d8589aabd499c5cae939e33c7 # v4.31.9"
    ),
    "setup-buildx": "docker/setup-buildx-action@4d04d5d9486b7bd6fa91e7baf45bbb4f8b9deedd # v4.0.0",
    "setup-qemu": "docker/setup-qemu-action@ce360397dd3f832beb865e1373c09c0e9f86d70a # v4.0.0",
}
"""What the workflow uses, by the commit of a release: a tag can be moved by who takes it over."""

_REMEMBERED = {
    "branch": re.compile(r'(?:branches: \[|\$CI_COMMIT_BRANCH == )("(?:[^"\\]|\\.)*")'),
    "requirement": re.compile(
        r'^  LAMINA: ("(?:[^"\\]|\\.)*") # what pip installs: ', re.MULTILINE
    ),
}
_PLACEHOLDER = re.compile(r"@\{([a-z-]+)\}")
_ORDER = re.compile(r"@@ (if|include|end)(?: ([a-z0-9]+))?")
_MOST_KEY_FILES = 2
"""How many files GitLab lets decide a cache's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFacts:
    """What a pipeline has to know of a project.

    ``pythons`` are the minor versions that are built and tested; the first is the one of ``base``,
    and what is published.  ``directory`` and ``locks`` are relative to the repository, and
    ``branch`` is what is published from.  ``requirement`` is what pip installs as Lamina; without
    one the pipeline says that it needs one, and ends.
    """

    name: str
    base: str = "debian:bookworm"
    pythons: tuple[str, ...] = ("3.11",)
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
    branch: str = "main"
    directory: str = "."
    locks: tuple[str, ...] = ("requirements.txt",)
    engine: Literal["native", "buildkit"] = "native"
    requirement: str = ""
    has_budgets: bool = True


def github_workflow(facts: PipelineFacts) -> str:
    """Write the workflow for GitHub, which belongs at ``GITHUB_PATH``."""
    return _render("github", facts)


def gitlab_pipeline(facts: PipelineFacts) -> str:
    """Write the pipeline for GitLab, which belongs at ``GITLAB_PATH``."""
    return _render("gitlab", facts)


def remembered(text: str) -> Mapping[str, str]:
    """Return the branch and the requirement that a pipeline was written with, where it has them."""
    found = {name: pattern.search(text) for name, pattern in _REMEMBERED.items()}
    return {name: json.loads(match[1]) for name, match in found.items() if match}


def _render(name: str, facts: PipelineFacts) -> str:
    values = {**ACTIONS, **_values(facts)}
    lines = _chosen(name, _template(name), _flags(facts))
    return "".join(_PLACEHOLDER.sub(lambda found: values[found[1]], line) for line in lines)


def _flags(facts: PipelineFacts) -> frozenset[str]:
    chosen = {facts.engine, *(platform.rpartition("/")[2] for platform in facts.platforms)}
    if facts.base.startswith("debian:"):
        chosen.add("debian")
    if facts.has_budgets:
        chosen.add("budgets")
    return frozenset(chosen)


def _values(facts: PipelineFacts) -> dict[str, str]:
    """Spell the facts as they stand in a template, most of them inside double quotes."""
    return {
        "all-platforms": ",".join(facts.platforms),
        "branch": _quotable(facts.branch),
        "directory": _quotable(facts.directory),
        "image": _quotable(facts.name),
        "locks": ", ".join(_expression(name) for name in (*facts.locks, _project_file(facts))),
        "lock-files": _list((*facts.locks, _project_file(facts))[:_MOST_KEY_FILES]),
        "platforms": _list(facts.platforms),
        "python": facts.pythons[0],
        "pythons": _list(facts.pythons),
        "requirement": _quotable(facts.requirement),
    }


def _quotable(text: str) -> str:
    """Spell text for the inside of double quotes: what JSON escapes, YAML does alike."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _list(texts: Sequence[str]) -> str:
    return ", ".join(f'"{_quotable(text)}"' for text in texts)


def _expression(text: str) -> str:
    """Spell text as a literal of GitHub's expressions."""
    return "'" + text.replace("'", "''") + "'"


def _project_file(facts: PipelineFacts) -> str:
    return posixpath.normpath(posixpath.join(facts.directory, "pyproject.toml"))


def _template(name: str) -> list[str]:
    folder = resources.files(__package__) / "ci"
    return (folder / f"{name}.yml").read_text(encoding="utf-8").splitlines(keepends=True)


def _chosen(name: str, lines: Sequence[str], flags: Collection[str]) -> Iterator[str]:
    """Yield what ``@@ if FLAG`` leaves of a template, with its ``@@ include``d parts."""
    is_in = True
    for line in lines:
        order = _ORDER.fullmatch(line.rstrip())
        match order and order[1]:
            case "if":
                is_in = order[2] in flags  # type: ignore[index]  # it matched
            case "end":
                is_in = True
            case "include":
                part = f"{name}-{order[2]}"  # type: ignore[index]  # it matched
                yield from _chosen(name, _template(part), flags)
            case _:
                if is_in:
                    yield line
