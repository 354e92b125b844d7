"""Rows that a corrected `failed.csv` adds to a job, and that its manifest does not have.

A user adds such a row by copying a row of `failed.csv`, for example because its cell had the URLs
of two videos, or by writing a new line. The job has these rows after the rows of its manifest,
until the manifest has them too. This module must not know how a file is read.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from batch_import.models import ManifestColumns, ManifestRow, Status
from batch_import.state.connection import Database
from batch_import.state.facts import ADDED_ROWS, FAILED_CSV, RESULTS_CSV, fact_parameters
from batch_import.state.facts import HEADER as FACT_OF_HEADER
from batch_import.state.statements import ADD_EVENT, FACT, HEADER, SAVE_FACT


def read_numbers(db: Database) -> list[int]:
    """Returns the numbers of all rows that were added by corrected files, in their order."""
    row = db.execute(FACT, (ADDED_ROWS.name,)).fetchone()
    return ADDED_ROWS.decode(row[0]) if row else ADDED_ROWS.default


def find_row(
    db: Database,
    row: ManifestRow,
    added_numbers: Collection[int],
    used_numbers: Collection[int],
    *,
    only_added: bool = False,
) -> int | None:
    """Find the row of the job that is the same video as a line of a corrected file.

    An added row is the same if it has the same reference ID. Any row is the same if it has the same
    URL without its signature, unless both have different reference IDs of the user. Without this
    search, a file that is run again would send its new rows again. An added row with the same ID
    is preferred to rows with the same URL.

    Args:
        db: the job database.
        row: the line.
        added_numbers: numbers of the rows that were added by corrected files.
        used_numbers: numbers of the rows that earlier lines of the file are about.
        only_added: whether only added rows are searched.

    Returns:
        The number of the row; None if the job does not have it.
    """
    if only_added and not added_numbers:
        return None
    same_url = (row.stripped_address, row.has_own_id, row.identity)
    numbers = db.execute(_NUMBER_BY_ID, (row.identity,)).fetchall()
    is_added = bool(numbers) and numbers[0][0] in added_numbers
    if not is_added:
        numbers = db.execute(_NUMBERS_BY_URL, (*same_url, row.identity, row.filename)).fetchall()
    for (number,) in numbers:
        if number not in used_numbers and (number in added_numbers or not only_added):
            return int(number)
    return None


def add(db: Database, row: ManifestRow, columns: ManifestColumns, now: float) -> int:
    """Add a valid row to the job, after the last row of its manifest.

    Args:
        db: the job database.
        row: the row. It has an identity that no other row of the job has.
        columns: the columns of the corrected file, to which the cells of the row belong.
        now: current time in epoch seconds.

    Returns:
        The number of the new row.
    """
    last_position, last_line = db.execute(_LAST_ROW).fetchone()
    header = int(db.execute(FACT, (FACT_OF_HEADER.name,)).fetchone()[0])
    db.execute(
        _ADD_ROW,
        (
            last_position + 1, last_line + 1, row.identity, row.reference_id, row.source_url,
            row.filename, row.extension, _cells_in_manifest(db, row.cells, columns, header),
            row.expires, header, row.has_own_id, row.address, row.stripped_address,
        ),
    )  # fmt: skip
    (number,) = db.execute(_NUMBER_BY_ID, (row.identity,)).fetchone()
    db.execute(ADD_EVENT, (number, now, Status.PENDING, "added in a corrected file", ""))
    # The results are normally updated by events, but they do not expect an event of a new row.
    changed_facts = [
        ADDED_ROWS.of([*read_numbers(db), number]), RESULTS_CSV.of(""), FAILED_CSV.of(""),
    ]  # fmt: skip
    db.executemany(SAVE_FACT, fact_parameters(changed_facts))
    return int(number)


def exclude_from_removed(db: Database) -> None:
    """Treat added rows as rows that were removed from the manifest earlier.

    The temporary table `removed` has the rows that an edited manifest no longer has. A row without
    position in this table was removed earlier. The manifest never had the added rows. Therefore
    they must not count as rows that the user has just removed.
    """
    db.executemany(_CLEAR_POSITION, [(number,) for number in read_numbers(db)])


def keep_in_job(db: Database, columns: ManifestColumns) -> None:
    """Append the added rows of the job to the rows of an edited manifest that lacks them.

    Args:
        db: the job database. Its table `incoming` has the rows of the edited manifest.
        columns: the columns of the edited manifest.
    """
    kept_numbers = []
    for number in read_numbers(db):
        stored = db.execute(_STORED_CELLS, (number,)).fetchone()
        if stored:
            cells, header = stored
            old_columns = _columns(db, header)
            db.execute(
                _ADD_TO_INCOMING, (_moved_cells(json.loads(cells), old_columns, columns), number)
            )
            kept_numbers.append(number)
    db.executemany(SAVE_FACT, fact_parameters([ADDED_ROWS.of(kept_numbers)]))


def _cells_in_manifest(
    db: Database, cells: tuple[str, ...], columns: ManifestColumns, header: int
) -> str:
    """Returns the cells of a row (JSON) in the columns of the manifest."""
    return _moved_cells(cells, columns, _columns(db, header))


def _moved_cells(cells: Any, old_columns: ManifestColumns, new_columns: ManifestColumns) -> str:
    """Returns the cells of a row (JSON) in other columns; a column that is new is empty."""
    moved = [""] * len(new_columns.names)
    for column, position in new_columns.positions.items():
        old_position = old_columns.positions.get(column)
        if old_position is not None and old_position < len(cells):
            moved[position] = cells[old_position]
    return json.dumps(moved, ensure_ascii=False)


def _columns(db: Database, header: int) -> ManifestColumns:
    names, fields = map(json.loads, db.execute(HEADER, (header,)).fetchone())
    return ManifestColumns(tuple(names), tuple(fields))


_NUMBER_BY_ID: Final = "SELECT number FROM row WHERE identity = ?"
#: Parameters of the condition: URL without signature, whether the line has an ID of the user, and
#: this ID. Parameters of the order: the ID again, and the title. Of several rows with this URL, the
#: row with the same ID is first, then rows with the same title.
_NUMBERS_BY_URL: Final = """
    SELECT number FROM row
    WHERE stripped_address = ? AND stripped_address <> '' AND identity IS NOT NULL
        AND position IS NOT NULL AND (NOT own_id OR NOT ? OR identity = ?)
    ORDER BY CASE WHEN identity = ? THEN 0 WHEN filename = ? THEN 1 ELSE 2 END, number
