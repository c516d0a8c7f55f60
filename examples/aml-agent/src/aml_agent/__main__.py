"""Runs the ``aml`` command as ``python -m aml_agent``."""

from aml_agent.cli import app

app(prog_name="aml")
