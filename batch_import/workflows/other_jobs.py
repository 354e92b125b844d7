"""Refuse to send videos that another job of the account has sent under other reference IDs.

A copy of a manifest, or a corrected one, is a job of its own. If its reference IDs are the same,
its rows find the videos of the first job in the account. Otherwise they would become second videos.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.location import jobs_in
from batch_import.state.sent_rows import RowUrl, sent_rows, waiting_rows
from batch_import.state.store import Store

#: Maximum number of rows that are compared: all rows of most manifests, in about 30 MB.
_MAX_ROWS: Final = 100_000


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
    waiting = {row.url: row for row in waiting_rows(store.connection, _MAX_ROWS)}
    for other in jobs_in(job.folder.parent, job.database):
        if other.folder.resolve() == job.folder.resolve():
            continue
        if found := _sent_under_other_ids(store, other, waiting):
            raise _fault(other, found)


def _sent_under_other_ids(
    store: Store, other: Job, waiting: Mapping[str, RowUrl]
) -> list[tuple[RowUrl, RowUrl]]:
    """Returns the waiting rows whose URL another job of the account has sent, and its rows."""
    account = (facts.API_BASE, facts.ACCOUNT)
    # A job that cannot be read does not keep this one from being run.
    with suppress(StateError), Store(other.state, read_only=True) as others:
        if all(others.facts.get(fact) == store.facts.get(fact) for fact in account):
            return [
                (waiting[sent.url], sent)
                for sent in sent_rows(others.connection)
                if sent.url in waiting and sent.reference_id != waiting[sent.url].reference_id
            ]
    return []


def _fault(other: Job, found: Sequence[tuple[RowUrl, RowUrl]]) -> StateError:
    row, sent = found[0]
    count = f"{len(found):,} row{'' if len(found) == 1 else 's'}"
    return StateError(
        f"{count} of this manifest would become second videos: the job {other.folder} has sent the"
        f" same URLs under other reference IDs, for example line {row.line} ({row.reference_id})"
        f" as {sent.reference_id}. Nothing was sent.",
        f"Go on with that job: {setting_ref('job', str(other.folder))}."
        f" If they are other videos, say so: {setting_ref('same_videos', 'no')}.",
    )
