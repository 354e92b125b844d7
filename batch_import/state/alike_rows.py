"""Added rows of an edited manifest that may be videos of removed rows, which were already sent.

If the URLs of a manifest were signed again in a way that leaves no part to match rows by, an added
row may be a video that was already sent. Only the user can know. The row is held, or matched with
the removed row. This module must not know how the user is asked.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

from batch_import.addresses.likeness import similarity_key
from batch_import.models import POSSIBLE_DUPLICATE_CODE
from batch_import.state import row_matching
from batch_import.state.connection import Database

SameVideos = Literal["ask", "yes", "no"]


def find_alike(db: Database) -> None:
    """Fill the tables `added` and `removed` with the rows that only one of the two versions has."""
    for statement in _CREATE:
        db.execute(statement)
    for table, statement in (("removed", _REMOVED), ("added", _ADDED)):
        for rows in _chunks(db, statement):
            db.insert(table, [(*row, similarity_key(*row[:2])) for row in rows])
    for statement in _INDEX:
        db.execute(statement)


def _chunks(db: Database, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the rows that a query finds, in lists. Its parameters are a key and a limit."""
    after = -1
    while rows := db.execute(statement, (after, _CHUNK_ROWS)).fetchall():
        yield rows
        after = rows[-1][2]


def match_alike_rows(db: Database) -> None:
    """Match added rows with the removed rows that have the same title or URL, if it is unambiguous.

    The others remain possible duplicates.
    """
    db.execute(_FORGET_OWN_PAIRS)
    for statement in _PAIR_ALIKE:
        db.execute(statement)
    for statement in _FORGET_HELD:
        db.execute(statement)
    row_matching.share_identities(db)
    find_alike(db)


def mark_possible_duplicates(db: Database) -> None:
    """Give each added row that may have been sent already a problem with the code for this."""
    db.execute(_HOLD)


#: Number of rows that are compared at once, and therefore in memory.
_CHUNK_ROWS: Final = 10_000
#: Condition for rows of which the platform has, or may have, a media.
_SENT: Final = "status IN ('creating', 'processing', 'unknown', 'imported')"
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
#: Two rows with different IDs in the manifest are different videos, unless the title is the same,
#: too.
ALIKE: Final = """
    (added.likeness = removed.likeness
        OR (added.stripped_address = removed.stripped_address
            AND NOT (added.own_id AND removed.own_id)))
"""


def _pair_alike(keys: str) -> str:
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


#: A held row has been paired with itself; it is to be paired with another row.
_FORGET_OWN_PAIRS: Final = "DELETE FROM pairing WHERE position IN (SELECT position FROM added)"
_PAIR_ALIKE: Final = tuple(map(_pair_alike, ("stripped_address, filename", "likeness")))
_HELD: Final = """
    SELECT held FROM added JOIN pairing USING (position) WHERE held IS NOT NULL
"""
_FORGET_HELD: Final = (
    f"DELETE FROM event WHERE row IN ({_HELD})",
    f"DELETE FROM row WHERE number IN ({_HELD})",
)
_HOLD: Final = f"""
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
