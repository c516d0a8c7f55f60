"""Whether the program of a container is in its image, to say so before the start."""

import posixpath
from pathlib import Path

from lamina.errors import ImageError
from lamina.rootfs.container import Container
from lamina.rootfs.tree import Tree

_FIRST_LINE = 256  # as much as the kernel reads of it


def check_startable(root: Path, container: Container) -> None:
    """Raise ``ImageError`` if the program, or the interpreter that its first line names, is absent.

    A link that leads nowhere counts as absent: an environment without a Python below it has one.
    """
    program = container.arguments[0]
    if any(program.startswith(f"{mount.target}/") for mount in container.mounts):
        return
    with Tree(root) as tree:
        found = find_program(tree, container)
        if found is None:
            search_path = dict(container.environment).get("PATH", "")
            raise ImageError(
                f"the image has no program {program}",
                hint="check its entrypoint; an image on a scratch base brings no Python",
                why=f"PATH={search_path}" if "/" not in program else None,
            )
        interpreter = _interpreter(tree.read(found, limit=_FIRST_LINE) or b"")
        if interpreter and tree.resolve(interpreter) is None:
            raise ImageError(
                f"{found} is a script for {interpreter}, which the image does not have",
                hint="use a base that carries a Python; scratch brings none",
            )


def find_program(tree: Tree, container: Container) -> str | None:
    """Find the program of ``container`` in its image, as the start of it would."""
    program, search_path = container.arguments[0], dict(container.environment).get("PATH", "")
    folders = [container.working_directory] if "/" in program else search_path.split(":")
    candidates = [posixpath.join("/", folder, program) for folder in folders]
    return next((path for path in candidates if tree.resolve(path) is not None), None)


def _interpreter(start: bytes) -> str:
    first = start.partition(b"\n")[0].decode("utf-8", "replace")
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    return words[0] if words else ""
