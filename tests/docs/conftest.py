"""Fixtures of the tests that compare the documentation with the program."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Test folders are not packages. This makes the helper modules in this folder importable.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def package() -> Callable[[str], None]:
    """Returns a function that skips the test if a package is missing; in `.ci/run`, it fails."""

    def require(name: str) -> None:
        if importlib.util.find_spec(name) is None:
            reason = f"{name} is not installed: pip install -e '.[docs]'"
            if os.environ.get("REQUIRE_TEST_PROGRAMS"):
                pytest.fail(reason)
            pytest.skip(reason)

    return require
