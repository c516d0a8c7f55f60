"""Where wheels come from; implementations of the Source protocol."""
