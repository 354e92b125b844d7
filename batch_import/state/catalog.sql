-- The tables of a PostgreSQL database beside those of its jobs. Their version is in catalog.py.

CREATE SCHEMA batch_import;

CREATE TABLE batch_import.version (number BIGINT NOT NULL);

-- All jobs. The tables of a job are in the schema batch_import_<number>.
CREATE TABLE batch_import.job (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL UNIQUE,
    version BIGINT NOT NULL  -- version of its tables: SCHEMA_VERSION of connection.py
);

-- The lease of each job: only its holder may write to the job and send its rows (lease.py).
CREATE TABLE batch_import.lease (
    job     BIGINT PRIMARY KEY REFERENCES batch_import.job,
    epoch   BIGINT NOT NULL,      -- how often the lease was acquired; identifies the holder
    expires TIMESTAMPTZ NOT NULL  -- by this server's clock; the holder renews the lease
);

-- The processes that hold or held the lease of a job.
CREATE TABLE batch_import.holder (
    job     BIGINT NOT NULL REFERENCES batch_import.job,
    epoch   BIGINT NOT NULL,
    host    TEXT NOT NULL,
    machine TEXT NOT NULL,
    boot    TEXT NOT NULL,    -- ID that is different after each start of the operating system
    process BIGINT NOT NULL,  -- process ID
    started TEXT NOT NULL,    -- distinguishes the process from a later one with the same process ID
    since   TIMESTAMPTZ NOT NULL,            -- when it acquired the lease
    ended   BOOLEAN NOT NULL DEFAULT false,  -- whether it can certainly send no more rows
    PRIMARY KEY (job, epoch)
);

-- Rows that an earlier holder may still send, until it has ended. No other run sends them.
CREATE TABLE batch_import.held (
    job    BIGINT NOT NULL,
    number BIGINT NOT NULL,  -- number of the row
    epoch  BIGINT NOT NULL,
    PRIMARY KEY (job, number),
    FOREIGN KEY (job, epoch) REFERENCES batch_import.holder
);

-- The ledger of each account, by which its runs share the rate limit (database_ledger.py). It is
-- empty after a crash of the server; then the runs measure the rate limit again.
CREATE UNLOGGED TABLE batch_import.budget (
    account TEXT NOT NULL,
    record  TEXT NOT NULL,
    EXCLUDE USING hash (account WITH =)  -- a primary key would limit the length of the account
);
