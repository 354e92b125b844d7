"""The validated rows of a chunk, ready to be stored in the job database. No I/O.

The values stay in columns, and an object for a row is created only when the caller iterates. This
module must not know any rule.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import overload

from batch_import.addresses.urls import canonical_url
from batch_import.manifest.columns.candidates import heading_of
from batch_import.manifest.problem_collector import join_problems
from batch_import.manifest.read import Chunk
from batch_import.manifest.reference import generate_reference_id
from batch_import.models import ManifestRow, Problem, VideoSource


@dataclass(frozen=True, slots=True)
class FieldColumns:
    """The validated values of the rows of a chunk. Each sequence has one value per row.

    Attributes:
        references: reference IDs, from the manifest or generated; empty if a row has none.
        own_ids: reference IDs in the manifest; empty if a row has none.
        urls: source URLs; empty if a row has none.
        titles: titles; empty if a row has none.
        extensions: file extensions; empty if a row has none.
        expiries: index of each row with a signed URL that expires → its expiry in epoch seconds.
        stripped_urls: source URLs without signatures.
    """

    references: Sequence[str]
    own_ids: Sequence[str]
    urls: Sequence[str]
    titles: Sequence[str]
    extensions: Sequence[str]
    expiries: Mapping[int, float]
    stripped_urls: Sequence[str]


class Rows(Sequence[ManifestRow]):
    """The rows of a chunk, in file order.

    Args:
        chunk: the rows as they were read.
        columns: the validated values of these rows.
        without_identity: indexes of rows that cannot be recognized by their reference ID in a later
            version of the manifest, because the ID is invalid or belongs to an earlier row.
        errors: index of each row that must not be sent → the errors of the row.
        fixes: index of a row and position of a column → the corrected cell.
    """

    def __init__(
        self,
        chunk: Chunk,
        columns: FieldColumns,
        without_identity: frozenset[int],
        errors: Mapping[int, Sequence[Problem]],
        fixes: Mapping[tuple[int, int], str] = MappingProxyType({}),
    ) -> None:
        self._chunk = chunk
        self._columns = columns
        self._without_identity = without_identity
        self.errors = errors
        self.fixes = fixes

    def __len__(self) -> int:
        return len(self._chunk.lines)

    def __iter__(self) -> Iterator[ManifestRow]:
        columns = self._columns
        fields = zip(
            self._chunk.lines,
            columns.references,
            columns.own_ids,
            columns.urls,
            columns.titles,
            columns.extensions,
            columns.stripped_urls,
            zip(*self._cells(), strict=True),
            strict=True,
        )
        for index, row in enumerate(fields):
            line, reference, own_id, url, title, extension, stripped_url, cells = row
            problems = self.errors.get(index, ())
            has_identity = bool(reference) and index not in self._without_identity
            is_generated = bool(reference) and not own_id
            yield ManifestRow(
                line,
                reference,
                reference if has_identity else None,
                url,
                title,
                extension,
                cells,
                join_problems(problems),
                columns.expiries.get(index, math.inf),
                tuple(problem.code for problem in problems),
                has_own_id=bool(own_id),
                address=canonical_url(url),
                stripped_address=stripped_url,
                stripped_reference=generate_reference_id(stripped_url) if is_generated else "",
            )

    def _cells(self) -> list[list[str]]:
        """Return the unchanged cells of each column of the manifest."""
        frame = self._chunk.frame
        return [frame[position].tolist() for position in frame.columns]

    @property
    def lines(self) -> Sequence[int]:
        """The number of the first line of each row in the file, from 1."""
        return self._chunk.lines

    def corrected_cells(self) -> Iterator[tuple[int, tuple[str, ...] | None]]:
        """Yield the line number and the cells of each row, with all safe corrections.

        The cells are None if it is unclear which cell of the row belongs to which column.
        """
        columns = self._cells()
        for (index, position), fix in self.fixes.items():
            columns[position][index] = fix
        rows = zip(*columns, strict=True)
        for index, (line, cells) in enumerate(zip(self.lines, rows, strict=True)):
            yield line, None if index in self._chunk.faults else cells

    def count_correctable_cells(self, header: Sequence[str], problems: Sequence[Problem]) -> int:
        """Return how many cells with one of these problems have a certain correction.

        Args:
            header: names of all columns.
            problems: problems of these rows.
        """
        cells_with_problem = {(problem.line, problem.column) for problem in problems}
        return sum(
            (self.lines[index], heading_of(header[position], position)) in cells_with_problem
            for index, position in self.fixes
        )

    def add_ids_and_titles(self, problems: Sequence[Problem]) -> Iterator[Problem]:
        """Yield problems of these rows, completed by the reference ID and the title of the row."""
        if not problems:
            return
        columns = self._columns
        ids_and_titles = zip(columns.own_ids, columns.titles, strict=True)
        by_line = dict(zip(self.lines, ids_and_titles, strict=True))
        for problem in problems:
            reference_id, title = by_line[problem.line]
            yield replace(problem, reference_id=reference_id, filename=title)

    def sources(self) -> Iterator[VideoSource]:
        """Yield the source of the video of each row that may be sent."""
        columns = self._columns
        fields = zip(
            self._chunk.lines, columns.urls, columns.extensions, columns.own_ids, columns.titles,
            strict=True,
        )  # fmt: skip
        for index, (line, url, extension, own_id, title) in enumerate(fields):
            if index not in self.errors:
                yield VideoSource(line, url, extension, 0, own_id, title)

    @overload
    def __getitem__(self, index: int) -> ManifestRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ManifestRow]: ...
    def __getitem__(self, index: int | slice) -> ManifestRow | Sequence[ManifestRow]:
        return list(self)[index]
