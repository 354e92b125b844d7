"""Refuse to send videos that another job of the account has sent with other reference IDs.

A copy of a manifest under another name is a new job. If its rows have the same reference IDs as the
rows of the first job, the new job finds their videos in the account, and uses them. If the
reference IDs differ, it would create each video a second time.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import StateError, format_line_numbers, setting_ref
from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.location import other_jobs
from batch_import.state.sent_rows import RowUrl, rows_sent_elsewhere
from batch_import.state.store import Store

#: Two jobs with the same values of these facts import into the same account.
_ACCOUNT_FACTS: Final = (facts.API_BASE, facts.ACCOUNT)


def refuse_videos_of_other_jobs(store: Store, job: Job, settings: Settings) -> None:
    """Raise an error if a job that has sent nothing yet has URLs that another job has sent.

    Args:
        store: the job's database, or a copy of it. The account must be recorded in it.

    Raises:
        StateError: a job in the same parent folder or database has sent some of the URLs with other
            reference IDs, and the setting `same_videos` is `ask`.
    """
    counts = store.reader.counts()
    if settings.same_videos != "ask" or counts.imported or counts.processing or counts.unknown:
        return
    account = {fact.name: store.facts.get(fact) for fact in _ACCOUNT_FACTS}
    for other_job in other_jobs(job, account):
        pairs = _rows_sent_with_other_ids(store, other_job)
        if pairs:
            raise _second_videos_error(other_job, pairs, store.queue.claimable_count())


def _rows_sent_with_other_ids(store: Store, other_job: Job) -> list[tuple[RowUrl, RowUrl]]:
    """Find the rows whose URL another job of the account has sent with another reference ID.

    Returns:
        Each row, with the row of the other job.
    """
    # If the other job cannot be read, the run continues without the comparison.
    with suppress(StateError), Store(other_job.state, read_only=True) as other_store:
        # `other_jobs` returns all jobs of a folder, also those of other accounts.
        if all(other_store.facts.get(fact) == store.facts.get(fact) for fact in _ACCOUNT_FACTS):
            # If --limit, --first or --only choose rows of this run, only these are compared.
            return list(
                rows_sent_elsewhere(
                    store.connection, other_store.connection, only_chosen=store.queue.has_choice
                )
            )
    return []


def _second_videos_error(
    other_job: Job, pairs: Sequence[tuple[RowUrl, RowUrl]], selected_count: int
) -> StateError:
    """Create the error.

    Args:
        other_job: the job that has sent the URLs.
        pairs: each row, with the row of the other job.
        selected_count: number of rows that the run would send.
    """
    row, sent = min(pairs)
    count = f"{len(pairs):,} row{'' if len(pairs) == 1 else 's'}"
    # If most rows were sent by the other job, this manifest is a copy of that job's manifest.
    if 2 * len(pairs) > selected_count:
        advice = f"To continue that job, add {setting_ref('job', str(other_job.folder))}."
    else:
        lines = format_line_numbers(sorted(row.line for row, _ in pairs))
        rows = "this row" if len(pairs) == 1 else f"these rows (lines {lines})"
        advice = f"The videos are imported already: delete {rows} from this manifest."
    return StateError(
        f"{count} of this manifest would become second videos: the job {other_job.folder} has sent"
        f" the same URLs with other reference IDs, for example line {row.line} ({row.reference_id})"
        f" as {sent.reference_id}. Nothing was sent.",
        f"{advice} If they are other videos, add {setting_ref('same_videos', 'no')}.",
    )
