"""The videos of the stand-in's account: how one comes about, and how lists of them are made.

A listing of the newest hundred must cost the same with a hundred media or a hundred thousand:
media stand in the order of their creation, and only the few whose place in the listing can still
change are looked at one by one. This file must not know of calls and errors, nor any clock,
thread, socket or file.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice
from urllib.parse import urlsplit
from uuid import UUID

from batch_import.sandbox.knobs import Knobs

#: Seconds that each bundled clip plays, in the order of their file names.
CLIP_SECONDS = (3, 4, 6)

#: Without the letters and digits that people mix up: 32 of them, one for five bits.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_FAILURES = (
    "The source is not a video that can be read.",
    "The source could not be downloaded: connection reset by peer.",
    "The video has no picture track.",
)
_NO_HOST = "The source could not be downloaded: host not found."


@dataclass(slots=True)
class SandboxMedia:
    """A video in the account, and the ingest that makes it.

    Attributes:
        number: how many media came before it.
        created: epoch seconds of its POST.
        listed_at: epoch seconds from when a listing may show it.
        online_at: epoch seconds when its processing ends, well or not.
        error: why it fails at `online_at`; empty for one that does not.
        pending_review: whether it ends as Pending Review instead of Online.
        foreign: whether it was not made by a POST: there from the start, or added by others.
        deleted: whether it is gone from the account.
    """

    number: int
    id: str
    key: str
    ingest_id: str
    reference_id: str
    source_url: str
    title: str
    created: float
    listed_at: float
    online_at: float
    error: str = ""
    pending_review: bool = False
    foreign: bool = False
    deleted: bool = False

    @property
    def failed(self) -> bool:
        """Whether it fails once its processing ends."""
        return bool(self.error)

    @property
    def clip(self) -> int:
        """Which bundled clip it plays, from 0."""
        return blake2b(self.key.encode(), digest_size=1).digest()[0] % len(CLIP_SECONDS)

    @property
    def seconds(self) -> int:
        """How long it plays."""
        return CLIP_SECONDS[self.clip]


def make_media(
    knobs: Knobs,
    seed: int,
    number: int,
    now: float,
    *,
    reference_id: str = "",
    source_url: str = "",
    title: str = "",
    foreign: bool = False,
) -> SandboxMedia:
    """Make the media with this number. Its fate depends on nothing but seed and number."""
    dice = blake2b(f"{seed}/media/{number}".encode()).digest()
    online_at = now + _between(knobs.processing, dice[40:44])
    listed_at = now + _between(knobs.list_delay, dice[44:48])
    if knobs.listed_from == "online":
        listed_at = max(listed_at, online_at)
    fails = _share(dice[48:52]) < knobs.failing and not foreign
    error = _FAILURES[dice[56] % len(_FAILURES)] if fails else ""
    if source_url and never_resolves(source_url):
        error = _NO_HOST
    return SandboxMedia(
        number=number,
        id=f"media_{_word(dice[:12])}",
        key=_word(dice[12:24]),
        ingest_id=str(UUID(bytes=dice[24:40], version=4)),
        reference_id=reference_id,
        source_url=source_url,
        title=title,
        created=now,
        listed_at=listed_at,
        online_at=online_at,
        error=error,
        pending_review=_share(dice[52:56]) < knobs.pending_review,
        foreign=foreign,
    )


def never_resolves(url: str) -> bool:
    """Tell whether a URL's host is under `.invalid`, which no DNS has (RFC 2606)."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return f".{host.rstrip('.')}".endswith(".invalid")


def stable_share(seed: int, name: str) -> float:
    """Draw from 0 to 1, the same for the same name."""
    # A referenceId may hold half of a surrogate pair: JSON can write it, UTF-8 can not.
    text = f"{seed}/{name}".encode("utf-8", "surrogatepass")
    return _share(blake2b(text, digest_size=4).digest())


def _share(dice: bytes) -> float:
    return int.from_bytes(dice, "big") / float(256 ** len(dice))


def _between(ends: tuple[float, float], dice: bytes) -> float:
    low, high = ends
    return low + (high - low) * _share(dice)


def _word(dice: bytes) -> str:
    return "".join(_ALPHABET[die % 32] for die in dice)


