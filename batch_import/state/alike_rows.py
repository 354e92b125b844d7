"""Finds rows of an edited manifest that look new, but may be videos that were sent already.

An edited manifest may have new URLs for the same videos. Such rows cannot be matched with the job's
rows by their URLs: the rows with the new URLs look added, and the rows with the old URLs look
removed. An added row and a removed row are alike if they have equal titles and similar URLs, or if
their URLs differ only in their signatures (see `ALIKE`). Only the user can know whether two alike
rows are the same video. Until the user decides, the added row is invalid. If the user says that
such rows are the same videos, the added rows are matched with the removed rows. This module must
not know how the user is asked.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

from batch_import.addresses.likeness import similarity_key
from batch_import.models import POSSIBLE_DUPLICATE_CODE
from batch_import.state import row_matching
from batch_import.state.connection import Database

#: The user's decision whether such rows are the same videos.
SameVideos = Literal["ask", "yes", "no"]


def find_alike(db: Database) -> None:
    """Fill the tables `added` and `removed` with the rows that only one side has.

    `added` has the rows that only the edited manifest has, and `removed` the rows that only the job
    has. The column `likeness` has the text that `similarity_key` makes from title and URL. It is
    equal for rows with equal titles and similar URLs.
    """
    for statement in _CREATE:
        db.execute(statement)
    for table, statement in (("removed", _REMOVED), ("added", _ADDED)):
        for rows in _chunks(db, statement):
            db.insert(
                table,
                [(title, url, *rest, similarity_key(title, url)) for title, url, *rest in rows],
            )
    for statement in _INDEX:
        db.execute(statement)


def _chunks(db: Database, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the rows of a query's result, in lists that fit into memory.

    The parameters of the query are a key and a limit. Its third column is the key.
    """
    last_key = -1
    while rows := db.execute(statement, (last_key, _CHUNK_ROWS)).fetchall():
        yield rows
        last_key = rows[-1][2]


def match_alike_rows(db: Database) -> None:
    """Match added rows with removed rows that are alike, if each is alike to only one other row.

    The other rows remain possible duplicates.
    """
    db.execute(_FORGET_OWN_PAIRS)
    for statement in _PAIR_ALIKE:
        db.execute(statement)
    for statement in _FORGET_MATCHED:
        db.execute(statement)
    row_matching.share_identities(db)
    # The rows that were matched are no longer added or removed: fill the tables again.
    find_alike(db)


def mark_possible_duplicates(db: Database) -> None:
    """Make an added row invalid if it is alike to a removed row that was sent."""
    db.execute(_MARK_DUPLICATES)


