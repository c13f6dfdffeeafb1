-- Programs that sign in by themselves, the log of tool calls, and conversations with the agent.
-- works with programs of version 3

CREATE TABLE clients (
  id          TEXT PRIMARY KEY NOT NULL, -- the client_id
  name        TEXT NOT NULL,
  secret_hash TEXT NOT NULL,             -- SHA-256, base64url: the secret has 256 random bits
  scope       TEXT NOT NULL,             -- what its tokens may do, words apart by a space
  version     INTEGER NOT NULL,          -- raised with each new secret: tokens of the one before are dead
  created_at  INTEGER NOT NULL,
  rotated_at  INTEGER
) STRICT, WITHOUT ROWID;

-- The lines of tool_calls.json, to be searched. A person's calls outlive the account: they say what was done.
CREATE TABLE tool_calls (
  id             TEXT PRIMARY KEY NOT NULL,
  at             INTEGER NOT NULL,
  user_id        TEXT,                   -- NULL: a program by itself
  client_id      TEXT NOT NULL,          -- '' : the person's own app
  session_id     TEXT NOT NULL,
  via            TEXT NOT NULL,          -- 'mcp', 'chat', 'command'
  tool_name      TEXT NOT NULL,
  upstream       TEXT NOT NULL,          -- '' : a tool of our own
  arguments      TEXT NOT NULL,          -- JSON, redacted
  status         TEXT NOT NULL,          -- 'success', 'error'
  decision       TEXT NOT NULL,          -- 'allowed', 'approved', 'denied'
  error_kind     TEXT NOT NULL,          -- '' : none
  duration_us    INTEGER NOT NULL,
  result         TEXT NOT NULL,          -- redacted, cut
  argument_bytes INTEGER NOT NULL,
  result_bytes   INTEGER NOT NULL,       -- before cutting
  redactions     INTEGER NOT NULL,
  request_id     TEXT NOT NULL,
  trace_id       TEXT NOT NULL,
  client_address TEXT NOT NULL,
  metadata       TEXT NOT NULL           -- JSON: model, api, ...
) STRICT, WITHOUT ROWID;

CREATE INDEX tool_calls_by_user ON tool_calls (user_id, id);
CREATE INDEX tool_calls_by_client ON tool_calls (client_id, id);
CREATE INDEX tool_calls_by_tool ON tool_calls (tool_name, id);

CREATE TABLE conversations (
  id         TEXT PRIMARY KEY NOT NULL,
  owner      TEXT NOT NULL,              -- 'user:<id>', 'browser:<hash of an anonymous session>'
  title      TEXT NOT NULL,
  renamed    INTEGER NOT NULL,           -- 1: by a person, so that no program renames it
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);

CREATE TABLE conversation_messages (
  id              TEXT PRIMARY KEY NOT NULL,
  conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  position        INTEGER NOT NULL,      -- 0, 1, 2, ... within the conversation
  role            TEXT NOT NULL,         -- 'user', 'assistant', 'tool'
  content         TEXT NOT NULL,
  tool_calls      TEXT,                  -- JSON: of an assistant's message
  tool_call_id    TEXT,                  -- of a tool's message: which call it answers
  created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conversation_messages_in_order ON conversation_messages (conversation_id, position);
