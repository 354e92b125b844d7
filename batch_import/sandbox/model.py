"""The stand-in for the platform, as a pure model: a request and a time in, a reply out.

The same model answers over HTTP (`server.py`) and under a virtual clock in thousands of
simulated imports; `knobs.py` says how it behaves. This file must not know any clock, thread,
socket or file, nor what its callers want.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from random import Random
from typing import Any, Self

from batch_import.errors import StateError
from batch_import.sandbox.create_body import read_create_body
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.lists import MediaLists
from batch_import.sandbox.media import Catalogue, SandboxMedia, make_media, stable_share, status_of
from batch_import.sandbox.others import OtherUsers
from batch_import.sandbox.replies import Refusal, Reply, ReplyFault, Request
from batch_import.sandbox.token_bucket import TokenBucket

__all__ = ["Platform"]

#: Where the API is, below the address of the platform.
API = "/v3/api"
_DUMP_VERSION = 1
#: Seconds that a 503 asks to wait.
_UNAVAILABLE_WAIT = 2.0


class Platform:
    """One account on the platform.

    Every method takes the time as `now`, in epoch seconds. A `now` before the last one counts
    as the last one.

    Args:
        seed: decides everything that is drawn; two platforms with the same seed and the same
            calls are the same.
        start: epoch seconds from which outages and foreign media are counted.
        origin: the address that thumbnails are given under.
        catalogue: the account's media, where they come from an earlier run; `Knobs.existing`
            is then not added again.

    Attributes:
        calls: how many calls came, by kind (`create`, `status`, `list`, `detail`, `account`,
            `other`), whatever became of them.
        refused: how many of them got a 429.
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
        self.refused = 0
        self._random = Random(seed)
        self._catalogue = Catalogue(knobs) if catalogue is None else catalogue
        self._lists = MediaLists(knobs, origin, self._chance)
        self._now = start
        self._rate_limit = TokenBucket(knobs, start)
        self._others = OtherUsers(knobs, self._catalogue, start, self._random, seed)
        if catalogue is None:
            self._add_existing()

    @property
    def origin(self) -> str:
        """The address that thumbnails are given under."""
        return self._lists.origin

    @origin.setter
    def origin(self, address: str) -> None:
        self._lists.origin = address

    @property
    def media(self) -> list[SandboxMedia]:
        """All media that were ever made, oldest first: the record of truth for tests."""
        return self._catalogue.media

    def live_media(self, reference_id: str, now: float) -> list[SandboxMedia]:
        """Give the media with exactly this referenceId that have not failed by now."""
        found = self._catalogue.with_reference(reference_id)
        return [media for media in found if not (media.failed and now >= media.online_at)]

    def find(self, name: str) -> SandboxMedia | None:
        """Find a media by its id or its key."""
        return self._catalogue.find(name)

    def status(self, media: SandboxMedia, now: float) -> str:
        """Tell a media's status word, spelled as the guide does whatever `status_case` says."""
        return status_of(media, self.knobs, now)

    def counts(self, now: float) -> Counter[str]:
        """Count the media by their status word."""
        return Counter(self.status(media, now) for media in self.media if not media.deleted)

    # A call, from its arrival to its reply.

    def handle(self, request: Request, now: float) -> Reply:
        """Carry one call out, or let it go wrong as the knobs say."""
        now = self._now = max(self._now, now)
        for moment in self._others.additions(now):
            self.new_media(moment, title=f"Added by others {len(self.media)}", foreign=True)
        self._others.delete(now)
        kind, handler = self._route(request)
        self.calls[kind] += 1
        if self._in_outage(now) or self._chance(self.knobs.lost_request):
            return Reply(0, fault=ReplyFault.CUT)
        try:
            self._reject_early(now)
            self._check_credentials(request)
            reply = Reply(200, handler(now))
        except Refusal as refusal:
            reply = refusal.reply(self.knobs, now)
        reply.delay = self._random.uniform(*self.knobs.latency)
        return reply if reply.status in {429, 500, 503} else self._spoil(reply, now)

    def _in_outage(self, now: float) -> bool:
        passed = now - self.start
        return any(begin <= passed < end for begin, end in self.knobs.outages)

    def _chance(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance

    def _reject_early(self, now: float) -> None:
        """Refuse a call before it is read: too many calls, or the platform is overloaded."""
        wait = self._rate_limit.spend_token(now)
        if wait > 0:
            self.refused += 1
            raise Refusal(429, "Too many requests.", wait=wait)
        if self._chance(self.knobs.unavailable):
            raise Refusal(503, "The service is unavailable.", wait=_UNAVAILABLE_WAIT)
        if self._chance(self.knobs.error_before):
            raise Refusal(500, "An unexpected error occurred.")

    def _check_credentials(self, request: Request) -> None:
        if (request.username, request.password) != (self.access_key, self.api_key):
            raise Refusal(self.knobs.credentials_status, "The credentials are not valid.")

    def _spoil(self, reply: Reply, now: float) -> Reply:
        """Lose or spoil the reply of a call that was carried out."""
        if self._chance(self.knobs.lost_reply):
            return Reply(0, delay=reply.delay, fault=ReplyFault.CUT)
        if self._chance(self.knobs.error_after):
            spoilt = Refusal(502, "Bad gateway.").reply(self.knobs, now)
            spoilt.delay = reply.delay
            return spoilt
        if self._chance(self.knobs.hang):
            return Reply(0, delay=self.knobs.hang_seconds, fault=ReplyFault.HANG)
        if self._chance(self.knobs.truncated):
            reply.fault = ReplyFault.TRUNCATED
        return reply

    def _route(self, request: Request) -> tuple[str, Callable[[float], object]]:
        """Find out what a call is, and what carries it out."""
        kind, wanted, handler = self._kind(request)
        if request.method != wanted:
            return kind, _refuse(405, f"{request.method} is not allowed here.")
        return kind, handler

    def _kind(self, request: Request) -> tuple[str, str, Callable[[float], object]]:
        query = {name.lower(): value for name, value in request.query.items()}
        route: tuple[str, str, Callable[[float], object]]
        match _parts(request.path):
            case ["account", "info"]:
                route = "account", "GET", lambda _now: self._account()
            case ["media", "new"]:
                route = "create", "POST", lambda now: self._create(request.body, now)
            case ["media", "new", "status", ingest_id]:
                route = "status", "GET", lambda now: self._ingest_status(ingest_id, now)
            case ["media"]:
                route = "list", "GET", lambda now: self._listed(query, now)
            case ["media", name, "detail"]:
                route = "detail", "GET", lambda now: self._detail(name, now)
            case _:
                route = "other", request.method, _refuse(404, "There is nothing here.")
        return route

    # What the calls do.

    def _account(self) -> object:
        share = int(stable_share(self.seed, "account") * 16**8)
        return {
            "id": f"account_{share:08x}",
            "publicKey": self.access_key.removeprefix("VC-"),
            "title": "Viostream Sandbox",
        }

    def _create(self, body: object, now: float) -> object:
        fields = read_create_body(body)
        reference = fields["referenceId"]
        self._maybe_reject(reference or fields["sourceUrl"])
        refuse = self.knobs.duplicate_reference == "refuse"
        if refuse and reference and self.live_media(reference, now):
            message = "Another media has this referenceId."
            raise Refusal(409, "The media exists already.", fields={"referenceId": message})
        media = self.new_media(
            now, reference_id=reference, source_url=fields["sourceUrl"], title=fields["filename"]
        )
        return {"ingestId": media.ingest_id}

    def _maybe_reject(self, video: str) -> None:
        # Drawn from the video, not from the call: a "no" for good must stay one.
        share = stable_share(self.seed, f"reject/{video}")
        if share < self.knobs.rejecting:
            status = 400 if stable_share(self.seed, f"status/{video}") < 1 / 2 else 422
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
        self._others.begin_deletions(now)
        return self._lists.page(self._catalogue, query, now)

    def _detail(self, name: str, now: float) -> object:
        media = self._catalogue.find(name)
        if media is None:
            raise Refusal(404, "There is no such media.")
        sizes = {"width": 320, "height": 180}
        return {**self._lists.item(media, now), "download": sizes, "progressive": [sizes]}

    # Media that come about.

    def new_media(self, now: float, **fields: Any) -> SandboxMedia:
        """Make a media as a POST does, without a call; `fields` are those of `make_media`."""
        media = make_media(self.knobs, self.seed, len(self.media), now, **fields)
        self._catalogue.add(media)
        return media

    def _add_existing(self) -> None:
        for place in range(self.knobs.existing):
            created = self.start - 60.0 * (self.knobs.existing - place)
            fields = {"reference_id": f"existing-{place + 1:06}", "title": f"Existing {place + 1}"}
            media = make_media(self.knobs, self.seed, place, created, foreign=True, **fields)
            # They were there long before: processed and listed, however slow the knobs are.
            media.listed_at = media.online_at = created
            self._catalogue.add(media)

    # From one run of the stand-in to the next.

    def dump(self) -> dict[str, object]:
        """Give all media and ingests as JSON can hold them; `load` brings them back.

        The credentials are not in it: no file holds any.
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
        """Bring a platform back from its dump, with all videos that it had.

        Args:
            knobs: how it behaves from now on; None for as before.
            start: the new start, which outages are counted from; None for when it was dumped.

        Raises:
            StateError: the data are no dump of this version.
        """
        try:
            knobs = knobs or Knobs.from_mapping(data["knobs"])
            return cls(
                knobs,
                data["seed"],
                data["now"] if start is None else start,
                access_key,
                api_key,
                catalogue=_restored(data, knobs),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(
                "The sandbox's saved videos cannot be read.", "Start it without them."
            ) from error


def _restored(data: Mapping[str, Any], knobs: Knobs) -> Catalogue:
    if data["version"] != _DUMP_VERSION:
        raise ValueError(data["version"])
    catalogue = Catalogue(knobs)
    for fields in data["media"]:
        catalogue.add(SandboxMedia(**fields))
    return catalogue


def _refuse(status: int, message: str) -> Callable[[float], object]:
    def handler(_now: float) -> object:
        raise Refusal(status, message)

    return handler


def _parts(path: str) -> list[str]:
    """Split what comes after the API's root; nothing where the path is elsewhere."""
    if not path.startswith(API + "/"):
        return []
    return path.removeprefix(API).strip("/").split("/")
