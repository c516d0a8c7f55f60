"""Which files a project gets, beside which others."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lamina.project.ignore import IgnoreRules, read_patterns
from lamina.scaffold.draft import Action, Change
from lamina.scaffold.scaffold import Facts, paths, scaffold
from tests.support.layouts import MAKEFILE

_FACTS = Facts(
    name="shop",
    lock_arguments=" --from requirements.txt -o requirements.lock",
    dockerfiles={"docker/Dockerfile": "FROM x\n"},
    pipelines={".github/workflows/docker.yml": "on: push\n"},
)


def _changes(
    existing: Mapping[str, str] | None = None, facts: Facts = _FACTS, *, is_forced: bool = False
) -> dict[str, Change]:
    found = scaffold(facts, existing or {}, is_forced=is_forced)
    return {change.path: change for change in found}


def _ignored(text: str) -> IgnoreRules:
    return IgnoreRules(read_patterns(text))


def test_a_bare_project_gets_every_file() -> None:
    changes = _changes()

    assert list(changes) == [
        "docker/Dockerfile",
        ".dockerignore",
        "Makefile",
        "scripts/build.sh",
        "scripts/build-prod.sh",
        ".github/workflows/docker.yml",
    ]
    assert {change.action for change in changes.values()} == {Action.CREATE}
    assert [c.path for c in changes.values() if c.is_program] == [
        "scripts/build.sh",
        "scripts/build-prod.sh",
    ]
    assert set(changes) <= set(paths(_FACTS))


def test_a_second_time_nothing_changes() -> None:
    first = {path: change.new for path, change in _changes().items()}

    assert {change.action for change in _changes(first).values()} == {Action.SAME}


def test_somebodys_makefile_gets_one_line_and_keeps_its_targets() -> None:
    changes = _changes({"Makefile": MAKEFILE})

    assert changes["Makefile"].new == f"{MAKEFILE}\ninclude lamina.mk\n"
    targets = re.findall(r"^([a-z-]+):", changes["lamina.mk"].new, re.MULTILINE)
    assert "docker-build" in targets
    assert "docker-size" not in targets  # the Makefile has its own
    again = _changes({path: change.new for path, change in changes.items()})
    assert {change.action for change in again.values()} == {Action.SAME}


def test_force_does_not_touch_somebodys_makefile_either() -> None:
    changes = _changes({"Makefile": MAKEFILE, ".dockerignore": "x\n"}, is_forced=True)

    assert changes["Makefile"].new.startswith(MAKEFILE)
    assert changes[".dockerignore"].action is Action.REPLACE


def test_force_does_not_touch_a_makefile_of_ours_that_was_edited() -> None:
    edited = _changes()["Makefile"].new + "mine:\n\ttrue\n"

    change = _changes({"Makefile": edited}, is_forced=True)["Makefile"]

    assert (change.action, change.new) == (Action.EDITED, edited)


def test_every_target_of_a_rule_counts() -> None:
    makefile = "docker-run \\\n  docker-size: all\ndocker-scan::\n\ttrue\nall:\nIMAGE := a\n"

    included = _changes({"Makefile": makefile})["lamina.mk"].new

    rules = re.findall(r"^([a-z-]+):", included, re.MULTILINE)
    assert {"docker-run", "docker-size", "docker-scan"}.isdisjoint(rules)
    assert "docker-build" in rules


def test_somebodys_variables_and_ours_do_not_meet(tmp_path: Path) -> None:
    """`IMAGE := nginx` was scanned, and `ENGINE := podman` handed to the scripts."""
    theirs = (
        "IMAGE := nginx\nENGINE := podman\nexport IMAGE\nall:\n\techo $(IMAGE) $(ENGINE) $$LAMINA\n"
    )
    for path, change in _changes({"Makefile": theirs}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(change.new)

    def make(*words: str) -> str:
        return subprocess.run(
            ["make", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    assert make("all").splitlines()[-1] == "nginx podman"
    assert make("-n", "docker-scan") == "lamina scan shop:latest\n"
    assert make("-n", "docker-scan", "LAMINA_IMAGE=x:1") == "lamina scan x:1\n"
    assert make("-n", "docker-build", "LAMINA_ENGINE=buildkit") == (
        'LAMINA="lamina" ENGINE="buildkit" ./scripts/build.sh dev shop:dev\n'
    )


def test_a_makefile_of_ours_takes_an_image_by_its_plain_name(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(_changes()["Makefile"].new)

    said = subprocess.run(
        ["make", "-n", "docker-build-prod", "IMAGE=x:1"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip

    assert said == "./scripts/build-prod.sh x:1\n"


def test_the_included_part_works_in_make(tmp_path: Path) -> None:
    for path, change in _changes({"Makefile": MAKEFILE}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(change.new)

    def make(*words: str) -> str:
        done = subprocess.run(
            ["make", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert done.stderr == ""
        return done.stdout

    assert make("-n") == "echo mine\n"
    assert make("-n", "docker-size") == "echo my own\n"
    assert make("-n", "docker-layers", "LAMINA=l") == "l layers shop:latest\n"
    assert make("-n", "docker-lock") == (
        "lamina lock --from requirements.txt -o requirements.lock\n"
    )
    assert "docker-build-prod" in make("help")


def test_no_image_gets_secrets_tests_or_what_makes_it() -> None:
    rules = _ignored(_changes()[".dockerignore"].new)

    names = (".env", "config/server.key", "tests/test_web.py", ".git/config", "docker/Dockerfile",
             "Makefile", ".github/workflows/docker.yml", "scripts/build.sh", "a/__pycache__/b",
             ".venv/bin/python", "mlruns/0/meta.yaml", "db.sqlite3", ".lamina/x")  # fmt: skip
    assert [name for name in names if not rules.ignores(name)] == []


def test_what_a_build_needs_is_not_ignored() -> None:
    rules = _ignored(_changes()[".dockerignore"].new)

    names = ("pyproject.toml", "uv.lock", "requirements.txt", "requirements.lock", "README.md",
             "LICENSE", "src/shop/build/rules.py", "src/shop/docs/page.html", "main.py",
             "scripts/start.py", "static/app.js", "data/small.csv", "shop/dist/x.py")  # fmt: skip
    assert [name for name in names if rules.ignores(name)] == []


def test_requirements_beside_the_dockerfile_stay_in_its_context() -> None:
    texts = {"docker/Dockerfile": "FROM x\n", "docker/requirements.txt": "idna\n"}

    rules = _ignored(_changes(facts=Facts(name="shop", dockerfiles=texts))[".dockerignore"].new)

    assert not rules.ignores("docker/requirements.txt")
    assert rules.ignores("docker/Dockerfile")


def test_nothing_stands_beside_somebody_elses_dockerfile() -> None:
    texts = {"docker/Dockerfile": "FROM x\n", "docker/requirements.txt": "idna\n"}
    facts = Facts(name="shop", dockerfiles=texts)

    kept = _changes({"docker/Dockerfile": "FROM theirs\n"}, facts)

    assert kept["docker/Dockerfile"].action is Action.FOREIGN
    assert "docker/requirements.txt" not in kept
    assert "docker/requirements.txt" in _changes(facts=facts)


def test_no_placeholder_is_left() -> None:
    assert [path for path, change in _changes().items() if "@{" in change.new] == []
