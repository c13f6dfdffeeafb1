// Proving that a person holds a phone: the sign-in by code, what codes are good for, and who learns what.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { isValid, readUser, register } from './support/accounts.mjs';
import { call, freshFolder, uniquePhone } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import { startPostgres } from './support/postgres.mjs';
import {
  answer,
  ask,
  assertProblem,
  codeIn,
  codeTo,
  coolDown,
  from,
  letTimePass,
  messagesTo,
  messageTo,
  newAddress,
  open,
  refresh,
  resend,
  signInByCode,
  startVerifying,
  VERIFY,
  wrong,
} from './support/sign_in.mjs';

const TOKEN = /^[A-Za-z0-9_-]{43}$/; // 256 bits in base64url
const RELAY = '/api/phone/verification';
const RELAY_KEYS = ['e2e-messaging-key-one-Rt5', 'e2e-messaging-key-two-Jm9'];
const REGISTRAR_KEY = 'e2e-registrar-key-Zx4pLq8';

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.remove());

const masked = (phone) => `+91••••••${phone.slice(-4)}`;
const secondsUntil = (time) => (Date.parse(time) - Date.now()) / 1000;

for (const engine of ['SQLite', 'PostgreSQL']) {
  describe(`signing in by code, on ${engine}`, () => {
    let kriya;
    before(async () => {
      kriya = await startVerifying(undefined, {
        postgres: engine === 'PostgreSQL' ? postgres : undefined,
        env: { REGISTRATION_API_KEYS: REGISTRAR_KEY },
      });
    });
    after(() => kriya?.dispose());

    test('takes a register, a message and a verify; the account is made by the last', async () => {
      const phone_number = uniquePhone();
      const profile = { phone_number, first_name: 'Asha', last_name: 'Rao', email: 'asha@example.com' };
      const asked = await ask(kriya, profile);
      assert.equal(asked.status, 202, asked.text);
      assert.equal(asked.headers['cache-control'], 'no-store');
      const { success, message, verification, ...rest } = asked.json;
      assert.deepEqual([success, message, rest], [true, 'Verification code sent', {}]);
      const { id, expires_at, resend_at, ...told } = verification;
      assert.match(id, TOKEN);
      assert.deepEqual(told, { channel: 'sms', phone_number: masked(phone_number), code_length: 6 });
      assert.ok(Math.abs(secondsUntil(expires_at) - 300) < 20, expires_at);
      assert.ok(Math.abs(secondsUntil(resend_at) - 30) < 20, resend_at);
      const count = async () => (await kriya.rows.query('SELECT phone_number FROM users')).length;
      const users = await count();

      const code = await codeTo(kriya, phone_number);
      assert.match(code, /^\d{6}$/);
      const signedIn = await answer(kriya, id, code);
      assert.equal(signedIn.status, 200, signedIn.text);
      assert.equal(signedIn.headers['cache-control'], 'no-store');
      const { token, refresh_token, user, expires_at: end, ...words } = signedIn.json;
      assert.deepEqual(words, { success: true, message: 'Registration successful' });
      assert.match(refresh_token, TOKEN);
      assert.ok(Math.abs(secondsUntil(end) - 24 * 3600) < 60, end);
      const { id: userId, created_at, ...stored } = user;
      assert.deepEqual(stored, profile);
      assert.deepEqual((await readUser(kriya, token)).json, user);
      assert.ok(await isValid(kriya, token));
      assert.equal(await count(), users + 1);
    });

    test('of a known number leaves the profile as it is', async () => {
      const first = await signInByCode(kriya, { first_name: 'Asha', email: 'asha@example.com' });
      await coolDown(kriya);
      const fields = { phone_number: first.user.phone_number, first_name: 'Mallory', last_name: 'Evil' };
      const second = await signInByCode(kriya, fields);
      assert.equal(second.message, 'Login successful');
      assert.deepEqual(second.user, first.user);
      assert.notEqual(second.token, first.token);
      assert.notEqual(second.refresh_token, first.refresh_token);
      assert.ok(await isValid(kriya, first.token), 'the first device stays signed in');
    });

    test('makes one user of a number whose two codes are typed at the same moment', async () => {
      const phone_number = uniquePhone();
      const one = await open(kriya, { phone_number, first_name: 'One' });
      await coolDown(kriya);
      const two = await open(kriya, { phone_number, first_name: 'Two' });
      const answers = await Promise.all([one, two].map(({ id, code }) => answer(kriya, id, code)));
      assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
      assert.deepEqual(answers[0].json.user, answers[1].json.user);
      assert.deepEqual(
        answers.map(({ json }) => json.message).sort(),
        ['Login successful', 'Registration successful'],
      );
      for (const { json } of answers) assert.ok(await isValid(kriya, json.token));
    });

    test('counts wrong codes down, and then is over, also for the right one', async () => {
      const { id, code } = await open(kriya);
      for (const left of [4, 3, 2, 1, 0]) {
        const refused = await answer(kriya, id, wrong(code, left + 1));
        assertProblem(refused, 401, 'invalid_code');
        assert.equal(refused.json.attempts_left, left);
      }
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
      assertProblem(await resend(kriya, id), 410, 'verification_expired');
    });

    test('takes the right code as the last guess', async () => {
      const { id, code } = await open(kriya);
      for (let i = 1; i <= 4; ++i) assert.equal((await answer(kriya, id, wrong(code, i))).status, 401);
      assert.equal((await answer(kriya, id, code)).status, 200);
    });

    test('takes a code once', async () => {
      const { id, code } = await open(kriya);
      assert.equal((await answer(kriya, id, code)).status, 200);
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
      assertProblem(await resend(kriya, id), 410, 'verification_expired');
    });

    test('takes a code once when it is typed twenty times at the same moment', async () => {
      for (let round = 0; round < 5; ++round) {
        const { id, code } = await open(kriya);
        const answers = await times(20, () => answer(kriya, id, code));
        const statuses = answers.map(({ status }) => status).sort();
        assert.deepEqual(statuses, [200, ...Array(19).fill(410)]);
      }
    });

    test('compares five of two hundred guesses that come at the same moment', async () => {
      const { phone, id, code } = await open(kriya);
      const answers = await times(200, (i) => answer(kriya, id, wrong(code, i + 1)));
      const compared = answers.filter(({ json }) => json.code === 'invalid_code');
      assert.equal(compared.length, 5);
      assert.deepEqual(compared.map(({ json }) => json.attempts_left).sort(), [0, 1, 2, 3, 4]);
      for (const other of answers.filter((one) => !compared.includes(one))) {
        assertProblem(other, 410, 'verification_expired');
      }
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
      assert.deepEqual(await kriya.rows.query(`SELECT id FROM users WHERE phone_number = '${phone}'`), []);
    });

    test('keeps an earlier code good after a resend, and the later one too', async () => {
      for (const which of [0, 1]) {
        const { phone, id, code, verification } = await open(kriya);
        await coolDown(kriya);
        const again = await resend(kriya, id);
        assert.equal(again.status, 202, again.text);
        const { id: sameId, resend_at, expires_at, ...told } = again.json.verification;
        assert.equal(sameId, id);
        assert.deepEqual(told, { channel: 'sms', phone_number: masked(phone), code_length: 6 });
        assert.ok(expires_at > verification.expires_at, 'the new code lives as long as the first did');
        const codes = [code, await codeTo(kriya, phone, 2)];
        assert.equal((await answer(kriya, id, codes[which])).status, 200);
        assertProblem(await answer(kriya, id, codes[1 - which]), 410, 'verification_expired');
      }
    });

    test('has one count of guesses for all codes of a challenge', async () => {
      const { id, code } = await open(kriya);
      for (const left of [4, 3]) assert.equal((await answer(kriya, id, wrong(code, left))).json.attempts_left, left);
      await coolDown(kriya);
      assert.equal((await resend(kriya, id)).status, 202);
      for (const left of [2, 1, 0]) {
        assert.equal((await answer(kriya, id, wrong(code, left + 5))).json.attempts_left, left);
      }
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
    });

    test('takes a code for five minutes', async () => {
      const { id, code } = await open(kriya);
      await letTimePass(kriya, 290);
      assertProblem(await answer(kriya, id, wrong(code)), 401, 'invalid_code');
      await letTimePass(kriya, 11);
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
    });

    test('goes on with a resend after the code has expired, but not with the expired code', async () => {
      const { phone, id, code } = await open(kriya);
      await letTimePass(kriya, 310);
      assert.equal((await resend(kriya, id)).status, 202);
      assertProblem(await answer(kriya, id, code), 401, 'invalid_code');
      assert.equal((await answer(kriya, id, await codeTo(kriya, phone, 2))).status, 200);
    });

    test('binds a code to its own challenge', async () => {
      const phone_number = uniquePhone();
      const first = await open(kriya, { phone_number });
      await coolDown(kriya);
      const second = await open(kriya, { phone_number });
      const other = await open(kriya);
      for (const { code } of [first, other]) {
        assertProblem(await answer(kriya, second.id, code), 401, 'invalid_code');
      }
      assert.equal((await answer(kriya, second.id, second.code)).status, 200);
    });

    test('answers ids that nobody was given like those that have expired', async () => {
      for (const id of ['x', 'A'.repeat(43), 'é', `${'A'.repeat(42)}'`, '../../etc/passwd']) {
        assertProblem(await answer(kriya, id, '123456'), 410, 'verification_expired');
        assertProblem(await resend(kriya, id), 410, 'verification_expired');
      }
    });

    test('is not needed for a server that has proven the number, which also clears its failures', async () => {
      const { phone, id, code } = await open(kriya);
      for (let i = 1; i <= 4; ++i) assert.equal((await answer(kriya, id, wrong(code, i))).status, 401);
      const failures = () => kriya.rows.query('SELECT failures FROM guess_guards WHERE failures = 4');
      const before = (await failures()).length;
      assert.ok(before >= 1);
      const person = { phone_number: phone, first_name: 'Asha' };
      const registered = await register(kriya, person, { 'X-API-Key': REGISTRAR_KEY });
      assert.equal(registered.status, 200, registered.text);
      assert.ok(await isValid(kriya, registered.json.token));
      assert.equal((await failures()).length, before - 1);
    });
  });
}

