"""Does the image start?  Import what the project declares, start it, ask its health check.

What runs inside the image is two small scripts of ``lamina.rootfs.drivers``, run by the image's own
Python.  The health check is asked from inside, so that the container can have a network of its
own: no port of this machine is taken, and nobody else on this machine can answer.
"""

import json
import posixpath
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import ImageError
from lamina.oci.config import RuntimeConfig
from lamina.project.loaded import Loaded
from lamina.rootfs.attribution import Seen, attribute
from lamina.rootfs.container import Container, prepare
from lamina.rootfs.modules import find_site_packages, installed, modules_of
from lamina.rootfs.run import start
from lamina.rootfs.tree import Tree
from lamina.rootfs.trial import Trial

_TAIL_LINES = 20
_STARTING_S = 20  # what the driver itself may need beyond its time, stopping included
_PYTHONS = ("python3", "python")
_BARE = re.compile(r"(.*/)?python[\d.]*")
_NO_PROGRAM = "the image starts Python by itself, which does nothing and ends at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing tried: ``what`` it was, whether it went well, and how it ended."""

    what: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was tried, with the last lines of the output and what was not exact about it.

    ``loaded`` is what was seen to be loaded, if it was to be recorded.
    """

    checks: tuple[Check, ...]
    output: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    loaded: Loaded | None = None

    @property
    def ok(self) -> bool:
        """Everything went well."""
        return all(check.ok for check in self.checks)


def smoke(root: Path, runtime: RuntimeConfig, trial: Trial) -> Report:
    """Try the image with ``runtime``, unpacked at ``root``.

    Raises ``ImageError`` if it has no Python, and ``ToolError`` if nothing here can start it.
    """
    with Tree(root) as tree:
        python = _find_python(tree, runtime)
        wanted = _modules(tree, python, trial)
    container = prepare(root, runtime, arguments=("true",), network=trial.network,
                        mounts=trial.mounts)  # fmt: skip
    session = _Session(replace(container, network=trial.network), python, trial)
    checks = [
        Check(what=f"import {name}", ok=False, detail="the distribution is not in the image")
        for name, modules in wanted.items()
        if modules is None
    ]
    names = [module for modules in wanted.values() if modules for module in modules]
    checks += session.imports(names)
    if trial.is_started:
        checks.append(session.start((*runtime.entrypoint, *runtime.command)))
    loaded = None
    if trial.is_recorded:
        with Tree(root) as tree:
            loaded = attribute(tree, find_site_packages(tree, _prefixes(python)), session.seen)
    return Report(checks=tuple(checks), output=session.tail(), notes=session.notes, loaded=loaded)


class _Session:
    """Runs the drivers in one container after the other, and keeps the end of their output."""

    def __init__(self, container: Container, python: str, trial: Trial) -> None:
        self._container = container
        self._python = python
        self._trial = trial
        self._mark = f"lamina-{secrets.token_hex(8)}:"
        self._output: list[str] = []
        self.notes: tuple[str, ...] = ()
        self.seen = Seen()

    def tail(self) -> tuple[str, ...]:
        return tuple(self._output[-_TAIL_LINES:])

    def imports(self, names: Iterable[str]) -> Iterator[Check]:
        """Import all in one interpreter; if one brings it down, go on after it with another."""
        left = list(names)
        while left:
            values, ending = self._drive("imports", left, self._trial.import_timeout_s)
            rows = [value for value in values if isinstance(value, list)]
            self.seen.add(value for value in values if isinstance(value, dict))
            done = {row[0]: row[1] for row in rows if len(row) > 1}
            for name in [name for name in left if name in done]:
                yield Check(what=f"import {name}", ok=done[name] is None, detail=done[name] or "")
            left = [name for name in left if name not in done]
            if left:  # the first of them was under way, or nothing could be started at all
                yield Check(what=f"import {left.pop(0)}", ok=False, detail=ending)
                left = left if values else []

    def start(self, command: tuple[str, ...]) -> Check:
        """Start the image's command, if it is one that does anything."""
        if not command:
            return Check(what="start", ok=False, detail="the image names no command")
        is_bare = len(command) == 1 and _BARE.fullmatch(command[0]) is not None
        if is_bare and not self._trial.may_be_bare:
            hint = "set `entrypoint` in [tool.lamina]"
            return Check(what=f"start {command[0]}", ok=False, detail=f"{_NO_PROGRAM}: {hint}")
        check = self.health(command)
        if is_bare:
            self.notes = (*self.notes, _NO_PROGRAM)
        return check

    def health(self, command: tuple[str, ...]) -> Check:
        """Start the image's command and wait for its health check."""
        what = f"start {' '.join(command)}"
        timeout_s = self._trial.timeout_s
        options = {
            "url": self._trial.health_url,
            "check": self._trial.health_command,
            "timeout": timeout_s,
            "may_end": self._trial.may_end,
            "record": self._trial.is_recorded,
        }
        arguments = [json.dumps(options), *command]
        values, ending = self._drive("health", arguments, timeout_s + _STARTING_S)
        if not values:
            return Check(what=what, ok=False, detail=ending)
        result = values[-1]
        self.seen.add([result], is_program=True)
        detail = f"{result['detail']} after {result['seconds']} s"
        return Check(what=what, ok=bool(result["ok"]), detail=detail)

    def _drive(self, driver: str, words: list[str], timeout_s: float) -> tuple[list[Any], str]:
        """Run a driver; the values that it reported, and how it ended."""
        script = files("lamina.rootfs.drivers").joinpath(f"{driver}.py").read_text("utf-8")
        arguments = (self._python, "-c", script, self._mark, *words)
        container = replace(self._container, arguments=arguments)
        with tempfile.TemporaryFile() as output:
            running = start(container, engine=self._trial.engine, output=output)
            self.notes = running.notes
            try:
                code = running.wait(timeout_s)
                ending = f"Python ended with exit code {code}"
            except subprocess.TimeoutExpired:
                running.stop(grace_s=1)
                ending = f"not done after {timeout_s:g} s"
            except BaseException:
                running.stop(grace_s=1)
                raise
            output.seek(0)
            lines = output.read().decode("utf-8", "replace").splitlines()
        marked = [line.removeprefix(self._mark) for line in lines if line.startswith(self._mark)]
        said = [line for line in lines if line.strip() and not line.startswith(self._mark)]
        self._output += said[-_TAIL_LINES:]
        return [json.loads(line) for line in marked], ending


