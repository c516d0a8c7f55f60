"""A registry, as seen from here: which credentials would be used, and whether they let us in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lamina.doctor.check import Check, failed, origin_text
from lamina.errors import LaminaError
from lamina.http.exchange import Exchange
from lamina.http.retry import Retries, RetryPolicy
from lamina.registry.challenge import parse_challenges
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.error import SEE_DOCTOR
from lamina.registry.place import Place
from lamina.registry.session import Session

_UNAUTHORIZED: Final = 401
_ONCE: Final = Retries(policy=RetryPolicy(attempts=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryProbe:
    """How to ask registries: over ``http``, as whoever ``finder`` finds."""

    http: Exchange
    finder: CredentialFinder

    def check(self, place: Place) -> Iterator[Check]:
        """Look for credentials, and use them once; nothing is tried twice."""
        found = self._credentials(place)
        yield found
        if found.state != "broken":
            yield self._answer(place)

    def _credentials(self, place: Place) -> Check:
        name = f"{place}, credentials"
        try:
            credentials, looked_at = self.finder.explain(place)
        except LaminaError as error:
            return failed(name, error)
        what = "\n".join([f"from {credentials.source}", *(f"- {source}" for source in looked_at)])
        if any(source.is_exposed for source in looked_at):
            hint = "take the right to read that file from others"
            return Check(name=name, state="warning", what=what, hint=hint)
        return Check(name=name, state="ok", what=what)

    def _answer(self, place: Place) -> Check:
        name = f"{place}, answer"
        try:
            client = RegistryClient(Session(self.http, place, self.finder, retries=_ONCE))
            client.ping()
            how = self._how(client.place)
        except LaminaError as error:
            check = failed(name, error)
            return replace(check, hint=check.hint.removesuffix(SEE_DOCTOR))
        return Check(name=name, state="ok", what=f"{client.place.origin} lets us in, {how}")

    def _how(self, place: Place) -> str:
        """Ask without saying who we are, for what the registry wants to know."""
        answer = self.http.send("GET", f"{place.origin}/v2/", {}, None)
        answer.close()
        if answer.status != _UNAUTHORIZED:
            return "and everybody else"
        challenges = parse_challenges(answer.headers.get("www-authenticate", ""))
        for challenge in challenges:
            if challenge.scheme == "bearer":
                realm = challenge.parameters.get("realm", "")
                return f"with a token from {origin_text(realm)}"
        return "with a user and a password" if challenges else "and does not say how"
