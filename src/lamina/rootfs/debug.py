"""A container's command under debugpy, which an editor attaches to."""

import posixpath
from dataclasses import replace

from lamina.errors import UsageError
from lamina.rootfs.container import Container
from lamina.rootfs.startable import find_program
from lamina.rootfs.tree import Tree

_OF_PYTHON = ("-m", "-c")


def debugged(container: Container, *, port: int) -> Container:
    """Return ``container`` with its command started by debugpy, which listens on the loopback.

    Raises ``UsageError`` for a command that is not a Python program.
    """
    program, *rest = container.arguments
    if posixpath.basename(program).startswith("python"):
        python, command = program, rest
        if rest and rest[0].startswith("-") and rest[0] not in _OF_PYTHON:
            raise UsageError(f"debugpy cannot pass {rest[0]} on to Python", where="--debug")
    else:
        python, command = "python", [_script(container), *rest]
    words = (python, "-m", "debugpy", "--listen", f"127.0.0.1:{port}", *command)
    return replace(container, arguments=words)


def _script(container: Container) -> str:
    program = container.arguments[0]
    with Tree(container.root) as tree:
        path = find_program(tree, container)
        start = (tree.read(path, limit=256) or b"") if path else b""
    if path is None or b"python" not in start.partition(b"\n")[0]:
        raise UsageError(
            f"{program} is not a Python program, and only those can be debugged", where="--debug"
        )
    return path