#: Number of rows that are in memory at once.
_CHUNK_ROWS: Final = 10_000
#: Condition for rows of which the platform has, or may have, a media.
_SENT: Final = "status IN ('creating', 'processing', 'unknown', 'imported')"
#: Creates the tables. In both, `has_own_id` is whether the manifest gives the reference ID. In
#: `removed`, `is_sent` is whether the row was sent, or may have been sent; `position` is NULL if
#: the row is not in the last version of the manifest either. In `added`, `invalid_number` is the
#: number of the row if the job has it already, as an invalid row; otherwise NULL.
_CREATE: Final = (
    "DROP TABLE IF EXISTS added",
    "DROP TABLE IF EXISTS removed",
    """
    CREATE TEMP TABLE removed (
        filename TEXT, stripped_address TEXT, number INTEGER, has_own_id BOOLEAN,
        is_sent BOOLEAN, identity TEXT, line INTEGER, position INTEGER, likeness TEXT
    )
    """,
    """
    CREATE TEMP TABLE added (
        filename TEXT, stripped_address TEXT, position INTEGER, has_own_id BOOLEAN,
        invalid_number INTEGER, likeness TEXT
    )
    """,
)
#: Selects the rows for the table `removed`: rows with a URL whose identity the edited manifest does
#: not have. A row that was not sent is selected only if the last version of the manifest has it.
#: Parameters: only rows with a higher number than this are selected, and a limit.
_REMOVED: Final = f"""
    SELECT filename, stripped_address, number, own_id, {_SENT}, identity, line, position
    FROM row WHERE number > ? AND identity IS NOT NULL AND address <> ''
        AND ({_SENT} OR position IS NOT NULL)
        AND identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL)
    ORDER BY number LIMIT ?
"""
#: Selects the rows for the table `added`: valid rows with a URL whose identity the job does not
#: have, or has only as an invalid row that was never claimed. Without a removed row, none is
#: selected, because no row could be alike. Parameters: only rows with a higher position than this
#: are selected, and a limit.
_ADDED: Final = """
    SELECT incoming.filename, incoming.stripped_address, incoming.position, incoming.own_id,
        row.number
    FROM incoming LEFT JOIN row USING (identity)
    WHERE incoming.position > ? AND incoming.error = '' AND incoming.identity IS NOT NULL AND (
        row.number IS NULL OR (row.claimed_at IS NULL AND row.status = 'invalid')
    ) AND incoming.address <> '' AND EXISTS (SELECT 1 FROM removed)
    ORDER BY incoming.position LIMIT ?
"""
_INDEX: Final = (
    "CREATE INDEX removed_by_likeness ON removed (likeness, is_sent)",
    "CREATE INDEX removed_by_address ON removed (stripped_address, is_sent)",
    "CREATE INDEX added_by_likeness ON added (likeness)",
    "CREATE INDEX added_by_address ON added (stripped_address)",
)
#: Condition for an added and a removed row that are alike: they have equal titles and similar URLs,
#: or their URLs are equal without signatures. Rows with equal URLs are not alike if both have an ID
#: from the manifest and their titles differ: then they are different videos.
ALIKE: Final = """
    (added.likeness = removed.likeness
        OR (added.stripped_address = removed.stripped_address
            AND NOT (added.has_own_id AND removed.has_own_id)))
"""


def _pair_alike(keys: str) -> str:
    """Returns SQL that pairs an added row with a removed row that was sent, by equal columns.

    Two rows are paired only if no other row of the same table has the same values.

    Args:
        keys: names of the columns, separated by commas.
    """
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, {keys} FROM added
            WHERE position NOT IN (SELECT position FROM pairing)
            GROUP BY {keys} HAVING count(*) = 1
        ) AS new JOIN (
            SELECT min(number) AS number, {keys} FROM removed
            WHERE is_sent AND number NOT IN (SELECT number FROM pairing)
            GROUP BY {keys} HAVING count(*) = 1
        ) AS known USING ({keys})
    """


#: If the job already has an added row, as an invalid row, the two were paired by their identity.
#: Deletes these pairs, so that the added row can be paired with the row that was sent.
_FORGET_OWN_PAIRS: Final = "DELETE FROM pairing WHERE position IN (SELECT position FROM added)"
_PAIR_ALIKE: Final = tuple(map(_pair_alike, ("stripped_address, filename", "likeness")))
_MATCHED_DUPLICATES: Final = """
    SELECT invalid_number FROM added JOIN pairing USING (position)
    WHERE invalid_number IS NOT NULL
"""
#: Deletes the invalid rows that the job has for added rows, after the added rows were paired with
#: the rows that were sent.
_FORGET_MATCHED: Final = (
    f"DELETE FROM event WHERE row IN ({_MATCHED_DUPLICATES})",
    f"DELETE FROM row WHERE number IN ({_MATCHED_DUPLICATES})",
)
#: The error names the alike row with the lowest number.
_MARK_DUPLICATES: Final = f"""
    UPDATE incoming SET codes = '{POSSIBLE_DUPLICATE_CODE}', error = (
        SELECT 'this may be the video that was sent as ' || identity || ' (line ' || line
            || ' at that time), with another '
            || CASE WHEN removed.stripped_address = added.stripped_address THEN 'reference ID'
                ELSE 'URL' END
        FROM removed JOIN added ON added.position = incoming.position
        WHERE is_sent AND {ALIKE} ORDER BY number LIMIT 1
    )
    WHERE position IN (
        SELECT position FROM added WHERE EXISTS (SELECT 1 FROM removed WHERE is_sent AND {ALIKE})
    )
"""
