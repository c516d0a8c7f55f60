"""Package URLs (purl-spec): names of packages that scanners and advisories share; pure."""

from urllib.parse import quote

from packaging.utils import canonicalize_name

from lamina.oci.digest import Digest
from lamina.oci.reference import Reference


def pypi_purl(name: str, version: str) -> str:
    """Name a distribution.

    >>> pypi_purl("Scikit_Learn", "1.0+cpu")
    'pkg:pypi/scikit-learn@1.0%2Bcpu'
    """
    return f"pkg:pypi/{_quoted(canonicalize_name(name))}{_at(version)}"


def deb_purl(  # noqa: PLR0913 - a Debian package has as many coordinates
    vendor: str,
    name: str,
    version: str,
    *,
    architecture: str = "",
    distro: str = "",
    source: str = "",
) -> str:
    """Name a Debian package; ``source`` is its control field, left out where it is the package.

    >>> deb_purl("debian", "libc6", "2.36-9", architecture="amd64", source="glibc (2.36-9)")
    'pkg:deb/debian/libc6@2.36-9?arch=amd64&upstream=glibc%402.36-9'
    """
    upstream, _, other = source.partition(" ")
    if other:
        upstream = f"{upstream}@{other.strip('()')}"
    qualifiers = {"arch": architecture, "distro": distro, "upstream": upstream}
    known = "&".join(f"{key}={_quoted(value)}" for key, value in qualifiers.items() if value)
    path = f"pkg:deb/{_quoted(vendor.lower())}/{_quoted(name.lower())}{_at(version)}"
    return f"{path}?{known}" if known else path


def oci_purl(reference: Reference, digest: Digest) -> str:
    """Name an image by its digest, and by the repository where it was found."""
    name = reference.repository.rpartition("/")[2]
    place = reference.qualified.partition("@")[0]
    place = place.removesuffix(f":{reference.tag}") if reference.tag else place
    tag = f"&tag={_quoted(reference.tag)}" if reference.tag else ""
    return f"pkg:oci/{name}@{_quoted(str(digest))}?repository_url={_quoted(place)}{tag}"


def _at(version: str) -> str:
    return f"@{_quoted(version)}" if version else ""


def _quoted(text: str) -> str:
    """Quote as purl-spec says: all but letters, digits, and ``.-_~:``."""
    return quote(text.encode("utf-8", "replace"), safe=":")
