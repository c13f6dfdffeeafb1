// kriya on a PostgreSQL server: what a client and an operator see, also when the server is slow, picky or away.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { bearer, isValid, logOut, readUser, register, signIn, validate } from './support/accounts.mjs';
import { call, freshFolder, PLANE_KEY, run, startKriya, uniquePhone } from './support/kriya.mjs';
import { STREAMS, times, underLoad } from './support/load.mjs';
import { startPgbouncer } from './support/pgbouncer.mjs';
import { PASSWORD, selfSigned, startPostgres } from './support/postgres.mjs';
import { freePort, until } from './support/service.mjs';

const DEADLINE = 10_000; // ms: a request's own
const SLACK = 3_000; // what a busy machine adds to it

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.remove());

/** A kriya on a new database; `kriya.database` is its name. */
async function startOnPostgres(t, env = {}) {
  const database = await postgres.createDatabase();
  const DATABASE_URL = postgres.url(database);
  const kriya = await startKriya({ t, env: { DATABASE_URL, WORKERS: '2', RATE_LIMITS: 'off', ...env } });
  return Object.assign(kriya, { database });
}

/** The same through PgBouncer in transaction mode, which is `kriya.pgbouncer`. */
async function startBehindPgbouncer(t) {
  const database = await postgres.createDatabase();
  const pgbouncer = await startPgbouncer(postgres, database, t);
  const DATABASE_URL = postgres.url(database, { port: pgbouncer.port });
  const kriya = await startOnPostgres(t, { DATABASE_URL, DATABASE_PREPARED_STATEMENTS: 'off' });
  return Object.assign(kriya, { database, pgbouncer });
}

const person = () => ({ phone_number: uniquePhone(), first_name: 'Asha' });
const anyOf = (list) => list[randomInt(list.length)];
const health = async (kriya) => (await call(kriya, 'GET', '/health/ready')).status;

function assertUnavailable(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.headers['content-type'], /problem\+json/);
  assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  assert.doesNotMatch(answer.text, /postgres|sql|127\.0\.0\.1/i, 'clients learn nothing about the inside');
}

/** What came of it and how long that took, in ms. */
async function timed(promise) {
  const begun = Date.now();
  return { answer: await promise, took: Date.now() - begun };
}

/**
 * Customers who register and validate: `step` for underLoad. Every answer is 200 or 503; `acknowledged` and `refused`
 * fill up.
 */
function customers(kriya) {
  const acknowledged = [];
  const refused = [];
  const ask = async (method, target, options) => {
    const answer = await call(kriya, method, target, options);
    if (answer.status === 200) return answer.json;
    assertUnavailable(answer);
    refused.push(answer);
    await pause(5);
  };
  const step = async () => {
    const account = await ask('POST', '/api/auth/register', { json: person() });
    if (account) acknowledged.push(account);
    if (acknowledged.length === 0) return;
    const options = { json: { token: anyOf(acknowledged).token }, headers: { 'X-API-Key': PLANE_KEY } };
    assert.notEqual((await ask('POST', '/api/auth/validate-token', options))?.valid, false);
  };
  const grows = (list, count) => {
    const wanted = list.length + count;
    return until(() => list.length >= wanted, () => `only ${list.length} of ${wanted}`, 60_000);
  };
  return { acknowledged, refused, step, grows };
}

test('the sign-in API and the operator\'s commands work end to end', async (t) => {
  const kriya = await startOnPostgres(t);
  const fields = { last_name: 'Rao', email: 'asha@example.com', first_name: 'Ādya ✿' };
  const { token, user, message } = await signIn(kriya, fields);
  assert.equal(message, 'Registration successful');
  assert.deepEqual((await validate(kriya, token)).user, user);
  assert.deepEqual((await readUser(kriya, token)).json, user);
  const again = await signIn(kriya, { phone_number: user.phone_number, first_name: 'Else' });
  assert.equal(again.message, 'Login successful');
  assert.deepEqual(again.user, user);
  assert.equal((await logOut(kriya, token)).status, 200);
  assert.deepEqual([await isValid(kriya, token), await isValid(kriya, again.token)], [false, false]);
  assert.equal((await readUser(kriya, token)).status, 401);
  const [row] = await postgres.query('SELECT id, first_name, token_version FROM users', kriya.database);
  assert.deepEqual(row, { id: user.id, first_name: fields.first_name, token_version: 1 });

  const command = async (...args) => {
    const { code, stdout, stderr } = await run(args, { env: { DATABASE_URL: kriya.settings.DATABASE_URL } });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await command('user', 'list'), new RegExp(`^${user.id}  \\${user.phone_number} `, 'm'));
  assert.equal(JSON.parse(await command('user', 'show', user.phone_number)).id, user.id);
  const next = await signIn(kriya, { phone_number: user.phone_number });
  await command('user', 'revoke', user.id);
  assert.equal(await isValid(kriya, next.token), false, 'also for the running server');
  await command('user', 'delete', '--yes', user.id);
  assert.equal((await signIn(kriya, { phone_number: user.phone_number })).message, 'Registration successful');
  assert.match(await command('migrate', '--status'), /0001_users +applied/);
});

