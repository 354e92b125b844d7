"""What it means for a row that a list shows media with its reference ID, or none. Pure.

This file must not know which call brought the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.flights import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.observations import LATE, ProcessingTimes
from batch_import.importer.schedule.ownership import (
    LATE_ARRIVAL,
    REFERENCE_ID_TAKEN,
    Owner,
    best_of,
    may_be_created_between,
    notes_of,
    owner_of,
    reference_id_taken,
)
from batch_import.importer.schedule.polling import TRIES, Poll
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media, Status, StatusUpdate

#: Media of users in the role "Creator" wait for somebody (the vendor's help pages).
IN_REVIEW: Final = "pending review"


@dataclass(frozen=True, slots=True)
class Shown:
    """The media with one row's reference ID in a list, by whose they are."""

    ours: tuple[Media, ...]
    undecided: tuple[Media, ...]
    others: tuple[Media, ...]


class Showing:
    """Compares what lists show with what rows are waiting for.

    Attributes:
        clock_offset: seconds that the platform's clock is ahead; None while that is not known.
        filter_works: searches for a reference ID bring that row's media, and no others'.
        blind: a media that is there was given up on before any list showed it.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        settling: Settling,
        times: ProcessingTimes,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._settling = settling
        self._times = times
        self._consistency = consistency
        self._scouted_at = settings.poll_interval
        self.clock_offset: float | None = None
        self.filter_works = True
        self.blind = False

    def whose(self, row: InAccount, items: Sequence[Media]) -> Shown:
        """Sort the media with a row's reference ID by whose they are."""
        if not isinstance(row, Unknown) and row.media_id is not None:
            known = tuple(media for media in items if media.id == row.media_id)
            if known:
                return Shown(known, (), tuple(m for m in items if m.id != row.media_id))
        found: dict[Owner, list[Media]] = {owner: [] for owner in Owner}
        created = row.created
        given_up = _latest(row) + (LATE_ARRIVAL if isinstance(row, Unknown) else 0.0)
        for media in items:
            owner = owner_of(media, row.row, created.intent, given_up, self.clock_offset)
            if media.status != "failed" or self._is_of_this_post(row, media):
                found[owner].append(media)  # else it is of an earlier POST, and tells nothing
        ours = found[Owner.OURS]
        of_this_post = [
            media
            for media in ours
            # Nobody knows whether a failed media is of the POST without a clear answer.
            if self._is_of_this_post(row, media)
            and not (isinstance(row, Unknown) and media.status == "failed")
        ]
        return Shown(
            tuple(of_this_post or ours),
            tuple(found[Owner.UNDECIDED]),
            tuple(found[Owner.OTHERS]),
        )

    def _is_of_this_post(self, row: InAccount, media: Media) -> bool:
        """Whether a media may be what the row's last POST made, by its date."""
        earliest, latest = row.created.earliest, _latest(row)
        return may_be_created_between(media, earliest, latest, self.clock_offset)

    def compared(self, row: InAccount, found: Shown, left: float, now: float) -> list[StatusUpdate]:
        """A list shows media with a row's reference ID, or would if there were any of its own."""
        poll = self._tracker.polling[row.row.number]
        poll.misplaced_reads = 0
        ours = found.ours if isinstance(row, Unknown) else found.ours or found.undecided
        media = best_of(ours)
        if media is None:
            return self._not_ours(row, found, left, now)
        if media.status == "failed":
            return self._failed_media(row, media, left, now)
        online = media.status == "online" or (isinstance(row, Online) and not media.status)
        if is_there(row):
            age = row.created.greatest_age(now)
            self._consistency.seen(age, hidden=poll.hidden_at, first=not poll.seen, done=online)
        poll.seen, poll.page = True, 1
        poll.in_review = media.status == IN_REVIEW
        if online:
            return [self._imported(row, poll, media, ours, now)]
        self.not_done(row, poll, left, now)
        return self._found_unfinished(row, media, now) or self.given_up(row, now)

    def _imported(
        self, row: InAccount, poll: Poll, media: Media, ours: Sequence[Media], now: float
    ) -> StatusUpdate:
        self._times.observe(poll.not_done_at, row.created.age(now))
        never_sent = row.created.intent == float("inf") and not isinstance(row, Unknown)
        error, code = notes_of(row.row, media, ours, overridden=never_sent)
        return self._tracker.finish(
            row.row, Status.IMPORTED, "online", error=error, code=code, media=media
        )

    def _found_unfinished(self, row: InAccount, media: Media, now: float) -> list[StatusUpdate]:
        if isinstance(row, Unknown):
            found = Processing(row.row, row.created, now, media_id=media.id)
            self._tracker.replace(found)
            words = "found in the account"
            return [StatusUpdate(row.row.number, Status.PROCESSING, words, media=media)]
        if self._is_of_this_post(row, media):
            self._tracker.replace(replace(row, media_id=media.id))  # else it is an earlier one
        age, poll = row.created.age(now), self._tracker.polling[row.row.number]
        if not media.status:
            poll.late_misses += 1
        else:
            self.count_late(row, poll, age / 2)  # the list may be stale
        return []

    def _failed_media(
        self, row: InAccount, media: Media, left: float, now: float
    ) -> list[StatusUpdate]:
        """It may be this row's, or one of an earlier POST."""
        if isinstance(row, Unknown):
            return self.missing(row, left, now)
        if isinstance(row, Processing) and row.ingest_id is None:
            if media.id == row.media_id:
                return self._found_one_failed(row, media, now)
            return self.missing(row, left, now)
        if isinstance(row, Processing):
            return self._check_status(row, now)  # only the ingest tells why
        if row.confirmed:  # its own has not failed: this is one of an earlier POST
            self._tracker.replace(replace(row, media_id=None))
            return self.missing(replace(row, media_id=None), left, now)
        words = "the platform could not process the video"
        code = FailureCode.PROCESSING_FAILED
        return [self._tracker.finish(row.row, Status.FAILED, words, error=words, code=code)]

    def _found_one_failed(self, row: Processing, media: Media, now: float) -> list[StatusUpdate]:
        """The media that a row was found to be has failed; its POST may have made another."""
        words = "the platform could not process the video"
        if self._is_of_this_post(row, media):
            code = FailureCode.PROCESSING_FAILED
            return [self._tracker.finish(row.row, Status.FAILED, words, error=words, code=code)]
        words = "an older media with its reference ID has failed; its own is looked for"
        self._tracker.replace(Unknown(row.row, row.created, now, words, sends=1))
        self.look_again(self._tracker.in_account_at(row.row.number), now)
        code = FailureCode.CONFLICT
        return [StatusUpdate(row.row.number, Status.UNKNOWN, words, error=words, code=code)]

    def _not_ours(
        self, row: InAccount, found: Shown, left: float, now: float
    ) -> list[StatusUpdate]:
        """A list shows none that is evidently the row's own."""
        if not isinstance(row, Unknown):
            return self.missing(row, left, now)
        if found.undecided:
            self.look_again(row, now)
            return self._settling.expired(row, now)
        if found.others:
            row = replace(row, id_taken=reference_id_taken(found.others))
            self._tracker.replace(row)
            if row.conflict and row.sends <= 1 and not row.row.claims:
                words = row.id_taken
                return [
                    self._tracker.finish(
                        row.row, Status.FAILED, words, error=words, code=REFERENCE_ID_TAKEN
                    )
                ]
        return self.missing(row, left, now)

    def missing(self, row: InAccount, left: float, now: float) -> list[StatusUpdate]:
        """A list that must show a row's media, if there is one, shows none that is not failed."""
        poll = self._tracker.polling[row.row.number]
        poll.misplaced_reads = 0
        age = row.created.age(left)
        if isinstance(row, Unknown):
            row = replace(row, absences=(*row.absences, age))
            self._tracker.replace(row)
            self.look_again(row, now)
            if not row.searched and self._settling.decides(row, self.unseen(), now):
                poll.needs_lookup = True  # once by itself, before anything is decided
                self._tracker.polling.again(row.row.number, now)
                return []
            return self._settling.absent(row, self.unseen(), now)
        if is_there(row):
            if not poll.seen:
                self._consistency.hidden(age)
                poll.unseen_at = max(poll.unseen_at, age)
                poll.hidden_at = max(poll.hidden_at, age)
            elif isinstance(row, Processing):
                poll.vanished = True
                return self._check_status(row, now)  # it has failed since, perhaps
            else:
                self._consistency.mark_inconsistent()
        if isinstance(row, Processing):
            self.count_late(row, poll, age)
            self.not_done(row, poll, left, now)
        else:
            self.look_again(row, now)
        # A row that no list has shown is asked for by itself before it is given up on.
        return self.given_up(row, now) if poll.seen else []

    # When a row is looked at next, and by what -----------------------------------------------

    def not_done(self, row: InAccount, poll: Poll, left: float, now: float) -> None:
        """A look says that a row is not done."""
        poll.not_done_at = max(poll.not_done_at, row.created.age(left))
        self.look_again(row, now)

    def look_again(self, row: InAccount, now: float) -> None:
        """Look at a row again when it is due."""
        polling = self._tracker.polling
        if isinstance(row, Unknown):
            wait = self._settling.next_look(row, self.unseen(), now)
        else:
            poll = polling[row.row.number]
            # A row that is known to be online waits for the list alone: it is no news.
            age = row.created.age(now) * (LATE if isinstance(row, Online) else 1)
            wait = polling.pause(age, in_review=poll.in_review)
            if poll.late_misses >= TRIES:
                poll.needs_lookup, wait = True, 0.0
            left = row.since + self._settings.max_wait - now
            wait = min(wait, left) if left > 0 else wait
        polling.again(row.row.number, now, wait)

    def _check_status(self, row: Processing, now: float) -> list[StatusUpdate]:
        """Have a row's ingest asked for now; without one, its media is looked for in time."""
        if row.ingest_id is None:
            self.look_again(row, now)
            return self.given_up(row, now)
        self._tracker.polling[row.row.number].needs_lookup = True
        self._tracker.polling.again(row.row.number, now)
        return []

    def count_late(self, row: InAccount, poll: Poll, age: float, *, lost: bool = False) -> None:
        """A look that should show a row as done does not: perhaps its ingest must be asked for.

        Args:
            lost: no page has shown it for long.
        """
        if not isinstance(row, Processing):
            return
        if (lost or self._is_late(age)) and age >= LATE * poll.checked_at:
            poll.late_misses += TRIES if lost else 1
        elif not poll.seen and self._may_scout(age):
            poll.late_misses = TRIES

    def needs_lookup(self, row: InAccount, poll: Poll, now: float) -> bool:
        """Whether a row is still to be asked for by itself: others may have shown that it is not.

        Rows become late together; once most of them turn out to be processing, the others are not
        asked for.
        """
        late = self._times.late_from()
        listed = not (poll.vanished or poll.misplaced_reads)
        if poll.late_misses and listed and late and row.created.age(now) < late:
            poll.needs_lookup, poll.late_misses = False, 0
        return poll.needs_lookup

    def _is_late(self, age: float) -> bool:
        late = self._times.late_from()
        return late is not None and age >= late

    def _may_scout(self, age: float) -> bool:
        """While nobody knows whether lists show anything, one row is asked for, for all."""
        if self._times.late_from() is not None or age < LATE * self._scouted_at:
            return False
        self._scouted_at = age
        return True

    def may_search(self, row: InAccount, now: float) -> bool:
        """Whether a row that pages tell nothing of is worth a look by itself again."""
        poll = self._tracker.polling[row.row.number]
        return isinstance(row, Unknown) or row.created.age(now) >= LATE * poll.searched_at

    # Waiting comes to an end ------------------------------------------------------------------

    def is_final(self, row: InAccount, now: float) -> bool:
        """Whether this run waits for a row no longer than one more look."""
        return not isinstance(row, Unknown) and now >= row.since + self._settings.max_wait

    def given_up(self, row: InAccount, now: float) -> list[StatusUpdate]:
        """Waiting is not failing: the next run goes on with a row that takes too long."""
        current = self._tracker.get(row.row)
        if isinstance(current, Processing | Online) and self.is_final(current, now):
            self.lose_sight(current)
            self._tracker.drop(row.row, listed=True)
        return []

    def lose_sight(self, row: InAccount) -> None:
        """A row is not looked at any more."""
        poll = self._tracker.polling[row.row.number]
        # How long lists hide a media is not known where one is no longer watched.
        self.blind = self.blind or (is_there(row) and not poll.seen)

    def unseen(self) -> float:
        """The greatest age at which a media that no list has shown yet was looked for in vain."""
        if self.blind:
            return float("inf")
        polling = self._tracker.polling
        polls = (polling[row.row.number] for row in self._tracker.in_account() if is_there(row))
        return max((poll.unseen_at for poll in polls if not poll.seen), default=0.0)


def is_there(row: InAccount) -> bool:
    """Whether the platform has said that it has the row's video."""
    return isinstance(row, Online) or (isinstance(row, Processing) and row.ingest_id is not None)


def _latest(row: InAccount) -> float:
    """When a row's media was created, at the latest; infinity while it still may be."""
    is_held = isinstance(row, Unknown) and row.held
    return float("inf") if is_held else row.created.latest
