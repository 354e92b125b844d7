"""Choose the next request, and turn each answer into status updates. No I/O.

engine.py            the class Schedule: chooses a request, passes each answer on
row_states.py        one class per state of a row in flight; tracker.py has all rows in flight
repeat.py            whether a POST may be repeated
admission.py         takes rows in; searches the account before the first POST
create_queue.py      rows that wait for their POST
sending.py           handles the answer to a POST
polling.py           when the status of each row is requested next
selection.py         which status request serves the most rows
list_positions.py    where rows are in the media list, and which period a page of it covers
page_reading.py      handles a page of the media list
lookups.py           handles answers to requests about one row
media_comparison.py  compares the media in a list with the rows
settling.py          decides about rows whose POST got no clear answer
ownership.py         decides whose media it is; adopt_row.py adopts a media for a row
observations.py      statistics of processing times
outage.py  auth_probe.py  give_up_timer.py    a platform that is down, refuses, or never succeeds

Terms of this package:

- In flight: sent to the platform, or about to be sent, and not finished.
- Status request: a request that shows the status of rows in flight. It reads a page of the media
  list, which shows many rows, or it is a lookup.
- Lookup: a status request for one row: its ingest status, or a search for its reference ID.
- Adopt: use an existing media of the account for a row instead of creating one.
- Settle: find out whether a POST without a clear answer created a media.
"""

from batch_import.importer.schedule.engine import FINISHED, Finished, Schedule, Wait

__all__ = ["FINISHED", "Finished", "Schedule", "Wait"]
