-- What a PostgreSQL database holds beside the schemas of its jobs. The version is catalog.py's.

CREATE SCHEMA batch_import;

CREATE TABLE batch_import.version (number BIGINT NOT NULL);

-- Every job: its tables are in the schema batch_import_<number>.
CREATE TABLE batch_import.job (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL UNIQUE,
    version BIGINT NOT NULL  -- of its tables: SCHEMA_VERSION of connection.py
);

-- Who may write to a job and send its rows: the holder of the job's epoch. Each take-over raises it.
CREATE TABLE batch_import.lease (
    job     BIGINT PRIMARY KEY REFERENCES batch_import.job,
    epoch   BIGINT NOT NULL,
    expires TIMESTAMPTZ NOT NULL  -- by this server's clock; renewed while the holder is well
);

-- Everyone who ever held a job, and whether nothing of theirs can leave any more.
CREATE TABLE batch_import.holder (
    job     BIGINT NOT NULL REFERENCES batch_import.job,
    epoch   BIGINT NOT NULL,
    host    TEXT NOT NULL,
    machine TEXT NOT NULL,
    boot    TEXT NOT NULL,    -- of the system: another one after each start
    process BIGINT NOT NULL,
    started TEXT NOT NULL,    -- tells the process from a later one of its number
    since   TIMESTAMPTZ NOT NULL,
    ended   BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (job, epoch)
);

-- Rows that an earlier holder may still send, until its end is known. No other run sends them.
CREATE TABLE batch_import.held (
    job    BIGINT NOT NULL,
    number BIGINT NOT NULL,  -- of the row
    epoch  BIGINT NOT NULL,
    PRIMARY KEY (job, number),
    FOREIGN KEY (job, epoch) REFERENCES batch_import.holder
);

-- What the runs of an account tell each other of its budget of calls. After a crash of the server it
-- begins anew; nothing else depends on it.
CREATE UNLOGGED TABLE batch_import.budget (
    account TEXT PRIMARY KEY,
    record  TEXT NOT NULL
);
