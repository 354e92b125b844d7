"""A run of selected rows: what it searches for, creates and counts, and which rows it leaves."""

from typing import Any

from batch_import.configuration.settings import Settings
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.scheduled_request import (
    CompletedRequest,
    CreateMedia,
    GetIngestStatus,
    ReadPage,
)
from batch_import.models import ManifestRow, Media, MediaPage, Status
from batch_import.state.facts import ACCOUNT_SEARCH, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.viostream.responses import IngestStatus

NAMES = ("a", "b", "c", "d", "e")


def loaded_store() -> Store:
    store = Store(None)
    rows = [
        ManifestRow(line, name, name, f"https://h/{name}.mp4", name, "mp4", ())
        for line, name in enumerate(NAMES, 2)
    ]
    store.load(rows, 1.0)
    return store


class Account:
    """A platform that finishes each ingest at once, and lists its media newest first."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.created: list[str] = []

    def answer(self, call: Any) -> Any:
        match call:
            case CreateMedia(row):
                self.created.append(row.reference_id)
                self.names.append(row.reference_id)
                return f"ingest-{row.reference_id}"
            case GetIngestStatus():
                return IngestStatus("online")
            case ReadPage():
                found = [Media(n, n, n, "online", "T") for n in reversed(self.names)]
            case _:
                found = [
                    Media(n, n, n, "online", "T") for n in self.names if n == call.row.reference_id
                ]
        return MediaPage(tuple(found), len(found))


def run(store: Store, account: Account) -> Dispatcher:
    """Run an import on a virtual clock, one request after the other."""
    now = 100.0
    dispatcher = Dispatcher(Settings(rate=100.0), store, RateLimiter(100.0, now), now)
    while not isinstance(step := dispatcher.next_request(now), Finished):
        if isinstance(step, Wait):
            now = step.until
            continue
        left, now = now, now + 0.01
        dispatcher.handle_completed([CompletedRequest(step, account.answer(step), left)], now)
    return dispatcher


def statuses(store: Store) -> str:
    return "".join("." if r.status is Status.PENDING else "i" for r in store.reader.records())


def test_adopted_rows_count_towards_the_limit() -> None:
    account = Account("a", "d")
    with loaded_store() as store:
        store.queue.choose_first(2)
        dispatcher = run(store, account)
        assert account.created == ["b"]
        assert statuses(store) == "ii..."
        progress = dispatcher.progress(200.0)
        assert progress.counts == store.reader.counts()
        assert progress.not_selected_count == 3


def test_later_runs_search_the_account_after_a_pilot() -> None:
    account = Account("a", "d")
    with loaded_store() as store:
        store.queue.choose_first(2)
        run(store, account)
        assert store.facts.get(ACCOUNT_SEARCH) is AccountSearch.NOT_DONE
        store.queue.choose(())
        run(store, account)
        assert account.created == ["b", "c", "e"]
        assert statuses(store) == "iiiii"
        assert store.facts.get(ACCOUNT_SEARCH) is AccountSearch.DONE


def test_rows_in_flight_from_an_earlier_run_are_finished_whatever_is_selected() -> None:
    account = Account()
    with loaded_store() as store:
        (row,) = store.queue.claim(1, 2.0)
        account.answer(CreateMedia(row))
        store.queue.choose(["e"])
        run(store, account)  # nobody knows what became of the POST of a
        assert statuses(store) == "i...i"
        assert account.created == ["a", "e"]
        assert store.queue.remaining_count() == 0


def test_a_clock_that_was_set_back_by_hours_does_not_delay_the_run() -> None:
    ahead, now = 100.0 + 3 * 3600, 100.0
    account = Account("z")
    with loaded_store() as store:
        store.queue.choose_first(1)
        store.queue.claim(1, ahead)
        store.queue.recover(ahead)
        settings = Settings(rate=100.0, settle=60.0)
        dispatcher = Dispatcher(settings, store, RateLimiter(100.0, now), now)
        while not isinstance(step := dispatcher.next_request(now), Finished):
            if isinstance(step, Wait):
                now = step.until
                continue
            left, now = now, now + 0.01
            dispatcher.handle_completed([CompletedRequest(step, account.answer(step), left)], now)
        assert now < ahead / 2
