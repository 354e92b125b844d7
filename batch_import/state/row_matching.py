"""Match the rows of an edited manifest with the rows of the job that have other IDs.

A row that has no reference ID in the manifest gets one that is made from its URL. If the URL has
changed, the row has another ID than before. Such rows are matched by their URL, first in full and
then without its signature, and never by their position. If a row matches several rows, it is
matched with none. This module must not know what follows from a match.

The statements use four tables:

- `incoming` has the rows of the edited manifest.
- `row` has the rows of the job.
- `pairing` has the matches: `position` of the incoming row, and `number` of the job's row.
- `correction` has the values that rows had before they were corrected in `failed.csv`.

The columns of the rows are:

- `identity`: rows with the same identity are the same row. It is NULL for some invalid rows, such
  as headings, and rows whose ID belongs to an earlier row.
- `own_id`: whether the manifest gives the reference ID.
- `given_id`: the manifest's reference ID if the row was sent under another reference ID before.
- `address`: the URL in canonical form; `stripped_address`: the same without its signature.
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
    # 1. IDs that several incoming rows have.
    _assign_shared_ids(db)
    # 2. Corrections in failed.csv. The cells come first, because `_APPLY_CORRECTIONS` removes the
    #    differences by which the uncorrected rows are found.
    for name, position in zip(_FIELDS, fields, strict=True):
        if position is not None:
            _correct_cells(db, name, position)
    db.execute(_CLEAR)
    db.execute(_APPLY_CORRECTIONS)
    # 3. Rows whose ID was added to the manifest after they were sent.
    db.execute(_FORGET_GIVEN_ID)
    db.execute(_USE_SENT_ID)
    # 4. Pairs of rows by their URL; both rows of a pair get the same identity.
    db.execute(_PAIR_UNCHANGED)
    for statement in _PAIR_BY_ADDRESS:
        db.execute(statement)
    share_identities(db)
    # 5. The IDs of new rows.
    db.execute(_NAME_NEW)
    db.execute(_KEEP_APART)
    # 6. Pairs of invalid rows, which have no identity.
    db.execute(_PAIR_SAME_CELLS)
    db.execute(_PAIR_DUPLICATES)


def _correct_cells(db: Database, name: str, index: int) -> None:
    """Write corrected values into the cells of incoming rows that were corrected in `failed.csv`.

    Args:
        db: the job database.
        name: name of the corrected field.
        index: index of its column among the cells, from 0. If the row has no cell for the last
            column, the cell is added.
    """
    new_values = []
    for position, cells_json, value in db.execute(_CELLS_TO_CORRECT.format(name=name)).fetchall():
        cells = json.loads(cells_json)
        if index <= len(cells):
            cells[index : index + 1] = [value]  # replaces the cell, or adds it at the end
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
    """Returns SQL that pairs an incoming row with a row of the job, by equal columns.

    Two rows are paired only if no other row of the same table has the same values. Rows without a
    URL are not paired. Two rows are not paired either if the IDs of both are from the manifest and
    the row of the job was sent, because then its ID must not change.

    Args:
        keys: names of the columns, separated by commas.
        rows: SQL condition for the rows of the job.
        unique_in_all: if true, the values must be unique among all rows of each table; if false,
            only among the rows that are not paired yet.
    """
    incoming = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_INCOMING
    job = "identity IS NOT NULL" if unique_in_all else _UNPAIRED_ROW
    return f"""
        INSERT INTO pairing (position, number)
        SELECT position, number FROM (
            SELECT min(position) AS position, {_all_fulfil("own_id")} AS has_own_id, {keys}
            FROM incoming
            WHERE {incoming} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) AS new JOIN (
            SELECT min(number) AS number,
                {_all_fulfil(f"own_id AND NOT {_UNSENT}")} AS has_fixed_id, {keys}
            FROM row
            WHERE {job} AND {rows} AND address <> '' GROUP BY {keys} HAVING count(*) = 1
        ) AS known USING ({keys})
        WHERE (has_own_id = 0 OR has_fixed_id = 0)
            AND position IN (SELECT position FROM incoming WHERE {_UNPAIRED_INCOMING})
            AND number IN (SELECT number FROM row WHERE {_UNPAIRED_ROW})
    """


def _all_fulfil(condition: str) -> str:
    """Returns SQL for a group of rows: 1 if all rows fulfil a condition, else 0."""
    return f"min(CASE WHEN {condition} THEN 1 ELSE 0 END)"


#: Condition for rows that were never sent, and have no media. A row can fail without being sent,
#: for example because other users have its reference ID.
_UNSENT: Final = """
    (claimed_at IS NULL AND media_id IS NULL
        AND status IN ('pending', 'failed', 'invalid', 'skipped'))
