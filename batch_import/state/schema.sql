-- The state of one job. PRAGMA user_version holds the schema's version (store.py).

-- What is true of the whole job: manifest, header, account…
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- One line of the manifest, and what became of it.
CREATE TABLE row (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
    position     INTEGER,          -- place in the manifest as last read; NULL: no longer in it
    line         INTEGER NOT NULL, -- its first line in that file
    identity     TEXT,             -- finds the row again in an edited manifest; NULL: cannot be
    reference_id TEXT NOT NULL,
    source_url   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    extension    TEXT NOT NULL,
    cells        TEXT NOT NULL,    -- JSON array: the row as it stands in the manifest
    status       TEXT NOT NULL,
    error        TEXT NOT NULL DEFAULT '',
    expires      REAL NOT NULL,    -- epoch seconds when the URL stops working; 9e999: never
    claimed_at   REAL,             -- epoch seconds; the last POST left later
    sent_at      REAL,             -- epoch seconds of the last POST's end
    ingest_id    TEXT,
    media_id     TEXT,
    key          TEXT,
    title        TEXT,
    duration     TEXT,
    thumbnail    TEXT,
    created_date TEXT
);
CREATE UNIQUE INDEX row_by_identity ON row (identity);
CREATE INDEX row_by_status ON row (status, expires, position);
CREATE INDEX row_by_position ON row (position);

-- Every change of a row's status, with its time (epoch seconds) and reason.
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL,
    time   REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX event_by_row ON event (row);

-- Media whose picture the platform was asked about: pixels, NULL where it did not tell.
CREATE TABLE picture (
    key    TEXT PRIMARY KEY,
    width  INTEGER,
    height INTEGER
) WITHOUT ROWID;

-- An edition of the manifest while it is compared with the rows above; empty otherwise.
CREATE TABLE incoming (
    position     INTEGER PRIMARY KEY,
    line         INTEGER NOT NULL,
    identity     TEXT,
    reference_id TEXT NOT NULL,
    source_url   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    extension    TEXT NOT NULL,
    cells        TEXT NOT NULL,
    error        TEXT NOT NULL,
    expires      REAL NOT NULL
);
CREATE INDEX incoming_by_identity ON incoming (identity);
