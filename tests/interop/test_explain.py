"""The model of BuildKit's cache, against a real engine: one change at a time, and what it ran."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.explain.bases import base_from_inspect, merges
from lamina.explain.cause import explain
from lamina.explain.compare import Verdict, compare
from lamina.explain.explanation import Cause, Explanation
from lamina.explain.fingerprint import (
    Fingerprint,
    fingerprint_from_json,
    fingerprint_to_json,
)
from lamina.explain.join import join
from lamina.explain.model import model
from lamina.history.fold import Header
from lamina.history.record import BuildRecord
from lamina.trace.detect import read_builds
from lamina.trace.fold import fold_solve
from tests.explain.cases import CASES, Case, Folder, both, edit
from tests.explain.project import fingerprint, start, text_of, words
from tests.support import docker_engine
from tests.support.docker_engine import Docker
from tests.support.tools import LAMINA

_PROGRAMS = ("dash", "cat", "true")


@contextmanager
def _engine(kind: docker_engine.Kind, factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run an engine with a base of this machine's own programs."""
    if not docker_engine.is_there(kind):
        pytest.skip(f"{kind} is not unpacked, or may not be started: run `make tools` as root")
    folder = factory.mktemp("explain-engine")
    with docker_engine.docker_engine(kind, folder) as docker:
        docker("import", _rootfs(folder), "rootfs:1")
        yield docker
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run one engine for the whole table."""
    with _engine("docker-modern", tmp_path_factory) as docker:
        yield docker


@pytest.fixture(scope="module")
def merging_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run one that keeps images in containerd's store, where layers can be merged."""
    with _engine("docker-modern-containerd", tmp_path_factory) as docker:
        yield docker


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_engine_runs_what_the_model_says(engine: Docker, tmp_path: Path, case: Case) -> None:
    """The engine ran the steps of the table; the model foresaw them, and blames the change."""
    _check(engine, tmp_path, case, case.reruns)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.merged is not None], ids=lambda case: case.name
)
def test_an_engine_that_merges_layers_keeps_what_is_linked(
    merging_engine: Docker, tmp_path: Path, case: Case
) -> None:
    assert case.merged is not None

    _check(merging_engine, tmp_path, case, case.merged)


def test_more_than_nine_steps_are_told_apart(engine: Docker, tmp_path: Path) -> None:
    """Builders pad the numbers of steps then, and print them in an order of their own."""
    rows = "".join(f"RUN true {number}\n" for number in range(12))
    case = Case(
        name="long",
        dockerfile=f"FROM tiny:1 AS long\nWORKDIR /w\n{rows}",
        change=lambda folder: folder.replace("true 9\n", "true  9\n"),
    )
    _base(engine, tmp_path, case)
    folder = start(tmp_path, case)
    before = _built(engine, folder)
    case.change(folder)

    found = explain(_built(engine, folder), before)

    assert [(miss.name, miss.line) for miss in found.misses] == [
        ("RUN true 9", 12), ("RUN true 10", 13), ("RUN true 11", 14),
    ]  # fmt: skip
    assert [bool(miss.causes) for miss in found.misses] == [True, False, False]


def test_each_platform_has_steps_of_its_own(merging_engine: Docker, tmp_path: Path) -> None:
    case = Case(
        name="platforms",
        dockerfile="FROM scratch\nARG TARGETARCH\nCOPY src/$TARGETARCH /src\nCOPY x.cfg /\n",
        before=both(edit("src/amd64/f"), edit("src/arm64/f")),
        change=edit("src/arm64/f", "another"),
    )
    folder = start(tmp_path, case)
    folder.options.extend(["--platform", "linux/amd64,linux/arm64"])
    before = _built(merging_engine, folder)
    case.change(folder)
    after = _built(merging_engine, folder)

    found = explain(after, before)

    assert _wrong(before, after) == []
    assert [(m.platform, m.name) for m in found.misses] == [
        ("linux/arm64", "COPY src/$TARGETARCH /src"), ("linux/arm64", "COPY x.cfg /"),
    ]  # fmt: skip
    assert [cause.name for cause in found.roots[0].causes] == ["src/arm64/f"]


