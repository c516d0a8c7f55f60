"""The gate before an image is called built: one owner a path, and every library there."""

from collections.abc import Iterable, Sequence

from lamina.elf.closure import Finding, check
from lamina.elf.needs import Needs
from lamina.errors import CheckFailed
from lamina.layer.clashes import Clash, clash_error, is_same, loses_execute_bit
from lamina.layer.contents import Contents, Item
from lamina.oci.platform import Platform

_MACHINES = {"amd64": 62, "arm64": 183}
_SHOWN = 20


def check_owners(layers: Iterable[Contents]) -> None:
    """Raise ``InputError`` when two distributions bring different files to one path.

    Which of them would win depends on the order of layers, which must not decide silently.  Equal
    files are fine, unless the upper one may not be executed and the lower one may.  A folder
    belongs to whoever brings the first file in it.
    """
    seen: dict[str, Item] = {}
    clashes: list[tuple[Item, Item]] = []
    for contents in layers:
        for item in contents.items:
            other = seen.get(item.path, item)
            if is_same(other, item):
                seen[item.path] = item
            if not is_same(other, item) or loses_execute_bit(item, other):
                clashes.append((other, item))
    if clashes:
        raise clash_error([_clash(one, other, seen.values()) for one, other in clashes])


def check_libraries(
    layers: Sequence[Contents], platform: Platform, *, search_path: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Check that every shared object finds what it needs in the image; return the warnings.

    ``layers`` are all of the image's, from the bottom up.  Raises ``CheckFailed`` listing every
    library that an import or a program would miss.
    """
    objects, links = _merge(layers)
    findings = check(
        objects,
        links,
        machine=_MACHINES[platform.architecture],
        extra_dirs=(path.lstrip("/") for path in search_path),
    )
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise CheckFailed(
            "the image would not start: shared libraries are missing or do not fit",
            why="\n".join(finding.what for finding in errors[:_SHOWN]),
            hint="; ".join(dict.fromkeys(f.hint for f in errors[:_SHOWN] if f.hint)) or None,
        )
    return tuple(finding for finding in findings if finding.severity != "error")


def _clash(one: Item, other: Item, items: Iterable[Item]) -> Clash:
    return Clash(
        path=one.path,
        one=_owner(one, items),
        other=_owner(other, items),
        is_program=is_same(one, other),
    )


def _owner(item: Item, items: Iterable[Item]) -> str:
    inside = (i.owner for i in items if i.path.startswith(f"{item.path}/") and i.owner)
    return item.owner or next(inside, "")


def _merge(layers: Sequence[Contents]) -> tuple[dict[str, Needs], dict[str, str]]:
    """Stack the layers: objects and links as the finished image shows them."""
    objects: dict[str, Needs] = {}
    links: dict[str, str] = {}
    for contents in layers:
        for item in contents.items:
            objects.pop(item.path, None)
            links.pop(item.path, None)
            if item.kind == "symlink":
                links[item.path] = item.target
            elif item.path in contents.objects:
                objects[item.path] = contents.objects[item.path]
            elif item.kind == "hardlink" and item.target in contents.objects:
                objects[item.path] = contents.objects[item.target]
    return objects, links