test('fifty registrations of one number at once make one user', async (t) => {
  const kriya = await startOnPostgres(t);
  const phone_number = uniquePhone();
  const answers = await times(50, (i) => signIn(kriya, { phone_number, first_name: `R ${i}` }));
  assert.equal(new Set(answers.map(({ user }) => JSON.stringify(user))).size, 1);
  assert.equal(answers.filter(({ message }) => message === 'Registration successful').length, 1);
});

describe('a start', { concurrency: 2 }, () => {
  /** It must end with 1 and say why in one line, without the password. */
  async function refuses(url, reason, patience = 30_000) {
    const { answer, took } = await timed(run(['serve'], { env: { DATABASE_URL: url, PORT: '0' } }));
    const { code, stdout, stderr } = answer;
    assert.equal(code, 1, stdout + stderr);
    const lines = stderr.trimEnd().split('\n').filter((line) => line.startsWith('kriya: '));
    assert.equal(lines.length, 1, stderr);
    assert.match(lines[0], reason);
    assert.ok(!(stdout + stderr).includes(PASSWORD) && !stderr.includes('wrong-password'), stderr);
    assert.doesNotMatch(stdout, /ready/);
    assert.ok(took < patience, `${took} ms`);
  }

  test('with a wrong password is refused in one line', async () => {
    const database = await postgres.createDatabase();
    await refuses(postgres.url(database, { password: 'wrong-password' }), /password|authentication/i);
  });

  test('on a database that does not exist is refused in one line', () =>
    refuses(postgres.url('nowhere'), /"?nowhere"?.*(not exist|database)/i));

  test('at a port where nobody listens is refused in one line', async () =>
    refuses(postgres.url('kriya', { port: await freePort() }), /connect|refused|reach/i));

  test('at a host that has no address is refused in one line', () =>
    refuses(postgres.url('kriya', { host: 'nowhere.invalid' }), /nowhere\.invalid/));

  test('at a server that accepts and says nothing is refused in one line, after a bounded wait', async (t) => {
    const sockets = [];
    const silent = net.createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    t.after(() => {
      silent.close();
      sockets.forEach((socket) => socket.destroy());
    });
    await refuses(postgres.url('kriya', { port: silent.address().port }), /timeout|timed out|in time|answer/i);
  });

  test('is refused in one line when the server has no connection left', async (t) => {
    const full = await startPostgres({ settings: ['max_connections=7', 'superuser_reserved_connections=3'] });
    const database = await full.createDatabase();
    const sessions = [];
    t.after(async () => {
      await Promise.all(sessions.map((session) => session.close()));
      await full.remove();
    });
    for (let i = 0; i < 4; ++i) {
      sessions.push(full.session(database, full.url(database)));
      await sessions[i].run('SELECT 1');
    }
    await refuses(full.url(database), /connection/i);
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    const left = () => full.query(`SELECT 1 FROM pg_stat_activity WHERE usename = 'kriya'`);
    await until(async () => (await left()).length === 0, 'psql is gone');
    // One thread for requests and one for the rest: two connections each is all that it may open.
    const env = { DATABASE_URL: full.url(database), WORKERS: '1', DATABASE_CONNECTIONS: '2' };
    const kriya = await startKriya({ t, env });
    const accounts = await times(30, () => signIn(kriya));
    assert.ok((await Promise.all(accounts.map(({ token }) => isValid(kriya, token)))).every(Boolean));
    assert.equal(await kriya.stop(), 0);
  });

  test('says nothing about the password at any log level', async (t) => {
    const kriya = await startOnPostgres(t, { LOG_LEVEL: 'debug' });
    await signIn(kriya);
    await postgres.cutConnections(kriya.database);
    await until(async () => (await health(kriya)) === 200, 'ready again');
    assert.equal(await kriya.stop(), 0);
    assert.ok(!(kriya.stdout() + kriya.stderr()).includes(PASSWORD));
  });
});

