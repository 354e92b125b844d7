"""Tests the queue of jobs without a worker process."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted
from batch_import.job import DatabaseState
from batch_import.models import Counts
from batch_import.state import catalog, submissions
from batch_import.state.store import Store
from batch_import.workflows import submit as workflow
from batch_import.workflows.observer import SILENT

queue = pytest.importorskip("batch_import.fleet.queue", exc_type=ImportError)
tasks = pytest.importorskip("batch_import.fleet.tasks", exc_type=ImportError)

if TYPE_CHECKING:
    from server import Server

ACCOUNT = "news"


def submit(url: str, job: str) -> None:
    submission = submissions.Submission(job, ACCOUNT, f"{job}.csv", {})
    queue.submit(url, submission, submissions.Snapshot(), None)


def test_a_job_submitted_again_does_not_prevent_the_take_over_of_others(
    server: "Server",
) -> None:
    """The worker of both jobs has crashed, and one of the jobs is submitted again."""
    url = server.new_database()
    queue.prepare(url)
    for job in ("one", "two"):
        Store(DatabaseState(url, job), create=True).close()
        submit(url, job)

    async def lose_both_jobs_and_retry() -> None:
        app = tasks.make_app(url, max_size=4)
        async with app.open_async():
            worker = await app.job_manager.register_worker()
            for _ in range(2):
                assert await app.job_manager.fetch_job([ACCOUNT], worker)
            await asyncio.to_thread(submit, url, "one")
            await app.connector.execute_query_async(
                "UPDATE procrastinate_workers SET last_heartbeat = 'epoch'"
            )
            context = cast("Any", SimpleNamespace(app=app))
            await tasks._retry_stalled_jobs(context, 0)

    asyncio.run(lose_both_jobs_and_retry())
    with catalog.session(url) as db:
        queued = db.execute(
            "SELECT args ->> 'job' FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1"
        )
        assert queued.fetchall() == [("one",), ("two",)]
        assert [str(each.status) for each in submissions.list_jobs(db)] == ["queued", "queued"]


def test_crashes_are_counted_until_a_job_makes_progress(server: "Server") -> None:
    url = server.new_database()
    queue.prepare(url)
    with Store(DatabaseState(url, "one"), create=True) as store:
        submit(url, "one")

        def crash_after(counts: Counts) -> int:
            snapshot = submissions.Snapshot(counts, rate=4.0)
            submissions.save_progress(store.connection, "one", snapshot)
            return submissions.note_end(url, "one", "Its process was killed.", crashed=True)

        assert [crash_after(Counts()) for _ in range(3)] == [1, 2, 3]
        assert crash_after(Counts(total=1, imported=1)) == 1


def test_an_interrupted_command_puts_nothing_into_the_queue(
    server: "Server", tmp_path: Path
) -> None:
    url, stop = server.new_database(), threading.Event()
    queue.prepare(url)
    manifest = tmp_path / "library.csv"
    manifest.write_text("sourceUrl,filename,extension\nhttps://host.example/a.mp4,A,mp4\n")
    request = ImportRequest(manifest, folder=tmp_path / "library", state=url)
    # The stop is set as by Ctrl-C during preflight, which then returns its results so far.
    observer = replace(SILENT, loaded=lambda _: stop.set())
    with pytest.raises(Interrupted):
        workflow.submit(request, ACCOUNT, None, observer, stop)
    with catalog.session(url) as db:
        assert [str(each.status) for each in submissions.list_jobs(db)] == ["manual"]
