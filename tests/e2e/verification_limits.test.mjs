// How many codes are sent and how many may be guessed: by number, by address, by country, by day; and that nothing
// which ends and starts again forgets it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { isValid } from './support/accounts.mjs';
import { call, run, uniquePhone } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import { startPostgres } from './support/postgres.mjs';
import { startRedis } from './support/redis.mjs';
import { until } from './support/service.mjs';
import { API_KEY, CUSTOMER_ID, startTelesign } from './support/telesign.mjs';
import {
  answer,
  ask,
  assertProblem,
  assertTooMany,
  codeIn,
  codeTo,
  coolDown,
  failAt,
  from,
  letTimePass,
  messagesTo,
  newAddress,
  open,
  refresh,
  resend,
  signInByCode,
  startVerifying,
  wrong,
} from './support/sign_in.mjs';

const REGISTRAR_KEY = 'e2e-registrar-key-Hd7sWq2';
const HOUR = 3600;

let postgres;
let redis;
before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
after(() => Promise.all([postgres?.remove(), redis?.remove()]));

/** Between two whole numbers, both included. */
const assertBetween = (value, least, most) => assert.ok(value >= least && value <= most, `${value}: ${least}..${most}`);

/** Numbers of countries that have them, so that they are told apart. */
let next = Math.floor(Math.random() * 1e6);
const inCountry = {
  US: () => `+1415555${String(next++ % 1e4).padStart(4, '0')}`,
  CA: () => `+1416555${String(next++ % 1e4).padStart(4, '0')}`,
  GB: () => `+4474001${String(next++ % 1e5).padStart(5, '0')}`,
  ES: () => `+34612${String(next++ % 1e6).padStart(6, '0')}`,
  FR: () => `+33612${String(next++ % 1e6).padStart(6, '0')}`,
  DE: () => `+491511${String(next++ % 1e7).padStart(7, '0')}`,
  IN: uniquePhone,
};

/** On a database of each kind. */
function onBoth(name, body) {
  for (const engine of ['SQLite', 'PostgreSQL']) {
    test(`${name}, on ${engine}`, (t) =>
      body((options = {}) => startVerifying(t, { ...options, ...(engine === 'SQLite' ? {} : { postgres }) }), t));
  }
}

/** Lets a number have so many failed guesses; resolves with a challenge of it that has taken none of them. */
async function withFailures(kriya, phone_number, failures) {
  const next = async () => {
    const challenge = await open(kriya, { phone_number });
    await coolDown(kriya, HOUR);
    return challenge;
  };
  const spare = await next();
  for (let left = failures; left > 0; left -= 5) await failAt(kriya, await next(), Math.min(5, left));
  return spare;
}

