"""Finds added rows of an edited manifest that may be the videos of removed rows that were sent.

If an edited manifest has new URLs for the same videos, its rows cannot be matched with the job's
rows by their URLs: they seem to be added, and the old rows seem to be removed. If such rows are
alike, by title or by a part of the URL, only the user can know whether they are the same video. The
added row becomes invalid until the user decides, or it is matched with the removed row. This module
must not know how the user is asked.
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
    has. In both tables, the column `likeness` has the same text if title and URL are alike.
    """
    for statement in _CREATE:
        db.execute(statement)
    for table, statement in (("removed", _REMOVED), ("added", _ADDED)):
        for rows in _chunks(db, statement):
            db.insert(table, [(*row, similarity_key(*row[:2])) for row in rows])
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
    find_alike(db)


def mark_possible_duplicates(db: Database) -> None:
    """Make each added row invalid that is alike to a removed row that was sent."""
    db.execute(_MARK_DUPLICATES)


#: Number of rows that are in memory at once.
_CHUNK_ROWS: Final = 10_000
#: Condition for rows of which the platform has, or may have, a media.
_SENT: Final = "status IN ('creating', 'processing', 'unknown', 'imported')"
#: In `added`, `held` is the number of the row if the job has it already, as an invalid row.
_CREATE: Final = (
    "DROP TABLE IF EXISTS added",
    "DROP TABLE IF EXISTS removed",
    """
    CREATE TEMP TABLE removed (
        filename TEXT, stripped_address TEXT, number INTEGER, own_id BOOLEAN, sent BOOLEAN,
        identity TEXT, line INTEGER, position INTEGER, likeness TEXT
    )
    """,
    """
    CREATE TEMP TABLE added (
        filename TEXT, stripped_address TEXT, position INTEGER, own_id BOOLEAN, held INTEGER,
        likeness TEXT
    )
    """,
)
#: Parameters: a row's number, and a limit. Selects rows after that number.
_REMOVED: Final = f"""
    SELECT filename, stripped_address, number, own_id, {_SENT}, identity, line, position
    FROM row WHERE number > ? AND identity IS NOT NULL AND address <> ''
        AND ({_SENT} OR position IS NOT NULL)
        AND identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL)
    ORDER BY number LIMIT ?
"""
#: Parameters: a row's position, and a limit. Selects rows after that position.
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
    "CREATE INDEX removed_by_likeness ON removed (likeness, sent)",
    "CREATE INDEX removed_by_address ON removed (stripped_address, sent)",
    "CREATE INDEX added_by_likeness ON added (likeness)",
    "CREATE INDEX added_by_address ON added (stripped_address)",
)
#: Condition for rows that are alike. Rows with different IDs in the manifest and the same URL are
#: different videos, unless their titles are alike, too.
ALIKE: Final = """
    (added.likeness = removed.likeness
        OR (added.stripped_address = removed.stripped_address
            AND NOT (added.own_id AND removed.own_id)))
"""


def _pair_alike(keys: str) -> str:
    """Returns SQL that pairs added and removed rows with equal columns.

    Only columns whose values exactly one added row and one removed row have are used.
    """
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, {keys} FROM added
            WHERE position NOT IN (SELECT position FROM pairing)
            GROUP BY {keys} HAVING count(*) = 1
        ) AS new JOIN (
            SELECT min(number) AS number, {keys} FROM removed
            WHERE sent AND number NOT IN (SELECT number FROM pairing)
            GROUP BY {keys} HAVING count(*) = 1
        ) AS known USING ({keys})
    """


#: A possible duplicate that the job has already was paired with itself. It must be paired with the
#: row that was sent.
_FORGET_OWN_PAIRS: Final = "DELETE FROM pairing WHERE position IN (SELECT position FROM added)"
_PAIR_ALIKE: Final = tuple(map(_pair_alike, ("stripped_address, filename", "likeness")))
_MATCHED_DUPLICATES: Final = """
    SELECT held FROM added JOIN pairing USING (position) WHERE held IS NOT NULL
"""
#: After a possible duplicate was matched with the row that was sent, its own row is deleted.
_FORGET_MATCHED: Final = (
    f"DELETE FROM event WHERE row IN ({_MATCHED_DUPLICATES})",
    f"DELETE FROM row WHERE number IN ({_MATCHED_DUPLICATES})",
)
_MARK_DUPLICATES: Final = f"""
    UPDATE incoming SET codes = '{POSSIBLE_DUPLICATE_CODE}', error = (
        SELECT 'this may be the video that was sent as ' || identity || ' (line ' || line
            || ' at that time), with another address'
        FROM removed JOIN added ON added.position = incoming.position
        WHERE sent AND {ALIKE} ORDER BY number LIMIT 1
    )
    WHERE position IN (
        SELECT position FROM added WHERE EXISTS (SELECT 1 FROM removed WHERE sent AND {ALIKE})
    )
"""
