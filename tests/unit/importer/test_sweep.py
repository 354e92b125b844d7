"""Where rows stand in the list, and which page is worth a call."""

from itertools import pairwise

from batch_import.importer.flight import InFlight
from batch_import.importer.sightings import ListedTime, Visibility
from batch_import.importer.sweep import Sweep

from batch_import.importer.pages import Pages
from batch_import.models import Row, Status


class Account:
    """Rows created one after the other; the list shows them all at once, newest first."""

    def __init__(self, many: int, every: float = 0.05, *, known: bool = True) -> None:
        self.listed, self.visibility = ListedTime(), Visibility()
        if known:
            for _ in range(200):
                self.listed.done(2.0, 3.0)
        self.visibility.early = True
        self.sweep = Sweep(Pages(30.0), 30.0, self.listed, self.visibility)
        self.rows = []
        for n in range(many):
            row = Row(n, f"r{n}", "u", "t", "mp4", Status.PROCESSING)
            self.rows.append(InFlight(row, Status.PROCESSING, 0.0, n * every, n * every))
            self.sweep.add(self.rows[-1])
        self.now = many * every

    def places(self, page: int, foreign: int = 0) -> dict[int, int]:
        """Where rows stand that a page shows, with media of others above them."""
        newest_first = [None] * foreign + [row.number for row in reversed(self.rows)]
        first = (page - 1) * 100
        shown = enumerate(newest_first[first : first + 100], start=first)
        return {number: place for place, number in shown if number is not None}


def test_the_oldest_page_promises_most_while_rows_are_created() -> None:
    account = Account(500)
    assert account.sweep.best(account.now, (), creating=True) in (2, 3, 4, 5)
    young = Account(60)
    assert young.sweep.best(young.now, (), creating=True) is None


def test_a_page_under_way_is_not_read_again() -> None:
    account = Account(200)
    first = account.sweep.best(account.now, (), creating=True)
    assert first is not None
    assert account.sweep.best(account.now, {first}, creating=True) != first


def test_the_media_of_others_are_learned() -> None:
    account = Account(300)
    oldest = account.rows[0]
    account.sweep.best(account.now, (), creating=False)
    assert account.sweep.page_of(oldest) == 3
    for page in (1, 2, 3):
        account.sweep.looked(page, account.places(page, foreign=80), last=False)
    assert account.sweep.page_of(oldest) == 4


def test_rows_are_searched_for_further_down_when_a_page_shows_only_others() -> None:
    account = Account(100)
    account.sweep.best(account.now, (), creating=False)
    assert account.sweep.page_of(account.rows[0]) == 1
    account.sweep.looked(1, {}, last=False)
    assert account.sweep.page_of(account.rows[0]) == 2
    account.sweep.looked(2, {}, last=True)
    assert account.sweep.page_of(account.rows[0]) == 1


def test_rows_that_left_between_those_in_flight_keep_their_places() -> None:
    account = Account(1)
    late = InFlight(
        Row(900, "late", "u", "t", "mp4", Status.PROCESSING), Status.PROCESSING, 0.0, 9.0, 9.0
    )
    account.sweep.add(late, between=250)
    account.sweep.best(10.0, (), creating=False)
    assert account.sweep.page_of(account.rows[0]) == 3
    assert account.sweep.page_of(late) == 1


def test_looks_come_apart_more_and_more_while_nothing_is_known() -> None:
    account = Account(20, every=0.0, known=False)
    looks = []
    for tenth in range(3000):
        page = account.sweep.best(tenth / 10, (), creating=False)
        if page is not None:
            looks.append(tenth / 10)
            for row in account.rows:
                account.sweep.told(row, tenth / 10)
    gaps = [later - sooner for sooner, later in pairwise(looks)]
    assert looks[0] == 2.0
    assert len(looks) < 12
    assert gaps[:5] == sorted(gaps[:5])


def test_only_rows_that_were_surely_created_in_between_are_covered() -> None:
    account = Account(3, every=10.0)
    wide = account.rows[1]
    wide.left, wide.ended = 5.0, 15.0
    assert account.sweep.created_between(0.0, 20.0) == account.rows
    assert wide not in account.sweep.created_between(6.0, 20.0)
    assert wide not in account.sweep.created_between(0.0, 14.0)
