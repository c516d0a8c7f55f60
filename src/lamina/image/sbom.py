"""Bill: the ingredients of an image, from its plan or from what its layers say; pure.

A plan knows every wheel and every .deb by digest.  Somebody else's image, and a base that is one,
say what is installed in them, and nothing vouches for that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from packaging.utils import canonicalize_name

from lamina.debian.control import parse_paragraph
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.image.installed import Found, Installed
from lamina.image.license import License
from lamina.image.purl import deb_purl, pypi_purl
from lamina.image.wheel_metadata import WheelFacts
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.plan.component import Component
from lamina.plan.plan import BuildPlan, FileLayer, WheelLayer
from lamina.plan.serialize import plan_key

Kind = Literal["distribution", "debian", "project"]

_VENDORS: Final = ("debian", "ubuntu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One thing in an image.

    ``digest`` is that of the wheel or .deb ``file`` that it came as, None where only installed
    files are known; then ``found_at`` is the path that names it.  ``purl`` is empty for a project
    that no package is made of.
    """

    kind: Kind
    name: str
    version: str
    purl: str = ""
    role: Component = Component.OTHER
    digest: Digest | None = None
    file: str = ""
    license: License = field(default_factory=License)
    found_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All ingredients of one image, sorted.

    ``image`` is the digest of its manifest, None for a plan that was not built.  ``is_complete``
    says that each ingredient is known by digest.  ``created`` is in seconds since the epoch.
    """

    name: str
    version: str = ""
    platform: Platform
    image: Digest | None = None
    plan: Digest | None = None
    base: str = ""
    created: int = 0
    ingredients: tuple[Ingredient, ...] = ()
    is_complete: bool = False


def bill_of_plan(  # noqa: PLR0913 - what is known beside the plan
    plan: BuildPlan,
    *,
    image: Digest | None = None,
    version: str = "",
    selection: DebianSelection | None = None,
    base: Installed | None = None,
    facts: Mapping[Digest, WheelFacts] | None = None,
) -> Bill:
    """List what a plan puts into an image.

    ``selection`` are the Debian packages of an assembled base, and ``base`` is what the layers of
    another kind of base say.  ``facts`` are by the digests of wheels; ``version`` is the project's.
    """
    found = [
        *_selected(plan, selection),
        *_found_in(base, Component.BASE),
        *_wheels(plan, facts or {}),
        *_files(plan, version),
    ]
    return Bill(
        name=plan.name,
        version=version,
        platform=plan.base.platform,
        image=image,
        plan=plan_key(plan),
        base=plan.base.reference,
        created=plan.created,
        ingredients=_sorted(found),
        is_complete=base is None,
    )


def bill_of_image(name: str, image: Image, digest: Digest | None, found: Installed) -> Bill:
    """List what the layers of an image, anyone's, say is installed."""
    return Bill(
        name=name,
        platform=image.platform,
        image=digest,
        created=image.created,
        ingredients=_sorted(_found_in(found, Component.OTHER)),
    )


def _selected(plan: BuildPlan, selection: DebianSelection | None) -> Iterable[Ingredient]:
    if selection is None:
        return
    vendor = plan.base.reference.partition(":")[0]
    below = {package.name for package in selection.base}
    for package in (*selection.base, *selection.system):
        yield Ingredient(
            kind="debian",
            name=package.name,
            version=package.version,
            purl=_package_purl(package, vendor, selection),
            role=Component.BASE if package.name in below else Component.SYSTEM,
            digest=Digest(package.sha256),
            file=package.path.rpartition("/")[2],
        )


def _package_purl(package: DebianPackage, vendor: str, selection: DebianSelection) -> str:
    return deb_purl(
        vendor,
        package.name,
        package.version,
        architecture=package.architecture,
        distro=f"{vendor}-{selection.version_id or selection.suite}",
        source=parse_paragraph(package.control).get("Source"),
    )


def _wheels(plan: BuildPlan, facts: Mapping[Digest, WheelFacts]) -> Iterable[Ingredient]:
    for layer in plan.layers:
        if isinstance(layer, WheelLayer):
            for wheel in layer.wheels:
                known = facts.get(wheel.digest, WheelFacts())
                yield _wheel(wheel, known.license, is_own=layer.is_own)
                yield from (_vendored(wheel, one) for one in known.vendored)


def _wheel(wheel: LockedWheel, license_: License, *, is_own: bool) -> Ingredient:
    return Ingredient(
        kind="project" if is_own else "distribution",
        name=wheel.name,
        version=wheel.version,
        purl=pypi_purl(wheel.name, wheel.version),
        role=Component.APPLICATION if is_own else Component.DEPENDENCIES,
        digest=wheel.digest,
        file=wheel.filename,
        license=license_,
    )


def _vendored(wheel: LockedWheel, one: Found) -> Ingredient:
    """Name a distribution that a wheel has copied into itself, and whose digest is the wheel's."""
    return Ingredient(
        kind="distribution",
        name=canonicalize_name(one.name),
        version=one.version,
        purl=pypi_purl(one.name, one.version),
        role=Component.DEPENDENCIES,
        license=one.license,
        found_at=f"{wheel.filename}, {one.path}",
    )


def _files(plan: BuildPlan, version: str) -> Iterable[Ingredient]:
    """Name the project where its files go in as they are, and no wheel is made of it."""
    has_files = any(isinstance(layer, FileLayer) and layer.files for layer in plan.layers)
    has_wheel = any(isinstance(layer, WheelLayer) and layer.is_own for layer in plan.layers)
    if has_files and not has_wheel:
        yield Ingredient(
            kind="project", name=plan.name, version=version, role=Component.APPLICATION
        )


def _found_in(installed: Installed | None, role: Component) -> Iterable[Ingredient]:
    if installed is None:
        return
    vendor = installed.release.get("ID", "")
    distro = f"{vendor}-{installed.release.get('VERSION_ID', '')}".strip("-")
    for one in installed.found:
        yield _found(one, role, vendor=vendor if vendor in _VENDORS else "debian", distro=distro)


def _found(one: Found, role: Component, *, vendor: str, distro: str) -> Ingredient:
    is_debian = bool(one.architecture)
    return Ingredient(
        kind="debian" if is_debian else "distribution",
        name=one.name if is_debian else canonicalize_name(one.name),
        version=one.version,
        purl=deb_purl(
            vendor, one.name, one.version,
            architecture=one.architecture, distro=distro, source=one.source,
        ) if is_debian else pypi_purl(one.name, one.version),
        role=role,
        license=one.license,
        found_at=f"/{one.path}",
    )  # fmt: skip


def _sorted(found: Iterable[Ingredient]) -> tuple[Ingredient, ...]:
    """Sort by kind and name; what is named twice in equal words counts once."""
    rows = {(i.kind, i.name, i.version, i.purl, i.file, i.found_at): i for i in found}
    return tuple(rows[key] for key in sorted(rows))
