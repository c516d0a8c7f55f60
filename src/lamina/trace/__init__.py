"""Builds made by others: what BuildKit and Docker said while they built, as values."""
