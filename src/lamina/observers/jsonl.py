"""Observer ``rawjson``: every event as one JSON object a line."""

import json
from typing import TextIO

from lamina.events import Event, event_to_json


class JsonLines:
    """Writes events to a stream as they come."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Write one event."""
        self._stream.write(json.dumps(event_to_json(event), separators=(",", ":")) + "\n")
        self._stream.flush()