describe('codes to one number', () => {
  onBoth('follow each other after 30, 60, 120 and 300 s, and five go out in an hour', async (start) => {
    const kriya = await start();
    const phone_number = uniquePhone();
    for (const [sent, wait] of [30, 60, 120, 300].entries()) {
      const asked = await ask(kriya, { phone_number });
      assert.equal(asked.status, 202, asked.text);
      const seconds = (Date.parse(asked.json.verification.resend_at) - Date.now()) / 1000;
      assertBetween(seconds, wait - 10, wait + 2);
      for (const again of [
        await ask(kriya, { phone_number }),
        await resend(kriya, asked.json.verification.id),
      ]) {
        assertBetween(assertTooMany(again), wait - 10, wait);
      }
      assert.equal(messagesTo(kriya, phone_number).length, sent + 1);
      await letTimePass(kriya, wait - 15, ['code_sends']);
      assertTooMany(await ask(kriya, { phone_number }));
      await letTimePass(kriya, 16, ['code_sends']);
    }
    assert.equal((await ask(kriya, { phone_number })).status, 202);
    await letTimePass(kriya, 301, ['code_sends']);
    // 30 + 60 + 120 + 300 s and a bit have passed since the first, and 301 s since the fifth.
    assertBetween(assertTooMany(await ask(kriya, { phone_number })), HOUR - 900, HOUR - 800);
    assert.equal(messagesTo(kriya, phone_number).length, 5);
    assert.equal((await ask(kriya)).status, 202, 'another number is not concerned');
    await letTimePass(kriya, HOUR - 800, ['code_sends']);
    assert.equal((await ask(kriya, { phone_number })).status, 202);
  });

  onBoth('are ten in a day', async (start) => {
    const kriya = await start();
    const phone_number = uniquePhone();
    for (let sent = 0; sent < 10; ++sent) {
      assert.equal((await ask(kriya, { phone_number })).status, 202);
      await letTimePass(kriya, HOUR + 1, ['code_sends']);
    }
    assertBetween(assertTooMany(await ask(kriya, { phone_number })), 13 * HOUR, 14 * HOUR);
    await letTimePass(kriya, 14 * HOUR, ['code_sends']);
    assert.equal((await ask(kriya, { phone_number })).status, 202);
  });

  onBoth('are one, when twenty are asked for at the same moment', async (start) => {
    const kriya = await start();
    const phone_number = uniquePhone();
    const answers = await times(20, () => ask(kriya, { phone_number }));
    assert.equal(answers.filter(({ status }) => status === 202).length, 1);
    // By the clock of each, which may be behind that of the one that came first.
    for (const refused of answers.filter(({ status }) => status !== 202)) assertBetween(assertTooMany(refused), 1, 31);
    await codeTo(kriya, phone_number);
    assert.equal(messagesTo(kriya, phone_number).length, 1);
  });

  onBoth('are counted for the sessions of its owner, too, also of those who sign in again and again', async (start) => {
    const kriya = await start();
    let held = await signInByCode(kriya);
    const { phone_number } = held.user;
    const byToken = () => from(newAddress(), { Authorization: `Bearer ${held.token}` });
    const reauthenticate = () => call(kriya, 'POST', '/api/auth/reauthenticate', { headers: byToken() });
    const assertRefused = async (least, most) => {
      for (const refused of [
        await ask(kriya, { phone_number, refresh_token: held.refresh_token }),
        await ask(kriya, { phone_number }, byToken()),
        await reauthenticate(),
      ]) {
        assertBetween(assertTooMany(refused), least, most);
      }
    };
    for (const wait of [30, 60, 120]) {
      await assertRefused(wait - 10, wait);
      await letTimePass(kriya, wait + 1, ['code_sends']);
      held = await signInByCode(kriya, { phone_number, refresh_token: held.refresh_token });
    }
    await assertRefused(290, 300);
    await letTimePass(kriya, 301, ['code_sends']);
    const fifth = await reauthenticate();
    assert.equal(fifth.status, 202, fifth.text);
    await letTimePass(kriya, 301, ['code_sends']);
    await assertRefused(HOUR - 900, HOUR - 800);
    await codeTo(kriya, phone_number, 5);
    assert.equal(messagesTo(kriya, phone_number).length, 5);
  });

  test('are counted however the number is written', async (t) => {
    const kriya = await startVerifying(t);
    const phone_number = uniquePhone();
    assert.equal((await ask(kriya, { phone_number })).status, 202);
    const spelling = `00 ${phone_number.slice(1, 3)} (${phone_number.slice(3, 6)}) ${phone_number.slice(6)}`;
    assertTooMany(await ask(kriya, { phone_number: spelling }));
  });

  test('are counted across a restart of Kriya', async (t) => {
    const first = await startVerifying(t);
    const phone_number = uniquePhone();
    assert.equal((await ask(first, { phone_number })).status, 202);
    await first.stop();
    const second = await startVerifying(t, { cwd: first.cwd });
    assertTooMany(await ask(second, { phone_number }));
  });
});

