"""The media list of the account beside the rows of a job."""

from pathlib import Path

import pytest

from batch_import.errors import StateError
from batch_import.models import LookupTarget, ManifestRow, Media, Status, StatusUpdate
from batch_import.state import facts
from batch_import.state.store import Store


def media(name: str, reference: str, status: str = "online", title: str = "T") -> Media:
    return Media(f"m{name}", f"k{name}", reference, status, title)


def load_rows(store: Store) -> None:
    """Load the rows a, b, c and d: two imported, one failed, one pending."""
    rows = [
        ManifestRow(n, name, name, "https://h/v", "T", "mp4", ()) for n, name in enumerate("abcd")
    ]
    store.load(rows, 1.0)
    one, two, three, four = store.queue.claim(4, 2.0)
    store.queue.apply(
        [
            StatusUpdate(one.row_number, Status.IMPORTED, media=media("1", "a")),
            StatusUpdate(two.row_number, Status.IMPORTED, media=media("2", "b")),
            StatusUpdate(three.row_number, Status.FAILED),
            StatusUpdate(four.row_number, Status.PENDING),
        ],
        3.0,
    )


@pytest.fixture
def store() -> Store:
    store = Store(None)
    load_rows(store)
    return store


def test_media_are_counted_once_and_kept_as_last_seen(store: Store) -> None:
    listing = store.account_listing()
    assert listing.add([media("1", "a", "processing"), media("9", "z")]) == 2
    assert listing.add([media("1", "a", "online"), media("8", "")]) == 1
    assert listing.count() == 3
    assert listing.media_of("a", "m1", "k1") == [media("1", "a", "online")]


def test_rows_whose_media_the_list_did_not_show_are_unlisted(store: Store) -> None:
    listing = store.account_listing()
    listing.add([media("1", "another now"), media("8", "b")])
    assert listing.unlisted_count() == 1
    assert listing.unlisted(0, 10) == [LookupTarget(2, "b", "m2", "k2")]
    assert listing.unlisted(2, 10) == []
    listing.add([Media("", "k2", "b")])  # the key is enough if the ID is missing
    assert listing.unlisted_count() == 0


def test_rows_with_an_embed_page_are_returned_in_parts(store: Store) -> None:
    listing = store.account_listing()
    assert listing.playable_count() == 2
    assert [row.key for row in listing.playable(0, 1)] == ["k1"]
    assert [row.key for row in listing.playable(1, 9)] == ["k2"]
    listing.save_page_fault("k1", "HTTP 500")
    assert (listing.page_fault("k1"), listing.page_fault("k2")) == ("HTTP 500", "")


def test_a_media_of_one_row_is_not_returned_for_another_row(store: Store) -> None:
    listing = store.account_listing()
    listing.add([media("1", "c"), media("7", "c"), media("6", "a")])
    assert listing.media_of("c", "", "") == [media("7", "c")]
    assert listing.media_of("a", "m1", "k1") == [media("1", "c"), media("6", "a")]


def test_media_without_a_row_are_returned_in_the_order_of_the_list(store: Store) -> None:
    listing = store.account_listing()
    listing.add(
        [media("9", "z"), media("1", "a"), media("7", "c"), media("5", ""), media("2", "x")]
    )
    assert list(listing.unmatched_media()) == [media("9", "z"), media("5", "")]


def test_the_listing_uses_a_snapshot_and_does_not_change_the_job_database(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as store:
        load_rows(store)
    before = path.read_bytes()
    with Store(path) as looking:
        listing = looking.account_listing()
        with Store(path) as run:  # a run continues in the meantime
            (row,) = run.queue.claim(1, 4.0)
            run.queue.apply(
                [StatusUpdate(row.row_number, Status.IMPORTED, media=media("4", "d"))], 5.0
            )
        assert [record.status for record in looking.reader.records()][3] == "pending"
        assert listing.unlisted_count() == 2
        with pytest.raises(StateError):
            looking.facts.save(facts.ACCOUNT.of("another"))
    with Store(path) as after:
        assert [record.status for record in after.reader.records()][3] == "imported"
    other = tmp_path / "other.sqlite"
    other.write_bytes(before)
    with Store(other) as looking:
        looking.account_listing().add([media("1", "a")])
    assert other.read_bytes() == before
