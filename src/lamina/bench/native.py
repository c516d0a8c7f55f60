"""Lamina's side: its own command line with a store of its own, as a user starts it."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamina.bench.comparison import Scenario
from lamina.bench.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """Builds with Lamina; ``program`` starts it, ``folder`` is for all that it keeps.

    ``repository`` is where a runner's image goes, empty where none is measured; others beside it
    get what is pushed where nothing may be.  ``words`` are further options of ``lamina build``.
    """

    program: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    time: Callable[[Sequence[str], Mapping[str, str]], float]
    repository: str = ""
    memo_key: str = ""
    words: Sequence[str] = field(default_factory=tuple)

    @property
    def image(self) -> str:
        """Where the image of the last build is found."""
        return f"oci:{self.folder / 'layout'}"

    def rounds(self, workspace: Workspace, number: int) -> Iterator[tuple[Scenario, float]]:
        """Measure each scenario once, in the order in which one prepares the next."""
        self._forget()
        shutil.rmtree(self.folder / "layout", ignore_errors=True)
        output = ("-o", self.image)
        yield Scenario.CLEAN, self._build(workspace, *output)
        workspace.edit(f"cached {number}")
        yield Scenario.CACHED, self._build(workspace, *output)
        if self.repository:
            self._forget()
            workspace.edit(f"pushed {number}")
            empty = f"{self.repository}-{self.folder.name}-{number}:lamina"
            yield Scenario.CI_EMPTY, self._build(workspace, "-t", empty, "--push")
            push = ("-t", f"{self.repository}:lamina", "--push")
            self._build(workspace, *push)
            self._forget()
            workspace.edit(f"again {number}")
            yield Scenario.CI_KEPT, self._build(workspace, *push)

    def _build(self, workspace: Workspace, *words: str) -> float:
        command = [*self.program, "build", str(workspace.directory), *words, *self.words,
                   "--progress", "plain"]  # fmt: skip
        own = {
            "LAMINA_STORE": str(self.folder / "store"),
            "LAMINA_HISTORY": str(self.folder / "history.db"),
            "UV_CACHE_DIR": str(self.folder / "uv-cache"),
            "LAMINA_MEMO_KEY": self.memo_key,
        }
        return self.time(command, {**self.environment, **own})

    def _forget(self) -> None:
        """Become a machine that has never seen the project."""
        for name in ("store", "uv-cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
