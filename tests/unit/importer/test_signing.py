"""Rows whose reference cannot be signed are not sent, not lost, and tried again with backoff."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.postponed import PostponedRows
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.scheduled_request import (
    Answer,
    CompletedRequest,
    CreateMedia,
    NotSigned,
    ReadPage,
)
from batch_import.models import ManifestRow, Media, MediaPage, Status
from batch_import.sources.source import SourceUnreachable
from batch_import.state.facts import ACCOUNT_SEARCH, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.viostream.responses import IngestStatus

START = 1_000.0
HOURS = 12 * 3600.0


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(None) as store:
        yield store


def load(store: Store, count: int, web_count: int = 0) -> list[str]:
    """Load rows with references, and then rows with a web URL; return their names."""
    names = [f"r-{n:04}" for n in range(count)] + [f"w-{n:04}" for n in range(web_count)]
    places = {"r": "s3://bucket", "w": "https://host.example"}
    rows = (
        ManifestRow(line, name, name, f"{places[name[0]]}/{name}.mp4", name, "mp4", ())
        for line, name in enumerate(names, start=2)
    )
    store.load(rows, START, facts=[ACCOUNT_SEARCH.of(AccountSearch.DONE)])
    return names


class Run:
    """One run on a virtual clock, one request after the other.

    `sign` returns what the source answers to a row's name, the attempt and the time. `processing`
    is the seconds from a POST until a list shows its media online. `give_up_after` is the setting.
    """

    def __init__(
        self,
        store: Store,
        sign: Callable[[str, int, float], NotSigned | None],
        validity_seconds: float = HOURS,
        processing: float = 0.0,
    ) -> None:
        self.store, self.sign, self.life, self.processing = (
            store,
            sign,
            validity_seconds,
            processing,
        )
        self.attempts: dict[str, list[float]] = {}
        self.created: list[str] = []
        self.most_in_flight = 0
        self.give_up_after = 900.0

    def go(self) -> None:
        now = START
        settings = Settings(
            rate=100.0, poll_interval=5.0, max_wait=600.0, give_up_after=self.give_up_after
        )
        dispatcher = Dispatcher(settings, self.store, RateLimiter(100.0, now), now)
        while not isinstance(step := dispatcher.next_request(now), Finished):
            if isinstance(step, Wait):
                assert now < step.until < float("inf")
                now = step.until
                continue
            left, now = now, now + 0.01
            answer = self._answer(step, left)
            is_post = isinstance(step, CreateMedia) and step.row.source_url.startswith("s3:")
            seconds = self.life if is_post and not isinstance(answer, NotSigned) else None
            dispatcher.handle_completed(
                [CompletedRequest(step, answer, left, url_seconds=seconds)], now
            )
            counts = self.store.reader.counts()
            self.most_in_flight = max(self.most_in_flight, counts.processing)

    def _answer(self, call: object, now: float) -> Answer:
        if isinstance(call, CreateMedia):
            name = call.row.reference_id
            self.attempts.setdefault(name, []).append(now)
            if answer := self.sign(name, len(self.attempts[name]), now):
                return answer
            self.created.append(name)
            return f"ingest-{name}"
        if isinstance(call, ReadPage):
            page = self.created[::-1][100 * (call.page - 1) :][:100]
            media = (Media(n, n, n, self._status(n, now), "T") for n in page)
            return MediaPage(tuple(media), len(self.created))
        return IngestStatus("processing")

    def _status(self, name: str, now: float) -> str:
        done_at = self.attempts[name][-1] + self.processing
        return "online" if now >= done_at else "processing"


def test_a_row_that_cannot_be_signed_is_pending_and_tried_again_with_backoff(store: Store) -> None:
    names = load(store, 3)
    seen: list[Status] = []

    def sign(name: str, attempt: int, _now: float) -> NotSigned | None:
        seen.extend(r.status for r in store.reader.records() if r.reference_id == names[1])
        return NotSigned("the storage is busy") if name == names[1] and attempt < 4 else None

    run = Run(store, sign)
    run.go()

    assert Counter(run.created) == dict.fromkeys(names, 1)
    times = run.attempts[names[1]]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert [round(wait) for wait in waits] == [1, 2, 4]
    assert Status.UNKNOWN not in seen
    assert store.reader.counts().imported == 3
    assert {record.error for record in store.reader.records()} == {""}


def test_a_row_that_can_never_be_signed_is_left_to_the_next_run(store: Store) -> None:
    names = load(store, 3)
    run = Run(store, lambda name, *_: NotSigned("no") if name == names[0] else None)

    run.go()

    assert len(run.attempts[names[0]]) == 5
    counts = store.reader.counts()
    assert (counts.imported, counts.pending) == (2, 1)
    (left,) = [r for r in store.reader.records() if r.status is Status.PENDING]
    assert (left.codes, left.error) == ((FailureCode.NOT_SIGNED,), "no")


def test_a_storage_that_is_down_for_long_ends_the_run_and_all_rows_stay_pending(
    store: Store,
) -> None:
    load(store, 300)
    run = Run(store, lambda *_: NotSigned("the storage is down"))

    with pytest.raises(SourceUnreachable, match="the storage is down"):
        run.go()

    assert run.created == []
    statuses = Counter(record.status for record in store.reader.records())
    assert set(statuses) <= {Status.PENDING, Status.CREATING}
    # No more rows were tried than show that it is down.
    assert len(run.attempts) < 300


def test_one_row_that_cannot_be_signed_does_not_end_the_run_while_others_are_sent(
    store: Store,
) -> None:
    names = load(store, 1, web_count=600)
    run = Run(store, lambda name, *_: NotSigned("no such host") if name == names[0] else None)
    run.give_up_after = 2.0

    with pytest.raises(SourceUnreachable, match="no such host"):
        run.go()

    assert Counter(run.created) == dict.fromkeys(names[1:], 1)


def test_all_rows_are_imported_after_a_storage_outage(store: Store) -> None:
    names = load(store, 300)
    back = START + 500.0

    def sign(_name: str, _attempt: int, now: float) -> NotSigned | None:
        return NotSigned("down") if now < back else None

    run = Run(store, sign)

    run.go()

    assert Counter(run.created) == dict.fromkeys(names, 1)


def test_a_reference_that_is_refused_for_good_fails_its_row(store: Store) -> None:
    names = load(store, 2)
    refused = NotSigned("there is no such bucket", is_final=True)
    run = Run(store, lambda name, *_: refused if name == names[0] else None)

    run.go()

    (failed,) = [r for r in store.reader.records() if r.status is Status.FAILED]
    assert failed.codes == (FailureCode.REFERENCE_REFUSED,)
    assert failed.error == "there is no such bucket"
    assert len(run.attempts[names[0]]) == 1


@pytest.mark.parametrize(("validity_seconds", "max_in_flight"), [(3600.0, 100), (3601.0, 250)])
def test_few_rows_are_in_flight_if_signed_urls_are_valid_for_an_hour_or_less(
    store: Store, validity_seconds: float, max_in_flight: int
) -> None:
    load(store, 250)
    run = Run(store, lambda *_: None, validity_seconds, processing=30.0)

    run.go()

    assert run.most_in_flight == max_in_flight
    assert store.reader.counts().imported == 250


def test_only_a_success_ends_a_series_of_failures() -> None:
    rows = PostponedRows(give_up_after=100.0)
    assert rows.add(1, "down", 0.0) is None
    assert rows.add(2, "down", 100.0) is None
    assert rows.add(2, "down", 101.0) is not None
    rows.remove_signed(3, 102.0)
    assert rows.add(1, "down", 150.0) is None
    assert rows.next_due(150.0) == 152.0
