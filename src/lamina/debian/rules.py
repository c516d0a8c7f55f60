"""What a runtime image does not need: dependencies of maintainer scripts, and files.

Names change with every suite (t64, soname bumps), so everything here is a pattern.
"""

import re

from lamina.debian.index import Available
from lamina.debian.relation import Group

# Follows the packages of the base; a changed rule changes the bytes of every layer.
RULES_VERSION = 1

ROOTS = (
    "base-files",
    "base-passwd",
    "ca-certificates",
    "libc-bin",
    "libc6",
    "libgomp1",
    "libstdc++6",
    "netbase",
    "tzdata",
)

# Only maintainer scripts call these, and no script runs.
_INSTALL_TIME = frozenset(
    {
        "adduser",
        "cdebconf",
        "debconf",
        "debconf-2.0",
        "dpkg",
        "init-system-helpers",
        "install-info",
        "sensible-utils",
        "ucf",
    }
)

# Single edges: what the base leaves out of the package on the left needs the right.
_EDGES = tuple(
    (re.compile(package), re.compile(dependency))
    for package, dependency in (
        ("base-files", "awk"),
        (r"libreadline\d+(t64)?", "readline-common"),
        # The modules nis and _dbm go with them (see _PRUNED).
        (r"libpython3\.\d+-stdlib", r"libnsl2|libtirpc3(t64)?|libdb5\.3(t64)?"),
        (r"libssl3t64", "openssl-provider-legacy"),
        (r"libtirpc3(t64)?", "libtirpc-common"),
    )
)

# Of these only data is kept: a locale, ld.so.conf, passwd masters, OpenSSL's settings.
DATA_ONLY = frozenset({"base-passwd", "libc-bin", "openssl"})
_KEPT_DATA = {
    "base-passwd": re.compile(r"$^"),
    "libc-bin": re.compile(r"etc(/.*)?|usr/lib/locale(/.*)?"),
    "openssl": re.compile(r"etc(/.*)?|usr/lib/ssl(/.*)?"),
}

_COPYRIGHT = re.compile(r"usr/share/doc/[^/]+(/copyright)?")
_PRUNED = re.compile(
    r"""
    usr/share/(man|info|lintian|locale|bug|doc-base|binfmts|gdb|linda)(/.*)?
  | usr/share/zoneinfo/(posix|right)(/.*)?
  | usr/lib/python3(\.\d+)?/(pydoc_data|lib2to3|test|idlelib|turtledemo|distutils)(/.*)?
  | usr/lib/python3\.\d+/turtle\.py
  | usr/lib/python3\.\d+/lib-dynload/(_test|xx|_xxtestfuzz|nis\.|_dbm\.)[^/]*
  | usr/lib/[^/]+/audit(/.*)?
  | usr/lib/[^/]+/(libmemusage|libpcprofile|libthread_db|libnss_hesiod|libnss_compat)[-.][^/]*
  | usr/lib/[^/]+/engines-[^/]*(/.*)?
    """,
    re.VERBOSE,
)
# iconv_open of the encodings that C libraries (ODBC, libxml2) still ask for; 8 MB of others go.
_GCONV = re.compile(r"usr/lib/[^/]+/gconv/(?P<name>.*)")
_GCONV_KEPT = frozenset(
    {
        "UTF-7.so",
        "UTF-16.so",
        "UTF-32.so",
        "ISO8859-1.so",
        "ISO8859-15.so",
        "CP1252.so",
        "gconv-modules",
    }
)

_NEEDS_RUNNING = {
    "graphviz": "dot cannot write any format before `dot -c` has run in the image",
    "ca-certificates-java": "Java does not trust any certificate without its keystore",
    "libgdk-pixbuf-2.0-0": "no image loader is registered before gdk-pixbuf-query-loaders has run",
}


def is_install_time(package: Available, group: Group) -> bool:
    """Tell whether a dependency of ``package`` only serves its maintainer scripts."""
    if any(relation.name in _INSTALL_TIME for relation in group):
        return True  # one such alternative says what the whole group is for
    return any(
        left.fullmatch(package.name) and right.fullmatch(relation.name)
        for left, right in _EDGES
        for relation in group
    )


def is_kept(package: str, path: str, *, whole: bool) -> bool:
    """Tell whether an image keeps ``path`` (after the usr-merge) of ``package``.

    ``whole`` is for packages that the project asked for by name: only documentation goes.
    """
    if path.startswith("usr/share/doc/"):
        return _COPYRIGHT.fullmatch(path) is not None
    if not whole and package in _KEPT_DATA:
        return _KEPT_DATA[package].fullmatch(path) is not None or path in _PARENTS
    gconv = _GCONV.fullmatch(path)
    if gconv is not None:
        return gconv["name"] in _GCONV_KEPT
    return _PRUNED.fullmatch(path) is None


_PARENTS = frozenset({"usr", "usr/share", "usr/share/doc", "usr/lib"})


def unfinished(names: frozenset[str]) -> tuple[str, ...]:
    """Say which packages would need their own code run at installation, and what is missing."""
    return tuple(
        f"{name}: {_NEEDS_RUNNING[name]}" for name in sorted(names & _NEEDS_RUNNING.keys())
    )
