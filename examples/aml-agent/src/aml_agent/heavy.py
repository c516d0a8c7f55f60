"""The one door to the machine-learning libraries, which take seconds to import.

Whoever imports this module pays nothing; the first call does. So the service answers its health
check at once, and ``aml --help`` is quick.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from aml_agent.records import ModelRecord
from aml_agent.request import TrainRequest
from aml_agent.store import Store

if TYPE_CHECKING:
    from aml_agent.prediction import Predictions


def train(request: TrainRequest, id_: str, store: Store, cancelled: Event) -> ModelRecord:
    """Train on a file; see ``aml_agent.training.train``."""
    from aml_agent import training

    return training.train(request, id_, store, cancelled)


def predict_rows(
    rows: Sequence[dict[str, Any]], record: ModelRecord, store: Store
) -> "Predictions":
    """Predict rows that came as JSON; see ``aml_agent.prediction.predict``."""
    import pandas as pd

    from aml_agent import prediction

    return prediction.predict(record, store, pd.DataFrame.from_records(list(rows)))


def predict_file(path: Path, record: ModelRecord, store: Store) -> str:
    """Return the CSV of the table at ``path`` with one more column, ``prediction``."""
    from aml_agent import prediction, table

    rows = table.read_table(path)
    predictions = prediction.predict(record, store, rows)
    return str(rows.assign(prediction=predictions.values).to_csv(index=False))
