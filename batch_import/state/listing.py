"""The media of the account as they were listed, beside the job's rows as they were before.

An account may hold hundreds of thousands of media, so they are kept in tables that SQLite throws
away at the end; the state file itself is not written to. The rows are those of one moment, however
long the look takes and whatever a run does meanwhile: what became of a row later is no part of the
comparison. This file must not know what a difference means.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from batch_import.models import Media, Sought

#: What is read in a transaction is of the moment of its first read.
_TABLES = """
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
    -- Embed pages that do not come, by the key of their media, and why.
    CREATE TEMP TABLE page (key TEXT PRIMARY KEY, fault TEXT NOT NULL) WITHOUT ROWID;
"""
_MEDIA = "id, key, reference_id, status, title, created_date"
#: A row that should be there. The plus keeps SQLite from sorting all of them for each few.
_IMPORTED = "+status = 'imported' AND position IS NOT NULL"
_PLAYABLE = f"{_IMPORTED} AND key <> ''"
#: What a platform without ids lists is found by its key.
_NOT_LISTED = f"""
    {_IMPORTED}
    AND NOT EXISTS (SELECT 1 FROM media WHERE media.id = row.media_id AND media.id <> '')
    AND NOT EXISTS (
        SELECT 1 FROM media WHERE media.reference_id = row.reference_id AND media.key = row.key
    )
"""


class Listing:
    """What was listed, and how it goes with the rows. Made by `Store.listing`.

    Args:
        db: the state's connection; until it is closed it shows the rows as they are now.
        explained: turns what SQLite says into a `StateError`.
    """

    def __init__(
        self, db: sqlite3.Connection, explained: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db = db
        self._explained = explained
        with explained():
            db.executescript(_TABLES)

    def note(self, items: Iterable[Media]) -> int:
        """Take media in. Returns how many of them were not known yet."""
        values = [
            (m.id, m.key, m.reference_id, m.status, m.title, m.created_date)
            for m in items
            if m.id or m.key
        ]
        before = self.count()
        with self._explained():
            self._db.executemany(
                f"INSERT INTO media ({_MEDIA}) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id, key) DO UPDATE SET reference_id = excluded.reference_id,"
                " status = excluded.status, title = excluded.title",
                values,
            )
        return self.count() - before

    def count(self) -> int:
        """How many media are known."""
        with self._explained():
            found = self._db.execute("SELECT max(place) FROM media").fetchone()
        return found[0] or 0

    # What is still to be asked for ------------------------------------------------------------

    def count_missing(self) -> int:
        """How many imported rows have a media that was not listed."""
        return self._count(_NOT_LISTED)

    def missing(self, after: int, limit: int) -> list[Sought]:
        """Some of these rows, by their number, from `after` on."""
        return self._sought(_NOT_LISTED, after, limit)

    def count_playable(self) -> int:
        """How many rows have an embed page."""
        return self._count(_PLAYABLE)

    def playable(self, after: int, limit: int) -> list[Sought]:
        """Some of these rows, by their number, from `after` on."""
        return self._sought(_PLAYABLE, after, limit)

    def _count(self, where: str) -> int:
        with self._explained():
            found = self._db.execute(f"SELECT count(*) FROM row WHERE {where}").fetchone()
        return int(found[0])

    def _sought(self, where: str, after: int, limit: int) -> list[Sought]:
        with self._explained():
            found = self._db.execute(
                "SELECT number, reference_id, coalesce(media_id, ''), coalesce(key, '') FROM row"
                f" WHERE {where} AND number > ? ORDER BY number LIMIT ?",
                (after, limit),
            )
            return [Sought(*values) for values in found]

    def note_page_fault(self, key: str, fault: str) -> None:
        """Write down why the embed page of a media does not play."""
        with self._explained():
            self._db.execute("INSERT OR REPLACE INTO page VALUES (?, ?)", (key, fault))

    # How it goes together ---------------------------------------------------------------------

    def page_fault(self, key: str) -> str:
        """Why its embed page does not play; empty where it does, or was not asked for."""
        with self._explained():
            found = self._db.execute("SELECT fault FROM page WHERE key = ?", (key,)).fetchone()
        return found[0] if found else ""

    def media_of(self, reference_id: str, media_id: str, key: str) -> list[Media]:
        """A row's own media, and those that bear its reference ID and are no other row's."""
        with self._explained():
            found = self._db.execute(
                f"SELECT {_MEDIA} FROM media WHERE place IN ("
                " SELECT place FROM media WHERE id = :id AND id <> ''"
                " UNION SELECT place FROM media WHERE reference_id = :name AND :name <> ''"
                " AND (id = :id OR key = :key OR id NOT IN (SELECT id FROM taken))"
                ") ORDER BY place",
                {"id": media_id, "name": reference_id, "key": key},
            )
            return [_media(values) for values in found]

    def not_named(self) -> Iterator[Media]:
        """Media that no row of the job names, in the order of the list."""
        with self._explained():
            found = self._db.execute(
                f"SELECT {_MEDIA} FROM media WHERE id NOT IN (SELECT id FROM taken)"
                " AND NOT EXISTS (SELECT 1 FROM row WHERE identity = media.reference_id)"
                " ORDER BY place"
            )
            yield from map(_media, found)


def _media(values: tuple[str, str, str, str, str, str]) -> Media:
    media_id, key, reference_id, status, title, created = values
    return Media(media_id, key, reference_id, status, title, created_date=created)
