"""Find the columns of titles and of IDs. No I/O.

The column of titles may be found by its values. The column of IDs is never found by values alone,
because an ID cannot be corrected after the import.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from batch_import.errors import setting_ref
from batch_import.manifest.columns.aliases import ALIASES, FILENAME, REFERENCE_ID, field_of, fold
from batch_import.manifest.columns.candidates import Candidates, ColumnChoice, shorten
from batch_import.manifest.columns.headings import id_strength, title_strength
from batch_import.manifest.columns.values import CellKind, SampleColumn, is_measure

#: Minimum fraction of distinct values in a column whose name means titles or IDs. It is not 1,
#: because a few duplicate IDs are reported as problems of their rows.
_MIN_DISTINCT_SHARE: Final = 0.5
#: The score (`headings.title_strength`) of a name with a word for titles.
_TITLE_STRENGTH: Final = 3
#: Maximum number of columns in a note.
_MAX_LISTED_COLUMNS: Final = 3

_URL_KINDS: Final = frozenset({CellKind.OTHER_FILE, CellKind.PAGE, CellKind.STREAM, CellKind.VIDEO})


def choose_title(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of titles by its name, or else by mostly distinct short texts.

    The field `filename` is the title of a video.

    Raises:
        ManifestError: several columns are equally good.
    """
    columns = [*candidates.with_field_name(FILENAME), *candidates.with_usual_name(FILENAME)]
    by_name = [column for column in columns if column.kind not in _URL_KINDS]
    filled = [column for column in by_name if column.filled_cells]
    if filled:
        return candidates.choose(FILENAME, _same_name_as_first(filled))
    return _choose_title_by_values(candidates) or candidates.choose(
        FILENAME, _same_name_as_first(by_name)
    )


