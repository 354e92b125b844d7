"""Check whether a manifest is a new version of the job's manifest, or another manifest.

A job recognizes its manifest by the rows, never by the path. If a manifest is refused, nothing has
been changed yet.
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
        allow_removals: whether most of the rows that are still to be sent may be skipped.
        is_job_named: whether the user named the job folder. If so, a few common rows are enough.
        folder: folder of the job, for messages.
        manifest: absolute path of the manifest.
        signing: names of URL parameters that are signatures, in addition to the known ones.
        error_if_rows_to_send: raised if the manifest has rows to send that the job does not have
            yet.
    """

    same_videos: SameVideos = "ask"
    allow_removals: bool = True
    is_job_named: bool = True
    folder: Path = Path()
    manifest: str = ""
    signing: frozenset[str] = NO_EXTRA_NAMES
    error_if_rows_to_send: Exception | None = None


DEFAULT_LOAD_OPTIONS: Final = LoadOptions()


def check_edition(db: Database, known_manifest: str, options: LoadOptions) -> None:
    """Refuse another manifest, and one that would skip most of the rows that are still to be sent.

    `alike_rows.find_alike` must be called first.

    Args:
        known_manifest: absolute path of the manifest that was loaded last; empty before the first.

    Raises:
        StateError: the user has to decide.
    """
    (sent,) = db.execute(_ANY_SENT).fetchone()
    (valid,) = db.execute(_ANY_VALID).fetchone()
    elsewhere = known_manifest and options.manifest and known_manifest != options.manifest
    if sent or (valid and elsewhere):
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
        f" If it is a new edition: {setting_ref('job', str(options.folder))}.",
    )


def _other_name(manifest: Path, folder: Path) -> str:
    """Returns a folder name that includes the manifest's folder, if two manifests have one name."""
    where = manifest.parent.name
    return f"{where}-{folder.name}" if where else f"{folder.name}-2"


#: Whether the platform has, or ever had, a media of the job.
_ANY_SENT: Final = """
    SELECT EXISTS (
        SELECT 1 FROM row WHERE sent_at IS NOT NULL OR media_id IS NOT NULL
            OR status NOT IN ('pending', 'failed', 'invalid', 'skipped')
    )
"""
_ANY_VALID: Final = "SELECT EXISTS (SELECT 1 FROM row WHERE status <> 'invalid')"
#: The same ID alone does not show that a row is the same, because many libraries number their rows
#: from one. The title or the URL must be the same as well.
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
_SKIPPED: Final = f"""
    SELECT
        (SELECT count(*) FROM row WHERE status = 'pending' AND position IS NOT NULL),
        (SELECT count(*) FROM removed JOIN row USING (number)
            WHERE status = 'pending' AND removed.position IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM added WHERE {ALIKE}))
"""
