"""Hidden: whatever text a record holds, without the logins and secrets in it."""

from lamina.history.logins import hide_logins
from lamina.scan.secrets.hide import hide_secrets


def hidden(text: str) -> str:
    """Take out of a text of somebody else's build what nobody else is to read.

    Who used to log in is not kept at all; of a secret a few digits of a digest are, for equal
    texts are how steps are found in other builds.
    """
    return hide_secrets(hide_logins(text))
