"""Which row of an edited manifest is which row of the job, where an ID does not tell.

Rows are matched by their address, in full first and then without its signature, and never by
their place. Where several rows could be meant, none is. This file must not know what follows from
a match.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final


def match_rows(db: sqlite3.Connection, fields: Sequence[int | None]) -> None:
    """Give the incoming rows the identities of the rows of the job that they are.

    Two rows that both have an ID of the manifest's are told apart by it, once one was sent.

    Args:
        fields: positions of the cells of source URL, title, extension and reference ID.
    """
    _settle_duplicates(db)
    for name, position in zip(_FIELDS, fields, strict=True):
        if position is not None:
            db.execute(_CORRECT_CELL.format(name=name), (f"$[{position}]",))
    for statement in (
        _CLEAR, _AS_CORRECTED, _AS_GIVEN, _PAIR_AS_BEFORE, *_PAIR_BY_ADDRESS,
    ):  # fmt: skip
        db.execute(statement)
    recognise(db)
    for statement in (_NAME_NEW, _KEEP_APART, _PAIR_DUPLICATES):
        db.execute(statement)


def _settle_duplicates(db: sqlite3.Connection) -> None:
    """Of rows that share an ID, the one that the job knows under it has it, not the first one."""
    for holder, other, line in db.execute(_OWNERS).fetchall():
        reason = f"the reference id is a duplicate of the ID on line {line}"
        db.execute(_LOSE_ID, (reason, holder))
        db.execute(_GAIN_ID, (other,))


def recognise(db: sqlite3.Connection) -> None:
    """Rows of the job and incoming rows that are paired have one identity from now on."""
    for statement in (_TAKE_ID, _KEEP_GIVEN_ID, _RECOGNISE):
        db.execute(statement)


def pair(keys: str, rows: str, *, unique_in_all: bool = False) -> str:
    """Pair the rows that share these columns, where each side has one such row.

    Args:
        rows: which rows of the job; SQL.
        unique_in_all: rows that are paired already count as well.
    """
    incoming = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_INCOMING
    job = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_ROW
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, min(own_id) AS given, {keys} FROM incoming
            WHERE {incoming} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) JOIN (
            SELECT min(number) AS number, min(own_id AND NOT {_UNSENT}) AS fixed, {keys} FROM row
            WHERE {job} AND {rows} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) USING ({keys})
        WHERE NOT (given AND fixed)
            AND position IN (SELECT position FROM incoming WHERE {_UNPAIRED_INCOMING})
            AND number IN (SELECT number FROM row WHERE {_UNPAIRED_ROW})
    """


#: The platform has nothing of such a row, and never had.
_UNSENT: Final = """
    (claimed_at IS NULL AND media_id IS NULL
        AND status IN ('pending', 'failed', 'invalid', 'skipped'))
"""
_CLEAR: Final = "DELETE FROM pairing"
_UNPAIRED_INCOMING: Final = """
    identity IS NOT NULL AND position NOT IN (SELECT position FROM pairing)
        AND (NOT own_id OR identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL))
"""
_UNPAIRED_ROW: Final = """
    identity IS NOT NULL AND number NOT IN (SELECT number FROM pairing)
        AND (NOT own_id
            OR identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL))
"""
_IS_ROW: Final = "(incoming.address, incoming.filename) = (row.address, row.filename)"
_OWNERS: Final = f"""
    SELECT holder.position, min(incoming.position), incoming.line
    FROM incoming JOIN row ON row.identity = incoming.reference_id
        JOIN incoming AS holder ON holder.identity = row.identity
    WHERE incoming.identity IS NULL AND incoming.codes = 'duplicate-reference' AND {_IS_ROW}
        AND holder.own_id AND (holder.address, holder.filename) <> (row.address, row.filename)
    GROUP BY holder.position
"""
_LOSE_ID: Final = """
    UPDATE incoming SET identity = NULL, error = ?, codes = 'duplicate-reference'
    WHERE position = ?
"""
_GAIN_ID: Final = """
    UPDATE incoming SET identity = reference_id, error = '', codes = '' WHERE position = ?
"""
#: Rows that were sent before the manifest gave them this ID.
_AS_GIVEN: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM row WHERE row.given_id = incoming.identity AND incoming.own_id
        AND incoming.identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
