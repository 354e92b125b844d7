"""The SQL statements of a job, by topic. For verification, see `listing_statements.py`.

The tables are in `schema.sql`. If a statement depends on the choice of rows, it is a function whose
argument is the table of all rows or of the chosen rows. Values are always parameters.
"""

from dataclasses import dataclass
from typing import Final

from batch_import.failure_codes import FailureCode
from batch_import.state.choice_statements import FIRST_PENDING, is_chosen

# Facts of the job ---------------------------------------------------------------------------------

FACT: Final = "SELECT value FROM fact WHERE name = ?"
SAVE_FACT: Final = """
    INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

# Events -------------------------------------------------------------------------------------------

ADD_EVENT: Final = "INSERT INTO event (row, time, status, reason, code) VALUES (?, ?, ?, ?, ?)"


def _add_events(status: str, reason: str, where: str, code: str = "''") -> str:
    """Returns SQL that adds an event to each row; parameter: the time. Arguments are SQL texts."""
    return f"""
        INSERT INTO event (row, time, status, reason, code)
        SELECT number, ?, {status}, '{reason}', {code} FROM {where}
    """


EVENTS: Final = "SELECT time, status, reason, code FROM event WHERE row = ? ORDER BY number"
FIRST_EVENT_TIME: Final = "SELECT time FROM event ORDER BY number LIMIT 1"
LAST_EVENT_TIME: Final = "SELECT time FROM event ORDER BY number DESC LIMIT 1"
PROCESSING_TIMES: Final = """
    SELECT time - sent_at AS wait FROM event JOIN row ON row.number = event.row
    WHERE event.status = 'imported' AND time - sent_at BETWEEN 0 AND ?
    ORDER BY event.number DESC LIMIT ?
"""

# The queue ----------------------------------------------------------------------------------------

#: The columns of `models.JobRow`.
_ROW: Final = """
    SELECT number, reference_id, source_url, filename, extension, status, ingest_id,
        claimed_at, sent_at, media_id, line,
        (SELECT count(*) FROM event WHERE event.row = row.number AND event.status = 'creating')
    FROM row
"""
_RETRYABLE: Final = "row WHERE status = 'failed' AND position IS NOT NULL"
_IN_FLIGHT: Final = "status IN ('processing', 'unknown')"

RECOVER_EVENTS: Final = _add_events(
    "'unknown'",
    "the run ended while it was sent",
    "row WHERE status = 'creating'",
    f"'{FailureCode.INTERRUPTED}'",
)
RECOVER: Final = f"""
    UPDATE row SET status = 'unknown', sent_at = ?, codes = '{FailureCode.INTERRUPTED}'
    WHERE status = 'creating'
"""
CLAIM: Final = "UPDATE row SET status = 'creating', claimed_at = ? WHERE number = ?"
#: Stores a status update. Columns for which the update has NULL keep their values. A row that
#: becomes pending loses its former ingest and media.
APPLY: Final = """
    UPDATE row SET
        status = :status,
        error = :error,
        codes = :codes,
        sent_at = coalesce(:sent_at, sent_at),
        ingest_id = CASE WHEN :status <> 'pending' THEN coalesce(:ingest_id, ingest_id) END,
        media_id = CASE WHEN :status <> 'pending' THEN coalesce(:media_id, media_id) END,
        key = coalesce(:key, key),
        title = coalesce(:title, title),
        duration = coalesce(:duration, duration),
        thumbnail = coalesce(:thumbnail, thumbnail),
        created_date = coalesce(:created_date, created_date)
    WHERE number = :number
"""
RETRYABLE_COUNT: Final = f"SELECT count(*) FROM {_RETRYABLE}"
IN_FLIGHT: Final = f"{_ROW} WHERE {_IN_FLIGHT} ORDER BY sent_at NULLS FIRST, number"
RECENTLY_IMPORTED: Final = f"""
    {_ROW} WHERE status = 'imported' AND sent_at IS NOT NULL
    ORDER BY sent_at DESC, number DESC LIMIT ?
"""
IN_FLIGHT_POSITIONS: Final = f"SELECT number, position FROM row WHERE {_IN_FLIGHT}"
#: The concatenation prevents the use of the index by status, which would read all imported rows.
IMPORTED_BETWEEN: Final = """
    SELECT count(*) FROM row WHERE status || '' = 'imported' AND position > ? AND position < ?
