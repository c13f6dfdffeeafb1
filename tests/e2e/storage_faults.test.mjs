// What becomes of requests and data when the disk is full or the SQLite file is locked, damaged or of another version.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { isValid, logOut, readUser, register, signIn } from './support/accounts.mjs';
import { openDatabase } from './support/database.mjs';
import { call, cleanEnvironment, freshFolder, kriyaBinary, run, startKriya, uniquePhone } from './support/kriya.mjs';

const PAGE = 4096;

function temporary(t) {
  const folder = freshFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const databaseIn = (folder) => path.join(folder, 'data', 'kriya.db');
const person = () => ({ phone_number: uniquePhone(), first_name: 'Asha' });

/** A folder with a migrated database that nobody has open, changed by `change`. */
async function prepared(t, change = () => {}) {
  const cwd = temporary(t);
  assert.equal((await run(['migrate'], { cwd })).code, 0);
  const database = openDatabase(databaseIn(cwd));
  change(database);
  database.close();
  return cwd;
}

/** The command must end with 1 and say why in one line. */
async function refuses(cwd, args, reason) {
  const { code, stdout, stderr } = await run(args, { cwd, env: { PORT: '0' } });
  assert.equal(code, 1, `kriya ${args.join(' ')}: ${stdout}${stderr}`);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0], /^kriya: /);
  assert.match(lines[0], reason);
  assert.doesNotMatch(stdout, /ready/);
}

function assertUnavailable(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.headers['content-type'], /problem\+json/);
  assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  assert.doesNotMatch(answer.text, /\.db|sqlite|disk|\/data/i, 'clients learn nothing about the inside');
}

/** Overwrites the file from the given page (1 is the first) to its end. */
function damage(file, fromPage) {
  const fd = openSync(file, 'r+');
  const start = (fromPage - 1) * PAGE;
  const size = fstatSync(fd).size - start;
  assert.ok(size > 0);
  writeSync(fd, Buffer.alloc(size, 0xa5), 0, size, start);
  closeSync(fd);
}

describe('a full disk', { concurrency: true }, () => {
  /** No file of the process may be longer, or written to beyond this: what a full disk is to SQLite. */
  const limit = (kriya, bytes) =>
    promisify(execFile)('prlimit', [`--pid=${kriya.process.pid}`, `--fsize=${bytes}:unlimited`]);

  test('refuses writes with 503, serves reads, and recovers without a restart; nothing acknowledged is lost', async (t) => {
    const cwd = temporary(t);
    const kriya = await startKriya({ t, cwd });
    const acknowledged = [];
    const attempt = async () => {
      const json = person();
      const answer = await register(kriya, json);
      if (answer.status === 200) acknowledged.push(json.phone_number);
      return answer;
    };
    const { token } = await signIn(kriya);
    for (let i = 0; i < 20; ++i) assert.equal((await attempt()).status, 200);

    await limit(kriya, 2 * PAGE);
    for (let i = 0; i < 5; ++i) assertUnavailable(await attempt());
    const together = await Promise.all(Array.from({ length: 30 }, attempt));
    together.forEach(assertUnavailable);
    assertUnavailable(await logOut(kriya, token));
    assert.equal((await readUser(kriya, token)).status, 200, 'reads work');
    assert.ok(await isValid(kriya, token), 'and a refused logout has not logged out');
    assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
    assert.match(kriya.stderr(), /"level":"error".*kriya\.db/, 'the operator is told');

    await limit(kriya, 'unlimited');
    for (let i = 0; i < 20; ++i) assert.equal((await attempt()).status, 200);
    assert.equal((await logOut(kriya, token)).status, 200);
    assert.equal(await kriya.stop(), 0);

    const next = await startKriya({ t, cwd });
    for (const phone_number of acknowledged) {
      assert.equal((await signIn(next, { phone_number })).message, 'Login successful', phone_number);
    }
    const stored = openDatabase(databaseIn(cwd), { readOnly: true });
    assert.equal(stored.prepare('SELECT count(*) AS users FROM users').get().users, acknowledged.length + 1);
    assert.equal(stored.prepare('PRAGMA integrity_check').get().integrity_check, 'ok');
    stored.close();
  });

  test('that fills up while many write at once acknowledges only what is kept', async (t) => {
    const cwd = temporary(t);
    const env = { RATE_LIMITS: 'off' };
    const kriya = await startKriya({ t, cwd, env });
    await signIn(kriya);
    await limit(kriya, 60 * PAGE); // enough for some of what follows
    const people = Array.from({ length: 400 }, person);
    const statuses = [];
    const writer = async () => {
      for (let json = people.pop(); json; json = people.pop()) {
        statuses.push([json.phone_number, (await register(kriya, json)).status]);
      }
    };
    await Promise.all(Array.from({ length: 16 }, writer));
    const kept = statuses.filter(([, status]) => status === 200);
    assert.ok(kept.length > 0 && kept.length < 400, `${kept.length} of 400 were kept`);
    assert.deepEqual(new Set(statuses.map(([, status]) => status)), new Set([200, 503]));
    await kriya.kill();
    const next = await startKriya({ t, cwd, env });
    for (const [phone_number] of kept) {
      assert.equal((await signIn(next, { phone_number })).message, 'Login successful', phone_number);
    }
  });

  test('at the start is told in one clear line', async (t) => {
    const cwd = temporary(t);
    const { code, stdout, stderr } = await new Promise((resolve) => {
      const env = cleanEnvironment({ PORT: '0' });
      execFile('prlimit', ['--fsize=2000', kriyaBinary, 'serve'], { cwd, env, timeout: 30_000 }, (error, out, err) =>
        resolve({ code: error?.code, stdout: out, stderr: err }),
      );
    });
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr.trimEnd(), /^kriya: .*kriya\.db.*$/);
  });
});

