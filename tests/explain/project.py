"""One project of the table, on disk: built, changed, and built again."""

from pathlib import Path

from lamina.explain.asked import read_command
from lamina.explain.collect import Around, collect
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.model import model
from lamina.explain.steps import Model
from tests.explain.cases import FILES, Case, Folder


def start(path: Path, case: Case) -> Folder:
    """Write the project that a case begins with."""
    folder = Folder(path / "context")
    folder.path.mkdir(parents=True)
    for name, text in FILES.items():
        folder.write(name, text)
    folder.write("Dockerfile", case.dockerfile)
    case.before(folder)
    return folder


def words(folder: Folder) -> list[str]:
    """Return the options of a build, and its context."""
    return [*folder.options, str(folder.path)]


def fingerprint(folder: Folder) -> Fingerprint:
    """Read what a build depends on, as ``lamina trace`` does."""
    around = Around(folder=folder.path.parent, environment={}, memory=None, clock=lambda: 0.0)
    found = collect(read_command(words(folder)), around)
    assert found is not None
    return found


def model_of(folder: Folder) -> Model:
    """Make the model of what would be built now."""
    return model(fingerprint(folder))


def text_of(text: str) -> str:
    """Write a step's text as builders show it."""
    return " ".join(text.replace("$DIR", "lib").split())
