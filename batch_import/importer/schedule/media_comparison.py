"""Decide what a list proves about a row, by the media with the row's reference ID. No I/O.

A list is a page of the account's media list, or the result of a search for one reference ID. A list
has to show a row if it covers the time of the row's POST. The age of a row is the number of seconds
since its POST. This module must not know which request returned the list.
"""

from collections.abc import Sequence
from dataclasses import replace

from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.media_grouping import MediaByOwner, may_be_of_last_post
from batch_import.importer.schedule.media_statuses import (
    FAILED_STATUS,
    IN_REVIEW_STATUS,
    ONLINE_STATUS,
)
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.ownership import (
    REFERENCE_ID_TAKEN,
    ambiguity_message,
    best_media,
    import_notes,
    reference_id_taken_message,
    seconds_late,
)
from batch_import.importer.schedule.polling import Poll
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Processing,
    Unknown,
    is_confirmed_created,
)
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.status_timing import StatusTiming
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media, Status, StatusUpdate


class MediaComparison:
    """Compares the media in lists with the rows in flight.

    Methods that handle a list return the status updates to store. In all methods, `requested_at` is
    the time when the list was requested, and `now` the current time, both in epoch seconds.

    Attributes:
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
    """

    def __init__(
        self,
        tracker: Tracker,
        settling: Settling,
        timing: StatusTiming,
        processing_times: ProcessingTimes,
        consistency: ListConsistency,
    ) -> None:
        self._tracker = tracker
        self._settling = settling
        self._timing = timing
        self._processing_times = processing_times
        self._consistency = consistency
        self.clock_offset: float | None = None

    def compare(
        self, state: InAccount, media_by_owner: MediaByOwner, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Compare a row with the media in a list that have its reference ID.

        Args:
            state: the state of the row.
            media_by_owner: these media. If there are none, the list had to show the row.
            requested_at: when the list was requested.
            now: current time.
        """
        poll = self._tracker.polling[state.row.row_number]
        poll.placement.misplaced_read_count = 0
        ours = (
            media_by_owner.ours
            if isinstance(state, Unknown)
            else media_by_owner.ours or media_by_owner.undecided
        )
        media = best_media(ours)
        if media is None:
            return self._handle_no_own_media(state, media_by_owner, requested_at, now)
        if media.status == FAILED_STATUS:
            return self._handle_failed_media(state, media, requested_at, now)
        # If the list shows no status, the status of the ingest counts.
        is_online = media.status == ONLINE_STATUS or (
            isinstance(state, Online) and not media.status
        )
        if is_confirmed_created(state):
            # A row whose ingest is online is searched for because a list can show it now. If no
            # list was read for it before, its age does not show for how long lists lack media.
            is_sample = bool(poll.history.hidden_age) or not isinstance(state, Online)
            self._consistency.record_shown(
                state.created.max_age(now),
                hidden_age=poll.history.hidden_age,
                is_first=is_sample and not poll.history.is_listed,
                is_done=is_online,
            )
        if isinstance(state, Unknown):
            self._record_arrival(state, media, now)
        poll.history.is_listed, poll.lookup.scan_page_number = True, 1
        poll.history.is_in_review = media.status == IN_REVIEW_STATUS
        poll.history.is_absent = False
        poll.history.media_status = media.status or poll.history.media_status
        if is_online:
            candidates = (*ours, *media_by_owner.surplus)
            return [self._finish_imported(state, poll, media, candidates, now)]
        self._timing.record_not_done(state, poll, requested_at, now)
        if isinstance(state, Unknown):
            return [self._set_processing(state, media, now)]
        self._record_unfinished(state, poll, media, now)
        return self._timing.end_if_overdue(state, now)

    def _record_arrival(self, state: Unknown, media: Media, now: float) -> None:
        """Learn from the media of an unknown row how late the platform may carry out a POST."""
        if not state.post_count or state.has_conflict or state.is_ingest_shared:
            return  # an earlier run has sent the POST, or its answer was not unclear
        is_of_last_post = may_be_of_last_post(state, media, self.clock_offset)
        if is_of_last_post and state.absence_ages:
            self._consistency.record_hidden(max(state.absence_ages))
        late = seconds_late(media, state.created.latest, self.clock_offset)
        if not is_of_last_post and not late:
            # The media is of an earlier POST, which must have been late: it was proven absent.
            late = seconds_late(media, state.created.first_post_at, self.clock_offset)
            if not late:
                return  # its date is wrong
        # If a media seems to be created after the list, its date is wrong.
        if late is not None and late <= state.created.min_age(now):
            self._consistency.record_arrival(late, state.post_end)

    def _finish_imported(
        self, state: InAccount, poll: Poll, media: Media, candidates: Sequence[Media], now: float
    ) -> StatusUpdate:
        """Finish a row whose media is online; a note names the other candidates."""
        self._processing_times.record(poll.history.not_done_age, state.created.min_age(now))
        was_sent = isinstance(state, Unknown) or state.created.first_post_at < float("inf")
        error, code = import_notes(state.row, media, candidates, was_sent=was_sent)
        return self._tracker.finish(
            state.row, Status.IMPORTED, "online", error=error, code=code, media=media
        )

    def _set_processing(self, state: Unknown, media: Media, now: float) -> StatusUpdate:
        """Set an unknown row to `Processing`, because a list shows its media."""
        self._tracker.replace(Processing(state.row, state.created, now, media_id=media.id))
        message = "found in the account"
        return StatusUpdate(state.row.row_number, Status.PROCESSING, message, media=media)

    def _record_unfinished(
        self, state: Processing | Online, poll: Poll, media: Media, now: float
    ) -> None:
        """Record that a list shows the row's media, which is not online yet."""
        if may_be_of_last_post(state, media, self.clock_offset):
            self._tracker.replace(replace(state, media_id=media.id))
        if not media.status:
            poll.history.late_miss_count += 1  # only a lookup can show the status
        else:
            # With half of the age, the row gets a lookup later than a row that lists do not show.
            # Its lookup is needed only if the status in the list is outdated.
            self._timing.late_rows.count_miss(state, poll, state.created.min_age(now) / 2)

    def _handle_failed_media(
        self, state: InAccount, media: Media, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a failed media, which the row's last POST or an earlier one may have created."""
        if isinstance(state, Unknown):
            return self.handle_absence(state, requested_at, now)
        if isinstance(state, Processing) and state.ingest_id is None:
            if media.id == state.media_id:
                return self._handle_adopted_failed(state, media, now)
            return self.handle_absence(state, requested_at, now)
        if isinstance(state, Processing):
            return self._timing.schedule_lookup(state, now)  # only the ingest shows the reason
        if state.is_confirmed:
            # The ingest of the row is online. Therefore this media is of an earlier POST.
            self._tracker.replace(replace(state, media_id=None))
            return self.handle_absence(replace(state, media_id=None), requested_at, now)
        return [self._finish_failed(state)]

    def _finish_failed(self, state: Processing | Online) -> StatusUpdate:
        """Finish a row whose media has failed. A list does not show the reason."""
        message = "the platform could not process the video"
        code = FailureCode.PROCESSING_FAILED
        return self._tracker.finish(state.row, Status.FAILED, message, error=message, code=code)

    def _handle_adopted_failed(
        self, state: Processing, media: Media, now: float
    ) -> list[StatusUpdate]:
        """Handle the failed media that an earlier list showed for a row without an ingest ID.

        If the row's last POST cannot have created it, the row may have another media, and becomes
        unknown again.
        """
        if may_be_of_last_post(state, media, self.clock_offset):
            return [self._finish_failed(state)]
        message = "an older media with its reference ID has failed; its own media is searched for"
        self._tracker.replace(Unknown(state.row, state.created, now, message, post_count=1))
        self._timing.schedule_next(self._tracker.in_account(state.row.row_number), now)
        code = FailureCode.CONFLICT
        return [
            StatusUpdate(state.row.row_number, Status.UNKNOWN, message, error=message, code=code)
        ]

    def _handle_no_own_media(
        self, state: InAccount, media_by_owner: MediaByOwner, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a list without a media that certainly belongs to the row."""
        if not isinstance(state, Unknown):
            return self.handle_absence(state, requested_at, now)
        if media_by_owner.undecided:
            self._timing.schedule_next(state, now)
            return self._settling.end_if_expired(state, now)
        if media_by_owner.others:
            message = reference_id_taken_message(media_by_owner.others)
            state = replace(state, id_taken_message=message)
            self._tracker.replace(state)
            has_one_post = state.post_count <= 1 and not state.row.claim_count
            if state.has_conflict and has_one_post:
                # The platform refused the only POST of the row because of this other media.
                return [
                    self._tracker.finish(
                        state.row, Status.FAILED, message, error=message, code=REFERENCE_ID_TAKEN
                    )
                ]
        return self.handle_absence(state, requested_at, now)

    def handle_ambiguous_media(
        self, state: Unknown, media: Media, now: float
    ) -> list[StatusUpdate]:
        """Handle a media that belongs to an unknown row, or to another row in flight."""
        state = replace(state, ambiguity_message=ambiguity_message(media))
        self._tracker.replace(state)
        return self.search_longer(state, now)

    def search_longer(self, state: Unknown, now: float) -> list[StatusUpdate]:
        """Handle a list that neither shows an unknown row's media nor proves its absence."""
        self._tracker.polling[state.row.row_number].placement.misplaced_read_count = 0
        self._timing.schedule_next(state, now)
        return self._settling.end_if_expired(state, now)

    def handle_absence(
        self, state: InAccount, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a list that had to show the row's media and shows none, or only failed media."""
        poll = self._tracker.polling[state.row.row_number]
        poll.placement.misplaced_read_count = 0
        age = state.created.min_age(requested_at)
        if isinstance(state, Unknown):
            return self._handle_absence_of_unknown(state, poll, age, now)
        poll.history.is_absent = True
        if is_confirmed_created(state):
            if not poll.history.is_listed:
                self._consistency.record_hidden(age)
                poll.history.unseen_age = max(poll.history.unseen_age, age)
                poll.history.hidden_age = max(poll.history.hidden_age, age)
            elif isinstance(state, Processing):
                # An earlier list showed the media. It may have failed and been removed since.
                poll.history.has_vanished = True
                return self._timing.schedule_lookup(state, now)
            else:
                self._consistency.mark_inconsistent()
        self._timing.late_rows.count_miss(state, poll, age)
        if isinstance(state, Processing):
            self._timing.record_not_done(state, poll, requested_at, now)
        else:
            self._timing.schedule_next(state, now)
        if poll.history.is_listed:
            # A row that no list has shown gets a lookup before it is given up.
            return self._timing.end_if_overdue(state, now)
        return []

    def _handle_absence_of_unknown(
        self, state: Unknown, poll: Poll, age: float, now: float
    ) -> list[StatusUpdate]:
        """Count the absence of an unknown row at an age, and decide about the row if possible."""
        state = replace(state, absence_ages=(*state.absence_ages, age))
        self._tracker.replace(state)
        self._timing.schedule_next(state, now)
        unseen_age = self._timing.max_unseen_age()
        wait = self._settling.seconds_until_last_search(
            state, poll.lookup.last_search_age, unseen_age, now
        )
        if wait is not None:
            poll.lookup.is_needed = True
            self._tracker.polling.schedule(state.row.row_number, now, wait)
            return []
        return self._settling.handle_absence(state, unseen_age, now)
