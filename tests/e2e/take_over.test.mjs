// The database of the Python service that kriya replaces: its people and their live tokens go on, on PostgreSQL.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { SignJWT } from 'jose';

import { isValid, logOut, readUser, signIn } from './support/accounts.mjs';
import { call, freshFolder, run, startKriya } from './support/kriya.mjs';
import { PASSWORD, startPostgres } from './support/postgres.mjs';

const ID = '3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e5f';
const JWT_SECRET_KEY = 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE';
const TABLE = `CREATE TABLE users (
  id varchar(36) PRIMARY KEY, phone_number varchar(20) NOT NULL, first_name varchar(100) NOT NULL,
  last_name varchar(100), email varchar(255), token_version integer DEFAULT 0,
  created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());
  CREATE UNIQUE INDEX ix_users_phone_number ON users (phone_number);
  INSERT INTO users VALUES ('${ID}', '+91 98765-43210', 'Asha', '', NULL, 2, '2025-01-02 03:04:05', NULL);
  ALTER TABLE users OWNER TO kriya`;

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres.remove());

/** A folder to run in, and the environment for a database where `sql` was run. */
async function prepared(t, sql, env = {}) {
  const cwd = freshFolder();
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const database = await postgres.createDatabase();
  await postgres.execute(sql, database);
  return { database, cwd, env: { JWT_SECRET_KEY, DATABASE_URL: postgres.url(database), ...env } };
}

/** A token as the Python service made it. */
const oldToken = (token_version) =>
  new SignJWT({ user_id: ID, phone_number: '+919876543210', token_version, iss: 'kriya-auth' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JWT_SECRET_KEY));

describe('the users table of the Python service', { concurrency: true }, () => {
  test('is taken over with its people and their live tokens', async (t) => {
    const where = await prepared(t, TABLE);
    assert.match((await run(['migrate', '--status'], where)).stdout, /will be taken over: back the database up/);
    const migrated = await run(['migrate'], where);
    assert.equal(migrated.code, 0, migrated.stderr);
    assert.match(migrated.stdout, /^took over 1 users/m);
    const kriya = await startKriya({ t, cwd: where.cwd, env: where.env });
    const token = await oldToken(2);
    assert.ok(await isValid(kriya, token));
    assert.equal(await isValid(kriya, await oldToken(1)), false, 'one that was revoked there stays so');
    const { id, first_name, last_name, created_at } = (await readUser(kriya, token)).json;
    assert.deepEqual([id, first_name, last_name, created_at], [ID, 'Asha', null, '2025-01-02T03:04:05Z']);
    const back = await signIn(kriya, { phone_number: '+919876543210' });
    assert.deepEqual([back.message, back.user.id], ['Login successful', ID]);
    await signIn(kriya);
    assert.equal((await logOut(kriya, token)).status, 200);
    assert.equal(await isValid(kriya, token), false);
  });

  test('is not touched in production before an operator says so', async (t) => {
    const env = { ENVIRONMENT: 'production', PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc', PORT: '0' };
    const where = await prepared(t, TABLE, env);
    const { code, stderr } = await run(['serve'], where);
    assert.equal(code, 1);
    assert.match(stderr, /Back the database up, then run: kriya migrate/);
    const columns = "SELECT data_type FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'id'";
    assert.deepEqual(await postgres.query(columns, where.database), [{ data_type: 'character varying' }]);
  });

  test('with rows that cannot follow stops the migration in words, and nothing is changed', async (t) => {
    const bad = "INSERT INTO users (id, phone_number, first_name) VALUES ('8', '555', 'B')";
    const where = await prepared(t, `${TABLE}; ${bad}`);
    for (const command of ['migrate', 'serve']) {
      const { code, stderr } = await run([command], { ...where, env: { ...where.env, PORT: '0' } });
      assert.equal(code, 1);
      assert.match(stderr, /users\.id: 1 rows .*ids: 8/);
      assert.match(stderr, /users\.phone_number: 1 rows .*ids: 8/);
      assert.ok(!stderr.includes(PASSWORD));
    }
    const found = await postgres.query("SELECT to_regclass('schema_migrations') AS it", where.database);
    assert.deepEqual(found, [{ it: null }]);
  });
});

describe('a newer schema', { concurrency: true }, () => {
  const newer = (oldest) => `INSERT INTO schema_migrations
    SELECT max(version) + 1, 'future', now(), max(version) + ${oldest} FROM schema_migrations`;

  test('that leaves this program working keeps it ready, and lets it start', async (t) => {
    const { database, cwd, env } = await prepared(t, 'SELECT 1');
    const kriya = await startKriya({ t, cwd, env });
    await postgres.execute(newer(0), database);
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
    const second = await startKriya({ t, cwd, env });
    await second.printed(/newer than this kriya, and works with it/, 'stderr');
    assert.equal((await call(second, 'GET', '/health/ready')).status, 200);
    assert.match((await run(['migrate', '--status'], { cwd, env })).stdout, /newer than this kriya .*works with it/);
    assert.match((await run(['export'], { cwd, env })).stderr, /schema is newer than this kriya/);
  });

  test('that does not makes it not ready, and keeps it from starting', async (t) => {
    const { database, cwd, env } = await prepared(t, 'SELECT 1');
    const kriya = await startKriya({ t, cwd, env });
    await postgres.execute(newer(1), database);
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 503);
    assert.match((await run(['serve'], { cwd, env: { ...env, PORT: '0' } })).stderr, /newer than this kriya knows/);
  });
});
