"""Which system libraries wheels need."""

from lamina.project.detect.system import known_libraries
from tests.project.detect.snapshots import detected


def test_a_library_is_named_once_with_who_needs_it() -> None:
    found = detected({"requirements.txt": "lightgbm\nxgboost\n", "a.py": ""}).system_packages

    assert [one.value for one in found] == ["libgomp1"]
    assert found[0].why.startswith("lightgbm: ")


def test_a_program_counts_only_where_the_code_calls_for_it() -> None:
    listed = {"requirements.txt": "gitpython\n", "main.py": "print(1)"}

    assert detected(listed).system_packages == ()
    assert [p.value for p in detected({**listed, "main.py": "import git"}).system_packages] == [
        "git"
    ]


def test_what_needs_no_library_is_advised() -> None:
    advice = detected({"requirements.txt": "opencv-python\n", "a.py": ""}).advice

    assert any("opencv-python-headless" in text for text in advice)


def test_every_row_of_the_list_has_names_packages_and_a_reason() -> None:
    for row in known_libraries():
        assert row.distributions
        assert row.packages
        assert row.why
        assert all(name == name.lower().replace("_", "-") for name in row.distributions)
