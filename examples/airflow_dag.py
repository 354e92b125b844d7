"""An Airflow DAG (Airflow 3) that imports a manifest, three hours a night, until all is done.

The credentials are in the environment of the worker. The folder must outlive the task: put it on a
volume that every worker has.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task

import batch_import

FOLDER = Path("/srv/migration")
HOURS = 3


@task(retries=8, retry_delay=timedelta(minutes=15))
def import_videos() -> dict[str, int]:
    """Import until all is done or the time is up; a platform that is down is tried again later."""
    settings = batch_import.settings_from_environment(until=time.time() + HOURS * 3600)
    try:
        outcome = batch_import.import_manifest(
            FOLDER / "library.csv", job=FOLDER / "output/library", settings=settings
        )
    except batch_import.Stopped:
        left = batch_import.job_status(FOLDER / "output/library").left
        return {"left": left}  # tomorrow's run continues
    except batch_import.PlatformError:
        raise  # Airflow tries again
    except batch_import.RunFault as fault:
        raise AirflowFailException(str(fault)) from None  # only a person can fix this
    if outcome.counts.failed or outcome.counts.invalid:
        raise AirflowFailException(f"Some rows are to be fixed: {outcome.folder / 'failed.csv'}")
    return {"left": outcome.left}


@dag(
    schedule="0 20 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
)
def import_library() -> None:
    """Every evening at eight, one run at a time."""
    import_videos()


import_library()
