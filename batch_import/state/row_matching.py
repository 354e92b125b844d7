"""Match the rows of an edited manifest with the rows of the job, if their IDs do not match them.

A row that has no reference ID in the manifest gets one that is made from its URL. Such rows are
matched by their URL, first in full and then without its signature, and never by their position. If
a row matches several rows, it is matched with none. This module must not know what follows from a
match.

The statements use three tables: `incoming` has the rows of the edited manifest, `row` the rows of
the job, and `pairing` has the matches: `position` of the incoming row, `number` of the job's row.
Rows with the same `identity` are the same row. Other columns are `own_id`: whether the manifest
gives the reference ID; `given_id`: the manifest's reference ID if the row was sent under another
reference ID before; `address`: the URL in canonical form; `stripped_address`: the same without its
signature; `correction`: values before a correction in `failed.csv`.
"""

import json
from collections.abc import Sequence
from typing import Final

from batch_import.state.connection import Database


def match_rows(db: Database, fields: Sequence[int | None]) -> None:
    """Give the rows of an edited manifest the identities of the job's rows that they match.

    Args:
        db: the job database; `incoming` has the rows of the edited manifest.
        fields: positions, from 0, of the columns of source URL, title, extension and reference ID;
            None for a field without a column.
    """
    _assign_shared_ids(db)
    for name, position in zip(_FIELDS, fields, strict=True):
        if position is not None:
            _correct_cells(db, name, position)
    for statement in (
        _CLEAR, _AS_CORRECTED, _FORGET_GIVEN_ID, _AS_GIVEN, _PAIR_AS_BEFORE, *_PAIR_BY_ADDRESS,
    ):  # fmt: skip
        db.execute(statement)
    share_identities(db)
    for statement in (_NAME_NEW, _KEEP_APART, _PAIR_SAME_CELLS, _PAIR_DUPLICATES):
        db.execute(statement)


def _correct_cells(db: Database, name: str, index: int) -> None:
    """Write corrected values into the cells of incoming rows that were corrected in `failed.csv`.

    Args:
        db: the job database.
        name: name of the corrected field.
        index: index of its column among the cells, from 0.
    """
    new_values = []
    for position, cells_json, value in db.execute(_CELLS_TO_CORRECT.format(name=name)).fetchall():
        cells = json.loads(cells_json)
        if index <= len(cells):
            cells[index : index + 1] = [value]
            new_values.append((json.dumps(cells, ensure_ascii=False), position))
    db.executemany(_CORRECT_CELLS, new_values)


def _assign_shared_ids(db: Database) -> None:
    """If incoming rows have the same ID, give it to the row that had it before.

    Otherwise the first of these rows would have it. The other rows are invalid as duplicates.
    """
    for first_position, owner_position, owner_line in db.execute(_OWNERS).fetchall():
        reason = f"the reference id is a duplicate of the ID on line {owner_line}"
        db.execute(_LOSE_ID, (reason, first_position))
        db.execute(_GAIN_ID, (owner_position,))


def share_identities(db: Database) -> None:
    """Give the rows of each pair in `pairing` the same identity."""
    for statement in (_TAKE_ID, _KEEP_GIVEN_ID, _SHARE_IDENTITIES):
        db.execute(statement)


def pair(keys: str, rows: str, *, unique_in_all: bool = False) -> str:
    """Returns SQL that pairs rows with equal columns, if each side has exactly one such row.

    Two rows whose IDs are both from the manifest are not paired.

    Args:
        keys: names of the columns, separated by commas.
        rows: SQL condition for the rows of the job.
        unique_in_all: whether rows that are already paired also count as such rows.
    """
    incoming = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_INCOMING
    job = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_ROW
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, {_least("own_id")} AS given, {keys} FROM incoming
            WHERE {incoming} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) AS new JOIN (
            SELECT min(number) AS number, {_least(f"own_id AND NOT {_UNSENT}")} AS fixed, {keys}
            FROM row
            WHERE {job} AND {rows} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) AS known USING ({keys})
        WHERE (given = 0 OR fixed = 0)
            AND position IN (SELECT position FROM incoming WHERE {_UNPAIRED_INCOMING})
            AND number IN (SELECT number FROM row WHERE {_UNPAIRED_ROW})
    """


def _least(condition: str) -> str:
    """Returns SQL for a group of rows: 1 if all rows fulfil a condition, else 0."""
    return f"min(CASE WHEN {condition} THEN 1 ELSE 0 END)"


#: Condition for rows that were never sent, and have no media.
_UNSENT: Final = """
    (claimed_at IS NULL AND media_id IS NULL
        AND status IN ('pending', 'failed', 'invalid', 'skipped'))
