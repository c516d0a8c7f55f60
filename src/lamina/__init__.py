"""Lamina builds container images for Python projects from wheels, without Docker."""
