"""Tests of lamina.anatomy."""
