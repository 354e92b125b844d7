"""Find the pending rows that may adopt the media on a page of the account's media list.

To adopt means to use an existing media of the account for a row instead of creating one. The
platform may have stored a row's reference ID in an altered form (`schedule/stored_id.py`). This
module must not know which page is read next.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from batch_import.importer.schedule.altered_ids import AlteredIds
from batch_import.importer.schedule.ownership import same_title
from batch_import.importer.schedule.stored_id import may_be_altered, normalized_id
from batch_import.models import JobRow, Media, Status
from batch_import.state.store import Store

#: Number of rows that are read from the job database at a time: a few hundred kilobytes.
_BATCH_ROWS: Final = 1_000


class AdoptionCandidates:
    """Finds pending rows by the reference IDs of media, exactly or in an altered form.

    Args:
        store: the job database.
    """

    def __init__(self, store: Store) -> None:
        self._reader = store.reader
        self._queue = store.queue
        self._index: AlteredIds | None = None
        #: The rows in the index, by number.
        self._rows: dict[int, JobRow] = {}
        #: Length of the longest reference ID on the pages so far. A platform that cuts IDs stores
        #: no longer ID. Therefore a shorter ID was not cut.
        self._longest_id = 0

    def rows_of(self, items: Sequence[Media]) -> list[JobRow]:
        """Returns the pending rows that may adopt some of these media."""
        exact_ids = {media.reference_id for media in items}
        rows = self._queue.pending_by_reference(exact_ids)
        found_ids = {row.reference_id for row in rows}
        self._longest_id = max((self._longest_id, *map(len, exact_ids)))
        other_media = [media for media in items if media.reference_id not in found_ids]
        altered_ids = set(self._ids_of_altered(other_media)) - exact_ids
        return rows + self._queue.pending_by_reference(altered_ids)

    def clear(self) -> None:
        """Remove the index from memory, because the search is done."""
        self._index = None
        self._rows.clear()

    def _ids_of_altered(self, items: Iterable[Media]) -> Iterator[str]:
        """Yields the IDs of the rows to which media with an altered form of their IDs belong.

        A media must have the title of one row only, and its ID must not be the ID of another row.
        """
        for media in items:
            index = self._read_index()
            rows = [self._rows[number] for number in index.rows_with_id(media)]
            candidates = [row for row in rows if same_title(row, media)]
            if (
                len(candidates) == 1
                and self._may_be_stored_as(candidates[0], media)
                and self._reader.find_by_reference(media.reference_id) is None
            ):
                yield candidates[0].reference_id

    def _may_be_stored_as(self, row: JobRow, media: Media) -> bool:
        """Whether the ID of a media is not shorter than the row's, or may have been cut."""
        is_whole = normalized_id(row.reference_id) == normalized_id(media.reference_id)
        return is_whole or len(media.reference_id) >= self._longest_id

    def _read_index(self) -> AlteredIds:
        """Returns the index of the pending rows whose IDs may be altered, read on the first use."""
        if self._index is None:
            self._index = AlteredIds()
            for row in self._pending_rows():
                if may_be_altered(row.reference_id):
                    self._index.add(row)
                    self._rows[row.row_number] = row
        return self._index

    def _pending_rows(self) -> Iterator[JobRow]:
        sources = self._queue.pending_sources(0, _BATCH_ROWS)
        while sources:
            for source in sources:
                yield JobRow(
                    source.row_number,
                    source.reference_id,
                    source.url,
                    source.filename,
                    source.extension,
                    Status.PENDING,
                )
            sources = self._queue.pending_sources(sources[-1].row_number, _BATCH_ROWS)
