"""A new lock does not hold the project itself, and nothing that a build could not read."""

from pathlib import Path

import pytest

from lamina.errors import LockError
from lamina.lock.own_line import NewLock, without_project

IDNA = f"idna==3.20 \\\n    --hash=sha256:{'a' * 64}\n"


def cleaned(text: str, *, start: str = "/shop") -> NewLock:
    return without_project(text, project=Path("/shop"), start=Path(start), name="lock.txt")


@pytest.mark.parametrize(
    "line",
    ["-e .", "--editable=.", "-e .[test]", "-e ./ ; python_version > '3'", ".", "./", "-e /shop",
     "-e file:///shop", "-e ../shop", "shop @ file:///shop", "shop[test] @ file:///shop", "/shop"],
)  # fmt: skip
def test_the_projects_own_line_is_left_out(line: str) -> None:
    assert cleaned(f"{line}\n{IDNA}") == NewLock(text=IDNA, left_out=(line,))


def test_paths_are_relative_to_the_list() -> None:
    assert cleaned(f"-e ..\n{IDNA}", start="/shop/requirements").left_out == ("-e ..",)


@pytest.mark.parametrize(
    "line",
    ["-e ./lib", "./lib", "-e lib", "lib @ file:///other/lib", "-e git+ssh://git@forge.example/a",
     "a @ git+https://forge.example/a@0123", "/other"],
)  # fmt: skip
def test_another_folder_is_refused_by_name(line: str) -> None:
    """A lock with such a line would be refused by the build that reads it."""
    with pytest.raises(LockError) as caught:
        cleaned(f"{line}\n{IDNA}")

    assert len(caught.value.problems) == 1
    assert line.split("@", maxsplit=1)[0].strip() in caught.value.problems[0]


def test_a_lock_of_distributions_stays_as_it_is() -> None:
    text = f"--index-url https://mirror.example/simple\n# why\n{IDNA}"

    assert cleaned(text) == NewLock(text=text)