describe('codes that one client asks for', () => {
  onBoth('are twenty in an hour, for whatever numbers, also at the same moment', async (start) => {
    const kriya = await start();
    const address = newAddress();
    const answers = await times(30, () => ask(kriya, {}, from(address)));
    assert.equal(answers.filter(({ status }) => status === 202).length, 20);
    for (const refused of answers.filter(({ status }) => status !== 202)) {
      assertBetween(assertTooMany(refused), HOUR - 60, HOUR);
    }
    assert.equal((await ask(kriya)).status, 202, 'another address is not concerned');
    await letTimePass(kriya, HOUR, ['code_sends']);
    assert.equal((await ask(kriya, {}, from(address))).status, 202);
  });

  test('are counted by the first 64 bits of an IPv6 address', async (t) => {
    const kriya = await startVerifying(t);
    for (let i = 0; i < 20; ++i) {
      const address = `2001:db8:1:2:${i.toString(16)}:5678:9abc:${(i * 977).toString(16)}`;
      assert.equal((await ask(kriya, {}, from(address))).status, 202);
    }
    assertTooMany(await ask(kriya, {}, from('2001:db8:1:2::1')));
    assertTooMany(await ask(kriya, {}, from('2001:0DB8:0001:0002:ffff::')));
    assert.equal((await ask(kriya, {}, from('2001:db8:1:3::1'))).status, 202);
    assert.equal((await ask(kriya, {}, from('2001:db8:1:1:ffff:ffff:ffff:ffff'))).status, 202);
  });

  test('are counted by the hop that the trusted proxy saw, whatever the client says of itself', async (t) => {
    const kriya = await startVerifying(t);
    const address = newAddress();
    for (let i = 0; i < 20; ++i) {
      assert.equal((await ask(kriya, {}, from(`203.0.113.${i}, ${address}`))).status, 202);
    }
    assertTooMany(await ask(kriya, {}, from(`203.0.113.200, ${address}`)));
    assertTooMany(await ask(kriya, {}, from(address)));
  });

  test('are counted by the peer where no proxy is trusted', async (t) => {
    const kriya = await startVerifying(t, { env: { TRUSTED_PROXIES: undefined } });
    for (let i = 0; i < 20; ++i) assert.equal((await ask(kriya)).status, 202);
    assertTooMany(await ask(kriya));
  });
});

describe('countries', () => {
  /** The server takes numbers of these countries, and refuses those of the others before anything is sent. */
  async function assertServes(t, env, served, refused) {
    const kriya = await startVerifying(t, { env });
    for (const country of served) {
      const asked = await ask(kriya, { phone_number: inCountry[country]() });
      assert.equal(asked.status, 202, `${country}: ${asked.text}`);
    }
    for (const country of refused) {
      const phone_number = inCountry[country]();
      const asked = await ask(kriya, { phone_number });
      assertProblem(asked, 422, 'invalid_fields');
      assert.deepEqual(asked.json.errors.map(({ field }) => field), ['phone_number'], country);
      assert.deepEqual(messagesTo(kriya, phone_number), []);
    }
  }

  test('outside ALLOWED_COUNTRIES get no codes, and one country code may be two of them', (t) =>
    assertServes(t, { ALLOWED_COUNTRIES: 'US,IN' }, ['US', 'IN'], ['CA', 'GB', 'ES']));

  test('in DENIED_COUNTRIES get no codes', (t) =>
    assertServes(t, { DENIED_COUNTRIES: 'GB,CA' }, ['US', 'IN', 'ES'], ['GB', 'CA']));

  test('in both get none', (t) =>
    assertServes(t, { ALLOWED_COUNTRIES: 'US,GB', DENIED_COUNTRIES: 'GB' }, ['US'], ['GB', 'IN']));
});

describe('codes in a day', () => {
  onBoth('are CODES_PER_DAY, for everybody together, also at the same moment', async (start) => {
    const kriya = await start({ env: { CODES_PER_DAY: '7' } });
    const answers = await times(12, () => ask(kriya));
    assert.equal(answers.filter(({ status }) => status === 202).length, 7);
    for (const refused of answers.filter(({ status }) => status !== 202)) assertTooMany(refused);
    assertTooMany(await ask(kriya));
  });

  onBoth('do not count those that were definitely not sent, nor does anything else', async (start, t) => {
    const telesign = await startTelesign({ t });
    const kriya = await start({
      env: {
        CODES_PER_DAY: '1',
        SMS_PROVIDER: 'telesign',
        TELESIGN_CUSTOMER_ID: CUSTOMER_ID,
        TELESIGN_API_KEY: API_KEY,
        TELESIGN_BASE_URL: telesign.url,
        TELESIGN_VERIFY_URL: telesign.url,
        TELESIGN_PER_SECOND: '100',
      },
    });
    const phone_number = '+14155558675'; // providers want numbers that can exist
    const headers = from(newAddress());
    telesign.behave({ to: phone_number, times: 3, http: 400, code: -10001 });
    for (let i = 0; i < 3; ++i) {
      assertProblem(await ask(kriya, { phone_number }, headers), 502, 'delivery_failed');
    }
    assert.deepEqual(await kriya.rows.query('SELECT id FROM challenges'), []);
    const asked = await ask(kriya, { phone_number }, headers);
    assert.equal(asked.status, 202, asked.text);
    const [{ text }] = telesign.messagesTo(phone_number);
    assert.equal((await answer(kriya, asked.json.verification.id, codeIn(text))).status, 200);
    assertTooMany(await ask(kriya, { phone_number: '+14155558676' }));
  });
});

