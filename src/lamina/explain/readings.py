"""Readings: fingerprints and models of builds, made once where a build has two neighbours."""

from dataclasses import replace
from typing import Final, TypeVar

from lamina.explain.bases import with_bases
from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json
from lamina.explain.model import model
from lamina.explain.steps import Model
from lamina.history.record import BuildRecord

_KEPT: Final = 4
"""A build and the one before it, each as a builder that merges layers sees it, and as others."""


class Readings:
    """Remembers the last few, for builds of a row are compared one after the other."""

    def __init__(self) -> None:
        self._fingerprints: dict[str, Fingerprint | None] = {}
        self._models: dict[tuple[str, bool], Model] = {}

    def fingerprint(self, record: BuildRecord) -> Fingerprint | None:
        """Read the fingerprint of a Dockerfile's build; None where it has none."""
        if record.id not in self._fingerprints:
            found = fingerprint_from_json(record.fingerprint)
            self._fingerprints = _with_last(self._fingerprints, record.id, found)
        return self._fingerprints[record.id]

    def model(self, record: BuildRecord, found: Fingerprint, *, merges: bool) -> Model:
        """Model a build; raise ``InputError`` where its Dockerfile cannot be read."""
        key = (record.id, merges)
        if key not in self._models:
            made = model(replace(with_bases(found, record), merges=merges))
            self._models = _with_last(self._models, key, made)
        return self._models[key]


_K = TypeVar("_K")
_V = TypeVar("_V")


def _with_last(known: dict[_K, _V], key: _K, value: _V) -> dict[_K, _V]:
    return dict([*known.items(), (key, value)][-_KEPT:])