describe('a file locked by another process', { concurrency: true }, () => {
  test('refuses writes with 503 after a bounded wait, serves reads meanwhile, and recovers', async (t) => {
    const kriya = await startKriya({ t });
    const { token } = await signIn(kriya);
    const other = openDatabase(path.join(kriya.dataDir, 'kriya.db'));
    other.exec('BEGIN EXCLUSIVE');
    const begun = Date.now();
    const waiting = Array.from({ length: 10 }, async () => {
      const answer = await register(kriya, person());
      return [answer, Date.now() - begun];
    });
    for (let i = 0; i < 20; ++i) {
      const asked = Date.now();
      assert.equal((await readUser(kriya, token)).status, 200);
      assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
      assert.ok(Date.now() - asked < 1_500, 'reads do not wait');
    }
    for (const [answer, took] of await Promise.all(waiting)) {
      assertUnavailable(answer);
      assert.ok(took < 13_000, `${took} ms`);
    }
    other.exec('ROLLBACK');
    other.close();
    assert.equal((await register(kriya, person())).status, 200);
  });

  test('for a moment only delays a write', async (t) => {
    const kriya = await startKriya({ t });
    await signIn(kriya);
    const other = openDatabase(path.join(kriya.dataDir, 'kriya.db'));
    other.exec('BEGIN IMMEDIATE');
    const waiting = register(kriya, person());
    await pause(300);
    other.exec('COMMIT');
    other.close();
    assert.equal((await waiting).status, 200);
  });

  test('at the start is told in one clear line', async (t) => {
    const cwd = await prepared(t, (database) => database.exec('PRAGMA journal_mode = DELETE'));
    const other = openDatabase(databaseIn(cwd));
    other.exec('BEGIN EXCLUSIVE');
    await Promise.all(
      [['serve'], ['migrate'], ['user', 'list']].map((args) => refuses(cwd, args, /locked by another process/)),
    );
    other.close();
  });
});