describe('the guard against SMS pumping', () => {
  const events = async (kriya) =>
    (await kriya.rows.query("SELECT decision, detail FROM security_events WHERE kind = 'pumping_warning'")).map(
      ({ decision, detail }) => ({ decision, ...(typeof detail === 'string' ? JSON.parse(detail) : detail) }),
    );

  onBoth('refuses an address that asks for many countries of which no code comes back', async (start) => {
    const kriya = await start({ env: { SMS_PUMPING_GUARD: 'deny' } });
    const address = newAddress();
    const asked = (country) => ask(kriya, { phone_number: inCountry[country]() }, from(address));
    for (const country of ['US', 'GB', 'ES']) assert.equal((await asked(country)).status, 202);
    assertTooMany(await asked('FR'));
    assertTooMany(await asked('DE'));
    const recorded = await events(kriya);
    const decisions = recorded.map(({ decision, country }) => `${decision} ${country}`);
    assert.deepEqual(decisions, ['denied FR', 'denied DE']);
    for (const { overdrawn } of recorded) assert.ok(overdrawn.includes('address_countries'));
    const elsewhere = await ask(kriya, { phone_number: inCountry.FR() });
    assert.equal(elsewhere.status, 202, 'other addresses are not concerned');
  });

  test('lets an address go on whose codes come back', async (t) => {
    const kriya = await startVerifying(t, { env: { SMS_PUMPING_GUARD: 'deny' } });
    const headers = from(newAddress());
    for (const country of ['US', 'GB', 'ES', 'FR', 'DE', 'IN', 'CA', 'US', 'GB', 'ES', 'FR', 'DE']) {
      assert.ok((await signInByCode(kriya, { phone_number: inCountry[country]() }, headers)).token);
    }
    assert.deepEqual(await events(kriya), []);
  });

  test('refuses an address whose codes do not come back', async (t) => {
    const kriya = await startVerifying(t, { env: { SMS_PUMPING_GUARD: 'deny' } });
    const headers = from(newAddress());
    const statuses = [];
    for (let i = 0; i < 12; ++i) statuses.push((await ask(kriya, { phone_number: inCountry.US() }, headers)).status);
    assertBetween(statuses.filter((status) => status === 202).length, 3, 5);
    assert.equal(statuses.at(-1), 429);
  });

  test('records and lets through where it is told to, which it is by itself', async (t) => {
    for (const [value, expected] of [[undefined, true], ['record', true], ['off', false]]) {
      const kriya = await startVerifying(t, { env: { SMS_PUMPING_GUARD: value } });
      const headers = from(newAddress());
      for (let i = 0; i < 12; ++i) {
        assert.equal((await ask(kriya, { phone_number: inCountry.US() }, headers)).status, 202);
      }
      const recorded = await events(kriya);
      assert.equal(recorded.length > 0, expected);
      for (const { decision } of recorded) assert.equal(decision, 'allowed');
    }
  });
});

