"""The SQL statements about when rows were sent and imported.

An event is a status change of a row. A milestone is the event that a row was sent or imported.
"""

from typing import Final

_IS_MILESTONE: Final = "status IN ('creating', 'imported')"
#: Condition for events: the row did not have this status before.
_IS_FIRST: Final = """
    NOT EXISTS (
        SELECT 1 FROM event AS earlier WHERE earlier.row = event.row
        AND earlier.number < event.number AND earlier.status = event.status
    )
"""
#: The times of the first and of the last milestone; repeated milestones of a row do not count.
FIRST_MILESTONE: Final = f"SELECT time FROM event WHERE {_IS_MILESTONE} ORDER BY number LIMIT 1"
LAST_MILESTONE: Final = f"""
    SELECT time FROM event WHERE {_IS_MILESTONE} AND {_IS_FIRST} ORDER BY number DESC LIMIT 1
"""
#: The first event whose number is not lower than the parameter.
EVENT_FROM: Final = "SELECT number, time FROM event WHERE number >= ? ORDER BY number LIMIT 1"
#: How often rows were sent, imported, and made pending again. Parameters: the first event number,
#: and the number after the last.
MILESTONES_BETWEEN: Final = """
    SELECT count(*) FILTER (WHERE status = 'creating'), count(*) FILTER (WHERE status = 'imported'),
        count(*) FILTER (WHERE status = 'pending')
    FROM event WHERE number >= ? AND number < ?
"""
#: The milestones of rows that had the same milestone before.
REPEATED_MILESTONES: Final = f"""
    SELECT number, status FROM event
    WHERE row IN (SELECT row FROM event WHERE status = 'pending')
    AND {_IS_MILESTONE} AND NOT {_IS_FIRST}
"""
