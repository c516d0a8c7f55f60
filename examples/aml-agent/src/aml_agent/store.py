"""Keeps finished models on disk: one folder each, with ``model.joblib`` and ``metadata.json``."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aml_agent.errors import UnknownModelError
from aml_agent.records import ModelRecord

LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The models below one folder; ids count up, so that the greatest is the latest."""

    home: Path

    def reserve(self) -> str:
        """Return a new id; no other process gets the same one."""
        self._models.mkdir(parents=True, exist_ok=True)
        number = max((int(path.name[1:]) for path in self._models.glob("m*")), default=0) + 1
        while True:
            id_ = f"m{number:04}"
            try:
                (self._models / id_).mkdir()  # fails if it exists: this is the lock
            except FileExistsError:
                number += 1
            else:
                return id_

    def save(self, record: ModelRecord, model: Any) -> None:  # noqa: ANN401 - an estimator
        """Write ``model``, then ``record``, whose presence says that the model is whole."""
        import joblib  # noqa: PLC0415 - only training needs it

        folder = self._models / record.id
        joblib.dump(model, folder / "model.joblib", compress=3)
        partial = folder / "metadata.json.partial"
        partial.write_text(record.model_dump_json(indent=2), encoding="utf-8")
        os.replace(partial, folder / "metadata.json")  # noqa: PTH105 - atomic, as its name says

    def record(self, id_: str = LATEST) -> ModelRecord:
        """Return what is known about a model. Raises ``UnknownModelError``."""
        path = self._models / self.resolve(id_) / "metadata.json"
        return ModelRecord.model_validate_json(path.read_bytes())

    def model_file(self, id_: str) -> Path:
        """Return the path of a model's weights. Raises ``UnknownModelError``."""
        return self._models / self.resolve(id_) / "model.joblib"

    def resolve(self, id_: str) -> str:
        """Return the id of a finished model, ``latest`` or named. Raises ``UnknownModelError``."""
        finished = [path.parent.name for path in self._models.glob("m*/metadata.json")]
        if id_ == LATEST and finished:
            return max(finished, key=lambda name: int(name[1:]))
        if id_ in finished:  # also keeps a name such as "../x" out of paths
            return id_
        raise UnknownModelError(
            f"no finished model {id_!r}" if finished else "no model has been trained yet"
        )

    @property
    def _models(self) -> Path:
        return self.home / "models"
