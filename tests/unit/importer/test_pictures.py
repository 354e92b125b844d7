"""The size of each picture is requested once; failed requests are left to the next run."""

import threading
from collections.abc import Callable

import pytest
import requests_mock

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import PlatformUnreachable
from batch_import.importer.pictures import request_picture_sizes
from batch_import.models import ManifestRow, Media, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.viostream.session import PlatformSession

BASE = "https://api.example.test/v3/api"


@pytest.fixture
def store() -> Store:
    store = Store(None)
    rows = [ManifestRow(n, f"r{n}", f"r{n}", "https://h/v", "T", "mp4", ()) for n in range(1, 4)]
    store.load(rows, 1.0)
    changes = [
        StatusUpdate(row.row_number, Status.IMPORTED, media=Media(f"m{n}", f"k{n}", f"r{n}"))
        for n, row in enumerate(store.queue.claim(3, 2.0), 1)
    ]
    store.queue.apply(changes, 3.0)
    return store


def request_sizes(store: Store, stop: threading.Event, clock: Callable[[], float]) -> None:
    settings = Settings(api_base=BASE, rate=1000.0, give_up_after=0.001)
    with PlatformSession(settings, Credentials("VC-1", "secret"), stop, clock=clock) as session:
        request_picture_sizes(store, session)


def sizes(store: Store) -> list[tuple[bool, tuple[int, int] | None]]:
    return [(record.is_size_requested, record.size) for record in store.reader.records()]


def test_every_picture_is_requested_once_and_a_404_is_an_answer(store: Store) -> None:
    with requests_mock.Mocker() as platform:
        platform.get(f"{BASE}/media/k1/detail", json={"download": {"width": 4, "height": 3}})
        platform.get(f"{BASE}/media/k2/detail", json={"id": "m2"})
        platform.get(f"{BASE}/media/k3/detail", status_code=404)
        for _ in range(2):  # the second time, nothing is left to request
            request_sizes(store, threading.Event(), lambda: 9.0)
        assert platform.call_count == 3
    assert sizes(store) == [(True, (4, 3)), (True, None), (True, None)]


def test_pictures_are_left_to_the_next_run_if_the_platform_is_down(store: Store) -> None:
    with requests_mock.Mocker() as platform:
        platform.get(f"{BASE}/media/k1/detail", json={"download": {"width": 4, "height": 3}})
        platform.get(f"{BASE}/media/k2/detail", status_code=503)
        with pytest.raises(PlatformUnreachable, match="stopped answering"):
            request_sizes(store, threading.Event(), lambda: 9.0)
    assert sizes(store) == [(True, (4, 3)), (False, None), (False, None)]


def test_a_stop_event_ends_the_requests(store: Store) -> None:
    stop = threading.Event()
    stop.set()
    with requests_mock.Mocker() as platform:
        request_sizes(store, stop, lambda: 9.0)
        assert platform.call_count == 0
