"""Rows of a job that were corrected in `failed.csv`. Only these rows change.

This module must not know where the corrections come from.
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

#: Number of rows that are listed as examples in each part of a difference.
_MAX_EXAMPLES: Final = 5
_OPEN: Final = frozenset({Status.PENDING, Status.FAILED, Status.INVALID, Status.SKIPPED})


@dataclass(frozen=True, slots=True)
class CorrectedRow:
    """A corrected row, and its number in the job.

    Attributes:
        columns: the columns to which its cells belong.
    """

    row_number: int
    row: ManifestRow
    columns: ManifestColumns


@dataclass(frozen=True, slots=True)
class DuplicateId:
    """A corrected row whose reference ID another row of the job has.

    Attributes:
        line: line number of the correction.
        first_line: line number of the row that has the ID.
    """

    line: int
    reference_id: str
    first_line: int


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What corrections have changed in a job.

    Attributes:
        duplicates: corrected rows that are invalid, because another row of the job has their ID.
        lines: number of each given row in the job → its line number in the file of corrections.
    """

    diff: ManifestDiff
    duplicates: tuple[DuplicateId, ...]
    lines: Mapping[int, int]


def correct(
    connection: Connection, rows: Iterable[CorrectedRow], now: float, facts: Iterable[StoredFact]
) -> CorrectionResult:
    """Change single rows of a job, all of them or none.

    Raises:
        StateError: the job lacks one of the rows.
    """
    changed: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    duplicates: list[DuplicateId] = []
    lines: dict[int, int] = {}
    unchanged = 0
    with connection.transaction() as db:
        for given in rows:
            lines[given.row_number] = given.row.line
            known = _known(db, given.row_number)
            if known is None:
                raise StateError(
                    f"Line {given.row.line}: {connection.name} does not have this row any more.",
                    "Nothing was changed. Take failed.csv from the job folder once more.",
                )
            row, duplicate = _checked(db, given, known)
            duplicates += [duplicate] if duplicate else []
            where = (known["line"], row.reference_id)
            if not _differs(row, known):
                unchanged += 1
            elif known["status"] not in _OPEN:
                ignored.append(where)
            else:
                changed.append(where)
                _change(db, replace(given, row=row), known, now)
        if changed:
            db.executemany(SAVE_FACT, fact_parameters(facts))
    diff = ManifestDiff(changed=_summary(changed), ignored=_summary(ignored), unchanged=unchanged)
    return CorrectionResult(diff, tuple(duplicates), lines)


def _summary(rows: list[tuple[int, str]]) -> ChangedRows:
    return ChangedRows(len(rows), tuple(rows[:_MAX_EXAMPLES]))


def _known(db: Database, number: int) -> dict[str, Any] | None:
    found = db.execute(_KNOWN, (number,)).fetchone()
    return dict(zip(_COLUMNS, found, strict=True)) if found else None


def _checked(
    db: Database, given: CorrectedRow, known: Mapping[str, Any]
) -> tuple[ManifestRow, DuplicateId | None]:
    """Returns the row with its new identity; invalid if another row has its ID."""
    row = given.row
    if not row.has_own_id or row.reference_id == known["reference_id"]:
        row = replace(
            row, reference_id=known["reference_id"], has_own_id=bool(known["own_id"]),
            identity=known["identity"] or row.identity,
        )  # fmt: skip
    taken = db.execute(_OTHER, (row.identity, given.row_number)).fetchone()
    if taken is None:
        return row, None
    reason = f"the reference id is a duplicate of the ID on line {taken[0]}"
    row = replace(row, identity=None, error=reason, codes=("duplicate-reference",))
    return row, DuplicateId(given.row.line, row.reference_id, taken[0])


def _differs(row: ManifestRow, known: Mapping[str, Any]) -> bool:
    texts = (row.reference_id, row.source_url, row.filename, row.extension)
    if texts != tuple(known[name] for name in _TEXTS):
        return True
    invalid: bool = known["status"] == Status.INVALID
    # The text of the same problem may differ in the line of which the ID is a duplicate.
    return bool(row.error) != invalid or (invalid and row.codes != tuple(known["codes"].split()))


def _change(db: Database, given: CorrectedRow, known: Mapping[str, Any], now: float) -> None:
    row, number = given.row, given.row_number
    original = known["given_id"] or (known["reference_id"] if known["own_id"] else "")
    db.execute(
        _KEEP_ORIGINAL,
        (
            number, known["identity"] is None, original, known["source_url"], known["filename"],
            known["extension"],
        ),
    )  # fmt: skip
    status = Status.INVALID if row.error else Status.PENDING
    db.execute(ADD_EVENT, (number, now, status, "corrected", " ".join(row.codes)))
    cells = _cells(db, given, known)
    db.execute(
        _CHANGE,
        (
            row.identity, row.reference_id, row.has_own_id, row.source_url, row.filename,
            row.extension, json.dumps(cells, ensure_ascii=False), row.error, " ".join(row.codes),
            row.expires, row.address, row.stripped_address, status, number,
        ),
    )  # fmt: skip


def _cells(db: Database, given: CorrectedRow, known: Mapping[str, Any]) -> list[str]:
    """Returns the row's cells in the columns of its manifest, with the corrections."""
    names, fields = map(json.loads, db.execute(HEADER, (known["header"],)).fetchone())
    cells = list(json.loads(known["cells"]))
    columns = ManifestColumns(tuple(names), tuple(fields))
    for key, position in columns.positions.items():
        corrected = given.columns.positions.get(key)
        if corrected is not None and position < len(cells) and corrected < len(given.row.cells):
            cells[position] = given.row.cells[corrected]
    return cells


_COLUMNS: Final = (
    "line", "status", "identity", "reference_id", "own_id", "given_id", "source_url", "filename",
    "extension", "cells", "header", "codes",
)  # fmt: skip
_TEXTS: Final = ("reference_id", "source_url", "filename", "extension")
_KNOWN: Final = f"SELECT {', '.join(_COLUMNS)} FROM row WHERE number = ?"
_OTHER: Final = "SELECT line FROM row WHERE identity = ? AND number <> ?"
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