describe('TLS', () => {
  let server;
  let folder;
  let own;
  before(async () => {
    folder = freshFolder();
    own = await selfSigned();
    server = await startPostgres({
      settings: ['ssl=on', 'ssl_cert_file=FOLDER/certificate.pem', 'ssl_key_file=FOLDER/key.pem'],
      files: { 'certificate.pem': own.certificate, 'key.pem': own.key },
    });
  });
  after(async () => {
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const trusting = (name, { certificate }) => {
    const file = path.join(folder, name);
    writeFileSync(file, certificate);
    return `?sslmode=verify-full&sslrootcert=${encodeURIComponent(file)}`;
  };

  for (const [mode, queryOf] of [
    ['require', () => '?sslmode=require'],
    ['verify-full and the right certificate', () => trusting('right.pem', own)],
  ]) {
    test(`is spoken on every connection with sslmode ${mode}`, async (t) => {
      const database = await server.createDatabase();
      const DATABASE_URL = server.url(database, { query: queryOf() });
      const kriya = await startKriya({ t, env: { DATABASE_URL, WORKERS: '2' } });
      const { token } = await signIn(kriya);
      assert.ok(await isValid(kriya, token));
      const connections = await server.query(
        `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE datname = '${database}' AND usename = 'kriya'`,
      );
      assert.ok(connections.length > 0);
      assert.ok(connections.every(({ ssl }) => ssl));
      const { code, stdout } = await run(['user', 'list'], { env: { DATABASE_URL } });
      assert.equal(code, 0);
      assert.match(stdout, /Asha/);
    });
  }

  test('with verify-full and the certificate of another is refused', async () => {
    const query = trusting('wrong.pem', await selfSigned());
    const env = { DATABASE_URL: server.url(await server.createDatabase(), { query }), PORT: '0' };
    const { code, stderr } = await run(['serve'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /^kriya: .*(certificate|SSL|TLS)/im);
    assert.ok(!stderr.includes(PASSWORD));
  });

  test('is demanded by sslmode=require of a server that has none', async () => {
    const query = '?sslmode=require';
    const env = { DATABASE_URL: postgres.url(await postgres.createDatabase(), { query }), PORT: '0' };
    const { code, stderr } = await run(['serve'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /^kriya: .*(SSL|TLS)/im);
  });
});

test('behind PgBouncer in transaction mode the API works under load, and again after PgBouncer restarts', async (t) => {
  const kriya = await startBehindPgbouncer(t);
  const { acknowledged, refused, step, grows } = customers(kriya);
  await underLoad(step, async () => {
    await grows(acknowledged, 300);
    assert.equal(refused.length, 0, refused[0]?.text);
    await kriya.pgbouncer.stop();
    await grows(refused, 20);
    await kriya.pgbouncer.start();
    await until(async () => (await health(kriya)) === 200, 'ready again', 10_000);
    await grows(acknowledged, 300);
  });
  const verdicts = await Promise.all(acknowledged.slice(-300).map(({ token }) => isValid(kriya, token)));
  assert.ok(verdicts.every(Boolean));
  const gone = acknowledged.slice(0, 20);
  await Promise.all(gone.map(({ token }) => logOut(kriya, token)));
  assert.ok((await Promise.all(gone.map(({ token }) => isValid(kriya, token)))).every((valid) => !valid));
});

describe('a row that somebody else has locked', { concurrency: 2 }, () => {
  /** The logout of a user whose row somebody else has locked. */
  async function logOutOfLockedRow(t, kriya) {
    const [locked, ...others] = await times(10, () => signIn(kriya));
    const session = postgres.session(kriya.database);
    t.after(() => session.close());
    await session.run('BEGIN');
    await session.run(`SELECT 1 FROM users WHERE id = '${locked.user.id}' FOR UPDATE`);
    let over = false;
    const waiting = timed(logOut(kriya, locked.token)).finally(() => (over = true));
    let slowest = 0;
    for (let round = 0; !over; ++round) {
      const asked = [isValid(kriya, locked.token), isValid(kriya, anyOf(others).token), signIn(kriya)].map(timed);
      for (const { answer, took } of await Promise.all(asked)) {
        assert.ok(answer);
        slowest = Math.max(slowest, took);
      }
      await pause(20);
    }
    const { answer, took } = await waiting;
    assertUnavailable(answer);
    assert.ok(took < DEADLINE + SLACK, `${took} ms`);
    assert.ok(slowest < SLACK, `another request took ${slowest} ms`);
    assert.equal((await logOut(kriya, others[0].token)).status, 200);

    await session.run('ROLLBACK');
    assert.ok(await isValid(kriya, locked.token), 'what was refused has not been done');
    assert.equal((await logOut(kriya, locked.token)).status, 200);
    assert.equal(await isValid(kriya, locked.token), false);
  }

  test('makes its logout end with 503, which is not done later; all others go on', async (t) =>
    logOutOfLockedRow(t, await startOnPostgres(t)));

  test('does the same behind PgBouncer', async (t) => logOutOfLockedRow(t, await startBehindPgbouncer(t)));
});

describe('while the server', () => {
  test('is frozen every request ends with 503 within its deadline; after that all is well again', async (t) => {
    const kriya = await startOnPostgres(t);
    const accounts = await times(12, () => signIn(kriya));
    t.after(() => postgres.thaw());
    await postgres.freeze();
    const requests = [
      ...accounts.slice(0, 4).map(({ token }) =>
        call(kriya, 'POST', '/api/auth/validate-token', { json: { token }, headers: { 'X-API-Key': PLANE_KEY } }),
      ),
      ...accounts.slice(4, 8).map(({ token }) => readUser(kriya, token)),
      ...accounts.slice(8).map(({ token }) => logOut(kriya, token)),
      ...Array.from({ length: 30 }, () => register(kriya, person())),
      call(kriya, 'GET', '/health/ready'),
    ].map(timed);
    const live = await timed(call(kriya, 'GET', '/health/live'));
    assert.equal(live.answer.status, 200);
    assert.ok(live.took < SLACK, 'the process itself is not frozen');
    for (const { answer, took } of await Promise.all(requests)) {
      assertUnavailable(answer);
      assert.ok(took < DEADLINE + SLACK, `${took} ms`);
    }
    postgres.thaw();
    await until(async () => (await health(kriya)) === 200, 'ready again', 10_000);
    await until(async () => (await register(kriya, person())).status === 200, 'registers again', 10_000);
    assert.ok(await isValid(kriya, accounts[0].token));
    assert.equal((await logOut(kriya, accounts[1].token)).status, 200);
    assert.equal(await isValid(kriya, accounts[1].token), false);
  });

  test('cuts all connections again and again, few requests fail and nothing acknowledged is lost', async (t) => {
    const kriya = await startOnPostgres(t);
    const { acknowledged, refused, step, grows } = customers(kriya);
    const rounds = 5;
    await underLoad(step, async () => {
      await grows(acknowledged, 100);
      for (let round = 0; round < rounds; ++round) {
        assert.ok((await postgres.cutConnections(kriya.database)) > 0);
        await grows(acknowledged, 100);
      }
    });
    const total = acknowledged.length + refused.length;
    assert.ok(refused.length <= rounds * STREAMS * 8, `${refused.length} of more than ${total} were refused`);
    t.diagnostic(`${refused.length} requests were refused beside ${acknowledged.length} registrations`);
    const before = refused.length;
    await times(50, step);
    assert.equal(refused.length, before, 'all is well now');
    const verdicts = await Promise.all(acknowledged.slice(-500).map(({ token }) => isValid(kriya, token)));
    assert.ok(verdicts.every(Boolean));
    const [{ users }] = await postgres.query('SELECT count(*) AS users FROM users', kriya.database);
    assert.ok(users >= acknowledged.length, `${users} users, ${acknowledged.length} acknowledged`);
  });

  test('takes reads only, writes end with 503 and reads go on', async (t) => {
    const kriya = await startOnPostgres(t);
    const { token, user } = await signIn(kriya);
    const setReadOnly = async (value) => {
      await postgres.execute(`ALTER DATABASE ${kriya.database} SET default_transaction_read_only = ${value}`);
      await postgres.cutConnections(kriya.database); // the setting is for new ones
      await until(async () => (await readUser(kriya, token)).status === 200, 'it reads', 10_000);
    };
    await setReadOnly('on');
    for (let i = 0; i < 5; ++i) {
      assertUnavailable(await register(kriya, person()));
      assertUnavailable(await logOut(kriya, token));
      assert.deepEqual((await validate(kriya, token)).user, user);
    }
    await setReadOnly('off');
    await until(async () => (await register(kriya, person())).status === 200, 'it writes', 10_000);
    assert.equal((await call(kriya, 'DELETE', '/api/auth/logout', { headers: bearer(token) })).status, 200);
    assert.equal(await isValid(kriya, token), false);
  });
});
