"""Decide what a list proves about a row, by the media with the row's reference ID. No I/O.

A list is a page of the account's media list, or the result of a search for one reference ID. A list
has to show a row if it covers the time of the row's POST. The age of a row is the number of seconds
since its POST. This module must not know which request returned the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.late_rows import LateRows
from batch_import.importer.schedule.observations import LATE_FACTOR, ProcessingTimes
from batch_import.importer.schedule.ownership import (
    LATE_ARRIVAL_SECONDS,
    REFERENCE_ID_TAKEN,
    Owner,
    best_media,
    import_notes,
    may_be_created_between,
    owner_of,
    reference_id_taken_message,
)
from batch_import.importer.schedule.polling import MISSES_BEFORE_LOOKUP, Poll
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media, Status, StatusUpdate

#: Status of media of users with the role "Creator", which wait for a person to approve them (the
#: vendor's help pages).
IN_REVIEW_STATUS: Final = "pending review"


@dataclass(frozen=True, slots=True)
class MediaByOwner:
    """The media with one row's reference ID in a list, grouped by their owner.

    Attributes:
        ours: media that belong to the row.
        undecided: media that belong to the row or to other users.
        others: media of other users.
    """

    ours: tuple[Media, ...]
    undecided: tuple[Media, ...]
    others: tuple[Media, ...]


class MediaComparison:
    """Compares the media in lists with the rows in flight.

    Methods that handle a list return the status updates to store. In all methods, `requested_at` is
    the time when the list was requested, and `now` the current time, both in epoch seconds.

    Attributes:
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
        filter_works: whether a search for a reference ID returns only media with this ID.
        late_rows: decides whether late rows need a lookup: a request for their status only.
        has_unlisted_media: whether the run stopped waiting for a media that exists and that no list
            has shown.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        settling: Settling,
        processing_times: ProcessingTimes,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._settling = settling
        self._processing_times = processing_times
        self._consistency = consistency
        self.late_rows = LateRows(processing_times, settings.poll_interval)
        self.clock_offset: float | None = None
        self.filter_works = True
        self.has_unlisted_media = False

    def group_by_owner(self, state: InAccount, items: Sequence[Media]) -> MediaByOwner:
        """Group the media with a row's reference ID by their owner.

        Failed media that only an earlier POST of the row can have created are left out.
        """
        if not isinstance(state, Unknown) and state.media_id is not None:
            known_media = tuple(media for media in items if media.id == state.media_id)
            if known_media:
                other_media = tuple(media for media in items if media.id != state.media_id)
                return MediaByOwner(ours=known_media, undecided=(), others=other_media)
        groups: dict[Owner, list[Media]] = {owner: [] for owner in Owner}
        created = state.created
        latest = _latest_creation(state)
        if isinstance(state, Unknown):
            # The POST got no clear answer, and may have arrived late: the tolerance counts twice.
            latest += LATE_ARRIVAL_SECONDS
        for media in items:
            owner = owner_of(media, state.row, created.first_post_at, latest, self.clock_offset)
            if media.status != "failed" or self._is_of_last_post(state, media):
                groups[owner].append(media)
        ours = groups[Owner.OURS]
        of_last_post = [
            media
            for media in ours
            # The last POST of an unknown row possibly created no media. Then a failed media is of
            # an earlier POST.
            if self._is_of_last_post(state, media)
            and not (isinstance(state, Unknown) and media.status == "failed")
        ]
        return MediaByOwner(
            ours=tuple(of_last_post or ours),
            undecided=tuple(groups[Owner.UNDECIDED]),
            others=tuple(groups[Owner.OTHERS]),
        )

    def _is_of_last_post(self, state: InAccount, media: Media) -> bool:
        """Whether the row's last POST may have created a media, judging by its creation time."""
        earliest, latest = state.created.earliest, _latest_creation(state)
        return may_be_created_between(media, earliest, latest, self.clock_offset)

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
        poll.misplaced_read_count = 0
        ours = (
            media_by_owner.ours
            if isinstance(state, Unknown)
            else media_by_owner.ours or media_by_owner.undecided
        )
        media = best_media(ours)
        if media is None:
            return self._handle_no_own_media(state, media_by_owner, requested_at, now)
        if media.status == "failed":
            return self._handle_failed_media(state, media, requested_at, now)
        # If the list shows no status, the status of the ingest counts.
        is_online = media.status == "online" or (isinstance(state, Online) and not media.status)
        if is_confirmed_created(state):
            age = state.created.max_age(now)
            self._consistency.record_shown(
                age, hidden_age=poll.hidden_age, is_first=not poll.is_listed, is_done=is_online
            )
        poll.is_listed, poll.scan_page_number = True, 1
        poll.is_in_review = media.status == IN_REVIEW_STATUS
        if is_online:
            return [self._finish_imported(state, poll, media, ours, now)]
        self.record_not_done(state, poll, requested_at, now)
        changes = self._record_unfinished(state, media, now)
        return changes or self.end_if_overdue(state, now)

    def _finish_imported(
        self, state: InAccount, poll: Poll, media: Media, ours: Sequence[Media], now: float
    ) -> StatusUpdate:
        """Finish a row whose media is online."""
        self._processing_times.record(poll.not_done_age, state.created.min_age(now))
        was_sent = isinstance(state, Unknown) or state.created.first_post_at < float("inf")
        error, code = import_notes(state.row, media, ours, was_sent=was_sent)
        return self._tracker.finish(
            state.row, Status.IMPORTED, "online", error=error, code=code, media=media
        )

    def _record_unfinished(self, state: InAccount, media: Media, now: float) -> list[StatusUpdate]:
        """Record that a list shows the row's media, which is not online yet."""
        if isinstance(state, Unknown):
            processing = Processing(state.row, state.created, now, media_id=media.id)
            self._tracker.replace(processing)
            message = "found in the account"
            return [StatusUpdate(state.row.row_number, Status.PROCESSING, message, media=media)]
        if self._is_of_last_post(state, media):
            self._tracker.replace(replace(state, media_id=media.id))
        age, poll = state.created.min_age(now), self._tracker.polling[state.row.row_number]
        if not media.status:
            poll.late_miss_count += 1  # only a lookup can show the status
        else:
            # With half of the age, the row gets a lookup later than a row that lists do not show.
            # Its lookup is needed only if the status in the list is outdated.
            self.late_rows.count_miss(state, poll, age / 2)
        return []

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
            return self._request_status(state, now)  # only the ingest has the reason
        if state.is_confirmed:
            # The ingest of the row is online. Therefore this media is of an earlier POST.
            self._tracker.replace(replace(state, media_id=None))
            return self.handle_absence(replace(state, media_id=None), requested_at, now)
        message = "the platform could not process the video"
        code = FailureCode.PROCESSING_FAILED
        return [self._tracker.finish(state.row, Status.FAILED, message, error=message, code=code)]

    def _handle_adopted_failed(
        self, state: Processing, media: Media, now: float
    ) -> list[StatusUpdate]:
        """Handle a failed media that was found for a row by a list.

        If the row's last POST cannot have created it, the row may have another media, and becomes
        unknown again.
        """
        message = "the platform could not process the video"
        if self._is_of_last_post(state, media):
            code = FailureCode.PROCESSING_FAILED
            return [
                self._tracker.finish(state.row, Status.FAILED, message, error=message, code=code)
            ]
        message = "an older media with its reference ID has failed; its own media is searched for"
        self._tracker.replace(Unknown(state.row, state.created, now, message, post_count=1))
        self.schedule_check(self._tracker.in_account(state.row.row_number), now)
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
            self.schedule_check(state, now)
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

    def handle_absence(
        self, state: InAccount, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a list that had to show the row's media and shows none, or only failed media."""
        poll = self._tracker.polling[state.row.row_number]
        poll.misplaced_read_count = 0
        age = state.created.min_age(requested_at)
        if isinstance(state, Unknown):
            state = replace(state, absence_ages=(*state.absence_ages, age))
            self._tracker.replace(state)
            self.schedule_check(state, now)
            if not state.is_searched and self._settling.is_about_to_decide(
                state, self.max_unseen_age(), now
            ):
                # Before the decision, the account is searched for the row's reference ID.
                poll.needs_lookup = True
                self._tracker.polling.schedule(state.row.row_number, now)
                return []
            return self._settling.handle_absence(state, self.max_unseen_age(), now)
        if is_confirmed_created(state):
            if not poll.is_listed:
                self._consistency.record_hidden(age)
                poll.unseen_age = max(poll.unseen_age, age)
                poll.hidden_age = max(poll.hidden_age, age)
            elif isinstance(state, Processing):
                # An earlier list showed the media. It may have failed and been removed since.
                poll.has_vanished = True
                return self._request_status(state, now)
            else:
                self._consistency.mark_inconsistent()
        if isinstance(state, Processing):
            self.late_rows.count_miss(state, poll, age)
            self.record_not_done(state, poll, requested_at, now)
        else:
            self.schedule_check(state, now)
        # A row that no list has shown gets a lookup before it is given up.
        return self.end_if_overdue(state, now) if poll.is_listed else []

    # When the status of a row is requested next, and how -------------------------------------

    def record_not_done(
        self, state: InAccount, poll: Poll, requested_at: float, now: float
    ) -> None:
        """Record that a status request shows the row not online."""
        poll.not_done_age = max(poll.not_done_age, state.created.min_age(requested_at))
        self.schedule_check(state, now)

    def schedule_check(self, state: InAccount, now: float) -> None:
        """Schedule the next status request for a row."""
        polling = self._tracker.polling
        if isinstance(state, Unknown):
            wait = self._settling.seconds_until_search(state, self.max_unseen_age(), now)
        else:
            poll = polling[state.row.row_number]
            # An online row is checked less often, because it only waits until a list shows it.
            age = state.created.min_age(now) * (LATE_FACTOR if isinstance(state, Online) else 1)
            wait = polling.interval_for(age, is_in_review=poll.is_in_review)
            if poll.late_miss_count >= MISSES_BEFORE_LOOKUP:
                poll.needs_lookup, wait = True, 0.0
            seconds_left = state.wait_started_at + self._settings.max_wait - now
            if seconds_left > 0:
                wait = min(wait, seconds_left)
        polling.schedule(state.row.row_number, now, wait)

    def _request_status(self, state: Processing, now: float) -> list[StatusUpdate]:
        """Request the status of a row's ingest now. Without an ingest ID, wait for another list."""
        if state.ingest_id is None:
            self.schedule_check(state, now)
            return self.end_if_overdue(state, now)
        self._tracker.polling[state.row.row_number].needs_lookup = True
        self._tracker.polling.schedule(state.row.row_number, now)
        return []

    # Give up rows -----------------------------------------------------------------------------

    def is_overdue(self, state: InAccount, now: float) -> bool:
        """Whether the run has waited for a row for at least the setting `max_wait`."""
        return (
            not isinstance(state, Unknown)
            and now >= state.wait_started_at + self._settings.max_wait
        )

    def end_if_overdue(self, state: InAccount, now: float) -> list[StatusUpdate]:
        """Stop waiting for a row that takes too long; the next run continues with it.

        The row has not failed. Therefore the result is always an empty list.
        """
        current = self._tracker.of_row(state.row)
        if isinstance(current, Processing | Online) and self.is_overdue(current, now):
            self.stop_watching(current)
            self._tracker.drop(state.row, is_listed=True)
        return []

    def stop_watching(self, state: InAccount) -> None:
        """Record that the run stops waiting for a row. Must be called before the row is removed."""
        poll = self._tracker.polling[state.row.row_number]
        self.has_unlisted_media = self.has_unlisted_media or (
            is_confirmed_created(state) and not poll.is_listed
        )

    def max_unseen_age(self) -> float:
        """Returns the greatest age at which lists lacked a media that exists.

        Only media that no list has shown yet count; 0 if there are none. Infinity if the run
        stopped waiting for such a media, because then it is not known how long lists lack it.
        """
        if self.has_unlisted_media:
            return float("inf")
        polling = self._tracker.polling
        polls = (
            polling[state.row.row_number]
            for state in self._tracker.all_in_account()
            if is_confirmed_created(state)
        )
        return max((poll.unseen_age for poll in polls if not poll.is_listed), default=0.0)


def is_confirmed_created(state: InAccount) -> bool:
    """Whether the platform has confirmed that it created the row's media."""
    return isinstance(state, Online) or (
        isinstance(state, Processing) and state.ingest_id is not None
    )


def _latest_creation(state: InAccount) -> float:
    """Returns the epoch seconds until which a row's media may have been created.

    Infinity if another machine may still send its POST.
    """
    is_held = isinstance(state, Unknown) and state.is_held
    return float("inf") if is_held else state.created.latest