"""
_CLEAR: Final = "DELETE FROM pairing"
#: Conditions for incoming rows, and for rows of the job, that are neither paired nor matched by an
#: ID yet. Only IDs from the manifest match rows. An ID that was made from a URL is not enough,
#: because the job's row with this ID may have another URL now.
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
#: Finds IDs that several incoming rows have, if the first of these rows (`first_row`) is not the
#: row that had the ID before. A later row had the ID before (it is the owner of the ID) if it has
#: URL and title of the job's row with this ID. Example: the job has the ID 7 for "Welcome". In the
#: edited manifest, "Goodbye" on line 2 and "Welcome" on line 3 both have the ID 7: line 3 owns the
#: ID. Selects the position of the first row, and position and line of the owner.
_OWNERS: Final = f"""
    SELECT first_row, position, line FROM (
        SELECT first_row.position AS first_row, incoming.position, incoming.line,
            row_number() OVER (PARTITION BY first_row.position ORDER BY incoming.position) AS turn
        FROM incoming JOIN row ON row.identity = incoming.reference_id
            JOIN incoming AS first_row ON first_row.identity = row.identity
        WHERE incoming.identity IS NULL AND incoming.codes = 'duplicate-reference'
            AND {_HAS_SAME_URL_AND_TITLE}
            AND first_row.own_id
            AND (first_row.address, first_row.filename) <> (row.address, row.filename)
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
#: Gives incoming rows the reference ID that they were sent under. The manifest gave them another ID
#: later, which the job has as `given_id`.
_USE_SENT_ID: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM row WHERE row.given_id = incoming.identity AND incoming.own_id
        AND incoming.identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
#: Pairs rows without an ID from the manifest whose URL and title have not changed. This is fast,
#: and pairs most rows.
_PAIR_UNCHANGED: Final = """
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
#: For pairs whose incoming row has its ID from the manifest: the job's row gets this ID if it was
#: not sent. Otherwise it keeps the ID that it was sent under, and stores the manifest's ID as
#: `given_id` (`_KEEP_GIVEN_ID`).
_TAKE_ID: Final = f"""
    UPDATE row SET identity = incoming.identity, reference_id = incoming.reference_id, own_id = true
    FROM pairing JOIN incoming USING (position)
    WHERE row.number = pairing.number AND incoming.own_id AND {_UNSENT}
"""
#: Executed after `_TAKE_ID`: the IDs still differ only if the job's row was sent.
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
#: The end of a made reference ID, from the hyphen of its prefix `bi-` on. `_KEEP_APART` makes IDs
#: of two such ends: `bi-<hash of the URL without signature>-<hash of the whole URL>`.
_HYPHEN_AND_HASH: Final = "substr(reference_id, 3)"
#: Gives a new row another reference ID if a row of the job has the same ID: it was made from the
#: same URL, and that row has another URL now.
_KEEP_APART: Final = f"""
    UPDATE incoming SET
        identity = stripped_reference || {_HYPHEN_AND_HASH},
        reference_id = stripped_reference || {_HYPHEN_AND_HASH}
    WHERE NOT own_id AND {_UNPAIRED_INCOMING}
        AND identity IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
#: The columns with the fields of a row, by which rows without an identity are compared.
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
#: Pairs rows whose fields are equal. They have no identity, because their ID belongs to an earlier
#: row.
_PAIR_DUPLICATES: Final = _pair_unidentified(_TEXT, "source_url <> ''")


def _uncorrected(correction_where: str, incoming_where: str) -> str:
    """Returns SQL that pairs incoming rows with corrected rows of the job.

    A pair is an incoming row that still has the values from before the correction.

    Args:
        correction_where: SQL condition for the rows of the table `correction`.
        incoming_where: SQL condition for the incoming rows.
    """
    # As in `correction`, the reference ID is empty if the manifest gives none.
    incoming_texts = """(
        SELECT position, CASE WHEN own_id THEN reference_id ELSE '' END AS reference_id, source_url,
            filename, extension, identity FROM incoming
    ) AS incoming_texts"""
    return f"""
        SELECT new.position, known.row AS number
        FROM ({_in_turn("position", incoming_texts, incoming_where)}) AS new
        JOIN ({_in_turn("row", "correction", correction_where)}) AS known USING ({_TEXT}, turn)
    """


#: Subquery with a pair for each row that was corrected in `failed.csv` and not in the manifest:
#: position of the incoming row, and number of the corrected row. A row whose ID belonged to another
#: row before the correction has no identity in the manifest.
_UNCORRECTED: Final = f"""(
    {_uncorrected("NOT duplicate", "identity IS NOT NULL")}
    UNION ALL {_uncorrected("duplicate", "identity IS NULL")}
) AS uncorrected"""
_FIELDS: Final = ("source_url", "filename", "extension", "reference_id")
_CELLS_TO_CORRECT: Final = f"""
    SELECT incoming.position, incoming.cells, row.{{name}}
    FROM {_UNCORRECTED} JOIN row ON row.number = uncorrected.number
        JOIN incoming ON incoming.position = uncorrected.position
    WHERE incoming.{{name}} <> row.{{name}}
"""
_CORRECT_CELLS: Final = "UPDATE incoming SET cells = ? WHERE position = ?"
#: Gives these incoming rows the corrected values, unless another incoming row has the corrected ID.
_APPLY_CORRECTIONS: Final = f"""
    UPDATE incoming SET
        identity = row.identity, reference_id = row.reference_id, own_id = row.own_id,
        source_url = row.source_url, filename = row.filename, extension = row.extension,
        error = CASE WHEN row.status = 'invalid' THEN row.error ELSE '' END,
        codes = CASE WHEN row.status = 'invalid' THEN row.codes ELSE '' END,
        expires = row.expires, address = row.address, stripped_address = row.stripped_address
    FROM {_UNCORRECTED} JOIN row ON row.number = uncorrected.number
    WHERE incoming.position = uncorrected.position AND NOT EXISTS (
        SELECT 1 FROM incoming AS other
        WHERE other.identity = row.identity AND other.position <> incoming.position
    )
"""
