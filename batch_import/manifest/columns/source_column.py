"""Find the column of the source URLs. No I/O.

Other columns with URLs may have further files: renditions, which are other versions of the same
video, or other videos. They are not imported; notes tell the user about them.
"""

from collections.abc import Sequence
from typing import Final

from batch_import.addresses.urls import parse
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
    split_words,
)
from batch_import.manifest.columns.rendition_names import are_renditions
from batch_import.manifest.columns.values import KIND_LABELS, CellKind, SampleColumn
from batch_import.manifest.rules import pages

#: A column that has less than this fraction of the filled cells of another column is not as good.
_MIN_FILLED_SHARE: Final = 0.5
#: If another column has a URL in more than this fraction of the rows where a column is blank, it is
#: unclear which of them is the source.
_MAX_GAP_SHARE: Final = 0.5
#: A column of page URLs or file paths is accepted only if more than this fraction is distinct.
_MIN_DISTINCT_SHARE: Final = 0.5
#: Words in the names of columns and in the URLs of download links.
_DOWNLOAD_WORDS: Final = frozenset({"download", "file", "master", "original", "raw", "source"})


def choose_source(candidates: Candidates) -> ColumnChoice:
    """Find the column of the source URLs.

    A column with a usual name and fitting values is used first. Otherwise the values decide: URLs
    of video files before download links, these before streaming manifests, and these before web
    pages. If no column has URLs, the name alone decides.

    Raises:
        ColumnUnclear: there is no such column, or several columns are equally good.
    """
    with_urls = [column for column in candidates.free_columns if may_have_source_urls(column)]
    for column in candidates.with_field_name(SOURCE_URL):
        if column in with_urls:
            return ColumnChoice(column.position)
    if with_urls:
        return _choose_by_values(candidates, with_urls)
    usual = _with_usual_name(candidates, candidates.free_columns)
    blank = [column for column in usual if not column.filled_cells]
    by_name = candidates.choose_by_field_name(SOURCE_URL) or candidates.choose(
        SOURCE_URL, blank or usual
    )
    if by_name is None:
        raise _missing_error(candidates)
    return by_name


