"""Earlier texts of every kind of lock say what they pinned."""

import json

import pytest

from lamina.errors import LockError
from lamina.lock.past import Pin, PinnedFile, past_pins
from lamina.lock.target import Target
from lamina.oci.platform import Platform

TARGET = Target(
    platform=Platform.parse("linux/amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64

REQUIREMENTS = f"""\
# a comment
--index-url https://index.example/simple
Py_YAML[all]==6.0 \\
    --hash={A} \\
    --hash={B}
pywin32==1.0 ; sys_platform == "win32" --hash={A}
psutil==5.9 ; platform_machine == "x86_64" --hash={A}
psutil==6.0 ; platform_machine == "aarch64" --hash={B}
"""
PYLOCK = f"""\
lock-version = "1.0"
default-groups = ["main"]

[[packages]]
name = "py-yaml"
version = "6.0"
wheels = [
  {{ url = "https://e.example/py_yaml-6.0-py3-none-any.whl", size = 10, hashes = {{ sha256 = "{A[7:]}" }} }},
]
sdist = {{ name = "py_yaml-6.0.tar.gz", size = 20, hashes = {{ sha256 = "{B[7:]}" }} }}

[[packages]]
name = "pywin32"
version = "1.0"
marker = "sys_platform == 'win32'"

[[packages]]
name = "pytest"
version = "8"
marker = "'dev' in dependency_groups"

[[packages]]
name = "psutil"
version = "5.9"
marker = "'main' in dependency_groups"
"""  # noqa: E501 - a table is one line
UV = f"""\
version = 1
[[package]]
name = "app"
version = "0.1"
source = {{ editable = "." }}

[[package]]
name = "py-yaml"
version = "6.0"
sdist = {{ url = "https://e.example/py_yaml-6.0.tar.gz", hash = "{B}", size = 20 }}
wheels = [{{ url = "https://e.example/py_yaml-6.0-py3-none-any.whl", hash = "{A}", size = 10 }}]
"""
POETRY = f"""\
[[package]]
name = "Py-YAML"
version = "6.0"
files = [
  {{ file = "py_yaml-6.0-py3-none-any.whl", hash = "{A}" }},
  {{ file = "py_yaml-6.0.tar.gz", hash = "{B}" }},
]
"""
PIPFILE = json.dumps(
    {"default": {"py_yaml": {"version": "==6.0", "hashes": [A, B]}}, "develop": {"x": {}}}
)


def codes(pin: Pin) -> list[str]:
    return sorted(file.code for file in pin.files)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", REQUIREMENTS),
        ("pylock.toml", PYLOCK),
        ("uv.lock", UV),
        ("poetry.lock", POETRY),
        ("pdm.lock", POETRY),
        ("Pipfile.lock", PIPFILE),
    ],
)
def test_every_kind_of_lock_pins_versions_and_hashes(name: str, text: str) -> None:
    pin = past_pins(text, TARGET, name=name)["py-yaml"]

    assert (pin.version, codes(pin)) == ("6.0", [A, B])


def test_what_is_for_other_machines_or_other_groups_is_not_there() -> None:
    listed = past_pins(REQUIREMENTS, TARGET, name="requirements.txt")
    locked = past_pins(PYLOCK, TARGET, name="pylock.toml")

    assert {name: pin.version for name, pin in listed.items()} == {
        "py-yaml": "6.0",
        "psutil": "5.9",
    }
    assert sorted(locked) == ["psutil", "py-yaml"]


@pytest.mark.parametrize(("name", "text"), [("pylock.toml", PYLOCK), ("uv.lock", UV)])
def test_sizes_are_those_that_the_lock_says(name: str, text: str) -> None:
    pin = past_pins(text, TARGET, name=name)["py-yaml"]

    assert {file.name: file.size for file in pin.files} == {
        "py_yaml-6.0-py3-none-any.whl": 10,
        "py_yaml-6.0.tar.gz": 20,
    }


def test_a_line_that_pins_nothing_is_left_out() -> None:
    assert past_pins("torch\nnumpy==2.0\n", TARGET, name="requirements.txt") == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "??"),
        ("requirements.txt", "\ufffd\x00"),
        ("pylock.toml", "<<<<<<< HEAD"),
        ("pylock.toml", "x = " + "9" * 5000),
        ("pylock.toml", '[[packages]]\nname = "a"\nmarker = "?"'),
        ("pylock.toml", '[[packages]]\nname = "a"\nmarker = "nonsense == \'1\'"'),
        ("Pipfile.lock", "{"),
        ("Pipfile.lock", "[" * 100_000),
    ],
)
def test_a_text_that_is_no_lock_is_an_error_of_ours(name: str, text: str) -> None:
    with pytest.raises(LockError):
        past_pins(text, TARGET, name=name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pylock.toml", "packages = 1"),
        ("pylock.toml", "packages = [1, {name = 2}]"),
        ("pylock.toml", '[[packages]]\nname = "a"\nwheels = [1]\nsdist = 1'),
        ("Pipfile.lock", "1"),
        ("Pipfile.lock", '{"default": {"a": 1}}'),
    ],
)
def test_of_an_odd_document_what_can_be_read_is_read(name: str, text: str) -> None:
    assert set(past_pins(text, TARGET, name=name)) <= {"a"}


def test_another_version_or_other_files_are_a_change_and_more_files_are_none() -> None:
    one, two = PinnedFile(code=A), PinnedFile(code=B)
    pin = Pin(version="1", files=(one,))

    assert pin.is_same(Pin(version="1", files=(one, two)))
    assert not pin.is_same(Pin(version="1", files=(two,)))
    assert not pin.is_same(Pin(version="2", files=(one,)))
    assert Pin(version="1").is_same(Pin(version="1"))


def test_a_requirements_file_may_be_called_a_lock() -> None:
    """`lamina init` calls it requirements.lock where requirements.txt is an open list."""
    text = f"toy==1.0 --hash=sha256:{'0' * 64}\n"

    assert past_pins(text, TARGET, name="requirements.lock")["toy"].version == "1.0"
