"""`lamina check`: budgets of a project as an exit code, with what broke them."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.record import BuildRecord, ImageRecord
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.explain.builds import build as traced_build
from tests.explain.builds import project as traced_project
from tests.history.builds import build as made_build
from tests.history.builds import layer, step, with_steps
from tests.support import toys
from tests.support.tools import LAMINA
from tests.support.toys import Outcome


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "history.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(path))
    return path


def fill(history: Path, *records: BuildRecord) -> None:
    with open_history(str(history)) as opened:
        opened.add(records)


def project(history: Path, budgets: str) -> Path:
    folder = history.parent / "shop"
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "1"\n[tool.lamina.budgets]\n{budgets}\n'
    )
    return folder


def check(history: Path, budgets: str, *words: str) -> Outcome:
    return toys.lamina(
        "check", *words, "--directory", project(history, budgets), store=history.parent / "store"
    )


def of_shop(id_: str, started: float, **members: object) -> BuildRecord:
    return made_build(id_, started, project="shop", engine="native", **members)


def test_a_build_within_its_budgets_is_fine(history: Path) -> None:
    fill(history, of_shop("a", 100.0, seconds=12.0))

    done = check(history, "seconds = 60")

    assert done.code == 0
    assert "kept     build time: 12.0 s, at most 60.0 s allowed" in done.out


def test_a_build_beyond_a_budget_is_1_and_says_which_step(history: Path) -> None:
    slow = with_steps(step("deps", 74.0), project="shop", engine="native", seconds=84.0)
    fill(history, slow)

    done = check(history, 'seconds = 60\nimage-size = "700 MB"')

    assert done.code == 1
    assert "broken   build time: 84.0 s, at most 60.0 s allowed" in done.out
    assert "- 74.0 s  RUN deps" in done.out
    assert "unknown  image size: the size of the image is not known" in done.out


def test_a_broken_budget_is_1_although_nobody_reads_of_it(history: Path) -> None:
    fill(history, of_shop("a", 100.0, seconds=90.0))
    readable, writable = os.pipe()
    os.close(readable)

    done = subprocess.run(
        [*LAMINA, "check", "--directory", project(history, "seconds = 60")],
        stdout=writable, stderr=writable, check=False,
    )  # fmt: skip
    os.close(writable)

    assert done.returncode == 1


def test_the_last_build_of_the_project_is_checked_and_not_one_of_another(history: Path) -> None:
    other = made_build("b", 200.0, project="blog", engine="native", seconds=900.0)
    fill(history, of_shop("a", 100.0, seconds=12.0), other)

    assert check(history, "seconds = 60").code == 0


def of_platforms(id_: str, started: float, *platforms: str) -> BuildRecord:
    """Make a build that takes ten seconds, and whose image has 100 bytes, for each platform."""
    images = tuple(ImageRecord(digest="d", platform=name, size=100) for name in platforms)
    seconds = 10.0 * len(platforms)
    return of_shop(id_, started, platforms=platforms, images=images, seconds=seconds)


def test_a_build_for_one_platform_is_not_held_against_those_for_two(history: Path) -> None:
    """Requests build amd64 and main builds both, so main would double the image each time."""
    both = ("linux/amd64", "linux/arm64")
    main = [of_platforms(f"a{n}", 100.0 + n, *both) for n in range(6)]
    requests = [of_platforms(f"b{n}", 200.0 + n, "linux/amd64") for n in range(6)]
    fill(history, *main, *requests, of_platforms("c", 300.0, *both))

    done = check(history, 'seconds = "median + 3 mad"\ngrowth = "5 %"')

    assert done.code == 0
    assert "at most 22.0 s allowed (the median of the last 6 builds" in done.out
    assert done.out.count("kept") == 2


def test_a_traced_build_is_found_by_its_image(history: Path) -> None:
    traced = made_build("t", 100.0, kind="trace", engine="buildkit", names=("r/shop:1",),
                        seconds=900.0)  # fmt: skip
    fill(history, traced)

    nobody = check(history, "seconds = 60")
    named = check(history, "seconds = 60", "--image", "r/shop")

    assert nobody.code == 2
    assert "the history has no build of project shop" in nobody.err
    assert "--image" in nobody.err
    assert named.code == 1


def test_an_older_build_can_be_checked_against_those_before_it(history: Path) -> None:
    fill(
        history,
        *(of_shop(f"{n:02}aa", 100.0 + n, seconds=10.0) for n in range(6)),
        of_shop("slow", 200.0, seconds=50.0),
        of_shop("fine", 300.0, seconds=10.0),
    )

    assert check(history, 'seconds = "median + 3 mad"').code == 0
    assert check(history, 'seconds = "median + 3 mad"', "previous").code == 1
    assert check(history, 'seconds = "median + 3 mad"', "slow").code == 1


def test_a_branch_can_be_chosen(history: Path) -> None:
    fill(
        history,
        of_shop("a", 100.0, seconds=90.0, branch="main"),
        of_shop("b", 200.0, seconds=1.0, branch="topic"),
    )

    assert check(history, "seconds = 60", "--branch", "main").code == 1


def test_as_json_it_is_for_programs(history: Path) -> None:
    fill(history, of_shop("a", 100.0, seconds=90.0))

    done = check(history, "seconds = 60", "--format", "json")

    found = json.loads(done.out)
    assert (done.code, found["isWithinBudgets"]) == (1, False)
    assert found["budgets"][0]["actual"] == 90.0


def test_on_github_a_broken_budget_is_an_annotation(history: Path) -> None:
    fill(history, of_shop("a", 100.0, seconds=90.0))

    done = check(history, "seconds = 60", "--format", "github")

    assert done.out == "::error title=build time of shop::90.0 s, at most 60.0 s allowed\n"


def test_on_github_an_annotation_says_what_to_do_about_a_miss(
    history: Path, tmp_path: Path
) -> None:
    """In one line, as `lamina explain` does; a smaller image would need something else."""
    files = tmp_path / "files"
    files.mkdir()
    traced_project(files)
    before = traced_build(files, id_="b1", ran="COPY\nRUN")
    (files / "README.md").write_text("read this\n")
    after = traced_build(files, id_="b2", started=2.0, ran="COPY\nRUN")
    image = ImageRecord(digest="sha256:0", size=10**9)
    fill(history, *(replace(one, project="shop", seconds=70.0, images=(image,))
                    for one in (before, after)))  # fmt: skip

    done = check(history, 'seconds = 60\nimage-size = "1 MB"', "--format", "github")

    slow, large = done.out.splitlines()
    assert "%0Atry: `COPY . .` (line 4) stands before `pip install` (line 5)" in slow
    assert "try: " not in large


def test_on_github_nothing_is_said_of_what_is_kept(history: Path) -> None:
    fill(history, of_shop("a", 100.0, seconds=9.0))

    assert check(history, "seconds = 60", "--format", "github").out.strip() == ""


def test_a_project_without_budgets_has_nothing_to_check(history: Path) -> None:
    fill(history, of_shop("a", 100.0))

    done = check(history, "")

    assert done.code == 3
    assert "there are no budgets to check" in done.err


def test_a_budget_that_cannot_be_used_is_told_with_its_line(history: Path) -> None:
    done = check(history, "hit-rate = 80")

    assert done.code == 3
    assert "pyproject.toml, line 5: tool.lamina.budgets.hit-rate" in done.err


def test_real_builds_that_grow_beyond_their_budget_name_the_dependency(
    tmp_path: Path,
) -> None:
    """The second lock of a real project has a wheel that is larger by a megabyte."""
    folder = tmp_path / "project"
    settings = 'exclude = ["*.toml"]\nbudgets = { growth = "10%" }'
    for size in (100_000, 1_100_000):
        wheel = ToyWheel(name="big", version=f"1.{size}", files={"big.bin": _noise(size)})
        locked_project(folder, [wheel], settings=settings)
        built = toys.lamina("build", folder, "-t", "toys:1", store=tmp_path / "store")
        assert built.code == 0, built.err

    done = toys.lamina("check", "--directory", folder, store=tmp_path / "store")

    assert done.code == 1, done.out
    assert "broken   growth: +1.0 MB" in done.out
    assert "big 1.100000 \N{RIGHTWARDS ARROW} 1.1100000" in done.out


def _noise(size: int) -> bytes:
    """Make bytes that do not compress."""
    from random import Random  # noqa: PLC0415

    return Random(7).randbytes(size)


def test_layers_that_are_new_are_named_when_too_little_is_reused(history: Path) -> None:
    one = of_shop("a", 100.0, layers=(layer("a", 90), layer("b", 10)))
    two = of_shop("b", 200.0, layers=(layer("c", 90), layer("b", 10)))
    fill(history, one, two)

    done = check(history, "reuse = 0.5")

    assert done.code == 1
    assert "broken   layer reuse: 10 %, at least 50 % allowed" in done.out
    assert "90 B  layer c" in done.out
