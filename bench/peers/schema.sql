-- The tables that FastAPI and Fastify keep on PostgreSQL: those of Kriya (migrations/postgres), indexes included.
-- bench/run.py applies it to each peer's database before the peer starts.
CREATE TABLE users (
  id            uuid PRIMARY KEY,
  phone_number  text NOT NULL UNIQUE,
  first_name    text NOT NULL,
  last_name     text,
  email         text,
  token_version bigint NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);

CREATE TABLE issued_tokens (
  id             uuid PRIMARY KEY,
  user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash     text NOT NULL,
  issued_at      timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,
  client_address text NOT NULL,
  user_agent     text NOT NULL
);

CREATE INDEX issued_tokens_by_user ON issued_tokens (user_id);
CREATE INDEX issued_tokens_by_expiry ON issued_tokens (expires_at);