describe('failed guesses', () => {
  onBoth('of one address are sixty in an hour, whatever they guess at', async (start) => {
    const kriya = await start();
    const headers = from(newAddress());
    let failures = 0;
    const challenges = await times(13, () => open(kriya));
    for (const { id, code } of challenges.slice(0, 12)) {
      for (let i = 1; i <= 5; ++i, ++failures) {
        assertProblem(await answer(kriya, id, wrong(code, i), headers), 401, 'invalid_code');
      }
    }
    assert.equal(failures, 60);
    const { id, code } = challenges[12];
    assertBetween(assertTooMany(await answer(kriya, id, code, headers)), HOUR - 120, HOUR);
    assert.equal((await answer(kriya, id, code)).status, 200, 'it costs the challenge nothing');
    const later = await open(kriya);
    await letTimePass(kriya, HOUR, ['guess_addresses']);
    assert.equal((await answer(kriya, later.id, later.code, headers)).status, 200);
  });

  onBoth('of one number, ten in a row, make even the right code wait, longer each time', async (start) => {
    const kriya = await start();
    const phone_number = uniquePhone();
    const spare = await withFailures(kriya, phone_number, 9);
    assertProblem(await answer(kriya, spare.id, wrong(spare.code)), 401, 'invalid_code'); // the tenth
    for (const wait of [30, 60, 120]) {
      for (let i = 0; i < 3; ++i) {
        assertBetween(assertTooMany(await answer(kriya, spare.id, spare.code)), wait - 10, wait);
      }
      assertBetween(assertTooMany(await ask(kriya, { phone_number })), 1, wait); // no new code helps
      assertTooMany(await resend(kriya, spare.id));
      await letTimePass(kriya, wait - 12, ['guess_guards']);
      assertTooMany(await answer(kriya, spare.id, spare.code));
      await letTimePass(kriya, 13, ['guess_guards']);
      if (wait === 120) break;
      assertProblem(await answer(kriya, spare.id, wrong(spare.code, wait)), 401, 'invalid_code');
    }
    assert.equal((await answer(kriya, spare.id, spare.code)).status, 200);
    const count = await kriya.rows.query('SELECT failures FROM guess_guards');
    assert.deepEqual(count.filter(({ failures }) => Number(failures) > 0), [], 'success clears the count');
  });

  onBoth('of one number, a hundred in a row, disable it until somebody re-enables it', async (start) => {
    const phone_number = '+15005550007';
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const kriya = await start({
      env: {
        TEST_PHONE_NUMBERS: `${phone_number}=864209`, // of which codes may be had without end
        TEST_PHONE_NUMBERS_UNTIL: tomorrow,
        REGISTRATION_API_KEYS: REGISTRAR_KEY,
      },
    });
    const code = '864209';
    const started = async () => (await ask(kriya, { phone_number })).json.verification.id;
    const disable = async () => {
      let id;
      for (let failures = 0; failures < 100; ++failures) {
        if (failures % 5 === 0) id = await started();
        assertProblem(await answer(kriya, id, wrong(code, failures + 1)), 401, 'invalid_code');
        if (failures >= 9) await letTimePass(kriya, HOUR, ['guess_guards']);
      }
    };
    const spare = await started();
    await disable();
    for (const days of [0, 365]) {
      await letTimePass(kriya, days * 86_400, ['guess_guards']);
      assertProblem(await answer(kriya, spare, code), 403, 'phone_disabled');
      assertProblem(await ask(kriya, { phone_number }), 403, 'phone_disabled');
      assertProblem(await resend(kriya, spare), 403, 'phone_disabled');
    }
    const { code: exit, stdout, stderr } = await run(['phone', 'unlock', phone_number], {
      cwd: kriya.cwd,
      env: { ...kriya.settings },
    });
    assert.equal(exit, 0, stdout + stderr);
    assert.equal((await answer(kriya, spare, code)).status, 200);

    const another = await started();
    await disable();
    assertProblem(await answer(kriya, another, code), 403, 'phone_disabled');
    const json = { phone_number, first_name: 'Asha' };
    const headers = { 'X-API-Key': REGISTRAR_KEY };
    const registered = await call(kriya, 'POST', '/api/auth/register', { json, headers });
    assert.equal(registered.status, 200, registered.text);
    assert.equal((await answer(kriya, another, code)).status, 200);
    const kinds = await kriya.rows.query('SELECT kind FROM security_events');
    for (const kind of ['phone_locked', 'phone_disabled', 'phone_unlocked']) {
      assert.ok(kinds.some((row) => row.kind === kind), kind);
    }
  });

  onBoth('of strangers do not lock out a device of the owner', async (start) => {
    const kriya = await start();
    const owner = await signInByCode(kriya);
    const other = await signInByCode(kriya); // somebody, but not the owner
    const { phone_number } = owner.user;
    await coolDown(kriya, HOUR);
    await withFailures(kriya, phone_number, 10);
    assertTooMany(await ask(kriya, { phone_number }));
    for (const refresh_token of [other.refresh_token, 'A'.repeat(43), 'x', '']) {
      assertTooMany(await ask(kriya, { phone_number, refresh_token }));
    }

    const theirs = { phone_number, refresh_token: owner.refresh_token };
    const opened = await open(kriya, theirs);
    assert.equal((await answer(kriya, opened.id, opened.code)).status, 200);
    await coolDown(kriya, HOUR);
    const byToken = await ask(kriya, { phone_number }, from(newAddress(), { Authorization: `Bearer ${owner.token}` }));
    assert.equal(byToken.status, 202, byToken.text);
    await coolDown(kriya, HOUR);
    assertTooMany(await ask(kriya, { phone_number }), 'strangers still wait');

    // The device's own failures count, on its own.
    for (let left = 10; left > 0; left -= 5) {
      await failAt(kriya, await open(kriya, theirs), 5);
      await coolDown(kriya, HOUR);
    }
    assertTooMany(await ask(kriya, theirs));
    await coolDown(kriya);
    assert.ok(await isValid(kriya, owner.token));
    assert.equal((await refresh(kriya, owner.refresh_token)).status, 200, 'and end no session');
  });

  test('show no mercy to a refresh token that is spent or whose session is over', async (t) => {
    const kriya = await startVerifying(t);
    const owner = await signInByCode(kriya);
    const { phone_number } = owner.user;
    const renewed = (await refresh(kriya, owner.refresh_token)).json;
    await coolDown(kriya, HOUR);
    await withFailures(kriya, phone_number, 10);
    assertTooMany(await ask(kriya, { phone_number, refresh_token: owner.refresh_token }));
    const headers = { Authorization: `Bearer ${renewed.token}` };
    assert.equal((await call(kriya, 'DELETE', '/api/auth/logout', { headers })).status, 200);
    assertTooMany(await ask(kriya, { phone_number, refresh_token: renewed.refresh_token }));
  });
});

