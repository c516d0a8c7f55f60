"""Check: what a base stood on, and what it would stand on now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lamina.debian.selection import DebianSelection
from lamina.errors import ImageError, LaminaError
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage
from lamina.project.base_pin import BasePin, find_pin, registry_reference
from lamina.registry.client import RegistryClient
from lamina.registry.pull import resolve

State = Literal["current", "newer", "unknown", "fixed"]
"""Up to date or not; nothing to compare with; nothing that could move."""

Source = Literal["pin", "settings", "store", ""]
"""Where it is written what the base stands on."""

_HINTS: Mapping[Source, str] = {
    "pin": "`lamina lock --only base --upgrade` takes the newer one",
    "settings": "write the newer digest into tool.lamina.base",
    "store": "`lamina build --pull` takes the newer one, and `lamina lock` pins it",
    "": "`lamina lock` pins it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package, and its version then and now; empty where it was not, or will not be, there."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCheck:
    """What is known of a base for one platform.

    ``old`` and ``new`` are digests of a registry's index or manifest, made at ``old_created`` and
    ``new_created``, in seconds since the epoch (0: unknown).  ``changes`` are those of a base
    that is assembled, among its ``packages`` packages.
    """

    reference: str
    platform: Platform
    state: State
    source: Source = ""
    old: Digest | None = None
    new: Digest | None = None
    old_created: int = 0
    new_created: int = 0
    packages: int = 0
    changes: tuple[Change, ...] = ()
    hint: str = ""


def standing(
    base: str, pins: Sequence[BasePin], stored: Digest | None
) -> tuple[Source, Digest | None]:
    """Say what a build of ``base`` stands on, and where that is written.

    ``stored`` is what the store remembers of the base's tag.
    """
    image, pin = registry_reference(base), find_pin(base, pins)
    if image is not None and image.digest is not None:
        return "settings", image.digest
    if pin is not None:
        return "pin", pin.digest
    return ("store", stored) if stored is not None else ("", None)


def fixed(reference: str, platform: Platform) -> BaseCheck:
    """Say that nothing about the base moves by itself: a digest, a folder, nothing at all."""
    return BaseCheck(reference=reference, platform=platform, state="fixed")


def check_image(
    client: RegistryClient,
    tag: Reference,
    platform: Platform,
    *,
    known: Digest | None,
    source: Source,
) -> BaseCheck:
    """Ask a registry what ``tag`` stands for now, and compare with what is ``known``.

    Raises ``NetworkError``, and ``ImageError`` where the tag is gone.
    """
    new = client.find_manifest(tag.tag)
    if new is None:
        raise ImageError(
            f"there is no {tag.tag} in {client.place} any more",
            hint="choose another tag in tool.lamina.base",
        )
    is_newer = known is not None and known != new
    state: State = "unknown" if known is None else "newer" if is_newer else "current"
    return BaseCheck(
        reference=str(tag),
        platform=platform,
        state=state,
        source=source,
        old=known,
        new=new,
        old_created=_created(client, known, platform) if is_newer else 0,
        new_created=_created(client, new, platform) if is_newer else 0,
        hint="" if state == "current" else _HINTS[source],
    )


def check_packages(known: BaseImage, selection: DebianSelection) -> BaseCheck:
    """Compare the packages of an assembled base with what the archive would give now."""
    old = {one.name: one.version for one in (*known.packages, *known.system_packages)}
    new = {one.name: one.version for one in (*selection.base, *selection.system)}
    changes = tuple(
        Change(name=name, old=old.get(name, ""), new=new.get(name, ""))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
    return BaseCheck(
        reference=known.reference,
        platform=known.platform,
        state="newer" if changes else "current",
        source="store",
        packages=len(old),
        changes=changes,
        hint="`lamina build --pull` takes them" if changes else "",
    )


def no_packages(reference: str, platform: Platform) -> BaseCheck:
    """Say that no selection of packages is remembered for an assembled base."""
    return BaseCheck(
        reference=reference,
        platform=platform,
        state="unknown",
        hint="`lamina build` will choose the newest packages",
    )


def _created(client: RegistryClient, digest: Digest | None, platform: Platform) -> int:
    """Ask when an image was made; what is only nice to know fails nothing."""
    try:
        return resolve(client, str(digest), platform)[1].created
    except LaminaError:
        return 0
