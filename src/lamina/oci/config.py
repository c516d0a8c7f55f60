"""RuntimeConfig: how a container of the image starts (config.md, "config")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lamina.oci.members import number, table, text_table, texts

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """Docker's HEALTHCHECK; OCI has no field for it, and Docker honours it all the same."""

    test: tuple[str, ...]
    interval_s: int = 30
    timeout_s: int = 5
    start_period_s: int = 60
    retries: int = 3

    def to_json(self) -> dict[str, Any]:
        """Write the member as Docker's image config holds it: times in nanoseconds."""
        return {
            "Test": list(self.test),
            "Interval": self.interval_s * _NANOSECONDS,
            "Timeout": self.timeout_s * _NANOSECONDS,
            "StartPeriod": self.start_period_s * _NANOSECONDS,
            "Retries": self.retries,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read Docker's member; missing times become the defaults."""

        def seconds(name: str, default: int) -> int:
            return (number(value, name) or default * _NANOSECONDS) // _NANOSECONDS

        return cls(
            test=texts(value, "Test"),
            interval_s=seconds("Interval", 30),
            timeout_s=seconds("Timeout", 5),
            start_period_s=seconds("StartPeriod", 60),
            retries=number(value, "Retries") or 3,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """The execution parameters of an image; ``environment`` keeps its order."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    working_directory: str = ""
    ports: tuple[int, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    stop_signal: str = ""
    volumes: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the config object, empty members left out."""
        members: dict[str, Any] = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "Env": [f"{name}={value}" for name, value in self.environment],
            "User": self.user,
            "WorkingDir": self.working_directory,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            "Labels": dict(self.labels),
            "StopSignal": self.stop_signal,
            "Volumes": {path: {} for path in self.volumes},
            "Healthcheck": self.healthcheck.to_json() if self.healthcheck else None,
        }
        return {name: value for name, value in members.items() if value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a config object, ours or anyone's; raise ``ImageError`` for a malformed one."""
        environment = (line.partition("=") for line in texts(value, "Env"))
        healthcheck = table(value, "Healthcheck")
        return cls(
            entrypoint=texts(value, "Entrypoint"),
            command=texts(value, "Cmd"),
            environment=tuple((name, text) for name, _, text in environment),
            user=str(value.get("User") or ""),
            working_directory=str(value.get("WorkingDir") or ""),
            ports=tuple(filter(None, map(_tcp_port, table(value, "ExposedPorts")))),
            labels=text_table(value, "Labels"),
            stop_signal=str(value.get("StopSignal") or ""),
            volumes=tuple(table(value, "Volumes")),
            healthcheck=Healthcheck.from_json(healthcheck) if healthcheck else None,
        )


def _tcp_port(text: str) -> int:
    """Read ``8000/tcp`` or ``8000``; 0 for anything else, which a ``RuntimeConfig`` leaves out."""
    match = re.fullmatch(r"([0-9]{1,5})(?:/tcp)?", text)
    return int(match[1]) if match else 0
