-- Programs that sign in by themselves, the log of tool calls, and conversations with the agent.
-- works with programs of version 3

CREATE TABLE clients (
  id          text PRIMARY KEY, -- the client_id
  name        text NOT NULL,
  secret_hash text NOT NULL,             -- SHA-256, base64url: the secret has 256 random bits
  scope       text NOT NULL,             -- what its tokens may do, words apart by a space
  version     bigint NOT NULL,          -- raised with each new secret: tokens of the one before are dead
  created_at  timestamptz NOT NULL,
  rotated_at  timestamptz
);

-- The lines of tool_calls.json, to be searched. A person's calls outlive the account: they say what was done.
CREATE TABLE tool_calls (
  id             uuid PRIMARY KEY,
  at             timestamptz NOT NULL,
  user_id        uuid,                   -- NULL: a program by itself
  client_id      text NOT NULL,          -- '' : the person's own app
  session_id     text NOT NULL,
  via            text NOT NULL,          -- 'mcp', 'chat', 'command'
  tool_name      text NOT NULL,
  upstream       text NOT NULL,          -- '' : a tool of our own
  arguments      text NOT NULL,          -- JSON, redacted
  status         text NOT NULL,          -- 'success', 'error'
  decision       text NOT NULL,          -- 'allowed', 'approved', 'denied'
  error_kind     text NOT NULL,          -- '' : none
  duration_us    bigint NOT NULL,
  result         text NOT NULL,          -- redacted, cut
  argument_bytes bigint NOT NULL,
  result_bytes   bigint NOT NULL,       -- before cutting
  redactions     bigint NOT NULL,
  request_id     text NOT NULL,
  trace_id       text NOT NULL,
  client_address text NOT NULL,
  metadata       text NOT NULL           -- JSON: model, api, ...
);

CREATE INDEX tool_calls_by_user ON tool_calls (user_id, id);
CREATE INDEX tool_calls_by_client ON tool_calls (client_id, id);
CREATE INDEX tool_calls_by_tool ON tool_calls (tool_name, id);

CREATE TABLE conversations (
  id         uuid PRIMARY KEY,
  owner      text NOT NULL,              -- 'user:<id>', 'browser:<hash of an anonymous session>'
  title      text NOT NULL,
  renamed    bigint NOT NULL,           -- 1: by a person, so that no program renames it
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);

CREATE TABLE conversation_messages (
  id              uuid PRIMARY KEY,
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  position        bigint NOT NULL,      -- 0, 1, 2, ... within the conversation
  role            text NOT NULL,         -- 'user', 'assistant', 'tool'
  content         text NOT NULL,
  tool_calls      text,                  -- JSON: of an assistant's message
  tool_call_id    text,                  -- of a tool's message: which call it answers
  created_at      timestamptz NOT NULL
);

CREATE UNIQUE INDEX conversation_messages_in_order ON conversation_messages (conversation_id, position);
