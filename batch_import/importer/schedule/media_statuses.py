"""The words with which the platform describes the status of a media or of its ingest. No I/O.

The Viostream API guide names `Online`, `Processing` and `Failed`. All words are in lower case here.
Any other word may mean that the media is archived or deleted, or that it is being processed.
"""

from typing import Final

#: Status of a media that can be embedded.
ONLINE_STATUS: Final = "online"
#: Status of a media that the platform could not process.
FAILED_STATUS: Final = "failed"
#: Status of media of users with the role "Creator", which wait for a person to approve them (the
#: vendor's help pages).
IN_REVIEW_STATUS: Final = "pending review"
#: Statuses of media that are not finished: the word of the Viostream API guide, and the words of
#: the vendor's help pages. Without a status in a list, only the ingest shows the status.
UNFINISHED_STATUSES: Final = frozenset({"", "processing", "queued", IN_REVIEW_STATUS})
#: Statuses of media that a row may adopt.
ADOPTABLE_STATUSES: Final = UNFINISHED_STATUSES | {ONLINE_STATUS}
