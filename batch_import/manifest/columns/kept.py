"""Refuse an edited manifest whose fields would come from other columns than before. No I/O.

A title or an ID from another column would make different videos from the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence

from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import FIELDS, REFERENCE_ID, SOURCE_URL, fold
from batch_import.manifest.columns.mapping import ColumnMapping as Columns


def column_names_by_field(
    header: Sequence[str], positions: Iterable[int | None]
) -> dict[str, str | None]:
    """Field → name of its column; None if the field has no column."""
    return {
        field: None if at is None else header[at]
        for field, at in zip(FIELDS, positions, strict=True)
    }


def refuse_other_columns(
    kept: Mapping[str, str | None],
    header: Sequence[str],
    mapping: Columns,
    overrides: Mapping[str, str],
) -> ManifestError | None:
    """Raise an error if a field would come from another column than in the job so far.

    It is allowed if the user says so, by the setting `map` or by a column with the field's own
    name. A column of IDs may be added or removed, because rows without an ID are matched by their
    URL; but a new row must not get an ID from a new column without a decision by the user, because
    an ID cannot be corrected later.

    Args:
        kept: field → name of its column in the job.
        header: column names of the edited manifest.
        mapping: how the edited manifest would be read.
        overrides: field → column, from the setting `map`.

    Returns:
        The error to raise if the edited manifest has rows to send; None if there is none.

    Raises:
        ManifestError: a field would come from another column. It names both columns and the
            settings for either decision.
    """
    now = column_names_by_field(header, mapping.positions)
    said = {fold(field) for field in overrides}
    other = [
        field
        for field in FIELDS
        if fold(now[field] or "") != fold(kept[field] or "")
        and fold(field) not in said
        and fold(now[field] or "") != fold(field)
        and not (field == REFERENCE_ID and _is_gone(kept[field], now[field], header))
    ]
    if not other:
        return None
    changes = "; ".join(
        f"{field} was {_shown(kept[field])}, now {_shown(now[field])}" for field in other
    )
    hint = f"To read it so from now on: {_settings(other, now)}"
    if all(_can_stay(kept[field], field, header) for field in other):
        hint = f"To go on as before: {_settings(other, kept)}. {hint}"
    error = ManifestError(
        f"This version of the manifest would be read from other columns than the job so far:"
        f" {changes}.",
        hint,
    )
    if other == [REFERENCE_ID] and kept[REFERENCE_ID] is None:
        return error
    raise error


def _shown(name: str | None) -> str:
    return "no column" if name is None else f"“{name}”"


def _settings(fields: Iterable[str], names: Mapping[str, str | None]) -> str:
    return " ".join(
        setting_ref("map", f"{field}={name or ''}")
        for field, name in ((field, names[field]) for field in fields)
    )


def _is_gone(kept: str | None, now: str | None, header: Sequence[str]) -> bool:
    """Whether a column was removed from the manifest, and no other column replaces it."""
    return kept is not None and now is None and fold(kept) not in map(fold, header)


def _can_stay(name: str | None, field: str, header: Sequence[str]) -> bool:
    """Whether the column still exists, or the field is optional and had no column."""
    return field != SOURCE_URL if name is None else fold(name) in map(fold, header)
