"""Find the rows whose reference ID a platform may have stored in an altered form. No I/O.

`stored_id.py` has the alterations. This module must not know the states of rows, nor when a media
was created.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from batch_import.importer.schedule.ownership import normalized_title
from batch_import.importer.schedule.stored_id import (
    MIN_CUT_LENGTH,
    beginning_of_cut_id,
    normalized_id,
)
from batch_import.models import JobRow, Media


@dataclass(slots=True)
class _Group:
    """Rows that have the same key in the index.

    Attributes:
        rows: normalized reference IDs of the rows in flight, by row number.
        finished_ids: exact reference IDs of rows that left while other rows of the group were in
            flight. Media with these IDs belong to the rows that left.
        used_media_ids: IDs of the media of these rows, as far as they are known.
    """

    rows: dict[int, str] = field(default_factory=dict)
    finished_ids: set[str] = field(default_factory=set)
    used_media_ids: set[str] = field(default_factory=set)

    def is_of_finished_row(self, media: Media) -> bool:
        """Whether a media belongs to a row that is no longer in flight."""
        return media.reference_id in self.finished_ids or media.id in self.used_media_ids


class AlteredIds:
    """Index of the rows in flight by the altered forms of their reference IDs."""

    def __init__(self) -> None:
        #: The keys are pairs: the normalized ID and an empty text; for a long ID, also the first
        #: `MIN_CUT_LENGTH` characters of the normalized ID and the normalized title.
        self._groups: dict[tuple[str, str], _Group] = {}

    def add(self, row: JobRow) -> None:
        """Add a row in flight."""
        row_id = normalized_id(row.reference_id)
        for key in _keys(row, row_id):
            self._groups.setdefault(key, _Group()).rows[row.row_number] = row_id

    def remove(self, row: JobRow, media_id: str | None) -> None:
        """Remove a row that is no longer in flight; nothing happens if it is not there.

        `media_id` is the ID of the row's media; None if it is not known.
        """
        for key in _keys(row, normalized_id(row.reference_id)):
            group = self._groups.get(key)
            if group is None or group.rows.pop(row.row_number, None) is None:
                continue
            group.finished_ids.add(row.reference_id)
            if media_id is not None:
                group.used_media_ids.add(media_id)
            if not group.rows:
                del self._groups[key]

    def rows_with_id(self, media: Media) -> Collection[int]:
        """Returns the numbers of the rows whose ID is the ID of a media, exactly or altered.

        IDs that are equal except for a cut are preferred. If there are none, the ID of the media
        may be cut, and then the media must have the row's title.
        """
        media_id = normalized_id(media.reference_id)
        group = self._groups.get((media_id, ""))
        if group is not None:
            return () if group.is_of_finished_row(media) else group.rows.keys()
        return self._rows_with_longer_id(media, media_id)

    def _rows_with_longer_id(self, media: Media, media_id: str) -> Collection[int]:
        """Returns the numbers of the rows with the title of a media whose ID starts with its ID."""
        beginning = beginning_of_cut_id(media_id)
        if not beginning:
            return ()
        key = beginning[:MIN_CUT_LENGTH], normalized_title(media.title)
        group = self._groups.get(key)
        if group is None or group.is_of_finished_row(media):
            return ()
        return [number for number, row_id in group.rows.items() if row_id.startswith(beginning)]


def _keys(row: JobRow, row_id: str) -> list[tuple[str, str]]:
    """Returns the keys of a row in the index; `row_id` is its normalized reference ID."""
    keys = [(row_id, "")]
    if len(row_id) > MIN_CUT_LENGTH:
        keys.append((row_id[:MIN_CUT_LENGTH], normalized_title(row.filename)))
    return keys
