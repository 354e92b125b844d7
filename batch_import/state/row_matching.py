"""Which row of an edited manifest is which row of the job, where the manifest gives no IDs.

Rows are matched by their address, in full first and then without its signature, and never by
their place. Where several rows could be meant, none is. This file must not know what follows from
a match.
"""

import sqlite3
from typing import Final


def match_by_address(db: sqlite3.Connection) -> None:
    """Give the incoming rows without an ID the reference IDs that the job made for them."""
    db.execute(_CLEAR)
    for statement in (_PAIR_AS_BEFORE, *_PAIR_BY_ADDRESS, _RECOGNISE, _NAME_NEW, _KEEP_APART):
        db.execute(statement)
    db.execute(_CLEAR)


_CLEAR: Final = "DELETE FROM pairing"
_UNPAIRED_INCOMING: Final = """
    NOT own_id AND identity IS NOT NULL AND position NOT IN (SELECT position FROM pairing)
"""
_UNPAIRED_ROW: Final = """
    NOT own_id AND identity IS NOT NULL AND number NOT IN (SELECT number FROM pairing)
"""
#: Most rows: nothing of them has changed.
_PAIR_AS_BEFORE: Final = """
    INSERT INTO pairing (position, number)
    SELECT incoming.position, row.number FROM incoming JOIN row USING (identity)
    WHERE NOT incoming.own_id AND NOT row.own_id
        AND incoming.address = row.address AND incoming.filename = row.filename
"""


def _pair(keys: str) -> str:
    """Pair the rows that share these columns, where each side has one such row."""
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, {keys} FROM incoming WHERE {_UNPAIRED_INCOMING}
            GROUP BY {keys} HAVING count(*) = 1
        ) JOIN (
            SELECT min(number) AS number, {keys} FROM row WHERE {_UNPAIRED_ROW}
            GROUP BY {keys} HAVING count(*) = 1
        ) USING ({keys})
    """


_PAIR_BY_ADDRESS: Final = tuple(map(_pair, ("address, filename", "address", "stripped_address")))
_RECOGNISE: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM pairing JOIN row USING (number) WHERE incoming.position = pairing.position
"""
#: A new row is named after its address without the signature, where that is its own: then a job
#: that has lost its state finds the video of a row that was signed anew.
_NAME_NEW: Final = f"""
    UPDATE incoming SET identity = stripped_reference, reference_id = stripped_reference
    WHERE {_UNPAIRED_INCOMING}
        AND stripped_address IN (
            SELECT stripped_address FROM incoming WHERE NOT own_id
            GROUP BY stripped_address HAVING count(*) = 1
        )
        AND stripped_reference NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)
        AND stripped_reference NOT IN (
            SELECT identity FROM incoming WHERE own_id AND identity IS NOT NULL
        )
"""
#: A new row never takes the reference ID that was made for another row's earlier address.
_KEEP_APART: Final = f"""
    UPDATE incoming SET
        identity = stripped_reference || substr(reference_id, 3),
        reference_id = stripped_reference || substr(reference_id, 3)
    WHERE {_UNPAIRED_INCOMING}
        AND identity IN (SELECT identity FROM row WHERE NOT own_id)
"""
