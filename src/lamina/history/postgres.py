"""A history on a PostgreSQL server, for a team; SQLAlchemy Core, the extra ``lamina[postgres]``."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lamina.errors import StoreError
from lamina.history.logins import hide_logins
from lamina.history.migrations import VERSION, statements
from lamina.history.query import Wanted
from lamina.history.rows import COLUMNS, BuildRow
from lamina.history.tables import RefusedBuildError, StepCost

_WORDS: Final = {
    "real": "DOUBLE PRECISION", "blob": "BYTEA", "builds": "lamina_builds", "costs": "lamina_costs",
}  # fmt: skip
_TYPES: Final[dict[Any, Any]] = {
    str: sa.Text, int: sa.BigInteger, float: sa.Double, float | None: sa.Double,
}  # fmt: skip
_UNFIT: Final = ("22", "23", "54")
"""Classes of SQLSTATE that speak of the values: wrong, against a rule, beyond a limit."""
_AT_ONCE: Final = 1000
"""How many values one statement gets; the protocol has a limit of 65,535."""
_LOCK: Final = 0x6C616D696E61
"""The advisory lock of whoever writes: "lamina" as a number."""

_METADATA: Final = sa.MetaData()
_BUILDS: Final = sa.Table(
    _WORDS["builds"],
    _METADATA,
    *(sa.Column(field.name, _TYPES[field.type]) for field in fields(BuildRow)),
    sa.Column("record", sa.LargeBinary),
)
_COSTS: Final = sa.Table(
    _WORDS["costs"],
    _METADATA,
    *(sa.Column(name, sa.Text) for name in ("scope", "step", "runs")),
    sa.Column("seen", sa.Double),
)
_VERSIONS: Final = sa.Table("lamina_version", _METADATA, sa.Column("version", sa.Integer))
_ROWS: Final = sa.select(*(_BUILDS.c[name] for name in COLUMNS))


class PostgresTables:
    """The tables of one server's database, all of whose names start with ``lamina_``."""

    def __init__(self, engine: sa.Engine, where: str) -> None:
        self._engine = engine
        self._where = where
        self._writing: sa.Connection | None = None

    @classmethod
    def open(cls, location: str, *, patience_s: float) -> Self:
        """Connect, and make or migrate the tables; raise ``StoreError`` without a server."""
        where = hide_logins(location.partition("?")[0])
        with _translated(where):
            tables = cls(_engine(location, patience_s), where)
            try:
                tables._migrate()
            except BaseException:
                tables.close()
                raise
            return tables

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing; one writes at a time."""
        with _translated(self._where), self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            self._writing = connection
            try:
                yield
            finally:
                self._writing = None

    def insert(self, row: BuildRow, record: bytes) -> None:
        """Add a build."""
        self._run(sa.insert(_BUILDS).values(**asdict(row), record=record))

    def has(self, id_: str) -> bool:
        """Say whether a build is there."""
        return bool(self._run(sa.select(_BUILDS.c.id).where(_BUILDS.c.id == id_)))

    def rows(self, wanted: Wanted) -> list[BuildRow]:
        """Return the rows of a selection."""
        query = _ROWS.where(*_conditions(wanted))
        query = query.order_by(_BUILDS.c.started.desc(), _BUILDS.c.id.desc())
        return [_row(row) for row in self._run(query.limit(wanted.limit or None))]

    def starting_with(self, prefix: str) -> list[BuildRow]:
        """Return the rows whose id starts with ``prefix``."""
        query = _ROWS.where(sa.func.starts_with(_BUILDS.c.id, prefix)).limit(6)
        return [_row(row) for row in self._run(query)]

    def record(self, id_: str) -> bytes:
        """Return a record."""
        found = self._run(sa.select(_BUILDS.c.record).where(_BUILDS.c.id == id_))
        return bytes(found[0][0])

    def costs(self, scope: str, steps: Collection[str] | None = None) -> dict[str, str]:
        """Return the last runs of each step, or of some."""
        query = sa.select(_COSTS.c.step, _COSTS.c.runs).where(_COSTS.c.scope == scope)
        if steps is None:
            return {row[0]: row[1] for row in self._run(query)}
        found: dict[str, str] = {}
        for names in _in_parts(list(steps)):
            some = query.where(_COSTS.c.step.in_(names))
            found |= {row[0]: row[1] for row in self._run(some)}
        return found

    def put_costs(self, scope: str, costs: Sequence[StepCost]) -> None:
        """Replace the last runs of these steps."""
        new = postgresql.insert(_COSTS)
        both = new.on_conflict_do_update(
            index_elements=["scope", "step"],
            set_={
                "runs": new.excluded.runs,
                "seen": sa.func.greatest(_COSTS.c.seen, new.excluded.seen),
            },
        )
        if costs:
            self._run(both, [{"scope": scope, **asdict(cost)} for cost in costs])

    def forget_costs(self, scope: str, *, builds: int) -> None:
        """Remove the steps that none of the newest builds had."""
        oldest = (
            sa.select(_BUILDS.c.started)
            .where(_BUILDS.c.scope == scope)
            .order_by(_BUILDS.c.started.desc())
            .limit(1)
            .offset(builds - 1)
        ).scalar_subquery()
        self._run(sa.delete(_COSTS).where(_COSTS.c.scope == scope, _COSTS.c.seen < oldest))

    def remove(self, ids: Sequence[str]) -> None:
        """Remove builds, and the steps that no other has."""
        for names in _in_parts(ids):
            self._run(sa.delete(_BUILDS).where(_BUILDS.c.id.in_(names)))
        has_build = sa.exists().where(
            _BUILDS.c.scope == _COSTS.c.scope, _BUILDS.c.started <= _COSTS.c.seen
        )
        self._run(sa.delete(_COSTS).where(sa.not_(has_build)))

    def compact(self) -> None:
        """Do nothing: the server's autovacuum gives the room to the builds that come."""

    def size(self) -> int:
        """Return the bytes of the tables and their indexes."""
        names = (_WORDS["builds"], _WORDS["costs"])
        found = self._run(sa.select(*(sa.func.pg_total_relation_size(name) for name in names)))
        return sum(map(int, found[0]))

    def close(self) -> None:
        """Let go of the server."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self.transaction():
            _VERSIONS.create(self._connection, checkfirst=True)
            found = self._run(sa.select(_VERSIONS.c.version))
            version = int(found[0][0]) if found else 0
            if version > VERSION:
                raise StoreError(
                    "the history was written by a newer Lamina",
                    where=self._where,
                    hint="update this one",
                    why=f"its version is {version}, and this Lamina knows {VERSION}",
                )
            for statement in statements(version, _WORDS):
                self._connection.exec_driver_sql(statement)
            if version < VERSION:
                self._run(sa.delete(_VERSIONS))
                self._run(sa.insert(_VERSIONS).values(version=VERSION))

    @property
    def _connection(self) -> sa.Connection:
        assert self._writing is not None  # noqa: S101 - inside of a transaction
        return self._writing

    def _run(
        self, statement: sa.Executable, values: Sequence[dict[str, Any]] | None = None
    ) -> list[Any]:
        with _translated(self._where):
            if self._writing is not None:
                return _all(self._writing.execute(statement, values))
            with self._engine.connect() as connection:
                return _all(connection.execute(statement))


def _engine(location: str, patience_s: float) -> sa.Engine:
    try:
        return sa.create_engine(
            "postgresql+psycopg://" + location.partition("://")[2],
            connect_args={
                "connect_timeout": max(2, round(patience_s)),
                "options": f"-c lock_timeout={round(patience_s * 1000)}",
            },
        )
    except ValueError:  # a port that is no number; the text may hold the password
        raise StoreError(
            "the address of the history's server cannot be read",
            hint="write postgresql://USER@HOST:PORT/DATABASE",
        ) from None


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), _AT_ONCE):
        yield texts[start : start + _AT_ONCE]


def _all(result: sa.CursorResult[Any]) -> list[Any]:
    return list(result.fetchall()) if result.returns_rows else []


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("project", "branch", "scope", "outcome"):
        if value := getattr(wanted, name):
            yield _BUILDS.c[name] == value
    if wanted.platforms is not None:
        yield _BUILDS.c.platforms == wanted.platforms
    if wanted.image:
        line = f"\n{wanted.image}\n"
        yield sa.or_(
            *(
                sa.func.strpos("\n" + column + "\n", line) > 0
                for column in (_BUILDS.c.names, _BUILDS.c.repositories)
            )
        )
    if wanted.since:
        yield _BUILDS.c.started >= wanted.since
    if wanted.before is not None:
        yield _BUILDS.c.started < wanted.before
    if wanted.has_layers:
        yield _BUILDS.c.layer_bytes > sa.literal_column("0")  # as the index has it


def _row(values: sa.Row[Any]) -> BuildRow:
    return BuildRow(**dict(zip(COLUMNS, values, strict=True)))


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turn what the server and SQLAlchemy say into errors of ours, without the password."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
        is_unfit = isinstance(error, sa.exc.DataError) or state.startswith(_UNFIT)
        raise (RefusedBuildError if is_unfit else StoreError)(
            "cannot use the history on the server", where=where, why=hide_logins(said)
        ) from error
