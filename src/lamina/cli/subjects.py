"""What a command means that takes a project's folder or an image: which of the two is named."""

from pathlib import Path

from lamina.errors import UsageError
from lamina.project.read import is_project


def is_folder(subject: str) -> bool:
    """Say whether ``subject`` is a project's folder, and not the name of an image.

    Beside a package ``shop`` there is mostly an image of that name, so a word is a folder only if
    a project is in it.  Raises ``UsageError`` for the folder of an OCI layout.
    """
    path = Path(subject)
    if not path.is_dir():
        return False
    if is_project(path):
        return True
    if (path / "oci-layout").is_file():
        raise UsageError(
            "this is an OCI layout, and no project", where=subject, hint=f"name it oci:{subject}"
        )
    return "/" in subject or subject in {".", ".."}
