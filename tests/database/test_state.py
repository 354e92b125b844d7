"""Tests a job database in PostgreSQL: its own features, and its error messages.

`test_both.py` tests the features that it has in common with SQLite.
"""

import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from batch_import.configuration.request import ImportRequest
from batch_import.errors import StateError, StateUnavailable, UsageError
from batch_import.job import DatabaseState, Job
from batch_import.models import ManifestColumns, ManifestRow, Media, Status, StatusUpdate
from batch_import.state import catalog, facts, location
from batch_import.state.database_ledger import DatabaseLedger
from batch_import.state.postgres import url_without_password
from batch_import.state.store import Store
from batch_import.workflows.move import move

if TYPE_CHECKING:
    from server import Server


def row(name: str, line: int, *, title: str = "", url: str = "") -> ManifestRow:
    url = url or f"https://h/{name}.mp4"
    title = title or f"Title {name}"
    cells = (name, url, title)
    return ManifestRow(
        line, name, name, url, title, "mp4", cells, address=url, stripped_address=url
    )


def open_job(url: str, name: str = "library", *, create: bool = True) -> Store:
    return Store(DatabaseState(url, name), create=create)


# Error messages -----------------------------------------------------------------------------------


def fault(url: str) -> str:
    """Open a job that cannot be opened; returns the error message."""
    with pytest.raises(StateError) as caught:
        open_job(url).close()
    text = f"{caught.value}"
    assert "a-password" not in text
    assert "\n" not in text
    return text


def test_an_unusable_database_gives_one_clear_line(server: "Server", database: str) -> None:
    empty = server.new_database()
    assert "not prepared for batch-import. Prepare it once: batch-import state init" in fault(empty)
    wrong_password = database.replace("a-password", "a-passwort")
    assert "password authentication failed" in fault(wrong_password)
    assert "user and password" in fault(wrong_password)
    assert "Create the database" in fault(server.url("nowhere"))
    closed_port = database.replace(str(server.port), "1")
    assert "Make sure that the database runs" in fault(closed_port)
    with pytest.raises(StateUnavailable):
        open_job(closed_port)


def test_the_error_for_a_missing_job_says_how_to_start_it(database: str) -> None:
    with pytest.raises(StateError, match="There is no job library in postgresql://127"):
        open_job(database, create=False)
    assert not location.exists(Job(Path("library"), database))


def test_job_databases_of_other_versions_are_refused(database: str) -> None:
    open_job(database).close()
    for version, word in ((99, "newer"), (1, "older")):
        with psycopg.connect(database, autocommit=True) as db:
            db.execute("UPDATE batch_import.job SET version = %s", (version,))
        assert f"by a {word}" in fault(database).replace("an older", "a older")
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("UPDATE batch_import.version SET number = 99")
    assert "newer batch-import" in fault(database)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_commits_is_refused(
    server: "Server", database: str, setting: str
) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as db:
        db.execute(f"ALTER SYSTEM SET {setting} = off")
        db.execute("SELECT pg_reload_conf()")
        try:
            for _ in range(500):
                (value,) = db.execute(f"SHOW {setting}").fetchone() or ("",)
                if value == "off":
                    break
            assert f"{setting} = off, and may lose rows that were sent" in fault(database)
        finally:
            db.execute(f"ALTER SYSTEM RESET {setting}")
            db.execute("SELECT pg_reload_conf()")


def test_the_error_for_a_missing_extra_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from batch_import.state.location import catalog; catalog()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "UsageError" in done.stderr
    assert "pip install 'viostream-batch-import[shared]'" in done.stderr


def test_commits_are_written_to_the_disk_even_if_the_role_does_not_require_it(
    database: str,
) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("ALTER ROLE importer SET synchronous_commit = off")
    try:
        with open_job(database) as store:
            assert store.connection.row("SHOW synchronous_commit") == ("on",)
    finally:
        with psycopg.connect(database, autocommit=True) as db:
            db.execute("ALTER ROLE importer RESET synchronous_commit")


