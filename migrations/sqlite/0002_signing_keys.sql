-- Asymmetric signing keys, shared by every instance on this database. The private half is sealed under a key derived
-- from MASTER_KEY. Two instances that start at once both try to insert generation 1, and the UNIQUE lets one win.

CREATE TABLE signing_keys (
  id          TEXT PRIMARY KEY NOT NULL, -- kid: the RFC 7638 thumbprint
  algorithm   TEXT NOT NULL,             -- RS256, ES256 or EdDSA
  generation  INTEGER NOT NULL,          -- the highest of an algorithm signs; all verify
  private_key TEXT NOT NULL,             -- sealed PKCS #8
  created_at  INTEGER NOT NULL,
  UNIQUE (algorithm, generation)
) STRICT, WITHOUT ROWID;
