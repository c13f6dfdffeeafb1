-- Proving that a person holds a phone: challenges, counted guesses, counted messages.
-- works with programs of version 3

-- One question to one person. No number and no code is here in clear.
CREATE TABLE challenges (
  id                 text PRIMARY KEY,     -- SHA-256 of the verification id, base64url
  purpose            text NOT NULL,
  opened_by          text NOT NULL,        -- who may answer besides holding the id: '' (anyone), 'user:<id>', 'key:<id>'
  phone_hash         text NOT NULL,
  guard              text NOT NULL,        -- the guess_guards row that counts its guesses
  payload            text,                 -- sealed: the number, and what the caller asked for; NULL once closed
  channel            text NOT NULL,
  locale             text NOT NULL,
  attempts           bigint NOT NULL,      -- guesses that were compared, or are being compared
  last_guess         text,                 -- id of the guess counted last, by which a transaction knows its own
  sends              bigint NOT NULL,
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL, -- that of its latest code
  resend_at          timestamptz NOT NULL,
  closed_at          timestamptz,
  closed_by          text                  -- the guess that was right; 'attempts' or 'swept' for none
);

CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- Codes of a challenge: a resend keeps the earlier ones good.
CREATE TABLE challenge_codes (
  id                 uuid PRIMARY KEY,
  challenge_id       text NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
  code_hash          text,        -- HMAC under a key that is not in the database
  provider_reference text,        -- instead: of a code that the provider made and checks
  expires_at         timestamptz NOT NULL
);

CREATE INDEX challenge_codes_by_challenge ON challenge_codes (challenge_id);

-- Failed guesses in a row, which new codes, new challenges and restarts leave as they are.
CREATE TABLE guess_guards (
  id           text PRIMARY KEY, -- keyed hash of the number, or of the number and a session of its owner
  phone_hash   text NOT NULL,
  failures     bigint NOT NULL,
  locked_until timestamptz,
  last_guess   text,
  updated_at   timestamptz NOT NULL
);

CREATE INDEX guess_guards_by_phone ON guess_guards (phone_hash);

-- Failed guesses by client address, counted from the first one on for an hour.
CREATE TABLE guess_addresses (
  address      text PRIMARY KEY, -- IPv6 as its first 64 bits
  failures     bigint NOT NULL,
  window_start timestamptz NOT NULL,
  last_guess   text NOT NULL
);

CREATE INDEX guess_addresses_by_start ON guess_addresses (window_start);

-- Messages with codes: reserved before they are sent, counted by number, address and day.
CREATE TABLE code_sends (
  id           uuid PRIMARY KEY,
  phone_hash   text NOT NULL,
  address      text NOT NULL, -- the client's, IPv6 as its first 64 bits
  country      text NOT NULL,
  challenge_id text NOT NULL,
  hour         bigint NOT NULL, -- of reserved_at, since 1970: names its tallies
  reserved_at  timestamptz NOT NULL,
  returned_at  timestamptz,   -- it was definitely not sent
  verified_at  timestamptz    -- its challenge was solved
);

CREATE INDEX code_sends_by_phone ON code_sends (phone_hash, reserved_at);
CREATE INDEX code_sends_by_address ON code_sends (address, reserved_at);
CREATE INDEX code_sends_by_time ON code_sends (reserved_at);
CREATE INDEX code_sends_by_challenge ON code_sends (challenge_id);

-- Codes sent and verified in each hour, in all, by country and by address: what tells sign-ins from SMS pumping.
CREATE TABLE code_send_tallies (
  id       text PRIMARY KEY, -- '<kind>|<subject>|<hour>'
  kind     text NOT NULL,    -- 'country', 'address', 'all'
  subject  text NOT NULL,
  hour     bigint NOT NULL,  -- since 1970
  sent     bigint NOT NULL,
  verified bigint NOT NULL
);

CREATE INDEX code_send_tallies_by_subject ON code_send_tallies (kind, subject, hour);

-- Whoever counts and then inserts changes its row of these first, and so is alone with what it counts.
CREATE TABLE locks (
  name       text PRIMARY KEY,
  touched_at timestamptz NOT NULL
);

INSERT INTO locks (name, touched_at) VALUES ('code_sends', '1970-01-01T00:00:00Z');

-- Decisions of the guards, for whoever looks into an incident.
CREATE TABLE security_events (
  id             uuid PRIMARY KEY,
  at             timestamptz NOT NULL,
  kind           text NOT NULL, -- 'pumping_warning', 'phone_locked', 'phone_disabled', 'refresh_reuse', ...
  decision       text NOT NULL, -- 'allowed', 'denied'
  phone_hash     text,
  phone_masked   text,
  user_id        uuid,
  client_address text NOT NULL,
  detail         text NOT NULL  -- JSON
);

CREATE INDEX security_events_by_time ON security_events (at);
CREATE INDEX security_events_by_user ON security_events (user_id);
