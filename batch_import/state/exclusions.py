"""Excluded rows: rows that no run sends until the user selects them again.

The job database stores their numbers, so that a later run without any option does not send them.
`Queue` leaves them out of every choice of rows. This module must not know what a run does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.models import LineRange, Status
from batch_import.state import choice, choice_statements, facts, statements
from batch_import.state.connection import Connection
from batch_import.state.facts import AccountSearch, Facts, fact_parameters

#: Number of rows that one statement reads. SQLite allows 32,766 parameters.
_ROWS_PER_STATEMENT: Final = 500
#: Maximum number of line ranges that are listed. More would not fit into a few lines of text.
_MAX_LISTED_RANGES: Final = 10
_SENT: Final = frozenset((Status.CREATING, Status.PROCESSING, Status.UNKNOWN, Status.IMPORTED))


@dataclass(frozen=True, slots=True)
class LineSummary:
    """Some rows of the manifest, by the lines on which they begin.

    Attributes:
        count: number of rows.
        ranges: the first few ranges of lines. No other row begins on these lines.
        has_all: whether `ranges` has all rows.
    """

    count: int = 0
    ranges: tuple[LineRange, ...] = ()
    has_all: bool = True


#: No rows.
NO_LINES: Final = LineSummary()


@dataclass(frozen=True, slots=True)
class ExcludedRows:
    """The excluded rows of a job that are in its manifest.

    Attributes:
        unsent: the rows that have no video in the account. No run sends them.
        sent: the rows that were sent before they were excluded.
        pending_count: number of rows in `unsent` that have no error.
        released_count: number of rows that `Exclusions.update` has released.
    """

    unsent: LineSummary = NO_LINES
    sent: LineSummary = NO_LINES
    pending_count: int = 0
    released_count: int = 0


#: Value of `Exclusions.read` if no row is excluded.
NOTHING_EXCLUDED: Final = ExcludedRows()


class Exclusions:
    """The excluded rows of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._facts = Facts(connection)
        self._released_count = 0

    def update(self, only: Sequence[LineRange | str], exclude: Sequence[LineRange | str]) -> None:
        """Release the rows that are selected for a run, and exclude other rows.

        Args:
            only: selectors of the rows that the run may send. A selector releases its rows if all
                of them are excluded. Otherwise a long range of lines, for which nobody had single
                rows in mind, would release the excluded rows in it.
            exclude: selectors of the rows to exclude. They are excluded even if `only` selects
                them.

        Raises:
            UsageError: no row matches one of the selectors. Nothing has changed.
        """
        self._released_count = 0
        stored = frozenset(self._numbers())
        previous = self._with_renamed_rows(stored)
        if not previous and not exclude:
            return
        with self._connection.transaction() as db:
            released: frozenset[int] = frozenset()
            for numbers in choice.find_numbers(db, only, "only"):
                released |= numbers if numbers <= previous else frozenset()
            added = frozenset[int]().union(*choice.find_numbers(db, exclude, "exclude"))
            current = previous - released | added
            changes = [] if current == stored else [facts.EXCLUDED_ROWS.of(sorted(current))]
            if previous - current:
                # The account was not searched for the videos of these rows.
                changes.append(facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE))
            db.executemany(statements.SAVE_FACT, fact_parameters(changes))
        self._released_count = len(previous - current)

    def _with_renamed_rows(self, numbers: frozenset[int]) -> frozenset[int]:
        """Replace excluded rows that are no longer in the manifest by rows with the same video.

        If a user edits the reference ID of an excluded row in the manifest, the row is removed, and
        a new row is added. Without this, a run would send the new row.
        """
        result = set(numbers)
        for batch in _batches(sorted(numbers)):
            statement = choice_statements.renamed_rows(len(batch))
            for removed_number, new_number in self._connection.rows(statement, batch):
                result.discard(removed_number)
                result.add(new_number)
        return frozenset(result)

    def has(self, number: int) -> bool:
        """Whether the row with this number in the job database is excluded."""
        return number in self._numbers()

    def _numbers(self) -> list[int]:
        return self._facts.get(facts.EXCLUDED_ROWS)

    def read(self) -> ExcludedRows:
        """Returns the excluded rows that are in the manifest."""
        rows = sorted(self._rows())
        return ExcludedRows(
            _summarize((position, line) for position, line, status in rows if status not in _SENT),
            _summarize((position, line) for position, line, status in rows if status in _SENT),
            sum(status == Status.PENDING for _, _, status in rows),
            self._released_count,
        )

    def _rows(self) -> Iterator[tuple[int, int, str]]:
        """Yields position in the manifest, line number and status of each excluded row."""
        for numbers in _batches(self._numbers()):
            yield from self._connection.rows(choice_statements.excluded_rows(len(numbers)), numbers)


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _ROWS_PER_STATEMENT):
        yield numbers[start : start + _ROWS_PER_STATEMENT]


def _summarize(rows: Iterable[tuple[int, int]]) -> LineSummary:
    """Summarize rows, given by position and line, in the order of their positions."""
    count = 0
    ranges: list[LineRange] = []
    next_position: int | None = None
    for position, line in rows:
        count += 1
        if position == next_position:
            ranges[-1] = LineRange(ranges[-1].first, line)
        else:
            ranges.append(LineRange(line, line))
        next_position = position + 1
    listed = tuple(ranges[:_MAX_LISTED_RANGES])
    return LineSummary(count, listed, has_all=len(ranges) == len(listed))
