"""Count the rows that their old platform calls private, deleted or failed. No I/O.

An export of a video platform has columns such as `privacy` or `status`. Rows that are private there
are imported like all others, because the user decides which rows to import. New media are public by
default; therefore the user must know of private rows before the first run.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import pandas as pd

from batch_import.manifest.columns.candidates import heading_of, shorten
from batch_import.manifest.columns.headings import is_picture_or_text, last_part, split_words


@dataclass(frozen=True, slots=True)
class _Restriction:
    """Words that mean that a video is not public, or that it is not usable.

    Attributes:
        consequence: a sentence for the user about the import of such rows.
        cell_words: words in cells.
        names_of_yes: names of columns whose value “yes” means the same, such as `private`.
        names_of_no: names of columns whose value “no” means the same, such as `public`.
    """

    consequence: str
    cell_words: frozenset[str]
    names_of_yes: frozenset[str]
    names_of_no: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The old platform does not show the video to everybody.
_NOT_PUBLIC: Final = _Restriction(
    "New media are public unless the account has a default restriction profile. Delete the rows"
    " that you do not want.",
    _words(
        """
        private privat prive privee privato privado unlisted hidden restricted internal
        confidential password nobody disable disabled draft unpublished inactive archived
        scheduled embargoed expired members organization organisation company
        """
    ),
    _words("private hidden draft unlisted restricted archived"),
    _words("public published"),
)
#: The video is deleted or failed in the old platform.
_UNUSABLE: Final = _Restriction(
    "These rows are imported too: delete the rows that you do not want.",
    _words("deleted trashed removed error failed rejected geloscht supprime borrado"),
    _words("deleted trashed removed failed"),
)
#: All restrictions, in the order of the notes for the user.
_RESTRICTIONS: Final = (_NOT_PUBLIC, _UNUSABLE)
#: Words in the names of columns about who may watch a video, or whether it is usable.
_STATUS_HEADINGS: Final = _words(
    """
    visibility privacy access availability audience sharing permission status state
    sichtbarkeit zugriff visibilite confidentialite acces statut etat visibilidad privacidad acceso
    estado visibilita stato zichtbaarheid visibilidade
    """
).union(*(restriction.names_of_yes | restriction.names_of_no for restriction in _RESTRICTIONS))
#: Words in the names of columns about something other than who may watch a video. Examples are
#: `privacy.comments`, `privacy.download` and `privacy.add` in exports of Vimeo.
_OTHER_SUBJECTS: Final = _words("comment comments download add")
_YES: Final = _words("true yes y 1 ja oui si")
_NO: Final = _words("false no n 0 nein non")
#: Words that reverse the word after them: “not public”.
_NEGATIONS: Final = _words("not non no")
#: Maximum number of words of a value. A longer text describes a video.
_MAX_WORDS: Final = 3
#: Maximum number of values that a sentence lists.
_MAX_LISTED_VALUES: Final = 3
#: Maximum number of line numbers in a sentence.
_MAX_LISTED_LINES: Final = 5
#: Maximum length of a value in characters. Longer texts are not split into words, to save time.
_MAX_LENGTH: Final = 40


@dataclass(slots=True)
class _RestrictedColumn:
    """The rows that one column restricts.

    Attributes:
        counts: value → number of rows.
        lines: line numbers of the first rows.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    def describe(self, rows: str) -> str:
        """Return the number of rows, their most frequent values, and their first lines.

        Args:
            rows: the number of all rows, as text.
        """
        count = self.counts.total()
        verb = "says" if count == 1 else "say"
        values = " or ".join(
            f"“{value}”" for value, _ in self.counts.most_common(_MAX_LISTED_VALUES)
        )
        more = ", …" if count > len(self.lines) else ""
        lines = f"{'line' if count == 1 else 'lines'} {', '.join(map(str, self.lines))}{more}"
        return f"{count:,} of {rows} {verb} {values} ({lines})"


