// After a busy run nothing is left that should not be: codes nowhere, texts nowhere, numbers in `users` alone.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { bearer } from './support/accounts.mjs';
import { call, PLANE_KEY, uniquePhone } from './support/kriya.mjs';
import {
  accepted, allRecords, becomes, get, post, sendSms, sendWhatsApp, startMessaging,
} from './support/messaging.mjs';
import { misbehaviour } from './support/meta.mjs';
import { startPostgres } from './support/postgres.mjs';
import { startRedis } from './support/redis.mjs';
import { until } from './support/service.mjs';
import { answer, ask, codeIn, coolDown, refresh, resend, wrong } from './support/sign_in.mjs';

const runFile = promisify(execFile);
const TEXT = 'The quartz vixen of parcel 7781 waits at the gate.';
const FALLBACK = 'The quartz vixen waits, by SMS.';
const WORDS = 'quartz vixen';
const FINAL = ['expired', 'failed', 'delivered', 'read'];

let postgres;
let redis;
before(async () => {
  postgres = await startPostgres({ settings: ['log_parameter_max_length_on_error=-1'] });
  redis = await startRedis();
});
after(async () => {
  await postgres?.remove();
  await redis?.remove();
});

/** Everything that Kriya does with messages and codes. Resolves with what must not be found afterwards. */
async function busyRun(kriya) {
  const { telesign, meta } = kriya;
  const secrets = { codes: new Set(), tokens: [], users: [], strangers: [] };
  const stranger = () => {
    const phone = uniquePhone();
    secrets.strangers.push(phone);
    return phone;
  };
  const codeOf = async (phone) => {
    const code = codeIn((await telesign.nextMessage({ to: phone })).text);
    secrets.codes.add(code);
    return code;
  };
  const keep = (...tokens) => {
    for (const token of tokens) assert.match(token, /^[\w.-]{40,}$/);
    secrets.tokens.push(...tokens);
  };

  for (let i = 0; i < 4; ++i) { // people who sign in, one of them after a wrong guess and a second code
    const phone = uniquePhone();
    const { verification } = (await ask(kriya, { phone_number: phone, email: 'asha@example.com' })).json;
    let code = await codeOf(phone);
    if (i === 0) {
      secrets.codes.add(wrong(code));
      assert.equal((await answer(kriya, verification.id, wrong(code))).status, 401);
      await coolDown(kriya);
      assert.equal((await resend(kriya, verification.id)).status, 202);
      code = await codeOf(phone);
    }
    const signedIn = await answer(kriya, verification.id, code);
    assert.equal(signedIn.status, 200, signedIn.text);
    const { token, refresh_token: parent } = signedIn.json;
    const child = (await refresh(kriya, parent)).json;
    keep(token, parent, child.token, child.refresh_token, verification.id);
    secrets.users.push(phone);
    await call(kriya, 'GET', '/api/auth/user', { headers: bearer(token) });
    await call(kriya, 'POST', '/api/auth/validate-token', { json: { token }, headers: { 'X-API-Key': PLANE_KEY } });
  }
  for (let i = 0; i < 4; ++i) { // people who do not answer, or wrongly, or could not be reached
    const phone = stranger();
    if (i === 1) telesign.behave({ to: phone, ...misbehaviour.closesAfterAccepting });
    if (i === 2) for (const standIn of [telesign, meta]) standIn.behave({ to: phone, code: 11000, times: 3 });
    if (i === 3) telesign.behave({ to: phone, ...misbehaviour.rateLimited });
    const asked = await ask(kriya, { phone_number: phone });
    if (i === 2) assert.equal(asked.status, 502, asked.text);
    else await codeOf(phone);
    if (i === 0) for (let n = 0; n < 6; ++n) await answer(kriya, asked.json.verification.id, '0'.repeat(10));
  }
  const received = {
    voice: async (to) => (await telesign.nextMessage({ to })).text.replace(/(\d), /g, '$1').match(/\d{10}/)[0],
    whatsapp: async (to) => (await meta.nextMessage({ to })).text,
  };
  for (const channel of Object.keys(received)) { // codes for another application
    const phone = stranger();
    const opened = await post(kriya, '/api/phone/verification', { phone_number: phone, channel });
    assert.equal(opened.status, 202, opened.text);
    const code = await received[channel](phone);
    secrets.codes.add(code);
    const { id: verification_id } = opened.json.verification;
    for (const [typed, valid] of [[wrong(code), false], [code, true]]) {
      const checked = await post(kriya, '/api/phone/verification/check', { verification_id, code: typed });
      assert.equal(checked.json.valid, valid, checked.text);
    }
  }

  const rules = [undefined, misbehaviour.closesAfterAccepting, misbehaviour.rateLimited, { code: 11000 },
    misbehaviour.notJson, { http: 500, text: `${TEXT} ${secrets.strangers[0]}`, accept: true }];
  for (const rule of rules) { // messages, and what becomes of them
    const phone = stranger();
    if (rule) telesign.behave({ to: phone, ...rule });
    await sendSms(kriya, phone, TEXT);
  }
  for (const code of [undefined, 131026, 131056]) {
    const phone = stranger();
    if (code) meta.behave({ to: phone, code });
    const { id } = accepted(await sendWhatsApp(kriya, phone, { text: TEXT, fallback_sms: FALLBACK }));
    await becomes(kriya, id, 'accepted');
  }
  await until(async () => (await allRecords(kriya)).every(({ status }) => status !== 'queued'), 'all are handed over');
  for (const { reference_id: reference } of telesign.messages) {
    assert.equal((await telesign.receipt(reference, { code: 200, times: 2 })).status, 200);
  }
  for (const { id } of meta.messages) assert.equal((await meta.status(id, 'delivered')).status, 200);

  // What people write, what strangers try, what is asked about numbers, and what is wrong with a request.
  await telesign.inbound({ from: stranger(), text: 'stop' });
  await telesign.inbound({ from: stranger(), text: `Where is the ${WORDS}?` });
  await meta.inbound({ from: stranger(), text: `Where is the ${WORDS}?` });
  await telesign.inbound({ from: stranger(), text: WORDS, signature: 'otherKey' });
  for (const asked of ['lookup', 'risk']) {
    assert.equal((await post(kriya, `/api/phone/${asked}`, { phone_number: stranger() })).status, 200);
  }
  telesign.behave({ path: '/v1/phoneid', ...misbehaviour.internalError });
  await post(kriya, '/api/phone/lookup', { phone_number: stranger() });
  assert.equal((await sendSms(kriya, stranger(), `${WORDS}\u0007`)).status, 422);
  assert.equal((await get(kriya, `/api/messages?phone_number=${encodeURIComponent(stranger())}`)).status, 200);
  await call(kriya, 'POST', '/api/auth/verify', { json: { verification_id: 'x', code: [...secrets.codes][0] } });
  return secrets;
}