@pytest.mark.parametrize(
    ("change", "runs"), [("LABEL a=b", False), ("ENV A=b", True), ("COPY salt /more", True)]
)
def test_of_a_base_layers_and_variables_count(
    engine: Docker,
    tmp_path: Path,
    change: str,
    runs: bool,  # noqa: FBT001 - a row
) -> None:
    """The engine tells what its bases are; a label more does not make another base of one."""
    case = Case(name=change, change=lambda _: None)
    _base(engine, tmp_path, case)
    folder = start(tmp_path, case)
    before = _with_base(engine, _built(engine, folder))
    dockerfile = tmp_path / "base/Dockerfile"
    dockerfile.write_text(f"{dockerfile.read_text()}{change}\n")
    engine("build", "--quiet", "--tag", "tiny:1", tmp_path / "base")
    after = _with_base(engine, _built(engine, folder))

    found = explain(after, before)

    assert _wrong(before, after) == []
    assert bool(found.misses) == runs
    assert all("tiny" in c.text or "base" in c.text or "ENV A" in c.text for c in _causes(found))


def test_a_cache_that_lacks_a_step_is_blamed_itself(merging_engine: Docker, tmp_path: Path) -> None:
    """A cache of ``mode=min`` has nothing of the first stage; nothing that it depends on moved."""
    case = Case(name="min", change=lambda folder: folder.replace("WORKDIR /app", "WORKDIR /a"))
    _base(merging_engine, tmp_path, case)
    folder = start(tmp_path, case)
    cache = tmp_path / "cache"
    folder.options[:] = ["--cache-to", f"type=local,dest={cache},mode=min"]
    before = _built(merging_engine, folder)
    merging_engine("builder", "prune", "--all", "--force")
    folder.options[:] = ["--cache-from", f"type=local,src={cache}"]
    case.change(folder)

    found = explain(_built(merging_engine, folder), before)

    by_name = {miss.name: [cause.kind for cause in miss.causes] for miss in found.misses}
    assert by_name["WORKDIR /a"] == ["value"]
    assert by_name["RUN cat requirements.txt > /deps"] == ["cache"]


def test_a_traced_build_is_explained(engine: Docker, tmp_path: Path) -> None:
    """From the command line to the file's name, through the history."""
    case = Case(name="traced", change=lambda folder: folder.write("src/a.py", "other"))
    _base(engine, tmp_path, case)
    folder = start(tmp_path, case)
    environment = {
        **engine.environment,
        "LAMINA_HISTORY": str(tmp_path / "history.db"),
        "PATH": f"{engine.program.parent}:{os.environ['PATH']}",
    }

    def lamina(*words: str) -> str:
        done = subprocess.run(
            [*LAMINA, *words], check=True, capture_output=True, text=True, env=environment,
            cwd=folder.path,
        )  # fmt: skip
        return done.stdout

    for _ in range(2):
        lamina("trace", "--", "docker", "build", "--network", "none", "-t", "traced:1", ".")
        case.change(folder)
    folder.write("src/a.py", "another")

    found = json.loads(lamina("explain", "--format", "json"))
    (forecast,) = json.loads(lamina("what-if", "src/a.py", "--format", "json"))

    assert [cause["name"] for cause in found["misses"][0]["causes"]] == ["src/a.py"]
    assert found["misses"][0]["name"] == "COPY src src"
    assert len(found["misses"]) == 4
    assert [run["name"] for run in forecast["reruns"]] == [m["name"] for m in found["misses"]]
    assert all(run["seconds"] is not None for run in forecast["reruns"])


def _causes(found: Explanation) -> list[Cause]:
    return [cause for miss in found.misses for cause in miss.causes]


