"""Compare an edited manifest with the rows of a job, and change the job accordingly.

This module must not know how a manifest is read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch_import.addresses.signatures import strip_signature
from batch_import.models import ManifestColumns, ManifestRow
from batch_import.state import alike_rows, statements
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import (
    FAILED_CSV,
    HEADER,
    IGNORED_EDITS,
    MANIFEST,
    RESULTS_CSV,
    SIGNING,
    IgnoredEdits,
    StoredFact,
    fact_parameters,
)
from batch_import.state.manifest_version import LoadOptions, check_manifest_version
from batch_import.state.row_matching import match_rows

#: Number of rows that are written at once.
_CHUNK_ROWS: Final = 10_000
#: Number of rows that are listed as examples in each part of a difference.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """A number of rows, with line and reference ID of the first few as examples."""

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """What loading the manifest has changed in the job.

    Attributes:
        removed: rows that are no longer in the manifest. Those that were not sent are skipped.
        changed: changed rows of which the platform has nothing. They are sent as they are now.
        ignored: rows that were edited after they were sent. What was sent stays.
        replaced: invalid rows without an identity that are not in the manifest any more as they
            were: they were removed, or completed.
        unchanged: number of rows that did not change.
        accepted_lines: line numbers of rows with an error in the manifest that are valid in the
            job, because they were corrected in `failed.csv`, or were sent before the edit.
    """

    added: ChangedRows = ChangedRows()
    changed: ChangedRows = ChangedRows()
    removed: ChangedRows = ChangedRows()
    ignored: ChangedRows = ChangedRows()
    replaced: ChangedRows = ChangedRows()
    unchanged: int = 0
    accepted_lines: frozenset[int] = frozenset()


def load(
    connection: Connection,
    rows: Iterable[ManifestRow],
    now: float,
    columns: ManifestColumns,
    facts: Iterable[StoredFact],
    options: LoadOptions,
) -> ManifestDiff:
    """Load a manifest into the job; see `Store.load`."""
    with connection.transaction() as db:
        db.execute(statements.CLEAR_INCOMING)
        db.insert("incoming", _incoming_values(rows))
        _strip_signatures(db, options.signing)
        match_rows(db, columns.fields)
        alike_rows.find_alike(db)
        known = db.execute(statements.FACT, (MANIFEST.name,)).fetchone()
        check_manifest_version(db, known[0] if known else "", options)
        if options.same_videos == "yes":
            alike_rows.match_alike_rows(db)
        if options.same_videos != "no":
            alike_rows.mark_possible_duplicates(db)
        header = _header_number(db, columns)
        diff = _merge(db, now, header, options.signing)
        if options.error_if_new_rows and diff.added.count + diff.changed.count:
            raise options.error_if_new_rows
        db.execute(statements.FORGET_HEADERS, (header,))
        db.execute(statements.CLEAR_INCOMING)
        # A new position of a row is not an event; therefore all results are written again.
        written = [HEADER.of(header), FAILED_CSV.of(""), RESULTS_CSV.of("")]
        changed = [*written, IGNORED_EDITS.of(_ignored_edits(diff)), *facts]
        db.executemany(statements.SAVE_FACT, fact_parameters(changed))
    return diff


def _ignored_edits(diff: ManifestDiff) -> IgnoredEdits:
    return IgnoredEdits(diff.ignored.count, diff.ignored.first[0][0] if diff.ignored.count else 0)


def _incoming_values(rows: Iterable[ManifestRow]) -> Iterator[tuple[Any, ...]]:
    """Yields the values of the table `incoming`."""
    for position, row in enumerate(rows, start=1):
        cells = json.dumps(row.cells, ensure_ascii=False)
        yield (
            position, row.line, row.identity, row.reference_id, row.source_url, row.filename,
            row.extension, cells, row.error, row.expires, " ".join(row.codes),
            row.has_own_id, row.address, row.stripped_address, row.stripped_reference,
        )  # fmt: skip


def _strip_signatures(db: Database, signing: frozenset[str]) -> None:
    """Remove signatures from the rows' URLs again, because more parameters are known to sign."""
    known = db.execute(statements.FACT, (SIGNING.name,)).fetchone()
    if signing - (SIGNING.decode(known[0]) if known else SIGNING.default):
        after = 0
        while found := db.execute(statements.ADDRESSES, (after, _CHUNK_ROWS)).fetchall():
            db.executemany(
                statements.STRIP_AGAIN,
                [(strip_signature(url, signing), number) for number, url in found],
            )
            after = found[-1][0]


def _header_number(db: Database, columns: ManifestColumns) -> int:
    """Returns the number of a header, which is added if it is not known yet."""
    values = json.dumps(columns.names, ensure_ascii=False), json.dumps(columns.fields)
    known = db.execute(statements.HEADER_NUMBER, values).fetchone()
    if not known:
        db.execute(statements.ADD_HEADER, values)
        known = db.execute(statements.HEADER_NUMBER, values).fetchone()
    return int(known[0])


def _merge(db: Database, now: float, header: int, signing: frozenset[str]) -> ManifestDiff:
    ignored = _edited_after_sending(db, signing)
    removed = _summary(db, statements.REMOVED)
    replaced = _summary(db, statements.REPLACED)
    # Rows without an identity are invalid; therefore they were never sent.
    _run(db, statements.FORGET_UNIDENTIFIED)
    db.execute(statements.CLEAR_POSITIONS)
    changed = _summary(db, statements.CHANGED)
    db.execute(statements.CHANGED_EVENTS, (now,))
    db.execute(statements.CHANGE)
    matched = db.execute(statements.MATCH, (header,)).rowcount
    db.execute(statements.MATCH_DUPLICATES, (header,))
    added = _summary(db, statements.ADDED)
    db.execute(statements.ADD, (header,))
    _run(db, statements.FORGET_REMOVED_INVALID)
    db.execute(statements.SKIPPED_EVENTS, (now,))
    db.execute(statements.SKIP_REMOVED)
    accepted = frozenset(line for (line,) in db.execute(statements.ACCEPTED_LINES))
    unchanged = matched - changed.count - ignored.count
    return ManifestDiff(added, changed, removed, ignored, replaced, unchanged, accepted)


def _run(db: Database, batch: Sequence[str]) -> None:
    for statement in batch:
        db.execute(statement)


def _summary(db: Database, rows: statements.RowList) -> ChangedRows:
    (count,) = db.execute(rows.count).fetchone()
    return ChangedRows(count, tuple(db.execute(rows.first, (_MAX_EXAMPLES,)).fetchall()))


def _edited_after_sending(db: Database, signing: frozenset[str]) -> ChangedRows:
    """Returns rows that the platform has, or may have, and whose text has changed since.

    A new signature of the URL is no change, because the video is the same.
    """
    count = 0
    first: list[tuple[int, str]] = []
    for line, reference, sent, given, renamed in db.execute(statements.EDITED_AFTER_SENDING):
        if renamed or strip_signature(sent, signing) != strip_signature(given, signing):
            count += 1
            if len(first) < _MAX_EXAMPLES:
                first.append((line, reference))
    return ChangedRows(count, tuple(first))
