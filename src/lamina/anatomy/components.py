"""Components: what each file of an image is for, and where its base ends; judgements, and pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from lamina.anatomy.node import LayerNodes
from lamina.anatomy.owners import Owner, OwnerKind
from lamina.anatomy.registers import RECORD
from lamina.anatomy.stack import Live
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.plan.component import Component

_ENVIRONMENT_LAYER: Final = "lamina: /"
_SYSTEM_LAYER: Final = re.compile(r"lamina: [a-z0-9][a-z0-9.+-]*=[^=]")
_STANDARD_LIBRARY: Final = re.compile(r"(?!usr/lib/)(?:.*/)?lib/python3\.[0-9]+/os\.py")
_TITLE: Final = "org.opencontainers.image.title"
_SEED: Final = frozenset({"pip", "setuptools", "wheel", "uv"})
_SYSTEM: Final = ("usr/", "etc/", "var/", "bin/", "sbin/", "lib/", "lib64/", "lib32/", "boot/")
_OTHER: Final = re.compile(r"(?:.*/)?\.cache/|(?:var/)?tmp/|var/log/")
_SITE: Final = re.compile(r"(?:.*/)?(?:site|dist)-packages/")
_PYTHON: Final = re.compile(r"(?:.*/)?lib/python3\.[0-9]+/|(?:.*/)?bin/(?:python|pip)[0-9.]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLayers:
    """How many of the lowest layers are the base, and what says so."""

    count: int
    evidence: str


def find_base(
    image: Image, layers: Sequence[LayerNodes], known: Sequence[Digest] = ()
) -> BaseLayers:
    """Judge how many layers are the base's.

    ``known`` are the diff_ids of an image that is said to be the base.  Else the layers of Lamina's
    images say it themselves; of others it is all up to the one with Python's standard library, or
    the lowest alone.  A layer that brings distributions is no base.
    """
    if known:
        same = zip(known, (layer.diff_id for layer in image.layers), strict=False)
        count = next((n for n, (one, two) in enumerate(same) if one != two), len(known))
        return BaseLayers(count=min(count, len(layers)), evidence="the image given as the base")
    lines = [layer.created_by for layer in image.layers]
    own = next((n for n, text in enumerate(lines) if text.startswith(_ENVIRONMENT_LAYER)), None)
    if own is not None:
        has_system = own > 0 and bool(_SYSTEM_LAYER.match(lines[own - 1]))
        return BaseLayers(count=own - has_system, evidence="what Lamina wrote into its history")
    return _guess(layers)


def _guess(layers: Sequence[LayerNodes]) -> BaseLayers:
    for number, layer in enumerate(layers):
        if _brings_distributions(layer):
            break
        if any(_STANDARD_LIBRARY.fullmatch(node.path) for node in layer.nodes):
            return BaseLayers(count=number + 1, evidence="Python's standard library is in it")
    is_base = len(layers) > 1 and not _brings_distributions(layers[0])
    return BaseLayers(count=int(is_base), evidence="the lowest layer" if is_base else "no base")


def _brings_distributions(layer: LayerNodes) -> bool:
    names = (node.path.split("/")[-2] for node in layer.nodes if node.path.endswith(RECORD))
    return any(name.partition("-")[0].lower() not in _SEED for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Decides what a file is for; ``environments`` are folders of virtual environments."""

    base: int
    application: str = ""
    environments: tuple[str, ...] = ()

    def of(self, item: Live, owner: Owner | None) -> Component:
        """Judge by the layer, then by the owner, then by the path."""
        if item.layer < self.base:
            return Component.BASE
        if owner is not None:
            return self._of_owner(owner)
        noted = {"project": Component.APPLICATION, "lamina": Component.ENVIRONMENT}
        return noted.get(item.node.owner) or self._of_path(item.path)

    def _of_owner(self, owner: Owner) -> Component:
        if owner.kind is OwnerKind.PACKAGE:
            return Component.SYSTEM
        if owner.is_local or owner.name == self.application:
            return Component.APPLICATION
        return Component.ENVIRONMENT if owner.name in _SEED else Component.DEPENDENCIES

    def _of_path(self, path: str) -> Component:
        if _OTHER.match(path):
            return Component.OTHER
        if _SITE.match(path):
            return Component.DEPENDENCIES
        if path.startswith(self.environments) or _PYTHON.match(path):
            return Component.ENVIRONMENT
        return Component.SYSTEM if path.startswith(_SYSTEM) else Component.APPLICATION


def components_of(image: Image, base: BaseLayers, paths: Collection[str]) -> Components:
    """Find out what the judgement depends on."""
    suffix = "/pyvenv.cfg"
    title = image.runtime.labels.get(_TITLE, "")
    return Components(
        base=base.count,
        application=re.sub("[-_.]+", "-", title).lower(),
        environments=tuple(
            f"{path.removesuffix(suffix)}/" for path in paths if path.endswith(suffix)
        ),
    )
