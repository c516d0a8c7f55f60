"""What .dockerignore means is what Docker means by it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ProjectError
from lamina.project.ignore import SAFE_DEFAULTS, IgnoreRules, read_patterns


@pytest.mark.parametrize(
    ("patterns", "ignored", "kept"),
    [
        (["*.csv"], ["a.csv", ".csv"], ["data/a.csv", "a.csvx"]),
        (["**/*.csv"], ["a.csv", "data/a.csv", "a/b/c.csv"], ["a.txt"]),
        (["data"], ["data", "data/a.csv", "data/x/y"], ["database", "x/data"]),
        (["/data/"], ["data/a.csv"], ["x/data/a.csv"]),
        (["./data"], ["data/a.csv"], ["x"]),
        (["data/*"], ["data/a", "data/a/b"], ["data"]),
        (["data/**"], ["data/a", "data/a/b"], ["dat/a"]),
        (["**"], ["a", "a/b"], []),
        (["**/x"], ["x", "a/x", "a/b/x", "a/x/y"], ["ax"]),
        (["**x"], ["x", "a/x", "a/b/x"], ["ax", "a/bx"]),
        (["a/**/b"], ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        (["a**/b"], ["ab", "ax/b", "a/x/b"], ["b", "axb"]),
        (["a?c"], ["abc"], ["a/c"]),
        (["[a-c].py"], ["a.py", "c.py"], ["d.py"]),
        (["[^a-c].py"], ["d.py"], ["a.py", "/.py"]),
        (["a\\*b"], ["a*b"], ["axb"]),
        (["a.b"], ["a.b"], ["axb"]),
        (["a+b(c)"], ["a+b(c)"], ["aab(c)", "aabc"]),
        (["[a&&~|#].py"], ["&.py", "~.py", "a.py"], ["b.py"]),
        (["[", "x]"], ["[", "x]"], ["x"]),
        (["x[!-~]y"], ["x.y"], ["x/y"]),
        (["*", "!src", "src/*.log"], ["a", "src/x.log"], ["src/a.py", "src"]),
        (["*.md", "!README.md"], ["x.md"], ["README.md"]),
        (["!README.md", "*.md"], ["README.md"], []),
        (["a//b", "c/./d", "e/../f"], ["a/b", "c/d", "f"], ["e"]),
        ([".", "./", "/", "!", ""], [], ["a", "a/b"]),
        (["é"], ["é"], ["e"]),
    ],
)
def test_patterns_mean_what_they_mean_to_docker(
    patterns: list[str], ignored: list[str], kept: list[str]
) -> None:
    rules = IgnoreRules(patterns)

    assert [path for path in ignored if not rules.ignores(path)] == []
    assert [path for path in kept if rules.ignores(path)] == []


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "a/.env.production",
        ".git/config",
        ".ssh/id_ed25519",
        "deploy/server.pem",
        ".aws/credentials",
        "pkg/__pycache__/x.pyc",
        ".venv/bin/python",
    ],
)
def test_secrets_and_caches_stay_out_unless_they_are_let_in(path: str) -> None:
    assert IgnoreRules(SAFE_DEFAULTS).ignores(path)
    assert not IgnoreRules([*SAFE_DEFAULTS, f"!{path}"]).ignores(path)


def test_a_file_of_patterns_has_comments_blank_lines_and_any_line_ends() -> None:
    text = "\ufeff# data\r\n\r\n  *.csv  \n!keep.csv\n#no"

    assert read_patterns(text) == ("*.csv", "!keep.csv")


@pytest.mark.parametrize("pattern", ["[z-a]", "[a--b]"])
def test_a_pattern_that_means_nothing_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(ProjectError, match=re.escape(repr(pattern))):
        IgnoreRules(["*.csv", pattern])


_NAMES = st.text(alphabet="ab.", min_size=1, max_size=3)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_WORDS = st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[^a]", "**", "\\*"])
_PARTS = st.one_of(
    st.just("**"),
    st.lists(_WORDS, min_size=1, max_size=3).map("".join).filter(lambda t: "**" not in t),
)
_PATTERNS = st.lists(_PARTS, min_size=1, max_size=3).map("/".join)


@given(
    rules=st.lists(st.tuples(st.booleans(), _PATTERNS), max_size=4),
    path=_PATHS.filter(lambda path: not {".", ".."} & set(path.split("/"))),
)
def test_rules_agree_with_a_simple_oracle(rules: list[tuple[bool, str]], path: str) -> None:
    rules = [rule for rule in rules if not {".", ".."} & set(rule[1].split("/"))]
    lines = [f"!{pattern}" if keeps else pattern for keeps, pattern in rules]
    parents = [path.split("/")[: n + 1] for n in range(path.count("/") + 1)]

    expected = False
    for keeps, pattern in rules:
        if any(_oracle(pattern.split("/"), parent) for parent in parents):
            expected = not keeps

    assert IgnoreRules(lines).ignores(path) == expected


def _oracle(pattern: list[str], path: list[str]) -> bool:
    """Match part by part; ``**`` takes any number of parts, and at the end at least one."""
    if not pattern:
        return not path
    if pattern == ["**"]:
        return bool(path)
    if pattern[0] == "**":
        return any(_oracle(pattern[1:], path[n:]) for n in range(len(path) + 1))
    return bool(path) and _part(pattern[0], path[0]) and _oracle(pattern[1:], path[1:])


def _part(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_part(pattern[1:], name[n:]) for n in range(len(name) + 1))
    for word, fits in (
        ("[ab]", lambda c: c in "ab"),
        ("[^a]", lambda c: c != "a"),
        ("\\*", lambda c: c == "*"),
        ("?", lambda _: True),
        (pattern[0], lambda c: c == pattern[0]),
    ):
        if pattern.startswith(word):
            return bool(name) and fits(name[0]) and _part(pattern[len(word) :], name[1:])
    raise AssertionError(pattern)


@given(st.text(alphabet="ab*?[]^!-\\/. \n#~&|", max_size=20))
def test_any_text_is_patterns_or_is_refused(text: str) -> None:
    try:
        rules = IgnoreRules(read_patterns(text))
    except ProjectError:
        return

    assert rules.ignores("a/b") in {True, False}


_PARTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)
_PATTERN_PARTS = st.lists(
    st.sampled_from(["a", "b", "ab", "*", "**", "a*", "**b", "?", "[ab]", "\\a"]),
    min_size=1, max_size=3,
).map("/".join)  # fmt: skip


@given(
    patterns=st.lists(st.tuples(st.sampled_from(["", "!", "!/"]), _PATTERN_PARTS).map("".join)),
    path=_PARTS,
)
def test_no_folder_is_skipped_below_which_something_is_let_in(
    patterns: list[str], path: str
) -> None:
    rules = IgnoreRules(patterns)

    above = [path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)]

    if not rules.ignores(path):
        assert all(rules.leads_to_kept(folder) for folder in above if rules.ignores(folder))


def test_an_exception_elsewhere_does_not_open_a_folder() -> None:
    """Every file of an environment was looked at because the program's package is let in."""
    rules = IgnoreRules([".venv", "docs", "!/src/shop", "!/docs/README.md"])

    folders = (".venv", ".venv/lib", "docs", "docs/x", "src")
    assert [folder for folder in folders if rules.leads_to_kept(folder)] == ["docs", "src"]
