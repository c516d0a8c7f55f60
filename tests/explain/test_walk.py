"""The context as a builder is sent it, and how little of it is read twice."""

import os
from pathlib import Path

import pytest

from lamina.explain.context import Context, Entry, Selection, context_from_text, context_to_text
from lamina.explain.stat_cache import StatCache, short_digest
from lamina.explain.walk import read_rules, walk


def _files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def _walk(root: Path, selection: Selection | None = None) -> Context:
    rules = read_rules(root, root / "Dockerfile")
    return walk(root, rules, StatCache(None, now=0), lambda: False, selection or Selection())


def _paths(context: Context) -> list[str]:
    return [entry.path for entry in context.entries]


def test_files_folders_and_links_are_listed(tmp_path: Path) -> None:
    _files(tmp_path, "a/b")
    (tmp_path / "a/b").chmod(0o640)
    (tmp_path / "l").symlink_to("a/b")

    found = _walk(tmp_path)

    assert [(e.path, e.kind, e.mode) for e in found.entries][1:] == [
        ("a/b", "f", 0o640), ("l", "l", 0o777),
    ]  # fmt: skip
    assert found.entries[1].digest == short_digest(b"a/b")
    assert found.entries[2].digest == short_digest(b"a/b")
    assert found.is_whole


def test_what_is_ignored_is_not_sent(tmp_path: Path) -> None:
    _files(tmp_path, "a.log", "keep.log", "d/x", "d/e/y", ".git/HEAD")
    (tmp_path / ".dockerignore").write_text("# logs\n*.log\n!keep.log\nd\n!d/e\n")

    found = _paths(_walk(tmp_path))

    assert found == [".dockerignore", ".git", ".git/HEAD", "d", "d/e", "d/e/y", "keep.log"]


def test_a_dockerfiles_own_rules_come_first(tmp_path: Path) -> None:
    _files(tmp_path, "a", "b")
    (tmp_path / ".dockerignore").write_text("a\n*ignore\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n*ignore\n")

    assert _paths(_walk(tmp_path)) == ["a"]


@pytest.mark.parametrize(
    ("sources", "taken"),
    [
        (("src",), ["src", "src/a.py", "src/pkg", "src/pkg/b.py"]),
        (("./src/*.py",), ["src/a.py"]),
        (("src/pkg/", "x.cfg"), ["src/pkg", "src/pkg/b.py", "x.cfg"]),
        (("?.c[fg]g",), ["x.cfg"]),
        (("nothing",), []),
    ],
)
def test_only_what_some_step_takes_is_read(
    tmp_path: Path, sources: tuple[str, ...], taken: list[str]
) -> None:
    _files(tmp_path, "src/a.py", "src/pkg/b.py", "x.cfg", "README.md")

    assert _paths(_walk(tmp_path, Selection(sources=sources))) == taken


def test_excluded_files_are_not_taken(tmp_path: Path) -> None:
    _files(tmp_path, "src/a.py", "src/b.md", "src/d/c.md")

    found = _walk(tmp_path).selected(["src"], exclude=["**/*.md"])

    assert [entry.path for entry in found] == ["src", "src/a.py", "src/d"]


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    """The size, both times and the inode vouch for the digest; any of them may not."""
    root, memory = tmp_path / "root", tmp_path / "memory.json"
    _files(root, "a")
    before = _remembered(root, memory)
    data = memory.read_text()
    memory.chmod(0o644)
    memory.write_text(data.replace(before, "f" * 16))

    assert _remembered(root, memory) == "f" * 16
    (root / "a").write_text("b")
    assert _remembered(root, memory) == short_digest(b"b")


def test_a_file_that_may_still_change_is_not_remembered(tmp_path: Path) -> None:
    root, memory = tmp_path / "root", tmp_path / "memory.json"
    _files(root, "a")
    now = (root / "a").stat().st_mtime + 1

    walk(root, read_rules(root, root), StatCache(memory, now=now), lambda: False)

    assert not memory.exists()


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    root, memory = tmp_path / "root", tmp_path / "memory.json"
    _files(root, "a")
    for text in ("{", "[]", '{"a": 1}', '{"a": [1]}'):
        memory.unlink(missing_ok=True)
        memory.write_text(text)
        assert _remembered(root, memory) == short_digest(b"a")


def _remembered(root: Path, memory: Path) -> str:
    later = (root / "a").stat().st_ctime + 60
    found = walk(root, read_rules(root, root), StatCache(memory, now=later), lambda: False)
    return found.entries[0].digest


def test_what_was_not_read_in_time_has_no_digest(tmp_path: Path) -> None:
    _files(tmp_path, "a")

    found = walk(tmp_path, read_rules(tmp_path, tmp_path), StatCache(None, now=0), lambda: True)

    assert found.entries[0].digest == ""
    assert not found.is_whole


def test_a_folder_that_is_not_there_is_an_empty_context(tmp_path: Path) -> None:
    found = _walk(tmp_path / "nowhere")

    assert found == Context(is_whole=False)


def test_a_context_is_written_and_read_back() -> None:
    context = Context(
        entries=(
            Entry(path="a\nb c", kind="f", mode=0o644, size=3, digest="ab12", attributes="cd"),
            Entry(path="d", kind="d", mode=0o755),
            Entry(path="n\udcff", kind="l", mode=0o777, digest="12"),
        ),
        is_whole=False,
    )

    assert context_from_text(context_to_text(context), is_whole=False) == context


def test_extended_attributes_are_seen(tmp_path: Path) -> None:
    _files(tmp_path, "a")
    before = _walk(tmp_path)
    os.setxattr(tmp_path / "a", "user.note", b"1")

    assert _walk(tmp_path) != before


def test_one_huge_file_is_given_up_when_it_is_late(tmp_path: Path) -> None:
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(1 << 40)
    looks = iter([False] * 3)

    found = walk(
        tmp_path, read_rules(tmp_path, tmp_path), StatCache(None, now=0), lambda: next(looks, True)
    )

    assert [(entry.path, entry.digest) for entry in found.entries] == [("model.bin", "")]
    assert not found.is_whole
