"""Where the history is."""

from pathlib import Path

import pytest

from lamina.history.location import history_location, location_problem, spool_location

SERVER = "postgresql://me@db/team"


@pytest.mark.parametrize(
    ("variables", "database", "spool"),
    [
        ({"LAMINA_HISTORY": "/x/h.db", "HOME": "/h"}, "/x/h.db", "/x/h.db.spool"),
        ({"LAMINA_HISTORY": "", "XDG_STATE_HOME": "/s", "HOME": "/h"},
         "/s/lamina/history.db", "/s/lamina/history.db.spool"),
        ({"HOME": "/h"}, "/h/.local/state/lamina/history.db",
         "/h/.local/state/lamina/history.db.spool"),
        ({"LAMINA_HISTORY": "h.db"}, str(Path.cwd() / "h.db"), str(Path.cwd() / "h.db.spool")),
    ],
)  # fmt: skip
def test_the_first_that_is_set_says_where(
    variables: dict[str, str], database: str, spool: str
) -> None:
    assert history_location(variables) == database
    assert spool_location(variables) == Path(spool)


@pytest.mark.parametrize("variables", [{}, {"LAMINA_HISTORY": "off", "HOME": "/h"}])
def test_there_is_none_where_it_is_off_or_nobody_has_a_home(variables: dict[str, str]) -> None:
    assert history_location(variables) == ""
    assert spool_location(variables) is None


def test_builds_for_a_server_wait_in_a_folder_for_that_server() -> None:
    def spool(server: str) -> Path | None:
        return spool_location({"LAMINA_HISTORY": server, "HOME": "/h"})

    assert history_location({"LAMINA_HISTORY": SERVER}) == SERVER
    assert spool(SERVER) == spool(SERVER)
    assert spool(SERVER) != spool(SERVER + "2")
    assert str(spool(SERVER)).startswith("/h/.local/state/lamina/")
    assert spool_location({"LAMINA_HISTORY": SERVER}) is None


@pytest.mark.parametrize("chosen", ["off", "OFF", "Off", "/dev/null"])
def test_there_are_several_words_for_off(chosen: str) -> None:
    assert history_location({"LAMINA_HISTORY": chosen, "HOME": "/h"}) == ""
    assert location_problem({"LAMINA_HISTORY": chosen}) is None


@pytest.mark.parametrize(
    "chosen",
    ["postgresql+psycopg2://me:hunter2@db/x", "sqlite:///x/hunter2", "mysql://me:hunter2@db/x"],
)
def test_another_address_is_refused_and_becomes_no_file(chosen: str) -> None:
    variables = {"LAMINA_HISTORY": chosen, "HOME": "/h"}

    problem = location_problem(variables)

    assert problem is not None
    assert chosen.partition("//")[0] in str(problem)
    assert "hunter2" not in f"{problem} {problem.hint} {problem.why}"
    assert history_location(variables) == ""
    assert spool_location(variables) is None


@pytest.mark.parametrize("chosen", ["", "h.db", "/x/y", SERVER, "postgres://me@db/x"])
def test_paths_and_servers_are_no_problem(chosen: str) -> None:
    assert location_problem({"LAMINA_HISTORY": chosen}) is None
