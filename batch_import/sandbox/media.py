"""The media of the sandbox's account: how media are created, and which media a list shows.

Listing the newest 100 media must take the same time in an account with 100 media and in one with
100,000. Therefore media are stored in the order of their creation, and only the media whose place
in lists can still change are checked one by one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice
from urllib.parse import urlsplit
from uuid import UUID

from batch_import.sandbox.knobs import Knobs

#: Duration in seconds of each bundled clip, in the order of the file names.
CLIP_SECONDS = (3, 4, 6)

#: Characters of media keys. There are 32, so that a random byte selects each with the same
#: probability. Letters and digits that are easily confused are not included.
_KEY_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
#: Messages of failed ingests; one of them is chosen at random.
_FAILURE_MESSAGES = (
    "The source is not a video that can be read.",
    "The source could not be downloaded: connection reset by peer.",
    "The video has no picture track.",
)
_NO_HOST_MESSAGE = "The source could not be downloaded: host not found."


@dataclass(slots=True)
class SandboxMedia:
    """A media in the account, and its ingest: the task that downloads and processes the video.

    Attributes:
        number: index of the media in the order of creation, from 0.
        key: media key: the public ID that embed codes contain.
        created: epoch seconds of the POST.
        listed_at: epoch seconds from which lists can show it.
        online_at: epoch seconds when its processing ends, with success or not.
        error: why the processing fails at `online_at`; empty if it does not fail.
        pending_review: whether its final status is Pending Review instead of Online.
        foreign: whether it was in the account at the start, or was added by other users.
        deleted: whether it was deleted from the account.
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
        """Whether its processing has failed, or will fail at `online_at`."""
        return bool(self.error)

    @property
    def clip(self) -> int:
        """Index of the bundled clip that its player shows, from 0."""
        return blake2b(self.key.encode(), digest_size=1).digest()[0] % len(CLIP_SECONDS)

    @property
    def seconds(self) -> int:
        """Duration of its clip in seconds."""
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
    """Returns a new media, which is created now. Its random values depend only on seed and number.

    Args:
        knobs: how the media is processed and listed.
        seed: seed of the random numbers.
        number: index of the media in the order of creation, from 0.
        now: epoch seconds.
        reference_id, source_url, title: fields of the POST.
        foreign: whether another user adds the media.
    """
    # Each random value uses its own bytes of one hash.
    random_bytes = blake2b(f"{seed}/media/{number}".encode()).digest()
    online_at = now + _uniform(knobs.processing, random_bytes[40:44])
    listed_at = now + _uniform(knobs.list_delay, random_bytes[44:48])
    if knobs.listed_from == "online":
        listed_at = max(listed_at, online_at)
    is_failing = _fraction(random_bytes[48:52]) < knobs.failing and not foreign
    error = _FAILURE_MESSAGES[random_bytes[56] % len(_FAILURE_MESSAGES)] if is_failing else ""
    if source_url and never_resolves(source_url):
        error = _NO_HOST_MESSAGE
    return SandboxMedia(
        number=number,
        id=f"media_{_key_text(random_bytes[:12])}",
        key=_key_text(random_bytes[12:24]),
        ingest_id=str(UUID(bytes=random_bytes[24:40], version=4)),
        reference_id=reference_id,
        source_url=source_url,
        title=title,
        created=now,
        listed_at=listed_at,
        online_at=online_at,
        error=error,
        pending_review=_fraction(random_bytes[52:56]) < knobs.pending_review,
        foreign=foreign,
    )


