"""A history on a real PostgreSQL server."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from lamina.errors import StoreError
from lamina.history.database import open_history
from lamina.history.document import record_to_text
from lamina.history.drain import drain
from lamina.history.migrations import VERSION
from lamina.history.query import Wanted
from tests.history.builds import build
from tests.history.conformance import HistoryConformance, OpenHistory
from tests.support import postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        postgres.programs() is None,
        reason="needs root and Debian's package postgresql (scripts/setup-test-tools.sh)",
    ),
]
_NUMBERS = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o711)  # its user has to get there
    with postgres.postgres(folder / "server") as address:
        yield address


@pytest.fixture
def address(server: str) -> str:
    """Make a database of its own for each test."""
    name = f"test{next(_NUMBERS)}"
    postgres.query(server, f"CREATE DATABASE {name}")
    return server.removesuffix("/postgres") + f"/{name}"


class TestPostgres(HistoryConformance):
    """All that every history does."""

    @pytest.fixture
    def open_history(self, address: str) -> OpenHistory:
        return lambda: open_history(address)


def test_the_tables_can_be_asked_in_sql(address: str) -> None:
    with open_history(address) as history:
        history.add([build("aa", 5.0, project="shop", seconds=2.5)])

    rows = postgres.query(address, "SELECT id, project, seconds, outcome FROM lamina_builds")

    assert rows == "aa|shop|2.5|done\n"


def test_a_server_of_a_newer_lamina_is_left_alone(address: str) -> None:
    with open_history(address):
        pass
    postgres.query(address, f"UPDATE lamina_version SET version = {VERSION + 1}")

    with pytest.raises(StoreError, match="newer Lamina"):
        open_history(address)


def test_no_server_is_an_error_without_the_password(address: str) -> None:
    wrong = address.replace("lamina:s3cret@", "lamina:hunter2@")
    away = "postgresql://me:hunter2@127.0.0.1:1/x?password=hunter2"

    for location in (wrong, away):
        with pytest.raises(StoreError, match="cannot use the history") as caught:
            open_history(location, patience_s=2)
        assert "hunter2" not in f"{caught.value.where} {caught.value.why}"
        assert caught.value.why


def test_a_writer_that_holds_the_lock_makes_others_give_up_in_time(address: str) -> None:
    with (
        open_history(address) as first,
        first._tables.transaction(),
        pytest.raises(StoreError, match="cannot use the history") as caught,
    ):
        open_history(address, patience_s=0.2)

    assert "lock timeout" in str(caught.value.why)


def test_a_build_that_the_server_refuses_keeps_no_other_waiting(
    address: str, tmp_path: Path
) -> None:
    """A name of 20,000 characters does not fit into an index."""
    endless = "".join(f"{n * n * 7919:x}" for n in range(3000))
    for record in (build("aa", 1.0), build("bb", 2.0, project=endless), build("cc", 3.0)):
        (tmp_path / f"{record.id}.record").write_text(record_to_text(record))

    (notice,) = drain(address, tmp_path)

    assert "a build cannot be recorded (cannot use the history on the server (" in notice
    with open_history(address) as history:
        assert [row.id for row in history.rows(Wanted())] == ["cc", "aa"]
    assert (tmp_path / "bb.damaged").exists()


def test_both_spellings_of_the_address_are_understood(address: str) -> None:
    with open_history(address) as history:
        history.add([build("aa", 5.0)])

    with open_history(address.replace("postgresql://", "postgres://")) as history:
        assert [row.id for row in history.rows(Wanted())] == ["aa"]
