"""Find rows whose URL another row has, in the same job or in another one.

Such a row would import a video of the account a second time. This module must not know what
follows.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from batch_import.state import choice_statements
from batch_import.state.choice_statements import ALL_ROWS, CHOSEN_ROWS
from batch_import.state.connection import Connection

#: The columns of `RowUrl`: rows of the manifest that were not sent, sorted by URL. The place
#: `{is_chosen}` is for a condition.
_WAITING: Final = """
    SELECT line, stripped_address, reference_id, 0 FROM row
    WHERE status = 'pending' AND position IS NOT NULL AND {is_chosen} ORDER BY stripped_address
"""
#: The columns of `RowUrl`: rows that were sent, or may have been sent, sorted by URL.
_SENT: Final = """
    SELECT line, stripped_address, reference_id, 1 FROM row
    WHERE status IN ('creating', 'processing', 'unknown', 'imported') ORDER BY stripped_address
"""

#: Rows that were sent, or that wait to be sent, with one of some URLs.
_WITH_URLS: Final = """
    SELECT number, line, stripped_address FROM row
    WHERE status IN ('pending', 'creating', 'processing', 'unknown', 'imported')
        AND stripped_address IN ({})
    ORDER BY number
"""


class RowUrl(NamedTuple):
    """A row of a job.

    Attributes:
        line: line number of the row in the manifest.
        url: its source URL in canonical form, without its signature.
        is_sent: whether the platform has its video, or may have it.
    """

    line: int
    url: str
    reference_id: str
    is_sent: bool


def rows_with_urls(connection: Connection, urls: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Find the rows of a job that were sent, or wait to be sent, with one of some URLs.

    Args:
        connection: connection to the job database.
        urls: source URLs in canonical form, without signatures.

    Returns:
        URL → number in the job database, and line number in the manifest, of each row with it.
    """
    rows_by_url: dict[str, list[tuple[int, int]]] = {}
    statement = _WITH_URLS.format(", ".join("?" * len(urls)))
    for number, line, url in connection.rows(statement, urls) if urls else ():
        rows_by_url.setdefault(url, []).append((number, line))
    return rows_by_url


def rows_sent_elsewhere(
    ours: Connection, others: Connection, *, only_chosen: bool = False
) -> Iterator[tuple[RowUrl, RowUrl]]:
    """Yields the waiting rows of a job whose URL another job has sent under other reference IDs.

    Both jobs are read in the order of the URLs. Therefore only the rows with one URL are in memory.

    Args:
        ours: connection to the job with the waiting rows.
        others: connection to the other job.
        only_chosen: whether only the rows that the user has chosen for the run are compared.

    Yields:
        the waiting row, and the first row that the other job has sent with the same URL.
    """
    is_chosen = choice_statements.is_chosen(CHOSEN_ROWS if only_chosen else ALL_ROWS)
    all_waiting = map(RowUrl._make, ours.stream(_WAITING.format(is_chosen=is_chosen)))
    all_sent = map(RowUrl._make, others.stream(_SENT))
    rows = heapq.merge(all_waiting, all_sent, key=attrgetter("url"))
    for _, rows_with_url in groupby(rows, attrgetter("url")):
        waiting_rows: list[RowUrl] = []
        sent_rows: list[RowUrl] = []
        for row in rows_with_url:
            if row.is_sent:
                sent_rows.append(row)
            else:
                waiting_rows.append(row)
        sent_ids = {row.reference_id for row in sent_rows}
        for row in waiting_rows:
            if sent_rows and row.reference_id not in sent_ids:
                yield row, sent_rows[0]
