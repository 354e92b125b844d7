"""The state file: the job's rows in SQLite, which is the queue of the import.

Only rows in flight are Python objects; all others stay here. Every method is one transaction, and
what it wrote is on the disk when it returns (`synchronous=FULL`): an intent must outlive a power
cut. Not safe for many threads at once; in a run, one thread alone uses it. This file must not know
why a row changes its status.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, Self

from batch_import.errors import StateError
from batch_import.models import (
    Change,
    Counts,
    Event,
    LineRange,
    ManifestRow,
    Record,
    Row,
    Source,
    Status,
    Timeline,
)
from batch_import.state import choice
from batch_import.state.listing import Listing
from batch_import.urls import unsigned

#: Raised with every change of schema.sql; a file of another version is refused, never guessed at.
SCHEMA_VERSION: Final = 2

_ROW = (
    "number, reference_id, source_url, filename, extension, status, ingest_id,"
    " claimed_at, sent_at, media_id, line,"
    " (SELECT count(*) FROM event WHERE event.row = row.number AND event.status = 'creating')"
)


#: Rows of a part of an edition that are named.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of an edition: how many, and line and referenceId of the first few."""

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """What reading the manifest changed in the job.

    Attributes:
        changed: rows that the platform has nothing of, and that are now sent as they read now.
        too_late: rows whose text changed after it was sent: what was sent stays.
        kept: how many rows are as they were, those that are too late included.
    """

    added: Part = Part()
    changed: Part = Part()
    removed: Part = Part()
    too_late: Part = Part()
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row under way. `since`: when it was last sent, or found, in epoch seconds."""

    line: int
    reference_id: str
    status: Status
    since: float


class Store:
    """One open state file.

    Args:
        path: the file; `None` keeps the state in memory, for tests and rehearsals; an empty path
            keeps it in a file that nobody sees, in memory only in parts, gone when it is closed.
        create: make the file where there is none.
        reading: nothing is to be changed in it.

    Raises:
        StateError: it is missing, damaged, not ours, or of a newer version.
    """

    def __init__(
        self, path: Path | Literal[""] | None, *, create: bool = False, reading: bool = False
    ) -> None:
        self._name = str(path) if path else "the state in memory"
        #: The table that pending rows are taken from: all rows, or those of the choice.
        self._queue = choice.ALL
        if path and not create and not path.is_file():
            raise StateError(
                f"There is no job at {path.parent}.", "Start it with: batch-import run"
            )
        with self._explained():
            self._db = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=30,
            )
            if reading:
                self._db.execute("PRAGMA query_only = ON")
            self._prepare(reading=reading)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Everything is saved already."""
        self._db.close()

    def scratch(self) -> Self:
        """A copy to try things on: whatever happens to it, this state stays as it is."""
        copy = type(self)("")
        with self._explained():
            self._db.backup(copy._db)  # noqa: SLF001 - of its own class
        return copy

    def _prepare(self, *, reading: bool) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{self._name} was written by a newer batch-import.", "Update batch-import."
            )
        if 0 < version < SCHEMA_VERSION:
            raise StateError(
                f"{self._name} was written by a batch-import from before the first release.",
                "Start anew with another --job: what is in the account is taken over.",
            )
        if reading:
            if version == 0:
                raise self._not_ours()
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if version == 0:
            self._create()

    def _create(self) -> None:
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables:
            raise self._not_ours()
        schema = resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
        self._db.executescript(f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def _not_ours(self) -> StateError:
        return StateError(f"{self._name} is not a state file of batch-import.", "Use --job.")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into one line that a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "full" in text:
                hint = "Free some space and run the same command again; nothing saved is lost."
            elif "readonly" in text or "unable to open" in text:
                hint = "Make the job folder writable, or choose another with --job."
            elif "locked" in text:
                hint = "Another program holds it; close that and run the same command again."
            else:
                # An older copy knows nothing of what was sent since, and would send it again.
                hint = "It may be damaged: start anew with another --job, not with an old copy."
            raise StateError(f"{self._name}: {text}.", hint) from None

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that is read meanwhile is of one moment, whatever a run commits."""
        with self._explained():
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # The job ----------------------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        """What is true of the whole job, by name; None where it is not known."""
        with self._explained():
            found = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def set_facts(self, **facts: str) -> None:
        """Write down what is true of the whole job."""
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def counts(self, *, running: bool = False) -> Counts:
        """How many rows are where.

        Args:
            running: a run is under way, so that a row being created is in flight. Without one
                nobody knows what became of it.
        """
        with self._explained():
            found = dict(self._db.execute("SELECT status, count(*) FROM row GROUP BY status"))
        creating = found.pop(Status.CREATING, 0)
        home = Status.PROCESSING if running else Status.UNKNOWN
        found[home] = found.get(home, 0) + creating
        return Counts(total=sum(found.values()), **{str(k): v for k, v in found.items()})

    def count_adopted(self) -> int:
        """How many imported rows were in the account already: the job sent no POST of theirs."""
        with self._explained():
            counted = self._db.execute(
                "SELECT count(*) FROM row WHERE status = 'imported' AND sent_at IS NULL"
            )
            return int(counted.fetchone()[0])

    # The manifest -----------------------------------------------------------------------------

    def load(self, rows: Iterable[ManifestRow], facts: dict[str, str], now: float) -> Edition:
        """Take over an edition of the manifest: all of it, or nothing if `rows` raises.

        Rows are known again by their identity. New ones join; those that failed or were invalid
        and have changed go back to pending; those that the platform has, or may have, keep what
        was sent; those that are gone and were never sent are skipped, or forgotten where they
        were invalid.

        Args:
            facts: written in the same transaction.
            now: epoch seconds.

        Raises:
            StateError: no row of the job is in this manifest: it is another job's.
        """
        with self._transaction() as db:
            db.execute("DELETE FROM incoming")
            db.executemany(
                "INSERT INTO incoming VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _numbered(rows)
            )
            self._refuse_strangers(db)
            edition = _merge(db, now)
            db.execute("DELETE FROM incoming")
            db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())
        return edition

    def _refuse_strangers(self, db: sqlite3.Connection) -> None:
        (sent,) = db.execute("SELECT count(*) FROM row WHERE sent_at OR media_id").fetchone()
        (common,) = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM row JOIN incoming USING (identity) LIMIT 1)"
        ).fetchone()
        if sent and not common:
            raise StateError(
                f"{self._name} holds another manifest's job: not one row is in both.",
                "Choose another job folder with --job.",
            )

    # The queue --------------------------------------------------------------------------------

    def recover(self, now: float) -> int:
        """After a crash: rows whose POST may have left become unknown. Returns how many."""
        with self._transaction() as db:
            _event(
                db, now, Status.UNKNOWN, "the run ended while it was sent", "status = 'creating'"
            )
            return db.execute(
                "UPDATE row SET status = 'unknown', sent_at = ? WHERE status = 'creating'",
                (now,),
            ).rowcount

    def choose(self, wanted: Sequence[LineRange | str]) -> None:
        """Take up no rows but these through this connection; all where none is named.

        Args:
            wanted: by the lines in which they begin, or by their reference IDs.

        Raises:
            UsageError: one of them is no row of the manifest.
        """
        self._queue = choice.ALL
        if wanted:
            with self._transaction() as db:
                choice.choose(db, wanted)
            self._queue = choice.CHOSEN

    def choose_first(self, limit: int) -> None:
        """Take up so many pending rows at most: of those that may be, the first to be claimed."""
        with self._transaction() as db:
            choice.choose_first(db, self._queue, limit)
        self._queue = choice.CHOSEN

    @property
    def has_choice(self) -> bool:
        """Whether some rows are not to be taken up."""
        return self._queue == choice.CHOSEN

    def waiting(self) -> int:
        """How many pending rows may be taken up."""
        return self._count(f"{self._queue} WHERE status = 'pending'")

    def left(self) -> int:
        """How many rows that may be taken up are not imported, and not to be skipped."""
        return self._count(f"{self._queue} WHERE status NOT IN ('imported', 'skipped')")

    def _count(self, rows: str) -> int:
        with self._explained():
            (count,) = self._db.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(count)

    def claim(self, limit: int, now: float) -> list[Row]:
        """Take pending rows to be created: the intent before the deed.

        Rows whose URL stops working come first, the soonest before all; then manifest order.
        """
        with self._transaction() as db:
            first = (
                f"SELECT number FROM {self._queue} WHERE status = 'pending'"
                " ORDER BY expires, position LIMIT ?"
            )
            rows = self._rows(f"number IN ({first}) ORDER BY expires, position", (limit,))
            claimed = "UPDATE row SET status = 'creating', claimed_at = ? WHERE number = ?"
            db.executemany(claimed, [(now, row.number) for row in rows])
            db.executemany(
                "INSERT INTO event (row, time, status, reason) VALUES (?, ?, 'creating', '')",
                [(row.number, now) for row in rows],
            )
        return rows

    def sources(self, after: int, limit: int) -> list[Source]:
        """Where pending rows are to be fetched from, by the row's number, from `after` on."""
        with self._explained():
            found = self._db.execute(
                "SELECT line, source_url, extension, number FROM row"
                f" WHERE status = 'pending' AND number > ? AND {self._may_be_taken}"
                " ORDER BY number LIMIT ?",
                (after, limit),
            )
            return [Source(*values) for values in found]

    def pending_among(self, reference_ids: Iterable[str]) -> list[Row]:
        """Rows not sent yet that bear one of these reference IDs."""
        names = json.dumps(list(reference_ids))
        # The plus keeps SQLite from walking all pending rows by their status.
        where = "identity IN (SELECT value FROM json_each(?)) AND +status = 'pending'"
        with self._explained():
            return self._rows(f"{where} AND {self._may_be_taken}", (names,))

    @property
    def _may_be_taken(self) -> str:
        """SQL: the choice, if there is one, holds a row."""
        # Asked row by row: with IN, SQLite begins with all that are chosen.
        one = "EXISTS (SELECT 1 FROM chosen WHERE chosen.number = row.number)"
        return one if self.has_choice else "true"

    def count_to_retry(self) -> int:
        """How many rows `retry_failed` would send again."""
        with self._explained():
            counted = self._db.execute(f"SELECT count(*) FROM row WHERE {_RETRIED}")
            return int(counted.fetchone()[0])

    def ends(self) -> Iterator[tuple[int, float]]:
        """Pending rows whose URL stops working: line, and epoch seconds."""
        with self._explained():
            yield from self._db.execute(
                "SELECT line, expires FROM row WHERE status = 'pending' AND expires < 9e999"
            )

    def open_rows(self, most: int) -> list[Row]:
        """Rows that are not finished, in the order of the manifest.

        Args:
            most: of more rows, so many are picked, evenly from the first to the last.
        """
        with self._explained():
            (count,) = self._db.execute(f"SELECT count(*) FROM row WHERE {_OPEN_STILL}").fetchone()
            most = min(most, count)
            turns = (
                "SELECT number, row_number() OVER (ORDER BY position, number) AS turn"
                f" FROM row WHERE {_OPEN_STILL}"
            )
            picked = f"SELECT number FROM ({turns}) WHERE turn * ? / ? > (turn - 1) * ? / ?"
            where = f"number IN ({picked}) ORDER BY position, number"
            return self._rows(where, (most, count, most, count))

    def in_flight(self) -> list[Row]:
        """Rows that an earlier run left under way, in the order of their creation."""
        with self._explained():
            rows = self._rows("status IN ('processing', 'unknown') ORDER BY sent_at, number")
            positions = dict(
                self._db.execute(
                    "SELECT number, position FROM row WHERE status IN ('processing', 'unknown')"
                )
            )
            places = [positions[row.number] or 0 for row in rows]
            return [
                replace(row, imported_between=self._imported_between(before, place))
                for row, before, place in zip(rows, [0, *places], places, strict=False)
            ]

    def _imported_between(self, before: int, place: int) -> int:
        # The plus keeps SQLite from walking all imported rows by their status.
        (found,) = self._db.execute(
            "SELECT count(*) FROM row WHERE +status = 'imported' AND position > ? AND position < ?",
            (before, place),
        ).fetchone()
        return int(found)

    def _rows(self, where: str, parameters: Sequence[Any] = ()) -> list[Row]:
        found = self._db.execute(f"SELECT {_ROW} FROM row WHERE {where}", parameters)
        return [
            Row(n, reference, url, name, extension, Status(status), *rest)
            for n, reference, url, name, extension, status, *rest in found
        ]

    def apply(self, changes: Sequence[Change], now: float) -> None:
        """Commit what an answer meant for its rows."""
        if not changes:
            return
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO event (row, time, status, reason) VALUES (?, ?, ?, ?)",
                [(c.number, now, c.status, c.reason) for c in changes],
            )
            db.executemany(_APPLY, [_values(change) for change in changes])

    def retry_failed(self, now: float) -> int:
        """Failed rows, of the choice if there is one, go back to pending: the user says so.

        Returns how many.
        """
        with self._transaction() as db:
            where = f"{_RETRIED} AND {self._may_be_taken}"
            _event(db, now, Status.PENDING, "retry", where)
            return db.execute(
                "UPDATE row SET status = 'pending', error = '', ingest_id = NULL, media_id = NULL"
                f" WHERE {where}"
            ).rowcount

    # What happened ----------------------------------------------------------------------------

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[Record]:
        """Rows with all that is known of them, in manifest order; rows gone from it last.

        Args:
            statuses: which rows; every row where none is told.
        """
        where = f"status IN ({', '.join('?' * len(statuses))})" if statuses else "true"
        # In the order of an index, twice: to sort all rows would take megabytes.
        for order in (
            "position IS NOT NULL ORDER BY position, number",
            "position IS NULL ORDER BY number",
        ):
            for _, record in self._records(f"{where} AND {order}", statuses):
                yield record

    def row_of(self, reference_id: str) -> tuple[int, Record] | None:
        """The row that bears a reference ID, and its number; None where there is none."""
        # One that stands there twice is the first row's, and only that one is its identity.
        for where in ("row.identity = ?", "row.reference_id = ?"):
            ordered = f"{where} ORDER BY position IS NULL, position, number"
            found = next(self._records(ordered, (reference_id,)), None)
            if found:
                return found
        return None

    def row_on(self, line: int) -> tuple[int, Record] | None:
        """The row on a line of the manifest, and its number; None where there is none."""
        return next(self._records("row.line = ?", (line,)), None)

    def _records(self, where: str, parameters: Sequence[Any]) -> Iterator[tuple[int, Record]]:
        with self._explained():
            found = self._db.execute(
                "SELECT row.number, line, status, error, reference_id, filename, source_url,"
                " extension, cells, position IS NULL, picture.key IS NOT NULL, width, height,"
                " coalesce(ingest_id, ''), coalesce(media_id, ''), coalesce(row.key, ''),"
                " coalesce(title, ''), coalesce(duration, ''), coalesce(thumbnail, ''),"
                " coalesce(created_date, '')"
                f" FROM row LEFT JOIN picture ON picture.key = row.key WHERE {where}",
                parameters,
            )
            for number, line, status, error, reference, name, url, extension, cells, *rest in found:
                gone, looked_at, width, height, *texts = rest
                yield (
                    number,
                    Record(
                        line,
                        Status(status),
                        error,
                        reference,
                        name,
                        url,
                        extension,
                        tuple(json.loads(cells)),
                        bool(gone),
                        bool(looked_at),
                        (width, height) if width else None,
                        *texts,
                    ),
                )

    def events(self, number: int) -> list[Event]:
        """What happened to a row, by its number, in order of time."""
        with self._explained():
            found = self._db.execute(
                "SELECT time, status, reason FROM event WHERE row = ? ORDER BY number", (number,)
            )
            return [Event(time, Status(status), reason) for time, status, reason in found]

    def span(self) -> tuple[float, float] | None:
        """When the first and the last event was, in epoch seconds; None before the first."""
        with self._explained():
            first, last = (
                self._db.execute(
                    f"SELECT time FROM event ORDER BY number {order} LIMIT 1"
                ).fetchone()
                for order in ("ASC", "DESC")
            )
        return (first[0], last[0]) if first else None

    def oldest_in_flight(self) -> Waiting | None:
        """The row that was sent, or found in the account, before all others under way."""
        with self._explained():
            found = self._db.execute(
                "SELECT line, reference_id, status, coalesce("
                " nullif(max(coalesce(claimed_at, 0), coalesce(sent_at, 0)), 0),"
                " (SELECT max(time) FROM event WHERE event.row = row.number), 0) AS since"
                " FROM row WHERE status IN ('creating', 'processing', 'unknown')"
                " ORDER BY since, number LIMIT 1"
            ).fetchone()
        if found is None:
            return None
        line, reference, status, since = found
        return Waiting(line, reference, Status(status), since)

    def reference_ids_near(self, text: str, many: int) -> list[str]:
        """Up to so many reference IDs on each side of a text, in their order."""
        with self._explained():
            return [
                name
                for side, order in (("<", "DESC"), (">=", "ASC"))
                for (name,) in self._db.execute(
                    f"SELECT identity FROM row WHERE identity {side} ?"
                    f" ORDER BY identity {order} LIMIT ?",
                    (text, many),
                )
            ]

    def history(self, reference_id: str) -> list[Event]:
        """What happened to a row, in order of time."""
        with self._explained():
            found = self._db.execute(
                "SELECT time, event.status, reason FROM event JOIN row ON row.number = event.row"
                " WHERE reference_id = ? ORDER BY event.number",
                (reference_id,),
            )
            return [Event(time, Status(status), reason) for time, status, reason in found]

    def timeline(self, parts: int) -> Timeline | None:
        """When rows were first sent and when imported, in so many equal parts of time.

        None before the first row was sent.
        """
        moments = (
            "SELECT status, min(time) AS time FROM event"
            " WHERE status IN ('creating', 'imported') GROUP BY row, status"
        )
        with self._explained():
            start, end = self._db.execute(
                f"SELECT min(time), max(time) FROM ({moments})"
            ).fetchone()
            if start is None:
                return None
            step = (end - start) / parts or 1.0
            found = self._db.execute(
                "SELECT status, min(?, cast((time - ?) / ? AS INTEGER)) AS part, count(*)"
                f" FROM ({moments}) GROUP BY status, part",
                (parts - 1, start, step),
            )
            rows = {(status, part): count for status, part, count in found}
        sent, imported = (
            tuple(rows.get((status, part), 0) for part in range(parts))
            for status in (Status.CREATING, Status.IMPORTED)
        )
        return Timeline(start, step, sent, imported)

    def listing(self) -> Listing:
        """Tables for the account's media. From now on this store shows the rows as they are now.

        Nothing more can be written through it.
        """
        return Listing(self._db, self._explained)

    def waits(self, most: int, longest: float) -> list[float]:
        """Seconds between a row's POST and its being seen online, of the rows that came last.

        Args:
            most: how many rows, at most.
            longest: what took longer is left out: no run waits so long, so that another run saw
                it, later than it was done.
        """
        with self._explained():
            found = self._db.execute(
                "SELECT time - sent_at AS wait FROM event JOIN row ON row.number = event.row"
                " WHERE event.status = 'imported' AND wait BETWEEN 0 AND ?"
                " ORDER BY event.number DESC LIMIT ?",
                (longest, most),
            )
            return [wait for (wait,) in found]

    # Pictures ---------------------------------------------------------------------------------

    def count_without_picture(self) -> int:
        """How many imported media's pictures the platform was not asked about yet."""
        with self._explained():
            count: int = self._db.execute(
                f"SELECT count(DISTINCT key) FROM row WHERE {_NO_PICTURE}"
            ).fetchone()[0]
        return count

    def without_picture(self, limit: int) -> list[str]:
        """Keys of some of them."""
        with self._explained():
            found = self._db.execute(
                f"SELECT DISTINCT key FROM row WHERE {_NO_PICTURE} LIMIT ?", (limit,)
            )
            return [key for (key,) in found]

    def keep_picture(self, key: str, size: tuple[int, int] | None) -> None:
        """Write down what the platform told of a media's picture."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO picture VALUES (?, ?, ?)",
                (key, *(size or (None, None))),
            )


_RETRIED = "status = 'failed' AND position IS NOT NULL"
_OPEN_STILL = "status IN ('pending', 'creating', 'processing', 'unknown')"
_NO_PICTURE = "status = 'imported' AND key <> '' AND key NOT IN (SELECT key FROM picture)"

#: A pending row starts anew; any other change keeps what is known.
_APPLY = """
    UPDATE row SET
        status = :status,
        error = :error,
        sent_at = coalesce(:sent_at, sent_at),
        ingest_id = coalesce(:ingest_id, ingest_id),
        media_id = coalesce(:media_id, media_id),
        key = coalesce(:key, key),
        title = coalesce(:title, title),
        duration = coalesce(:duration, duration),
        thumbnail = coalesce(:thumbnail, thumbnail),
        created_date = coalesce(:created_date, created_date)
    WHERE number = :number