describe('a damaged file', { concurrency: true }, () => {
  test('that is no database is refused at the start, and left as it is', async (t) => {
    const cwd = temporary(t);
    mkdirSync(path.join(cwd, 'data'));
    const rubbish = 'This is a letter, not a database. '.repeat(1000);
    writeFileSync(databaseIn(cwd), rubbish);
    for (const args of [['serve'], ['migrate'], ['migrate', '--status'], ['user', 'list']]) {
      await refuses(cwd, args, /kriya\.db is not an SQLite database, or is damaged/);
    }
    assert.equal(readFileSync(databaseIn(cwd), 'utf8'), rubbish);
  });

  test('whose first page is overwritten behind its header is refused at the start', async (t) => {
    const cwd = await prepared(t);
    const fd = openSync(databaseIn(cwd), 'r+');
    writeSync(fd, Buffer.alloc(PAGE - 100, 0xa5), 0, PAGE - 100, 100);
    closeSync(fd);
    for (const args of [['serve'], ['migrate'], ['user', 'list']]) await refuses(cwd, args, /kriya\.db.*damaged/);
  });

  test('that was cut short is refused at the start or answers 503', async (t) => {
    const cwd = await prepared(t);
    const whole = readFileSync(databaseIn(cwd));
    writeFileSync(databaseIn(cwd), whole.subarray(0, PAGE + 100));
    const kriya = await startKriya({ t, cwd }).catch(({ message }) => {
      assert.match(message, /code 1.*kriya\.db.*damaged/s);
    });
    if (!kriya) return;
    assertUnavailable(await register(kriya, person()));
    assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
  });

  test('whose other pages are overwritten never crashes the server: what needs them is 503', async (t) => {
    const cwd = temporary(t);
    const env = { PUBLIC_URL: 'http://kriya.test' }; // the token's audience, the same after a restart
    const first = await startKriya({ t, cwd, env });
    const { token } = await signIn(first);
    assert.equal(await first.stop(), 0);
    damage(databaseIn(cwd), 3);
    const kriya = await startKriya({ t, cwd, env }).catch(({ message }) => {
      assert.match(message, /code 1.*kriya\.db.*damaged/s); // as good: it was seen at the start
    });
    if (!kriya) return;
    assertUnavailable(await readUser(kriya, token));
    assertUnavailable(await register(kriya, person()));
    assert.match(kriya.stderr(), /"level":"error".*damaged/);
    assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
    assert.equal(await kriya.stop(), 0);
  });

  test('that is overwritten while the server runs never crashes it, and no answer is a wrong one', async (t) => {
    const kriya = await startKriya({ t });
    const file = path.join(kriya.dataDir, 'kriya.db');
    const signedIn = [];
    for (let i = 0; i < 100; ++i) signedIn.push(await signIn(kriya));
    const other = openDatabase(file);
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)'); // from the log into the file, which is then damaged
    damage(file, 3);
    other.exec('PRAGMA user_version = 1'); // a commit: it makes every connection forget the pages that it has read
    other.close();
    const reads = await Promise.all(signedIn.map(({ token }) => readUser(kriya, token)));
    const writes = await Promise.all(Array.from({ length: 20 }, () => register(kriya, person())));
    for (const answer of [...reads, ...writes]) if (answer.status !== 200) assertUnavailable(answer);
    assert.ok(reads.some(({ status }) => status === 503) && writes.some(({ status }) => status === 503));
    reads.forEach(({ status, json }, i) => status === 200 && assert.deepEqual(json, signedIn[i].user));
    assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
    assert.equal(await kriya.stop(), 0);
  });
});