"""


def unfinished(table: str) -> tuple[str, str]:
    """Returns SQL that counts rows in flight and the table's pending rows, and SQL for a sample.

    Parameters of the sample: limit, total, limit, total. Of each `total / limit` rows, one is
    selected: the row at which `turn * limit / total`, rounded down, has grown by 1.
    """
    rows = f"""
        row WHERE status IN ('creating', 'processing', 'unknown')
        OR (status = 'pending' AND {is_chosen(table)})
    """
    sample = f"""
        SELECT number FROM (
            SELECT number, row_number() OVER (ORDER BY position NULLS FIRST, number) AS turn
            FROM {rows}
        ) AS unfinished WHERE turn * ? / ? > (turn - 1) * ? / ?
    """
    order = "ORDER BY position NULLS FIRST, number"
    return f"SELECT count(*) FROM {rows}", f"{_ROW} WHERE number IN ({sample}) {order}"


def next_to_claim(table: str) -> str:
    """Returns SQL for the first pending rows. Parameter: maximum number of rows."""
    return f"""
        {_ROW} WHERE number IN (SELECT number FROM {table} {FIRST_PENDING})
        ORDER BY expires, position NULLS FIRST
    """


def pending_sources(table: str) -> str:
    """Returns SQL for sources. Parameters: rows must have a higher number than this; a limit."""
    return f"""
        SELECT line, source_url, extension, number, reference_id, filename FROM row
        WHERE status = 'pending' AND number > ? AND {is_chosen(table)} ORDER BY number LIMIT ?
    """


def pending_by_reference(table: str, id_count: int) -> str:
    """Returns SQL for the pending rows with one of `id_count` reference IDs, the parameters."""
    # The concatenation prevents the use of the index by status, with which all rows would be read.
    return f"""
        {_ROW} WHERE identity IN ({", ".join("?" * id_count)}) AND status || '' = 'pending'
        AND {is_chosen(table)}
    """


def retry_events(table: str) -> str:
    """Returns SQL that adds an event to each row to retry. Parameter: the time."""
    return _add_events("'pending'", "retry", f"{_RETRYABLE} AND {is_chosen(table)}")


def retry(table: str) -> str:
    """Returns SQL that makes rows pending again, without their former ingest and media."""
    return f"""
        UPDATE row SET status = 'pending', error = '', codes = '', ingest_id = NULL, media_id = NULL
        WHERE number IN (SELECT number FROM {_RETRYABLE} AND {is_chosen(table)})
    """


# Reading ------------------------------------------------------------------------------------------

#: The number, line and codes of each row that cannot be sent, in the order of the lines.
INVALID_ROWS: Final = "SELECT number, line, codes FROM row WHERE status = 'invalid' ORDER BY line"
COUNTS: Final = "SELECT status, count(*) FROM row GROUP BY status"
ADOPTED_COUNT: Final = "SELECT count(*) FROM row WHERE status = 'imported' AND sent_at IS NULL"
#: Imported rows that were sent again after it was unknown whether their media existed. Between the
#: two events, no media of the row was found.
SENT_AGAIN_COUNT: Final = """
    SELECT count(DISTINCT unknown.row) FROM event AS unknown
    JOIN event AS again ON again.row = unknown.row AND again.number > unknown.number
    JOIN row ON row.number = unknown.row
    WHERE unknown.status = 'unknown' AND again.status = 'creating'
        AND row.status = 'imported' AND row.sent_at >= again.time
        AND NOT EXISTS (
            SELECT 1 FROM event AS found
            WHERE found.row = unknown.row AND found.number > unknown.number
                AND found.number < again.number AND found.status IN ('processing', 'failed')
        )
"""
IDS_TAKEN_COUNT: Final = f"""
    SELECT count(*) FROM row
    WHERE status = 'failed' AND codes LIKE '%{FailureCode.REFERENCE_ID_TAKEN}%'
"""
#: The columns of `models.ResultRow`.
_RECORD_COLUMNS: Final = """
    line, status, error, codes, reference_id, filename, source_url, extension,
    cells, position IS NULL, picture.key IS NOT NULL, width, height, header,
    coalesce(ingest_id, ''), coalesce(media_id, ''), coalesce(row.key, ''),
    coalesce(title, ''), coalesce(duration, ''), coalesce(thumbnail, ''),
    coalesce(created_date, ''), row.number, coalesce(given_id, '')
