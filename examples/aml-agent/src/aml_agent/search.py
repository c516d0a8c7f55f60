"""Looks for the best family and parameters within a time budget."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from aml_agent.deadline import Deadline
from aml_agent.errors import AmlError
from aml_agent.families import FAMILIES, SEED, Params
from aml_agent.preprocess import preprocessor
from aml_agent.records import Features, LeaderboardRow, Task
from aml_agent.target import Target

_FOLDS = 3
METRICS = {Task.CLASSIFICATION: "balanced_accuracy", Task.REGRESSION: "r2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The rows the search may see, and how to read them."""

    table: pd.DataFrame
    target: Target
    features: Features
    jobs: int

    def pipeline(self, family: str, params: dict[str, Any]) -> Pipeline:
        """Return an unfitted pipeline of ``family`` from the conformed table to the prediction."""
        model = FAMILIES[family].build(self.target.task, params, self.jobs)
        return Pipeline([("prepare", preprocessor(self.features)), ("model", model)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    family: str
    score: float
    fit_s: float
    params: Params


def search(problem: Problem, deadline: Deadline) -> tuple[LeaderboardRow, ...]:
    """Return the best result of each family that finished in time, the best first.

    Every family is tried once before any is tuned. One result is certain, however small the
    budget, unless the deadline is cancelled: then ``AmlError`` is raised.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=SEED)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for name in FAMILIES:
        study.enqueue_trial({"family": name})
    results: list[_Result] = []

    def objective(trial: optuna.Trial) -> float:
        # The first result ignores the budget, so that there is always a model in the end.
        give_up = deadline.has_passed if results else deadline.is_cancelled
        results.append(_try(trial, problem, give_up))
        return results[-1].score

    study.optimize(objective, n_trials=1)
    if deadline.remaining_s > 0:
        study.optimize(objective, timeout=deadline.remaining_s)
    if deadline.is_cancelled():
        raise AmlError("training was cancelled")
    return _leaderboard(results)


def _try(trial: optuna.Trial, problem: Problem, give_up: Callable[[], bool]) -> _Result:
    """Score what ``trial`` suggests as the mean over the folds; prune it between folds if told."""
    family = FAMILIES[trial.suggest_categorical("family", list(FAMILIES))]
    params = family.suggest(trial)
    scorer = get_scorer(METRICS[problem.target.task])
    scores: list[float] = []
    started = time.monotonic()
    for train, test in _folds(problem):
        if give_up():
            trial.study.stop()  # else optuna would prune one trial after another until its timeout
            raise optuna.TrialPruned
        pipeline = problem.pipeline(family.name, params)
        pipeline.fit(problem.table.iloc[train], problem.target.numbers[train])
        scores.append(scorer(pipeline, problem.table.iloc[test], problem.target.numbers[test]))
    return _Result(
        family=family.name,
        score=float(np.mean(scores)),
        fit_s=(time.monotonic() - started) / _FOLDS,
        params=params,
    )


def _folds(problem: Problem) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    kind = StratifiedKFold if problem.target.task is Task.CLASSIFICATION else KFold
    splitter = kind(n_splits=_FOLDS, shuffle=True, random_state=SEED)
    yield from splitter.split(problem.table, problem.target.numbers)


def _leaderboard(results: list[_Result]) -> tuple[LeaderboardRow, ...]:
    by_family: dict[str, list[_Result]] = {}
    for result in results:
        by_family.setdefault(result.family, []).append(result)
    rows = [_row(of_family) for of_family in by_family.values()]
    return tuple(sorted(rows, key=lambda row: row.score, reverse=True))


def _row(results: list[_Result]) -> LeaderboardRow:
    best = max(results, key=lambda result: result.score)
    return LeaderboardRow(
        family=best.family,
        score=best.score,
        trials=len(results),
        fit_s=best.fit_s,
        params=best.params,
    )