def status_of(media: SandboxMedia, knobs: Knobs, now: float) -> str:
    """Tell a media's status word at a time, spelled as the guide does."""
    if now >= media.online_at:
        if media.failed:
            return "Failed"
        return "Pending Review" if media.pending_review else "Online"
    passed, whole = now - media.created, media.online_at - media.created
    return "Queued" if knobs.queued and passed < whole / 4 else "Processing"


class Catalogue:
    """All media of the account, in the order of their creation, and the ways to find them.

    Attributes:
        media: all of them, oldest first; deleted ones, too.
    """

    def __init__(self, knobs: Knobs) -> None:
        self.media: list[SandboxMedia] = []
        self._knobs = knobs
        self._by_name: dict[str, SandboxMedia] = {}
        self._by_ingest: dict[str, SandboxMedia] = {}
        self._by_reference: dict[str, list[SandboxMedia]] = {}
        # Oldest first: listed for good; and after these, all that may still come or go.
        self._listed: list[SandboxMedia] = []
        self._moving: deque[SandboxMedia] = deque()

    def add(self, media: SandboxMedia) -> None:
        """Take a media in. It must not be older than the ones before it."""
        self.media.append(media)
        if media.deleted:
            return
        self._moving.append(media)
        self._by_name[media.id] = self._by_name[media.key] = media
        self._by_ingest[media.ingest_id] = media
        if media.reference_id:
            self._by_reference.setdefault(media.reference_id, []).append(media)

    def delete(self, media: SandboxMedia) -> None:
        """Take a media out of every list, and out of what is found by a name."""
        media.deleted = True
        for place in (self._listed, self._moving):
            if media in place:
                place.remove(media)
        del self._by_name[media.id], self._by_name[media.key], self._by_ingest[media.ingest_id]
        if media.reference_id:
            self._by_reference[media.reference_id].remove(media)

    def find(self, name: str) -> SandboxMedia | None:
        """Find a media by its id or its key."""
        return self._by_name.get(name)

    def find_ingest(self, ingest_id: str) -> SandboxMedia | None:
        """Find the media that an ingest makes."""
        return self._by_ingest.get(ingest_id)

    def with_reference(self, reference_id: str) -> list[SandboxMedia]:
        """Give all media with exactly this referenceId, oldest first, listed or not."""
        return self._by_reference.get(reference_id, [])

    def listed(self, media: SandboxMedia, now: float) -> bool:
        """Tell whether listings show a media at a time."""
        if now < media.listed_at:
            return False
        return self._knobs.list_failed or not media.failed or now < media.online_at

    def newest(self, now: float) -> tuple[int, Iterator[SandboxMedia]]:
        """Count the listed media, and give them from the newest to the oldest."""
        self._settle(now)
        moving = [media for media in reversed(self._moving) if self.listed(media, now)]
        total = len(moving) + len(self._listed)
        return total, chain(moving, reversed(self._listed))

    def newest_from(self, start: int, now: float) -> tuple[int, Iterator[SandboxMedia]]:
        """Do as `newest`, but skip the first `start` without walking past them."""
        total, moving_first = self.newest(now)
        moving = total - len(self._listed)
        if start < moving:
            return total, islice(moving_first, start, None)
        end = max(0, total - start)
        return total, (self._listed[place] for place in range(end - 1, -1, -1))

    def matching(self, reference: str, term: str, now: float) -> Iterable[SandboxMedia]:
        """Give the listed media that fit a referenceId and a search term, newest first."""
        exact = self._knobs.reference_filter == "exact"
        if reference and exact:
            found: Iterable[SandboxMedia] = (
                media
                for media in reversed(self.with_reference(reference))
                if self.listed(media, now)
            )
        else:
            found = self.newest(now)[1]
        if reference and self._knobs.reference_filter == "contains":
            found = (media for media in found if reference in media.reference_id)
        if term:
            word = term.casefold()
            found = (m for m in found if word in f"{m.title}\n{m.reference_id}".casefold())
        return found

    def _settle(self, now: float) -> None:
        """Put away the media whose place in the listing cannot change any more."""
        while self._moving and now >= max(self._moving[0].listed_at, self._moving[0].online_at):
            media = self._moving.popleft()
            if self.listed(media, now):
                self._listed.append(media)
