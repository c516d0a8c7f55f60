"""What the bytes of a Dockerfile's layer are for, told from the text of its instruction."""

import re
from collections.abc import Sequence

from lamina.plan.component import Component
from lamina.trace.instruction import arguments, flags

_SEGMENTS = re.compile(r"&&|\|\||[;|\n]")
_WORD = r"(?:^|[\s\"'(]|/bin/)"
_BETWEEN = r"\s+(?:\S+\s+){0,8}?"
_SYSTEM = re.compile(
    rf"{_WORD}(?:apt-get|apt|aptitude|apk|dnf|microdnf|tdnf|yum|zypper|dpkg)\s+[a-z-]"
)
_PYTHON = re.compile(
    rf"{_WORD}(?:"
    rf"pip[\d.]*{_BETWEEN}install|easy_install|pip-sync|"
    rf"uv{_BETWEEN}(?:sync|install|add)|"
    rf"(?:poetry|pipenv|pdm|pixi|rye){_BETWEEN}(?:install|sync|add|update)|"
    rf"(?:conda|mamba|micromamba){_BETWEEN}(?:install|create|update)"
    rf")(?=[\s\"')]|$)"
)
_WITHOUT_PROJECT = re.compile(r"--(?:no-install-project|no-root|no-self)\b")
_PROJECT = re.compile(rf"{_WORD}(?:uv{_BETWEEN}sync|(?:poetry|pdm){_BETWEEN}(?:install|sync))\b")
_ALONE = re.compile(r"--no-dep(?:s|endencies)\b")
_HERE = re.compile(r"\s(?:-e\s*|--editable[\s=])?[\"']?\.{1,2}/?(?:\[[^\]]{0,99}\])?[\"']?(?:\s|$)")
_LISTED = re.compile(r"\s(?:-r\s*\S|--requirements?[\s=])")
_INSTALLED = re.compile(
    r"(?:^|[/\s\"])(?:(?=[\w.-]*venv)[\w.-]++|virtualenvs?|env|site-packages|dist-packages|\.local|"
    r"install|wheels|lib/python[\d.]*|\w*(?:conda|mamba)\d*)(?=[/\s\"]|$)|^/usr/local/? "
)


def component(text: str, *, before: Sequence[str] = ()) -> Component:
    """Say what an instruction brings into an image; ``before`` are the image's earlier ones.

    A ``RUN`` that installs distributions and system packages counts with the distributions.  One
    that installs the project alone, because ``--no-deps`` says so or the instruction for its
    dependencies came before, is the application's.

    >>> component("RUN apt-get update && apt-get install -y libgomp1")
    <Component.SYSTEM: 'system'>
    >>> component("COPY --from=builder /opt/venv /opt/venv")
    <Component.DEPENDENCIES: 'dependencies'>
    """
    instruction = text.partition(" ")[0]
    if instruction == "RUN":
        return _of_run(arguments(text), before)
    is_foreign = any(flag.startswith("--from=") for flag in flags(text))
    if instruction in {"COPY", "ADD"} and is_foreign and _INSTALLED.search(arguments(text)):
        return Component.DEPENDENCIES
    return Component.APPLICATION


def _of_run(command: str, before: Sequence[str]) -> Component:
    found = {_of_segment(segment.strip(), before) for segment in _SEGMENTS.split(command)}
    order = (Component.DEPENDENCIES, Component.SYSTEM)
    return next((kind for kind in order if kind in found), Component.APPLICATION)


def _of_segment(segment: str, before: Sequence[str]) -> Component:
    if _PYTHON.search(segment):
        is_own = _is_project_alone(segment, before)
        return Component.APPLICATION if is_own else Component.DEPENDENCIES
    return Component.SYSTEM if _SYSTEM.search(segment) else Component.APPLICATION


def _is_project_alone(segment: str, before: Sequence[str]) -> bool:
    if _ALONE.search(segment):
        return _HERE.search(segment) is not None and not _LISTED.search(segment)
    is_whole = _PROJECT.search(segment) and not _WITHOUT_PROJECT.search(segment)
    return bool(is_whole) and any(_WITHOUT_PROJECT.search(text) for text in before)
