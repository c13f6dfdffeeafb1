-- Asymmetric signing keys, shared by every instance on this database. The private half is sealed under a key derived
-- from MASTER_KEY. Two instances that start at once both try to insert generation 1, and the UNIQUE lets one win.

CREATE TABLE signing_keys (
  id          text PRIMARY KEY,     -- kid: the RFC 7638 thumbprint
  algorithm   text NOT NULL,        -- RS256, ES256 or EdDSA
  generation  bigint NOT NULL,      -- the highest of an algorithm signs; all verify
  private_key text NOT NULL,        -- sealed PKCS #8
  created_at  timestamptz NOT NULL,
  UNIQUE (algorithm, generation)
);
