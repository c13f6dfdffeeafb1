-- The processes that share this database, so that they and the operator know of each other.

CREATE TABLE instances (
  id           uuid PRIMARY KEY,     -- a new one at every start
  name         text NOT NULL,        -- host and port
  version      text NOT NULL,        -- of the program
  shared_store text NOT NULL,        -- '': in this process; else a fingerprint of the Redis that it uses
  started_at   timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL
);

-- The oldest program that works with the schema once this migration is applied (docs/adr/0011-rolling-upgrades.md).
-- NULL: the version before.
ALTER TABLE schema_migrations ADD COLUMN oldest_program integer;