"""
_CLEAR: Final = "DELETE FROM pairing"
#: Conditions for incoming rows, and for rows of the job, that are not matched by ID or pair yet.
_UNPAIRED_INCOMING: Final = """
    identity IS NOT NULL AND position NOT IN (SELECT position FROM pairing)
        AND (NOT own_id OR identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL))
"""
_UNPAIRED_ROW: Final = """
    identity IS NOT NULL AND number NOT IN (SELECT number FROM pairing)
        AND (NOT own_id
            OR identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL))
"""
_HAS_SAME_URL_AND_TITLE: Final = (
    "(incoming.address, incoming.filename) = (row.address, row.filename)"
)
#: Incoming rows (`holder`) that have an ID because they are the first row with it, and later rows
#: that had this ID before: they have URL and title of the job's row with this ID.
_OWNERS: Final = f"""
    SELECT holder, position, line FROM (
        SELECT holder.position AS holder, incoming.position, incoming.line,
            row_number() OVER (PARTITION BY holder.position ORDER BY incoming.position) AS turn
        FROM incoming JOIN row ON row.identity = incoming.reference_id
            JOIN incoming AS holder ON holder.identity = row.identity
        WHERE incoming.identity IS NULL AND incoming.codes = 'duplicate-reference'
            AND {_HAS_SAME_URL_AND_TITLE}
            AND holder.own_id AND (holder.address, holder.filename) <> (row.address, row.filename)
    ) AS owner WHERE turn = 1
"""
_LOSE_ID: Final = """
    UPDATE incoming SET identity = NULL, error = ?, codes = 'duplicate-reference'
    WHERE position = ?
"""
_GAIN_ID: Final = """
    UPDATE incoming SET identity = reference_id, error = '', codes = '' WHERE position = ?
"""
#: Forgets `given_id` of rows for which the manifest now has the ID that they were sent under.
_FORGET_GIVEN_ID: Final = """
    UPDATE row SET given_id = NULL
    WHERE given_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM incoming WHERE incoming.identity = row.identity AND incoming.own_id
    )
"""
#: Gives incoming rows the ID that they were sent under, if the manifest gave them their ID later.
_AS_GIVEN: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM row WHERE row.given_id = incoming.identity AND incoming.own_id
        AND incoming.identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
#: Pairs rows that have not changed. This is fast, and pairs most rows.
_PAIR_AS_BEFORE: Final = """
    INSERT INTO pairing (position, number)
    SELECT incoming.position, row.number FROM incoming JOIN row USING (identity)
    WHERE NOT incoming.own_id AND NOT row.own_id
        AND incoming.address = row.address AND incoming.filename = row.filename
"""
_PAIR_BY_ADDRESS: Final = (
    pair("address, filename", "true"),
    pair("address", "true"),
    # Rows of the last version of the manifest are matched before rows that were removed earlier.
    pair("stripped_address", "position IS NOT NULL", unique_in_all=True),
    pair("stripped_address", "true", unique_in_all=True),
)
#: For pairs in which only the incoming row has its ID from the manifest: the job's row gets this ID
#: if it was not sent; otherwise it keeps its own ID, and stores the new one as `given_id`.
_TAKE_ID: Final = f"""
    UPDATE row SET identity = incoming.identity, reference_id = incoming.reference_id, own_id = true
    FROM pairing JOIN incoming USING (position)
    WHERE row.number = pairing.number AND incoming.own_id AND {_UNSENT}
"""
_KEEP_GIVEN_ID: Final = """
    UPDATE row SET given_id = incoming.identity
    FROM pairing JOIN incoming USING (position)
    WHERE row.number = pairing.number AND incoming.own_id AND incoming.identity <> row.identity
