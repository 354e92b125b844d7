"""Find out which row of an edited manifest is which row of the job, if an ID does not show it.

Rows are matched by their URL, first in full and then without its signature, and never by their
position. If several rows are possible, none is matched. This module must not know what follows from
a match.
"""

import json
from collections.abc import Sequence
from typing import Final

from batch_import.state.connection import Database


def match_rows(db: Database, fields: Sequence[int | None]) -> None:
    """Give the rows of an edited manifest the identities of the job's rows that they match.

    If two rows both have an ID in the manifest, they are different rows once one was sent.

    Args:
        fields: positions of the cells of source URL, title, extension and reference ID.
    """
    _settle_duplicates(db)
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


def _correct_cells(db: Database, name: str, cell: int) -> None:
    """Write the corrected values into the manifest's cells of rows that were corrected."""
    corrected = []
    for position, text, value in db.execute(_CELLS_TO_CORRECT.format(name=name)).fetchall():
        cells = json.loads(text)
        if cell <= len(cells):
            cells[cell : cell + 1] = [value]
            corrected.append((json.dumps(cells, ensure_ascii=False), position))
    db.executemany(_CORRECT_CELLS, corrected)


def _settle_duplicates(db: Database) -> None:
    """If rows share an ID, give it to the row that the job knows by it, not to the first one."""
    for holder, other, line in db.execute(_OWNERS).fetchall():
        reason = f"the reference id is a duplicate of the ID on line {line}"
        db.execute(_LOSE_ID, (reason, holder))
        db.execute(_GAIN_ID, (other,))


def share_identities(db: Database) -> None:
    """Give paired rows of the job and of the edited manifest the same identity."""
    for statement in (_TAKE_ID, _KEEP_GIVEN_ID, _SHARE_IDENTITIES):
        db.execute(statement)


def pair(keys: str, rows: str, *, unique_in_all: bool = False) -> str:
    """Returns SQL that pairs rows with equal columns, if each side has exactly one such row.

    Args:
        keys: names of these columns.
        rows: SQL condition for the rows of the job.
        unique_in_all: whether rows that are already paired count as well.
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
    """Returns SQL that is 1 if all rows of a group fulfil a condition, else 0."""
    return f"min(CASE WHEN {condition} THEN 1 ELSE 0 END)"


#: Condition for rows of which the platform has nothing, and never had.
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
    SELECT holder, position, line FROM (
        SELECT holder.position AS holder, incoming.position, incoming.line,
            row_number() OVER (PARTITION BY holder.position ORDER BY incoming.position) AS turn
        FROM incoming JOIN row ON row.identity = incoming.reference_id
            JOIN incoming AS holder ON holder.identity = row.identity
        WHERE incoming.identity IS NULL AND incoming.codes = 'duplicate-reference' AND {_IS_ROW}
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
#: The manifest now has the reference ID that the row was sent under.
_FORGET_GIVEN_ID: Final = """
    UPDATE row SET given_id = NULL
    WHERE given_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM incoming WHERE incoming.identity = row.identity AND incoming.own_id
    )
"""
#: Rows that were sent before the manifest gave them this ID.
_AS_GIVEN: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM row WHERE row.given_id = incoming.identity AND incoming.own_id
        AND incoming.identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
#: Pairs most rows, because nothing in them has changed.
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
_SHARE_IDENTITIES: Final = """
    UPDATE incoming SET identity = row.identity, reference_id = row.reference_id
    FROM pairing JOIN row USING (number) WHERE incoming.position = pairing.position
"""
#: A new row gets a reference ID made from its URL without signature, if no other row has that URL.
#: Then a new job finds the video of a row even if its URL was signed again.
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
#: A new row never gets the reference ID that was made for an earlier URL of another row.
_KEEP_APART: Final = f"""
    UPDATE incoming SET
        identity = stripped_reference || substr(reference_id, 3),
        reference_id = stripped_reference || substr(reference_id, 3)
    WHERE NOT own_id AND {_UNPAIRED_INCOMING}
        AND identity IN (SELECT identity FROM row WHERE identity IS NOT NULL)
"""
_TEXT: Final = "reference_id, source_url, filename, extension"


def _in_turn(key: str, table: str, where: str, text: str = _TEXT) -> str:
    """Returns SQL that numbers rows with the same texts, to pair them in their order."""
    return f"""
        SELECT {key}, {text}, row_number() OVER (PARTITION BY {text} ORDER BY {key}) AS turn
        FROM {table} WHERE {where}
    """


def _pair_unidentified(text: str, where: str) -> str:
    """Returns SQL that pairs invalid rows without an identity, if their texts are unchanged.

    Args:
        text: the columns that are compared.
        where: which rows of either side.
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


#: A row without a URL and an ID, such as a heading, is the same row only if all its cells are.
_PAIR_SAME_CELLS: Final = _pair_unidentified(f"cells, {_TEXT}", "true")
#: A row whose ID belongs to an earlier row is the same row if its fields are.
_PAIR_DUPLICATES: Final = _pair_unidentified(_TEXT, "source_url <> ''")


def _uncorrected(is_duplicate: str, has_id: str) -> str:
    given = """(
        SELECT position, CASE WHEN own_id THEN reference_id ELSE '' END AS reference_id, source_url,
            filename, extension, identity FROM incoming
    ) AS given"""
    return f"""
        SELECT new.position, known.row AS number
        FROM ({_in_turn("position", given, has_id)}) AS new
        JOIN ({_in_turn("row", "correction", is_duplicate)}) AS known USING ({_TEXT}, turn)
    """


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
#: If the manifest still has a row as it was before its correction, the correction is kept.
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
