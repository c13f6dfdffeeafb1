// The store on SQLite: Node's own, with prepared statements. It is synchronous, so a statement runs to its end before
// the next request: no two transactions ever mix.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(join(process.env.DATA_DIR, 'peer.db'));
db.exec(`
  PRAGMA busy_timeout = 30000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, phone_number TEXT NOT NULL UNIQUE, first_name TEXT NOT NULL, last_name TEXT, email TEXT,
    token_version INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS issued_tokens (
    token_hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, address TEXT, user_agent TEXT) WITHOUT ROWID;
`);
const sql = {
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  rollback: db.prepare('ROLLBACK'),
  addUser: db.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (phone_number) DO NOTHING'),
  userByPhone: db.prepare('SELECT * FROM users WHERE phone_number = ?'),
  userById: db.prepare('SELECT * FROM users WHERE id = ?'),
  addToken: db.prepare('INSERT INTO issued_tokens VALUES (?, ?, ?, ?, ?, ?)'),
  revoke: db.prepare('UPDATE users SET token_version = token_version + 1, updated_at = ? WHERE id = ?'),
};

export const userByPhone = (phone) => sql.userByPhone.get(phone);
export const userById = (id) => sql.userById.get(id);
export const revoke = (id, now) => sql.revoke.run(now, id);

/** Writes the new user, if one is given, and the token's trail; false if another request took the number meanwhile. */
export function enrol(user, trail) {
  sql.begin.run();
  try {
    const taken = user && !sql.addUser.run(user.id, user.phone_number, user.first_name, user.last_name, user.email,
      user.token_version, user.created_at, user.created_at).changes;
    if (!taken) {
      sql.addToken.run(trail.hash.digest(), trail.user_id, trail.issued_at, trail.expires_at, trail.address,
        trail.user_agent);
    }
    sql.commit.run();
    return !taken;
  } catch (error) {
    sql.rollback.run();
    throw error;
  }
}