"""
_LAST_ROW: Final = """
    SELECT coalesce(max(position), 0), coalesce(max(line), 0) FROM row WHERE position IS NOT NULL
"""
_ADD_ROW: Final = """
    INSERT INTO row (
        position, line, identity, reference_id, source_url, filename, extension, cells, status,
        expires, header, own_id, address, stripped_address
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)
"""
_CLEAR_POSITION: Final = "UPDATE removed SET position = NULL WHERE number = ?"
#: Selects nothing if the edited manifest has the row.
_STORED_CELLS: Final = """
    SELECT cells, header FROM row WHERE number = ? AND position IS NOT NULL
        AND identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL)
"""
#: Adds a row to `incoming`. Errors and codes are copied only from an invalid row. Those of other
#: rows come from the import, not from the manifest.
_ADD_TO_INCOMING: Final = """
    INSERT INTO incoming
    SELECT (SELECT coalesce(max(position), 0) + 1 FROM incoming),
        (SELECT coalesce(max(line), 0) + 1 FROM incoming),
        identity, reference_id, source_url, filename, extension, ?,
        CASE WHEN status = 'invalid' THEN error ELSE '' END, expires,
        CASE WHEN status = 'invalid' THEN codes ELSE '' END, own_id, address, stripped_address, ''
    FROM row WHERE number = ?
"""