def test_a_url_is_shown_without_its_password() -> None:
    assert url_without_password(
        "postgresql://me:secret@db.example.com:5433/jobs?sslmode=require"
    ) == ("postgresql://db.example.com:5433/jobs")


# Stored values ------------------------------------------------------------------------------------


def test_values_that_postgresql_does_not_accept_are_stored(database: str) -> None:
    """NUL characters, and headers and URLs that are too long for a B-tree index."""
    long = "https://h/" + "x" * 8000
    columns = ManifestColumns(tuple(f"column {n}" for n in range(900)), (1, 2, None, 0))
    rows = [row("a", 2, title="one\0two"), row("b", 3, url=f"{long}1"), row("c", 4)]
    with open_job(database) as store:
        store.load(rows, 1.0, columns)
        store.load([rows[0], row("d", 3, url=f"{long}2")], 2.0, columns)
        assert store.reader.columns().names == columns.names
        names = [record.filename for record in store.reader.records()]
    assert names[0] == "one\N{REPLACEMENT CHARACTER}two"


def test_no_text_is_too_long_for_an_index(database: str) -> None:
    """A B-tree index cannot hold texts of more than 2,704 bytes, compressed."""
    long = random.Random(1).randbytes(50_000).hex()
    with open_job(database) as store:
        store.load([row(f"{long}{n}", n) for n in range(2, 6)], 1.0)
        claimed = store.queue.claim(2, 2.0)
        updates = [
            StatusUpdate(
                each.row_number,
                Status.IMPORTED,
                media=Media("m", each.reference_id, each.reference_id),
            )
            for each in claimed
        ]
        store.queue.apply(updates, 3.0)
        store.load([row(f"{long}{n}", n) for n in range(3, 8)], 4.0)
        match = store.reader.find_by_reference(f"{long}3")
        assert match
        assert (match[1].status, match[1].key) == ("imported", f"{long}3")
        assert store.reader.reference_ids_near(f"{long}6", 1) == [f"{long}5", f"{long}6"]
        for size in (None, (3, 4)):
            for key in (f"{long}2", f"{long}3"):
                store.pictures.save(key, size)
        assert store.pictures.missing_count() == 0
        with (
            pytest.raises(StateError, match="row_by_identity"),
            store.connection.transaction() as db,
        ):
            db.execute("UPDATE row SET identity = ?", (long,))
    ledger = DatabaseLedger(database, long)
    for expected in ("", "kept"):
        assert ledger.update(lambda text, _, expected=expected: ("kept", text == expected))
    ledger.close()


def test_a_manifest_that_cannot_be_read_to_its_end_changes_nothing(database: str) -> None:
    def broken() -> object:
        yield row("a", 2)
        raise StateError("the file ends in the middle")

    with open_job(database) as store:
        store.load([row("x", 2)], 1.0)
        with pytest.raises(StateError, match="ends in the middle"):
            store.load(broken(), 2.0)  # type: ignore[arg-type]
        assert [record.reference_id for record in store.reader.records()] == ["x"]


def test_rows_are_read_one_by_one_while_others_write(database: str) -> None:
    with open_job(database) as store, open_job(database) as other:
        store.load([row(f"r{n}", n) for n in range(2, 5002)], 1.0)
        records = store.reader.records()
        first = next(records)
        claimed = other.queue.claim(10, 2.0)
        store.queue.apply([StatusUpdate(claimed[0].row_number, Status.FAILED, error="no")], 3.0)
        rest = list(records)
        assert (first.status, len(rest)) == ("pending", 4999)
        assert store.reader.counts().failed == 1


def test_several_machines_can_create_the_same_job_at_the_same_time(database: str) -> None:
    errors: list[Exception] = []

    def make() -> None:
        try:
            open_job(database).close()
        except StateError as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert catalog.job_names(database) == ["library"]


def test_preparing_a_database_twice_changes_nothing(server: "Server") -> None:
    url = server.new_database()
    assert catalog.prepare(url)
    open_job(url).close()
    assert not catalog.prepare(url)
    assert catalog.job_names(url) == ["library"]


