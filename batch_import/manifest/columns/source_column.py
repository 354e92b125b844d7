"""Find the column of the source URLs. No I/O."""

from collections.abc import Sequence
from typing import Final

from batch_import.errors import ColumnUnclear, setting_ref
from batch_import.manifest.columns.aliases import FILENAME, SOURCE_URL, field_of, fold
from batch_import.manifest.columns.candidates import (
    Candidates,
    ColumnChoice,
    join_column_names,
    shorten,
)
from batch_import.manifest.columns.headings import (
    differ_only_in_number,
    is_picture_or_text,
    quality_in_name,
)
from batch_import.manifest.columns.rendition_names import are_renditions
from batch_import.manifest.columns.values import KIND_LABELS, CellKind, SampleColumn

#: A column with less than this fraction of another column's filled cells is ignored beside it.
_FILLED: Final = 0.5
#: A column of page URLs or file paths is accepted only if more than this fraction is distinct.
_DISTINCT: Final = 0.5


def choose_source(candidates: Candidates) -> ColumnChoice:
    """Find the column of the source URLs.

    A column with a usual name and fitting values is used first. Otherwise the values decide: URLs
    of video files before streaming manifests before web pages. If no column has URLs, the name
    alone decides.

    Raises:
        ColumnUnclear: there is no such column, or several columns are equally good.
    """
    own = [column for column in candidates.free if fold(column.name) == fold(SOURCE_URL)]
    addressed = [column for column in candidates.free if may_have_source_urls(column)]
    fitting = [column for column in own if column in addressed]
    if fitting:
        return ColumnChoice(fitting[0].position)
    if addressed:
        return _by_value(candidates, addressed)
    known = _known(candidates, candidates.free)
    blank = [column for column in known if not column.filled]
    by_name = candidates.own(SOURCE_URL) or candidates.choose(SOURCE_URL, blank or known)
    if by_name is None:
        raise _missing(candidates)
    return by_name


def _known(candidates: Candidates, among: Sequence[SampleColumn]) -> list[SampleColumn]:
    """The columns with a usual name whose values may be source URLs."""
    places = {column.position for column in among}
    filled = [column for column in candidates.all_known(SOURCE_URL) if column.position in places]
    # `filename` is the platform's name of the title.
    titles = [column for column in filled if fold(column.name) == fold(FILENAME)]
    return [column for column in filled if column not in titles] or titles


def may_have_source_urls(column: SampleColumn) -> bool:
    """Whether a column has URLs, and its name does not say that they are of something else."""
    if column.kind >= CellKind.STREAM:
        return True
    if not column.has_urls_or_paths or is_picture_or_text(column.name) or _is_title(column):
        return False
    # A value that most rows share is a licence, a type or a home page.
    return column.distinct > _DISTINCT * len(column.filled) or field_of(column.name) == SOURCE_URL


def _is_title(column: SampleColumn) -> bool:
    """The columns of file names, which may also be titles."""
    return column.kind is CellKind.PATH and field_of(column.name) == FILENAME


def _by_value(candidates: Candidates, addressed: Sequence[SampleColumn]) -> ColumnChoice:
    kind = max(column.kind for column in addressed)
    alike = _best_copies([column for column in addressed if column.kind is kind])
    known = _known(candidates, alike)
    choice = candidates.choose(SOURCE_URL, known or alike)
    assert choice  # noqa: S101 - there is one that is addressed
    column = candidates.columns[choice.position]
    better_filled = [other for other in addressed if _fills_gaps(other, column)]
    if better_filled:
        candidates.choose(SOURCE_URL, [column, *better_filled])
    return ColumnChoice(column.position, "" if known else column.about_addresses())


def _best_copies(columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """Remove columns that are mostly blank, and those whose names say a lower quality."""
    most = max(len(column.filled) for column in columns)
    filled = [column for column in columns if len(column.filled) >= _FILLED * most]
    best = max(quality_in_name(column.name) for column in filled)
    return [column for column in filled if quality_in_name(column.name) == best]


def _fills_gaps(other: SampleColumn, column: SampleColumn) -> bool:
    """Whether most rows have a URL in the other column, and no URL in this column."""
    gaps = sum(
        1
        for here, there in zip(column.kinds, other.kinds, strict=True)
        if here is CellKind.BLANK and there >= CellKind.PATH
    )
    return gaps > _FILLED * len(column.kinds)


def notes_about_other_videos(candidates: Candidates, source: int) -> list[str]:
    """Notes about columns with further files of videos, which are not imported."""
    taken = candidates.columns[source]
    if not taken.has_urls_or_paths:
        return []
    others = [
        column
        for column in candidates.free
        if (column.kind >= CellKind.STREAM and column.filled != taken.filled)
        or (column.kind is taken.kind and differ_only_in_number([taken.name, column.name]))
    ]
    renditions = [column for column in others if are_renditions(taken.name, column.name)]
    notes = []
    if renditions:
        names = ", ".join(_quoted(candidates, column) for column in renditions)
        notes.append(
            f"Not imported: {names}. They are versions of the same video as"
            f" {_quoted(candidates, taken)}.{_gaps(taken, renditions)}"
        )
    if further := [column for column in others if column not in renditions]:
        listed = ", ".join(
            f"{_quoted(candidates, column)} ({column.about_addresses()})" for column in further
        )
        notes.append(
            f"Not imported: {listed}. A row is one video; give further videos rows of their own."
        )
    return notes


def _gaps(taken: SampleColumn, renditions: Sequence[SampleColumn]) -> str:
    """How many of the first rows have only another version; empty if no row has."""
    rows = zip(*(column.kinds for column in renditions), strict=True)
    blank = sum(
        1
        for kind, others in zip(taken.kinds, rows, strict=True)
        if kind is CellKind.BLANK and max(others) >= CellKind.STREAM
    )
    if not blank:
        return ""
    verb = "has" if blank == 1 else "have"
    return f" {blank} of the first {len(taken.kinds)} rows {verb} only another version."


def _quoted(candidates: Candidates, column: SampleColumn) -> str:
    return f"“{shorten(candidates.label(column))}”"


def _missing(candidates: Candidates) -> ColumnUnclear:
    header = join_column_names([column.name for column in candidates.columns])
    others = [column for column in candidates.columns if column.kind > CellKind.TEXT]
    if others:
        hint = " ".join(
            f"“{shorten(candidates.label(column))}” holds {KIND_LABELS[column.kind]};"
            " if they are the videos:"
            f" {setting_ref('map', f'{SOURCE_URL}={candidates.label(column)}')}."
            for column in others[:1]
        )
    else:
        hint = "Add a column with the web address of each video file."
    return ColumnUnclear(
        f"The manifest has no column for {SOURCE_URL}: no column holds addresses of videos."
        f" It has: {header}.",
        hint,
        field=SOURCE_URL,
    )