class RestrictedRows:
    """Counts the rows of a manifest that are private or unusable, by column and value.

    Args:
        header: names of all columns.
        positions: positions, from 0, of the columns that are not used for a field.
    """

    def __init__(self, header: Sequence[str], positions: Sequence[int]) -> None:
        #: Position → name of the columns about the status of videos.
        self._names = {
            position: header[position]
            for position in positions
            if _is_about_status(header[position])
        }
        #: Restriction and position of a column → the rows that it restricts.
        self._columns: dict[tuple[_Restriction, int], _RestrictedColumn] = {}
        self._row_count = 0

    def add(self, frame: pd.DataFrame, lines: Sequence[int]) -> None:
        """Count the rows of a chunk.

        Args:
            frame: the cells; its columns are labelled by position.
            lines: line number of each row.
        """
        self._row_count += len(frame)
        for position, name in self._names.items():
            cells: list[str] = frame[position].tolist()
            counts = Counter(cells)
            restrictions = {value: _find_restriction(name, value) for value in counts}
            for restriction in _RESTRICTIONS:
                values = {value for value, found in restrictions.items() if found is restriction}
                if not values:
                    continue
                column = self._columns.setdefault((restriction, position), _RestrictedColumn())
                for value in values:
                    column.counts[" ".join(split_words(value))] += counts[value]
                restricted_lines = (
                    line for cell, line in zip(cells, lines, strict=True) if cell in values
                )
                column.lines += islice(restricted_lines, _MAX_LISTED_LINES - len(column.lines))

    def notes(self, *, is_sample: bool = False) -> list[str]:
        """Return a sentence for each column that has such rows, private rows first.

        Args:
            is_sample: whether only the first rows of the manifest were counted.
        """
        rows = f"{'the first ' if is_sample else ''}{self._row_count:,} rows"
        notes = []
        for restriction in _RESTRICTIONS:
            for position, name in sorted(self._names.items()):
                column = self._columns.get((restriction, position))
                if column:
                    heading = shorten(heading_of(name, position))
                    description = column.describe(rows)
                    notes.append(f"Column “{heading}”: {description}. {restriction.consequence}")
        return notes


def means_unusable(heading: str, value: str) -> bool:
    """Whether a value of a column about the status means that a video or file is not usable."""
    return _find_restriction(heading, value) is _UNUSABLE


def _is_about_status(heading: str) -> bool:
    """Whether a column is about who may watch a video, or whether it is usable."""
    words = split_words(heading)
    return (
        not _STATUS_HEADINGS.isdisjoint(words)
        and _OTHER_SUBJECTS.isdisjoint(words)
        and not is_picture_or_text(heading)
    )


def _find_restriction(heading: str, value: str) -> _Restriction | None:
    """Return the restriction that a value means; None if it means no restriction.

    Args:
        heading: name of the column.
        value: the cell.
    """
    words = split_words(value) if len(value) <= _MAX_LENGTH else ()
    if not 0 < len(words) <= _MAX_WORDS:
        return None
    names: Collection[str] = split_words(last_part(heading))
    if len(words) > 1 and not _NEGATIONS.isdisjoint(words[:-1]):
        # A negated word is read as the value “no” of a column with this word as its name. The cell
        # “not public” becomes the name “public” and the value “no”, whatever the column's name is.
        names, words = words[-1:], ("no",)
    for restriction in _RESTRICTIONS:
        if _is_meant(restriction, names, words[-1]):
            return restriction
    return None


def _is_meant(restriction: _Restriction, names: Collection[str], last_word: str) -> bool:
    """Whether a value means a restriction.

    Args:
        restriction: the restriction.
        names: words of the name of the column.
        last_word: the last word of the value.
    """
    if last_word in restriction.cell_words:
        return True
    if last_word in _YES:
        return not restriction.names_of_yes.isdisjoint(names)
    return last_word in _NO and not restriction.names_of_no.isdisjoint(names)
