"""The SQL statements about the account's media in verification.

The tables are temporary. This module must not know what a difference means.
"""

from typing import Final

#: The transaction keeps the rows as they are at its first read.
CREATE_LISTING: Final = """
    BEGIN;
    CREATE TEMP TABLE media (
        place        INTEGER PRIMARY KEY,  -- in the order of the list
        id           TEXT NOT NULL,
        key          TEXT NOT NULL,
        reference_id TEXT NOT NULL,
        status       TEXT NOT NULL,
        title        TEXT NOT NULL,
        created_date TEXT NOT NULL,
        UNIQUE (id, key)
    );
    CREATE INDEX temp.media_by_reference ON media (reference_id);
    -- The media that imported rows became; none of them is another row's.
    CREATE TEMP TABLE taken (id TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT OR IGNORE INTO taken
        SELECT media_id FROM row WHERE status = 'imported' AND media_id <> '';
    -- Embed pages that do not play, by the key of their media, and why.
    CREATE TEMP TABLE page (key TEXT PRIMARY KEY, fault TEXT NOT NULL) WITHOUT ROWID;
"""
_MEDIA: Final = "id, key, reference_id, status, title, created_date"
ADD_MEDIA: Final = f"""
    INSERT INTO media ({_MEDIA}) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id, key) DO UPDATE SET
        reference_id = excluded.reference_id, status = excluded.status, title = excluded.title
"""
MEDIA_COUNT: Final = "SELECT coalesce(max(place), 0) FROM media"
MEDIA_OF_ROW: Final = f"""
    SELECT {_MEDIA} FROM media WHERE place IN (
        SELECT place FROM media WHERE id = :id AND id <> ''
        UNION SELECT place FROM media WHERE reference_id = :name AND :name <> ''
        AND (id = :id OR key = :key OR id NOT IN (SELECT id FROM taken))
    ) ORDER BY place
"""
UNMATCHED_MEDIA: Final = f"""
    SELECT {_MEDIA} FROM media WHERE id NOT IN (SELECT id FROM taken)
    AND NOT EXISTS (SELECT 1 FROM row WHERE identity = media.reference_id) ORDER BY place
"""
SAVE_PAGE_FAULT: Final = "INSERT OR REPLACE INTO page VALUES (?, ?)"
PAGE_FAULT: Final = "SELECT fault FROM page WHERE key = ?"

#: A row whose media should exist. The plus prevents SQLite from sorting all rows for each batch.
_SHOULD_EXIST: Final = "+status = 'imported' AND position IS NOT NULL"
#: If the platform lists media without IDs, they are found by their key.
_UNLISTED: Final = f"""
    row WHERE {_SHOULD_EXIST}
    AND NOT EXISTS (SELECT 1 FROM media WHERE media.id = row.media_id AND media.id <> '')
    AND NOT EXISTS (
        SELECT 1 FROM media WHERE media.reference_id = row.reference_id AND media.key = row.key
    )
"""
_PLAYABLE: Final = f"row WHERE {_SHOULD_EXIST} AND key <> ''"


def _lookup_targets(rows: str) -> str:
    """Returns SQL for rows after a number. Parameters: that number, and a limit."""
    return f"""
        SELECT number, reference_id, coalesce(media_id, ''), coalesce(key, '') FROM {rows}
        AND number > ? ORDER BY number LIMIT ?
    """


UNLISTED_COUNT: Final = f"SELECT count(*) FROM {_UNLISTED}"
UNLISTED: Final = _lookup_targets(_UNLISTED)
PLAYABLE_COUNT: Final = f"SELECT count(*) FROM {_PLAYABLE}"
PLAYABLE: Final = _lookup_targets(_PLAYABLE)
