"""The HTTP service."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from aml_agent import __version__, heavy
from aml_agent.errors import AmlError, UnknownModelError
from aml_agent.jobs import Job, Jobs
from aml_agent.records import ModelRecord, Task
from aml_agent.request import TrainRequest
from aml_agent.settings import Settings
from aml_agent.store import LATEST, Store


class Health(BaseModel):
    """The answer to a health check."""

    status: str = "ok"
    version: str = __version__


class PredictRequest(BaseModel):
    """Rows by column name; null means unknown."""

    rows: list[dict[str, Any]] = Field(min_length=1)
    model: str = LATEST


class PredictAnswer(BaseModel):
    """One prediction a row; for classes also ``probabilities``, in the order of ``classes``."""

    model: str
    predictions: list[str] | list[float]
    classes: list[str] = []
    probabilities: list[list[float]] | None = None


def create(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    settings = settings or Settings()
    store, jobs = Store(home=settings.home), Jobs()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.stop()  # else the interpreter would wait for the search to use up its budget

    app = FastAPI(title="aml-agent", version=__version__, lifespan=lifespan)
    app.add_exception_handler(AmlError, _refuse)
    _add_training(app, settings, store, jobs)
    _add_reading(app, store)
    return app


def _add_training(app: FastAPI, settings: Settings, store: Store, jobs: Jobs) -> None:
    @app.post("/train", status_code=202)
    def train(
        file: Annotated[UploadFile, File()],
        target: Annotated[str, Form()],
        task: Annotated[Task | None, Form()] = None,
        budget_s: Annotated[float | None, Form(ge=0, le=24 * 3600)] = None,
    ) -> Job:
        if (file.size or 0) > settings.max_upload_bytes:
            raise HTTPException(413, f"more than {settings.max_upload_bytes} bytes")
        table = _keep(file, settings.home / "uploads")
        request = TrainRequest(
            table=table,
            target=target,
            task=task,
            budget_s=settings.budget_s if budget_s is None else budget_s,
            jobs=settings.jobs,
        )
        id_ = store.reserve()

        def work() -> ModelRecord:
            try:
                return heavy.train(request, id_, store, jobs.cancelled)
            finally:
                table.unlink()

        return jobs.start(id_, work)

    @app.get("/train/{id_}")
    def training(id_: str) -> Job:
        return jobs.show(id_)


def _add_reading(app: FastAPI, store: Store) -> None:
    @app.get("/healthz")
    async def healthz() -> Health:
        return Health()

    # Not async: FastAPI then runs these in threads, and the health check never waits for them.
    @app.get("/leaderboard")
    def leaderboard(model: str = LATEST) -> ModelRecord:
        return store.record(model)

    @app.post("/predict")
    def predict(request: PredictRequest) -> PredictAnswer:
        record = store.record(request.model)
        predictions = heavy.predict_rows(request.rows, record, store)
        return PredictAnswer(
            model=record.id,
            predictions=predictions.values,
            classes=list(predictions.classes),
            probabilities=predictions.probabilities,
        )


def _keep(file: UploadFile, folder: Path) -> Path:
    """Copy an upload to ``folder`` and return its path, which ends as the upload's name does."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix = Path(file.filename or "").suffix
    with tempfile.NamedTemporaryFile(dir=folder, suffix=suffix, delete=False) as copy:
        shutil.copyfileobj(file.file, copy)
    return Path(copy.name)


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, UnknownModelError) else 422
    return JSONResponse({"detail": str(error)}, status_code=status)
