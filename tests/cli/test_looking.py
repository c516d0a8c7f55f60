"""`lamina layers`, `size` and `diff` say the same in each format, and their figures add up."""

import json
from pathlib import Path
from typing import Any

import pytest

from lamina.layout.write import write_layout
from lamina.oci.config import RuntimeConfig
from lamina.testing.wheels import ToyWheel
from tests.anatomy.test_owners import SITE, STATUS, distribution
from tests.support.synthetic import Row, file, filled, gone, image_of
from tests.support.toys import lamina, make_project

BASE: tuple[Row, ...] = (
    filled("usr/bin/sh", 90_000),
    file("usr/local/lib/python3.12/os.py", b"x" * 8000),
    filled("usr/share/doc/sh/copyright", 6000),
)
SYSTEM: tuple[Row, ...] = (
    file("var/lib/dpkg/status", STATUS),
    file("var/lib/dpkg/info/curl.list", b"/usr/bin/curl\n"),
    filled("usr/bin/curl", 60_000),
    filled("root/.cache/pip/x", 30_000),
)
FOO = distribution("foo-1", filled(f"{SITE}/foo/a.py", 40_000), filled(f"{SITE}/foo/b.so", 50_000))
APP: tuple[Row, ...] = (gone("root/.cache"), filled("app/main.py", 20_000), filled("app/c", 40_000,
                        seed=f"{SITE}/foo/a.py"))  # fmt: skip


@pytest.fixture
def image(tmp_path: Path) -> str:
    write_layout(tmp_path / "old", *image_of([BASE, SYSTEM, FOO, APP]), names=())
    return f"oci:{tmp_path}/old"


@pytest.fixture
def newer(tmp_path: Path) -> str:
    foo = distribution("foo-2", filled(f"{SITE}/foo/a.py", 44_000))
    image = image_of([BASE, SYSTEM, foo, APP], runtime=RuntimeConfig(user="65532"))
    write_layout(tmp_path / "new", *image, names=())
    return f"oci:{tmp_path}/new"


def run(folder: Path, *words: str) -> str:
    done = lamina(*words, store=folder / "store")
    assert (done.code, done.err) == (0, "")
    return done.out


def sections(folder: Path, *words: str) -> dict[str, Any]:
    document = json.loads(run(folder, *words, "--format", "json"))
    return {section["key"]: section for section in document["sections"]}


def test_layers_are_listed_with_what_made_them_and_what_is_in_them(
    tmp_path: Path, image: str
) -> None:
    found = sections(tmp_path, "layers", image)

    table = found["layers"]["table"]
    assert [row["made_by"] for row in table] == ["RUN 0", "RUN 1", "RUN 2", "RUN 3"]
    assert [row["dead"] for row in table] == [0, 30_000, 0, 0]
    assert [row["holds"] for row in table][1:3] == ["curl 8", "foo 1"]
    assert sum(row["unpacked"] for row in table) == found["bytes"]["figures"]["unpacked"]
    assert sum(row["live"] for row in table) == found["bytes"]["figures"]["live"]
    assert found["dead"]["by_layer"] == [
        {"bytes": 30_000, "writer": 2, "killer": 4, "how": "removed", "files": 1}
    ]
    assert found["duplicates"]["table"] == [
        {"bytes": 40_000, "copies": 1, "path": "/app/c", "copy": f"/{SITE}/foo/a.py"}
    ]
    assert [(row["class"], row["bytes"]) for row in found["junk"]["table"]] == [
        ("documentation", 6000)
    ]


def test_layers_count_from_1_and_say_which_of_them_a_node_has(
    tmp_path: Path, image: str, newer: str
) -> None:
    """As `lamina scan` and `lamina verify` count them."""
    table = sections(tmp_path, "layers", newer, "--against", image)["layers"]["table"]

    assert [row["number"] for row in table] == [1, 2, 3, 4]
    assert [row["held"] for row in table] == ["yes", "yes", "", "yes"]


