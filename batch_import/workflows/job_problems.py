"""Problems of rows that only the job shows, not the manifest alone."""

from collections.abc import Iterator

from batch_import.models import POSSIBLE_DUPLICATE_CODE, Problem
from batch_import.state.corrections import DuplicateId
from batch_import.state.reader import Reader


def duplicate_problem(found: DuplicateId, column: str) -> Problem:
    """Returns the problem of a corrected row whose reference ID another row of the job has.

    Args:
        column: name of the column of reference IDs.
    """
    return Problem(
        found.line,
        column,
        "duplicate-reference",
        f"the reference id is a duplicate of the ID on line {found.first_line} of the job",
        found.reference_id,
        "Give every row a reference id of its own.",
        reference_id=found.reference_id,
    )


def held_problems(reader: Reader, column: str) -> Iterator[Problem]:
    """Yields a problem for each row that waits for a decision by the user.

    Args:
        column: name of the column of source URLs.
    """
    hint = "Run the import again and say whether it is the same video: same-videos yes or no."
    for row in reader.possible_duplicates():
        yield Problem(
            row.line,
            column,
            POSSIBLE_DUPLICATE_CODE,
            row.reason,
            row.source_url,
            hint,
            filename=row.title,
        )
