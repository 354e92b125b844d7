"""The SQL statements of `merge.py`, which combines the rows of several jobs in one database.

The combined database is `main`. The database of the job that is added is attached as `job`.
"""

from typing import Final

#: Columns of the table `row` whose values are copied unchanged.
_COPIED: Final = """
    position, line, reference_id, source_url, filename, extension, status, error, codes, expires,
    own_id, given_id, address, stripped_address,
    claimed_at, sent_at, ingest_id, media_id, key, title, duration, thumbnail, created_date
"""
#: Creates the table `origin`: for each row of the combined database, the job that it is from. The
#: rows of the jobs are numbered consecutively: `first` is the number before the first row of a job,
#: and therefore identifies the job. `position` is the row's position in its job, `identified`
#: whether the row has an identity there, and `changed` the time of its last status change in epoch
#: seconds.
CREATE_ORIGINS: Final = """
    CREATE TEMP TABLE IF NOT EXISTS origin (
        number INTEGER PRIMARY KEY, first INTEGER, position INTEGER, account TEXT,
        identified INTEGER, changed REAL
    )
"""
LAST_NUMBER: Final = "SELECT coalesce(max(number), 0) FROM origin"
#: A header has the columns of one version of a manifest; the latest version comes first.
HEADERS: Final = "SELECT number, names, fields FROM job.header ORDER BY number DESC"
ADD_HEADER: Final = "INSERT OR IGNORE INTO main.header (names, fields) VALUES (?, ?)"
HEADER_NUMBER: Final = "SELECT number FROM main.header WHERE names = ? AND fields = ?"
#: Adds the rows of one header. `with_manifest` is a function that adds a cell.
ADD_ROWS: Final = f"""
    INSERT INTO main.row (number, cells, header, {_COPIED})
    SELECT :first + number, with_manifest(cells), :header, {_COPIED}
    FROM job.row WHERE header = :number
"""
ADD_ORIGINS: Final = """
    INSERT INTO origin
    SELECT :first + number, :first, position, :account, identity IS NOT NULL,
        coalesce((SELECT max(time) FROM job.event WHERE event.row = row.number), 0)
    FROM job.row
"""
ADD_PICTURES: Final = "INSERT OR IGNORE INTO main.picture SELECT * FROM job.picture"

#: In `origin`, gives rows with the same reference ID the job and the position of the first of them.
#: Rows that are no longer in their manifest, and have no position, come last.
SHARE_PLACES: Final = """
    UPDATE origin SET first = earliest.first, position = earliest.position FROM (
        SELECT number, first_value(first) OVER same AS first,
            first_value(origin.position) OVER same AS position
        FROM origin JOIN main.row USING (number) WHERE identified
        WINDOW same AS (
            PARTITION BY account, reference_id
            ORDER BY origin.position IS NULL, first, origin.position
        )
    ) AS earliest WHERE earliest.number = origin.number
"""


def _leave_out(column: str, condition: str) -> str:
    """Returns SQL that deletes rows with an equal value in a column, except for the best of them.

    The best row is an imported row if there is one, and then the row that changed last.

    Args:
        column: name of the column.
        condition: SQL condition for the rows that are compared.
    """
    return f"""
        DELETE FROM main.row WHERE number IN (
            SELECT number FROM (
                SELECT row.number, row_number() OVER (
                    PARTITION BY account, {column}
                    ORDER BY status = 'imported' DESC, changed DESC, row.number DESC
                ) AS turn
                FROM main.row JOIN origin USING (number) WHERE {condition}
            ) WHERE turn > 1
        )
    """


#: Leave out all rows of a video except for one.
LEAVE_OUT: Final = (
    _leave_out("reference_id", "identified"),
    _leave_out("key", "status = 'imported' AND key <> ''"),
)
#: Executed after that: set identities and positions, and delete headers without rows.
FINISH: Final = (
    # Identities are unique. If rows of two accounts have the same reference ID, only one row gets
    # it.
    """
    UPDATE OR IGNORE main.row SET identity = reference_id
    WHERE number IN (SELECT number FROM origin WHERE identified)
    """,
    # The rows are ordered by job, then by manifest.
    """
    UPDATE main.row SET position = place.turn FROM (
        SELECT row.number,
            row_number() OVER (ORDER BY first, origin.position, row.number) - 1 AS turn
        FROM main.row JOIN origin USING (number) WHERE origin.position IS NOT NULL
    ) AS place WHERE place.number = row.number
    """,
    "DELETE FROM main.header WHERE number NOT IN (SELECT header FROM main.row)",
)
