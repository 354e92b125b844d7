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

#: Minimum fraction of distinct values in a column with a usual name of IDs. Duplicate IDs are
#: problems of their rows.
_HALF: Final = 0.5
_A_TITLE: Final = 3
_NAMED: Final = 3

_WEB: Final = frozenset({CellKind.OTHER_FILE, CellKind.PAGE, CellKind.STREAM, CellKind.VIDEO})


def choose_title(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of titles by its name, or else by mostly distinct short texts.

    Raises:
        ManifestError: several columns are equally good.
    """
    own = [c for c in candidates.free if fold(c.name) == fold(FILENAME) and c.kind not in _WEB]
    usual = [c for c in candidates.all_known(FILENAME) if c.kind not in _WEB]
    known = [*own, *usual]
    filled = [column for column in known if column.filled]
    if filled:
        return candidates.choose(FILENAME, _first_name(filled))
    return _title_by_value(candidates) or candidates.choose(FILENAME, _first_name(known))


def _first_name(columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """The first column, and the others with the same name."""
    return [column for column in columns if fold(column.name) == fold(columns[0].name)]


def _title_by_value(candidates: Candidates) -> ColumnChoice | None:
    strengths = {
        column.position: _title_strength(column)
        for column in candidates.free
        if field_of(column.name) is None or field_of(column.name) == FILENAME
    }
    best = max(strengths.values(), default=0)
    if not best:
        return None
    alike = [c for c in candidates.free if strengths.get(c.position) == best]
    return candidates.choose(FILENAME, alike, alike[0].about_values("short texts"))


def _title_strength(column: SampleColumn) -> int:
    """A score for a column of titles, by name and values; 0 means that it is not one."""
    strength = title_strength(column.name)
    if strength == _A_TITLE and column.kind not in _WEB and column.filled:
        return strength + column.is_title if column.distinct >= _HALF * len(column.filled) else 0
    return strength if column.is_title and not id_strength(column.name) else 0


def alike_titles(candidates: Candidates, titles: Sequence[str]) -> list[str]:
    """A note if most titles are equal; empty if they are not.

    Args:
        titles: the titles that were made from the URLs of the first rows.
    """
    counts = Counter(filter(None, titles))
    if not counts or len(counts) > _HALF * counts.total():
        return []
    title, count = counts.most_common(1)[0]
    likely = max(candidates.free, key=_likelihood_of_title, default=None)
    setting = setting_ref("map", f"{FILENAME}=COLUMN")
    hint = f"Add a column of titles, or name one: {setting}"
    if likely and any(_likelihood_of_title(likely)):
        label = candidates.label(likely)
        setting = setting_ref("map", f"{FILENAME}={label}")
        hint = f"The titles may be in “{shorten(label)}”: {setting}"
    note = (
        f"Many videos get the same title, because titles are taken from the URLs: {count:,} of"
        f" {counts.total():,} are “{shorten(title)}”. {hint}"
    )
    return [note]


def _likelihood_of_title(column: SampleColumn) -> tuple[int, bool, int]:
    """A score for a column that is not chosen as the title; zeros if it cannot be the title."""
    strength = title_strength(column.name)
    if column.kind is not CellKind.TEXT or not strength:
        return 0, False, 0
    texts = {cell for cell in column.filled if not is_measure(cell)}
    if len(texts) <= _HALF * len(column.filled):
        return 0, False, 0
    return strength, not column.looks_like_codes, len(texts)


def choose_id(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of IDs by its name, and by distinct values without spaces.

    Raises:
        ManifestError: several columns are equally good.
    """
    own = [c for c in candidates.free if fold(c.name) == fold(REFERENCE_ID) and c.kind not in _WEB]
    if own:
        return candidates.choose(REFERENCE_ID, own)
    for alias in ALIASES[REFERENCE_ID]:
        usual = [c for c in candidates.named(alias) if _is_usual_id(c, candidates)]
        if usual:
            return candidates.choose(REFERENCE_ID, _first_name(usual))
    strengths = {c.position: id_strength(c.name) * c.is_id() for c in candidates.free}
    best = max(strengths.values(), default=0)
    alike = [c for c in candidates.free if best and strengths[c.position] == best]
    if not alike:
        return None
    return candidates.choose(REFERENCE_ID, alike, alike[0].about_values("values without spaces"))


def _is_usual_id(column: SampleColumn, candidates: Candidates) -> bool:
    if candidates.is_empty:
        return True
    return bool(id_strength(column.name)) and column.is_id(_HALF)


def notes_about_unused_ids(candidates: Candidates) -> list[str]:
    """A note about columns that may be IDs and are not used, which cannot be corrected later."""
    taken = candidates.taken.get(REFERENCE_ID)
    if taken and fold(candidates.columns[taken.position].name) == fold(REFERENCE_ID):
        return []
    unused = [
        column
        for column in candidates.free
        if (id_strength(column.name) and column.is_id())
        or (not taken and title_strength(column.name) and column.looks_like_codes)
    ]
    if not unused:
        return []
    labels = [candidates.label(column) for column in unused[:_NAMED]]
    listed = ", ".join(f"“{shorten(label)}”" for label in labels)
    note = (
        f"Not used as {REFERENCE_ID}, though the values are distinct: {listed}. An id cannot be"
        " changed after the import; to use one:"
        f" {setting_ref('map', f'{REFERENCE_ID}={labels[0]}')}"
    )
    return [note]