describe('what is asked', () => {
  let kriya;
  before(async () => (kriya = await startVerifying(undefined)));
  after(() => kriya?.dispose());

  test('is checked before a message is sent', async () => {
    for (const [fields, bad] of [
      [{ phone_number: '12', first_name: '' }, ['first_name', 'phone_number']],
      [{ email: 'x' }, ['email']],
      [{ channel: 'pigeon' }, ['channel']],
      [{ channel: 'voice' }, ['channel']], // known, but not among VERIFICATION_CHANNELS
    ]) {
      const refused = await ask(kriya, fields);
      assertProblem(refused, 422, 'invalid_fields');
      assert.deepEqual(refused.json.errors.map(({ field }) => field).sort(), bad);
    }
    assert.doesNotMatch(kriya.stdout(), / to \+\d/);
  });

  test('names what misses in a verify', async () => {
    for (const [json, bad] of [
      [{}, ['code', 'verification_id']],
      [{ verification_id: 'x', code: 123456 }, ['code']],
      [{ verification_id: null, code: '123456' }, ['verification_id']],
    ]) {
      const refused = await call(kriya, 'POST', VERIFY, { json });
      assertProblem(refused, 422, 'invalid_fields');
      assert.deepEqual(refused.json.errors.map(({ field }) => field).sort(), bad);
    }
  });

  test('may be typed as it is read from the message', async () => {
    for (const typed of [(c) => `${c.slice(0, 3)} ${c.slice(3)}`, (c) => `${c.slice(0, 3)}-${c.slice(3)}`]) {
      const { id, code } = await open(kriya);
      assert.equal((await answer(kriya, id, typed(code))).status, 200);
    }
  });

  test('may be typed in no other way, and what cannot be a code costs no guess, whatever the id', async () => {
    const { id, code } = await open(kriya);
    for (const typed of ['', 'abc', code.slice(0, 5), `${code}x`, `${code}${'0'.repeat(10_000)}`]) {
      const refusals = [await answer(kriya, id, typed), await answer(kriya, 'A'.repeat(43), typed)];
      for (const refused of refusals) {
        assertProblem(refused, 422, 'invalid_fields');
        assert.deepEqual(refused.json.errors.map(({ field }) => field), ['code']);
      }
      assert.deepEqual(refusals[0].json.errors, refusals[1].json.errors);
    }
    const longer = await answer(kriya, id, `${code}0`); // a code of another server might be so long
    assertProblem(longer, 401, 'invalid_code');
    assert.equal(longer.json.attempts_left, 4);
    assert.equal((await answer(kriya, id, code)).status, 200);
  });
});

