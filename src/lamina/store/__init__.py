"""The local content-addressed store, the only cache."""
