"""Guess: a value that was not written down for us, and what it was taken from."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess(Generic[T]):
    """``why`` goes on from "because": ``requires-python is >=3.11``."""

    value: T
    why: str