"""
_RECORD_TABLES: Final = "row LEFT JOIN picture ON picture.key = row.key"
_RECORD: Final = f"SELECT {_RECORD_COLUMNS} FROM {_RECORD_TABLES}"
HEADER: Final = "SELECT names, fields FROM header WHERE number = ?"
#: All columns of manifests but the latest. They belong to removed rows; others are deleted.
OTHER_HEADERS: Final = "SELECT number FROM header WHERE number <> ? ORDER BY number DESC"
FAILED_HEADERS: Final = """
    SELECT DISTINCT header FROM row
    WHERE status IN ('failed', 'invalid') AND position IS NOT NULL AND header <> ?
    ORDER BY header DESC
"""
LAST_EVENT: Final = "SELECT coalesce(max(number), 0) FROM event"
LAST_POSITION: Final = "SELECT coalesce(max(position), -1) FROM row"
#: Indexes of blocks of positions with rows that changed after an event. NULL stands for rows that
#: are no longer in the manifest. Parameters: positions per block, and the number of the event.
CHANGED_BLOCKS: Final = """
    SELECT DISTINCT position / ? FROM row
    WHERE number IN (SELECT row FROM event WHERE number > ?)
"""
BLOCKS_WITH: Final = "SELECT DISTINCT position / ? FROM row WHERE status = ?"
RECORDS_BETWEEN: Final = f"{_RECORD} WHERE position BETWEEN ? AND ? ORDER BY position, number"
REMOVED_RECORDS: Final = f"{_RECORD} WHERE position IS NULL ORDER BY number"
_AS_CLAIMED: Final = "ORDER BY expires, position NULLS FIRST LIMIT ?"
FIRST_IMPORTED: Final = f"{_RECORD} WHERE status = 'imported' {_AS_CLAIMED}"
ANY_IMPORTED_SINCE: Final = """
    SELECT EXISTS (SELECT 1 FROM event WHERE number > ? AND status = 'imported')
"""
_CURRENT_FIRST: Final = "ORDER BY position IS NULL, position, number"
RECORD_BY_IDENTITY: Final = f"{_RECORD} WHERE row.identity = ? {_CURRENT_FIRST}"
RECORD_BY_REFERENCE: Final = f"{_RECORD} WHERE row.reference_id = ? {_CURRENT_FIRST}"
RECORD_BY_MANIFEST_ID: Final = f"{_RECORD} WHERE row.given_id = ? {_CURRENT_FIRST}"
FIRST_WITH_MANIFEST_ID: Final = f"{_RECORD} WHERE row.given_id IS NOT NULL {_CURRENT_FIRST} LIMIT 1"
MANIFEST_ID_COUNT: Final = "SELECT count(*) FROM row WHERE given_id IS NOT NULL"
ANY_ROW_WITH_REFERENCE: Final = "SELECT 1 FROM row WHERE identity = ?"
RECORD_BY_LINE: Final = f"{_RECORD} WHERE row.line = ?"
REFERENCE_IDS_BEFORE: Final = (
    "SELECT identity FROM row WHERE identity < ? ORDER BY identity DESC LIMIT ?"
)
REFERENCE_IDS_AFTER: Final = (
    "SELECT identity FROM row WHERE identity >= ? ORDER BY identity LIMIT ?"
)
#: `since` is the time of the last claim or of the end of the last POST, whichever is later. For a
#: row with neither, it is the time of its last event.
OLDEST_IN_FLIGHT: Final = """
    SELECT line, reference_id, status, coalesce(
        nullif(CASE WHEN claimed_at > sent_at THEN claimed_at
            ELSE coalesce(sent_at, claimed_at, 0) END, 0),
        (SELECT max(time) FROM event WHERE event.row = row.number), 0) AS since
    FROM row WHERE status IN ('creating', 'processing', 'unknown')
    ORDER BY since, number LIMIT 1
