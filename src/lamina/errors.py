"""Every error a user can act on, with its exit code.

.. code-block:: text

    LaminaError                 70  our bug, when nothing more precise fits
    ├── CheckFailed              1  a check said no (lamina test, the ELF gate)
    ├── UsageError               2  the command line asks for something that cannot be
    ├── InputError               3  something the user wrote or chose cannot be used
    │   ├── ProjectError            pyproject.toml, [tool.lamina], project files
    │   ├── LockError               requirements.txt, pylock.toml, the locks of other tools
    │   ├── ArchiveError            a wheel, sdist, layer or .deb is malformed or hostile
    │   ├── IntegrityError          bytes are not the bytes that were promised
    │   └── ImageError              an image, layout or base that does not hold together
    └── OutsideError             4  the outside world did not do its part
        ├── NetworkError            an index, archive or registry
        ├── ToolError               a program that we started
        └── StoreError              the disk, the local store
"""

from typing import ClassVar


class LaminaError(Exception):
    """Say what happened, where, what to try, and why; the command line prints all four.

    ``what`` is one line without a full stop.  ``where`` names a file, position or reference.
    ``hint`` is something the user can do.  ``why`` is evidence.
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        why: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.why = why

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class CheckFailed(LaminaError):  # noqa: N818 - a verdict, not a fault
    """A check said no."""

    exit_code = 1


class UsageError(LaminaError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class InputError(LaminaError):
    """Something that the user wrote or chose cannot be used."""

    exit_code = 3


class ProjectError(InputError):
    """A project file or setting is wrong; ``problems`` holds one line for each."""

    def __init__(self, what: str, *, problems: tuple[str, ...] = (), **details: str | None) -> None:
        super().__init__(what, **details)
        self.problems = problems


class LockError(ProjectError):
    """A lock or requirements file is malformed, incomplete, or does not fit the image."""


class ArchiveError(InputError):
    """A wheel, sdist, layer or .deb is malformed or hostile."""


class IntegrityError(InputError):
    """Bytes are not the bytes that a digest, hash or signature promised."""


class ImageError(InputError):
    """An image, layout or base does not hold together."""


class OutsideError(LaminaError):
    """The outside world did not do its part."""

    exit_code = 4


class NetworkError(OutsideError):
    """An index, archive or registry could not be reached or refused."""


class ToolError(OutsideError):
    """A program that we started is missing or failed."""


class StoreError(OutsideError):
    """The local store or the disk below it cannot be used."""
