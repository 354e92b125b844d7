"""The simulated Viostream API, without I/O: takes a request and the time, and returns a reply.

The HTTP server of the sandbox (`server.py`) uses it. Rehearsals, and thousands of simulated imports
in tests, use it on a virtual clock. The knobs (`knobs.py`) set its behaviour.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from operator import itemgetter
from random import Random
from typing import Any, Self

from batch_import.errors import StateError
from batch_import.sandbox.create_body import read_create_body
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.late_posts import LatePosts
from batch_import.sandbox.lists import MediaListReplies
from batch_import.sandbox.media import Catalogue, SandboxMedia, hash_fraction, make_media, status_of
from batch_import.sandbox.others import OtherUsers
from batch_import.sandbox.replies import Refusal, ReplyFault, SimulatedReply, SimulatedRequest
from batch_import.sandbox.token_bucket import TokenBucket

__all__ = ["SimulatedPlatform"]

#: Path of the API, below the base URL of the server.
API = "/v3/api"
#: Version of the format of `SimulatedPlatform.dump`.
_DUMP_VERSION = 1
# HTTP statuses.
_TOO_MANY_REQUESTS = 429
_MIN_SERVER_ERROR = 500
#: Seconds in the `Retry-After` of a 503.
_UNAVAILABLE_WAIT_SECONDS = 2.0


class SimulatedPlatform:
    """The simulated platform, with one account.

    Every method takes the current time as `now`, in epoch seconds. Time never goes back: if `now`
    is less than before, the previous value is used.

    Args:
        knobs: how the platform behaves.
        seed: seed of the random number generator. Two platforms with the same seed and the same
            requests behave the same.
        start: epoch seconds from which outages and the media that other users add are counted.
        access_key, api_key: the credentials that are accepted.
        origin: base URL of thumbnails.
        catalogue: media saved by an earlier sandbox process; they already include the media of
            `Knobs.existing`. None for a new account.

    Attributes:
        calls: number of requests by kind (`create`, `status`, `list`, `detail`, `account`,
            `other`), including those that failed.
        rate_limited: number of requests that were refused with 429.
    """

    def __init__(
        self,
        knobs: Knobs,
        seed: int = 0,
        start: float = 0.0,
        access_key: str = "VC-sandbox",
        api_key: str = "sandbox",
        *,
        origin: str = "https://play.viostream.example",
        catalogue: Catalogue | None = None,
    ) -> None:
        self.knobs = knobs
        self.seed = seed
        self.start = start
        self.access_key = access_key
        self.api_key = api_key
        self.calls: Counter[str] = Counter()
        self.rate_limited = 0
        self._random = Random(seed)
        self._catalogue = Catalogue(knobs) if catalogue is None else catalogue
        self._lists = MediaListReplies(knobs, origin, self._happens)
        self._now = start
        self._rate_limit = TokenBucket(knobs, start)
        self._late_posts = LatePosts()
        self._others = OtherUsers(knobs, self._catalogue, start, self._random, seed)
        if catalogue is None:
            self._add_existing()

    @property
    def origin(self) -> str:
        """Base URL of thumbnails."""
        return self._lists.origin

    @origin.setter
    def origin(self, address: str) -> None:
        self._lists.origin = address

    @property
    def media(self) -> list[SandboxMedia]:
        """All media that were ever created, oldest first, including deleted media."""
        return self._catalogue.media

    def non_failed_media(self, reference_id: str, now: float) -> list[SandboxMedia]:
        """Returns the media with this referenceId whose processing has not failed until now."""
        found = self._catalogue.with_reference(reference_id)
        return [media for media in found if not (media.failed and now >= media.online_at)]

    def find(self, id_or_key: str) -> SandboxMedia | None:
        """Returns the media with an ID or a media key; None if there is none."""
        return self._catalogue.find(id_or_key)

    def status(self, media: SandboxMedia, now: float) -> str:
        """Returns the status of a media, in the letter case of the Viostream API guide."""
        return status_of(media, self.knobs, now)

    def counts(self, now: float) -> Counter[str]:
        """Returns the number of media by status."""
        return Counter(self.status(media, now) for media in self.media if not media.deleted)

    # How a request is handled.

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        """Returns the reply to a request, with the faults that the knobs set."""
        now = self._now = max(self._now, now)
        self._create_due_media(now)
        self._others.delete_due_media(now)
        kind, handler = self._route(request)
        self.calls[kind] += 1
        if self._in_outage(now) or self._happens(self.knobs.lost_request):
            return SimulatedReply(0, fault=ReplyFault.CUT)
        try:
            self._reject_early(now)
            self._check_credentials(request)
            reply = SimulatedReply(200, handler(now))
        except Refusal as refusal:
            reply = refusal.reply(self.knobs, now)
        reply.delay = self._random.uniform(*self.knobs.latency)
        is_error = reply.status == _TOO_MANY_REQUESTS or reply.status >= _MIN_SERVER_ERROR
        return reply if is_error else self._apply_reply_fault(reply, now)

    def _in_outage(self, now: float) -> bool:
        elapsed = now - self.start
        return any(start <= elapsed < end for start, end in self.knobs.outages)

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def _reject_early(self, now: float) -> None:
        """Refuse a request without reading it, as the rate limit and the knobs require.

        Raises:
            Refusal: the rate limit is exceeded, or a server error is simulated.
        """
        wait = self._rate_limit.spend_token(now)
        if wait > 0:
            self.rate_limited += 1
            raise Refusal(_TOO_MANY_REQUESTS, "Too many requests.", wait=wait)
        if self._happens(self.knobs.unavailable):
            raise Refusal(503, "The service is unavailable.", wait=_UNAVAILABLE_WAIT_SECONDS)
        if self._happens(self.knobs.error_before):
            raise Refusal(500, "An unexpected error occurred.")

    def _check_credentials(self, request: SimulatedRequest) -> None:
        if (request.username, request.password) != (self.access_key, self.api_key):
            raise Refusal(self.knobs.credentials_status, "The credentials are not valid.")

    def _apply_reply_fault(self, reply: SimulatedReply, now: float) -> SimulatedReply:
        """Returns the reply to a request that was carried out, with faults that the knobs set."""
        if self._happens(self.knobs.lost_reply):
            return SimulatedReply(0, delay=reply.delay, fault=ReplyFault.CUT)
        if self._happens(self.knobs.error_after):
            failed_reply = Refusal(502, "Bad gateway.").reply(self.knobs, now)
            failed_reply.delay = reply.delay
            return failed_reply
        if self._happens(self.knobs.hang):
            return SimulatedReply(0, delay=self.knobs.hang_seconds, fault=ReplyFault.HANG)
        if self._happens(self.knobs.truncated):
            reply.fault = ReplyFault.TRUNCATED
        return reply

    def _route(self, request: SimulatedRequest) -> tuple[str, Callable[[float], object]]:
        """Returns the kind of a request, and the function that carries it out at a given time."""
        kind, allowed_method, handler = self._find_route(request)
        if request.method != allowed_method:
            return kind, _refusing_handler(405, f"{request.method} is not allowed here.")
        return kind, handler

    def _find_route(self, request: SimulatedRequest) -> tuple[str, str, Callable[[float], object]]:
        """Returns kind, allowed HTTP method and handler of the request's path."""
        query = {name.lower(): value for name, value in request.query.items()}
        route: tuple[str, str, Callable[[float], object]]
        match _api_path(request.path):
            case ["account", "info"]:
                route = "account", "GET", lambda _now: self._account()
            case ["media", "new"]:
                route = "create", "POST", lambda now: self._create(request.body, now)
            case ["media", "new", "status", ingest_id]:
                route = "status", "GET", lambda now: self._ingest_status(ingest_id, now)
            case ["media"]:
                route = "list", "GET", lambda now: self._listed(query, now)
            case ["media", id_or_key, "detail"]:
                route = "detail", "GET", lambda now: self._detail(id_or_key, now)
            case _:
                route = "other", request.method, _refusing_handler(404, "There is nothing here.")
        return route

    # What the endpoints do.

    def _account(self) -> object:
        account_number = int(hash_fraction(self.seed, "account") * 16**8)
        return {
            "id": f"account_{account_number:08x}",
            "publicKey": self.access_key.removeprefix("VC-"),
            "title": "Viostream Sandbox",
        }

    def _create(self, body: object, now: float) -> object:
        fields = read_create_body(body)
        reference = fields["referenceId"]
        self._reject_at_random(reference or fields["sourceUrl"])
        refuses_duplicates = self.knobs.duplicate_reference == "refuse"
        if refuses_duplicates and reference and self.non_failed_media(reference, now):
            message = "Another media has this referenceId."
            raise Refusal(409, "The media exists already.", fields={"referenceId": message})
        media_fields = {
            "reference_id": reference,
            "source_url": fields["sourceUrl"],
            "title": fields["filename"],
        }
        if self._happens(self.knobs.late_post):
            due_at = now + self._random.uniform(*self.knobs.late_post_delay)
            self._late_posts.add(due_at, media_fields)
            raise Refusal(self.knobs.late_post_status, "The request was not completed.")
        return {"ingestId": self.new_media(now, **media_fields).ingest_id}

    def _reject_at_random(self, video: str) -> None:
        # Depends on the video alone: a rejected video is rejected every time it is sent.
        fraction = hash_fraction(self.seed, f"reject/{video}")
        if fraction < self.knobs.rejecting:
            status = 400 if hash_fraction(self.seed, f"status/{video}") < 1 / 2 else 422
            message = "The account does not accept videos from this source."
            raise Refusal(status, "The media was not accepted.", fields={"sourceUrl": message})

    def _ingest_status(self, ingest_id: str, now: float) -> object:
        media = self._catalogue.find_ingest(ingest_id)
        if media is None:
            raise Refusal(404, "There is no such ingest.")
        answer: dict[str, object] = {"status": self._lists.status(media, now)}
        if media.failed and now >= media.online_at:
            answer["error"] = media.error
        return answer

    def _listed(self, query: Mapping[str, str], now: float) -> object:
        # Deletions are only interesting while a client reads several pages. Therefore they begin
        # with the first page. Otherwise most media could be deleted before a test reads the list.
        self._others.begin_deletions(now)
        return self._lists.page(self._catalogue, query, now)

    def _detail(self, id_or_key: str, now: float) -> object:
        media = self._catalogue.find(id_or_key)
        if media is None:
            raise Refusal(404, "There is no such media.")
        sizes = {"width": 320, "height": 180}
        return {**self._lists.item(media, now), "download": sizes, "progressive": [sizes]}

    # How media are created.

    def new_media(self, now: float, **fields: Any) -> SandboxMedia:
        """Create a media as a POST does. `fields` are parameters of `make_media`."""
        media = make_media(self.knobs, self.seed, len(self.media), now, **fields)
        self._catalogue.add(media)
        return media

    def _create_due_media(self, now: float) -> None:
        """Create the media that other users and late POSTs have created until now."""
        due_media = [*self._others.take_additions(now), *self._late_posts.take_due(now)]
        for created_at, fields in sorted(due_media, key=itemgetter(0)):
            self.new_media(created_at, **fields)

    def _add_existing(self) -> None:
        for index in range(self.knobs.existing):
            created = self.start - 60.0 * (self.knobs.existing - index)
            fields = {"reference_id": f"existing-{index + 1:06}", "title": f"Existing {index + 1}"}
            media = make_media(self.knobs, self.seed, index, created, foreign=True, **fields)
            # These media are older than any run: they are processed and listed with all knobs.
            media.listed_at = media.online_at = created
            self._catalogue.add(media)

    # How the account is saved for the next process of the sandbox.

    def dump(self) -> dict[str, object]:
        """Returns all media and the knobs as JSON values, for `load`.

        The credentials are not included, because no file may contain credentials.
        """
        return {
            "version": _DUMP_VERSION,
            "seed": self.seed,
            "start": self.start,
            "now": self._now,
            "knobs": asdict(self.knobs),
            "media": [asdict(media) for media in self.media],
        }

    @classmethod
    def load(
        cls,
        data: Mapping[str, Any],
        access_key: str = "VC-sandbox",
        api_key: str = "sandbox",
        *,
        knobs: Knobs | None = None,
        start: float | None = None,
    ) -> Self:
        """Restore a platform with all its media from the result of `dump`.

        Args:
            data: the result of `dump`.
            access_key, api_key: the credentials that are accepted.
            knobs: behaviour of the restored platform; None for the knobs of the dump.
            start: epoch seconds from which outages are counted; None for the time of the dump.

        Raises:
            StateError: the data are not a result of `dump` of this version.
        """
        try:
            knobs = knobs or Knobs.from_mapping(data["knobs"])
            return cls(
                knobs,
                data["seed"],
                data["now"] if start is None else start,
                access_key,
                api_key,
                catalogue=_catalogue_from_dump(data, knobs),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(
                "The sandbox's saved videos cannot be read.", "Start it without them."
            ) from error


def _catalogue_from_dump(data: Mapping[str, Any], knobs: Knobs) -> Catalogue:
    if data["version"] != _DUMP_VERSION:
        raise ValueError(data["version"])
    catalogue = Catalogue(knobs)
    for fields in data["media"]:
        catalogue.add(SandboxMedia(**fields))
    return catalogue


def _refusing_handler(status: int, message: str) -> Callable[[float], object]:
    """Returns a handler that always raises a `Refusal`."""

    def handler(_now: float) -> object:
        raise Refusal(status, message)

    return handler


def _api_path(path: str) -> list[str]:
    """Returns the parts of a path below the API's root; empty if the path is not below it."""
    if not path.startswith(API + "/"):
        return []
    return path.removeprefix(API).strip("/").split("/")
