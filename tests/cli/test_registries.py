"""What commands take that talk to registries, and what becomes of it."""

import argparse

import pytest

from lamina.cli.registries import add_registry_arguments, client_opener
from lamina.errors import UsageError
from lamina.http.settings import HttpSettings
from lamina.oci.reference import Reference


def insecure(*words: str) -> list[str]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_registry_arguments(parser)
    return list(
        parser.parse_args([f"--insecure-registry={word}" for word in words]).insecure_registry
    )


def test_a_registry_without_tls_may_be_written_as_an_address() -> None:
    names = insecure("http://registry.lan:5000/", "Other.lan")
    open_client = client_opener(names, {}, HttpSettings())

    for text in ("registry.lan:5000", "other.lan"):
        client = open_client(Reference.parse(f"{text}/app:1"))
        assert client.place.origin == f"http://{text}"
    assert open_client(Reference.parse("third.lan/app")).place.origin == "https://third.lan"


@pytest.mark.parametrize("text", ["registry.lan/team", "", "a b", "ftp://registry.lan"])
def test_what_is_no_registry_is_an_error(text: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="is not the name of a registry"):
        insecure(text)


def test_registries_of_ones_own_network_are_named_in_a_variable() -> None:
    variables = {"LAMINA_INTERNAL_REGISTRIES": "registry.corp, https://Other.corp:5000/"}
    open_client = client_opener((), variables, HttpSettings())

    inside = [
        open_client(Reference.parse(f"{text}/app")).place.is_inside
        for text in ("registry.corp", "other.corp:5000", "other.corp", "third.corp")
    ]

    assert inside == [True, True, False, False]


def test_a_variable_that_names_no_registry_is_an_error() -> None:
    variables = {"LAMINA_INTERNAL_REGISTRIES": "10.0.0.0/8"}

    with pytest.raises(UsageError, match="LAMINA_INTERNAL_REGISTRIES is not the name"):
        client_opener((), variables, HttpSettings())
