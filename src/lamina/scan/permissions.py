"""Permissions: files that give rights away, and the user that a container of the image runs as."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lamina.oci.config import RuntimeConfig
from lamina.scan.finding import Finding, Outcome, Place, Severity
from lamina.scan.inventory import Inventory
from lamina.scan.tree import Leaf

NAME: Final = "permissions"
_SETUID, _SETGID, _STICKY, _OTHERS_WRITE, _GROUP_WRITE = 0o4000, 0o2000, 0o1000, 0o002, 0o020
_OWNER_WRITE: Final = 0o200
_ROOT: Final = "root"
_USUAL: Final = re.compile(
    r"(?:usr/)?s?bin/(?:su|mount|umount|passwd|chsh|chfn|chage|expiry|gpasswd|newgrp|wall|write"
    r"|ssh-agent|unix_chkpwd|pam_extrausers_chkpwd|sudo|fusermount3?|crontab)"
    r"|usr/lib/(?:dbus-1\.0/dbus-daemon-launch-helper|openssh/ssh-keysign)"
)
"""What distributions ship so; a container seldom needs it, but nobody slipped it in."""

_SITE: Final = re.compile(r"((?:.*/)?(?:site|dist)-packages)(?:/.*)?")


@dataclass(frozen=True, slots=True)
class _User:
    """Whom containers run as; -1 is a number that the image does not tell."""

    uid: int
    gid: int


def scan_permissions(inventory: Inventory, runtime: RuntimeConfig) -> Outcome:
    """Look at the mode and owner of every path of the finished image, and at its user."""
    user = _user(runtime.user, inventory)
    findings = [*_root_user(runtime.user, user), *_writable_site_packages(inventory, user)]
    for leaf in inventory.tree:
        findings += _of_leaf(leaf)
    return Outcome(
        scanner=NAME,
        findings=tuple(sorted(findings, key=lambda one: one.id)),
        coverage=f"{inventory.tree.size} paths",
    )


def _of_leaf(leaf: Leaf) -> Iterator[Finding]:
    if leaf.is_file:
        if leaf.mode & (_SETUID | _SETGID):
            yield _set_id(leaf)
        if leaf.has_capabilities:
            yield _finding("capabilities", leaf, "medium", "has file capabilities")
    is_shared = leaf.kind == "directory" and leaf.mode & _STICKY
    if _has_mode(leaf) and leaf.mode & _OTHERS_WRITE and not is_shared:
        what = "is a directory that every user may write to, and its files are not safe"
        text = what if leaf.kind == "directory" else "may be written by every user"
        yield _finding("world-writable", leaf, "high", text)


def _set_id(leaf: Leaf) -> Finding:
    rule = "setuid" if leaf.mode & _SETUID else "setgid"
    whose = f"user {leaf.uid}" if leaf.mode & _SETUID else f"group {leaf.gid}"
    is_usual = _USUAL.fullmatch(leaf.path) is not None
    severity: Severity = "low" if is_usual else "high"
    usual = ", as distributions ship it" if is_usual else ""
    return _finding(rule, leaf, severity, f"runs as {whose}, whoever starts it{usual}")


def _finding(rule: str, leaf: Leaf, severity: Severity, text: str) -> Finding:
    return Finding(
        rule=f"permission/{rule}",
        subject=f"/{leaf.path}",
        severity=severity,
        text=f"{text} (mode {leaf.mode:04o})",
        place=Place(path=leaf.path, layer=leaf.layer),
        hint=_HINTS[rule],
    )


_HINTS: Final = {
    "setuid": "take the bit away (chmod u-s), or remove the program",
    "setgid": "take the bit away (chmod g-s), or remove the program",
    "capabilities": "remove them (setcap -r), or grant them to the container that needs them",
    "world-writable": "take the right away (chmod o-w), or mount a volume there",
}


def _root_user(text: str, user: _User) -> Iterator[Finding]:
    if user.uid == 0:
        yield Finding(
            rule="config/root-user",
            subject="USER",
            severity="high",
            text="containers run as root" + ("" if text else ": the image names no user"),
            hint="name a user that is not root (USER, or the user setting)",
        )


def _writable_site_packages(inventory: Inventory, user: _User) -> Iterator[Finding]:
    """Find code that a container could change under its own feet."""
    if user.uid == 0:
        return
    found: dict[str, Leaf] = {}
    for leaf in inventory.tree:
        match = _SITE.fullmatch(leaf.path)
        if match and _has_mode(leaf) and _may_write(leaf, user):
            found.setdefault(match[1], leaf)
    for folder, leaf in sorted(found.items()):
        yield Finding(
            rule="permission/writable-site-packages",
            subject=f"/{folder}",
            severity="medium",
            text=f"the image's user may change installed code, such as /{leaf.path}",
            place=Place(path=folder, layer=leaf.layer),
            hint="install as root, and run as another user",
        )


def _has_mode(leaf: Leaf) -> bool:
    return leaf.is_file or leaf.kind == "directory"


def _may_write(leaf: Leaf, user: _User) -> bool:
    is_owners = leaf.uid == user.uid and leaf.mode & _OWNER_WRITE
    is_groups = leaf.gid == user.gid and leaf.mode & _GROUP_WRITE
    return bool(is_owners or is_groups or leaf.mode & _OTHERS_WRITE)


def _user(text: str, inventory: Inventory) -> _User:
    """Find out who USER is: a name or number, perhaps with a group, as /etc/passwd knows them."""
    name, _, group = text.partition(":")
    rows = _rows(inventory.document("etc/passwd"))
    row = next((r for r in rows if name in {r[0], r[2]}), None)
    uid = _number(name or "0")
    if name == _ROOT:
        uid = 0
    elif uid < 0 and row is not None:
        uid = _number(row[2])
    gid = _number(group) if group else _number(row[3]) if row is not None else 0
    return _User(uid, gid if gid >= 0 else _group(group, inventory))


def _group(name: str, inventory: Inventory) -> int:
    rows = _rows(inventory.document("etc/group"))
    return next((_number(row[2]) for row in rows if row[0] == name), -1)


def _rows(data: bytes) -> list[list[str]]:
    lines = data.decode("utf-8", "replace").splitlines()
    rows = [line.split(":") for line in lines]
    return [row for row in rows if len(row) >= 4]  # noqa: PLR2004 - group(5) has four fields


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1  # noqa: PLR2004