def test_jobs_are_found_by_their_facts(server: "Server") -> None:
    url = server.new_database()
    catalog.prepare(url)
    for number in range(120):  # more than one statement reads
        with open_job(url, f"job-{number:03}") as store:
            account = f"account-{number % 2}"
            store.facts.save(facts.API_BASE.of("https://a.example"), facts.ACCOUNT.of(account))
    required = {"api_base": "https://a.example", "account": "account-1"}
    names = catalog.names_of_jobs_with(url, required)
    assert names == [f"job-{number:03}" for number in range(1, 120, 2)]
    assert catalog.names_of_jobs_with(url, required | {"account": "account-2"}) == []


# Moving a job -------------------------------------------------------------------------------------


def create_contents(job: Job) -> list[object]:
    """Load a manifest twice, and send one row; returns the contents of the job."""
    job.prepare()
    with Store(job.state, create=True) as store:
        store.load([row(name, line) for line, name in enumerate("abcd", 2)], 1.0)
        store.load([row(name, line) for line, name in enumerate("abc", 2)], 2.0)
        (claimed,) = store.queue.claim(1, 3.0)
        store.queue.apply([StatusUpdate(claimed.row_number, Status.PROCESSING, sent_at=4.0)], 4.0)
    return contents(job)


def contents(job: Job) -> list[object]:
    """Return the rows of a job, their numbers, and its last event."""
    with Store(job.state) as store:
        numbers = [store.reader.find_by_reference(name) for name in "abcd"]
        return [*store.reader.records(), *numbers, store.reader.last_event()]


def test_a_job_moves_to_a_database_and_back_without_changes(tmp_path: Path, database: str) -> None:
    on_disk, shared = Job(tmp_path / "library"), Job(tmp_path / "library", database)
    before = create_contents(on_disk)
    assert move(on_disk, shared) == 4
    assert contents(shared) == before
    with Store(shared.state) as store:
        store.load([row("a", 2), row("new", 3)], 5.0)
        match = store.reader.find_by_reference("new")
        assert match
        assert match[0] == 5  # no number is used twice
        after = [*store.reader.records()]
    assert move(shared, on_disk) == 5
    with Store(on_disk.state) as store:
        assert [*store.reader.records()] == after


def test_a_moved_job_database_cannot_be_used(tmp_path: Path, database: str) -> None:
    on_disk, shared = Job(tmp_path / "library"), Job(tmp_path / "library", database)
    create_contents(on_disk)
    move(on_disk, shared)
    with pytest.raises(StateError, match="was moved to the job library in postgresql"):
        move(on_disk, Job(tmp_path / "library", database))
    with Store(on_disk.state) as store:
        assert store.facts.get(facts.MOVED_TO)
    other = Job(tmp_path / "other" / "library")
    create_contents(other)
    with pytest.raises(StateError, match="There is a job at the job library"):
        move(other, shared)


def test_an_invalid_url_of_a_database_is_refused() -> None:
    manifest = Path("library.csv")
    for url in ("mysql://h/x", "postgresql://h", "postgresql://h/x?password=secret", "library"):
        with pytest.raises(UsageError) as caught:
            ImportRequest(manifest, state=url)
        assert "secret" not in str(caught.value)
    job = ImportRequest(manifest, state="postgresql://h/x").job
    assert "postgresql" not in repr(job)
    assert job.state == DatabaseState("postgresql://h/x", "library")


# The record of an account's rate limit ------------------------------------------------------------


def test_no_update_of_the_rate_limit_record_is_lost(database: str) -> None:
    def count() -> None:
        ledger = DatabaseLedger(database, "account")
        for _ in range(40):
            ledger.update(lambda text, _: (str(int(text or 0) + 1), None))
        ledger.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = DatabaseLedger(database, "account")
    assert ledger.update(lambda text, _: (text, text)) == "160"
    clocks = [ledger.update(lambda text, now: (text, now)) for _ in range(3)]
    assert clocks == sorted(clocks)
    ledger.close()
    with pytest.raises(StateUnavailable):
        ledger.update(lambda text, _: (text, None))
