"""Read the records of a nested file in blocks. This module must not know the format's syntax."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.readers import renditions
from batch_import.manifest.readers.nested_records import (
    JsonRecord,
    RecordBatch,
    Walk,
    flatten,
    text_of,
)
from batch_import.manifest.readers.record import (
    BLOCK_RECORDS,
    Block,
    Content,
    Record,
    make_block,
)
from batch_import.manifest.readers.record_choice import RecordChoice
from batch_import.manifest.readers.record_survey import InheritedColumn


def read(name: str, form: str, walk: Walk, options: ReadingOptions) -> Content:
    """Choose the records of a nested file, and find their keys.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """
    choice = RecordChoice(name, walk, options)
    header = choice.header()
    place = ".".join(choice.paths[0])
    return Content(
        f"{form}, records at {place}" if place else form,
        header,
        lambda: _Reading(choice, header).blocks(walk),
        choice.notes,
    )


class _Reading:
    """One pass over all records.

    Several files of one video are collected, until all of them were read.
    """

    def __init__(self, choice: RecordChoice, header: Sequence[str]) -> None:
        self._choice = choice
        self._header = header
        self._records: list[Record] = []
        self._files: list[tuple[JsonRecord, dict[str, str]]] = []

    def blocks(self, walk: Walk) -> Iterator[Block]:
        for found in walk(self._choice.inside, self._choice.outer):
            if isinstance(found, RecordBatch):
                block = self._simple(found)
                if block:
                    yield from self._gathered(0)
                    yield block
                    continue
            for one in found.each() if isinstance(found, RecordBatch) else (found,):
                self._add(one)
            yield from self._gathered(BLOCK_RECORDS)
        yield from self._gathered(0)

    def _gathered(self, least: int) -> Iterator[Block]:
        if not least:
            self._flush()
        if self._records and len(self._records) >= least:
            records, self._records = self._records, []
            yield make_block(records, len(self._header), comments=False)

    # Many at a time ---------------------------------------------------------------------------

    def _simple(self, batch: RecordBatch) -> Block | None:
        """All records of a batch at once; None if they must be read one by one.

        They can be read at once if they have the same columns from enclosing objects, are not
        files of one video, and their first cell is not blank.
        """
        shapes = set(map(tuple, batch.records))
        every_inherited = {self._choice.inherited_by_batch(batch, keys) for keys in shapes}
        inherited = every_inherited.pop()
        first = JsonRecord(batch.path, 0, batch.records[0], batch.around)
        if every_inherited or inherited is None or self._choice.is_rendition(first, first.members):
            return None
        count = len(batch.records)
        columns: dict[str, Sequence[object]] = {}
        if len(shapes) == 1:
            cells = zip(*map(dict.values, batch.records), strict=True)
            columns = dict(zip(batch.records[0], cells, strict=True))
        else:
            for key in dict.fromkeys(key for keys in shapes for key in keys):
                columns[key] = [members.get(key, "") for members in batch.records]
        columns |= {one.key: (self._inherited_value(first, one),) * count for one in inherited}
        blank = ("",) * count
        block = [_texts(columns.get(key, blank)) for key in self._header]
        return Block(batch.lines(), block) if all(map(str.strip, block[0])) else None

    # One by one -------------------------------------------------------------------------------

    def _add(self, found: JsonRecord) -> None:
        cells = flatten(found.members)
        inherited = self._choice.inherited(found, cells)
        if inherited is None:
            return
        is_file = self._choice.is_rendition(found, cells)
        if self._files and not (is_file and _is_beside(self._files[-1][0], found)):
            self._flush()
        for one in inherited:
            cells[one.key] = self._inherited_value(found, one)
        if is_file:
            self._files.append((found, cells))
        else:
            self._keep(found, cells)

    def _inherited_value(self, found: JsonRecord, inherited: InheritedColumn) -> str:
        around = found.around
        while around:
            members: Mapping[str, object] = (
                around.plain if inherited.is_title_or_id else around.cells
            )
            if inherited.key in members:
                return text_of(members[inherited.key])
            around = around.outer
        return text_of(self._choice.around(found.path).get(inherited.key))

    def _flush(self) -> None:
        """Choose one of several files of a video; if that is not possible, all are a problem."""
        files, self._files = self._files, []
        if len(files) > 1:
            own = [flatten(found.members) for found, _ in files]
            best = renditions.choose_file(own)
            if best is None:
                fault = renditions.unclear_choice_fault(
                    [found.line for found, _ in files], " ".join(filter(None, own[0].values()))
                )
                files = [(replace(found, fault=found.fault or fault), c) for found, c in files]
            else:
                files = [files[best]]
        for found, cells in files:
            self._keep(found, cells)

    def _keep(self, found: JsonRecord, cells: Mapping[str, str]) -> None:
        row = [cells.get(key, "") for key in self._header]
        self._records.append((found.line, row, found.fault))


def _is_beside(one: JsonRecord, other: JsonRecord) -> bool:
    return one.path == other.path and one.around is other.around


def _texts(cells: Sequence[Any]) -> Sequence[str]:
    with suppress(TypeError):
        "".join(cells)  # the fastest check that all of them are texts
        return cells
    return [text_of(cell) for cell in cells]
