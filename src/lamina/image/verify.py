"""Verify: whether an image is what its project, lock and base make, and what of it is not."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lamina.errors import ImageError, InputError
from lamina.image.alignment import Alignment, align
from lamina.image.document_difference import json_differences, names_twice, read_json
from lamina.image.layer_difference import diff_id_of, digest_of, layer_differences
from lamina.image.load import read_blob
from lamina.layer import tar
from lamina.oci.annotations import LAYER_KEY
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.parse import parse_manifest
from lamina.protocols import Content

Where = str
Lines = tuple[str, ...]

_REWRITTEN: Final = "has the same values, written in another way"
_TWICE: Final = "names a member twice, of which readers take one or the other"
_MAGICS: Final = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_LARGEST_CONFIG: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as expected: in which document or layer, and what, line by line."""

    where: str
    what: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of one image of ``layers`` layers.

    ``notes`` are differences that change no file and no setting; with ``is_same_manifest`` the
    manifest has the expected bytes all the same.
    """

    layers: int
    differences: tuple[Difference, ...] = ()
    notes: Lines = ()
    is_same_manifest: bool = True

    @property
    def is_proven(self) -> bool:
        """The image is what was expected and nothing else."""
        return not self.differences


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The image that the plan makes, and ``names`` of what each of its layers is for.

    ``owners`` maps a layer's paths to whom they belong, and, with a slash at the end, its folders.
    """

    image: Image
    content: Content
    names: Sequence[str]
    owners: Callable[[Layer], Mapping[str, str]]

    def where(self, number: int) -> str:
        """Name a layer for people."""
        return f"layer {number + 1} of {len(self.names)} ({self.names[number]})"


def verify(
    expected: Expected, manifest: Descriptor, content: Content, *, is_quick: bool = False
) -> Verdict:
    """Compare the image that ``manifest`` leads to with ``expected``.

    All blobs are read and their digests computed, unless it ``is_quick``: then only the manifest
    and the config are, and nobody knows whether the blobs are there.  Raises ``NetworkError`` when
    they cannot be fetched, and ``ImageError`` for what is no image.
    """
    data = read_blob(content, manifest)
    config, layers = parse_manifest(data, where=str(manifest.digest), any_layers=True)
    alignment = align(
        [layer.descriptor.digest for layer in expected.image.layers],
        [layer.digest for layer in layers],
        alike=_likeness(expected.image, config, content),
    )
    reader = _Quick(expected) if is_quick else _Thorough(expected, content)
    found = _layers(alignment, layers, expected, reader)
    found += _documents("manifest", _manifest_lines(expected.image, data, alignment), data,
                        expected.image.manifest_bytes)  # fmt: skip
    found += _config(expected.image, config, content, layers_differ=bool(found))
    return Verdict(
        layers=len(layers),
        differences=tuple(found),
        notes=tuple(reader.notes),
        is_same_manifest=data == expected.image.manifest_bytes,
    )


def read_config(content: Content, descriptor: Descriptor) -> bytes:
    """Read a config; raise ``ImageError`` for one of an implausible size."""
    if descriptor.size > _LARGEST_CONFIG:
        raise ImageError(f"the config has {descriptor.size} bytes, which nobody reads")
    return read_blob(content, descriptor)


def _likeness(image: Image, descriptor: Descriptor, content: Content) -> Callable[[int, int], int]:
    """Count the distributions that two layers' lines of history share: a hint, and no proof."""
    ours = [_named(layer.created_by) for layer in image.layers]
    try:
        config = read_json(read_config(content, descriptor))
        rows = [row for row in config["history"] if not row.get("empty_layer")]
        theirs = [_named(row["created_by"]) for row in rows]
    except (InputError, TypeError, KeyError, AttributeError):
        theirs = []
    return lambda number, place: len(ours[number] & theirs[place]) if place < len(theirs) else 0


def _named(created_by: str) -> set[str]:
    return {word.partition("=")[0] for word in created_by.split() if "=" in word}


def _layers(
    alignment: Alignment,
    layers: Sequence[Descriptor],
    expected: Expected,
    reader: "_Quick | _Thorough",
) -> list[Difference]:
    rows: list[tuple[Where, Lines]] = []
    for number, place in alignment.same:
        rows.append((expected.where(number), reader.same(layers[place])))
    for number, place in alignment.moved:
        said = f"stands at place {place + 1} and not {number + 1}"
        rows.append((expected.where(number), (said, *reader.same(layers[place]))))
    for number, place in alignment.changed:
        rows.append((expected.where(number), reader.changed(number, layers[place])))
    rows += [(expected.where(number), ("is missing",)) for number in alignment.missing]
    for place in alignment.extra:
        said = "does not belong to the image"
        rows.append((f"another layer {place + 1}", (said, *reader.unknown(layers[place]))))
    return [Difference(where=where, what=what) for where, what in rows if what]


