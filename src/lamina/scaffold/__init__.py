"""Scaffold: what `lamina init` writes into a project."""
