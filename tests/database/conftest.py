"""Fixtures with a real PostgreSQL; without it, or without psycopg, the tests are skipped."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch_import.job import DatabaseState
from batch_import.state.store import Store

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "simulation", HERE.parent / "golden"):
    sys.path.insert(0, str(folder))  # test folders are not packages

if TYPE_CHECKING:
    from server import Server


def _missing_program() -> str:
    """Return which program is missing; empty if none is."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed"
    from server import installed

    return "" if installed() else "PostgreSQL is not installed: make test-programs"


@pytest.fixture(scope="session")
def server() -> "Iterator[Server]":
    """A server that all tests of this process share."""
    if reason := _missing_program():
        if os.environ.get("REQUIRE_TEST_PROGRAMS"):
            pytest.fail(reason)
        pytest.skip(reason)
    from server import Server, installed

    programs = installed()
    assert programs
    started = Server(programs)
    yield started
    started.close()


@pytest.fixture(scope="session")
def shared_database(server: "Server") -> str:
    """URL of a prepared database that several tests share; each of them uses its own jobs."""
    from batch_import.state import catalog

    url = server.new_database()
    catalog.prepare(url)
    return url


@pytest.fixture
def database(server: "Server") -> str:
    """URL of a new, prepared database for one test."""
    from batch_import.state import catalog

    url = server.new_database()
    catalog.prepare(url)
    return url


_numbers = count(1)


@pytest.fixture
def empty_state(shared_database: str) -> Callable[[], Store]:
    """Returns a function that makes an empty job database in PostgreSQL."""

    def make() -> Store:
        return Store(DatabaseState(shared_database, f"empty {next(_numbers)}"), create=True)

    return make
