"""Plain keyword-only functions that make rows with sensible defaults."""

from tests.factories.members import *  # noqa: F403