def _find_python(tree: Tree, runtime: RuntimeConfig) -> str:
    """Find the interpreter that the image's PATH names first."""
    path = dict(runtime.environment).get("PATH", "/usr/local/bin:/usr/bin:/bin")
    for folder in path.split(":"):
        for name in _PYTHONS:
            candidate = posixpath.join("/", folder, name)
            if tree.resolve(candidate) is not None:
                return candidate
    raise ImageError(
        "the image has no Python in its PATH, so nothing can be imported",
        why=f"PATH={path}",
        hint="check the base and the image's PATH",
    )


def _prefixes(python: str) -> tuple[str, ...]:
    return (posixpath.dirname(posixpath.dirname(python)).strip("/"), "usr/local", "usr")


def _modules(tree: Tree, python: str, trial: Trial) -> dict[str, tuple[str, ...] | None]:
    """Name each distribution's modules; None for one that is not in the image and should be."""
    folders = find_site_packages(tree, _prefixes(python))
    found = {
        name: path for folder in reversed(folders) for name, path in installed(tree, folder).items()
    }
    own = [trial.own] if trial.own and canonicalize_name(trial.own) in found else []
    return {
        name: modules_of(tree, found[key]) if (key := canonicalize_name(name)) in found else None
        for name in (*trial.distributions, *own)
    }
