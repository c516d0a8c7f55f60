import pytest
from aml_agent.errors import UnknownModelError
from aml_agent.records import Features, LeaderboardRow, ModelRecord, Task
from aml_agent.store import Store


def record(id_: str) -> ModelRecord:
    row = LeaderboardRow(family="linear", score=0.9, trials=1, fit_s=0.1, params={"trees": 50})
    return ModelRecord(
        id=id_,
        task=Task.REGRESSION,
        target="y",
        features=Features(numeric=("x",)),
        metric="r2",
        holdout=0.8,
        leaderboard=(row,),
        importance={"x": 1.0},
        rows=100,
        trained_s=1.0,
    )


def test_ids_count_up_and_are_given_once(store: Store) -> None:
    assert [store.reserve() for _ in range(3)] == ["m0001", "m0002", "m0003"]


def test_the_latest_model_is_the_last_finished_one(store: Store) -> None:
    first, second, _unfinished = (store.reserve() for _ in range(3))
    for id_ in (second, first):
        store.save(record(id_), model=None)

    assert store.record() == record(second)


def test_a_whole_numbered_parameter_stays_whole(store: Store) -> None:
    """Scikit-learn refuses a forest of 50.0 trees."""
    store.save(record(store.reserve()), model=None)

    (row,) = store.record().leaderboard

    assert repr(row.params) == "{'trees': 50}"


@pytest.mark.parametrize("id_", ["m0002", "../m0001", ""])
def test_only_finished_models_are_found(store: Store, id_: str) -> None:
    store.save(record(store.reserve()), model=None)
    store.reserve()

    with pytest.raises(UnknownModelError, match="no finished model"):
        store.record(id_)
