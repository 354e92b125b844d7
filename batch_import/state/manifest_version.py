"""Check whether a manifest is a new version of the job's manifest, or another manifest.

The rows decide this: a new version has enough rows of the last version. As long as no row was sent,
they are compared only if the path differs. If a manifest is refused, the job is not changed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch_import.addresses.signatures import NO_EXTRA_NAMES
from batch_import.errors import StateError, setting_ref
from batch_import.state.alike_rows import ALIKE, SameVideos
from batch_import.state.connection import Database


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the user has decided about an edited manifest.

    Attributes:
        same_videos: whether added rows that are similar to removed rows are the same videos.
        allow_removals: if false, a manifest that lacks more than half of the unsent rows is
            refused.
        is_job_named: whether the user named the job folder. Then a manifest is accepted if one of
            its rows is in the last version, too.
        folder: folder of the job, for messages.
        manifest: absolute path of the manifest; empty if it has none.
        signing: names of URL parameters that are signatures, in addition to the names that the
            program knows.
        new_rows_error: error that `load` raises if the manifest has added or changed rows; None if
            such rows are accepted.
    """

    same_videos: SameVideos = "ask"
    allow_removals: bool = True
    is_job_named: bool = True
    folder: Path = Path()
    manifest: str = ""
    signing: frozenset[str] = NO_EXTRA_NAMES
    new_rows_error: Exception | None = None


DEFAULT_LOAD_OPTIONS: Final = LoadOptions()


def check_manifest_version(db: Database, known_manifest: str, options: LoadOptions) -> None:
    """Refuse an unrelated manifest. Also refuse a manifest that lacks most of the unsent rows.

    `alike_rows.find_alike` must be called first, because it fills the tables `added` and
    `removed`.

    Args:
        db: the job database.
        known_manifest: absolute path of the manifest that was loaded last; empty before the first.
        options: what the user has decided.

    Raises:
        StateError: the manifest is refused until the user decides.
    """
    (has_sent_rows,) = db.execute(_ANY_SENT).fetchone()
    (has_valid_rows,) = db.execute(_ANY_VALID).fetchone()
    are_paths_known = bool(known_manifest and options.manifest)
    has_other_path = are_paths_known and known_manifest != options.manifest
    # As long as no row was sent, a manifest with the same path may change completely.
    if has_sent_rows or (has_valid_rows and has_other_path):
        _refuse_another_manifest(db, known_manifest, options)
    pending_count, missing_count = db.execute(_SKIPPED).fetchone()
    if 2 * missing_count > pending_count and not options.allow_removals:
        raise StateError(
            f"The manifest has changed: {missing_count:,} of the {pending_count:,} rows that are"
            " still to be sent are no longer in it.",
            "Nothing was changed. If the file is not complete, restore it; to skip these rows, run"
            f" again with {setting_ref('allow_removals')}.",
        )


def _refuse_another_manifest(db: Database, known_manifest: str, options: LoadOptions) -> None:
    """Raise an error if too few rows are in both manifests.

    Raises:
        StateError: at most half of the rows of the smaller manifest are in both.
    """
    known_count, new_count, common_count = db.execute(_COMMON).fetchone()
    smaller_count = min(known_count, new_count)
    is_same_library = 2 * common_count > smaller_count
    if not smaller_count or is_same_library or (common_count and options.is_job_named):
        return
    other_folder = options.folder.parent / _other_name(Path(options.manifest), options.folder)
    hint = f"Run it as a job of its own: {setting_ref('job', str(other_folder))}."
    if not common_count:
        raise StateError(
            f"{options.folder} holds another manifest's job ({known_manifest}): not one row is in"
            " both.",
            f"Nothing was changed. {hint}",
        )
    raise StateError(
        f"{options.folder} holds the job of {known_manifest}, with {known_count:,} comparable rows;"
        f" this manifest has {new_count:,}, and only {common_count:,} of them are the same.",
        f"Nothing was changed. If it is another library: {hint}"
        f" If it is a new version: {setting_ref('job', str(options.folder))}.",
    )


def _other_name(manifest: Path, folder: Path) -> str:
    """Returns the name of a job folder to suggest for another manifest.

    It consists of the names of the manifest's folder and of this job folder, because two manifests
    in different folders can have the same name.
    """
    parent_name = manifest.parent.name
    return f"{parent_name}-{folder.name}" if parent_name else f"{folder.name}-2"


#: Whether the platform has, or ever had, a media of the job.
_ANY_SENT: Final = """
    SELECT EXISTS (
        SELECT 1 FROM row WHERE sent_at IS NOT NULL OR media_id IS NOT NULL
            OR status NOT IN ('pending', 'failed', 'invalid', 'skipped')
    )
"""
#: Whether the job has a valid row.
_ANY_VALID: Final = "SELECT EXISTS (SELECT 1 FROM row WHERE status <> 'invalid')"
#: Selects the number of rows of the known manifest (the manifest that was loaded last), of the new
#: manifest, and of both.
#:
#: The table `incoming` has the rows of the new manifest, `added` the rows that only the new
#: manifest has, and `removed` the rows that only the known manifest has. `row.position` is NULL if
#: the row is no longer in the known manifest. `added.invalid_number` is a row's number if the job
#: has the added row as an invalid row already; otherwise it is NULL.
#:
#: The same ID alone does not show that a row is the same, because many libraries number their rows
#: from one. The title (`filename`) or the URL must be the same as well.
_COMMON: Final = f"""
    SELECT
        (SELECT count(*) FROM row WHERE identity IS NOT NULL AND position IS NOT NULL),
        (SELECT count(*) FROM incoming WHERE identity IS NOT NULL),
        (SELECT count(*) FROM incoming JOIN row USING (identity)
            WHERE incoming.stripped_address = row.stripped_address
                OR incoming.filename = row.filename)
        + (SELECT count(*) FROM added WHERE invalid_number IS NULL AND EXISTS (
            SELECT 1 FROM removed WHERE {ALIKE}
        ))
"""
#: Selects the number of pending rows of the known manifest, and the number of these rows that the
#: new manifest lacks.
_SKIPPED: Final = f"""
    SELECT
        (SELECT count(*) FROM row WHERE status = 'pending' AND position IS NOT NULL),
        (SELECT count(*) FROM removed JOIN row USING (number)
            WHERE status = 'pending' AND removed.position IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM added WHERE {ALIKE}))
"""
