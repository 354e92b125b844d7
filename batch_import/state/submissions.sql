-- The jobs that were submitted to the queue. The queue itself is in the tables of procrastinate.

CREATE TABLE IF NOT EXISTS batch_import.submission (
    job       BIGINT PRIMARY KEY REFERENCES batch_import.job,
    account   TEXT NOT NULL,
    manifest  TEXT NOT NULL,             -- path on the machine where it was submitted, for people
    options   TEXT NOT NULL,             -- JSON: settings of the run, by name; no credentials
    entry     BIGINT NOT NULL,           -- newest entry in the queue: procrastinate_jobs.id
    withdrawn TEXT NOT NULL DEFAULT '',  -- 'paused' or 'cancelled' by a person; otherwise empty
    crashes   BIGINT NOT NULL DEFAULT 0, -- crashes of its processes since the last progress
    reason    TEXT NOT NULL DEFAULT '',  -- why the last run ended with unimported rows; or empty
    progress  TEXT NOT NULL,             -- JSON: submissions.Snapshot
    changed   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()  -- when the progress was stored
);
