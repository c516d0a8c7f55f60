"""Locks are known by what is in them, not only by what they are called."""

import pytest

from lamina.lock.recognise import usual_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n', "pylock.toml"),
        ('version = 1\nrequires-python = ">=3.11"\n', "uv.lock"),
        ('package = []\n[metadata]\nlock-version = "2.1"\n', "poetry.lock"),
        ('[metadata]\nlock_version = "4.5.0"\n', "pdm.lock"),
        ('{"_meta": {"pipfile-spec": 6}, "default": {}}', "Pipfile.lock"),
        ('\ufeff{"_meta": {}}', "Pipfile.lock"),
        ("toy==1 --hash=sha256:00\n", "requirements.txt"),
        ("{", "requirements.txt"),
        ("metadata = 1\n", "requirements.txt"),
        ("", "requirements.txt"),
    ],
)
def test_a_lock_tells_who_wrote_it(text: str, name: str) -> None:
    assert usual_name(text) == name
