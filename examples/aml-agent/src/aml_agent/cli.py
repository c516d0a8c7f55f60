"""The ``aml`` command."""

from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn, Optional

import typer
from rich.console import Console
from rich.table import Table

from aml_agent import heavy
from aml_agent.errors import AmlError
from aml_agent.records import ModelRecord, Task
from aml_agent.request import TrainRequest
from aml_agent.settings import Settings
from aml_agent.store import LATEST, Store

app = typer.Typer(
    help="A table in; a trained, explained and served model out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

TablePath = Annotated[Path, typer.Argument(help="A .csv, .parquet or .xlsx file.", dir_okay=False)]


@app.command()
def run(
    table: TablePath,
    target: Annotated[str, typer.Option(help="The column to learn.")],
    budget: Annotated[Optional[float], typer.Option(help="Seconds to search.", min=0.0)] = None,
    task: Annotated[Optional[Task], typer.Option(help="Inferred if not given.")] = None,
) -> None:
    """Train on TABLE and show the leaderboard."""
    settings = Settings()
    store = Store(home=settings.home)
    request = TrainRequest(
        table=table,
        target=target,
        task=task,
        budget_s=settings.budget_s if budget is None else budget,
        jobs=settings.jobs,
    )
    try:
        record = heavy.train(request, store.reserve(), store, Event())
    except AmlError as error:
        _fail(error)
    _show(record, Console())


@app.command()
def predict(
    table: TablePath,
    model: Annotated[str, typer.Option(help="A model's id.")] = LATEST,
) -> None:
    """Print TABLE as CSV with a column of predictions."""
    store = Store(home=Settings().home)
    try:
        typer.echo(heavy.predict_file(table, store.record(model), store), nl=False)
    except AmlError as error:
        _fail(error)


@app.command()
def serve(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on.")] = None,
    port: Annotated[Optional[int], typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve HTTP; see /docs for the endpoints."""
    import uvicorn  # noqa: PLC0415 - the other commands do without

    settings = Settings()
    uvicorn.run(
        "aml_agent.service:create",
        factory=True,
        host=host or settings.host,
        port=port or settings.port,
    )


def _show(record: ModelRecord, console: Console) -> None:
    board = Table(title=f"{record.id}: {record.task} of {record.target!r}, {record.metric}")
    for heading in ("family", "score", "trials", "seconds a fit"):
        board.add_column(heading, justify="left" if heading == "family" else "right")
    for row in record.leaderboard:
        board.add_row(row.family, f"{row.score:.4f}", str(row.trials), f"{row.fit_s:.2f}")
    console.print(board)
    console.print(f"on rows never seen: {record.holdout:.4f}")
    for name, share in list(record.importance.items())[:10]:
        console.print(f"  {share:6.1%}  {name}", markup=False)


def _fail(error: AmlError) -> NoReturn:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(1)
