"""Trains: table → task → search → explanation → stored model."""

from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from aml_agent.columns import conform, describe
from aml_agent.deadline import Deadline
from aml_agent.errors import AmlError
from aml_agent.explain import importance
from aml_agent.families import SEED
from aml_agent.records import LeaderboardRow, ModelRecord, Task
from aml_agent.request import TrainRequest
from aml_agent.search import METRICS, Problem, search
from aml_agent.store import Store
from aml_agent.table import read_table
from aml_agent.target import encode, infer_task

_HOLDOUT_SHARE = 0.2
_LEAST_ROWS_FOR_THREADS = 10_000


def train(request: TrainRequest, id_: str, store: Store, cancelled: Event) -> ModelRecord:
    """Train on ``request``, store the winner as ``id_`` and return its record.

    The budget bounds the search; fitting and explaining the winner come on top. Raises
    ``AmlError`` for data that cannot be learnt from, and once ``cancelled`` is set.
    """
    deadline = Deadline(budget_s=request.budget_s, cancelled=cancelled)
    problem = _problem(request)
    seen, unseen = _split(problem.target.numbers, problem.target.task)
    leaderboard = search(_rows(problem, seen), deadline)
    holdout = _holdout_score(problem, leaderboard[0], seen, unseen)
    winner = problem.pipeline(leaderboard[0].family, leaderboard[0].params)
    winner.fit(problem.table, problem.target.numbers)  # the stored model learns from every row
    record = ModelRecord(
        id=id_,
        task=problem.target.task,
        target=request.target,
        features=problem.features,
        classes=problem.target.classes,
        metric=METRICS[problem.target.task],
        holdout=holdout,
        leaderboard=leaderboard,
        importance=importance(winner, problem.table, problem.features),
        rows=len(problem.table),
        trained_s=deadline.elapsed_s,
    )
    store.save(record, winner)
    return record


def _problem(request: TrainRequest) -> Problem:
    table = read_table(request.table)
    if request.target not in table.columns:
        raise AmlError(f"no column {request.target!r}; there are: {', '.join(table.columns[:20])}")
    table = table.dropna(subset=[request.target]).reset_index(drop=True)
    task = request.task or infer_task(table[request.target])
    target = encode(table[request.target], task)
    features = describe(table, request.target)
    # On few rows OpenMP's threads wait for each other longer than they work: on two cores a
    # LightGBM fit of 270 rows took 0.33 s on two threads (once 13 s), 0.02 s on one.
    jobs = request.jobs if len(table) >= _LEAST_ROWS_FOR_THREADS else 1
    return Problem(table=conform(table, features), target=target, features=features, jobs=jobs)


def _split(values: NDArray[Any], task: Task) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the row numbers the search may see, and those it may not."""
    seen, unseen = train_test_split(
        np.arange(len(values)),
        test_size=_HOLDOUT_SHARE,  # one row of each class, as each has at least five
        stratify=values if task is Task.CLASSIFICATION else None,
        random_state=SEED,
    )
    return seen, unseen


def _rows(problem: Problem, numbers: NDArray[Any]) -> Problem:
    target = replace(problem.target, numbers=problem.target.numbers[numbers])
    return replace(problem, table=problem.table.iloc[numbers], target=target)


def _holdout_score(
    problem: Problem, best: LeaderboardRow, seen: NDArray[Any], unseen: NDArray[Any]
) -> float:
    candidate = problem.pipeline(best.family, best.params)
    candidate.fit(problem.table.iloc[seen], problem.target.numbers[seen])
    scorer = get_scorer(METRICS[problem.target.task])
    return float(scorer(candidate, problem.table.iloc[unseen], problem.target.numbers[unseen]))
