-- What a PostgreSQL database holds beside the schemas of its jobs. The version is catalog.py's.

CREATE SCHEMA batch_import;

CREATE TABLE batch_import.version (number BIGINT NOT NULL);

-- Every job: its tables are in the schema batch_import_<number>.
CREATE TABLE batch_import.job (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL UNIQUE,
    version BIGINT NOT NULL  -- of its tables: SCHEMA_VERSION of connection.py
);
