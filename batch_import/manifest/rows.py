"""The rows of a chunk, ready to be stored. A row is created only when it is used. No I/O.

This module must not know any rule.
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
    """What the rows of a chunk hold, field by field.

    Attributes:
        own: referenceIds that the manifest gives; blank where one was made.
        ends: index of each row whose URL stops working → when, in epoch seconds.
        stripped: the addresses without what signs them.
    """

    references: Sequence[str]
    own: Sequence[str]
    urls: Sequence[str]
    names: Sequence[str]
    extensions: Sequence[str]
    ends: Mapping[int, float]
    stripped: Sequence[str]


class Rows(Sequence[ManifestRow]):
    """The rows of a chunk.

    Args:
        unnamed: indexes of rows whose referenceId belongs to an earlier row.
        errors: index of each row that is not to be sent → the problems that keep it from that.
        fixes: index of a row and position of a column → the cell as it should be.
    """

    def __init__(
        self,
        chunk: Chunk,
        columns: FieldColumns,
        unnamed: frozenset[int],
        errors: Mapping[int, Sequence[Problem]],
        fixes: Mapping[tuple[int, int], str] = MappingProxyType({}),
    ) -> None:
        self._chunk = chunk
        self._columns = columns
        self._unnamed = unnamed
        self.errors = errors
        self.fixes = fixes

    def __len__(self) -> int:
        return len(self._chunk.lines)

    def __iter__(self) -> Iterator[ManifestRow]:
        columns = self._columns
        cells = [self._chunk.frame[position].tolist() for position in self._chunk.frame.columns]
        fields = zip(
            self._chunk.lines,
            columns.references,
            columns.own,
            columns.urls,
            columns.names,
            columns.extensions,
            columns.stripped,
            zip(*cells, strict=True),
            strict=True,
        )
        for at, (line, reference, own, url, name, extension, plain, row) in enumerate(fields):
            problems = self.errors.get(at, ())
            yield ManifestRow(
                line,
                reference,
                None if at in self._unnamed else reference or None,
                url,
                name,
                extension,
                row,
                join_problems(problems),
                columns.ends.get(at, math.inf),
                tuple(problem.code for problem in problems),
                has_own_id=bool(own),
                address=canonical_url(url),
                stripped_address=plain,
                stripped_reference="" if own or not reference else generate_reference_id(plain),
            )

    @property
    def lines(self) -> Sequence[int]:
        """The first line of each row in the file."""
        return self._chunk.lines

    def fixed(self) -> Iterator[tuple[int, tuple[str, ...] | None]]:
        """Each row's line and cells, corrected where that is beyond doubt.

        None for the cells of a row that cannot be trusted.
        """
        cells = [self._chunk.frame[position].tolist() for position in self._chunk.frame.columns]
        for (at, position), fix in self.fixes.items():
            cells[position][at] = fix
        for at, (line, row) in enumerate(
            zip(self._chunk.lines, zip(*cells, strict=True), strict=True)
        ):
            yield line, None if at in self._chunk.faults else row

    def correctable_count(self, header: Sequence[str], problems: Sequence[Problem]) -> int:
        """Returns how many cells with one of these problems have a certain correction."""
        cells = {(problem.line, problem.column) for problem in problems}
        return sum(
            (self.lines[at], heading_of(header[position], position)) in cells
            for at, position in self.fixes
        )

    def named(self, problems: Sequence[Problem]) -> Iterator[Problem]:
        """Yield problems of these rows with the reference ID and the title of their row."""
        if not problems:
            return
        columns = self._columns
        names = dict(zip(self.lines, zip(columns.own, columns.names, strict=True), strict=True))
        for problem in problems:
            reference_id, filename = names[problem.line]
            yield replace(problem, reference_id=reference_id, filename=filename)

    def sources(self) -> Iterator[VideoSource]:
        """Where the videos of the rows that may be sent are to be fetched from."""
        columns = self._columns
        fields = zip(
            self._chunk.lines, columns.urls, columns.extensions, columns.own, columns.names,
            strict=True,
        )  # fmt: skip
        for at, (line, url, extension, own, name) in enumerate(fields):
            if at not in self.errors:
                yield VideoSource(line, url, extension, 0, own, name)

    @overload
    def __getitem__(self, index: int) -> ManifestRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ManifestRow]: ...
    def __getitem__(self, index: int | slice) -> ManifestRow | Sequence[ManifestRow]:
        return list(self)[index]
