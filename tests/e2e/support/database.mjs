// A look into the SQLite file of a server, whether it runs or not.
import path from 'node:path';

// node:sqlite calls itself experimental at every import, which is nobody's concern here.
const { emitWarning } = process;
process.emitWarning = () => {};
const { DatabaseSync } = await import('node:sqlite');
process.emitWarning = emitWarning;

/** The rows of one query, as objects. */
export function query(kriya, sql, ...values) {
  const database = new DatabaseSync(path.join(kriya.dataDir, 'kriya.db'), { readOnly: true });
  try {
    return database.prepare(sql).all(...values);
  } finally {
    database.close();
  }
}

/** An SQLite file, waiting for its turn where a server writes to it too (its heartbeat, at least). */
export function openDatabase(file, options = {}) {
  const database = new DatabaseSync(file, options);
  database.exec('PRAGMA busy_timeout = 10000');
  return database;
}
