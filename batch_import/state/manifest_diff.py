"""Compare an edited manifest with the rows of a job, and change the job accordingly.

The rows of the manifest are first written to the table `incoming`, and then compared by SQL. This
module must not know how a manifest is read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch_import.addresses.signatures import strip_signature
from batch_import.models import ManifestColumns, ManifestRow
from batch_import.state import added_rows, alike_rows, statements
from batch_import.state.connection import Connection, Database
from batch_import.state.facts import (
    FAILED_CSV,
    HEADER,
    IGNORED_EDITS,
    MANIFEST,
    NO_EDITS,
    RESULTS_CSV,
    SIGNING,
    IgnoredEdits,
    StoredFact,
    fact_parameters,
)
from batch_import.state.manifest_version import LoadOptions, check_manifest_version
from batch_import.state.row_matching import match_rows

#: Number of rows that are in memory at once.
_CHUNK_ROWS: Final = 10_000
#: Number of rows in each group of a `ManifestDiff` that are listed as examples.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """One group of rows in a `ManifestDiff`.

    Attributes:
        count: number of rows.
        first: line number and reference ID of the first rows, as examples.
    """

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """The differences between an edited manifest and the job, before the job was changed.

    Attributes:
        added: rows that the job did not have.
        changed: edited rows that were not sent, or that failed. They are sent with the new values.
        removed: rows that are no longer in the manifest. If they were not sent, they are skipped.
        ignored: rows that were edited after they were sent. The job keeps the values that were
            sent.
        ignored_url_count: number of rows in `ignored` in which only the URL was edited.
        replaced: invalid rows without an identity (the text by which a row is recognized in an
            edited manifest) that were removed from the manifest or edited.
        unchanged: number of rows that did not change.
        accepted_lines: line numbers of rows that have an error in the manifest and are valid in the
            job, because they were corrected in `failed.csv`, or were sent before the edit.
    """

    added: ChangedRows = ChangedRows()
    changed: ChangedRows = ChangedRows()
    removed: ChangedRows = ChangedRows()
    ignored: ChangedRows = ChangedRows()
    ignored_url_count: int = 0
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
    """Load a manifest into the job; arguments and errors as for `Store.load`."""
    with connection.transaction() as db:
        db.execute(statements.CLEAR_INCOMING)
        db.insert("incoming", _incoming_values(rows))
        _strip_signatures(db, options.signing)
        match_rows(db, columns.fields)
        alike_rows.find_alike(db)
        added_rows.exclude_from_removed(db)
        known_manifest = db.execute(statements.FACT, (MANIFEST.name,)).fetchone()
        check_manifest_version(db, known_manifest[0] if known_manifest else "", options)
        if options.same_videos == "yes":
            alike_rows.match_alike_rows(db)
        # If the user has not decided (`ask`), all alike rows are possible duplicates. After `yes`,
        # only the rows that could not be matched are possible duplicates.
        if options.same_videos != "no":
            alike_rows.mark_possible_duplicates(db)
        header = _header_number(db, columns)
        added_rows.keep_in_job(db, columns)
        diff = _merge(db, now, header, options.signing)
        if options.new_rows_error and diff.added.count + diff.changed.count:
            raise options.new_rows_error
        db.execute(statements.FORGET_HEADERS, (header,))
        db.execute(statements.CLEAR_INCOMING)
        # The result files are normally updated by events, which are status changes. A new position
        # of a row is no event. Therefore the facts `FAILED_CSV` and `RESULTS_CSV` are emptied: all
        # results are written again.
        changed_facts = [
            HEADER.of(header),
            FAILED_CSV.of(""),
            RESULTS_CSV.of(""),
            IGNORED_EDITS.of(_ignored_edits(diff)),
            *facts,
        ]
        db.executemany(statements.SAVE_FACT, fact_parameters(changed_facts))
    return diff


def _ignored_edits(diff: ManifestDiff) -> IgnoredEdits:
    if not diff.ignored.count:
        return NO_EDITS
    first_line, _ = diff.ignored.first[0]
    return IgnoredEdits(diff.ignored.count, first_line, diff.ignored_url_count)


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
    """Remove signatures from the URLs of the job's rows again if the user named new parameters.

    Args:
        db: the job database.
        signing: names of the URL parameters that are signatures.
    """
    row = db.execute(statements.FACT, (SIGNING.name,)).fetchone()
    earlier_signing = SIGNING.decode(row[0]) if row else SIGNING.default
    if not signing - earlier_signing:
        return
    last_number = 0
    while rows := db.execute(statements.ADDRESSES, (last_number, _CHUNK_ROWS)).fetchall():
        stripped_urls = [(strip_signature(url, signing), number) for number, url in rows]
        db.executemany(statements.STRIP_AGAIN, stripped_urls)
        last_number = rows[-1][0]


def _header_number(db: Database, columns: ManifestColumns) -> int:
    """Add the columns to the table `header` if it does not have them; returns their number."""
    values = json.dumps(columns.names, ensure_ascii=False), json.dumps(columns.fields)
    row = db.execute(statements.HEADER_NUMBER, values).fetchone()
    if not row:
        db.execute(statements.ADD_HEADER, values)
        row = db.execute(statements.HEADER_NUMBER, values).fetchone()
    return int(row[0])


def _merge(db: Database, now: float, header: int, signing: frozenset[str]) -> ManifestDiff:
    """Change the job's rows, so that they correspond to the rows in `incoming`."""
    ignored, ignored_url_count = _edited_after_sending(db, signing)
    removed = _summary(db, statements.REMOVED)
    replaced = _summary(db, statements.REPLACED)
    # Rows without an identity are invalid; therefore they were never sent.
    _execute_all(db, statements.FORGET_UNIDENTIFIED)
    db.execute(statements.CLEAR_POSITIONS)
    changed = _summary(db, statements.CHANGED)
    db.execute(statements.CHANGED_EVENTS, (now,))
    db.execute(statements.CHANGE)
    matched_count = db.execute(statements.MATCH, (header,)).rowcount
    db.execute(statements.MATCH_DUPLICATES, (header,))
    added = _summary(db, statements.ADDED)
    db.execute(statements.ADD, (header,))
    _execute_all(db, statements.FORGET_REMOVED_INVALID)
    db.execute(statements.SKIPPED_EVENTS, (now,))
    db.execute(statements.SKIP_REMOVED)
    return ManifestDiff(
        added,
        changed,
        removed,
        ignored,
        ignored_url_count,
        replaced,
        unchanged=matched_count - changed.count - ignored.count,
        accepted_lines=frozenset(line for (line,) in db.execute(statements.ACCEPTED_LINES)),
    )


def _execute_all(db: Database, batch: Sequence[str]) -> None:
    for statement in batch:
        db.execute(statement)


def _summary(db: Database, queries: statements.RowList) -> ChangedRows:
    (count,) = db.execute(queries.count).fetchone()
    examples = db.execute(queries.first, (_MAX_EXAMPLES,)).fetchall()
    return ChangedRows(count, tuple(examples))


def _edited_after_sending(db: Database, signing: frozenset[str]) -> tuple[ChangedRows, int]:
    """Returns rows that the platform has, or may have, and that were edited since they were sent.

    A new signature of the URL is no edit, because the video is the same.

    Returns:
        The rows, and the number of those in which only the URL was edited.
    """
    count = url_count = 0
    examples: list[tuple[int, str]] = []
    for row in db.execute(statements.EDITED_AFTER_SENDING):
        line, reference_id, sent_url, new_url, is_renamed = row
        has_new_url = strip_signature(sent_url, signing) != strip_signature(new_url, signing)
        if is_renamed or has_new_url:
            count += 1
            url_count += not is_renamed
            if len(examples) < _MAX_EXAMPLES:
                examples.append((line, reference_id))
    return ChangedRows(count, tuple(examples)), url_count
