"""The clock, for commands that need nothing else of the wiring; everyone else is handed one."""

import time


def now() -> float:
    """Say what time it is, in seconds since the epoch."""
    return time.time()
