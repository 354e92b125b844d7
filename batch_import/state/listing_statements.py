"""The SQL statements of verification, which compares the account's media with the rows of a job.

Their own tables are temporary. This module must not know what a difference between them means.
"""

from typing import Final

#: Creates the tables. In the transaction that is begun here, later queries read the rows of the job
#: as they are at its first query.
CREATE_LISTING: Final = """
    BEGIN;
    CREATE TEMP TABLE media (
        place        INTEGER PRIMARY KEY,  -- position in the account's list
        id           TEXT NOT NULL,
        key          TEXT NOT NULL,
        reference_id TEXT NOT NULL,
        status       TEXT NOT NULL,
        title        TEXT NOT NULL,
        created_date TEXT NOT NULL,
        UNIQUE (id, key)
    );
    CREATE INDEX temp.media_by_reference ON media (reference_id);
    -- IDs of the media of imported rows. Such a media belongs to no other row.
    CREATE TEMP TABLE taken (id TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT OR IGNORE INTO taken
        SELECT media_id FROM row WHERE status = 'imported' AND media_id <> '';
    -- Media keys of embed pages that do not play, and the reasons.
    CREATE TEMP TABLE page (key TEXT PRIMARY KEY, fault TEXT NOT NULL) WITHOUT ROWID;
"""
_MEDIA: Final = "id, key, reference_id, status, title, created_date"
ADD_MEDIA: Final = f"""
    INSERT INTO media ({_MEDIA}) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id, key) DO UPDATE SET
        reference_id = excluded.reference_id, status = excluded.status, title = excluded.title
"""
MEDIA_COUNT: Final = "SELECT coalesce(max(place), 0) FROM media"
#: The media of a row, and media with its reference ID that belong to no other row. Parameters: ID
#: and key of its media, and its reference ID.
MEDIA_OF_ROW: Final = f"""
    SELECT {_MEDIA} FROM media WHERE place IN (
        SELECT place FROM media WHERE id = :id AND id <> ''
        UNION SELECT place FROM media WHERE reference_id = :reference AND :reference <> ''
        AND (id = :id OR key = :key OR id NOT IN (SELECT id FROM taken))
    ) ORDER BY place
"""
#: The media that belong to no row, and whose reference ID no row has.
UNMATCHED_MEDIA: Final = f"""
    SELECT {_MEDIA} FROM media WHERE id NOT IN (SELECT id FROM taken)
    AND NOT EXISTS (SELECT 1 FROM row WHERE identity = media.reference_id) ORDER BY place
"""
SAVE_PAGE_FAULT: Final = "INSERT OR REPLACE INTO page VALUES (?, ?)"
PAGE_FAULT: Final = "SELECT fault FROM page WHERE key = ?"

#: Condition for rows whose media should exist. The plus prevents the use of the index by status,
#: with which SQLite would have to sort all rows by number for each batch.
_SHOULD_EXIST: Final = "+status = 'imported' AND position IS NOT NULL"
#: Rows whose media should exist and is not in the list. If the platform lists media without IDs, a
#: media is recognized by its key.
_UNLISTED: Final = f"""
    row WHERE {_SHOULD_EXIST}
    AND NOT EXISTS (SELECT 1 FROM media WHERE media.id = row.media_id AND media.id <> '')
    AND NOT EXISTS (
        SELECT 1 FROM media WHERE media.reference_id = row.reference_id AND media.key = row.key
    )
"""
#: Rows that have an embed page.
_PLAYABLE: Final = f"row WHERE {_SHOULD_EXIST} AND key <> ''"


def _lookup_targets(rows: str) -> str:
    """Returns SQL for the `LookupTarget`s of rows, in the order of their numbers.

    Parameters: only rows with a higher number than this are returned, and the limit.

    Args:
        rows: SQL after FROM, which ends with a condition.
    """
    return f"""
        SELECT number, reference_id, coalesce(media_id, ''), coalesce(key, '') FROM {rows}
        AND number > ? ORDER BY number LIMIT ?
    """


UNLISTED_COUNT: Final = f"SELECT count(*) FROM {_UNLISTED}"
UNLISTED: Final = _lookup_targets(_UNLISTED)
PLAYABLE_COUNT: Final = f"SELECT count(*) FROM {_PLAYABLE}"
PLAYABLE: Final = _lookup_targets(_PLAYABLE)