def _with_usual_name(candidates: Candidates, columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """Return those of some columns that have a usual name of the source URL."""
    positions = {column.position for column in columns}
    usual = [
        column for column in candidates.with_usual_name(SOURCE_URL) if column.position in positions
    ]
    # A column `filename` is used only if there is no other, because it is the platform's name of
    # the title.
    others = [column for column in usual if fold(column.name) != fold(FILENAME)]
    return others or usual


def may_have_source_urls(column: SampleColumn) -> bool:
    """Whether a column has URLs, and its name does not say that they are of something else."""
    if column.kind >= CellKind.STREAM:
        return True
    # A column of file names that is called `title` or similar may have titles.
    is_title = column.kind is CellKind.PATH and field_of(column.name) == FILENAME
    if not column.has_urls_or_paths or is_picture_or_text(column.name) or is_title:
        return False
    # A value that most rows share is a licence, a type or a home page.
    is_distinct = column.distinct_count > _MIN_DISTINCT_SHARE * len(column.filled_cells)
    return is_distinct or field_of(column.name) == SOURCE_URL


def _choose_by_values(candidates: Candidates, columns: Sequence[SampleColumn]) -> ColumnChoice:
    """Choose one of the columns that may have source URLs.

    Raises:
        ColumnUnclear: several columns are equally good.
    """
    best_kind = max(column.kind for column in columns)
    best = [column for column in columns if column.kind is best_kind]
    if best_kind in (CellKind.STREAM, CellKind.PAGE):
        best = _with_download_links(best, columns)
    best = _best_copies(best)
    usual = _with_usual_name(candidates, best)
    choice = candidates.choose(SOURCE_URL, usual or best)
    assert choice  # noqa: S101 - `best` is not empty
    column = candidates.columns[choice.position]
    columns_for_gaps = [other for other in columns if _fills_gaps(other, column)]
    if columns_for_gaps:
        # Raises an error, unless the names are equal or differ only in a number.
        candidates.choose(SOURCE_URL, [column, *columns_for_gaps])
    return ColumnChoice(column.position, "" if usual else column.about_addresses())


def _with_download_links(
    best: Sequence[SampleColumn], columns: Sequence[SampleColumn]
) -> list[SampleColumn]:
    """Return the columns to choose from if the best columns have streaming manifests or web pages.

    These cannot be imported. Therefore columns of download links are better, if there are any.
    """
    links = [
        column
        for column in columns
        if column.kind is CellKind.PAGE and not all(map(_is_known_page, column.filled_cells))
    ]
    return [column for column in links if _has_download_links(column)] or list(best)


def _has_download_links(column: SampleColumn) -> bool:
    """Whether the name of a column, or each of its URLs, has a word of download links."""
    return not _DOWNLOAD_WORDS.isdisjoint(split_words(column.name)) or all(
        not _DOWNLOAD_WORDS.isdisjoint(split_words(cell)) for cell in column.filled_cells
    )


def _is_known_page(cell: str) -> bool:
    url = parse(cell)
    return url is not None and pages.has_pages(url.host) and pages.violation_of(url) is not None


def _best_copies(columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """Remove columns that are mostly blank, and columns whose names mean a lower quality."""
    most_filled = max(len(column.filled_cells) for column in columns)
    filled = [
        column for column in columns if len(column.filled_cells) >= _MIN_FILLED_SHARE * most_filled
    ]
    best_quality = max(quality_in_name(column.name) for column in filled)
    return [column for column in filled if quality_in_name(column.name) == best_quality]


def _fills_gaps(other: SampleColumn, column: SampleColumn) -> bool:
    """Whether most rows have a URL in the other column, and no URL in this column."""
    gap_count = sum(
        1
        for kind, other_kind in zip(column.kinds, other.kinds, strict=True)
        if kind is CellKind.BLANK and other_kind >= CellKind.PATH
    )
    return gap_count > _MAX_GAP_SHARE * len(column.kinds)


def notes_about_other_videos(candidates: Candidates, source_position: int) -> list[str]:
    """Return notes about columns with further files of videos, which are not imported.

    Args:
        candidates: the columns that are not assigned to a field.
        source_position: position of the column of source URLs.
    """
    source = candidates.columns[source_position]
    if not source.has_urls_or_paths:
        return []
    others = [column for column in candidates.free_columns if _has_further_files(column, source)]
    renditions = [
        column
        for column in others
        if are_renditions(source.name, column.name) or column.kind is CellKind.STREAM
    ]
    other_videos = [column for column in others if column not in renditions]
    notes = []
    if renditions:
        names = ", ".join(_quoted_label(candidates, column) for column in renditions)
        notes.append(
            f"Not imported: {names}. They are versions of the same video as"
            f" {_quoted_label(candidates, source)}.{_describe_gaps(source, renditions)}"
        )
    if other_videos:
        listed = ", ".join(
            f"{_quoted_label(candidates, column)} ({column.about_addresses()})"
            for column in other_videos
        )
        notes.append(
            f"Not imported: {listed}. A row is one video; give further videos rows of their own."
        )
    return notes


def _has_further_files(column: SampleColumn, source: SampleColumn) -> bool:
    """Whether a column has files that the column of source URLs does not have."""
    if column.kind >= CellKind.STREAM and column.filled_cells != source.filled_cells:
        return True
    return column.kind is source.kind and differ_only_in_number([source.name, column.name])


def _describe_gaps(source: SampleColumn, renditions: Sequence[SampleColumn]) -> str:
    """Return how many of the first rows have only another version; empty if no row has."""
    # One tuple per row: the kinds of the row's cells in the columns of renditions.
    rendition_kinds = zip(*(column.kinds for column in renditions), strict=True)
    gap_count = sum(
        1
        for kind, other_kinds in zip(source.kinds, rendition_kinds, strict=True)
        if kind is CellKind.BLANK and max(other_kinds) >= CellKind.STREAM
    )
    if not gap_count:
        return ""
    verb = "has" if gap_count == 1 else "have"
    return f" {gap_count} of the first {len(source.kinds)} rows {verb} only another version."


def _quoted_label(candidates: Candidates, column: SampleColumn) -> str:
    return f"“{shorten(candidates.label(column))}”"


def _missing_error(candidates: Candidates) -> ColumnUnclear:
    header = join_column_names([column.name for column in candidates.columns])
    possible = [column for column in candidates.columns if column.kind > CellKind.TEXT]
    hint = "Add a column with the web address of each video file."
    if possible:
        column = possible[0]
        setting = setting_ref("map", f"{SOURCE_URL}={candidates.label(column)}")
        hint = (
            f"{_quoted_label(candidates, column)} holds {KIND_LABELS[column.kind]};"
            f" if they are the videos: {setting}."
        )
    return ColumnUnclear(
        f"The manifest has no column for {SOURCE_URL}: no column holds addresses of videos."
        f" It has: {header}.",
        hint,
        field=SOURCE_URL,
    )
