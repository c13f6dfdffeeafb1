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
  payload            TEXT,            -- sealed: number, content; NULL as soon as nobody can need it again
  channels_left      TEXT NOT NULL,   -- where it goes when this channel fails: 'voice,sms'
  due_at             INTEGER,         -- when somebody must look at it again; NULL: never
  claimed_by         TEXT,            -- the hand-over that is under way
  version            INTEGER NOT NULL,-- counts its changes: who read an older one changes nothing
  not_after          INTEGER,          -- not worth sending later
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_phone ON messages (phone_hash, id);
CREATE INDEX messages_by_user ON messages (user_id, id);
CREATE INDEX messages_by_requester ON messages (requested_by, id);
CREATE INDEX messages_by_reference ON messages (provider, provider_reference);

-- What providers said later, kept before it is acted upon; the same word twice is one row.
CREATE TABLE receipts (
  id          TEXT PRIMARY KEY NOT NULL, -- SHA-256 of what makes it this one: provider, reference, code, time
  provider    TEXT NOT NULL,
  reference   TEXT NOT NULL,
  status      TEXT NOT NULL,
  code        TEXT NOT NULL,
  detail      TEXT NOT NULL,
  retryable   INTEGER NOT NULL,          -- 1: a failure that another channel may not have
  cost        TEXT,
  currency    TEXT,
  segments    INTEGER,
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
