"""Which call comes next, and what an answer means: one file per decision. Pure.

engine.py       which call comes next, and who hears its answer
flights.py      rows in flight, one value per state; tracker.py all of them
repeat.py       may this POST be repeated?
creation.py     rows that wait to be created, and how many looks may come between
polling.py      when each row is looked at next
selection.py    which look serves the most rows that are due
listing.py      where rows stand in the account's list, and what a page of it proves
lookups.py      what looks mean for rows
settling.py     what becomes of rows whose POST got no clear answer
ownership.py    whose a media is; adopting.py what is there before the first POST
observations.py how long rows take
outage.py  auth.py  giving_up.py    a platform that is down, refuses, or is of no use
"""

from batch_import.importer.schedule.engine import FINISHED, Finished, Schedule, Wait

__all__ = ["FINISHED", "Finished", "Schedule", "Wait"]
