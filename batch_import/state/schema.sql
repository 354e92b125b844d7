-- The tables of one job. In SQLite, PRAGMA user_version has their version (connection.py).

-- Values that belong to the whole job (facts.py).
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The columns of each version of the manifest. A row has the columns of the last version with it.
CREATE TABLE header (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- numbers of deleted headers are not used again
    names  TEXT NOT NULL,  -- JSON array: names of the columns, in their order
    fields TEXT NOT NULL,  -- JSON array: position of each field's column; null if there is none
    UNIQUE (names, fields)
);

-- The rows of the manifest, and of earlier versions of it.
CREATE TABLE row (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,  -- numbers of deleted rows are not used again
    position     INTEGER,          -- in the last version of the manifest; NULL if not in it
    line         INTEGER NOT NULL, -- number of its first line in the file
    identity     TEXT,             -- matches rows of an edited manifest; NULL if there is none
    reference_id TEXT NOT NULL,
    source_url   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    extension    TEXT NOT NULL,
    cells        TEXT NOT NULL,    -- JSON array: all cells as they are in the manifest
    header       INTEGER NOT NULL, -- number of the columns to which the cells belong
    status       TEXT NOT NULL,
    error        TEXT NOT NULL DEFAULT '',
    codes        TEXT NOT NULL DEFAULT '',  -- codes of the error, separated by spaces
    expires      REAL NOT NULL,    -- epoch seconds when the URL expires; infinity if never
    own_id       BOOLEAN NOT NULL, -- whether the manifest gives the reference ID
    given_id     TEXT,             -- ID in the manifest, if the row was sent under another ID
    address      TEXT NOT NULL,    -- URL in the last version of the manifest, in canonical form
    stripped_address TEXT NOT NULL, -- the same without its signature
    claimed_at   REAL,             -- epoch seconds when the row was last claimed, before its POST
    sent_at      REAL,             -- epoch seconds when its last POST was answered or timed out
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
CREATE INDEX row_by_given_id ON row (given_id) WHERE given_id IS NOT NULL;

-- The values, in the manifest, of rows that were corrected in failed.csv. As long as the manifest
-- has these values, the corrections are kept.
CREATE TABLE correction (
    row          INTEGER PRIMARY KEY,
    duplicate    BOOLEAN NOT NULL, -- whether another row has its ID
    reference_id TEXT NOT NULL,    -- empty if the manifest gives none
    source_url   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    extension    TEXT NOT NULL
);

-- All status changes of rows, with their times in epoch seconds.
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL,
    time   REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    code   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX event_by_row ON event (row);

-- Media whose size was requested: in pixels; NULL if the platform did not give it.
CREATE TABLE picture (
    key    TEXT PRIMARY KEY,
    width  INTEGER,
    height INTEGER
) WITHOUT ROWID;

-- The rows of an edited manifest, while they are compared with the job's rows; otherwise empty.
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
    expires      REAL NOT NULL,
    codes        TEXT NOT NULL,
    own_id       BOOLEAN NOT NULL,
    address      TEXT NOT NULL,
    stripped_address   TEXT NOT NULL,
    stripped_reference TEXT NOT NULL
);
CREATE INDEX incoming_by_identity ON incoming (identity);

-- Pairs of the same row in `incoming` and in `row`, if the identity does not show it.
CREATE TABLE pairing (
    position INTEGER PRIMARY KEY,    -- position in `incoming`
    number   INTEGER NOT NULL UNIQUE -- number in `row`
);
