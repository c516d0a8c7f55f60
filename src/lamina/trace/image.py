"""The image of a traced build: what to ask the engine that holds it, and what it answered."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamina.errors import ImageError
from lamina.history.record import BuildRecord, ImageRecord, LayerRecord
from lamina.oci.digest import Digest
from lamina.plan.component import Component
from lamina.trace.component import component
from lamina.trace.hidden import hidden
from lamina.trace.image_history import Entry, assign, read_entry
from lamina.trace.image_steps import Makers, find_makers
from lamina.trace.sizes import LARGEST
from lamina.trace.solve import Solve, TransferKind

_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_MANIFEST = re.compile("exporting manifest sha256:")
_IMAGE, _LOADED = "image", "docker image format"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An image as its engine describes it: its diff_ids and its history, the oldest first."""

    id: str
    platform: str
    diff_ids: tuple[str, ...]
    entries: tuple[Entry, ...]


def questions(client: Sequence[str], solve: Solve) -> tuple[tuple[str, ...], ...]:
    """Return the two commands that tell what image a build made; none if no engine can have it.

    They name it by the id that the build printed: a name may have moved on since, and may belong
    to another image where the build went to a registry or a file.
    """
    id_ = _id(solve)
    if not client or not _ID.fullmatch(id_) or not _is_one_image(solve):
        return ()
    history = ("history", "--no-trunc", "--human=false", "--format", "{{json .}}", id_)
    return (*client, "image", "inspect", id_), (*client, *history)


def _id(solve: Solve) -> str:
    """Return what the engine calls the image: by its config, in containerd's store its manifest."""
    exported = solve.exported
    if solve.grammar == "legacy" or exported.exporter == _LOADED:
        return exported.config
    return (exported.manifest or exported.config) if exported.exporter == _IMAGE else ""


def _is_one_image(solve: Solve) -> bool:
    """Say whether the build was of one target for one platform.

    Names do not tell it all: steps that platforms share are named after one of them.
    """
    exports = [vertex for vertex in solve.vertices if "exporting to " in vertex.name]
    platforms = {vertex.key.platform for vertex in solve.vertices if vertex.key.platform}
    manifests = {t.id for v in exports for t in v.transfers if _MANIFEST.match(t.id)}
    return all(len(several) <= 1 for several in (exports, platforms, manifests))


def with_image(record: BuildRecord, solve: Solve, answers: Sequence[str]) -> BuildRecord:
    """Add the image and its layers; nothing where the answers do not say all of it.

    Sizes are unpacked bytes as the engine counts them: Docker's classic store adds up the files,
    containerd's the blocks that they take.
    """
    described = read_answers(answers)
    if described is None or not described.id.removeprefix("sha256:").startswith(
        _id(solve).removeprefix("sha256:")
    ):
        return record
    layers = image_layers(described, solve)
    if not layers:
        return record
    size = min(sum(layer.size for layer in layers), LARGEST)
    digest = solve.exported.manifest or described.id
    image = ImageRecord(digest=digest, platform=described.platform, size=size)
    platforms = record.platforms or (described.platform,)
    return replace(record, images=(image,), layers=layers, platforms=platforms)


def read_answers(answers: Sequence[str]) -> Described | None:
    """Read what the commands of ``questions`` printed; None if it is not what it should be."""
    try:
        inspected, history = answers
        (image,) = json.loads(inspected)
        lines = [json.loads(line) for line in history.splitlines()]
        return Described(
            id=str(Digest.parse(image["Id"])),
            platform=_platform(image),
            diff_ids=tuple(str(Digest.parse(layer)) for layer in image["RootFS"]["Layers"]),
            entries=tuple(_entry(line) for line in reversed(lines)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, ImageError):
        return None


def _platform(image: Mapping[str, Any]) -> str:
    words = (image["Os"], image["Architecture"], image.get("Variant"))
    return "/".join(word for word in words if word)


def _entry(line: Mapping[str, str]) -> Entry:
    return read_entry(line["CreatedBy"], min(max(0, int(line["Size"])), LARGEST))


def image_layers(described: Described, solve: Solve) -> tuple[LayerRecord, ...]:
    """Tell the layers, the lowest first, each with the step that made it; none if they are unclear.

    ``step`` is the place of a vertex, as ``fold_solve`` numbers its steps.  ``cached`` follows
    that step; a layer of the base is cached unless the base was downloaded in this build.
    """
    diff_ids = assign(described.entries, described.diff_ids)
    if diff_ids is None:
        return ()
    makers = find_makers(described.entries, solve)
    found: list[LayerRecord] = []
    texts: list[str] = []
    for place, diff_id in diff_ids.items():
        entry = described.entries[place]
        layer = LayerRecord(
            digest=diff_id,
            size=entry.size,
            name=hidden(entry.name),
            platform=described.platform,
        )
        maker = makers.steps.get(place) if makers else None
        if maker is not None:
            text = solve.vertices[maker].key.text
            layer = _made(layer, maker, solve, component(text, before=texts))
            texts.append(text)
        elif makers is not None and place < makers.base:
            layer = _of_base(layer, makers, solve)
        found.append(layer)
    return tuple(_numbered(found))


def _made(layer: LayerRecord, maker: int, solve: Solve, what: Component) -> LayerRecord:
    vertex = solve.vertices[maker]
    name = hidden(vertex.key.text)
    cached = vertex.is_cached
    return replace(layer, name=name, part=name, component=what, cached=cached, step=str(maker))


def _of_base(layer: LayerRecord, makers: Makers, solve: Solve) -> LayerRecord:
    layer = replace(layer, part="base", component=Component.BASE, cached=True)
    if makers.pulled is None:
        return layer
    transfers = solve.vertices[makers.pulled].transfers
    cached = all(transfer.kind is not TransferKind.PULL for transfer in transfers)
    return replace(layer, cached=cached, step=str(makers.pulled))


def _numbered(layers: Iterable[LayerRecord]) -> Iterable[LayerRecord]:
    """Let each layer have a part of its own, which it keeps in the next build."""
    counts: Counter[str] = Counter()
    for layer in layers:
        part = layer.part or layer.name
        counts[part] += 1
        number = counts[part]
        yield replace(layer, part=part if number == 1 else f"{part} ({number})")