/** What would betray it: the text itself, and how it looks in a dump of bytes. */
function spellings(text) {
  const bytes = Buffer.from(text);
  return [text, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)];
}

/** Fails if the bytes hold a code, a token, a text of a message or a number; `phones`: which numbers are looked for. */
function assertClean(what, bytes, { codes, tokens }, phones) {
  const text = Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes;
  const holds = (needle) => spellings(needle).some((one) => text.includes(one));
  for (const code of codes) assert.ok(!holds(code), `${what} holds a code`);
  for (const token of tokens) assert.ok(!text.includes(token), `${what} holds a token`);
  assert.ok(!holds(WORDS), `${what} holds the text of a message`);
  for (const phone of phones) assert.ok(!holds(phone.slice(3)), `${what} holds a number`);
}

function assertLogsClean(kriya, secrets) {
  const everybody = [...secrets.users, ...secrets.strangers];
  const log = readFileSync(path.join(kriya.cwd, 'kriya.log'));
  assert.ok(log.length > 1000, 'something was logged');
  const said = { 'the log': log, 'standard output': kriya.stdout(), 'standard error': kriya.stderr() };
  for (const [what, text] of Object.entries(said)) assertClean(what, text, secrets, everybody);
}

async function assertPayloadsGone(kriya) {
  const rows = await kriya.rows.query('SELECT status, payload FROM messages');
  assert.ok(rows.length > 15);
  for (const { status, payload } of rows) {
    if (FINAL.includes(status)) assert.equal(payload, null, `a ${status} message still has its text`);
  }
  assert.ok(rows.some(({ status }) => status === 'delivered') && rows.some(({ status }) => status === 'failed'));
}

const env = {
  VERIFICATION_CODE_LENGTH: '10', // so long that no other digits look like one by chance
  VERIFICATION_CHANNELS: 'sms,whatsapp,voice',
  LOG_LEVEL: 'debug',
  LOG_FILE: 'kriya.log',
  RISK_CHECK: 'telesign',
};

