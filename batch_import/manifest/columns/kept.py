"""Refuse an edited manifest whose fields would come from other columns than before. No I/O.

An edited manifest is a later version of a job's manifest. A title or an ID from another column
would make different videos from the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence

from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.columns.aliases import FIELDS, REFERENCE_ID, SOURCE_URL, fold
from batch_import.manifest.columns.mapping import ColumnMapping


def column_names_by_field(
    header: Sequence[str], positions: Iterable[int | None]
) -> dict[str, str | None]:
    """Return field → name of its column; None for a field without a column.

    Args:
        header: names of all columns.
        positions: position of the column of each field, in the order of `FIELDS`.
    """
    return {
        field: None if position is None else header[position]
        for field, position in zip(FIELDS, positions, strict=True)
    }


def refuse_other_columns(
    kept: Mapping[str, str | None],
    header: Sequence[str],
    mapping: ColumnMapping,
    overrides: Mapping[str, str],
) -> ManifestError | None:
    """Raise an error if a field would come from another column than in the job so far.

    Another column is allowed if the user named it, by the setting `map` or by a column with the
    field's own name. The column of IDs may be removed, because rows without an ID are matched by
    their URL. It may be added if there are no rows to send: a row to send must not get an ID from a
    new column without a decision by the user, because an ID cannot be corrected later.

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
    new_names = column_names_by_field(header, mapping.positions)
    overridden_fields = {fold(field) for field in overrides}
    changed_fields = []
    for field in FIELDS:
        kept_name, new_name = kept[field], new_names[field]
        has_changed = fold(new_name or "") != fold(kept_name or "")
        is_named_by_user = fold(field) in overridden_fields or fold(new_name or "") == fold(field)
        is_removed_id = field == REFERENCE_ID and _is_removed(kept_name, new_name, header)
        if has_changed and not is_named_by_user and not is_removed_id:
            changed_fields.append(field)
    if not changed_fields:
        return None
    changes = "; ".join(
        f"{field} was {_quote(kept[field])}, now {_quote(new_names[field])}"
        for field in changed_fields
    )
    hint = f"To read it so from now on: {_settings(changed_fields, new_names)}"
    if all(_can_stay(kept[field], field, header) for field in changed_fields):
        hint = f"To go on as before: {_settings(changed_fields, kept)}. {hint}"
    error = ManifestError(
        f"This version of the manifest would be read from other columns than the job so far:"
        f" {changes}.",
        hint,
    )
    if changed_fields == [REFERENCE_ID] and kept[REFERENCE_ID] is None:
        return error
    raise error


def _quote(name: str | None) -> str:
    return "no column" if name is None else f"“{name}”"


def _settings(fields: Iterable[str], names: Mapping[str, str | None]) -> str:
    """Return the settings that map fields to columns, for a hint."""
    return " ".join(setting_ref("map", f"{field}={names[field] or ''}") for field in fields)


def _is_removed(kept: str | None, new_name: str | None, header: Sequence[str]) -> bool:
    """Whether a column was removed from the manifest, and no other column replaces it."""
    return kept is not None and new_name is None and fold(kept) not in map(fold, header)


def _can_stay(name: str | None, field: str, header: Sequence[str]) -> bool:
    """Whether the column still exists, or the field is optional and had no column."""
    return field != SOURCE_URL if name is None else fold(name) in map(fold, header)
