-- People, known by their phone number, and the audit trail of the tokens that they were given.

CREATE TABLE users (
  id            uuid PRIMARY KEY,          -- UUIDv7
  phone_number  text NOT NULL UNIQUE,      -- E.164
  first_name    text NOT NULL,
  last_name     text,
  email         text,                      -- as typed by the person: never proven
  token_version bigint NOT NULL DEFAULT 0, -- tokens of an older version are revoked
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);

CREATE TABLE issued_tokens (
  id             uuid PRIMARY KEY,         -- the token's jti
  user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash     text NOT NULL,            -- SHA-256, hexadecimal; the token itself is never stored
  issued_at      timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,     -- swept some time after
  client_address text NOT NULL,
  user_agent     text NOT NULL
);

CREATE INDEX issued_tokens_by_user ON issued_tokens (user_id);
CREATE INDEX issued_tokens_by_expiry ON issued_tokens (expires_at);
