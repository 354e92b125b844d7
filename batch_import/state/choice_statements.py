"""The SQL statements about the choice of rows, to which a run can be restricted.

The choice is a temporary table of a connection.
"""

from typing import Final

#: The tables from which pending rows are taken: all rows, or only the chosen rows. The columns that
#: both tables have, have the same names.
ALL_ROWS: Final = "row"
CHOSEN_ROWS: Final = "chosen"
_CHOICE_COLUMNS: Final = "number, status, expires, position"
#: Creates an empty choice. The table also has the status of each chosen row. Therefore an index
#: finds the next row to claim, even if few of many rows are chosen.
CREATE_CHOICE: Final = (
    """
    CREATE TEMP TABLE IF NOT EXISTS chosen (
        number INTEGER PRIMARY KEY, status TEXT, expires REAL, position INTEGER
    )
    """,
    "CREATE INDEX IF NOT EXISTS chosen_by_status ON chosen (status, expires, position)",
    "DELETE FROM chosen",
)
#: Executed after the status of a row has changed. Parameters: the new status, and the row's number.
UPDATE_CHOSEN: Final = "UPDATE chosen SET status = ? WHERE number = ?"
UPDATE_ALL_CHOSEN: Final = """
    UPDATE chosen SET status = row.status FROM row
    WHERE row.number = chosen.number AND row.status <> chosen.status
"""
#: Creates a table of the lines on which rows start, because the table `row` has no index by line.
CREATE_PLACES: Final = (
    """
    CREATE TEMP TABLE place (line INTEGER, number INTEGER, PRIMARY KEY (line, number))
    WITHOUT ROWID
    """,
    "INSERT INTO place SELECT line, number FROM row WHERE position IS NOT NULL",
)
DROP_PLACES: Final = "DROP TABLE place"
#: Parameters: the first and the last line.
_NUMBERS_ON_LINES: Final = "SELECT number FROM place WHERE line BETWEEN ? AND ?"
ANY_ON_LINES: Final = f"{_NUMBERS_ON_LINES} LIMIT 1"
LINE_SPAN: Final = "SELECT min(line), max(line) FROM place"
_CHOOSE: Final = f"INSERT INTO chosen SELECT {_CHOICE_COLUMNS} FROM row"
_IF_NOT_CHOSEN: Final = "ON CONFLICT DO NOTHING"
#: Condition for `row`: that it begins on some lines. Parameters: the first and the last line.
ON_LINES: Final = f"number IN ({_NUMBERS_ON_LINES})"
#: Condition for `row`: that it has a reference ID. Both parameters are the ID: `identity` is the ID
#: that the row was sent under, and `given_id` is the ID in the manifest if it is another one.
WITH_REFERENCE: Final = "(identity = ? OR given_id = ?) AND position IS NOT NULL"
ANY_WITH_REFERENCE: Final = f"SELECT 1 FROM row WHERE {WITH_REFERENCE}"
#: Chooses all rows. SQLite requires WHERE before ON CONFLICT.
CHOOSE_ALL: Final = f"{_CHOOSE} WHERE true {_IF_NOT_CHOSEN}"
#: Removes a row from the choice. Parameter: its number.
REMOVE_CHOSEN: Final = "DELETE FROM chosen WHERE number = ?"
#: The pending rows in the order in which they are claimed. Parameter: maximum number of rows.
FIRST_PENDING: Final = "WHERE status = 'pending' ORDER BY expires, position NULLS FIRST LIMIT ?"
CHOOSE_FIRST: Final = f"{_CHOOSE} {FIRST_PENDING} {_IF_NOT_CHOSEN}"
KEEP_FIRST_CHOSEN: Final = (
    f"DELETE FROM chosen WHERE number NOT IN (SELECT number FROM chosen {FIRST_PENDING})"
)
CHOOSE_NUMBER: Final = f"{_CHOOSE} WHERE number = ? {_IF_NOT_CHOSEN}"
IS_UNFINISHED: Final = """
    SELECT EXISTS (
        SELECT 1 FROM row WHERE number = ?
        AND status IN ('pending', 'creating', 'processing', 'unknown')
    )
"""
#: The columns of `choice.PendingRow`, with all cells (JSON) instead of one. Parameter: number of a
#: header, which identifies the columns of a manifest version. Rows with other columns have no
#: cells.
_PILOT_ROW: Final = """
    SELECT number, line, filename, source_url, extension,
        CASE WHEN header = :header THEN cells ELSE '[]' END
    FROM row
"""
PILOT_ROW_OF: Final = f"{_PILOT_ROW} WHERE number = :number"
#: Parameters: the smallest and the greatest length, and a limit.
REFERENCES_OF_LENGTH: Final = """
    SELECT identity FROM row
    WHERE position IS NOT NULL AND length(identity) BETWEEN ? AND ? LIMIT ?
"""


def claimable_count(table: str) -> str:
    """Returns SQL that counts pending rows."""
    return f"SELECT count(*) FROM {table} WHERE status = 'pending'"


def remaining_count(table: str) -> str:
    """Returns SQL that counts rows that are neither imported nor skipped."""
    return f"SELECT count(*) FROM {table} WHERE status NOT IN ('imported', 'skipped')"


def claimable_lines(table: str) -> str:
    """Returns SQL for the number and the manifest line of each pending row."""
    return f"SELECT number, line FROM row WHERE status = 'pending' AND {is_chosen(table)}"


def choose_where(condition: str) -> str:
    """Returns SQL that chooses the rows that meet a condition."""
    return f"{_CHOOSE} WHERE {condition} {_IF_NOT_CHOSEN}"


def numbers_where(condition: str) -> str:
    """Returns SQL for the numbers of the rows that meet a condition."""
    return f"SELECT number FROM row WHERE {condition}"


def excluded_rows(count: int) -> str:
    """Returns SQL for position, line and status of `count` rows, if they are in the manifest.

    The parameters are their numbers.
    """
    marks = ", ".join("?" * count)
    return f"""
        SELECT position, line, status FROM row
        WHERE number IN ({marks}) AND position IS NOT NULL
    """


def renamed_rows(count: int) -> str:
    """Returns SQL for pairs of a removed row and an unsent row with the same video in the manifest.

    Each result has the numbers of both rows. The parameters are the numbers of `count` rows.
    """
    marks = ", ".join("?" * count)
    return f"""
        SELECT removed.number, row.number FROM row AS removed
        JOIN row ON row.stripped_address = removed.stripped_address
        WHERE removed.number IN ({marks}) AND removed.position IS NULL
            AND removed.stripped_address <> '' AND row.position IS NOT NULL
            AND row.status IN ('pending', 'failed', 'invalid')
    """


def pending_for_pilot(table: str) -> str:
    """Returns SQL for the pending rows of a table, in manifest order; parameter: a header."""
    return f"{_PILOT_ROW} WHERE status = 'pending' AND {is_chosen(table)} ORDER BY position"


def is_chosen(table: str) -> str:
    """Returns an SQL condition for `row`: that it is in the table."""
    if table == ALL_ROWS:
        return "true"
    # With IN instead of EXISTS, SQLite would read all chosen rows first.
    return "EXISTS (SELECT 1 FROM chosen WHERE chosen.number = row.number)"
