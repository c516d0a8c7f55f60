"""What an environment.yml comes to: distributions, Debian packages, and refusals by name."""

from typing import Any

import pytest

from lamina.errors import LockError
from lamina.lock.conda import Environment, missing_name, read_environment, without


def read(*dependencies: Any, **members: Any) -> Environment:
    return read_environment({"dependencies": [*dependencies], **members}, "environment.yml")


def problems(*dependencies: Any) -> tuple[str, ...]:
    with pytest.raises(LockError) as caught:
        read(*dependencies)
    return caught.value.problems


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy 1.26.*", "numpy==1.26.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy=1.26.4=py311h64a7726_0", "numpy==1.26.4"),
        ("numpy==1.26.4=py311h64a7726_0", "numpy==1.26.4"),
        ("numpy 1.26.4 py311h64a7726_0", "numpy==1.26.4"),
        ("numpy >=1.20, <2", "numpy>=1.20,<2"),
        ("numpy>=1.20.*", "numpy>=1.20"),
        ("numpy>=1.20 *_cuda", "numpy>=1.20"),
        ("numpy!=1.3", "numpy!=1.3"),
        ("conda-forge::Scikit_Learn=1", "scikit-learn==1.*"),
        ("pytorch>=2", "torch>=2"),
        ("py-opencv", "opencv-python-headless"),
        ("msgpack-python", "msgpack"),
    ],
)
def test_a_package_becomes_a_requirement(spec: str, line: str) -> None:
    assert read(spec).lines == (line,)


def test_what_wheels_carry_or_conda_needs_is_left_out() -> None:
    """So `conda env export`, which lists everything, can be read as well."""
    assert read("_libgcc_mutex=0.1=main", "libgcc-ng=13", "mkl", "pip", "openssl=3.0").lines == ()


def test_programs_become_debian_packages() -> None:
    found = read("ffmpeg=6", "libgomp", "tesseract")

    assert (found.lines, found.system_packages) == ((), ("ffmpeg", "libgomp1", "tesseract-ocr"))


def test_pips_own_lines_are_taken_as_they_are_and_names_not_in_the_table_are_told() -> None:
    found = read("pandas", "pytorch", {"pip": ["rich>=13", "-r more.txt"]})

    assert found.lines == ("pandas", "torch", "rich>=13", "-r more.txt")
    assert found.same == ("pandas",)


@pytest.mark.parametrize(
    ("spec", "python"),
    [("python", ""), ("python=3.11", "==3.11.*"), ("python=3.11.4", "==3.11.*"),
     ("python=3.11.4=h1_0", "==3.11.*"), ("python>=3.9,<3.13", ">=3.9,<3.13")],
)  # fmt: skip
def test_python_is_what_the_base_has_to_carry(spec: str, python: str) -> None:
    assert read(spec).python == python
    assert read(spec).lines == ()


def test_everything_that_cannot_be_taken_is_named_with_what_to_do() -> None:
    found = problems("cudatoolkit=11.8", "r-ggplot2", "libfoo", "numpy=1|2", "x[build=1]", 3, "é")

    assert [problem.partition(":")[0] for problem in found[:5]] == [
        "cudatoolkit",
        "r-ggplot2",
        "libfoo",
        "numpy",
        "x",
    ]
    assert "take the line out" in found[0]
    assert "system-packages" in found[2]
    assert found[5:] == ("'3' is not a package", "'é' is not a package")


def test_private_channels_variables_and_unknown_keys_are_noted() -> None:
    notes = read(
        "pandas", channels=["conda-forge", "https://house.example"], variables={"A": 1}, post="x"
    ).notes

    assert "https://house.example" in notes[0]
    assert "conda-forge" not in notes[0]
    assert "tool.lamina.environment" in notes[1]
    assert notes[2] == "nothing is made of post"


@pytest.mark.parametrize("document", [None, [], "x", {"dependencies": "numpy"}, {"channels": 3}])
def test_another_form_is_refused(document: object) -> None:
    with pytest.raises(LockError):
        read_environment(document, "environment.yml")


def test_the_name_that_no_index_has_is_read_from_uvs_words() -> None:
    why = "  x Because foo-bar was not\n      found in the provided package locations and you"

    assert missing_name(why) == "foo-bar"
    assert missing_name("Because a==1 depends on b") == ""
    assert without(["Foo_Bar>=1", "-r x", "y"], "foo-bar") == ["-r x", "y"]


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ("https://me:s3cret@house.example/a", "https://house.example/a"),
        ("https://house.example/t/tk-s3cret/a", "https://house.example/a"),
    ],
)
def test_the_login_of_a_channel_is_not_repeated(channel: str, shown: str) -> None:
    (note,) = read("pandas", channels=[channel]).notes

    assert f"the channels {shown}," in note
