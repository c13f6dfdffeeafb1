-- People, known by their phone number, and the audit trail of the tokens that they were given.

CREATE TABLE users (
  id            TEXT PRIMARY KEY NOT NULL,  -- UUIDv7
  phone_number  TEXT NOT NULL UNIQUE,       -- E.164
  first_name    TEXT NOT NULL,
  last_name     TEXT,
  email         TEXT,                       -- as typed by the person: never proven
  token_version INTEGER NOT NULL DEFAULT 0, -- tokens of an older version are revoked
  created_at    INTEGER NOT NULL,           -- microseconds since 1970, UTC, like every time here
  updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE issued_tokens (
  id             TEXT PRIMARY KEY NOT NULL, -- the token's jti
  user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash     TEXT NOT NULL,             -- SHA-256, hexadecimal; the token itself is never stored
  issued_at      INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,          -- swept some time after
  client_address TEXT NOT NULL,
  user_agent     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX issued_tokens_by_user ON issued_tokens (user_id);
CREATE INDEX issued_tokens_by_expiry ON issued_tokens (expires_at);
