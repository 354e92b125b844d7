"""Check whether a manifest is a new version of the job's manifest, or another manifest.

A job recognizes its manifest by the rows. The path only decides whether the rows are compared
before anything was sent. If a manifest is refused, nothing has been changed yet.
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
        is_job_named: whether the user named the job folder. If true, then one row that is in both
            manifests is enough to accept the new one.
        folder: folder of the job, for messages.
        manifest: absolute path of the manifest.
        signing: names of URL parameters that are signatures, in addition to the known ones.
        error_if_new_rows: `load` raises this if the manifest has added or changed rows.
    """

    same_videos: SameVideos = "ask"
    allow_removals: bool = True
    is_job_named: bool = True
    folder: Path = Path()
    manifest: str = ""
    signing: frozenset[str] = NO_EXTRA_NAMES
    error_if_new_rows: Exception | None = None


DEFAULT_LOAD_OPTIONS: Final = LoadOptions()


def check_manifest_version(db: Database, known_manifest: str, options: LoadOptions) -> None:
    """Refuse an unrelated manifest. Also refuse a manifest that lacks most of the unsent rows.

    `alike_rows.find_alike` must be called first, because it fills the tables `added` and
    `removed`.

    Args:
        known_manifest: absolute path of the manifest that was loaded last; empty before the first.

    Raises:
        StateError: the user has to decide.
    """
    (sent,) = db.execute(_ANY_SENT).fetchone()
    (valid,) = db.execute(_ANY_VALID).fetchone()
    path_differs = known_manifest and options.manifest and known_manifest != options.manifest
    if sent or (valid and path_differs):
        _refuse_another_manifest(db, known_manifest, options)
    pending, skipped = db.execute(_SKIPPED).fetchone()
    if 2 * skipped > pending and not options.allow_removals:
        raise StateError(
            f"The manifest has changed: {skipped:,} of the {pending:,} rows that are still to be"
            " sent are no longer in it.",
            "Nothing was changed. If the file is not complete, restore it; to skip these rows, run"
            f" again with {setting_ref('allow_removals')}.",
        )


def _refuse_another_manifest(db: Database, known: str, options: LoadOptions) -> None:
    before, after, common = db.execute(_COMMON).fetchone()
    smaller = min(before, after)
    if not smaller or 2 * common > smaller or (common and options.is_job_named):
        return
    other = options.folder.parent / _other_name(Path(options.manifest), options.folder)
    new = f"Run it as a job of its own: {setting_ref('job', str(other))}."
    if not common:
        raise StateError(
            f"{options.folder} holds another manifest's job ({known}): not one row is in both.",
            f"Nothing was changed. {new}",
        )
    raise StateError(
        f"{options.folder} holds the job of {known}, with {before:,} rows; this manifest has"
        f" {after:,}, and only {common:,} of them are the same.",
        f"Nothing was changed. If it is another library: {new}"
        f" If it is a new version: {setting_ref('job', str(options.folder))}.",
    )


def _other_name(manifest: Path, folder: Path) -> str:
    """Returns a folder name for the other manifest.

    It consists of the names of the manifest's folder and of the job folder, because two manifests
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
_ANY_VALID: Final = "SELECT EXISTS (SELECT 1 FROM row WHERE status <> 'invalid')"
#: Selects the number of rows of the known manifest, of the new manifest, and of both.
#:
#: The tables `incoming`, `added` and `removed` have the rows of the new manifest, and the rows that
#: only the new or only the known manifest has. `row.position` is NULL if the row is no longer in
#: the known manifest. `added.held` is the number of the row under which the job has the added row
#: already, as an invalid row; it is NULL if the job does not have the row.
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
        + (SELECT count(*) FROM added WHERE held IS NULL AND EXISTS (
            SELECT 1 FROM removed WHERE {ALIKE}
        ))
"""
#: Selects the number of pending rows of the known manifest, and how many of them the new one lacks.
_SKIPPED: Final = f"""
    SELECT
        (SELECT count(*) FROM row WHERE status = 'pending' AND position IS NOT NULL),
        (SELECT count(*) FROM removed JOIN row USING (number)
            WHERE status = 'pending' AND removed.position IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM added WHERE {ALIKE}))
"""
