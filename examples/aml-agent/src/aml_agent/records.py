"""The values stored as JSON and sent over HTTP; reading them needs no heavy library."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Task(StrEnum):
    """What is to be learnt."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Features(_Record):
    """The columns a model reads, by how they are read; ``ignored`` ones carry no information."""

    numeric: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """The columns in the order of the model's input."""
        return (*self.numeric, *self.dates, *self.categorical)


class LeaderboardRow(_Record):
    """The best result of one model family; ``score`` is a cross-validated mean."""

    family: str
    score: float
    trials: int
    fit_s: float
    params: dict[str, int | float]  # int first, or pydantic would make 50 trees 50.0


class ModelRecord(_Record):
    """Everything about a finished model but its weights.

    ``metric`` is better when higher; ``holdout`` is it on rows the search never saw.
    ``importance`` holds each used column's share of the mean absolute SHAP value (sum 1).
    """

    id: str
    task: Task
    target: str
    features: Features
    classes: tuple[str, ...] = ()
    metric: str
    holdout: float
    leaderboard: tuple[LeaderboardRow, ...]
    importance: dict[str, float]
    rows: int
    trained_s: float

    @property
    def family(self) -> str:
        """The family that won."""
        return self.leaderboard[0].family