describe('the schema', { concurrency: true }, () => {
  const insert = (version, name) => (database) =>
    database.prepare('INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, 0)').run(version, name);

  test('of a newer kriya is refused by every command, and left as it is', async (t) => {
    const cwd = await prepared(t, insert(999, 'from_the_future'));
    for (const args of [['serve'], ['migrate'], ['migrate', '--status'], ['user', 'list']]) {
      await refuses(cwd, args, /version 999.*newer than this kriya/);
    }
  });

  test('that becomes newer while the server runs makes it not ready', async (t) => {
    const kriya = await startKriya({ t });
    const other = openDatabase(path.join(kriya.dataDir, 'kriya.db'));
    insert(999, 'from_the_future')(other);
    other.close();
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 503);
    assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
  });

  test('that is newer and leaves this program working lets it start and stay ready', async (t) => {
    const next = `INSERT INTO schema_migrations (version, name, applied_at, oldest_program)
      SELECT max(version) + 1, 'future', 0, max(version) FROM schema_migrations`;
    const cwd = await prepared(t, (database) => database.exec(next));
    const kriya = await startKriya({ t, cwd });
    await kriya.printed(/newer than this kriya, and works with it/, 'stderr');
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
    assert.equal((await run(['user', 'list'], { cwd })).code, 0);
  });

  test('of another program is refused', async (t) => {
    const renamed = (database) =>
      database.exec("UPDATE schema_migrations SET name = 'something_else' WHERE version = 1");
    const cwd = await prepared(t, renamed);
    for (const args of [['serve'], ['migrate']]) await refuses(cwd, args, /something_else/);
  });

  for (const version of [0, -1]) {
    test(`with a migration number of ${version} is refused`, async (t) => {
      const cwd = await prepared(t, insert(version, 'users'));
      for (const args of [['serve'], ['migrate']]) await refuses(cwd, args, /kriya/);
    });
  }

  test('is pending, then applied, then current: migrate may be repeated', async (t) => {
    const cwd = temporary(t);
    const before = await run(['migrate', '--status'], { cwd });
    assert.equal(before.code, 2, before.stderr);
    const names = [...before.stdout.matchAll(/^(\d{4}_\w+)\s+pending$/gm)].map(([, name]) => name);
    assert.ok(names.length >= 2 && names[0].startsWith('0001_'));
    assert.equal(existsSync(databaseIn(cwd)), false, '--status makes no database');

    const first = await run(['migrate'], { cwd });
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(
      [...first.stdout.matchAll(/^applied (\w+)$/gm)].map(([, name]) => name),
      names,
    );
    const second = await run(['migrate'], { cwd });
    assert.equal(second.code, 0);
    assert.match(second.stdout, /current/);

    const after = await run(['migrate', '--status'], { cwd });
    assert.equal(after.code, 0);
    assert.deepEqual(
      [...after.stdout.matchAll(/^(\d{4}_\w+)\s+applied \d{4}-\d\d-\d\dT\S+Z$/gm)].map(([, name]) => name),
      names,
    );
    assert.equal(statSync(databaseIn(cwd)).mode & 0o777, 0o600);
  });

  test('gets each migration once, however many processes apply them at once', async (t) => {
    const cwd = temporary(t);
    const all = await Promise.all(Array.from({ length: 12 }, () => run(['migrate'], { cwd })));
    for (const { code, stdout, stderr } of all) assert.equal(code, 0, stdout + stderr);
    const applied = all.flatMap(({ stdout }) => stdout.match(/^applied \w+$/gm) ?? []);
    assert.equal(applied.length, new Set(applied).size, 'none was applied twice');
    const { code, stdout } = await run(['migrate', '--status'], { cwd });
    assert.equal(code, 0);
    assert.equal(applied.length, stdout.trim().split('\n').length);
  });

  test('is made once, and one set of secrets, when several servers start at once on one folder', async (t) => {
    const cwd = temporary(t);
    const env = { JWT_SECRET_KEY: undefined, PUBLIC_URL: 'http://kriya.test' };
    const servers = await Promise.all(Array.from({ length: 4 }, () => startKriya({ t, cwd, env })));
    const tokens = await Promise.all(servers.map((kriya) => signIn(kriya)));
    for (const kriya of servers) for (const { token } of tokens) assert.ok(await isValid(kriya, token));
  });

  test('that is behind is not changed unasked in production', async (t) => {
    const cwd = await prepared(t, (database) => {
      database.exec(
        'DROP TABLE messages; DROP TABLE receipts; DROP TABLE opt_outs; DROP TABLE clients; DROP TABLE tool_calls; ' +
          'DROP TABLE conversation_messages; DROP TABLE conversations; ' +
          'DELETE FROM schema_migrations WHERE version > 5',
      );
    });
    const env = {
      ENVIRONMENT: 'production',
      JWT_SECRET_KEY: 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE',
      PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc',
      PORT: '0',
    };
    const { code, stderr } = await run(['serve'], { cwd, env });
    assert.equal(code, 1);
    assert.match(stderr, /version 5.*kriya migrate/);
    assert.equal((await run(['migrate'], { cwd, env })).code, 0);
    const kriya = await startKriya({ t, cwd, env: { ...env, PHONE_VERIFICATION: undefined } });
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
  });
});