describe('what was counted', () => {
  /** Ten failures are behind a number: right codes are refused, wherever and whenever. */
  async function assertStillLocked(kriya, phone_number, { id, code }) {
    assertTooMany(await answer(kriya, id, code));
    assertTooMany(await ask(kriya, { phone_number }));
  }

  test('survives a restart and a crash of Kriya on SQLite', async (t) => {
    let kriya = await startVerifying(t);
    const phone_number = uniquePhone();
    const spare = await withFailures(kriya, phone_number, 9);
    for (const end of ['stop', 'kill']) {
      await kriya[end]();
      kriya = await startVerifying(t, { cwd: kriya.cwd });
      if (end === 'stop') assertProblem(await answer(kriya, spare.id, wrong(spare.code)), 401, 'invalid_code');
      await assertStillLocked(kriya, phone_number, spare);
    }
    await letTimePass(kriya, 31, ['guess_guards']);
    const last = await answer(kriya, spare.id, wrong(spare.code, 2));
    assertProblem(last, 401, 'invalid_code');
    assert.equal(last.json.attempts_left, 3, 'the challenge knows its guesses, too');
  });

  test('survives a restart of Kriya, of Redis and of PostgreSQL', async (t) => {
    const env = { REDIS_URL: redis.nextUrl(), RATE_LIMITS: 'on' };
    let kriya = await startVerifying(t, { postgres, env });
    const phone_number = uniquePhone();
    const spare = await withFailures(kriya, phone_number, 9);
    const isReady = async () => (await call(kriya, 'GET', '/health/ready')).status === 200;
    const restarts = {
      redis: async () => {
        await redis.stop();
        await redis.start();
        await until(async () => (await ask(kriya, { phone_number })).status !== 503, 'Redis is back');
      },
      postgres: async () => {
        await postgres.stop();
        await postgres.restart();
        await until(isReady, 'PostgreSQL is back');
      },
      kriya: async () => {
        await kriya.kill();
        kriya = await startVerifying(t, { postgres, env, database: kriya.database });
      },
    };
    await restarts.postgres();
    assertProblem(await answer(kriya, spare.id, wrong(spare.code)), 401, 'invalid_code'); // the tenth
    for (const [name, restart] of Object.entries(restarts)) {
      await restart();
      await assertStillLocked(kriya, phone_number, spare);
      const [{ failures }] = await kriya.rows.query('SELECT failures FROM guess_guards');
      assert.equal(Number(failures), 10, name);
    }
    await letTimePass(kriya, 31, ['guess_guards']);
    assert.equal((await answer(kriya, spare.id, spare.code)).status, 200);
  });
});
