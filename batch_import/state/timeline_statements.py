"""The statements about when rows were sent and imported."""

from typing import Final

_IS_MILESTONE: Final = "status IN ('creating', 'imported')"
_IS_FIRST: Final = """
    NOT EXISTS (
        SELECT 1 FROM event AS earlier WHERE earlier.row = event.row
        AND earlier.number < event.number AND earlier.status = event.status
    )
"""
#: When a row was first sent, or imported without being sent: the earliest and the latest time.
FIRST_MILESTONE: Final = f"SELECT time FROM event WHERE {_IS_MILESTONE} ORDER BY number LIMIT 1"
LAST_MILESTONE: Final = f"""
    SELECT time FROM event WHERE {_IS_MILESTONE} AND {_IS_FIRST} ORDER BY number DESC LIMIT 1
"""
#: The first event with at least a number.
EVENT_FROM: Final = "SELECT number, time FROM event WHERE number >= ? ORDER BY number LIMIT 1"
#: How often rows were sent, imported, and made pending again, between two event numbers.
MILESTONES_BETWEEN: Final = """
    SELECT count(*) FILTER (WHERE status = 'creating'), count(*) FILTER (WHERE status = 'imported'),
        count(*) FILTER (WHERE status = 'pending')
    FROM event WHERE number >= ? AND number < ?
"""
REPEATED_MILESTONES: Final = f"""
    SELECT number, status FROM event
    WHERE row IN (SELECT row FROM event WHERE status = 'pending')
    AND {_IS_MILESTONE} AND NOT {_IS_FIRST}
"""