def _same_name_as_first(columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """Return the first column, and the others with the same name."""
    return [column for column in columns if fold(column.name) == fold(columns[0].name)]


def _choose_title_by_values(candidates: Candidates) -> ColumnChoice | None:
    scores = {
        column.position: _title_score(column)
        for column in candidates.free_columns
        if field_of(column.name) is None or field_of(column.name) == FILENAME
    }
    best_score = max(scores.values(), default=0)
    if not best_score:
        return None
    best = [
        column for column in candidates.free_columns if scores.get(column.position) == best_score
    ]
    return candidates.choose(FILENAME, best, best[0].about_values("short texts"))


def _title_score(column: SampleColumn) -> int:
    """A score for a column of titles, by name and values; 0 means that it has no titles.

    A column with a neutral name, for which `title_strength` is 1, is chosen by its values.
    """
    strength = title_strength(column.name)
    if strength == _TITLE_STRENGTH and column.kind not in _URL_KINDS and column.filled_cells:
        is_distinct = column.distinct_count >= _MIN_DISTINCT_SHARE * len(column.filled_cells)
        if not is_distinct:
            return 0
        return strength + 1 if column.has_titles else strength
    return strength if column.has_titles and not id_strength(column.name) else 0


def notes_about_equal_titles(candidates: Candidates, titles: Sequence[str]) -> list[str]:
    """Return a note if most titles are equal; otherwise an empty list.

    Args:
        candidates: the columns that are not assigned to a field.
        titles: the titles that were taken from the URLs of the first rows.
    """
    counts = Counter(filter(None, titles))
    if not counts or len(counts) > _MIN_DISTINCT_SHARE * counts.total():
        return []
    title, count = counts.most_common(1)[0]
    likely_column = max(candidates.free_columns, key=_likelihood_of_title, default=None)
    setting = setting_ref("map", f"{FILENAME}=COLUMN")
    hint = f"Add a column of titles, or name one: {setting}"
    if likely_column and any(_likelihood_of_title(likely_column)):
        label = candidates.label(likely_column)
        setting = setting_ref("map", f"{FILENAME}={label}")
        hint = f"The titles may be in “{shorten(label)}”: {setting}"
    note = (
        f"Many videos get the same title, because titles are taken from the URLs: {count:,} of"
        f" {counts.total():,} are “{shorten(title)}”. {hint}"
    )
    return [note]


def _likelihood_of_title(column: SampleColumn) -> tuple[int, bool, int]:
    """A score for a column that was not chosen as the title, but may be the title.

    Zeros mean that it cannot be the title.
    """
    strength = title_strength(column.name)
    if column.kind is not CellKind.TEXT or not strength:
        return 0, False, 0
    distinct_texts = {cell for cell in column.filled_cells if not is_measure(cell)}
    if len(distinct_texts) <= _MIN_DISTINCT_SHARE * len(column.filled_cells):
        return 0, False, 0
    return strength, not column.looks_like_codes, len(distinct_texts)


def choose_id(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of IDs by its name, and by distinct values without spaces.

    Raises:
        ManifestError: several columns are equally good.
    """
    own = [
        column
        for column in candidates.with_field_name(REFERENCE_ID)
        if column.kind not in _URL_KINDS
    ]
    if own:
        return candidates.choose(REFERENCE_ID, own)
    for alias in ALIASES[REFERENCE_ID]:
        usual = [
            column for column in candidates.with_name(alias) if _may_be_ids(column, candidates)
        ]
        if usual:
            return candidates.choose(REFERENCE_ID, _same_name_as_first(usual))
    scores = {
        column.position: id_strength(column.name) if column.has_ids() else 0
        for column in candidates.free_columns
    }
    best_score = max(scores.values(), default=0)
    if not best_score:
        return None
    best = [column for column in candidates.free_columns if scores[column.position] == best_score]
    return candidates.choose(REFERENCE_ID, best, best[0].about_values("values without spaces"))


def _may_be_ids(column: SampleColumn, candidates: Candidates) -> bool:
    """Whether a column with a usual name of IDs may have IDs. In a blank manifest it may."""
    if candidates.is_empty:
        return True
    return bool(id_strength(column.name)) and column.has_ids(_MIN_DISTINCT_SHARE)


def _is_named_like_ids(column: SampleColumn) -> bool:
    return bool(id_strength(column.name)) and column.has_ids()


def _has_codes(column: SampleColumn) -> bool:
    """Whether the values look like IDs, and the name does not say that they are of other things."""
    return bool(title_strength(column.name)) and column.looks_like_codes


def notes_about_unused_ids(candidates: Candidates) -> list[str]:
    """Return a note about columns that may have IDs and are not used; or an empty list.

    The user must know of them, because an ID cannot be corrected after the import.
    """
    choice = candidates.taken.get(REFERENCE_ID)
    if choice and fold(candidates.columns[choice.position].name) == fold(REFERENCE_ID):
        return []
    unused = [
        column
        for column in candidates.free_columns
        if _is_named_like_ids(column) or (not choice and _has_codes(column))
    ]
    if not unused:
        return [] if choice else _notes_about_likely_ids(candidates)
    labels = [candidates.label(column) for column in unused[:_MAX_LISTED_COLUMNS]]
    listed = ", ".join(f"“{shorten(label)}”" for label in labels)
    note = (
        f"Not used as {REFERENCE_ID}, though the values are distinct: {listed}. An id cannot be"
        " changed after the import; to use one:"
        f" {setting_ref('map', f'{REFERENCE_ID}={labels[0]}')}"
    )
    return [note]


def _notes_about_likely_ids(candidates: Candidates) -> list[str]:
    """Return a note about the column that most likely has IDs, if its values are not all IDs."""
    likely = [
        column
        for column in candidates.free_columns
        if id_strength(column.name) and column.kind is CellKind.TEXT and column.describe_ids()
    ]
    if not likely:
        return []
    best = max(likely, key=lambda column: id_strength(column.name))
    label = candidates.label(best)
    setting = setting_ref("map", f"{REFERENCE_ID}={label}")
    note = (
        f"Not used as {REFERENCE_ID}: “{shorten(label)}”, because only {best.describe_ids()} could"
        f" be IDs. To use it nevertheless: {setting}"
    )
    return [note]
