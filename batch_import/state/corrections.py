"""Changes the rows of a job that the user has corrected in `failed.csv`, and adds new rows.

The other rows of the job do not change. This module must not know where the corrections come from.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from batch_import.errors import StateError
from batch_import.models import ManifestColumns, ManifestRow, Status
from batch_import.state import added_rows
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
    """A line of a corrected `failed.csv`.

    Attributes:
        row_number: number of the row in the job database; None for a new row. Further lines with
            the same number are new rows, because the user copied the row.
        row: the row with its corrections. Its line is the line in the file of corrections.
        columns: the columns of that file, to which the cells of the row belong.
    """

    row_number: int | None
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
        duplicates: rows that are invalid, because another row of the job has their ID.
        rejected_count: number of new rows that were not added to the job, because they are invalid.
        lines: number of each corrected row in the job database → its line number in the file of
            corrections.
    """

    diff: ManifestDiff
    duplicates: tuple[DuplicateId, ...]
    rejected_count: int
    lines: Mapping[int, int]


def correct(
    connection: Connection, rows: Iterable[CorrectedRow], now: float, facts: Iterable[StoredFact]
) -> CorrectionResult:
    """Change single rows of a job and add new ones, all of them or none.

    Args:
        connection: connection to the job database.
        rows: the corrected rows.
        now: current time in epoch seconds.
        facts: facts to store in the same transaction, if any row was changed or added.

    Raises:
        StateError: the job does not have one of the rows.
    """
    with connection.transaction() as db:
        change = _Change(connection.name, db, now)
        for corrected in rows:
            change.apply(corrected)
        if change.changed or change.added:
            db.executemany(SAVE_FACT, fact_parameters(facts))
    return change.result()


class _Change:
    """One change of a job by a file of corrections.

    Args:
        name: name of the job database, for messages.
        db: the job database, in a transaction.
        now: current time in epoch seconds.
    """

    def __init__(self, name: str, db: Database, now: float) -> None:
        self._name = name
        self._db = db
        self._now = now
        self._added_numbers = added_rows.read_numbers(db)
        self._lines: dict[int, int] = {}
        self._ignored: list[tuple[int, str]] = []
        self._duplicates: list[DuplicateId] = []
        self._unchanged_count = 0
        self._rejected_count = 0
        self.changed: list[tuple[int, str]] = []
        self.added: list[tuple[int, str]] = []

    def apply(self, corrected: CorrectedRow) -> None:
        """Change the row that a line is about, or add it."""
        number = self._find_number(corrected)
        if _repeats_earlier_line(corrected.row):
            self._rejected_count += 1
        elif number is None:
            self._add(corrected)
        else:
            self._correct(number, corrected)

    def result(self) -> CorrectionResult:
        """Returns what has changed."""
        diff = ManifestDiff(
            added=_summary(self.added),
            changed=_summary(self.changed),
            ignored=_summary(self._ignored),
            unchanged=self._unchanged_count,
        )
        return CorrectionResult(diff, tuple(self._duplicates), self._rejected_count, self._lines)

    def _find_number(self, corrected: CorrectedRow) -> int | None:
        """Returns the number of the row that a line is about; None if it is a new row.

        A copied row may be sorted before its original when the file is run again. Therefore a line
        may be about an added row, although it has the number of another row. Such a line has the
        URL of the added row, not that of the row with the number.
        """
        row, number = corrected.row, corrected.row_number
        is_first = number is not None and number not in self._lines
        if number is not None and is_first:
            stored = self._stored_row(number, row.line)
            has_same_url = stored["stripped_address"] == row.stripped_address
            if has_same_url and stored["status"] != Status.INVALID:
                return number
        found = added_rows.find_row(
            self._db, row, self._added_numbers, self._lines, only_added=number is not None
        )
        return number if found is None and is_first else found

    def _stored_row(self, number: int, line: int) -> dict[str, Any]:
        """Returns the row as the job has it, by name of column.

        Raises:
            StateError: the job does not have it.
        """
        values = self._db.execute(_STORED_ROW, (number,)).fetchone()
        if values is None:
            raise StateError(
                f"Line {line}: {self._name} does not have this row any more.",
                "Nothing was changed. Take failed.csv from the job folder once more.",
            )
        return dict(zip(_COLUMNS, values, strict=True))

    def _correct(self, number: int, corrected: CorrectedRow) -> None:
        stored = self._stored_row(number, corrected.row.line)
        row, duplicate = _with_identity(self._db, corrected.row, number, stored)
        self._duplicates += [duplicate] if duplicate else []
        example = (stored["line"], row.reference_id)
        is_changed = _is_changed(row, stored)
        if is_changed and stored["status"] not in _CORRECTABLE:
            # A later line may be about this row: it must not become a new row, and be sent again.
            self._ignored.append(example)
            return
        self._lines[number] = row.line
        if not is_changed:
            self._unchanged_count += 1
        else:
            self.changed.append(example)
            _store_correction(self._db, number, replace(corrected, row=row), stored, self._now)

    def _add(self, corrected: CorrectedRow) -> None:
        """Add a new row to the job, unless it is invalid."""
        row, duplicate = _with_other_id(self._db, corrected.row, None)
        self._duplicates += [duplicate] if duplicate else []
        if row.error or row.identity is None:
            self._rejected_count += 1
            return
        number = added_rows.add(self._db, row, corrected.columns, self._now)
        self._lines[number] = row.line
        self.added.append((row.line, row.reference_id))


