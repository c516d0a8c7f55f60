"""What poetry.lock and pdm.lock pin, in the form that Poetry 2.5 and PDM 2.29 write."""

import pytest

from lamina.errors import LockError
from lamina.lock.lock import LockedDirectory
from lamina.lock.pins import Choice, Pins
from lamina.lock.target import Target
from lamina.lock.tools import pins_of
from lamina.oci.platform import Platform

TARGET = Target(
    platform=Platform("linux", "amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
POETRY = f"""
[[package]]
name = "idna"
version = "3.20"
optional = false
python-versions = ">=3.9"
groups = ["main", "train"]
files = [
    {{file = "idna-3.20-py3-none-any.whl", hash = "{B}"}},
    {{file = "idna-3.20.tar.gz", hash = "{A}"}},
]

[[package]]
name = "MarkupSafe"
version = "3.0.4"
optional = true
python-versions = ">=3.9"
groups = ["main"]
markers = "extra == \\"ui\\""
files = [{{file = "markupsafe-3.0.4.tar.gz", hash = "{A}"}}]

[package.source]
type = "legacy"
url = "https://index.example/simple"
reference = "house"

[[package]]
name = "six"
version = "1.17.0"
optional = false
python-versions = ">=2.7"
groups = ["train", "dev"]
markers = {{train = "python_version < \\"3.11\\"", dev = "sys_platform == \\"linux\\""}}
files = [{{file = "six-1.17.0-py2.py3-none-any.whl", hash = "{A}"}}]

[[package]]
name = "tomli"
version = "2.5.0"
optional = false
python-versions = ">=3.8"
groups = ["main"]
markers = "python_version < \\"3.11\\""
files = [{{file = "tomli-2.5.0-py3-none-any.whl", hash = "{A}"}}]

[extras]
ui = ["markupsafe"]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "0"
"""
PDM = f"""
[metadata]
groups = ["default", "train", "ui"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"
content_hash = "sha256:0"

[[metadata.targets]]
requires_python = ">=3.11"

[[package]]
name = "idna"
version = "3.20"
groups = ["default"]
files = [{{file = "idna-3.20-py3-none-any.whl", hash = "{A}"}}]

[[package]]
name = "colorama"
version = "0.4.6"
groups = ["default"]
marker = "sys_platform == \\"win32\\""
files = [{{file = "colorama-0.4.6-py2.py3-none-any.whl", hash = "{A}"}}]

[[package]]
name = "uvicorn"
version = "0.30"
extras = ["standard"]
groups = ["default"]
dependencies = ["uvicorn==0.30"]
files = [{{file = "uvicorn-0.30-py3-none-any.whl", hash = "{A}"}}]

[[package]]
name = "markupsafe"
version = "3.0.4"
groups = ["ui"]
files = [{{file = "markupsafe-3.0.4.tar.gz", hash = "{B}"}}]
"""


def source(kind: str, url: str) -> str:
    return f"""
[[package]]
name = "core"
version = "1"
groups = ["main"]
files = [{{file = "core-1-py3-none-any.whl", hash = "{A}"}}]

[package.source]
type = "{kind}"
url = "{url}"

[metadata]
lock-version = "2.1"
"""


def poetry(text: str = POETRY, **chosen: tuple[str, ...]) -> Pins:
    return pins_of(text, Choice(**chosen), TARGET, "poetry.lock")


def names(pins: Pins) -> list[str]:
    return [line.split("==")[0] for line in pins.lines]


def test_the_main_group_is_installed_without_extras_and_other_groups() -> None:
    assert poetry().text == f"idna==3.20 --hash={A} --hash={B}\n"


def test_extras_and_groups_come_when_they_are_chosen_and_markers_hold() -> None:
    assert names(poetry(extras=("ui", "color"))) == ["idna", "markupsafe"]
    assert names(poetry(groups=("train",))) == ["idna"]  # six is for an older Python there
    assert names(poetry(groups=("train", "dev"))) == ["idna", "six"]


def test_an_index_of_its_own_is_asked_only_when_it_is_needed() -> None:
    assert poetry().indexes == ()
    assert poetry(extras=("ui",)).text.startswith(
        "--extra-index-url https://index.example/simple\n"
    )


def test_a_folder_is_to_be_built_and_an_address_is_fetched_by_its_hash() -> None:
    folder = poetry(source("directory", "../core"))
    address = poetry(source("url", "https://x.example/core-1-py3-none-any.whl"))

    assert (folder.lines, folder.directories) == (
        (),
        (LockedDirectory(name="core", path="../core"),),
    )
    assert address.lines == (f"core @ https://x.example/core-1-py3-none-any.whl --hash={A}",)


def test_a_repository_is_refused_by_name() -> None:
    with pytest.raises(LockError) as caught:
        poetry(source("git", "https://x.example/core"))

    assert caught.value.problems == (
        "poetry.lock, package[0]: core is a git source (https://x.example/core)",
    )


def test_the_login_of_a_repository_is_not_repeated() -> None:
    with pytest.raises(LockError) as caught:
        poetry(source("git", "https://me:s3cret@x.example/core"))

    assert "(https://x.example/core)" in caught.value.problems[0]


def test_a_group_is_the_same_however_its_name_is_written() -> None:
    """Poetry and PDM normalize names when they lock; pyproject.toml has them as people wrote."""
    text = POETRY.replace("train", "model-train")
    pdm = PDM.replace('"ui"', '"web-ui"')

    assert names(poetry(text, groups=("Model_Train",))) == names(poetry(groups=("train",)))
    assert names(pins_of(pdm, Choice(extras=("Web_UI",)), TARGET, "pdm.lock")) == [
        "idna",
        "markupsafe",
    ]


def test_a_lock_of_poetry_1_says_too_little() -> None:
    with pytest.raises(LockError, match=r"the lock has version 2\.0") as caught:
        poetry(POETRY.replace('"2.1"', '"2.0"'))

    assert caught.value.hint == "lock it again with Poetry 2: `poetry lock`"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("python_version <", "python_version is", "is not a marker"),
        (f'hash = "{A}"', 'hash = ""', "has no hash"),
        ('version = "3.20"', "version = 3", "idna has no version"),
        ('name = "idna"', 'name = "i d"', "i d has no name"),
        ('groups = ["main", "train"]', "groups = 1", "package[0]"),
        ('groups = ["main", "train"]', 'groups = ["main"]\nsource = "x"', "package[0]"),
    ],
)
def test_what_is_malformed_is_named(old: str, new: str, problem: str) -> None:
    with pytest.raises(LockError) as caught:
        poetry(POETRY.replace(old, new))

    assert problem in "\n".join(caught.value.problems)


def test_pdm_names_its_groups_and_extras_alike() -> None:
    def pdm(**chosen: tuple[str, ...]) -> Pins:
        return pins_of(PDM, Choice(**chosen), TARGET, "pdm.lock")

    assert names(pdm()) == ["idna"]  # an extra's own row repeats a distribution
    assert names(pdm(extras=("ui",))) == ["idna", "markupsafe"]


def test_a_pdm_lock_without_groups_says_what_to_do() -> None:
    with pytest.raises(LockError, match="does not say which groups") as caught:
        pins_of(PDM.replace('"inherit_metadata"', ""), Choice(), TARGET, "pdm.lock")

    assert "pdm lock --strategy inherit_metadata" in str(caught.value.hint)
