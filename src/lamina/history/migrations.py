"""The tables of a history, version by version; a migration is only ever added at the end."""

from typing import Final

_BUILDS: Final = """
CREATE TABLE {builds} (
  id TEXT PRIMARY KEY,
  started {real} NOT NULL,
  seconds {real} NOT NULL,
  outcome TEXT NOT NULL,
  kind TEXT NOT NULL,
  engine TEXT NOT NULL,
  scope TEXT NOT NULL,
  project TEXT NOT NULL,
  names TEXT NOT NULL,
  repositories TEXT NOT NULL,
  platforms TEXT NOT NULL,
  branch TEXT NOT NULL,
  revision TEXT NOT NULL,
  ci TEXT NOT NULL,
  host TEXT NOT NULL,
  digest TEXT NOT NULL,
  image_bytes BIGINT NOT NULL,
  layer_bytes BIGINT NOT NULL,
  pull_bytes BIGINT NOT NULL,
  fetched_bytes BIGINT NOT NULL,
  pushed_bytes BIGINT NOT NULL,
  context_bytes BIGINT NOT NULL,
  step_hit {real},
  time_hit {real},
  reuse {real},
  reuse_above_base {real},
  saved_seconds {real} NOT NULL,
  record {blob} NOT NULL
)"""
_COSTS: Final = """
CREATE TABLE {costs} (
  scope TEXT NOT NULL,
  step TEXT NOT NULL,
  runs TEXT NOT NULL,
  PRIMARY KEY (scope, step)
)"""
_SEEN: Final = """
UPDATE {costs} SET seen = COALESCE(
  (SELECT max(started) FROM {builds} WHERE {builds}.scope = {costs}.scope), 0
)"""
_COMPARABLE: Final = """
CREATE INDEX {builds}_comparable ON {builds} (scope, outcome, platforms, started)
  WHERE layer_bytes > 0"""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        _BUILDS,
        "CREATE INDEX {builds}_started ON {builds} (started)",
        "CREATE INDEX {builds}_scope ON {builds} (scope, started)",
        _COSTS,
    ),
    (
        "ALTER TABLE {costs} ADD COLUMN seen {real} NOT NULL DEFAULT 0",
        _SEEN,
        "CREATE INDEX {costs}_seen ON {costs} (scope, seen)",
        _COMPARABLE,
    ),
)
"""The statements that lead from each version to the next; names and types differ by database."""

VERSION: Final = len(MIGRATIONS)


def statements(version: int, words: dict[str, str]) -> tuple[str, ...]:
    """Return what leads from ``version`` to ours, in the words of one database."""
    return tuple(
        statement.format_map(words) for migration in MIGRATIONS[version:] for statement in migration
    )
