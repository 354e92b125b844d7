"""Choose the next request, and turn each answer into status updates. No I/O.

engine.py            the class Schedule: chooses a request, passes each answer on
row_states.py        one class per state of a row in flight; tracker.py has all rows in flight
repeat.py            whether a POST may be repeated
admission.py         takes rows in; searches the account before the first POST
adopt_row.py         adopts an existing media for a row; ownership.py decides whose media it is
create_queue.py      rows that wait for their POST
sending.py           handles the answer to a POST
polling.py           which rows are due for a status request
selection.py         which status request serves the most rows
list_positions.py    where rows are in the media list, and which period a page of it covers
page_reading.py      handles a page of the media list
lookups.py           handles answers to requests about one row
row_search.py        one search for a row's reference ID, which may have several pages
media_grouping.py    groups the media with a row's reference ID by owner
media_comparison.py  decides what the media in a list prove about a row
status_timing.py     when a row's status is requested next, and when the run stops waiting for it
late_rows.py         decides which late rows get a request of their own
settling.py          decides about rows whose POST got no clear answer
observations.py      statistics of processing times
remaining.py         estimates the remaining duration of the run
availability.py      whether requests may be sent at all
outage.py            stops sending while the platform is down
auth_probe.py        finds out whether a 403 is about the credentials
give_up_timer.py     ends the run if nothing succeeds for too long

Terms of this package:

- Answer: the result of a request: the parsed response, or the error if the request failed.
- In flight: sent to the platform, or about to be sent, and not finished.
- In the account: the media of the row exists in the account, or may exist there.
- Unknown: the POST of the row got no clear answer; therefore its media may exist.
- Settle: find out whether a POST without a clear answer created a media.
- Status request: a request that shows the status of rows in flight. It reads a page of the media
  list, which shows many rows, or it is a lookup.
- Lookup: a status request for one row: its ingest status, or a search for its reference ID.
- Adopt: use an existing media of the account for a row instead of creating one.
- Absence: a list that covers the time of a row's POST does not show its media.
- Held: a row that a previous run, on another machine, may still send.
"""

from batch_import.importer.schedule.engine import FINISHED, Finished, Schedule, Wait

__all__ = ["FINISHED", "Finished", "Schedule", "Wait"]