"""
#: Then the incoming row gets the identity of the job's row.
_SHARE_IDENTITIES: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM pairing JOIN row USING (number) WHERE incoming.position = pairing.position
"""
#: Gives new rows a reference ID that is made from the URL without its signature, if no other row
#: has this URL. Therefore another job finds the video of the row even if its URL was signed again.
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
#: Gives new rows another reference ID if theirs was made for another row that had this URL before.
_KEEP_APART: Final = f"""
    UPDATE incoming SET
        identity = stripped_reference || substr(reference_id, 3),
        reference_id = stripped_reference || substr(reference_id, 3)
    WHERE NOT own_id AND {_UNPAIRED_INCOMING}
        AND identity IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
_TEXT: Final = "reference_id, source_url, filename, extension"


def _in_turn(key: str, table: str, where: str, text: str = _TEXT) -> str:
    """Returns SQL that adds a column `turn` to rows: the index among rows with the same texts.

    Rows of two tables with the same texts are then paired by this index, in their order.

    Args:
        key: the column that orders the rows.
        table: the table, or a subquery.
        where: SQL condition for its rows.
        text: names of the columns with the texts.
    """
    return f"""
        SELECT {key}, {text}, row_number() OVER (PARTITION BY {text} ORDER BY {key}) AS turn
        FROM {table} WHERE {where}
    """


def _pair_unidentified(text: str, where: str) -> str:
    """Returns SQL that pairs invalid rows without an identity, if their texts are unchanged.

    Args:
        text: names of the columns that are compared.
        where: SQL condition for the rows of both tables.
    """
    incoming = "identity IS NULL AND position NOT IN (SELECT position FROM pairing)"
    job = """identity IS NULL AND position IS NOT NULL
        AND number NOT IN (SELECT number FROM pairing)"""
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number
        FROM ({_in_turn("position", "incoming", f"{incoming} AND {where}", text)}) AS new
        JOIN ({_in_turn("number", "row", f"{job} AND {where}", text)}) AS known
        USING ({text}, turn)
    """


#: Pairs rows whose cells are all equal, such as headings, which have neither URL nor ID.
_PAIR_SAME_CELLS: Final = _pair_unidentified(f"cells, {_TEXT}", "true")
#: Pairs rows whose fields are equal and whose ID belongs to an earlier row.
_PAIR_DUPLICATES: Final = _pair_unidentified(_TEXT, "source_url <> ''")


def _uncorrected(is_duplicate: str, has_id: str) -> str:
    """Returns SQL for incoming rows with the values that a row had before its correction.

    Args:
        is_duplicate: SQL condition for rows of the table `correction`.
        has_id: SQL condition for the incoming rows.
    """
    given = """(
        SELECT position, CASE WHEN own_id THEN reference_id ELSE '' END AS reference_id, source_url,
            filename, extension, identity FROM incoming
    ) AS given"""
    return f"""
        SELECT new.position, known.row AS number
        FROM ({_in_turn("position", given, has_id)}) AS new
        JOIN ({_in_turn("row", "correction", is_duplicate)}) AS known USING ({_TEXT}, turn)
    """


#: Pairs of an incoming row and a corrected row of the job, if the manifest does not have the
#: correction.
_CORRECTED: Final = f"""(
    {_uncorrected("NOT duplicate", "identity IS NOT NULL")}
    UNION ALL {_uncorrected("duplicate", "identity IS NULL")}
) AS corrected"""
_FIELDS: Final = ("source_url", "filename", "extension", "reference_id")
_CELLS_TO_CORRECT: Final = f"""
    SELECT incoming.position, incoming.cells, row.{{name}}
    FROM {_CORRECTED} JOIN row ON row.number = corrected.number
        JOIN incoming ON incoming.position = corrected.position
    WHERE incoming.{{name}} <> row.{{name}}
"""
_CORRECT_CELLS: Final = "UPDATE incoming SET cells = ? WHERE position = ?"
#: Gives these incoming rows the corrected values.
_AS_CORRECTED: Final = f"""
    UPDATE incoming SET
        identity = row.identity, reference_id = row.reference_id, own_id = row.own_id,
        source_url = row.source_url, filename = row.filename, extension = row.extension,
        error = CASE WHEN row.status = 'invalid' THEN row.error ELSE '' END,
        codes = CASE WHEN row.status = 'invalid' THEN row.codes ELSE '' END,
        expires = row.expires, address = row.address, stripped_address = row.stripped_address
    FROM {_CORRECTED} JOIN row ON row.number = corrected.number
    WHERE incoming.position = corrected.position AND NOT EXISTS (
        SELECT 1 FROM incoming AS other
        WHERE other.identity = row.identity AND other.position <> incoming.position
    )
"""
