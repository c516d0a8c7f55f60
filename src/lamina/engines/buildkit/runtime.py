"""The runtime configuration of a plan as instructions of a Dockerfile."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from lamina.dockerfile.instructions import (
    Assignment,
    Exec,
    Healthcheck,
    Instruction,
    Listing,
    Pair,
    Program,
    Setting,
)
from lamina.errors import ProjectError
from lamina.oci import config
from lamina.plan.plan import BuildPlan

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:,@%+=-]+")
_SEARCH_PATH: Final = "PATH"


def environment_of(plan: BuildPlan) -> tuple[Instruction, ...]:
    """Set what the base does not set; PATH goes before the base's own."""
    base = dict(plan.base.environment)
    changed = {n: v for n, v in plan.runtime.environment if base.get(n) != v}
    pairs = [(name, _path(plan, value) if name == _SEARCH_PATH else quoted(value, name))
             for name, value in changed.items()]  # fmt: skip
    return (Assignment(keyword="ENV", pairs=tuple(pairs)),) if pairs else ()


def _path(plan: BuildPlan, value: str) -> str:
    first = f"{plan.venv}/bin:"
    return f"{first}$PATH" if value.startswith(first) else quoted(value, _SEARCH_PATH)


def configuration_of(plan: BuildPlan) -> tuple[Instruction, ...]:
    """Write user, ports, health check and labels."""
    runtime = plan.runtime
    found: list[Instruction] = []
    if runtime.labels:
        found.append(Assignment(keyword="LABEL", pairs=_pairs(runtime.labels)))
    if runtime.user:
        found.append(Setting(keyword="USER", value=quoted(runtime.user, "user")))
    if runtime.ports:
        found.append(Listing(keyword="EXPOSE", values=tuple(map(str, runtime.ports))))
    if runtime.healthcheck:
        found.append(_healthcheck(runtime.healthcheck))
    return tuple(found)


def programs_of(plan: BuildPlan) -> tuple[Instruction, ...]:
    """Write what starts, in JSON form: there may be no shell.

    Where there is no entry point, it takes back that of the base, which an image inherits.
    """
    rows: Iterable[Instruction] = (
        Program(keyword="ENTRYPOINT", command=Exec(words=plan.runtime.entrypoint)),
        Program(keyword="CMD", command=Exec(words=plan.runtime.command)),
    )
    return tuple(rows) if plan.runtime.command else tuple(rows)[:1]


def quoted(value: str, what: str) -> str:
    """Write a value such that nothing in it is expanded or divided.

    Raises ``ProjectError`` for a line break, for which the Dockerfile language has no words.
    """
    if "\n" in value or "\r" in value:
        raise ProjectError(
            f"the value of {what} has several lines, and a Dockerfile cannot hold that",
            where="pyproject.toml, tool.lamina",
            hint="put it into a file, or use the native engine",
        )
    if _PLAIN.fullmatch(value):
        return value
    escaped = re.sub(r'(["\\$])', r"\\\1", value)
    return f'"{escaped}"'


def _pairs(values: Mapping[str, str]) -> tuple[Pair, ...]:
    return tuple((quoted(name, "a label"), quoted(value, name)) for name, value in values.items())


def _healthcheck(check: config.Healthcheck) -> Healthcheck:
    """Write a check; the first word of its test is CMD, which the instruction has itself."""
    return Healthcheck(
        flags=(
            ("interval", f"{check.interval_s}s"),
            ("timeout", f"{check.timeout_s}s"),
            ("start-period", f"{check.start_period_s}s"),
            ("retries", str(check.retries)),
        ),
        command=Exec(words=check.test[1:]),
    )
