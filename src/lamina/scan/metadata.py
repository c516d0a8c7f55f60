"""Distributions and Debian packages, as the files that installers left behind name them; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from packaging.utils import canonicalize_name

from lamina.scan.inventory import Inventory

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,100}")
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z-]{0,60}):[ \t]*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """An installed distribution; ``name`` is normalised (PEP 503), ``path`` its metadata's.

    ``licenses`` are what the fields License-Expression, License and Classifier say, in this order.
    """

    name: str
    version: str
    path: str = ""
    layer: int = 0
    expression: str = ""
    license: str = ""
    classifiers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What an image says about its distribution of Linux; all empty where it says nothing."""

    id: str = ""
    codename: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """A Debian package as dpkg's status has it."""

    name: str
    version: str
    architecture: str


def distributions(inventory: Inventory) -> tuple[Distribution, ...]:
    """List the distributions of an image by name; malformed metadata counts as none."""
    unique = {(one.name, one.version): one for one in copies(inventory)}
    return tuple(unique[key] for key in sorted(unique))


def copies(inventory: Inventory) -> Iterator[Distribution]:
    """Yield them wherever they are, as a cache has them again; equal metadata is parsed once."""
    known: dict[bytes, Distribution | None] = {}
    for document in inventory.documents.values():
        if document.path.endswith(("/METADATA", "/PKG-INFO", ".egg-info")):
            if document.data not in known:
                known[document.data] = _distribution(document.data)
            if (found := known[document.data]) is not None:
                yield replace(found, path=document.path, layer=document.layer)


def debian_packages(inventory: Inventory) -> tuple[InstalledPackage, ...]:
    """List the installed Debian packages: of dpkg's status, or of status.d without dpkg."""
    found: dict[tuple[str, str], InstalledPackage] = {}
    status = "var/lib/dpkg/status"
    texts = (d.data for path, d in inventory.documents.items() if path.startswith(status))
    for data in dict.fromkeys(texts):  # links lead to the same text again
        for package in _packages(data.decode("utf-8", "replace")):
            found[package.name, package.architecture] = package
    return tuple(found[key] for key in sorted(found))


def system(inventory: Inventory) -> System:
    """Read os-release (os-release(5))."""
    text = inventory.document("etc/os-release", "usr/lib/os-release").decode("utf-8", "replace")
    fields = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            fields[name.strip()] = value.strip().strip("\"'")
    codename = fields.get("VERSION_CODENAME", "")
    is_plain = re.fullmatch(r"[a-z][a-z0-9-]{0,40}", codename)
    return System(id=fields.get("ID", "").lower(), codename=codename if is_plain else "")


def _distribution(data: bytes) -> Distribution | None:
    fields: dict[str, list[str]] = {}
    for name, value in _headers(data.decode("utf-8", "replace")):
        fields.setdefault(name, []).append(value)
    name, version = (fields.get(key, [""])[0].strip() for key in ("name", "version"))
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        return None
    return Distribution(
        name=canonicalize_name(name),
        version=version,
        expression=fields.get("license-expression", [""])[0].strip(),
        license=fields.get("license", [""])[0].strip(),
        classifiers=tuple(c for c in fields.get("classifier", ()) if c.startswith("License ::")),
    )


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """Yield the header fields up to the first empty line; a continued one is cut to its start."""
    for line in text.splitlines():
        if not line:
            return
        match = _FIELD.fullmatch(line)
        if match:
            yield match[1].lower(), match[2]


def _packages(text: str) -> Iterator[InstalledPackage]:
    for paragraph in text.split("\n\n"):
        fields = dict(_headers(paragraph.strip("\n")))
        is_there = "installed" in fields.get("status", "installed").split()
        if is_there and fields.get("package") and fields.get("version"):
            yield InstalledPackage(
                name=fields["package"],
                version=fields["version"],
                architecture=fields.get("architecture", ""),
            )