describe('nobody learns from an answer whether a number has an account', () => {
  test('neither when a code is asked for, nor when one is typed, nor when too many are', async (t) => {
    const kriya = await startVerifying(t);
    const known = (await signInByCode(kriya)).user.phone_number;
    const unknown = uniquePhone();
    await coolDown(kriya);
    /** What a stranger can compare of the two answers; what differs anyway is left out. */
    const seen = ({ status, headers, json }, phone) => {
      const body = JSON.stringify(json, (key, value) => {
        if (['id', 'request_id', 'expires_at', 'resend_at'].includes(key)) return typeof value;
        return value === masked(phone) ? 'masked' : value;
      });
      const names = Object.keys(headers).sort();
      return { status, body, names, length: headers['content-length'], retry: Boolean(headers['retry-after']) };
    };
    const both = async (step) => {
      const answers = [await step(known), await step(unknown)];
      assert.deepEqual(seen(answers[0], known), seen(answers[1], unknown));
      return answers;
    };
    const opened = await both((phone_number) => ask(kriya, { phone_number }));
    assert.equal(opened[0].status, 202);
    const idOf = (phone) => opened[phone === known ? 0 : 1].json.verification.id;
    const codes = new Map();
    for (const [phone, count] of [[known, 2], [unknown, 1]]) codes.set(phone, await codeTo(kriya, phone, count));

    const [tooSoon] = await both((phone_number) => ask(kriya, { phone_number }));
    assert.equal(tooSoon.status, 429);
    const [resentTooSoon] = await both((phone) => resend(kriya, idOf(phone)));
    assert.equal(resentTooSoon.status, 429);
    await coolDown(kriya);
    const [resent] = await both((phone) => resend(kriya, idOf(phone)));
    assert.equal(resent.status, 202);
    for (let i = 1; i <= 5; ++i) {
      const [refused] = await both((phone) => answer(kriya, idOf(phone), wrong(codes.get(phone), i)));
      assert.equal(refused.status, 401);
    }
    const [over] = await both((phone) => answer(kriya, idOf(phone), codes.get(phone)));
    assert.equal(over.status, 410);
  });
});