"""
_DUPLICATE: Final = "row WHERE status = 'invalid' AND codes = ? AND position IS NOT NULL"
DUPLICATE_COUNT: Final = f"SELECT count(*) FROM {_DUPLICATE}"
DUPLICATES: Final = f"SELECT line, filename, source_url, error FROM {_DUPLICATE} ORDER BY position"
#: Parameter: infinity, which stands for a URL that does not expire.
EXPIRING_URLS: Final = "SELECT line, expires FROM row WHERE status = 'pending' AND expires < ?"


def records(status_count: int) -> tuple[str, str]:
    """Returns SQL for rows of the manifest, and for removed rows; parameters: their statuses."""
    marks = ", ".join("?" * status_count)
    return _records_where(f"status IN ({marks})" if status_count else "true")


def _records_where(where: str) -> tuple[str, str]:
    return (
        f"{_RECORD} WHERE {where} AND position IS NOT NULL ORDER BY position, number",
        f"{_RECORD} WHERE {where} AND position IS NULL ORDER BY number",
    )


RECORDS_WITH_CODES: Final = _records_where("codes <> ''")
#: One row of each group with the same problem and source host, and the number of the group's rows.
#: The host is in the text before the third slash. URLs with a password are compared as a whole.
RECORDS_BY_TROUBLE: Final = f"""
    SELECT {_RECORD_COLUMNS}, many FROM (
        SELECT min(number) AS first, count(*) AS many FROM row WHERE codes <> ''
        GROUP BY status, codes, error, position IS NULL, CASE
            WHEN instr(source_url, '@') <> 0 OR instr(substr(source_url, 9), '/') = 0
            THEN source_url
            ELSE substr(source_url, 1, instr(substr(source_url, 9), '/') + 8) END
    ) AS trouble JOIN row ON row.number = trouble.first
        LEFT JOIN picture ON picture.key = row.key
"""

# The manifest, compared with the rows -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowList:
    """Two queries: the number of some rows, and line and reference ID of the first `?` of them."""

    count: str
    first: str


def _row_list(rows: str, order: str, table: str = "") -> RowList:
    return RowList(
        f"SELECT count(*) FROM {rows}",
        f"SELECT {table}line, {table}reference_id FROM {rows} ORDER BY {order} LIMIT ?",
    )


ADD_HEADER: Final = "INSERT INTO header (names, fields) VALUES (?, ?)"
HEADER_NUMBER: Final = "SELECT number FROM header WHERE names = ? AND fields = ?"
#: Deletes the columns of manifests that no row has. Parameter: the latest header.
FORGET_HEADERS: Final = """
    DELETE FROM header
    WHERE number <> ? AND number NOT IN (SELECT header FROM row WHERE position IS NULL)
"""
CLEAR_INCOMING: Final = "DELETE FROM incoming"

#: Condition for rows that can still be edited, because the platform has no media of them.
_OPEN: Final = "row.status IN ('pending', 'failed', 'invalid', 'skipped')"
#: Condition for rows whose fields were edited in the manifest.
_IS_EDITED: Final = """
    (row.source_url, row.filename, row.extension)
    <> (incoming.source_url, incoming.filename, incoming.extension)
"""
#: Rows that the platform has, or may have, and that were edited. The last column is whether title
#: or extension were edited.
EDITED_AFTER_SENDING: Final = f"""
    SELECT incoming.line, incoming.reference_id, row.source_url, incoming.source_url,
        (row.filename, row.extension) <> (incoming.filename, incoming.extension)
    FROM row JOIN incoming USING (identity)
    WHERE NOT {_OPEN} AND {_IS_EDITED} ORDER BY incoming.position
"""
#: Condition for rows that become pending or invalid: rows that were edited, that are in the
#: manifest again after they were removed, or whose error is another one now. A failed row that was
#: not edited stays failed.
_IS_CHANGED: Final = f"""
    row.identity = incoming.identity AND {_OPEN} AND (
        {_IS_EDITED}
        OR row.status = 'skipped'
        OR incoming.error <> CASE WHEN row.status = 'invalid' THEN row.error ELSE '' END
    )
"""
_NEW_STATUS: Final = "CASE WHEN incoming.error = '' THEN 'pending' ELSE 'invalid' END"
_CHANGED: Final = f"row JOIN incoming ON {_IS_CHANGED}"
CHANGED: Final = _row_list(_CHANGED, "incoming.position", "incoming.")
CHANGED_EVENTS: Final = _add_events(
    _NEW_STATUS, "changed in the manifest", _CHANGED, "incoming.codes"
)
CHANGE: Final = f"""
    UPDATE row SET
        source_url = incoming.source_url, filename = incoming.filename,
        extension = incoming.extension, error = incoming.error, codes = incoming.codes,
        ingest_id = NULL, media_id = NULL, status = {_NEW_STATUS}
    FROM incoming WHERE {_IS_CHANGED}
