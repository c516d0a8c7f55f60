"""Secrets: what looks like one in a text, and where texts are in an image."""
