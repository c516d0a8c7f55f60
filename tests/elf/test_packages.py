"""The Debian package of a library is guessed from its soname."""

import pytest

from lamina.elf.packages import package_of


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libgomp.so.1", "libgomp1"),
        ("libGL.so.1", "libgl1"),
        ("libgthread-2.0.so.0", "libglib2.0-0"),
        ("libusb-1.0.so.0", "libusb-1.0-0"),
        ("libsndfile.so.1", "libsndfile1"),
        ("libX11.so.6", "libx11-6"),
        ("libXrender.so.1", "libxrender1"),
        ("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
        ("libgomp.so.1.0.0", "libgomp1"),
        ("libz.so.1", "zlib1g"),
        ("plugin.so", None),
        ("libfoo-1a2b3c4d.so", None),
    ],
)
def test_common_libraries_are_guessed_right(soname: str, package: str | None) -> None:
    assert package_of(soname) == package
