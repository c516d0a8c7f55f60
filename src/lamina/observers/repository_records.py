"""The records that one repository keeps of one project's builds."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from lamina.errors import InputError
from lamina.history.published import believed, published
from lamina.history.record import BuildRecord
from lamina.oci.descriptor import Descriptor
from lamina.registry.build_records import (
    MOST_RECORDS,
    KeptRecords,
    attach_record,
    find_records,
    read_records,
    records_of,
)
from lamina.registry.client import RegistryClient


class RepositoryRecords:
    """Records beside the images of the repository ``where``, and which of them are ``project``'s.

    Methods raise ``LaminaError``; whoever builds takes that for a warning.
    """

    def __init__(
        self, where: str, open_client: Callable[[], RegistryClient], *, project: str = ""
    ) -> None:
        self.where = where
        self._project = project
        self._open_client = open_client
        self._kept = KeptRecords()

    def find(self, references: Sequence[str], *, for_push: bool = False) -> None:
        """Look for the records of the first tag or digest that there is an image for."""
        client = self._open_client()
        for reference in references:
            self._kept = find_records(client, reference, for_push=for_push)
            if self._kept.image is not None:
                return

    @property
    def has_image(self) -> bool:
        """Whether there was an image to find."""
        return self._kept.image is not None

    @property
    def has_records(self) -> bool:
        """Whether there are records to read."""
        return bool(self._kept.records)

    def read(self, now: float, limit: int = MOST_RECORDS) -> tuple[list[BuildRecord], list[str]]:
        """Fetch what was found, newest first, and say of what is no record why."""
        found: list[BuildRecord] = []
        problems: list[str] = []
        for data in read_records(self._open_client(), self._kept.records[:limit]):
            try:
                if isinstance(data, Exception):
                    raise data
                found.append(believed(data, self.where, now, project=self._project))
            except InputError as error:
                problems.append(error.what)
        return found, problems

    def attach(self, subject: Descriptor, record: BuildRecord) -> None:
        """Keep a build's record with the image that it pushed, unless that has one already."""
        client = self._open_client()
        is_same = self._kept.image == subject.digest
        kept = self._kept if is_same else records_of(client, subject.digest)
        if kept.records:
            return
        attach_record(
            client,
            subject,
            published(record, self.where),
            id_=record.id,
            created=_rfc_3339(record.started + record.seconds),
            earlier=self._kept.records,
        )


def _rfc_3339(seconds: float) -> str:
    try:
        time = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError("the build has no time") from error
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