def _with_base(engine: Docker, record: BuildRecord) -> BuildRecord:
    """Keep what the engine says of the base, as ``lamina trace`` does after a build."""
    base = base_from_inspect(engine("image", "inspect", "--format", "{{json .}}", "tiny:1"))
    assert base is not None
    found = replace(_fingerprint_of(record), bases={"tiny:1": base})
    return replace(record, fingerprint=fingerprint_to_json(found))


def _check(engine: Docker, path: Path, case: Case, reruns: tuple[str, ...]) -> None:
    _base(engine, path, case)
    folder = start(path, case)
    before = _built(engine, folder)
    case.change(folder)
    after = _built(engine, folder)
    ran = {step.text for step in after.steps if step.is_miss}
    shown = [step.text for step in after.steps if step.is_cacheable]
    assert ran == {text for text in shown if reruns and text.startswith(reruns)}
    assert _wrong(before, after) == []
    if case.blames and reruns:
        root = explain(after, before).roots[0]
        told = [f"{cause.name} {cause.text} {root.name}" for cause in root.causes]
        assert any(case.blames in text for text in told)


def _wrong(before: BuildRecord, after: BuildRecord) -> list[str]:
    """List the steps that the model is sure of, and wrong about."""
    can = merges(before, after)
    old, new = (model(replace(_fingerprint_of(x), merges=can)) for x in (before, after))
    reported = join(new, after)
    judged = [one for one in compare(old, new) if one.step.keyword != "FROM"]
    assert {one.step.id for one in judged} == set(reported)
    surely = {Verdict.SAME: False, Verdict.CHANGED: True, Verdict.BELOW: True}
    return [
        text_of(one.step.text)
        for one in judged
        if one.verdict in surely and surely[one.verdict] != reported[one.step.id].is_miss
    ]


def _fingerprint_of(record: BuildRecord) -> Fingerprint:
    found = fingerprint_from_json(record.fingerprint)
    assert found is not None
    return found


def _built(engine: Docker, folder: Folder) -> BuildRecord:
    """Build without network, whose bridge these engines have not, and keep what was said."""
    network = [] if "--network" in folder.options else ["--network", "none"]
    found = fingerprint(folder)
    done = engine.attempt("build", "--progress=rawjson", *network, *words(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = read_builds(done.stderr.splitlines())
    record = fold_solve(Header(id=os.urandom(8).hex(), kind="trace"), built.solve, started=0.0)
    return replace(record, fingerprint=fingerprint_to_json(found))


def _base(engine: Docker, folder: Path, case: Case) -> None:
    """Give the case a base of its own, so that no other case fills its cache."""
    context = folder / "base"
    context.mkdir()
    (context / "salt").write_text(f"{case.name} {os.urandom(8).hex()}")
    (context / "Dockerfile").write_text("FROM rootfs:1\nCOPY salt /\n")
    engine("build", "--quiet", "--tag", "tiny:1", context)


def _rootfs(folder: Path) -> Path:
    """Pack a shell and two programs of this machine, with the libraries that they need."""
    root = folder / "root"
    for name in _PROGRAMS:
        program = Path(shutil.which(name) or f"/bin/{name}").resolve()
        _copy(program, root / "bin" / name)
        for word in subprocess.run(
            ["ldd", program], check=True, capture_output=True, text=True
        ).stdout.split():
            if word.startswith("/"):
                _copy(Path(word), root / word.lstrip("/"))
    (root / "bin/sh").symlink_to("dash")
    for name in ("tmp", "etc", "proc", "dev", "sys"):
        (root / name).mkdir()
    (root / "etc/passwd").write_text("nobody:x:65534:65534:nobody:/:/bin/sh\n")
    (root / "etc/group").write_text("nobody:x:65534:\n")
    tarball = folder / "rootfs.tar"
    subprocess.run(["tar", "-C", root, "-cf", tarball, "."], check=True)
    return tarball


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