"""


def _values(change: Change) -> dict[str, Any]:
    media = change.media
    return {
        "number": change.number,
        "status": change.status,
        "error": change.error,
        "sent_at": change.sent_at,
        "ingest_id": change.ingest_id,
        "media_id": media and media.id,
        "key": media and media.key,
        "title": media and media.title,
        "duration": media and media.duration,
        "thumbnail": media and media.thumbnail,
        "created_date": media and media.created_date,
    }


def _numbered(rows: Iterable[ManifestRow]) -> Iterator[tuple[Any, ...]]:
    for position, row in enumerate(rows, start=1):
        cells = json.dumps(row.cells, ensure_ascii=False)
        yield (
            position, row.line, row.identity, row.reference_id, row.source_url, row.filename,
            row.extension, cells, row.error, row.expires,
        )  # fmt: skip


def _event(db: sqlite3.Connection, now: float, status: Status, reason: str, where: str) -> None:
    db.execute(
        "INSERT INTO event (row, time, status, reason)"
        f" SELECT number, ?, ?, ? FROM row WHERE {where}",
        (now, status, reason),
    )


#: What may still be corrected by editing the manifest: the platform has nothing of it.
_OPEN = "row.status IN ('pending', 'failed', 'invalid', 'skipped')"
_SENT_TEXT = "(row.source_url, row.filename, row.extension)"
_NEW_TEXT = "(incoming.source_url, incoming.filename, incoming.extension)"
#: A failed row whose text is as it was has failed for good, until the user says retry.
_CHANGED = f"""
    row.identity = incoming.identity AND {_OPEN} AND (
        {_SENT_TEXT} <> {_NEW_TEXT}
        OR row.status = 'skipped'
        OR incoming.error <> iif(row.status = 'invalid', row.error, '')
    )