class _Quick:
    """Takes digests for what they stand for."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self.notes: list[str] = []

    def same(self, actual: Descriptor) -> Lines:  # noqa: ARG002 - see _Thorough
        return ()

    def changed(self, number: int, actual: Descriptor) -> Lines:
        ours = self._expected.image.layers[number].descriptor.digest
        return (f"is {actual.digest} instead of {ours}", "--quick does not look into it")

    def unknown(self, actual: Descriptor) -> Lines:
        return (f"it is {actual.digest}",)


class _Thorough:
    """Reads every blob, and those with other digests entry by entry."""

    def __init__(self, expected: Expected, content: Content) -> None:
        self._expected = expected
        self._content = content
        self.notes: list[str] = []

    def same(self, actual: Descriptor) -> Lines:
        return _attempt(lambda: self._check(actual))

    def changed(self, number: int, actual: Descriptor) -> Lines:
        layer = self._expected.image.layers[number]
        return _attempt(lambda: self._changed(number, layer, actual))

    def unknown(self, actual: Descriptor) -> Lines:
        def look() -> Lines:
            with self._content.open(actual) as stream:
                return layer_differences(io.BytesIO(tar.END), stream, owners={})

        return _attempt(look)

    def _check(self, actual: Descriptor) -> Lines:
        with self._content.open(actual) as stream:
            if digest_of(stream) == actual.digest:
                return ()
        return (f"its blob is not the {actual.digest} that the manifest names",)

    def _changed(self, number: int, layer: Layer, actual: Descriptor) -> Lines:
        if problem := self._check(actual):
            return problem
        with self._content.open(actual) as stream:
            is_repacked = diff_id_of(stream) == layer.diff_id
        if is_repacked:
            if wrong := self._mislabelled(actual):
                return wrong
            where = self._expected.where(number)
            self.notes.append(f"{where} holds the same, compressed by something else")
            return ()
        ours = self._expected.content.open(layer.descriptor)
        with ours, self._content.open(actual) as theirs:
            lines = layer_differences(ours, theirs, owners=self._expected.owners(layer))
        return lines or ("has the same entries, and other headers of the tar",)

    def _mislabelled(self, actual: Descriptor) -> Lines:
        """Compare the compression with the media type, which is all that some engines go by."""
        with self._content.open(actual) as stream:
            start = stream.read(4)
        found = next((name for name, magic in _MAGICS.items() if start.startswith(magic)), "")
        said = next((name for name in _MAGICS if actual.media_type.endswith(name)), "")
        if found == said:
            return ()
        named = found or "nothing"
        return (f"is compressed by {named}, and the manifest calls it {actual.media_type}",)


def _attempt(act: Callable[[], Lines]) -> Lines:
    try:
        return act()
    except InputError as error:  # malformed, missing, or not what it should be
        return (f"cannot be read: {error.what}",)


def _manifest_lines(image: Image, data: bytes, alignment: Alignment) -> list[str]:
    if names_twice(data):
        return [_TWICE]
    before, after = read_json(image.manifest_bytes), read_json(data)
    lines = list(json_differences(_shell(before), _shell(after)))
    for number, place in (*alignment.same, *alignment.moved):
        lines += json_differences(
            before["layers"][number], after["layers"][place], f"layers.{place}"
        )
    for number, place in alignment.changed:
        one, other = before["layers"][number], after["layers"][place]
        lines += json_differences(_label(one), _label(other), f"layers.{place}")
    return lines


def _shell(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without what it says of the blobs, which are looked at themselves."""
    config = {k: v for k, v in manifest["config"].items() if k not in {"digest", "size"}}
    return {**{k: v for k, v in manifest.items() if k != "layers"}, "config": config}


def _label(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer's descriptor without what follows from its bytes and its compressor."""
    members = {k: v for k, v in row.items() if k not in {"digest", "size", "annotations"}}
    annotations = {k: v for k, v in (row.get("annotations") or {}).items() if k != LAYER_KEY}
    return {**members, "annotations": annotations}


def _config(
    image: Image, descriptor: Descriptor, content: Content, *, layers_differ: bool
) -> list[Difference]:
    ours = image.config_bytes
    problem: list[str] = []
    data = b""
    if descriptor.digest == image.config.digest and descriptor.size != len(ours):
        problem = [f"the manifest gives it {descriptor.size} bytes instead of {len(ours)}"]
    else:
        try:
            data = read_config(content, descriptor)
        except InputError as error:
            problem = [f"cannot be read: {error.what}"]
    if problem:
        return [Difference(where="config", what=tuple(problem))]
    lines = list(json_differences(read_json(ours), read_json(data)))
    if layers_differ:  # then diff_ids differ as well, and it has been said how
        lines = [line for line in lines if not line.startswith("rootfs.diff_ids.")]
        if not lines:
            return []
    return _documents("config", lines, data, ours)


def _documents(where: str, lines: Sequence[str], data: bytes, ours: bytes) -> list[Difference]:
    """Say how a document differs; one that says the same in other bytes does as well."""
    if data == ours:
        return []
    if not lines and read_json(data) == read_json(ours):
        lines = [_REWRITTEN]
    return [Difference(where=where, what=tuple(lines))] if lines else []
