-- The state of one job. PRAGMA user_version holds the schema's version (connection.py).

-- What is true of the whole job: manifest, header, account…
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The columns of each version of the manifest that a row was last read from.
CREATE TABLE header (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
    names  TEXT NOT NULL,  -- JSON array: as they stand in the manifest
    fields TEXT NOT NULL,  -- JSON array: positions of the fields' columns; null: no column
    UNIQUE (names, fields)
);

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
    header       INTEGER NOT NULL, -- whose columns these cells belong to
    status       TEXT NOT NULL,
    error        TEXT NOT NULL DEFAULT '',
    codes        TEXT NOT NULL DEFAULT '',  -- of what is in error, separated by spaces
    expires      REAL NOT NULL,    -- epoch seconds when the URL stops working; 9e999: never
    own_id       BOOLEAN NOT NULL, -- false: the reference ID was made, and addresses find the row again
    given_id     TEXT,             -- the manifest's ID of a row that was sent under another one
    address      TEXT NOT NULL,    -- source_url in canonical form, as last read
    stripped_address TEXT NOT NULL, -- the same without its signature
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
CREATE INDEX row_by_given_id ON row (given_id) WHERE given_id IS NOT NULL;

-- What the manifest says of rows that were corrected in failed.csv: as long as it says so, the
-- corrections stand.
CREATE TABLE correction (
    row          INTEGER PRIMARY KEY,
    duplicate    BOOLEAN NOT NULL, -- its ID belongs to an earlier row
    reference_id TEXT NOT NULL,    -- empty: the manifest gives none
    source_url   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    extension    TEXT NOT NULL
);

-- Every change of a row's status, with its time (epoch seconds) and reason.
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL,
    time   REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    code   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX event_by_row ON event (row);

-- Media whose picture the platform was asked about: pixels, NULL where it did not tell.
CREATE TABLE picture (
    key    TEXT PRIMARY KEY,
    width  INTEGER,
    height INTEGER
) WITHOUT ROWID;

-- The rows of a manifest while they are compared with the rows above; empty otherwise.
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

-- Which of them is which row, where identity alone does not tell, while they are compared.
CREATE TABLE pairing (
    position INTEGER PRIMARY KEY,  -- of the incoming row
    number   INTEGER NOT NULL UNIQUE
);
