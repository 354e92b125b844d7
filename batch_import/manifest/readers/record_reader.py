"""Read the records of a nested file in blocks. This module must not know the format's syntax."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.readers import renditions
from batch_import.manifest.readers.nested_records import JsonRecord, Run, Walk, flat, text_of
from batch_import.manifest.readers.record import (
    BLOCK_RECORDS,
    Block,
    Content,
    Record,
    block_of,
)
from batch_import.manifest.readers.record_choice import RecordChoice
from batch_import.manifest.readers.record_survey import Lent


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
            if isinstance(found, Run):
                block = self._simple(found)
                if block:
                    yield from self._gathered(0)
                    yield block
                    continue
            for one in found.each() if isinstance(found, Run) else (found,):
                self._add(one)
            yield from self._gathered(BLOCK_RECORDS)
        yield from self._gathered(0)

    def _gathered(self, least: int) -> Iterator[Block]:
        if not least:
            self._flush()
        if self._records and len(self._records) >= least:
            records, self._records = self._records, []
            yield block_of(records, len(self._header), comments=False)

    # Many at a time ---------------------------------------------------------------------------

    def _simple(self, run: Run) -> Block | None:
        """All records of a run at once; None if they must be read one by one.

        They can be read at once if they have the same columns from enclosing objects, are not
        files of one video, and their first cell is not blank.
        """
        shapes = set(map(tuple, run.records))
        every_lent = {self._choice.lent_to_run(run, keys) for keys in shapes}
        lent = every_lent.pop()
        first = JsonRecord(run.path, 0, run.records[0], run.around)
        if every_lent or lent is None or self._choice.is_rendition(first, first.members):
            return None
        count = len(run.records)
        columns: dict[str, Sequence[object]] = {}
        if len(shapes) == 1:
            cells = zip(*map(dict.values, run.records), strict=True)
            columns = dict(zip(run.records[0], cells, strict=True))
        else:
            for key in dict.fromkeys(key for keys in shapes for key in keys):
                columns[key] = [members.get(key, "") for members in run.records]
        columns |= {one.key: (self._lent(first, one),) * count for one in lent}
        blank = ("",) * count
        block = [_texts(columns.get(key, blank)) for key in self._header]
        return Block(run.lines(), block) if all(map(str.strip, block[0])) else None

    # One by one -------------------------------------------------------------------------------

    def _add(self, found: JsonRecord) -> None:
        cells = flat(found.members)
        lent = self._choice.lent(found, cells)
        if lent is None:
            return
        is_file = self._choice.is_rendition(found, cells)
        if self._files and not (is_file and _is_beside(self._files[-1][0], found)):
            self._flush()
        for one in lent:
            cells[one.key] = self._lent(found, one)
        if is_file:
            self._files.append((found, cells))
        else:
            self._keep(found, cells)

    def _lent(self, found: JsonRecord, lent: Lent) -> str:
        around = found.around
        while around:
            members: Mapping[str, object] = around.plain if lent.is_title else around.cells
            if lent.key in members:
                return text_of(members[lent.key])
            around = around.outer
        return text_of(self._choice.around(found.path).get(lent.key))

    def _flush(self) -> None:
        """Choose one of several files of a video; if that is not possible, all are a problem."""
        files, self._files = self._files, []
        if len(files) > 1:
            own = [flat(found.members) for found, _ in files]
            best = renditions.chosen(own)
            if best is None:
                fault = renditions.unclear(
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
