"""Reading the account while the platform has faults. No socket: requests-mock."""

import threading
from collections.abc import Iterator

import pytest
import requests_mock

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import CredentialsRefused, Interrupted, PlatformUnreachable
from batch_import.models import ManifestRow, Media, Status, StatusUpdate
from batch_import.state.listing import AccountListing
from batch_import.state.store import Store
from batch_import.verification.account_reader import AccountReader, VerificationProgress
from batch_import.viostream.embed_page import EmbedPages
from batch_import.viostream.media_list_pager import ListEnd
from batch_import.viostream.session import PlatformSession

BASE = "https://api.example.test/v3/api"
PLAYER = "https://play.example.test"
EMPTY = {"listResult": {"items": []}}


class FakeStop(threading.Event):
    """A stop event whose `wait` advances the clock without waiting."""

    now = 9.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


@pytest.fixture
def platform() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture
def listing() -> AccountListing:
    """Return the account listing of a job with one imported row."""
    store = Store(None)
    store.load([ManifestRow(2, "r1", "r1", "https://h/v", "T", "mp4", ())], 1.0)
    (row,) = store.queue.claim(1, 2.0)
    store.queue.apply(
        [StatusUpdate(row.row_number, Status.IMPORTED, media=Media("m1", "k1", "r1"))], 3.0
    )
    return store.account_listing()


@pytest.fixture
def stop() -> FakeStop:
    return FakeStop()


@pytest.fixture
def printed() -> list[VerificationProgress]:
    return []


@pytest.fixture
def reader(
    listing: AccountListing, stop: FakeStop, printed: list[VerificationProgress]
) -> Iterator[AccountReader]:
    settings = Settings(api_base=BASE, rate=1000.0, give_up_after=0.001)
    credentials = Credentials("VC-1", "secret")
    with PlatformSession(settings, credentials, stop, clock=lambda: stop.now) as session:
        yield AccountReader(session, listing, printed.append)


def item(name: str = "1", reference: str = "r1") -> dict[str, str]:
    return {"id": f"m{name}", "key": f"k{name}", "referenceId": reference, "status": "Online"}


def test_the_whole_list_is_read_with_progress(
    reader: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    printed: list[VerificationProgress],
) -> None:
    pages = [
        {"json": {"listResult": {"items": [item("1"), item("2", "x")], "totalItems": 3}}},
        {"json": {"listResult": {"items": [item("3", "y")], "totalItems": 3}}},
    ]
    platform.get(f"{BASE}/media", pages)
    reader.read_list()
    assert printed == [VerificationProgress("media", 2, 3), VerificationProgress("media", 3, 3)]
    assert listing.unlisted_count() == 0


@pytest.mark.parametrize(
    ("found", "detail", "missing"),
    [
        ([item()], None, 0),
        ([], item(), 0),
        ([], item(reference="another"), 0),
        ([], item("7"), 1),  # another media than requested
        ([], None, 1),
        ([item("7", "r10")], None, 1),
        ([item("7", "of others")], item(), 0),  # a filter that does nothing
    ],
)
def test_media_that_the_list_does_not_show_are_looked_up(
    reader: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    found: list[dict[str, str]],
    detail: dict[str, str] | None,
    missing: int,
) -> None:
    answers = [{"json": {"listResult": {"items": items}}} for items in (found, [])]
    platform.get(f"{BASE}/media?referenceId=r1", answers)
    platform.get(f"{BASE}/media/m1/detail", json=detail, status_code=200 if detail else 404)
    reader.look_up_missing()
    assert listing.unlisted_count() == missing


def test_a_403_of_a_detail_is_ignored_unless_the_credentials_are_refused(
    reader: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    platform.get(f"{BASE}/media", json=EMPTY)
    platform.get(f"{BASE}/media/m1/detail", status_code=403)
    platform.get(f"{BASE}/account/info", json={"id": "a"})
    reader.look_up_missing()
    assert listing.unlisted_count() == 1
    platform.get(f"{BASE}/account/info", status_code=403)
    with pytest.raises(CredentialsRefused, match="refuses the credentials now"):
        reader.look_up_missing()


def test_a_list_with_identical_pages_is_abandoned_and_rows_are_looked_up(
    reader: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    same = {"items": [item("2", "x"), item("3", "y")], "totalItems": 9}
    platform.get(f"{BASE}/media", json={"listResult": same})
    reader.read_list()
    assert (reader.pager.end, platform.call_count) == (ListEnd.REPEATED, 3)
    found = {"items": [item()], "totalItems": 1}
    platform.get(f"{BASE}/media?referenceId=r1", json={"listResult": found})
    reader.look_up_missing()
    assert listing.unlisted_count() == 0


def test_a_list_whose_second_page_is_refused_is_not_complete(
    reader: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    first = {"json": {"listResult": {"items": [item()]}}}
    platform.get(f"{BASE}/media", [first, {"status_code": 404}])
    reader.read_list()
    assert (reader.pager.end, listing.count()) == (ListEnd.REFUSED, 1)


@pytest.mark.parametrize("status", [400, 503])
def test_a_list_that_cannot_be_read_is_an_error(
    reader: AccountReader, platform: requests_mock.Mocker, status: int
) -> None:
    platform.get(f"{BASE}/media", status_code=status)
    with pytest.raises(PlatformUnreachable):
        reader.read_list()


def test_a_stop_event_ends_the_reading(
    reader: AccountReader, platform: requests_mock.Mocker, stop: FakeStop
) -> None:
    stop.set()
    with pytest.raises(Interrupted):
        reader.read_list()
    assert platform.call_count == 0


def test_a_failed_embed_page_is_stored_and_an_unreachable_player_is_an_error(
    reader: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    printed: list[VerificationProgress],
) -> None:
    def ask() -> None:
        with EmbedPages(PLAYER) as pages:
            reader.open_embed_pages(pages, lambda key: f"{PLAYER}/iframe/{key}")

    platform.get(f"{PLAYER}/iframe/k1", status_code=404, text="<title>No such video</title>")
    ask()
    assert listing.page_fault("k1") == "HTTP 404: No such video"
    assert printed == [VerificationProgress("embed pages", 1, 1)]
    platform.get(f"{PLAYER}/iframe/k1", status_code=429)
    with pytest.raises(PlatformUnreachable, match="Cannot connect to the embed pages"):
        ask()
