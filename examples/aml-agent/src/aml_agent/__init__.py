"""A small AutoML service: a table in, a trained, explained and served model out."""

__version__ = "0.1.0"
