-- Jobs that were submitted to the queue, beside the tables of catalog.sql and of procrastinate.

CREATE TABLE IF NOT EXISTS batch_import.submission (
    job       BIGINT PRIMARY KEY REFERENCES batch_import.job,
    account   TEXT NOT NULL,
    manifest  TEXT NOT NULL,             -- path where it was submitted; only shown
    options   TEXT NOT NULL,             -- JSON: settings of the run, by name; no credentials
    entry     BIGINT NOT NULL,           -- procrastinate_jobs.id: the newest entry in the queue
    withdrawn TEXT NOT NULL DEFAULT '',  -- paused or cancelled by a person; otherwise empty
    crashes   BIGINT NOT NULL DEFAULT 0, -- processes that ended without a word, since the last progress
    reason    TEXT NOT NULL DEFAULT '',  -- why the last run ended with rows left; otherwise empty
    progress  TEXT NOT NULL,             -- JSON: submissions.Snapshot
    changed   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()  -- when the progress was stored
);
