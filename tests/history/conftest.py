"""Assertions of the shared conformance tests show what they compared."""

import pytest

pytest.register_assert_rewrite("tests.history.conformance")
