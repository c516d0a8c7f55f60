"""Credentials from variables, for the one registry that another variable names; pure."""

from collections.abc import Mapping
from typing import Final

from lamina.errors import UsageError
from lamina.registry.credentials import Credentials, checked
from lamina.registry.names import canonical, registries_in, registry_name
from lamina.registry.place import Place

USER: Final = "LAMINA_REGISTRY_USER"
_PASSWORD: Final = "LAMINA_REGISTRY_PASSWORD"  # noqa: S105 - a variable's name
_REGISTRY: Final = "LAMINA_REGISTRY"
_OVER_HTTP: Final = "LAMINA_CREDENTIALS_OVER_HTTP"


def credentials_in(environment: Mapping[str, str], place: Place) -> Credentials | None:
    """Return the credentials of the environment, if they are for the registry of ``place``.

    A password is for one registry, so it goes nowhere while that is not named.  Raises
    ``UsageError``.
    """
    user, password = environment.get(USER, ""), environment.get(_PASSWORD, "")
    if not password:  # pipelines name the user for all of their steps, and the password for some
        return None
    named = environment.get(_REGISTRY, "")
    if not named:
        raise UsageError(
            f"{_PASSWORD} is set, and {_REGISTRY} does not say for which registry it is",
            hint=f"set {_REGISTRY} to the registry's name, such as registry.example.com",
        )
    if registry_name(named, variable=_REGISTRY) != canonical(place.registry):
        return None
    if not user:
        raise UsageError(f"{_PASSWORD} is set, and {USER} is not")
    return checked(Credentials(source=USER, user=user, password=password))


def why_not(environment: Mapping[str, str]) -> str:
    """Say why the variables give no credentials."""
    is_half = environment.get(USER) and not environment.get(_PASSWORD)
    return f"{_PASSWORD} is not set" if is_half else "not set for it"


def may_be_told_in_the_open(environment: Mapping[str, str], place: Place) -> bool:
    """Say whether the user lets credentials go to the registry without TLS."""
    return canonical(place.registry) in registries_in(environment, _OVER_HTTP)
