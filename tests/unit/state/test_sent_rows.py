"""Rows of two jobs with the same URL."""

from collections.abc import Iterable

import pytest

from batch_import.state.sent_rows import rows_sent_elsewhere


class FakeConnection:
    """The database of a job with rows (URL and reference ID), which are pending or were sent."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._rows = sorted(rows)

    def stream(
        self, statement: str, _parameters: object = ()
    ) -> Iterable[tuple[int, str, str, int]]:
        is_sent = "'imported'" in statement
        return ((line, *row, int(is_sent)) for line, row in enumerate(self._rows, 2))


@pytest.mark.parametrize(
    ("waiting", "sent", "found"),
    [
        ([("u1", "a")], [("u1", "b")], [("a", "b")]),
        ([("u1", "a")], [("u1", "a")], []),
        ([("u1", "a")], [("u2", "b")], []),
        ([("u1", "a")], [], []),
        # The same URL is in several rows: a row is found only if its own ID was not sent.
        ([("u1", "a"), ("u1", "b")], [("u1", "a"), ("u1", "b")], []),
        ([("u1", "a"), ("u1", "c")], [("u1", "a"), ("u1", "b")], [("c", "a")]),
        (
            [("u1", "a"), ("u3", "c")],
            [("u1", "b"), ("u2", "x"), ("u3", "d")],
            [("a", "b"), ("c", "d")],
        ),
    ],
)
def test_rows_that_another_job_has_sent_under_other_ids_are_found(
    waiting: list[tuple[str, str]], sent: list[tuple[str, str]], found: list[tuple[str, str]]
) -> None:
    pairs = rows_sent_elsewhere(FakeConnection(waiting), FakeConnection(sent))  # type: ignore[arg-type]
    assert [(row.reference_id, other.reference_id) for row, other in pairs] == found
