-- The processes that share this database, so that they and the operator know of each other.

CREATE TABLE instances (
  id           TEXT PRIMARY KEY NOT NULL, -- a new one at every start
  name         TEXT NOT NULL,             -- host and port
  version      TEXT NOT NULL,             -- of the program
  shared_store TEXT NOT NULL,             -- '': in this process; else a fingerprint of the Redis that it uses
  started_at   INTEGER NOT NULL,
  seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The oldest program that works with the schema once this migration is applied (docs/adr/0011-rolling-upgrades.md).
-- NULL: the version before.
ALTER TABLE schema_migrations ADD COLUMN oldest_program INTEGER;
