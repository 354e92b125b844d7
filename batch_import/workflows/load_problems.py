"""Problems that are only known when a manifest is loaded, not when one of its cells is checked.

They concern the whole file, or rows of the job that the manifest does not show.
"""

from collections.abc import Iterator

from batch_import.manifest.columns.mapping import ColumnMapping
from batch_import.manifest.read import Manifest
from batch_import.manifest.rules.violation import warning
from batch_import.models import POSSIBLE_DUPLICATE_CODE, Problem
from batch_import.state.corrections import DuplicateId
from batch_import.state.reader import Reader


def duplicate_problem(duplicate: DuplicateId, column: str) -> Problem:
    """Create the problem of a corrected row whose reference ID another row of the job has."""
    return Problem(
        duplicate.line,
        column,
        "duplicate-reference",
        f"the reference id is a duplicate of the ID on line {duplicate.first_line} of the job",
        duplicate.reference_id,
        "Give every row a reference id of its own.",
        reference_id=duplicate.reference_id,
    )


def held_problems(reader: Reader, column: str) -> Iterator[Problem]:
    """Yield a problem for each held row.

    A held row was added to the manifest, and is not sent until the user decides, because it may be
    the same video as a row that was removed from the manifest.
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


def file_problems(manifest: Manifest, mapping: ColumnMapping) -> Iterator[Problem]:
    """Yield a problem for each hidden column that is used, then the problems of the whole file.

    The problem of a column is reported on line 1.
    """
    content = manifest.content
    for position in mapping.positions:
        if position is None or position not in content.hidden_columns:
            continue
        violation = warning(
            "column-hidden",
            "this column is hidden in the workbook",
            "Show it there, and check whether it is the right column.",
        )
        yield violation.problem(1, manifest.header[position], "")
    yield from content.problems