describe('the message', () => {
  let kriya;
  const env = {
    PUBLIC_URL: 'https://sign-in.example.com:8443',
    SERVICE_NAME: 'Chhatra',
    VERIFICATION_CODE_LENGTH: '8',
  };
  before(async () => (kriya = await startVerifying(undefined, { env })));
  after(() => kriya?.dispose());

  /** The text that a number gets; its country decides where the languages say nothing. */
  const textFor = async (phone_number, languages) => {
    const headers = from(newAddress(), languages === undefined ? {} : { 'Accept-Language': languages });
    const asked = await ask(kriya, { phone_number }, headers);
    assert.equal(asked.status, 202, asked.text);
    return messageTo(kriya, phone_number);
  };
  let next = Math.floor(Math.random() * 1e5);
  const ofTheUsa = () => `+1415555${String(next++ % 1e4).padStart(4, '0')}`;
  const ofSpain = () => `+34612${String(next++ % 1e6).padStart(6, '0')}`;

  test('ends with the line that binds the code to the host of PUBLIC_URL', async () => {
    const text = await textFor(ofTheUsa());
    assert.match(text, /\n@sign-in\.example\.com #\d{8}$/);
    const [code] = text.match(/\d{8}/);
    assert.equal(codeIn(text), code, 'the code for the person is the code for the phone');
    assert.match(text, /Chhatra/);
  });

  test('has a code of the length that was set, and the answer tells that length', async () => {
    const { code, id, verification } = await open(kriya);
    assert.equal(verification.code_length, 8);
    assert.equal(code.length, 8);
    assert.equal((await answer(kriya, id, code)).status, 200);
  });

  const spoken = { en: /is your Chhatra code/, es: /es tu clave de Chhatra/, hi: /आपका Chhatra कोड/ };
  for (const [languages, language] of [
    ['en', 'en'],
    ['es', 'es'],
    ['es-419,es;q=0.9,en;q=0.8', 'es'],
    ['hi-IN', 'hi'],
    ['de-CH, fr;q=0.9, hi;q=0.5, en;q=0.1', 'hi'],
    ['en;q=0.1, es;q=0.7', 'es'],
    ['es;q=0, en;q=0.3', 'en'],
  ]) {
    test(`to somebody who reads "${languages}" is in ${language}`, async () => {
      assert.match(await textFor(ofTheUsa(), languages), spoken[language]);
    });
  }
  for (const [of, phone, language] of [
    ['Spain', ofSpain, 'es'],
    ['India', uniquePhone, 'hi'],
    ['the USA', ofTheUsa, 'en'],
  ]) {
    test(`to a number of ${of} is in ${language} when no language is asked for`, async () => {
      for (const languages of [undefined, 'xx', '*', ';;q=,,']) {
        assert.match(await textFor(phone(), languages), spoken[language]);
      }
    });
  }

  test('is in a language more where MESSAGE_TEMPLATES_DIR has one, which may cost more than it did', async (t) => {
    const folder = freshFolder();
    t.after(() => rmSync(folder, { recursive: true }));
    const add = (name, json) => writeFileSync(path.join(folder, name), JSON.stringify(json));
    add('fr.json', { code: '{code} est votre code {service}.', phone_changed: 'Numéro changé.', countries: ['FR'] });
    add('en.json', { code: `{code}: ${'long words '.repeat(20)}`, phone_changed: 'Changed.', countries: [] });
    const kriya = await startVerifying(t, { env: { MESSAGE_TEMPLATES_DIR: folder, SERVICE_NAME: 'Chhatra' } });
    assert.match(kriya.stderr(), /"warning".*\ben\b/, 'a text of two segments is seen at the start');
    for (const [phone_number, languages, words] of [
      [ofTheUsa(), 'fr-CA', /^\d{6} est votre code Chhatra\.\n/],
      [`+33612${String(next++ % 1e6).padStart(6, '0')}`, undefined, /est votre code/],
      [ofTheUsa(), 'es', /es tu clave/],
      [ofTheUsa(), undefined, /long words/],
    ]) {
      await ask(kriya, { phone_number }, from(newAddress(), languages ? { 'Accept-Language': languages } : {}));
      assert.match(await messageTo(kriya, phone_number), words);
    }
  });

  test('stops the start where its template is none', async () => {
    const folder = freshFolder();
    const json = { code: 'sans chiffres', phone_changed: 'x', countries: [] };
    writeFileSync(path.join(folder, 'fr.json'), JSON.stringify(json));
    await assert.rejects(startVerifying(undefined, { env: { MESSAGE_TEMPLATES_DIR: folder } }), /fr\.json/);
    rmSync(folder, { recursive: true });
  });

  test('is in the same language when it is sent again', async () => {
    const phone_number = ofTheUsa();
    const asked = await ask(kriya, { phone_number }, from(newAddress(), { 'Accept-Language': 'es' }));
    await coolDown(kriya);
    assert.equal((await resend(kriya, asked.json.verification.id)).status, 202);
    assert.match(await messageTo(kriya, phone_number, 2), spoken.es);
  });
});

describe('channels', () => {
  const env = { VERIFICATION_CHANNELS: 'sms,whatsapp,voice' };

  test('are the first of VERIFICATION_CHANNELS, or what is asked for, also for one more code', async (t) => {
    const kriya = await startVerifying(t, { env });
    const phone_number = uniquePhone();
    const first = await ask(kriya, { phone_number });
    assert.equal(first.json.verification.channel, 'sms');
    const { id } = first.json.verification;
    await coolDown(kriya);
    const second = await resend(kriya, id, { channel: 'whatsapp' });
    assert.equal(second.status, 202, second.text);
    assert.equal(second.json.verification.channel, 'whatsapp');
    const codes = [await codeTo(kriya, phone_number), codeIn(await messageTo(kriya, phone_number, 1, 'WhatsApp'))];
    assert.notEqual(codes[0], codes[1]);
    assert.equal((await answer(kriya, id, codes[1])).status, 200);
    const third = await ask(kriya, { channel: 'voice' });
    assert.equal(third.json.verification.channel, 'voice');
  });
});

describe('test numbers', () => {
  const [phone_number, code] = ['+15005550006', '246813'];
  const env = { TEST_PHONE_NUMBERS: `${phone_number}=${code},+15005550001=1357924680` };
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const today = { ...env, TEST_PHONE_NUMBERS_UNTIL: day(0) };

  test('have a known code, get no message, and meet no limit on sending, to the end of their day', async (t) => {
    const kriya = await startVerifying(t, { env: today });
    const headers = from(newAddress());
    for (let i = 0; i < 30; ++i) {
      const asked = await ask(kriya, { phone_number }, headers);
      assert.equal(asked.status, 202, asked.text);
      const { id } = asked.json.verification;
      if (i % 2) assert.equal((await resend(kriya, id, {}, headers)).status, 202);
      assert.equal((await answer(kriya, id, code, headers)).status, 200);
      assertProblem(await answer(kriya, id, code, headers), 410, 'verification_expired');
    }
    const longer = await ask(kriya, { phone_number: '+15005550001' }, headers);
    assert.equal(longer.json.verification.code_length, 10);
    assert.equal((await answer(kriya, longer.json.verification.id, '1357924680', headers)).status, 200);
    assert.doesNotMatch(kriya.stdout(), / to \+1500/);
    assert.equal((await ask(kriya, {}, headers)).status, 202, 'they cost their address nothing');
  });

  test('may be guessed as often as others, and no more', async (t) => {
    const kriya = await startVerifying(t, { env: today });
    for (let failures = 0; failures < 10; ) {
      const asked = await ask(kriya, { phone_number });
      const { id } = asked.json.verification;
      for (let i = 1; i <= 5; ++i, ++failures) assert.equal((await answer(kriya, id, wrong(code, i))).status, 401);
      assertProblem(await answer(kriya, id, code), 410, 'verification_expired');
    }
    assertProblem(await ask(kriya, { phone_number }), 429, 'too_many_requests');
  });

  test('are numbers like others after that day', async (t) => {
    const kriya = await startVerifying(t, { env: { ...env, TEST_PHONE_NUMBERS_UNTIL: day(-1) } });
    const asked = await ask(kriya, { phone_number });
    assert.equal(asked.status, 202, asked.text);
    const sent = await codeTo(kriya, phone_number);
    if (sent !== code) assert.equal((await answer(kriya, asked.json.verification.id, code)).status, 401);
    assert.equal((await answer(kriya, asked.json.verification.id, sent)).status, 200);
    assertProblem(await ask(kriya, { phone_number }), 429, 'too_many_requests');
  });
});

describe('phones that other applications have proven', () => {
  let kriya;
  const env = { MESSAGING_API_KEYS: RELAY_KEYS.join(',') };
  before(async () => (kriya = await startVerifying(undefined, { env })));
  after(() => kriya?.dispose());

  const asked = (target, json, key = RELAY_KEYS[0], headers = {}) =>
    call(kriya, 'POST', target, { json, headers: from(newAddress(), { 'X-API-Key': key, ...headers }) });
  const check = (verification_id, code, key) => asked(`${RELAY}/check`, { verification_id, code }, key);
  const start = async (fields = {}, key = undefined) => {
    const phone_number = uniquePhone();
    const started = await asked(RELAY, { phone_number, ...fields }, key);
    assert.equal(started.status, 202, started.text);
    return { phone: phone_number, id: started.json.verification.id, code: await codeTo(kriya, phone_number), started };
  };

  test('get a code that is never told, and the check says whether it is right', async () => {
    const { phone, id, code, started } = await start();
    const { id: _, expires_at, resend_at, ...told } = started.json.verification;
    assert.deepEqual(told, { channel: 'sms', phone_number: masked(phone), code_length: 6 });
    assert.ok(!started.text.includes(code));
    assertProblem(await check(id, code.slice(1)), 422, 'invalid_fields');
    const refused = await check(id, wrong(code));
    assert.equal(refused.status, 200, refused.text);
    const { message: refusal, ...no } = refused.json;
    assert.deepEqual(no, { valid: false, phone_number: null, attempts_left: 4 });
    const right = await check(id, code);
    assert.equal(right.status, 200, right.text);
    const { message, ...yes } = right.json;
    assert.deepEqual(yes, { valid: true, phone_number: phone, attempts_left: null });
    assert.notEqual(message, refusal);
    assertProblem(await check(id, code), 410, 'verification_expired');
  });

  test('get a text in the language that the application names', async () => {
    const { phone } = await start({ locale: 'es' });
    assert.match(await messageTo(kriya, phone), /es tu clave de/);
  });

  test('get one more code, and both are good', async () => {
    const { phone, id, code } = await start();
    await coolDown(kriya);
    const again = await asked(`${RELAY}/resend`, { verification_id: id });
    assert.equal(again.status, 202, again.text);
    assert.notEqual(await codeTo(kriya, phone, 2), code);
    assert.equal((await check(id, code)).json.valid, true);
  });

  test('are answered for by the application that asked, and by no other', async () => {
    const { id, code } = await start();
    assertProblem(await check(id, code, RELAY_KEYS[1]), 410, 'verification_expired');
    assertProblem(
      await asked(`${RELAY}/resend`, { verification_id: id }, RELAY_KEYS[1]),
      410,
      'verification_expired',
    );
    assert.equal((await check(id, code)).json.valid, true);
  });

  test('are not signed in by that code, nor proven by the code of a sign-in', async () => {
    const relayed = await start();
    assertProblem(await answer(kriya, relayed.id, relayed.code), 410, 'verification_expired');
    assert.equal((await check(relayed.id, relayed.code)).json.valid, true);
    const signIn = await open(kriya);
    assertProblem(await check(signIn.id, signIn.code), 410, 'verification_expired');
    assert.equal((await answer(kriya, signIn.id, signIn.code)).status, 200);
  });

  test('share the limits of their number with its sign-ins', async () => {
    const { phone } = await open(kriya);
    assertProblem(await asked(RELAY, { phone_number: phone }), 429, 'too_many_requests');
  });

  test('need a key', async () => {
    const json = { phone_number: uniquePhone() };
    const headers = from(newAddress());
    assert.equal((await call(kriya, 'POST', RELAY, { json, headers })).status, 401);
    assertProblem(await asked(RELAY, json, 'not-a-key-that-was-set'), 403, 'invalid_api_key');
    assert.deepEqual(messagesTo(kriya, json.phone_number), []);
  });
});

describe('what is kept', () => {
  const filesOf = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [name, readFileSync(path.join(parentPath, name), 'latin1')]);
  // Ten digits do not come about by chance in what a test writes.
  const env = { VERIFICATION_CODE_LENGTH: '10', LOG_LEVEL: 'trace', LOG_FORMAT: 'json' };

  test('of codes, ids and tokens is nothing in clear, neither in the database nor in the log', async (t) => {
    const kriya = await startVerifying(t, { env });
    const open1 = await open(kriya); // stays open
    const open2 = await open(kriya); // fails
    for (let i = 1; i <= 5; ++i) await answer(kriya, open2.id, wrong(open2.code, i));
    const open3 = await open(kriya); // signs in
    await coolDown(kriya);
    await resend(kriya, open1.id);
    const again = await codeTo(kriya, open1.phone, 2);
    const signedIn = (await answer(kriya, open3.id, open3.code)).json;
    const renewed = (await refresh(kriya, signedIn.refresh_token)).json;
    await kriya.stop();
    const secrets = {
      codes: [open1.code, open2.code, open3.code, again],
      ids: [open1.id, open2.id, open3.id],
      tokens: [signedIn.token, signedIn.refresh_token, renewed.token, renewed.refresh_token],
    };
    const places = [['the log', kriya.stderr()], ...filesOf(kriya.dataDir)];
    for (const [kind, list] of Object.entries(secrets)) {
      for (const secret of list) {
        for (const [name, text] of places) assert.ok(!text.includes(secret), `one of the ${kind} in ${name}`);
      }
    }
    for (const { phone } of [open1, open2]) {
      for (const [name, text] of places) assert.ok(!text.includes(phone.slice(1)), `the number in ${name}`);
    }
    assert.ok(!kriya.stderr().includes(open3.phone.slice(1)), 'the number in the log');
  });

  test('of a number after its sign-in is the user alone, on PostgreSQL too', async (t) => {
    const kriya = await startVerifying(t, { env, postgres });
    const { phone, id, code } = await open(kriya);
    const { json } = await answer(kriya, id, code);
    const failed = await open(kriya);
    for (let i = 1; i <= 5; ++i) await answer(kriya, failed.id, wrong(failed.code, i));
    const tables = await kriya.rows.query(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    const holders = [];
    for (const { name } of tables) {
      const text = JSON.stringify(await kriya.rows.query(`SELECT * FROM ${name}`));
      if (text.includes(phone.slice(1))) holders.push(name);
      for (const secret of [code, failed.code, id, json.token, json.refresh_token, failed.phone.slice(1)]) {
        assert.ok(!text.includes(secret), `a secret in ${name}`);
      }
    }
    assert.deepEqual(holders, ['users']);
    const sealed = await kriya.rows.query('SELECT payload FROM challenges WHERE payload IS NOT NULL');
    assert.deepEqual(sealed, [], 'a challenge that is over forgets what it carried');
  });
});
