"""Explain: why a build ran what it ran, and what an edit would make the next one run."""
