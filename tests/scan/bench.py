"""A bench for scans: images and documents in memory, and advisories of a loopback server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lamina.http.client import HttpClient
from lamina.http.settings import HttpSettings
from lamina.lock.index_credentials import Login
from lamina.oci.config import RuntimeConfig
from lamina.oci.image import Image
from lamina.project.scan_settings import ScanSettings
from lamina.scan.advisory import Advisories
from lamina.scan.ask import Asker
from lamina.scan.base import BaseStatus
from lamina.scan.finding import Outcome
from lamina.scan.inventory import Inventory
from lamina.scan.read import read_image
from lamina.scan.run import OURS, ImageSubject, Means, scan_image
from lamina.steps import silent_step
from lamina.testing.images import Memory
from tests.support.synthetic import Row, image_of


def inventory_of(*layers: Sequence[Row] | bytes) -> Inventory:
    """Read an image of these layers, lowest first."""
    return read_image(*image_of(layers))


def asker(credentials: Mapping[str, Login] | None = None) -> Asker:
    """Make somebody who asks over real sockets, without proxies."""
    return Asker(exchange=HttpClient(HttpSettings()), credentials=credentials or {})


@contextmanager
def no_place() -> Iterator[str]:
    """Stand for a layout that nobody reads."""
    yield "nowhere"


def means(advisories: Advisories | None = None, **fields: Any) -> Means:
    """Make what scanners may ask: nobody but ``advisories``, on a base that is up to date."""
    chosen: dict[str, Any] = {
        "suite": None,
        "base": lambda: BaseStatus(reference="python:3", state="current"),
        "place": no_place,
        "settings": ScanSettings(),
        **fields,
    }
    return Means(advisories=advisories, **chosen)


def scan(
    image: Image, content: Memory, chosen: Means, *, config: bytes = b"", only: Sequence[str] = OURS
) -> tuple[Outcome, ...]:
    """Scan an image; its config is ``config``, or as it would be written."""
    subject = ImageSubject(
        inventory=lambda: read_image(image, content),
        config=config or image.config_bytes,
        runtime=image.runtime,
    )
    return scan_image(subject, only, chosen, silent_step())


def clean_image(*rows: Row) -> tuple[Image, Memory]:
    """Make an image with a user and with ``rows``, in which nothing is wrong."""
    return image_of([rows], runtime=RuntimeConfig(user="nonroot", environment=(("A", "b"),)))


def ids(outcomes: Sequence[Outcome] | Outcome) -> list[str]:
    """List what was found."""
    found = (outcomes,) if isinstance(outcomes, Outcome) else outcomes
    return [finding.id for outcome in found for finding in outcome.findings]


@dataclass
class Notes:
    """A memory that lasts as long as a test."""

    rows: dict[tuple[str, str], object] = field(default_factory=dict)

    def recall(self, topic: str, key: str) -> object:
        """Return what was noted."""
        return self.rows.get((topic, key))

    def remember(self, topic: str, key: str, value: object) -> None:
        """Note it."""
        self.rows[topic, key] = value