"""
_JOINS = "identity IS NULL OR identity NOT IN (SELECT identity FROM row WHERE identity IS NOT NULL)"
_GONE = "position IS NULL AND status IN ('pending', 'failed', 'invalid')"


def _merge(db: sqlite3.Connection, now: float) -> Edition:
    """Bring the rows in line with `incoming`. See `Store.load`."""
    too_late = _too_late(db)
    # Nothing finds such rows again; they are invalid, and were never sent.
    _forget(db, "identity IS NULL")
    db.execute("UPDATE row SET position = NULL")
    changed = _change(db, now)
    matched = db.execute(
        "UPDATE row SET position = incoming.position, line = incoming.line,"
        " cells = incoming.cells, expires = incoming.expires"
        " FROM incoming WHERE row.identity = incoming.identity"
    ).rowcount
    added = _part(db, f"incoming WHERE ({_JOINS}) AND identity IS NOT NULL ORDER BY position")
    db.execute(
        "INSERT INTO row (position, line, identity, reference_id, source_url, filename, extension,"
        " cells, status, error, expires)"
        " SELECT position, line, identity, reference_id, source_url, filename, extension, cells,"
        " iif(error = '', 'pending', 'invalid'), error, expires"
        f" FROM incoming WHERE {_JOINS} ORDER BY position"
    )
    return Edition(added, changed, _remove(db, now), too_late, matched - changed.count)


def _change(db: sqlite3.Connection, now: float) -> Part:
    """Rows that the platform has nothing of take the manifest's new text."""
    changed = _part(db, f"row JOIN incoming ON {_CHANGED} ORDER BY incoming.position", "incoming.")
    db.execute(
        "INSERT INTO event (row, time, status, reason)"
        " SELECT number, ?, iif(incoming.error = '', 'pending', 'invalid'),"
        f" 'changed in the manifest' FROM row JOIN incoming ON {_CHANGED}",
        (now,),
    )
    db.execute(
        "UPDATE row SET source_url = incoming.source_url, filename = incoming.filename,"
        " extension = incoming.extension, error = incoming.error, ingest_id = NULL,"
        " media_id = NULL, status = iif(incoming.error = '', 'pending', 'invalid')"
        f" FROM incoming WHERE {_CHANGED}"
    )
    return changed


