-- Proving that a person holds a phone: challenges, counted guesses, counted messages.
-- works with programs of version 3

-- One question to one person. No number and no code is here in clear.
CREATE TABLE challenges (
  id                 TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the verification id, base64url
  purpose            TEXT NOT NULL,
  opened_by          TEXT NOT NULL,             -- who may answer besides holding the id: '' (anyone), 'user:<id>', 'key:<id>'
  phone_hash         TEXT NOT NULL,
  guard              TEXT NOT NULL,             -- the guess_guards row that counts its guesses
  payload            TEXT,                      -- sealed: the number, and what the caller asked for; NULL once closed
  channel            TEXT NOT NULL,
  locale             TEXT NOT NULL,
  attempts           INTEGER NOT NULL,          -- guesses that were compared, or are being compared
  last_guess         TEXT,                      -- id of the guess counted last, by which a transaction knows its own
  sends              INTEGER NOT NULL,
  created_at         INTEGER NOT NULL,
  expires_at         INTEGER NOT NULL,          -- that of its latest code
  resend_at          INTEGER NOT NULL,
  closed_at          INTEGER,
  closed_by          TEXT                       -- the guess that was right; 'attempts' or 'swept' for none
) STRICT, WITHOUT ROWID;

CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- Codes of a challenge: a resend keeps the earlier ones good.
CREATE TABLE challenge_codes (
  id                 TEXT PRIMARY KEY NOT NULL,
  challenge_id       TEXT NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
  code_hash          TEXT, -- HMAC under a key that is not in the database
  provider_reference TEXT, -- instead: of a code that the provider made and checks
  expires_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX challenge_codes_by_challenge ON challenge_codes (challenge_id);

-- Failed guesses in a row, which new codes, new challenges and restarts leave as they are.
CREATE TABLE guess_guards (
  id           TEXT PRIMARY KEY NOT NULL, -- keyed hash of the number, or of the number and a session of its owner
  phone_hash   TEXT NOT NULL,
  failures     INTEGER NOT NULL,
  locked_until INTEGER,
  last_guess   TEXT,
  updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX guess_guards_by_phone ON guess_guards (phone_hash);

-- Failed guesses by client address, counted from the first one on for an hour.
CREATE TABLE guess_addresses (
  address      TEXT PRIMARY KEY NOT NULL, -- IPv6 as its first 64 bits
  failures     INTEGER NOT NULL,
  window_start INTEGER NOT NULL,
  last_guess   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX guess_addresses_by_start ON guess_addresses (window_start);

-- Messages with codes: reserved before they are sent, counted by number, address and day.
CREATE TABLE code_sends (
  id           TEXT PRIMARY KEY NOT NULL,
  phone_hash   TEXT NOT NULL,
  address      TEXT NOT NULL, -- the client's, IPv6 as its first 64 bits
  country      TEXT NOT NULL,
  challenge_id TEXT NOT NULL,
  hour         INTEGER NOT NULL, -- of reserved_at, since 1970: names its tallies
  reserved_at  INTEGER NOT NULL,
  returned_at  INTEGER,       -- it was definitely not sent
  verified_at  INTEGER        -- its challenge was solved
) STRICT, WITHOUT ROWID;

CREATE INDEX code_sends_by_phone ON code_sends (phone_hash, reserved_at);
CREATE INDEX code_sends_by_address ON code_sends (address, reserved_at);
CREATE INDEX code_sends_by_time ON code_sends (reserved_at);
CREATE INDEX code_sends_by_challenge ON code_sends (challenge_id);

-- Codes sent and verified in each hour, in all, by country and by address: what tells sign-ins from SMS pumping.
CREATE TABLE code_send_tallies (
  id       TEXT PRIMARY KEY NOT NULL, -- '<kind>|<subject>|<hour>'
  kind     TEXT NOT NULL,             -- 'country', 'address', 'all'
  subject  TEXT NOT NULL,
  hour     INTEGER NOT NULL,          -- since 1970
  sent     INTEGER NOT NULL,
  verified INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_send_tallies_by_subject ON code_send_tallies (kind, subject, hour);

-- Whoever counts and then inserts changes its row of these first, and so is alone with what it counts.
CREATE TABLE locks (
  name       TEXT PRIMARY KEY NOT NULL,
  touched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO locks (name, touched_at) VALUES ('code_sends', 0);

-- Decisions of the guards, for whoever looks into an incident.
CREATE TABLE security_events (
  id             TEXT PRIMARY KEY NOT NULL,
  at             INTEGER NOT NULL,
  kind           TEXT NOT NULL, -- 'pumping_warning', 'phone_locked', 'phone_disabled', 'refresh_reuse', ...
  decision       TEXT NOT NULL, -- 'allowed', 'denied'
  phone_hash     TEXT,
  phone_masked   TEXT,
  user_id        TEXT,
  client_address TEXT NOT NULL,
  detail         TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX security_events_by_time ON security_events (at);
CREATE INDEX security_events_by_user ON security_events (user_id);