"""
#: Parameters: rows must have a higher number than this; a limit.
ADDRESSES: Final = """
    SELECT number, address FROM row WHERE number > ? AND address <> '' ORDER BY number LIMIT ?
"""
STRIP_AGAIN: Final = "UPDATE row SET stripped_address = ? WHERE number = ?"
#: Lines of rows that have errors in the manifest and are valid in the job, because they were
#: corrected in failed.csv.
CORRECTED_LINES: Final = """
    SELECT line FROM row JOIN correction ON row.number = correction.row
    WHERE position IS NOT NULL AND status <> 'invalid'
"""
#: The same lines, and lines of rows that were sent before an edit made an error in them.
ACCEPTED_LINES: Final = f"""
    {CORRECTED_LINES} UNION
    SELECT row.line FROM row JOIN incoming USING (identity)
    WHERE incoming.error <> '' AND row.status <> 'invalid'
"""
#: After this statement, `MATCH` sets the positions of all rows that the edited manifest has.
CLEAR_POSITIONS: Final = "UPDATE row SET position = NULL"
MATCH: Final = """
    UPDATE row SET
        position = incoming.position, line = incoming.line, cells = incoming.cells, header = ?,
        expires = incoming.expires, address = incoming.address,
        stripped_address = incoming.stripped_address
    FROM incoming WHERE row.identity = incoming.identity
"""
#: The same as `MATCH` for rows without an identity, which `row_matching.py` has paired.
MATCH_DUPLICATES: Final = """
    UPDATE row SET
        position = incoming.position, line = incoming.line, cells = incoming.cells, header = ?,
        expires = incoming.expires, error = incoming.error, codes = incoming.codes
    FROM incoming JOIN pairing USING (position)
    WHERE row.number = pairing.number AND row.identity IS NULL
"""
#: Condition for rows of `incoming` that the job does not have.
_IS_NEW: Final = """
    CASE WHEN identity IS NULL THEN position NOT IN (SELECT position FROM pairing)
        ELSE identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL) END
"""
#: Rows without an identity are invalid, and not reported as added.
ADDED: Final = _row_list(f"incoming WHERE ({_IS_NEW}) AND identity IS NOT NULL", "position")
ADD: Final = f"""
    INSERT INTO row (
        position, line, identity, reference_id, source_url, filename, extension, cells, status,
        error, expires, codes, header, own_id, address, stripped_address
    )
    SELECT position, line, identity, reference_id, source_url, filename, extension, cells,
        {_NEW_STATUS}, error, expires, codes, ?, own_id, address, stripped_address
    FROM incoming WHERE {_IS_NEW} ORDER BY position
"""
#: Rows that only the last version of the manifest has. Must be used before positions are cleared.
REMOVED: Final = _row_list(
    """
    row WHERE position IS NOT NULL AND identity IS NOT NULL
        AND identity NOT IN (SELECT identity FROM incoming WHERE identity IS NOT NULL)
    """,
    "line",
)
#: Condition for rows without an identity that the edited manifest does not have unchanged.
_UNPAIRED: Final = "identity IS NULL AND number NOT IN (SELECT number FROM pairing)"
REPLACED: Final = _row_list(f"row WHERE {_UNPAIRED} AND position IS NOT NULL", "line")
#: Rows that were removed from the manifest, and of which the platform has no media.
_SKIPPED: Final = "row WHERE position IS NULL AND status IN ('pending', 'failed', 'invalid')"
SKIPPED_EVENTS: Final = _add_events("'skipped'", "removed from the manifest", _SKIPPED)
SKIP_REMOVED: Final = (
    f"UPDATE row SET status = 'skipped' WHERE number IN (SELECT number FROM {_SKIPPED})"
)


def _forget(where: str) -> tuple[str, str]:
    """Returns SQL that deletes the events of rows, and SQL that deletes these rows."""
    rows = f"SELECT number FROM row WHERE {where}"
    return f"DELETE FROM event WHERE row IN ({rows})", f"DELETE FROM row WHERE {where}"


FORGET_UNIDENTIFIED: Final = _forget(_UNPAIRED)
#: Invalid rows that were removed from the manifest, and that were never sent.
FORGET_REMOVED_INVALID: Final = _forget(
    "status = 'invalid' AND position IS NULL AND claimed_at IS NULL"
)
