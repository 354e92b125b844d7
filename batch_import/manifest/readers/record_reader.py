"""Read the records of a nested file in blocks: objects → rows with the same columns.

This module must not know the syntax of a format.
"""

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
    as_enclosing_object,
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


def read(name: str, format_name: str, walk: Walk, options: ReadingOptions) -> Content:
    """Choose the records of a nested file, and find their keys.

    Args:
        name: name of the manifest, for messages.
        format_name: the format and the encoding, for the user.
        walk: reads the file and yields its objects.
        options: the user's decisions about how the file is read.

    Raises:
        ManifestError: there are no records, or several arrays are equally good.
    """
    choice = RecordChoice(name, walk, options)
    header = choice.header()
    return Content(
        _describe_format(format_name, choice),
        header,
        lambda: _RecordPass(choice, header).blocks(walk),
        choice.notes,
        choice.problems,
    )


def _describe_format(format_name: str, choice: RecordChoice) -> str:
    paths = [".".join(path) for path in choice.paths]
    if choice.video_path is None:
        return f"{format_name}, records at {paths[0]}" if paths[0] else format_name
    videos = ".".join(choice.video_path)
    records = f", records at {videos}" if videos else ""
    return f"{format_name}{records}, files at {' and '.join(paths)}"


class _RecordPass:
    """One pass over all records.

    Several files of one video, which are called renditions, follow one another. They are collected
    until the last one was read; then one of them becomes a row. If the choice has a `video_path`,
    a video without renditions becomes a row, too.
    """

    def __init__(self, choice: RecordChoice, header: Sequence[str]) -> None:
        self._choice = choice
        self._header = header
        self._records: list[Record] = []
        #: The renditions of the last video so far, with their cells.
        self._renditions: list[tuple[JsonRecord, dict[str, str]]] = []
        #: The last object at the `video_path` of the choice, until its row was added.
        self._video: JsonRecord | None = None

    def blocks(self, walk: Walk) -> Iterator[Block]:
        """Yield all records in blocks."""
        for found in walk(self._choice.has_records_inside, self._choice.outer_members):
            if isinstance(found, RecordBatch):
                block = self._batch_block(found)
                if block:
                    yield from self._collected_block()
                    yield block
                    continue
                for record in found.each():
                    self._add(record)
            else:
                self._add(found)
            if len(self._records) >= BLOCK_RECORDS:
                yield self._take_block()
        yield from self._collected_block()

    def _collected_block(self) -> Iterator[Block]:
        """Yield a block of all collected records, if there are any."""
        self._finish_video()
        if self._records:
            yield self._take_block()

    def _take_block(self) -> Block:
        records, self._records = self._records, []
        return make_block(records, len(self._header), comments=False)

    # Many records at once ---------------------------------------------------------------------

    def _batch_block(self, batch: RecordBatch) -> Block | None:
        """Return all records of a batch as one block; None if they must be read one by one.

        They can be read at once if they inherit the same columns, are not renditions, and their
        first cells are not blank.
        """
        key_sets = {tuple(members.keys()) for members in batch.records}
        column_sets = {self._choice.columns_inherited_by_batch(batch, keys) for keys in key_sets}
        inherited = column_sets.pop()
        has_other_columns = bool(column_sets)
        if inherited is None or has_other_columns:
            return None
        first = JsonRecord(batch.path, 0, batch.records[0], batch.enclosing)
        if self._choice.is_rendition(first, first.members):
            return None
        count = len(batch.records)
        columns: dict[str, Sequence[object]] = {}
        if len(key_sets) == 1:
            cells = zip(*map(dict.values, batch.records), strict=True)
            columns = dict(zip(batch.records[0], cells, strict=True))
        else:
            for key in {key for keys in key_sets for key in keys}:
                columns[key] = [members.get(key, "") for members in batch.records]
        for column in inherited:
            columns[column.key] = (self._inherited_value(first, column),) * count
        blank_column = ("",) * count
        texts = [_as_texts(columns.get(key, blank_column)) for key in self._header]
        return Block(batch.lines(), texts) if all(map(str.strip, texts[0])) else None

    # One record after another -----------------------------------------------------------------

    def _add(self, found: JsonRecord) -> None:
        """Add an object, if it is a record."""
        if found.path == self._choice.video_path:
            self._finish_video()
            self._video = found
            return
        cells = flatten(found.members)
        inherited = self._choice.inherited_columns(found, cells)
        if inherited is None:
            return
        is_rendition = self._choice.is_rendition(found, cells)
        if self._renditions and self._video is None:
            last_rendition, _ = self._renditions[-1]
            if not is_rendition or not _are_siblings(last_rendition, found):
                self._finish_video()
        for column in inherited:
            cells[column.key] = self._inherited_value(found, column)
        if is_rendition:
            self._renditions.append((found, cells))
        else:
            self._add_row(found, cells)

    def _inherited_value(self, found: JsonRecord, column: InheritedColumn) -> str:
        enclosing = found.enclosing
        while enclosing:
            members: Mapping[str, object] = (
                enclosing.plain if column.is_title_or_id else enclosing.cells
            )
            if column.key in members:
                return text_of(members[column.key])
            enclosing = enclosing.outer
        return text_of(self._choice.find_members_outside_arrays(found.path).get(column.key))

    def _finish_video(self) -> None:
        """Add a row for the best of the collected renditions.

        If it is unclear which is the best, all of them become rows with a fault.
        """
        collected, self._renditions = self._renditions, []
        if self._video is not None:
            self._add_video(self._video, collected)
            self._video = None
            return
        if len(collected) > 1:
            own_cells = [flatten(found.members) for found, _ in collected]
            best = renditions.choose_file(own_cells)
            if best is None:
                lines = [found.line for found, _ in collected]
                value = " ".join(filter(None, own_cells[0].values()))
                fault = renditions.unclear_choice_fault(lines, value)
                collected = [
                    (replace(found, fault=found.fault or fault), cells)
                    for found, cells in collected
                ]
            else:
                collected = [collected[best]]
        for found, cells in collected:
            self._add_row(found, cells)

    def _add_video(
        self, video: JsonRecord, collected: Sequence[tuple[JsonRecord, dict[str, str]]]
    ) -> None:
        """Add a row for a video: with the best of its renditions, or without a URL."""
        own_cells = [flatten(found.members) for found, _ in collected]
        best = renditions.choose_rendition(own_cells)
        if best is not None:
            self._add_row(*collected[best])
            return
        fault = video.fault
        if collected:
            fault = renditions.unusable_files_fault(own_cells)
        enclosing = as_enclosing_object(video)
        found = JsonRecord(self._choice.paths[0], video.line, {}, enclosing, fault)
        columns = self._choice.columns_of_video()
        self._add_row(
            found, {column.key: self._inherited_value(found, column) for column in columns}
        )

    def _add_row(self, found: JsonRecord, cells: Mapping[str, str]) -> None:
        row = [cells.get(key, "") for key in self._header]
        self._records.append((found.line, row, found.fault))


def _are_siblings(record: JsonRecord, other: JsonRecord) -> bool:
    """Whether two records are in the same array of the same object."""
    return record.path == other.path and record.enclosing is other.enclosing


def _as_texts(cells: Sequence[Any]) -> Sequence[str]:
    with suppress(TypeError):
        "".join(cells)  # the fastest check that all cells are texts
        return cells
    return [text_of(cell) for cell in cells]