def test_layers_for_people_say_it_in_words(tmp_path: Path, image: str) -> None:
    text = run(tmp_path, "layers", image)

    for words in ("Efficiency", "curl 8", "foo 1", "/root/.cache/pip/x", "removed", "RUN 3",
                  "documentation", "Of the base: 1 layer (Python's standard library"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("view", ["component", "distribution", "directory", "kind"])
def test_every_view_of_the_size_adds_up(tmp_path: Path, image: str, view: str) -> None:
    live = sections(tmp_path, "layers", image)["bytes"]["figures"]["live"]

    found = sections(tmp_path, "size", image, "--by", view)

    assert list(found) == [view]
    assert sum(row["bytes"] for row in found[view]["sizes"]) == live


def test_the_size_by_component_is_the_table_that_people_ask_for(tmp_path: Path, image: str) -> None:
    rows = sections(tmp_path, "size", image, "--by", "component")["component"]["sizes"]

    record = sum(len(data) for _, data in FOO) - 90_000
    status = sum(len(data) for _, data in SYSTEM) - 90_000
    assert {row["component"]: row["bytes"] for row in rows} == {
        "base": 104_000,
        "system": 60_000 + status,
        "dependencies": 90_000 + record,
        "application": 60_000,
    }


def test_the_size_for_people_has_all_views(tmp_path: Path, image: str) -> None:
    text = run(tmp_path, "size", image)

    for words in ("By component", "By distribution", "By directory", "By kind", "foo 1"):
        assert words in text


def test_the_size_as_a_page_has_a_map(tmp_path: Path, image: str) -> None:
    page = tmp_path / "page.html"

    assert run(tmp_path, "size", image, "--format", "html", "-o", str(page)) == ""

    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>foo 1: 90.0 kB (dependencies)</title>" in text
    assert 'class="tile g-dependencies"' in text


def test_the_page_goes_where_it_is_usual(
    tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run(tmp_path, "size", image, "--format", "html")

    assert (tmp_path / "size.html").is_file()
    assert run(tmp_path, "size", image, "--format", "html", "-o", "-").startswith("<!doctype")


def test_a_difference_is_told_in_packages_settings_and_files(
    tmp_path: Path, image: str, newer: str
) -> None:
    found = sections(tmp_path, "diff", image, newer)

    (foo,) = found["distributions"]["distributions"]
    assert (foo["name"], foo["before"], foo["after"]) == ("foo", "1", "2")
    assert found["packages"]["packages"] == []
    assert found["configuration"]["settings"] == [
        {"setting": "user", "before": "", "after": "65532"}
    ]
    assert {row["path"] for row in found["files"]["table"]} == {
        f"/{SITE}/foo/a.py", f"/{SITE}/foo/b.so",
        *(f"/{SITE}/foo-{n}.dist-info/{name}" for n in "12" for name in ("METADATA", "RECORD")),
    }  # fmt: skip


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_a_difference_for_people_leaves_out_what_is_the_same(
    tmp_path: Path, image: str, newer: str, format_: str
) -> None:
    text = run(tmp_path, "diff", image, newer, "--format", format_)

    assert "65532" in text
    assert "The same: Debian packages" in text
    assert f"{SITE}/foo/b.so" not in text
    assert text.startswith("# " if format_ == "markdown" else "oci:")


def test_no_difference_is_said_in_a_line(tmp_path: Path, image: str) -> None:
    text = run(tmp_path, "diff", image, image)

    assert "The same: Python distributions, Debian packages, Configuration, Files" in text


def test_the_base_can_be_named(tmp_path: Path, image: str) -> None:
    write_layout(tmp_path / "base", *image_of([BASE, SYSTEM]), names=())

    rows = sections(tmp_path, "size", image, "--by", "component", "--base", f"oci:{tmp_path}/base")[
        "component"
    ]["sizes"]

    assert "system" not in {row["component"] for row in rows}


def test_two_locks_are_compared_without_building(tmp_path: Path) -> None:
    """The layers that stay, and the bytes of those that move, as `lamina plan` says them."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    old, new = (
        [ToyWheel(name="same", version="1").write(wheels), ToyWheel(name="foo", version=v,
         files={"foo.py": v.encode() * 9000}).write(wheels)]
        for v in ("1", "2")
    )  # fmt: skip
    project = make_project(tmp_path / "project", old)
    make_project(tmp_path / "other", new)
    locks = [str(folder / "pylock.toml") for folder in (project, tmp_path / "other")]

    found = sections(
        tmp_path, "diff", "--locks", *locks, "--project", str(project),
        "--platform", "linux/amd64",
    )  # fmt: skip

    (row,) = found["distributions"]["distributions"]
    assert (row["name"], row["before"], row["after"]) == ("foo", "1", "2")
    moved = [row for row in found["layers"]["layers"] if row["fate"] == "moves"]
    assert found["moved"]["figures"]["push"] == sum(row["bytes"] for row in moved) > 0
    assert len(moved) < len(found["layers"]["layers"])
    assert not (tmp_path / "store/blobs").exists()


def test_a_lock_that_is_not_there_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    done = lamina("diff", "--locks", "a.toml", "b.toml", store=tmp_path / "store")

    assert (done.code, "no such lock" in done.err) == (2, True)
