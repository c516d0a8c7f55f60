"""Helpers for tests, ours and plugin authors': small real wheels, toy archives, a registry."""
