"""What can go wrong for reasons the caller can mend."""


class AmlError(Exception):
    """The data or the request cannot be used; the message says why."""


class UnknownModelError(AmlError):
    """No finished model has this id."""