def never_resolves(url: str) -> bool:
    """Whether the host of a URL is below `.invalid`, a domain that never exists (RFC 2606)."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return f".{host.rstrip('.')}".endswith(".invalid")


def hash_fraction(seed: int, name: str) -> float:
    """Returns a pseudo-random number from 0 to 1, always the same for the same seed and name."""
    # A referenceId may contain half of a surrogate pair: JSON can contain it, UTF-8 cannot.
    text = f"{seed}/{name}".encode("utf-8", "surrogatepass")
    return _fraction(blake2b(text, digest_size=4).digest())


def _fraction(random_bytes: bytes) -> float:
    """Returns a number from 0 to 1."""
    return int.from_bytes(random_bytes, "big") / float(256 ** len(random_bytes))


def _uniform(bounds: tuple[float, float], random_bytes: bytes) -> float:
    low, high = bounds
    return low + (high - low) * _fraction(random_bytes)


def _key_text(random_bytes: bytes) -> str:
    return "".join(_KEY_ALPHABET[byte % 32] for byte in random_bytes)


def status_of(media: SandboxMedia, knobs: Knobs, now: float) -> str:
    """Returns the status of a media at a time, in the letter case of the Viostream API guide."""
    if now >= media.online_at:
        if media.failed:
            return "Failed"
        return "Pending Review" if media.pending_review else "Online"
    elapsed_seconds = now - media.created
    processing_seconds = media.online_at - media.created
    is_queued = knobs.queued and elapsed_seconds < processing_seconds / 4
    return "Queued" if is_queued else "Processing"


class Catalogue:
    """All media of the account in the order of their creation, with indexes to find them.

    Attributes:
        media: all media, oldest first, including deleted ones.
    """

    def __init__(self, knobs: Knobs) -> None:
        self.media: list[SandboxMedia] = []
        self._knobs = knobs
        self._by_id_or_key: dict[str, SandboxMedia] = {}
        self._by_ingest: dict[str, SandboxMedia] = {}
        self._by_reference: dict[str, list[SandboxMedia]] = {}
        #: The listed media whose place in lists can no longer change, oldest first.
        self._fixed: list[SandboxMedia] = []
        #: All newer media, listed or not, oldest first.
        self._changing: deque[SandboxMedia] = deque()

    def add(self, media: SandboxMedia) -> None:
        """Add a media. It must not be older than the existing media."""
        self.media.append(media)
        if media.deleted:
            return
        self._changing.append(media)
        self._by_id_or_key[media.id] = self._by_id_or_key[media.key] = media
        self._by_ingest[media.ingest_id] = media
        if media.reference_id:
            self._by_reference.setdefault(media.reference_id, []).append(media)

    def delete(self, media: SandboxMedia) -> None:
        """Remove a media from all lists and indexes."""
        media.deleted = True
        for group in (self._fixed, self._changing):
            if media in group:
                group.remove(media)
        del (
            self._by_id_or_key[media.id],
            self._by_id_or_key[media.key],
            self._by_ingest[media.ingest_id],
        )
        if media.reference_id:
            self._by_reference[media.reference_id].remove(media)

    def find(self, id_or_key: str) -> SandboxMedia | None:
        """Returns the media with an ID or a media key; None if there is none."""
        return self._by_id_or_key.get(id_or_key)

    def find_ingest(self, ingest_id: str) -> SandboxMedia | None:
        """Returns the media of an ingest; None if there is none."""
        return self._by_ingest.get(ingest_id)

    def with_reference(self, reference_id: str) -> list[SandboxMedia]:
        """Returns all media with exactly this referenceId, oldest first, listed or not."""
        return self._by_reference.get(reference_id, [])

    def is_listed(self, media: SandboxMedia, now: float) -> bool:
        """Whether lists show a media at a time."""
        if now < media.listed_at:
            return False
        return self._knobs.list_failed or not media.failed or now < media.online_at

    def newest(self, now: float) -> tuple[int, Iterator[SandboxMedia]]:
        """Returns the number of listed media, and an iterator over them, newest first."""
        self._move_fixed(now)
        listed_changing = [
            media for media in reversed(self._changing) if self.is_listed(media, now)
        ]
        total = len(listed_changing) + len(self._fixed)
        return total, chain(listed_changing, reversed(self._fixed))

    def newest_from(self, start: int, now: float) -> tuple[int, Iterator[SandboxMedia]]:
        """Like `newest`, but the iterator starts at index `start` of the list.

        Does not iterate over the fixed media before this index.
        """
        total, newest_first = self.newest(now)
        listed_changing_count = total - len(self._fixed)
        if start < listed_changing_count:
            return total, islice(newest_first, start, None)
        # `_fixed` is oldest first, so its media from index `start` of the list on are at its start.
        remaining_count = max(0, total - start)
        return total, (self._fixed[index] for index in range(remaining_count - 1, -1, -1))

    def matching(self, reference: str, term: str, now: float) -> Iterable[SandboxMedia]:
        """Returns the listed media that match a referenceId and a search term, newest first.

        An empty referenceId or an empty term matches every media.
        """
        is_exact = self._knobs.reference_filter in ("exact", "exact-or-404")
        if reference and is_exact:
            found: Iterable[SandboxMedia] = (
                media
                for media in reversed(self.with_reference(reference))
                if self.is_listed(media, now)
            )
        else:
            found = self.newest(now)[1]
        if reference and self._knobs.reference_filter == "contains":
            found = (media for media in found if reference in media.reference_id)
        if term:
            search_text = term.casefold()
            found = (
                each
                for each in found
                if search_text in f"{each.title}\n{each.reference_id}".casefold()
            )
        return found

    def _move_fixed(self, now: float) -> None:
        """Move the media whose place in lists can no longer change to `_fixed`."""
        while self._changing and now >= max(
            self._changing[0].listed_at, self._changing[0].online_at
        ):
            media = self._changing.popleft()
            if self.is_listed(media, now):
                self._fixed.append(media)
