-- Every message: what is still to be done, and the record of what was.
-- works with programs of version 3

CREATE TABLE messages (
  id                 uuid PRIMARY KEY,
  kind               text NOT NULL,   -- 'code', 'notice', 'message'
  requested_by       text NOT NULL,   -- 'verification', 'user:<id>', 'key:<id>', 'operator'
  user_id            uuid,
  provider           text NOT NULL,   -- the one that was asked last; '' before the first
  channel            text NOT NULL,
  phone_masked       text NOT NULL,
  phone_hash         text NOT NULL,
  status             text NOT NULL,
  status_rank        bigint NOT NULL, -- a status never gives way to one of a lower rank
  provider_reference text,
  provider_code      text,
  detail             text,            -- the provider's words for the code
  cost               text,            -- decimal, in `currency`
  currency           text,
  segments           bigint NOT NULL,
  attempts           bigint NOT NULL,
  latency_ms         bigint,          -- of the provider's last answer
  payload            text,            -- sealed: number, content; NULL as soon as nobody can need it again
  channels_left      text NOT NULL,   -- where it goes when this channel fails: 'voice,sms'
  due_at             timestamptz,     -- when somebody must look at it again; NULL: never
  claimed_by         text,            -- the hand-over that is under way
  version            bigint NOT NULL, -- counts its changes: who read an older one changes nothing
  not_after          timestamptz,     -- not worth sending later
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL
);

CREATE INDEX messages_by_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_phone ON messages (phone_hash, id);
CREATE INDEX messages_by_user ON messages (user_id, id);
CREATE INDEX messages_by_requester ON messages (requested_by, id);
CREATE INDEX messages_by_reference ON messages (provider, provider_reference);

-- What providers said later, kept before it is acted upon; the same word twice is one row.
CREATE TABLE receipts (
  id          text PRIMARY KEY, -- SHA-256 of what makes it this one: provider, reference, code, time
  provider    text NOT NULL,
  reference   text NOT NULL,
  status      text NOT NULL,
  code        text NOT NULL,
  detail      text NOT NULL,
  retryable   bigint NOT NULL,  -- 1: a failure that another channel may not have
  cost        text,
  currency    text,
  segments    bigint,
  received_at timestamptz NOT NULL,
  message_id  uuid              -- NULL: no message of ours is known by that reference
);

CREATE INDEX receipts_by_time ON receipts (received_at);
CREATE INDEX receipts_by_reference ON receipts (provider, reference);

-- Numbers that asked not to be written to.
CREATE TABLE opt_outs (
  phone_hash   text PRIMARY KEY,
  phone_masked text NOT NULL,
  keyword      text NOT NULL,
  at           timestamptz NOT NULL
);