def _repeats_earlier_line(row: ManifestRow) -> bool:
    """Whether a line has the URL and the title of an earlier line, and no reference ID.

    Such a line must not change its row. Otherwise the job would have the same video in two rows,
    and would send both if the user sorts the file differently.
    """
    return "duplicate-row" in row.codes


def _summary(rows: list[tuple[int, str]]) -> ChangedRows:
    return ChangedRows(len(rows), tuple(rows[:_MAX_EXAMPLES]))


def _with_identity(
    db: Database, row: ManifestRow, number: int, stored: Mapping[str, Any]
) -> tuple[ManifestRow, DuplicateId | None]:
    """Returns a corrected row with its identity in the job.

    If another row of the job has this identity, the row is returned as an invalid row, together
    with the duplicate ID.
    """
    if not row.has_own_id or row.reference_id == stored["reference_id"]:
        row = replace(
            row, reference_id=stored["reference_id"], has_own_id=bool(stored["own_id"]),
            identity=stored["identity"] or row.identity,
        )  # fmt: skip
    return _with_other_id(db, row, number)


def _with_other_id(
    db: Database, row: ManifestRow, number: int | None
) -> tuple[ManifestRow, DuplicateId | None]:
    """Returns the row; without identity and with its duplicate ID if another row has this ID.

    Args:
        db: the job database.
        row: the row, with its identity in the job.
        number: number of the row in the job database; None if it is new.
    """
    other_row = db.execute(_OTHER_ROW, (row.identity, number or 0)).fetchone()
    if other_row is None:
        return row, None
    (other_line,) = other_row
    reason = f"the reference id is a duplicate of the ID on line {other_line}"
    row = replace(row, identity=None, error=reason, codes=("duplicate-reference",))
    return row, DuplicateId(row.line, row.reference_id, other_line)


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


def _store_correction(
    db: Database, number: int, corrected: CorrectedRow, stored: Mapping[str, Any], now: float
) -> None:
    """Store the corrections of a row, and its values before them."""
    row = corrected.row
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
    "extension", "cells", "header", "codes", "stripped_address",
)  # fmt: skip
_FIELDS: Final = ("reference_id", "source_url", "filename", "extension")
_STORED_ROW: Final = f"SELECT {', '.join(_COLUMNS)} FROM row WHERE number = ?"
_OTHER_ROW: Final = "SELECT line FROM row WHERE identity = ? AND number <> ?"
#: Stores the values of a row before its first correction, which are the values in the manifest. A
#: later correction does not replace them.
_KEEP_ORIGINAL: Final = """
    INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (row) DO NOTHING
"""
#: Stores the corrected values. The IDs of an earlier attempt to import the row are deleted.
_CHANGE: Final = """
    UPDATE row SET
        identity = ?, reference_id = ?, own_id = ?, source_url = ?, filename = ?, extension = ?,
        cells = ?, error = ?, codes = ?, expires = ?, address = ?, stripped_address = ?,
        status = ?, ingest_id = NULL, media_id = NULL, given_id = NULL
    WHERE number = ?
"""
