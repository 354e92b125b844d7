"""Refuse to send videos that another job of the account has sent under other reference IDs.

A copy of a manifest, or a corrected one, is a job of its own. If its reference IDs are the same,
its rows find the videos of the first job in the account. Otherwise they would become second videos.
"""

from collections.abc import Sequence
from contextlib import suppress

from batch_import.configuration.settings import Settings
from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.location import other_jobs
from batch_import.state.sent_rows import RowUrl, rows_sent_elsewhere
from batch_import.state.store import Store

_ACCOUNT_FACTS = (facts.API_BASE, facts.ACCOUNT)


def refuse_videos_of_other_jobs(store: Store, job: Job, settings: Settings) -> None:
    """Raise an error if a job that has sent nothing yet has URLs that another job has sent.

    Args:
        store: the job's database, or a copy of it. It knows the account.

    Raises:
        StateError: a job beside this one has sent some of the URLs under other reference IDs, and
            the user has not said that they are other videos (setting `same_videos`).
    """
    counts = store.reader.counts()
    if settings.same_videos != "ask" or counts.imported or counts.processing or counts.unknown:
        return
    account = {fact.name: store.facts.get(fact) for fact in _ACCOUNT_FACTS}
    for other in other_jobs(job, account):
        if found := _sent_under_other_ids(store, other):
            raise _fault(other, found)


def _sent_under_other_ids(store: Store, other: Job) -> list[tuple[RowUrl, RowUrl]]:
    """Returns the waiting rows whose URL another job of the account has sent, and its rows."""
    # A job that cannot be read does not keep this one from being run.
    with suppress(StateError), Store(other.state, read_only=True) as others:
        if all(others.facts.get(fact) == store.facts.get(fact) for fact in _ACCOUNT_FACTS):
            return list(rows_sent_elsewhere(store.connection, others.connection))
    return []


def _fault(other: Job, found: Sequence[tuple[RowUrl, RowUrl]]) -> StateError:
    row, sent = min(found)
    count = f"{len(found):,} row{'' if len(found) == 1 else 's'}"
    return StateError(
        f"{count} of this manifest would become second videos: the job {other.folder} has sent the"
        f" same URLs under other reference IDs, for example line {row.line} ({row.reference_id})"
        f" as {sent.reference_id}. Nothing was sent.",
        f"Go on with that job: {setting_ref('job', str(other.folder))}."
        f" If they are other videos, say so: {setting_ref('same_videos', 'no')}.",
    )
