"""Whether a later edition of a manifest is read from other columns than the job so far. Pure.

A title or an id out of another column would make other videos of the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence

from batch_import.errors import ManifestError, named
from batch_import.manifest.columns.aliases import FIELDS, REFERENCE_ID, SOURCE_URL, fold
from batch_import.manifest.columns.mapping import Mapping as Columns


def names_of(header: Sequence[str], positions: Iterable[int | None]) -> dict[str, str | None]:
    """Each field, and the name of its column; None where it has none."""
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
    """Stop where a field comes from another column than in the job so far.

    It may where the user says so: by the setting `map`, or by calling the column as the field. And
    the column of the ids may come and go, because rows without an id are found by their addresses;
    only a row that is still to be sent would get an id that cannot be corrected later.

    Args:
        kept: field → name of its column in the job.
        header: the names as they stand in the new edition.
        mapping: how the new edition would be read.
        overrides: field → column, as the user wants it.

    Returns:
        What to raise if a row of the edition would be sent.

    Raises:
        ManifestError: one does, with both columns, and the settings for either way.
    """
    now = names_of(header, mapping.positions)
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
        f"This edition of the manifest would be read from other columns than the job so far:"
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
        named("map", f"{field}={name or ''}")
        for field, name in ((field, names[field]) for field in fields)
    )


def _is_gone(kept: str | None, now: str | None, header: Sequence[str]) -> bool:
    """Whether a column is not in the manifest any more, and no other has its place."""
    return kept is not None and now is None and fold(kept) not in map(fold, header)


def _can_stay(name: str | None, field: str, header: Sequence[str]) -> bool:
    """Whether the column is still there; a field other than the URL's may have none."""
    return field != SOURCE_URL if name is None else fold(name) in map(fold, header)
