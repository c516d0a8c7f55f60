"""A small image that runs: Debian's Python, and a script that says which version it is."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.process import run
from tests.support.tools import LAMINA

_PROJECT = """\
[project]
name = "greeter"
version = "1"

[tool.lamina]
base = "debian:bookworm"
entrypoint = ["python", "greet.py"]
"""


@dataclass(frozen=True, kw_only=True)
class Greeter:
    """The project, the store that it is built in, and what else `lamina` shall see."""

    folder: Path
    store: Path
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables, "LAMINA_STORE": str(self.store)}

    def says(self, text: str) -> None:
        """Edit the source."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "pyproject.toml").write_text(_PROJECT)
        (self.folder / "requirements.txt").touch()
        (self.folder / "greet.py").write_text(f"print({text!r})\n")

    def build(self, *words: str) -> str:
        """Build for amd64; return the image's digest."""
        return self.lamina("build", str(self.folder), "--platform", "linux/amd64", *words).strip()

    def lamina(self, *words: str | Path) -> str:
        """Run a command of Lamina on this store."""
        return run(*LAMINA, *words, environment=self.environment)

    def document(self, digest: str) -> Any:
        """Read a manifest or config of the store."""
        return json.loads(self.blob(digest))

    def blob(self, digest: str) -> bytes:
        """Read a blob of the store."""
        return (self.store / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
