"""Whole ways through the portal in a real browser."""

import pytest

pytest.register_assert_rewrite("tests.journeys.pages", "tests.journeys.before", "tests.journeys.after")
