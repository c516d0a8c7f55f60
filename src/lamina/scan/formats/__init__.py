"""The result of a scan as a text, for people or for programs."""