describe('after a busy run', () => {
  test('the SQLite files, the journal and the logs hold no code and no text, and numbers in users alone', async (t) => {
    const kriya = await startMessaging(t, { meta: true, env });
    const secrets = await busyRun(kriya);
    await assertPayloadsGone(kriya);
    const check = () => {
      const files = readdirSync(kriya.dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      for (const { name, parentPath } of files) {
        assertClean(name, readFileSync(path.join(parentPath, name)), secrets, secrets.strangers);
      }
      return files.map(({ name }) => name);
    };
    assert.ok(check().includes('kriya.db-wal'), 'while it runs, the journal is there');
    const tables = await kriya.rows.query("SELECT name FROM sqlite_master WHERE type = 'table'");
    assert.ok(tables.length > 12);
    for (const { name } of tables) {
      const rows = JSON.stringify(await kriya.rows.query(`SELECT * FROM "${name}"`));
      assertClean(name, rows, secrets, name === 'users' ? secrets.strangers : [...secrets.users, ...secrets.strangers]);
      if (name !== 'users') continue;
      assert.ok(secrets.users.every((phone) => rows.includes(phone)), 'what is looked for can be found');
    }
    await kriya.stop();
    check();
    assertLogsClean(kriya, secrets);
  });

  test('a PostgreSQL dump, Redis and all logs hold none either', async (t) => {
    const REDIS_URL = redis.nextUrl();
    const kriya = await startMessaging(t, { meta: true, postgres, env: { ...env, REDIS_URL, RATE_LIMITS: 'on' } });
    const secrets = await busyRun(kriya);
    await assertPayloadsGone(kriya);
    const { stdout: dump } = await runFile('pg_dump', ['-d', postgres.url(kriya.database)], { maxBuffer: 1 << 28 });
    const parts = [...dump.matchAll(/^COPY public\.(\w+) .*?^\\\.$/gms)];
    assert.ok(parts.length > 12);
    const everybody = [...secrets.users, ...secrets.strangers];
    for (const [text, table] of parts) {
      assertClean(table, text, secrets, table === 'users' ? secrets.strangers : everybody);
    }
    const [users] = parts.find(([, table]) => table === 'users');
    assert.ok(secrets.users.every((phone) => users.includes(phone)), 'what is looked for can be found');
    assertClean('the dump', dump, secrets, secrets.strangers);

    const database = new URL(REDIS_URL).pathname.slice(1);
    const cli = async (...args) => {
      const { stdout } = await runFile('redis-cli', ['-p', String(redis.port), '-n', database, ...args]);
      return stdout;
    };
    const keys = (await cli('--scan')).trim().split('\n').filter(Boolean);
    const values = await Promise.all(keys.map((key) => cli('DUMP', key)));
    assertClean('Redis', [...keys, ...values].join('\n'), secrets, everybody);

    await kriya.stop();
    assertLogsClean(kriya, secrets);
    const logs = readdirSync(postgres.folder, { recursive: true }).filter((name) => /log$/.test(name));
    for (const name of logs) {
      assertClean(`PostgreSQL's ${name}`, readFileSync(path.join(postgres.folder, name)), secrets, secrets.strangers);
    }
  });

  test('codes that Telesign makes are nowhere either', async (t) => {
    const settings = { CODE_PROVIDER: 'telesign', LOG_LEVEL: 'debug', LOG_FILE: 'kriya.log' };
    const kriya = await startMessaging(t, { env: settings });
    const secrets = { codes: new Set(), tokens: [], users: [], strangers: [] };
    for (let i = 0; i < 4; ++i) {
      const phone = uniquePhone();
      const { verification } = (await ask(kriya, { phone_number: phone })).json;
      const { code } = await kriya.telesign.nextMessage({ to: phone });
      secrets.codes.add(code);
      assert.equal((await answer(kriya, verification.id, wrong(code))).status, 401);
      if (i === 0) kriya.telesign.behave({ path: '/v1/verify', method: 'GET', ...misbehaviour.closesBeforeAccepting });
      if (i === 0) assert.equal((await answer(kriya, verification.id, code)).status, 503);
      if (i < 2) assert.equal((await answer(kriya, verification.id, code)).status, 200);
      (i < 2 ? secrets.users : secrets.strangers).push(phone);
    }
    for (const name of ['kriya.db', 'kriya.db-wal']) {
      assertClean(name, readFileSync(path.join(kriya.dataDir, name)), secrets, secrets.strangers);
    }
    await kriya.stop();
    assertLogsClean(kriya, secrets);
  });
});
