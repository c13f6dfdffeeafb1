-- Every message: what is still to be done, and the record of what was.
-- works with programs of version 3

CREATE TABLE messages (
  id                 TEXT PRIMARY KEY NOT NULL,
  kind               TEXT NOT NULL,    -- 'code', 'notice', 'message'
  requested_by       TEXT NOT NULL,    -- 'verification', 'user:<id>', 'key:<id>', 'operator'
  user_id            TEXT,
  provider           TEXT NOT NULL,    -- the one that was asked last; '' before the first
  channel            TEXT NOT NULL,
  phone_masked       TEXT NOT NULL,
  phone_hash         TEXT NOT NULL,
  status             TEXT NOT NULL,
  status_rank        INTEGER NOT NULL, -- a status never gives way to one of a lower rank
  provider_reference TEXT,
  provider_code      TEXT,
  detail             TEXT,             -- the provider's words for the code
  cost               TEXT,             -- decimal, in `currency`
  currency           TEXT,
  segments           INTEGER NOT NULL,
  attempts           INTEGER NOT NULL,
  latency_ms         INTEGER,          -- of the provider's last answer
  payload            TEXT,             -- sealed: number, content, channels left; NULL after the final outcome
  next_attempt_at    INTEGER,          -- when a queued one is due
  claimed_until      INTEGER,          -- of one that is being sent
  claimed_by         TEXT,
  not_after          INTEGER,          -- not worth sending later
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_due ON messages (status, next_attempt_at);
CREATE INDEX messages_by_phone ON messages (phone_hash, id);
CREATE INDEX messages_by_requester ON messages (requested_by, id);
CREATE INDEX messages_by_reference ON messages (provider, provider_reference);

-- What providers said later, kept before it is acted upon; the same word twice is one row.
CREATE TABLE receipts (
  id          TEXT PRIMARY KEY NOT NULL, -- SHA-256 of what makes it this one: provider, reference, code, time
  provider    TEXT NOT NULL,
  reference   TEXT NOT NULL,
  status      TEXT NOT NULL,
  code        TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  message_id  TEXT                       -- NULL: no message of ours is known by that reference
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_time ON receipts (received_at);
CREATE INDEX receipts_by_reference ON receipts (provider, reference);

-- Numbers that asked not to be written to.
CREATE TABLE opt_outs (
  phone_hash   TEXT PRIMARY KEY NOT NULL,
  phone_masked TEXT NOT NULL,
  keyword      TEXT NOT NULL,
  at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
