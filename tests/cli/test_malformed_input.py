"""Whatever is wrong with a project is said with its file and line, and nothing is written."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.testing.projects import locked_project, pylock, tree_digest
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina

HASH = "sha256:" + "a" * 64


def build(folder: Path, command: str = "build") -> Outcome:
    """Build the project in ``folder`` to a layout, and check that no failure leaves a trace."""
    output = folder.parent / "out"
    words = ["--platform", "linux/amd64", "--offline"]
    words += ["-o", f"oci:{output}"] if command == "build" else []
    done = lamina(command, folder, *words, store=folder.parent / "store")
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    if done.code:
        assert done.out == ""
        assert done.err.count("error: ") == 1
        assert not output.exists()
    return done


def project(folder: Path, **files: str | bytes) -> Path:
    root = folder / "project"
    root.mkdir()
    for name, content in files.items():
        path = root / {"pyproject": "pyproject.toml", "pylock": "pylock.toml"}.get(
            name, f"{name}.txt"
        )
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


WINDOWS = LockedWheel(
    name="a",
    version="1",
    filename="a-1-cp27-cp27m-win32.whl",
    digest=Digest.of(b""),
    size=1,
    url="https://x.example/a-1-cp27-cp27m-win32.whl",
)
SCRATCH = '[tool.lamina]\nbase = "scratch"\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            '[tool.lamina]\nbas = "scratch"\nport = "8000"\n',
            [
                "error: 2 of the settings cannot be used",
                "  - pyproject.toml, line 2: tool.lamina.bas: unknown setting, did you mean",
                "  - pyproject.toml, line 3: tool.lamina.port: expected a port, got '8000'",
            ],
        ),
        ("a = \n", ["error: not valid TOML: Invalid value (at line 1, column 5)"]),
        (
            SCRATCH + "[project]\nname = 'x'\ndependencies = ['a ==']\n",
            ["error: the dependencies cannot be read", "  - pyproject.toml, line 5: 'a =='"],
        ),
        (
            SCRATCH + "[project]\nname = 'x'\nrequires-python = 'new'\n",
            ["error: 'new' is not a list of versions", "  in: pyproject.toml, line 5"],
        ),
        (
            SCRATCH + "[project]\nname = 'x'\nrequires-python = '<3.4'\n",
            ["error: scratch carries Python", "  in: pyproject.toml, project.requires-python"],
        ),
        (SCRATCH + "healthcheck = '/x'\n", ["error: a health check needs to know the port"]),
        (SCRATCH + "include = ['nothing']\n", ["error: 'nothing' matches no file"]),
        (SCRATCH + "include = ['../x']\n", ["error: '../x' leaves the project"]),
        (SCRATCH + "exclude = ['[z-a]']\n", ["error: '[z-a]' in a pattern is not a class"]),
        (SCRATCH + "python = '3.5'\n", ["error: scratch carries Python"]),
        (SCRATCH + "requirements = 'x.txt'\n", ["error: x.txt does not exist"]),
    ],
)
def test_a_malformed_pyproject_is_refused(tmp_path: Path, text: str, lines: list[str]) -> None:
    root = project(tmp_path, pyproject=text)

    done = build(root)

    assert done.code == 3
    shown = [line for line in done.err.splitlines() if line.startswith(("error", "  "))]
    for wanted in lines:
        assert any(line.startswith(wanted) for line in shown), shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            f"a==1 --hash={HASH}\n\nb\nc==\n",
            ["error: 1 lines of requirements.txt cannot be read", "  - requirements.txt, line 4: "],
        ),
        (
            f"a==1 --hash={HASH}\n\nb\n",
            [
                "error: some requirements have a version and hashes, and others do not",
                "  - requirements.txt, line 3: b is not pinned by hash",
            ],
        ),
        (b"a\n\xff", ["error: the file is not UTF-8", "  in: requirements.txt, byte 2"]),
        ("-r other.txt\n", ["  - requirements.txt, line 1: the option '-r' is not supported"]),
        ("a\x1b[2Jb\n", ["  - requirements.txt, line 1: "]),
    ],
)
def test_malformed_requirements_are_refused(
    tmp_path: Path, text: str | bytes, lines: list[str]
) -> None:
    done = build(project(tmp_path, pyproject=SCRATCH, requirements=text))

    assert done.code == 3
    for wanted in lines:
        assert any(line.startswith(wanted) for line in done.err.splitlines()), done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = \n", ["error: not valid TOML: Invalid value (at line 1, column 5)"]),
        ("", ["error: not a valid lock: Missing required value in 'lock-version'"]),
        (
            pylock([]).replace("packages = []", "packages = 5"),
            ["error: not a valid lock: Unexpected type int"],
        ),
        (
            pylock([WINDOWS]),
            [
                "error: the lock does not fit linux/amd64",
                "  - pylock.toml, packages[0]: no wheel of a 1 fits linux/amd64",
                "  try: lock again for this platform",
            ],
        ),
    ],
)
def test_a_malformed_lock_is_refused(tmp_path: Path, text: str, lines: list[str]) -> None:
    done = build(project(tmp_path, pyproject=SCRATCH, pylock=text))

    assert done.code == 3
    assert "pylock.toml" in done.err
    for wanted in lines:
        assert any(line.startswith(wanted) for line in done.err.splitlines()), done.err


@pytest.mark.parametrize("command", ["build", "plan"])
def test_a_folder_without_a_project_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()

    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        assert build(folder, command).code == 3


def test_a_broken_base_layout_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, pyproject='[tool.lamina]\nbase = "oci:base"\n')
    (root / "base").mkdir()
    (root / "base/index.json").write_text("{")

    done = build(root)

    assert done.code == 3
    assert "not valid JSON" in done.err


def test_a_secret_beside_the_code_stays_out(tmp_path: Path) -> None:
    root = project(tmp_path, pyproject=SCRATCH)
    (root / "app.py").write_text("print(1)\n")
    (root / ".env").write_text("PASSWORD=canary\n")
    before = tree_digest(root)

    assert build(root).code == 0
    found = [
        p for p in (tmp_path / "out").rglob("*") if p.is_file() and b"canary" in p.read_bytes()
    ]

    assert found == []
    assert tree_digest(root) == before  # a build leaves the project as it is


_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["pyproject.toml", "pylock.toml"]),
        st.integers(0, 400),
        st.integers(0, 12),
        st.sampled_from(
            [
                b"",
                b"\xff",
                b'"',
                b"\n",
                b"[",
                b"{",
                b"= 1",
                b"\0",
                b"'",
                b"#",
                b"-1",
                b"\xef\xbb\xbf",
            ]
        ),
    ),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=_EDITS)
def test_any_damage_to_a_projects_files_is_an_error_or_a_build(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, int, int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    root = locked_project(folder / "project", [ToyWheel()], settings='include = ["*.toml"]')
    for name, at, length, new in edits:
        data = (root / name).read_bytes()
        (root / name).write_bytes(data[:at] + new + data[at + length :])

    done = build(root)

    assert done.code in {0, 2, 3, 4}, done.err
