"""Changes the rows of a job that the user has corrected in `failed.csv`.

The other rows of the job do not change. This module must not know where the corrections come from.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from batch_import.errors import StateError
from batch_import.models import ManifestColumns, ManifestRow, Status
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import StoredFact, fact_parameters
from batch_import.state.manifest_diff import ChangedRows, ManifestDiff
from batch_import.state.statements import ADD_EVENT, HEADER, SAVE_FACT

#: Number of rows in each group of a `ManifestDiff` that are listed as examples.
_MAX_EXAMPLES: Final = 5
#: Statuses of rows that can be corrected, because the platform has no media of them.
_CORRECTABLE: Final = frozenset({Status.PENDING, Status.FAILED, Status.INVALID, Status.SKIPPED})


@dataclass(frozen=True, slots=True)
class CorrectedRow:
    """A corrected row.

    Attributes:
        row_number: number of the row in the job database.
        row: the row with its corrections. Its line is the line in the file of corrections.
        columns: the columns of that file, to which the cells of the row belong.
    """

    row_number: int
    row: ManifestRow
    columns: ManifestColumns


@dataclass(frozen=True, slots=True)
class DuplicateId:
    """A corrected row whose reference ID another row of the job has.

    Attributes:
        line: line number of the row in the file of corrections.
        reference_id: the reference ID.
        first_line: line number, in the manifest, of the other row.
    """

    line: int
    reference_id: str
    first_line: int


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """The changes of a job by corrections.

    Attributes:
        diff: the rows that were changed, ignored because they were sent already, or unchanged.
        duplicates: corrected rows that are invalid, because another row of the job has their ID.
        lines: number of each corrected row in the job database → its line number in the file of
            corrections.
    """

    diff: ManifestDiff
    duplicates: tuple[DuplicateId, ...]
    lines: Mapping[int, int]


def correct(
    connection: Connection, rows: Iterable[CorrectedRow], now: float, facts: Iterable[StoredFact]
) -> CorrectionResult:
    """Change single rows of a job, all of them or none.

    Args:
        connection: connection to the job database.
        rows: the corrected rows.
        now: current time in epoch seconds.
        facts: facts to store in the same transaction, if any row has changed.

    Raises:
        StateError: the job does not have one of the rows.
    """
    changed: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    duplicates: list[DuplicateId] = []
    lines: dict[int, int] = {}
    unchanged_count = 0
    with connection.transaction() as db:
        for corrected in rows:
            lines[corrected.row_number] = corrected.row.line
            stored = _stored_row(db, corrected.row_number)
            if stored is None:
                raise StateError(
                    f"Line {corrected.row.line}: {connection.name} does not have this row any"
                    " more.",
                    "Nothing was changed. Take failed.csv from the job folder once more.",
                )
            row, duplicate = _with_identity(db, corrected, stored)
            duplicates += [duplicate] if duplicate else []
            example = (stored["line"], row.reference_id)
            if not _is_changed(row, stored):
                unchanged_count += 1
            elif stored["status"] not in _CORRECTABLE:
                ignored.append(example)
            else:
                changed.append(example)
                _change(db, replace(corrected, row=row), stored, now)
        if changed:
            db.executemany(SAVE_FACT, fact_parameters(facts))
    diff = ManifestDiff(
        changed=_summary(changed), ignored=_summary(ignored), unchanged=unchanged_count
    )
    return CorrectionResult(diff, tuple(duplicates), lines)


def _summary(rows: list[tuple[int, str]]) -> ChangedRows:
    return ChangedRows(len(rows), tuple(rows[:_MAX_EXAMPLES]))


def _stored_row(db: Database, number: int) -> dict[str, Any] | None:
    """Returns the row as the job has it, by name of column; None if the job does not have it."""
    values = db.execute(_STORED_ROW, (number,)).fetchone()
    return dict(zip(_COLUMNS, values, strict=True)) if values else None


def _with_identity(
    db: Database, corrected: CorrectedRow, stored: Mapping[str, Any]
) -> tuple[ManifestRow, DuplicateId | None]:
    """Returns the corrected row with its identity in the job.

    If another row of the job has this identity, the row is returned as an invalid row, together
    with the duplicate ID.
    """
    row = corrected.row
    if not row.has_own_id or row.reference_id == stored["reference_id"]:
        row = replace(
            row, reference_id=stored["reference_id"], has_own_id=bool(stored["own_id"]),
            identity=stored["identity"] or row.identity,
        )  # fmt: skip
    other_row = db.execute(_OTHER_ROW, (row.identity, corrected.row_number)).fetchone()
    if other_row is None:
        return row, None
    (other_line,) = other_row
    reason = f"the reference id is a duplicate of the ID on line {other_line}"
    row = replace(row, identity=None, error=reason, codes=("duplicate-reference",))
    return row, DuplicateId(corrected.row.line, row.reference_id, other_line)


def _is_changed(row: ManifestRow, stored: Mapping[str, Any]) -> bool:
    """Whether the corrections change a field of the row, or its problems."""
    fields = (row.reference_id, row.source_url, row.filename, row.extension)
    if fields != tuple(stored[name] for name in _FIELDS):
        return True
    was_invalid: bool = stored["status"] == Status.INVALID
    if bool(row.error) != was_invalid:
        return True
    # Codes are compared, because the text of the same problem may contain another line number.
    return was_invalid and row.codes != tuple(stored["codes"].split())


def _change(db: Database, corrected: CorrectedRow, stored: Mapping[str, Any], now: float) -> None:
    """Store the corrections of a row, and its values before them."""
    row, number = corrected.row, corrected.row_number
    manifest_id = stored["given_id"] or (stored["reference_id"] if stored["own_id"] else "")
    db.execute(
        _KEEP_ORIGINAL,
        (
            number, stored["identity"] is None, manifest_id, stored["source_url"],
            stored["filename"], stored["extension"],
        ),
    )  # fmt: skip
    status = Status.INVALID if row.error else Status.PENDING
    db.execute(ADD_EVENT, (number, now, status, "corrected", " ".join(row.codes)))
    cells = _corrected_cells(db, corrected, stored)
    db.execute(
        _CHANGE,
        (
            row.identity, row.reference_id, row.has_own_id, row.source_url, row.filename,
            row.extension, json.dumps(cells, ensure_ascii=False), row.error, " ".join(row.codes),
            row.expires, row.address, row.stripped_address, status, number,
        ),
    )  # fmt: skip


def _corrected_cells(db: Database, corrected: CorrectedRow, stored: Mapping[str, Any]) -> list[str]:
    """Returns the row's cells in the columns of its manifest, with the corrections.

    The file of corrections may have other columns, or the same columns in another order.
    """
    names, fields = map(json.loads, db.execute(HEADER, (stored["header"],)).fetchone())
    cells = list(json.loads(stored["cells"]))
    columns = ManifestColumns(tuple(names), tuple(fields))
    new_cells = corrected.row.cells
    for column, position in columns.positions.items():
        new_position = corrected.columns.positions.get(column)
        if new_position is None:
            continue
        if position < len(cells) and new_position < len(new_cells):
            cells[position] = new_cells[new_position]
    return cells


_COLUMNS: Final = (
    "line", "status", "identity", "reference_id", "own_id", "given_id", "source_url", "filename",
    "extension", "cells", "header", "codes",
)  # fmt: skip
_FIELDS: Final = ("reference_id", "source_url", "filename", "extension")
_STORED_ROW: Final = f"SELECT {', '.join(_COLUMNS)} FROM row WHERE number = ?"
_OTHER_ROW: Final = "SELECT line FROM row WHERE identity = ? AND number <> ?"
#: The values of the first correction stay, because they are the values in the manifest.
_KEEP_ORIGINAL: Final = """
    INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (row) DO NOTHING
"""
#: A row that is sent again has no ingest and no media yet.
_CHANGE: Final = """
    UPDATE row SET
        identity = ?, reference_id = ?, own_id = ?, source_url = ?, filename = ?, extension = ?,
        cells = ?, error = ?, codes = ?, expires = ?, address = ?, stripped_address = ?,
        status = ?, ingest_id = NULL, media_id = NULL, given_id = NULL
    WHERE number = ?
"""
