"""A snapshot out of texts."""

from collections.abc import Mapping

from lamina.project.detect.detect import Detected, detect
from lamina.project.detect.snapshot import Snapshot


def snapshot(files: Mapping[str, str], name: str = "shop") -> Snapshot:
    return Snapshot(name=name, paths=frozenset(files), texts=dict(files))


def detected(files: Mapping[str, str]) -> Detected:
    return detect(snapshot(files))
