"""Build records in registries: read while a build runs, written when it has been pushed."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamina.cli.clock import now
from lamina.cli.environment import environment
from lamina.cli.registries import OpenClient
from lamina.errors import LaminaError
from lamina.history.location import history_location, spool_location
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.parallel import Later
from lamina.protocols import Content, Destination
from lamina.steps import Step

if TYPE_CHECKING:  # loaded only where records are wanted
    from lamina.history.record import BuildRecord
    from lamina.history.rows import BuildRow

PATIENCE_S: Final = 10.0
"""How long a build waits for records: before it pushes, before it ends, and to write its own."""

_REGISTRY: Final = "docker://"


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what decides whether records travel with images."""
    parser.add_argument(
        "--record", action=argparse.BooleanOptionalAction, default=None,
        help="keep the record of this build with the pushed image, and read those of earlier "
        "builds where the history has none (default: the setting `record`)",
    )  # fmt: skip


def begin_build_records(
    options: argparse.Namespace, pushed: Sequence[Reference], open_client: OpenClient
) -> "BuildRecords | None":
    """Begin to read what registries keep of earlier builds; None where that is not wanted."""
    if not pushed or options.offline:
        return None
    is_wanted, project = _wish(options.path, options.variant, asked=options.record)
    return BuildRecords(pushed, open_client, project) if is_wanted else None


def _wish(directory: Path, variant: str, *, asked: bool | None) -> tuple[bool, str]:
    """Say whether records are wanted, and what the project is called."""
    if asked is False:
        return False, ""
    from lamina.project.read import read_project  # noqa: PLC0415 - only for pushes

    try:
        project = read_project(directory, variant)
    except LaminaError:  # the build will say it
        return False, ""
    return bool(asked or project.settings.record), project.image_name


class BuildRecords:
    """The records of the repositories that a build pushes to; no trouble with them fails it."""

    def __init__(self, pushed: Sequence[Reference], open_client: OpenClient, project: str) -> None:
        from lamina.observers.repository_records import RepositoryRecords  # noqa: PLC0415

        self._project = project
        self._tags: dict[str, list[str]] = {}
        self._repositories: dict[str, RepositoryRecords] = {}
        for reference in pushed:
            where = _repository(reference)
            self._tags.setdefault(where, []).append(str(reference.digest or reference.tag))
            opener = partial(open_client, reference)
            repository = RepositoryRecords(where, opener, project=project)
            self._repositories.setdefault(where, repository)
        self._subjects: dict[str, Descriptor] = {}
        self._notices: list[str] = []
        self._found = Later(self._find, is_abandonable=True)
        self._read = Later(self._add_earlier, is_abandonable=True)

    def ready(self) -> None:
        """Be done with the history, which is about to take in this build."""
        self._wait(self._read, "earlier builds are not read")

    def hear(self, record: "BuildRecord", row: "BuildRow") -> Iterator[str]:  # noqa: ARG002
        """Keep the record with every image that was pushed; yield what the user should know."""
        from lamina.history.record import BuildOutcome  # noqa: PLC0415

        yield from self._notices
        if record.outcome is not BuildOutcome.DONE:
            return
        for where, subject in self._subjects.items():
            try:
                attach = partial(self._repositories[where].attach, subject, record)
                Later(attach, is_abandonable=True).result(timeout_s=PATIENCE_S)
            except Exception as error:  # noqa: BLE001 - the image is there, and that is what counts
                yield f"the record of this build is not kept in {where}: {_reason(error)}"

    def wait(self) -> None:
        """Wait until it is known what the tags stand for, but not for ever."""
        self._wait(self._found, "earlier builds are not found")

    def pushed(self, where: str, subject: Descriptor) -> None:
        """Note an image that a repository has now."""
        self._subjects[where] = subject

    def _wait(self, later: Later[None], what: str) -> None:
        try:
            later.result(timeout_s=PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - not even a bug of ours is worth a build
            self._notices.append(f"{what}: {_reason(error)}")

    def _find(self) -> None:
        for where, found in self._repositories.items():
            try:
                found.find(self._tags[where], for_push=True)
            except LaminaError as error:
                self._notices.append(f"earlier builds are not read from {where}: {error.what}")

    def _add_earlier(self) -> None:
        """Bring what repositories keep into a history that knows no build for them."""
        with suppress(TimeoutError):
            self._found.result(timeout_s=PATIENCE_S)
        location, spool = history_location(environment()), spool_location(environment())
        if not location or spool is None:
            return
        try:
            self._add_to(location, spool)
        except LaminaError as error:
            self._notices.append(f"earlier builds are not read: {error.what}")

    def _add_to(self, location: str, spool: Path) -> None:
        from lamina.history.database import open_history  # noqa: PLC0415 - 40 ms
        from lamina.history.drain import drain  # noqa: PLC0415
        from lamina.history.query import Wanted  # noqa: PLC0415

        drain(location, spool, waits=False, now=now())
        with open_history(location) as history:
            for where, found in self._repositories.items():
                if not found.has_records or history.rows(Wanted(image=where, limit=1)):
                    continue
                records, problems = found.read(now())
                ours = (record for record in records if record.project == self._project)
                history.add(ours, now=now())
                self._notices += [f"a record in {where} is not used: {what}" for what in problems]


def waiting(records: BuildRecords | None, output: str, destination: Destination) -> Destination:
    """Make a registry wait with moving a tag until it is known what the tag was."""
    if records is None or not output.startswith(_REGISTRY):
        return destination
    reference = Reference.parse(output.removeprefix(_REGISTRY))
    return _AfterReading(destination, records, _repository(reference))


class _AfterReading:
    """A registry that is written to when it is known what it held."""

    def __init__(self, destination: Destination, records: BuildRecords, where: str) -> None:
        self._destination = destination
        self._records = records
        self._where = where

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Wait, write, and note the image."""
        self._records.wait()
        descriptor = self._destination.write(image, content, step)
        self._records.pushed(self._where, descriptor)
        return descriptor


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "it takes too long"
        case LaminaError():
            return error.what
        case _:
            return type(error).__name__  # what it says may quote a secret, and warnings are kept


def _repository(reference: Reference) -> str:
    registry = f"{reference.registry}/" if reference.registry else ""
    return f"{registry}{reference.repository}"
