"""Variables of a stage: what ARG and ENV give to the words and commands that follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lamina.dockerfile.expand import ExpansionError, Reading, expand, expand_words
from lamina.dockerfile.instructions import Arg, Assignment

PROXIES: Final = frozenset(
    name.format(x)
    for x in ("http", "https", "ftp", "no", "all", "HTTP", "HTTPS", "FTP", "NO", "ALL")
    for name in ("{}_proxy" if x.islower() else "{}_PROXY",)
)
"""Arguments that every command gets and no cache key holds, unless an ARG declares them."""


def platform_arguments(target: str, build: str, stage: str) -> dict[str, str]:
    """Return the arguments that BuildKit defines; ARG makes them known in a stage."""
    found = {"TARGETSTAGE": stage or "default"}
    for name, platform in (("TARGET", target), ("BUILD", build)):
        parts = [*platform.split("/"), "", ""]
        found |= {
            f"{name}PLATFORM": platform,
            f"{name}OS": parts[0],
            f"{name}ARCH": parts[1],
            f"{name}VARIANT": parts[2],
        }
    return found


@dataclass(slots=True)
class Variables:
    """What is set at one place of a Dockerfile; ``given`` are the command line's arguments."""

    given: Mapping[str, str]
    outer: Mapping[str, str]
    escape: str = "\\"
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)

    def copy(self, outer: Mapping[str, str]) -> "Variables":
        """Begin a stage on this one: the environment is inherited, arguments are not."""
        return Variables(self.given, outer, self.escape, dict(self.environment))

    @property
    def seen(self) -> dict[str, str]:
        """All that a command sees; ENV wins over ARG."""
        return {**self.arguments, **self.environment}

    def expand(self, text: str) -> str:
        """Expand a text as one word; one that is malformed stays as it is."""
        try:
            return expand(text, self._lookup, Reading(escape=self.escape))
        except ExpansionError:
            return text

    def words(self, text: str) -> tuple[str, ...]:
        """Expand a text and split it."""
        try:
            return expand_words(text, self._lookup, Reading(escape=self.escape))
        except ExpansionError:
            return tuple(text.split())

    def declare(self, arg: Arg) -> None:
        """Take over an ARG: the command line's value, its default, or that of the outer scope."""
        for name, default in arg.pairs:
            name = self.expand(name)  # noqa: PLW2901 - what is meant
            value = self.given.get(name)
            if value is None and default is not None:
                value = self.expand(default)
            if value is None:
                value = self.outer.get(name)
            if value is not None:
                self.arguments[name] = value

    def assign(self, assignment: Assignment) -> None:
        """Take over an ENV; its values see what was set before the whole line."""
        found = {self.expand(name): self.expand(value) for name, value in assignment.pairs}
        self.environment.update(found)

    def _lookup(self, name: str) -> str | None:
        return self.seen.get(name)
