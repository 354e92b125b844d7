"""How the account is read when the platform is not at its best. No socket: requests-mock."""

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


class Stop(threading.Event):
    """Waits for it move the clock, and take no time."""

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
    """Of a job with one imported row."""
    store = Store(None)
    store.load([ManifestRow(2, "r1", "r1", "https://h/v", "T", "mp4", ())], 1.0)
    (row,) = store.queue.claim(1, 2.0)
    store.queue.apply(
        [StatusUpdate(row.row_number, Status.IMPORTED, media=Media("m1", "k1", "r1"))], 3.0
    )
    return store.account_listing()


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def printed() -> list[VerificationProgress]:
    return []


@pytest.fixture
def look(
    listing: AccountListing, stop: Stop, printed: list[VerificationProgress]
) -> Iterator[AccountReader]:
    settings = Settings(api_base=BASE, rate=1000.0, give_up_after=0.001)
    credentials = Credentials("VC-1", "secret")
    with PlatformSession(settings, credentials, stop, clock=lambda: stop.now) as session:
        yield AccountReader(session, listing, printed.append)


def item(name: str = "1", reference: str = "r1") -> dict[str, str]:
    return {"id": f"m{name}", "key": f"k{name}", "referenceId": reference, "status": "Online"}


def test_the_whole_list_is_read_and_reported_of(
    look: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    printed: list[VerificationProgress],
) -> None:
    pages = [
        {"json": {"listResult": {"items": [item("1"), item("2", "x")], "totalItems": 3}}},
        {"json": {"listResult": {"items": [item("3", "y")], "totalItems": 3}}},
    ]
    platform.get(f"{BASE}/media", pages)
    look.read_list()
    assert printed == [VerificationProgress("media", 2, 3), VerificationProgress("media", 3, 3)]
    assert listing.unlisted_count() == 0


@pytest.mark.parametrize(
    ("found", "detail", "missing"),
    [
        ([item()], None, 0),
        ([], item(), 0),
        ([], item(reference="another"), 0),
        ([], item("7"), 1),  # not what was asked for
        ([], None, 1),
        ([item("7", "r10")], None, 1),
        ([item("7", "of others")], item(), 0),  # a filter that does nothing
    ],
)
def test_what_the_list_does_not_show_is_looked_for(
    look: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    found: list[dict[str, str]],
    detail: dict[str, str] | None,
    missing: int,
) -> None:
    answers = [{"json": {"listResult": {"items": items}}} for items in (found, [])]
    platform.get(f"{BASE}/media?referenceId=r1", answers)
    platform.get(f"{BASE}/media/m1/detail", json=detail, status_code=200 if detail else 404)
    look.look_up_missing()
    assert listing.unlisted_count() == missing


def test_a_detail_that_is_not_for_us_tells_nothing_but_lost_credentials_end_it(
    look: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    platform.get(f"{BASE}/media", json=EMPTY)
    platform.get(f"{BASE}/media/m1/detail", status_code=403)
    platform.get(f"{BASE}/account/info", json={"id": "a"})
    look.look_up_missing()
    assert listing.unlisted_count() == 1
    platform.get(f"{BASE}/account/info", status_code=403)
    with pytest.raises(CredentialsRefused, match="refuses the credentials now"):
        look.look_up_missing()


def test_a_list_of_pages_that_are_the_same_is_given_up_and_rows_are_asked_for(
    look: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    same = {"items": [item("2", "x"), item("3", "y")], "totalItems": 9}
    platform.get(f"{BASE}/media", json={"listResult": same})
    look.read_list()
    assert (look.pager.end, platform.call_count) == (ListEnd.REPEATED, 3)
    found = {"items": [item()], "totalItems": 1}
    platform.get(f"{BASE}/media?referenceId=r1", json={"listResult": found})
    look.look_up_missing()
    assert listing.unlisted_count() == 0


def test_a_page_that_is_refused_beyond_the_first_is_the_end_of_a_list(
    look: AccountReader, platform: requests_mock.Mocker, listing: AccountListing
) -> None:
    first = {"json": {"listResult": {"items": [item()]}}}
    platform.get(f"{BASE}/media", [first, {"status_code": 404}])
    look.read_list()
    assert (look.pager.end, listing.count()) == (ListEnd.COMPLETE, 1)


@pytest.mark.parametrize("status", [400, 503])
def test_a_list_that_cannot_be_read_ends_it(
    look: AccountReader, platform: requests_mock.Mocker, status: int
) -> None:
    platform.get(f"{BASE}/media", status_code=status)
    with pytest.raises(PlatformUnreachable):
        look.read_list()


def test_a_stop_is_heard(look: AccountReader, platform: requests_mock.Mocker, stop: Stop) -> None:
    stop.set()
    with pytest.raises(Interrupted):
        look.read_list()
    assert platform.call_count == 0


def test_an_embed_page_that_fails_is_kept_and_a_player_that_is_away_ends_it(
    look: AccountReader,
    platform: requests_mock.Mocker,
    listing: AccountListing,
    printed: list[VerificationProgress],
) -> None:
    def ask() -> None:
        with EmbedPages(PLAYER) as pages:
            look.open_embed_pages(pages, lambda key: f"{PLAYER}/iframe/{key}")

    platform.get(f"{PLAYER}/iframe/k1", status_code=404, text="<title>No such video</title>")
    ask()
    assert listing.page_fault("k1") == "HTTP 404: No such video"
    assert printed == [VerificationProgress("embed pages", 1, 1)]
    platform.get(f"{PLAYER}/iframe/k1", status_code=429)
    with pytest.raises(PlatformUnreachable, match="Cannot connect to the embed pages"):
        ask()
