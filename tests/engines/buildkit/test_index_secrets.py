"""What pip and uv know of indexes reaches the builder as files, and only as files."""

import configparser
import tomllib

from lamina.engines.buildkit.index_secrets import pip_file, uv_file

VARIABLES = {
    "UV_DEFAULT_INDEX": "https://me:pass@index.example/simple",
    "UV_INDEX": "ours=https://ours.example/simple file:///opt/index",
    "UV_INSECURE_HOST": "ours.example",
    "UV_FIND_LINKS": "/opt/wheels,https://links.example/w",
}


def test_uv_gets_the_indexes_with_their_logins() -> None:
    document = tomllib.loads(uv_file(VARIABLES))

    assert document["index"] == [
        {"url": "https://ours.example/simple"},
        {"url": "https://me:pass@index.example/simple", "default": True},
    ]
    assert document["allow-insecure-host"] == ["ours.example"]
    assert document["find-links"] == ["https://links.example/w"]


def test_pip_gets_the_same() -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(pip_file(VARIABLES))

    assert dict(parser["global"]) == {
        "index-url": "https://me:pass@index.example/simple",
        "extra-index-url": "https://ours.example/simple",
        "trusted-host": "ours.example",
    }


def test_folders_of_this_machine_are_nobody_elses() -> None:
    only_here = {"UV_INDEX": "file:///opt/index", "UV_FIND_LINKS": "/opt/wheels"}

    assert (uv_file(only_here), pip_file(only_here)) == ("", "")
