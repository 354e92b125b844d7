"""The import, watched: `run` and `retry`, and what the demo does."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from batch_import.cli.arguments import (
    credentials_of,
    job_of,
    options_of,
    result_options_of,
    settings_of,
)
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.notice import notified
from batch_import.cli.terminal import Asking, Bar, Lines, has_bars, stoppable
from batch_import.cli.words import (
    print_adopted,
    print_left_alone,
    print_loaded,
    print_outcome,
    print_pictures,
    print_trouble,
)
from batch_import.errors import RunFault
from batch_import.job import Job
from batch_import.manifest.options import Options
from batch_import.settings import Credentials, Settings, notify_url
from batch_import.workflows import pipeline


def run(arguments: argparse.Namespace, *, retry_failed: bool = False) -> int:
    """Import a manifest, or resume."""
    job = job_of(arguments)

    def work() -> int:
        return import_watched(
            job,
            arguments.manifest,
            settings_of(arguments),
            credentials_of(arguments),
            options=options_of(arguments),
            retry_failed=retry_failed,
            results=result_options_of(arguments),
        )

    if arguments.notify is None:
        return work()
    return notified(work, notify_url(arguments.notify), job, arguments.manifest)


def retry(arguments: argparse.Namespace) -> int:
    """Send failed rows again, then run."""
    return run(arguments, retry_failed=True)


def import_watched(
    job: Job,
    manifest: Path,
    settings: Settings,
    credentials: Credentials,
    *,
    options: Options,
    retry_failed: bool = False,
    results: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Import, and show how it goes; returns the exit code."""
    display = Bar() if has_bars() else Lines()

    def pictures(left: int) -> None:
        display.close()
        print_pictures(left, settings.rate)

    try:
        with stoppable() as stop:
            ended = pipeline.run(
                job,
                manifest,
                settings,
                credentials,
                options=options,
                retry_failed=retry_failed,
                results=results,
                watcher=pipeline.Watcher(
                    Asking().show,
                    lambda loaded: print_loaded(job, loaded),
                    display.show,
                    pictures,
                    print_trouble,
                ),
                stop=stop,
            )
    except RunFault:
        display.close()
        if job.state.is_file():
            print_outcome(job, pipeline.status(job), to=sys.stderr)
        raise
    display.close()
    print_outcome(job, ended.counts)
    print_adopted(pipeline.adopted(job))
    if ended.counts.pending:
        print_left_alone(ended.counts.pending)
    return INCOMPLETE if ended.left else OK
