"""The documentation is held against the program."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Test folders are no packages; the tests here share the modules beside them.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def package() -> Callable[[str], None]:
    """Needs a package; where it is missing, the test is skipped, but not in `.ci/run`."""

    def need(name: str) -> None:
        if importlib.util.find_spec(name) is None:
            why = f"{name} is not installed: pip install -e '.[docs]'"
            (pytest.fail if os.environ.get("REQUIRE_TEST_PROGRAMS") else pytest.skip)(why)

    return need
