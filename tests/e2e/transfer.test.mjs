// kriya export and kriya import: all data from SQLite to PostgreSQL and back, tokens and signing keys alive.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { isValid, logOut, readUser, signIn } from './support/accounts.mjs';
import { freshFolder, JWT_SECRET, run, startKriya } from './support/kriya.mjs';
import { startPostgres } from './support/postgres.mjs';

const settings = {
  JWT_SECRET_KEY: JWT_SECRET,
  MASTER_KEY: 'e2e-master-key-pW3xZq8LrTn5vYs2Kd7',
  JWT_ALGORITHM: 'ES256',
  PUBLIC_URL: 'http://kriya.test',
};

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres.remove());

/** Where a kriya keeps its data: {cwd, env}. */
function place(t, DATABASE_URL) {
  const cwd = freshFolder();
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  return { cwd, env: { ...settings, DATABASE_URL } };
}

async function onPostgres(t) {
  return place(t, postgres.url(await postgres.createDatabase()));
}

async function succeeds(where, args, input) {
  const { code, stdout, stderr } = await run(args, { ...where, input });
  assert.equal(code, 0, `kriya ${args.join(' ')}: ${stdout}${stderr}`);
  return { stdout, stderr };
}

const rowsOf = (text) => text.trim().split('\n').slice(1, -1).sort();

/** A file with two people, three tokens and a signing key, and what belongs to it. */
async function exportedFromSqlite(t) {
  const where = place(t);
  const kriya = await startKriya({ t, ...where });
  const asha = await signIn(kriya, { last_name: 'Łukasz "मीरा"', email: 'asha@example.com' });
  const other = await signIn(kriya);
  const revoked = await signIn(kriya, { phone_number: other.user.phone_number });
  await logOut(kriya, revoked.token);
  assert.equal(await kriya.stop(), 0);
  const file = path.join(where.cwd, 'all.jsonl');
  await succeeds(where, ['export', file]);
  return { where, file, text: readFileSync(file, 'utf8'), asha, other, revoked };
}

describe('export', { concurrency: true }, () => {
  test('writes a file that nobody else may read, and never over another', async (t) => {
    const { where, file, text } = await exportedFromSqlite(t);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const again = await run(['export', file], where);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^kriya: .*all\.jsonl.*exists/);
    assert.equal(readFileSync(file, 'utf8'), text);
  });

  test('writes to standard output without a file or with -, and its own words elsewhere', async (t) => {
    const { where, text } = await exportedFromSqlite(t);
    for (const args of [['export'], ['export', '-']]) {
      const { stdout, stderr } = await succeeds(where, args);
      assert.deepEqual(rowsOf(stdout), rowsOf(text));
      assert.match(stderr, /^exported 9 rows$/m);
    }
  });

  test('is JSON Lines with a head, an end and no open key', async (t) => {
    const { text } = await exportedFromSqlite(t);
    const lines = text.trim().split('\n').map(JSON.parse);
    const tables = lines.map(({ table }) => table);
    assert.equal(lines[0].kriya_export, 1);
    assert.deepEqual(lines.at(-1), { end: true, rows: lines.length - 2 });
    assert.deepEqual(new Set(tables), new Set([undefined, 'users', 'issued_tokens', 'signing_keys', 'sessions']));
    assert.ok(tables.lastIndexOf('users') < tables.indexOf('issued_tokens'), 'parents first');
    assert.doesNotMatch(text, /PRIVATE KEY|eyJ[\w-]+\.eyJ/);
  });

  test('leaves no file behind when it fails', async (t) => {
    const where = await onPostgres(t);
    const file = path.join(where.cwd, 'all.jsonl');
    assert.match((await run(['export', file], where)).stderr, /kriya migrate/);
    assert.equal(existsSync(file), false);
  });
});

describe('import', { concurrency: true }, () => {
  test('from SQLite into PostgreSQL and back leaves every token and key as it was', async (t) => {
    const { file, text, asha, other, revoked } = await exportedFromSqlite(t);
    const there = await onPostgres(t);
    const back = place(t);
    for (const [where, input] of [
      [there, () => text],
      [back, async () => (await succeeds(there, ['export'])).stdout],
    ]) {
      await succeeds(where, ['migrate']);
      const lines = await input();
      const { stdout } = await succeeds(where, ['import'], lines);
      assert.equal(stdout, `imported ${rowsOf(lines).length} rows; 0 were there already\n`);
      const kriya = await startKriya({ ...where });
      try {
        assert.deepEqual((await readUser(kriya, asha.token)).json, asha.user);
        assert.ok(await isValid(kriya, asha.token));
        for (const { token } of [other, revoked]) assert.equal(await isValid(kriya, token), false);
        const again = await signIn(kriya, { phone_number: other.user.phone_number });
        assert.equal(again.message, 'Login successful');
        assert.equal(again.user.id, other.user.id);
      } finally {
        await kriya.dispose();
      }
      if (where === there) {
        const repeat = await succeeds(where, ['import', file]);
        assert.match(repeat.stdout, /^imported 0 rows; 9 were there already$/m);
      }
    }
  });

  test('of a cut file fails, and the whole file then goes on from there', async (t) => {
    const { text } = await exportedFromSqlite(t);
    const where = await onPostgres(t);
    await succeeds(where, ['migrate']);
    const cut = text.trimEnd().split('\n').slice(0, -2).join('\n');
    const { code, stderr } = await run(['import'], { ...where, input: cut });
    assert.equal(code, 1);
    assert.match(stderr, /^kriya: The file is cut off after line 9.*run again/);
    await succeeds(where, ['import'], text);
    assert.deepEqual(rowsOf((await succeeds(where, ['export'])).stdout), rowsOf(text));
  });

  test('of a number that somebody else has fails and names the line', async (t) => {
    const { where, text, asha } = await exportedFromSqlite(t);
    const line = text.split('\n').findIndex((one) => one.includes(`"id":"${asha.user.id}","phone`)) + 1;
    const changed = text.replaceAll(asha.user.id, '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60');
    const { code, stderr } = await run(['import'], { ...where, input: changed });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^kriya: line ${line}: its phone_number belongs to another row.*${asha.user.id}`));
  });

  test('of what is no export says so', async (t) => {
    const where = place(t);
    await succeeds(where, ['migrate']);
    for (const input of ['', 'hello\n', '{"kriya_export":2,"schema_version":1}\n', 'x'.repeat(2 << 20)]) {
      const { code, stderr } = await run(['import'], { ...where, input });
      assert.equal(code, 1);
      assert.match(stderr, /^kriya: .*(file|line)/);
    }
    const missing = path.join(where.cwd, 'missing');
    assert.match((await run(['import', missing], where)).stderr, /missing.*No such file/);
    writeFileSync(missing, '');
    assert.match((await run(['import', missing], where)).stderr, /empty/);
  });
});
