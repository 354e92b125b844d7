"""The statements about the choice of rows, which is a temporary table of a connection."""

from typing import Final

#: The tables from which pending rows are taken. Their columns used below have the same names.
ALL_ROWS: Final = "row"
CHOSEN_ROWS: Final = "chosen"
_QUEUED: Final = "number, status, expires, position"
#: The table includes the status of each chosen row, so that the next row to claim is found by an
#: index, even if few of many rows are chosen.
CREATE_CHOICE: Final = (
    """
    CREATE TEMP TABLE IF NOT EXISTS chosen (
        number INTEGER PRIMARY KEY, status TEXT, expires REAL, position INTEGER
    )
    """,
    "CREATE INDEX IF NOT EXISTS chosen_by_status ON chosen (status, expires, position)",
    "DELETE FROM chosen",
)
#: Executed after the status of a row has changed.
UPDATE_CHOSEN: Final = "UPDATE chosen SET status = ? WHERE number = ?"
UPDATE_ALL_CHOSEN: Final = """
    UPDATE chosen SET status = row.status FROM row
    WHERE row.number = chosen.number AND row.status <> chosen.status
"""
#: The lines on which rows start, because the table `row` has no index by line.
CREATE_PLACES: Final = (
    """
    CREATE TEMP TABLE place (line INTEGER, number INTEGER, PRIMARY KEY (line, number))
    WITHOUT ROWID
    """,
    "INSERT INTO place SELECT line, number FROM row WHERE position IS NOT NULL",
)
DROP_PLACES: Final = "DROP TABLE place"
_PLACES: Final = "SELECT number FROM place WHERE line BETWEEN ? AND ?"
ANY_ON_LINES: Final = f"{_PLACES} LIMIT 1"
LINE_SPAN: Final = "SELECT min(line), max(line) FROM place"
_CHOOSE: Final = f"INSERT INTO chosen SELECT {_QUEUED} FROM row"
_ONCE: Final = "ON CONFLICT DO NOTHING"
CHOOSE_LINES: Final = f"{_CHOOSE} WHERE number IN ({_PLACES}) {_ONCE}"
#: A row that was sent under another reference ID than the manifest's has both.
_WITH_REFERENCE: Final = "(identity = ? OR given_id = ?) AND position IS NOT NULL"
ANY_WITH_REFERENCE: Final = f"SELECT 1 FROM row WHERE {_WITH_REFERENCE}"
CHOOSE_REFERENCE: Final = f"{_CHOOSE} WHERE {_WITH_REFERENCE} {_ONCE}"
FIRST_PENDING: Final = "WHERE status = 'pending' ORDER BY expires, position NULLS FIRST LIMIT ?"
CHOOSE_FIRST: Final = f"{_CHOOSE} {FIRST_PENDING} {_ONCE}"
KEEP_FIRST_CHOSEN: Final = (
    f"DELETE FROM chosen WHERE number NOT IN (SELECT number FROM chosen {FIRST_PENDING})"
)
CHOOSE_NUMBER: Final = f"{_CHOOSE} WHERE number = ? {_ONCE}"
IS_UNFINISHED: Final = """
    SELECT EXISTS (
        SELECT 1 FROM row WHERE number = ?
        AND status IN ('pending', 'creating', 'processing', 'unknown')
    )
"""
#: A row for a pilot. Parameter: number of the header whose rows have usable cells (JSON).
_PILOT_ROW: Final = """
    SELECT number, line, filename, source_url, extension,
        CASE WHEN header = :header THEN cells ELSE '[]' END
    FROM row
"""
PILOT_ROW_OF: Final = f"{_PILOT_ROW} WHERE number = :number"
REFERENCES_OF_LENGTH: Final = """
    SELECT identity FROM row
    WHERE position IS NOT NULL AND length(identity) BETWEEN ? AND ? LIMIT ?
"""


def pending_for_pilot(table: str) -> str:
    """Returns SQL for pending rows in manifest order; parameter as for `_PILOT_ROW`."""
    return f"{_PILOT_ROW} WHERE status = 'pending' AND {is_chosen(table)} ORDER BY position"


def is_chosen(table: str) -> str:
    """Returns an SQL condition: the row is chosen, or there is no choice."""
    # Not IN, because SQLite would then start with all chosen rows.
    one = "EXISTS (SELECT 1 FROM chosen WHERE chosen.number = row.number)"
    return one if table == CHOSEN_ROWS else "true"
