"""Settings, each read from an ``AML_*`` environment variable of the same name."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _usable_cpus() -> int:
    return len(os.sched_getaffinity(0))  # a container may have fewer than the machine


class Settings(BaseSettings):
    """Where state lives, where the service listens, and how much it may use.

    ``home`` defaults to a folder below ``/tmp``: in a container the root file system is usually
    read-only and the user has no home directory.
    """

    model_config = SettingsConfigDict(env_prefix="AML_", frozen=True)

    home: Path = Path("/tmp/aml")  # noqa: S108 - the only place sure to be writable
    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside
    port: int = Field(default=8000, ge=1, le=65535)
    budget_s: float = Field(default=30.0, ge=0)
    max_upload_bytes: int = Field(default=256 * 1024 * 1024, gt=0)
    jobs: int = Field(default_factory=_usable_cpus, ge=1)
