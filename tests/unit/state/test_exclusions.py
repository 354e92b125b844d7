"""Rows that the user has excluded from the import."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from batch_import.errors import UsageError
from batch_import.models import LineRange, ManifestRow, Status, StatusUpdate
from batch_import.state import facts
from batch_import.state.exclusions import NOTHING_EXCLUDED
from batch_import.state.facts import AccountSearch
from batch_import.state.store import Store

Selectors = Sequence[LineRange | str]


def row(name: str, line: int, *, video: str = "", error: str = "") -> ManifestRow:
    url = f"https://h.test/{video or name}.mp4"
    return ManifestRow(
        line, name, name, url, name.upper(), "mp4", (name, url), error,
        codes=("url-scheme",) if error else (), address=url, stripped_address=url,
    )  # fmt: skip


@contextmanager
def six_rows() -> Iterator[Store]:
    with Store(None) as store:
        store.load([row(name, line) for line, name in enumerate("abcdef", 2)], 1.0)
        yield store


def select(store: Store, only: Selectors = (), exclude: Selectors = ()) -> int:
    """Do what each run does with these settings; returns the number of released rows."""
    store.exclusions.update(only, exclude)
    store.queue.choose(only)
    return store.exclusions.read().released_count


def claim_all(store: Store) -> str:
    return "".join(row.reference_id for row in store.queue.claim(100, 2.0))


def excluded_lines(store: Store) -> list[str]:
    return [str(lines) for lines in store.exclusions.read().unsent.ranges]


def test_an_excluded_row_is_not_claimed_by_a_later_run_without_the_setting() -> None:
    with six_rows() as store:
        select(store, exclude=["b", LineRange(5, 6)])
        select(store)
        assert claim_all(store) == "acf"
        assert excluded_lines(store) == ["line 3", "lines 5 to 6"]
        assert store.exclusions.read().pending_count == 3
        assert store.queue.remaining_count() == 3  # those that were claimed


def test_a_run_of_all_rows_is_not_a_selection() -> None:
    with six_rows() as store:
        # If it were one, each run would search the whole account again.
        select(store, exclude=["b"])
        assert store.queue.has_choice
        assert not store.queue.has_selection
        select(store, only=["a"])
        assert store.queue.has_selection


def test_excluded_rows_are_not_chosen_by_count_or_by_number() -> None:
    with six_rows() as store:
        select(store, exclude=["a", "b"])
        store.queue.choose_first(2)
        assert claim_all(store) == "cd"
        store.queue.choose_numbers([1, 2, 5])
        assert claim_all(store) == "e"


def test_adoption_preflight_and_rehearsal_leave_out_excluded_rows() -> None:
    with six_rows() as store:
        select(store, exclude=["a", LineRange(4, 7)])
        assert [row.reference_id for row in store.queue.pending_by_reference("abcdef")] == ["b"]
        assert [source.line for source in store.queue.pending_sources(0, 100)] == [3]
        assert [row.reference_id for row in store.queue.unfinished(100)] == ["b"]
        assert [row.line for row in store.queue.pending_rows(None)] == [3]


def test_a_failed_row_that_is_excluded_is_not_retried() -> None:
    with six_rows() as store:
        for failed in store.queue.claim(2, 2.0):
            store.queue.apply([StatusUpdate(failed.row_number, Status.FAILED)], 3.0)
        select(store, exclude=["a"])
        assert store.queue.retry_failed(4.0) == 1
        assert claim_all(store) == "bcdef"


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.CREATING])
def test_a_sent_row_that_created_no_video_is_not_sent_again(status: Status) -> None:
    with six_rows() as store:
        (sent,) = store.queue.claim(1, 2.0)
        store.queue.apply([StatusUpdate(sent.row_number, status)], 3.0)
        select(store, exclude=["a"])
        assert store.exclusions.read().sent.ranges == (LineRange(2, 2),)
        assert store.exclusions.read().unsent.count == 0
        store.queue.apply([StatusUpdate(sent.row_number, Status.PENDING)], 4.0)
        assert claim_all(store) == "bcdef"


@pytest.mark.parametrize(
    ("only", "released_count", "sent"),
    [
        (["b"], 1, "b"),
        ([LineRange(5, 5)], 1, "d"),
        ([LineRange(5, 6), "b"], 3, "bde"),
        ([LineRange(2, 7)], 0, "acf"),
        ([LineRange(2, 7), "b"], 1, "abcf"),
        (["a"], 0, "a"),
    ],
)
def test_a_selector_releases_its_rows_if_all_of_them_are_excluded(
    only: Selectors, released_count: int, sent: str
) -> None:
    with six_rows() as store:
        select(store, exclude=["b", LineRange(5, 6)])
        assert select(store, only=only) == released_count
        assert claim_all(store) == sent
        assert store.exclusions.read().unsent.count == 3 - released_count


def test_a_released_row_stays_released_and_the_account_is_searched_for_it() -> None:
    with six_rows() as store:
        select(store, exclude=["b", "c"])
        store.facts.save(facts.ACCOUNT_SEARCH.of(AccountSearch.DONE))
        select(store, only=["a"])
        assert store.facts.get(facts.ACCOUNT_SEARCH) is AccountSearch.DONE
        select(store, only=["b"])
        assert store.facts.get(facts.ACCOUNT_SEARCH) is AccountSearch.NOT_DONE
        select(store)
        assert claim_all(store) == "abdef"


def test_a_row_that_is_selected_and_excluded_is_excluded() -> None:
    with six_rows() as store:
        assert select(store, only=["a", "b"], exclude=["b"]) == 0
        assert claim_all(store) == "a"
        assert select(store, only=["b", "c"], exclude=["b"]) == 0
        assert claim_all(store) == "c"


def test_a_wrong_selector_changes_nothing() -> None:
    with six_rows() as store:
        with pytest.raises(UsageError, match="exclude='bb' is not the reference ID of any row"):
            select(store, exclude=["a", "bb"])
        assert store.exclusions.read() == NOTHING_EXCLUDED


def test_excluded_rows_stay_excluded_when_the_manifest_changes() -> None:
    with six_rows() as store:
        select(store, exclude=["b", "c", "d"])
        # `b` has an error, `c` is removed, and `d` has another URL.
        edited = [row("a", 2), row("b", 3, error="wrong"), row("d", 4, video="new"), row("g", 5)]
        store.load(edited, 2.0)
        select(store)
        assert excluded_lines(store) == ["lines 3 to 4"]
        assert store.exclusions.read().pending_count == 1
        store.load([row(name, line) for line, name in enumerate("abcdg", 2)], 3.0)
        select(store)
        assert claim_all(store) == "ag"
        assert excluded_lines(store) == ["lines 3 to 5"]


def test_an_excluded_row_with_a_new_reference_id_stays_excluded() -> None:
    with six_rows() as store:
        select(store, exclude=["b"])
        store.load([row("a", 2), row("B-2", 3, video="b")], 2.0)
        select(store)
        assert claim_all(store) == "a"
        assert excluded_lines(store) == ["line 3"]
        assert select(store, only=["B-2"]) == 1
        select(store)
        assert claim_all(store) == "B-2"


def test_a_copy_of_the_job_has_the_exclusions() -> None:
    with six_rows() as store:
        select(store, exclude=["b"])
        with store.copy() as copy:
            select(copy)
            assert claim_all(copy) == "acdef"


def test_only_the_first_ten_ranges_of_excluded_rows_are_listed() -> None:
    with Store(None) as store:
        store.load([row(f"r{line}", line) for line in range(2, 2_002)], 1.0)
        select(store, exclude=[LineRange(line, line) for line in range(2, 2_002, 2)])
        unsent = store.exclusions.read().unsent
        assert (unsent.count, len(unsent.ranges), unsent.has_all) == (1_000, 10, False)
        assert store.queue.claimable_count() == 1_000
