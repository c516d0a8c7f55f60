"""What a training is asked to do."""

from dataclasses import dataclass
from pathlib import Path

from aml_agent.records import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """Learn the column ``target`` of the file ``table`` on up to ``jobs`` threads.

    The search takes ``budget_s`` seconds, counted from when the libraries are imported.

    ``task`` None means: infer it.
    """

    table: Path
    target: str
    budget_s: float
    task: Task | None = None
    jobs: int = 1
