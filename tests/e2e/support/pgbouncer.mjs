// PgBouncer before a PostgreSQL server, from the project's own example deploy/pgbouncer.ini: only ports, paths and the
// database's name are replaced.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { PASSWORD } from './postgres.mjs';
import { folderOf, freePort, inRepository, keepFor, Service } from './service.mjs';

export async function startPgbouncer(postgres, database, t) {
  const port = await freePort();
  const folder = folderOf('postgres');
  const keep = (name, text) => keepFor('postgres', path.join(folder, name), text);
  const users = keep('userlist.txt', `"kriya" "${PASSWORD}"\n`);
  let text = readFileSync(inRepository('deploy/pgbouncer.ini'), 'utf8');
  const target = `${database} = host=127.0.0.1 port=${postgres.port} dbname=${database}`;
  for (const [from, to] of [
    ['kriya = host=127.0.0.1 port=5432 dbname=kriya', target],
    ['listen_port = 6432', `listen_port = ${port}`],
    ['/etc/pgbouncer/userlist.txt', users],
    ['/var/log/postgresql', folder],
    ['/var/run/postgresql', folder],
  ]) {
    assert.ok(text.includes(from), `${from} in the example`);
    text = text.replace(from, to);
  }
  const command = ['pgbouncer', keep('pgbouncer.ini', text)];
  const pgbouncer = new Service({ name: 'pgbouncer', command, user: 'postgres', port, folder });
  t.after(() => pgbouncer.remove());
  return pgbouncer.start();
}