def _remove(db: sqlite3.Connection, now: float) -> Part:
    """Rows that are gone and were never sent are skipped, the invalid ones forgotten."""
    removed = _part(db, f"row WHERE {_GONE} ORDER BY line")
    _forget(db, "status = 'invalid' AND position IS NULL AND claimed_at IS NULL")
    _event(db, now, Status.SKIPPED, "removed from the manifest", _GONE)
    db.execute(f"UPDATE row SET status = 'skipped' WHERE {_GONE}")
    return removed


def _forget(db: sqlite3.Connection, where: str) -> None:
    db.execute(f"DELETE FROM event WHERE row IN (SELECT number FROM row WHERE {where})")
    db.execute(f"DELETE FROM row WHERE {where}")


def _part(db: sqlite3.Connection, rows: str, of: str = "") -> Part:
    """Count rows and name the first few; `of` tells whose line, where two tables have one."""
    (count,) = db.execute(f"SELECT count(*) FROM {rows}").fetchone()
    first = db.execute(f"SELECT {of}line, {of}reference_id FROM {rows} LIMIT ?", (_NAMED,))
    return Part(count, tuple(first.fetchall()))


def _too_late(db: sqlite3.Connection) -> Part:
    """Rows that the platform has, or may have, and whose text is another one now.

    A new signature is no other text: the video is the same.
    """
    found = db.execute(
        "SELECT incoming.line, incoming.reference_id, row.source_url, incoming.source_url,"
        " (row.filename, row.extension) <> (incoming.filename, incoming.extension)"
        " FROM row JOIN incoming USING (identity)"
        f" WHERE NOT {_OPEN} AND {_SENT_TEXT} <> {_NEW_TEXT} ORDER BY incoming.position"
    )
    count = 0
    first: list[tuple[int, str]] = []
    for line, reference, sent, given, renamed in found:
        if renamed or unsigned(sent) != unsigned(given):
            count += 1
            if len(first) < _NAMED:
                first.append((line, reference))
    return Part(count, tuple(first))
