-- Sign-ins that last: sessions, the refresh tokens that keep them going, and what a user may do.
-- works with programs of version 3

-- A session lives while it is not ended, not expired, and of its user's current token_version. Its row stays until every
-- token of it has expired: a token without a row is one that a program before this migration issued.
CREATE TABLE sessions (
  id             TEXT PRIMARY KEY NOT NULL, -- the sid that its tokens carry, which counts in a signed token only; shown to its owner
  user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_version  INTEGER NOT NULL,          -- the user's, when it began
  started_at     INTEGER NOT NULL,
  proven_at      INTEGER,                   -- when its person last proved to hold the phone; NULL: a trusted server said so
  last_seen_at   INTEGER NOT NULL,          -- sign-in or last refresh
  expires_at     INTEGER NOT NULL,          -- moved on by each refresh; no token of it lives longer
  ended_at       INTEGER,
  client_address TEXT NOT NULL,
  user_agent     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Every refresh token that a session ever had, so that the use of a spent one is noticed.
CREATE TABLE refresh_tokens (
  hash       TEXT PRIMARY KEY NOT NULL, -- SHA-256, base64url; the token itself is never stored
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  issued_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- What the user may do besides the ordinary, e.g. 'messages:send messages:read' (RFC 6749 section 3.3). NULL: nothing.
ALTER TABLE users ADD COLUMN scope TEXT;
