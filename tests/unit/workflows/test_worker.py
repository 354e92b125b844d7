"""A worker and the processes of its jobs. tests/database/test_fleet.py runs both."""

import asyncio

from batch_import.workflows.worker import WorkerOptions, _run_job


def test_a_job_whose_process_cannot_be_started_is_run_later() -> None:
    options = WorkerOptions("", ["news"], 1, ["/no/such/program"], {})
    end = asyncio.run(_run_job(options, "library", asyncio.Event()))
    assert end == ("later", "Its process cannot be started: No such file or directory.")
