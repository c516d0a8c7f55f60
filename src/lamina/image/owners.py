"""Owners: whose the paths of a layer are, and whose its folders are alone; pure."""

from lamina.layer.contents import Contents


def owners_of(contents: Contents) -> dict[str, str]:
    """Map paths to distributions and packages; a folder, with a slash, where it has one owner."""
    owners: dict[str, str] = {}
    for item in contents.items:
        if item.kind == "directory" or not item.owner:
            continue
        owners[item.path] = item.owner
        folder = item.path.rpartition("/")[0]
        while folder:
            key = f"{folder}/"
            if owners.setdefault(key, item.owner) != item.owner:
                owners[key] = ""  # of several
            folder = folder.rpartition("/")[0]
    return owners
