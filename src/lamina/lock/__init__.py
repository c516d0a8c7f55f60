"""Stage 2: every distribution pinned by hash."""
