"""Which columns hold the titles and the ids of the videos. Pure.

A title is found by values too; an id never is, because it cannot be corrected after the import.
"""

from collections.abc import Sequence
from typing import Final

from batch_import.errors import named
from batch_import.manifest.columns.aliases import ALIASES, FILENAME, REFERENCE_ID, field_of, fold
from batch_import.manifest.columns.candidates import Candidates, ColumnChoice, shortened
from batch_import.manifest.columns.headings import id_strength, title_strength
from batch_import.manifest.columns.values import CellKind, SampleColumn

#: Distinct values among the cells of a column whose usual name says that it is the id. Those
#: that are there twice are problems of their rows.
_HALF: Final = 0.5
_A_TITLE: Final = 3
_NAMED: Final = 3

_WEB: Final = frozenset({CellKind.OTHER_FILE, CellKind.PAGE, CellKind.STREAM, CellKind.VIDEO})


def choose_title(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of the titles: by name, else the one of mostly distinct short texts.

    Raises:
        ManifestError: more than one could be meant.
    """
    own = [c for c in candidates.free if fold(c.name) == fold(FILENAME) and c.kind not in _WEB]
    usual = [c for c in candidates.all_known(FILENAME) if c.kind not in _WEB]
    known = [*own, *usual]
    filled = [column for column in known if column.filled]
    if filled:
        return candidates.one(FILENAME, _first_name(filled))
    return _title_by_value(candidates) or candidates.one(FILENAME, _first_name(known))


def _first_name(columns: Sequence[SampleColumn]) -> list[SampleColumn]:
    """The first column, and those that have the same name."""
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
    return candidates.one(FILENAME, alike, alike[0].about_values("short texts"))


def _title_strength(column: SampleColumn) -> int:
    """How much name and values speak for a title; 0 for not at all."""
    strength = title_strength(column.name)
    if strength == _A_TITLE and column.kind not in _WEB and column.filled:
        return strength + column.is_title if column.distinct >= _HALF * len(column.filled) else 0
    return strength if column.is_title and not id_strength(column.name) else 0


def choose_id(candidates: Candidates) -> ColumnChoice | None:
    """Find the column of the ids: by a name that says so, and distinct values without spaces.

    Raises:
        ManifestError: more than one could be meant.
    """
    own = [c for c in candidates.free if fold(c.name) == fold(REFERENCE_ID) and c.kind not in _WEB]
    if own:
        return candidates.one(REFERENCE_ID, own)
    for alias in ALIASES[REFERENCE_ID]:
        usual = [c for c in candidates.named(alias) if _is_usual_id(c, candidates)]
        if usual:
            return candidates.one(REFERENCE_ID, _first_name(usual))
    strengths = {c.position: id_strength(c.name) * c.is_id() for c in candidates.free}
    best = max(strengths.values(), default=0)
    alike = [c for c in candidates.free if best and strengths[c.position] == best]
    if not alike:
        return None
    return candidates.one(REFERENCE_ID, alike, alike[0].about_values("values without spaces"))


def _is_usual_id(column: SampleColumn, candidates: Candidates) -> bool:
    if candidates.is_empty:
        return True
    return bool(id_strength(column.name)) and column.is_id(_HALF)


def unused_ids(candidates: Candidates) -> list[str]:
    """Name the columns that may be ids and are not used: that cannot be corrected later."""
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
    listed = ", ".join(f"“{shortened(label)}”" for label in labels)
    note = (
        f"Not used as {REFERENCE_ID}, though the values are distinct: {listed}. An id cannot be"
        f" changed after the import; to use one: {named('map', f'{REFERENCE_ID}={labels[0]}')}"
    )
    return [note]
