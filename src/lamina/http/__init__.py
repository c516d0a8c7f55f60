"""One HTTP client for the whole program."""
