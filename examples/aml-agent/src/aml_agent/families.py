"""The model families that compete: what may be tuned, and how each is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catboost import CatBoostClassifier, CatBoostRegressor
from lightgbm import LGBMClassifier, LGBMRegressor
from optuna import Trial
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from xgboost import XGBClassifier, XGBRegressor

from aml_agent.records import Task

SEED = 7

Params = dict[str, Any]
Suggest = Callable[[Trial], Params]
Build = Callable[[Task, Params, int], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of model: ``suggest`` draws parameters, ``build`` makes an unfitted estimator of them.

    ``build`` takes the task, the parameters and the number of threads.
    """

    name: str
    suggest: Suggest
    build: Build


def _linear_params(trial: Trial) -> Params:
    return {"strength": trial.suggest_float("linear.strength", 1e-3, 1e2, log=True)}


def _linear(task: Task, params: Params, _jobs: int) -> Any:  # noqa: ANN401 - untyped library
    if task is Task.CLASSIFICATION:
        return LogisticRegression(C=1 / params["strength"], max_iter=1000)
    return Ridge(alpha=params["strength"])


def _forest_params(trial: Trial) -> Params:
    return {
        "n_estimators": trial.suggest_int("random_forest.n_estimators", 50, 200, step=50),
        "max_depth": trial.suggest_int("random_forest.max_depth", 4, 16),
        "min_samples_leaf": trial.suggest_int("random_forest.min_samples_leaf", 1, 8),
    }


def _forest(task: Task, params: Params, jobs: int) -> Any:  # noqa: ANN401 - untyped library
    kind = RandomForestClassifier if task is Task.CLASSIFICATION else RandomForestRegressor
    return kind(**params, n_jobs=jobs, random_state=SEED)


def _xgboost_params(trial: Trial) -> Params:
    return {
        "n_estimators": trial.suggest_int("xgboost.n_estimators", 50, 300, step=50),
        "max_depth": trial.suggest_int("xgboost.max_depth", 3, 8),
        "learning_rate": trial.suggest_float("xgboost.learning_rate", 0.02, 0.3, log=True),
        "subsample": trial.suggest_float("xgboost.subsample", 0.6, 1.0),
    }


def _xgboost(task: Task, params: Params, jobs: int) -> Any:  # noqa: ANN401 - untyped library
    kind = XGBClassifier if task is Task.CLASSIFICATION else XGBRegressor
    return kind(**params, tree_method="hist", n_jobs=jobs, random_state=SEED)


def _lightgbm_params(trial: Trial) -> Params:
    return {
        "n_estimators": trial.suggest_int("lightgbm.n_estimators", 50, 300, step=50),
        "num_leaves": trial.suggest_int("lightgbm.num_leaves", 7, 63, log=True),
        "learning_rate": trial.suggest_float("lightgbm.learning_rate", 0.02, 0.3, log=True),
        "min_child_samples": trial.suggest_int("lightgbm.min_child_samples", 5, 30),
    }


def _lightgbm(task: Task, params: Params, jobs: int) -> Any:  # noqa: ANN401 - untyped library
    kind = LGBMClassifier if task is Task.CLASSIFICATION else LGBMRegressor
    return kind(**params, n_jobs=jobs, random_state=SEED, verbose=-1)


def _catboost_params(trial: Trial) -> Params:
    return {
        "iterations": trial.suggest_int("catboost.iterations", 50, 300, step=50),
        "depth": trial.suggest_int("catboost.depth", 3, 7),
        "learning_rate": trial.suggest_float("catboost.learning_rate", 0.02, 0.3, log=True),
    }


def _catboost(task: Task, params: Params, jobs: int) -> Any:  # noqa: ANN401 - untyped library
    kind = CatBoostClassifier if task is Task.CLASSIFICATION else CatBoostRegressor
    # It would otherwise log into the working directory, which is read-only in a container.
    quiet = {"verbose": False, "allow_writing_files": False}
    return kind(**params, **quiet, thread_count=jobs, random_seed=SEED)


# The cheapest first: with a tiny budget it is the one sure to finish.
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(name="linear", suggest=_linear_params, build=_linear),
        Family(name="lightgbm", suggest=_lightgbm_params, build=_lightgbm),
        Family(name="xgboost", suggest=_xgboost_params, build=_xgboost),
        Family(name="random_forest", suggest=_forest_params, build=_forest),
        Family(name="catboost", suggest=_catboost_params, build=_catboost),
    )
}