#: Most rows: nothing of them has changed.
_PAIR_AS_BEFORE: Final = """
    INSERT INTO pairing (position, number)
    SELECT incoming.position, row.number FROM incoming JOIN row USING (identity)
    WHERE NOT incoming.own_id AND NOT row.own_id
        AND incoming.address = row.address AND incoming.filename = row.filename
"""
_PAIR_BY_ADDRESS: Final = (
    pair("address, filename", "true"),
    pair("address", "true"),
    # Those of the manifest as it was last read come before those that were removed earlier.
    pair("stripped_address", "position IS NOT NULL", unique_in_all=True),
    pair("stripped_address", "true", unique_in_all=True),
)
_TAKE_ID: Final = f"""
    UPDATE row SET identity = incoming.identity, reference_id = incoming.reference_id, own_id = 1
    FROM pairing JOIN incoming USING (position)
    WHERE row.number = pairing.number AND incoming.own_id AND {_UNSENT}
"""
_KEEP_GIVEN_ID: Final = """
    UPDATE row SET given_id = incoming.identity
    FROM pairing JOIN incoming USING (position)
    WHERE row.number = pairing.number AND incoming.own_id AND incoming.identity <> row.identity
"""
_RECOGNISE: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM pairing JOIN row USING (number) WHERE incoming.position = pairing.position
"""
#: A new row is named after its address without the signature, where that is its own: then a job
#: that has lost its state finds the video of a row that was signed anew.
_NAME_NEW: Final = f"""
    UPDATE incoming SET identity = stripped_reference, reference_id = stripped_reference
    WHERE NOT own_id AND {_UNPAIRED_INCOMING}
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
    WHERE NOT own_id AND {_UNPAIRED_INCOMING}
        AND identity IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
_TEXT: Final = "reference_id, source_url, filename, extension"


def _in_turn(key: str, table: str, where: str) -> str:
    """Rows of one text, numbered: the first of one side is the first of the other."""
    return f"""
        SELECT {key}, {_TEXT}, row_number() OVER (PARTITION BY {_TEXT} ORDER BY {key}) AS turn
        FROM {table} WHERE {where}
    """


#: Rows whose ID belongs to an earlier row stay the rows that they are as long as they read alike.
_PAIR_DUPLICATES: Final = f"""
    INSERT INTO pairing (position, number)
    SELECT position, number
    FROM ({_in_turn("position", "incoming", "identity IS NULL")})
    JOIN ({_in_turn("number", "row", "identity IS NULL AND position IS NOT NULL")})
    USING ({_TEXT}, turn)
"""


def _uncorrected(duplicate: int) -> str:
    given = """(
        SELECT position, iif(own_id, reference_id, '') AS reference_id, source_url, filename,
            extension, identity FROM incoming
    )"""
    corrected = f"(SELECT * FROM correction WHERE duplicate = {duplicate})"
    is_duplicate = f"(identity IS NULL) = {duplicate}"
    return f"""
        SELECT position, row
        FROM ({_in_turn("position", given, is_duplicate)})
        JOIN ({_in_turn("row", corrected, "true")}) USING ({_TEXT}, turn)
    """


_CORRECTED: Final = f"({_uncorrected(0)} UNION ALL {_uncorrected(1)}) AS corrected"
_FIELDS: Final = ("source_url", "filename", "extension", "reference_id")
_CORRECT_CELL: Final = f"""
    UPDATE incoming SET cells = json_set(incoming.cells, ?, row.{{name}})
    FROM {_CORRECTED} JOIN row ON row.number = corrected.row
    WHERE incoming.position = corrected.position AND incoming.{{name}} <> row.{{name}}
"""
#: The manifest still has a row as it was before its correction: the correction stands.
_AS_CORRECTED: Final = f"""
    UPDATE incoming SET
        identity = row.identity, reference_id = row.reference_id, own_id = row.own_id,
        source_url = row.source_url, filename = row.filename, extension = row.extension,
        error = iif(row.status = 'invalid', row.error, ''),
        codes = iif(row.status = 'invalid', row.codes, ''),
        expires = row.expires, address = row.address, stripped_address = row.stripped_address
    FROM {_CORRECTED} JOIN row ON row.number = corrected.row
    WHERE incoming.position = corrected.position AND NOT EXISTS (
        SELECT 1 FROM incoming AS other
        WHERE other.identity = row.identity AND other.position <> incoming.position
    )
"""
