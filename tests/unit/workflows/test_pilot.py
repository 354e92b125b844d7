"""Which rows are in a pilot."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.cli.messages import print_pilot
from batch_import.configuration.settings import Settings
from batch_import.models import ManifestColumns, ManifestRow, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.workflows.pilot import Pilot, RowTraits, choose_pilot, choose_rows, end_pilot

KINDS = st.builds(
    RowTraits, st.sampled_from("abcd"), st.sampled_from(["mp4", "mov", "avi"]),
    st.sampled_from([None, 6, 9]),
)  # fmt: skip


def numbered(kinds: Sequence[RowTraits]) -> Callable[[], Iterable[tuple[int, RowTraits]]]:
    return lambda: iter(enumerate(kinds, 1))


@given(st.lists(KINDS, max_size=60), st.integers(1, 40))
def test_a_pilot_has_the_requested_number_of_different_rows(
    kinds: list[RowTraits], limit: int
) -> None:
    chosen = list(choose_rows(numbered(kinds), limit))
    assert len(chosen) == min(limit, len(kinds))
    assert chosen == sorted(set(chosen))
    assert chosen == list(choose_rows(numbered(kinds), limit))


@given(st.lists(KINDS, max_size=60))
def test_ten_rows_include_each_host_extension_and_size(kinds: list[RowTraits]) -> None:
    rows = [kinds[number - 1] for number in choose_rows(numbered(kinds), 10)]
    for part in ("host", "extension", "magnitude"):
        assert {getattr(r, part) for r in rows} == {getattr(kind, part) for kind in kinds}


def test_a_rare_kind_is_included() -> None:
    usual, rare = RowTraits("a", "mp4", None), RowTraits("b", "mov", None)
    kinds = [*[usual] * 1_000, rare, *[usual] * 1_000]
    chosen = choose_rows(numbered(kinds), 5)
    assert 1_001 in chosen
    # The other rows are evenly spaced.
    assert [number for number in chosen if number != 1_001] == [251, 751, 1_252, 1_752]


def test_another_extension_is_included_if_there_are_more_hosts_than_rows() -> None:
    kinds = [RowTraits(f"host-{n % 50}", "mp4", None) for n in range(500)]
    kinds[77] = RowTraits("host-27", "mov", None)
    rows = [kinds[number - 1] for number in choose_rows(numbered(kinds), 10)]
    assert Counter(row.extension for row in rows)["mov"] == 1
    assert len({row.host for row in rows}) == 10


@pytest.fixture
def store() -> Iterable[Store]:
    columns = ManifestColumns(("link", "File size"), (0, None, None, None))
    sizes = {1: "900 kB", 2: "1,200,000", 3: "unknown", 4: "7 GB"}
    rows = [
        ManifestRow(n + 1, f"r{n}", f"r{n}", f"https://h.test/{n}", f"T{n}", "mp4",
                    (f"https://h.test/{n}", sizes.get(n, "1 MB")))
        for n in range(1, 13)
    ]  # fmt: skip
    with Store(None) as opened:
        opened.load(rows, 1.0, columns)
        yield opened


def claim_all(store: Store) -> list[int]:
    return [row.row_number for row in store.queue.claim(100, 2.0)]


def test_sizes_are_read_from_the_column_of_the_manifest(store: Store) -> None:
    pilot = choose_pilot(store, Settings(limit=4))
    assert pilot
    assert {row.reason for row in pilot.examples} == {
        "h.test, mp4, 0.1 MB or more", "h.test, mp4, 1 MB or more", "h.test, mp4",
        "h.test, mp4, 1000 MB or more",
    }  # fmt: skip
    assert pilot.differences == ("sizes",)
    assert len(claim_all(store)) == 4


def pilot_of(*kinds: RowTraits, limit: int = 10) -> Pilot:
    rows = [
        ManifestRow(n, f"r{n}", f"r{n}", f"https://{kind.host}/{n}", "T", kind.extension, ())
        for n, kind in enumerate(kinds, 2)
    ]
    with Store(None) as opened:
        opened.load(rows, 1.0)
        pilot = choose_pilot(opened, Settings(limit=limit))
    assert pilot
    return pilot


def test_a_pilot_names_only_the_traits_that_differ() -> None:
    one, host = RowTraits("a", "mp4", None), RowTraits("b", "mp4", None)
    extension = RowTraits("a", "mov", None)
    assert pilot_of(one, one).differences == ()
    assert pilot_of(one, host).differences == ("hosts",)
    assert pilot_of(one, one, extension).differences == ("extensions",)
    assert pilot_of(one, host, extension).differences == ("hosts", "extensions")
    # The rows of the pilot count, not those that it leaves out.
    assert pilot_of(one, host, limit=1).differences == ()


@pytest.mark.parametrize(
    ("differences", "text"),
    [
        ((), "Pilot of 12 rows, evenly spaced:"),
        (("hosts",), "Pilot of 12 rows, with different hosts:"),
        (("hosts", "sizes"), "Pilot of 12 rows, with different hosts and sizes:"),
        (
            ("hosts", "extensions", "sizes"),
            "Pilot of 12 rows, with different hosts, extensions and sizes:",
        ),
    ],
)
def test_the_message_says_in_what_the_rows_differ(
    differences: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_pilot(Pilot(12, is_continued=False, examples=(), differences=differences))
    assert capsys.readouterr().out.splitlines()[0] == text
    print_pilot(Pilot(1, is_continued=False, examples=()))
    assert capsys.readouterr().out.splitlines()[0] == "Pilot of 1 row:"


def test_an_interrupted_pilot_continues_with_the_same_rows(store: Store) -> None:
    settings = Settings(limit=4)
    choose_pilot(store, settings)
    first = claim_all(store)
    store.queue.apply([StatusUpdate(first[0], Status.IMPORTED)], 3.0)
    store.queue.apply([StatusUpdate(number, Status.PENDING) for number in first[2:]], 3.0)
    store.queue.choose(())
    pilot = choose_pilot(store, settings)
    assert pilot
    assert (pilot.is_continued, pilot.count) == (True, 4)
    # One of these rows is still in flight: the run ends only after it.
    assert store.queue.remaining_count() == 3
    assert claim_all(store) == first[2:]


@pytest.mark.parametrize(
    "other",
    [Settings(limit=3), Settings(limit=4, only=("r7",)), Settings(limit=4, exclude=("r7",))],
)
def test_a_pilot_with_other_settings_chooses_again(store: Store, other: Settings) -> None:
    choose_pilot(store, Settings(limit=4))
    store.queue.choose(other.only)
    pilot = choose_pilot(store, other)
    assert pilot
    assert not pilot.is_continued


def test_a_new_pilot_has_other_rows_than_a_finished_one(store: Store) -> None:
    settings = Settings(limit=4)
    choose_pilot(store, settings)
    first = claim_all(store)
    end_pilot(store)
    store.queue.choose(())
    choose_pilot(store, settings)
    assert not set(first) & set(claim_all(store))


def test_there_is_no_pilot_without_a_limit(store: Store) -> None:
    assert choose_pilot(store, Settings(first=2)) is None
    assert not store.queue.has_choice
