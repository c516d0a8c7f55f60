"""Which Debian package holds a library, guessed from its soname, for hints only.

Debian policy, section 8.1: the package of ``libfoo.so.1`` is named ``libfoo1``, and that of
``libfoo-2.so.0`` is ``libfoo-2-0``.  The table holds common libraries that break the rule.
"""

import re

_SONAME = re.compile(r"(?P<stem>.+?)\.so(?:\.(?P<version>[\w.+-]+))?")

_IRREGULAR = {
    "ld-linux-aarch64.so.1": "libc6",
    "ld-linux-x86-64.so.2": "libc6",
    "libGLX.so.0": "libglx0",
    "libICE.so.6": "libice6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libanl.so.1": "libc6",
    "libasound.so.2": "libasound2",
    "libbz2.so.1.0": "libbz2-1.0",
    "libc.so.6": "libc6",
    "libcrypto.so.3": "libssl3",
    "libdl.so.2": "libc6",
    "libexslt.so.0": "libxslt1.1",
    "libgcc_s.so.1": "libgcc-s1",
    "libgeos_c.so.1": "libgeos-c1v5",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgmodule-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libjpeg.so.62": "libjpeg62-turbo",
    "liblber-2.5.so.0": "libldap-2.5-0",
    "libm.so.6": "libc6",
    "libmvec.so.1": "libc6",
    "libncursesw.so.6": "libncursesw6",
    "libnspr4.so": "libnspr4",
    "libnss3.so": "libnss3",
    "libnssutil3.so": "libnss3",
    "libpthread.so.0": "libc6",
    "libresolv.so.2": "libc6",
    "librt.so.1": "libc6",
    "libsmime3.so": "libnss3",
    "libstdc++.so.6": "libstdc++6",
    "libthread_db.so.1": "libc6",
    "libturbojpeg.so.0": "libturbojpeg0",
    "libutil.so.1": "libc6",
    "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt1.1",
    "libz.so.1": "zlib1g",
}


def package_of(soname: str) -> str | None:
    """Guess the Debian package that holds ``soname``; None if no rule applies.

    >>> package_of("libgomp.so.1"), package_of("libusb-1.0.so.0"), package_of("plugin.so")
    ('libgomp1', 'libusb-1.0-0', None)
    """
    if soname in _IRREGULAR:
        return _IRREGULAR[soname]
    match = _SONAME.fullmatch(soname)
    if match is None or match["version"] is None or not soname.startswith("lib"):
        return None
    stem = match["stem"].lower().replace("_", "-")
    dash = "-" if stem[-1].isdigit() else ""  # libfoo2 with version 3 is libfoo2-3, not libfoo23
    version = match["version"].lower()
    if version.count(".") > 1:  # a file's full version: the soname has the first number only
        version = version.split(".")[0]
    return f"{stem}{dash}{version}"
