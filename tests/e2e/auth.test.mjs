// The phone sign-in API: register, validate-token, user, logout, and what it tells its operators.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { decodeJwt, decodeProtectedHeader } from 'jose';

import { bearer, isValid, logOut, readUser, register, signIn, validate } from './support/accounts.mjs';
import { call, JWT_SECRET, startKriya, uniquePhone } from './support/kriya.mjs';

const REGISTER = '/api/auth/register';
const VALIDATE = '/api/auth/validate-token';
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const REFUSED = { valid: false, user: null, message: 'Invalid or expired token' };

let kriya;
// More people register here in a minute than one address may.
before(async () => (kriya = await startKriya({ env: { RATE_LIMITS: 'off' } })));
after(() => kriya.dispose());

const fieldsOf = (answer) => {
  assert.equal(answer.status, 422, answer.text);
  assert.equal(answer.json.code, 'invalid_fields');
  return answer.json.errors.map(({ field }) => field).sort();
};
const seconds = () => Math.floor(Date.now() / 1000);

describe('register', () => {
  test('answers with the user as stored, a token and its end', async () => {
    const phone = uniquePhone();
    const profile = { phone_number: phone, first_name: 'Asha', last_name: 'Rao', email: 'asha@example.com' };
    const answer = await register(kriya, profile);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { success, message, token, user, expires_at, ...rest } = answer.json;
    assert.deepEqual(rest, {});
    assert.equal(success, true);
    assert.equal(message, 'Registration successful');
    const { id, created_at, ...stored } = user;
    assert.deepEqual(stored, profile);
    assert.match(id, UUID_V7);
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    assert.equal(Date.parse(expires_at), decodeJwt(token).exp * 1000);
  });

  test('leaves out what was not given as null', async () => {
    const { user } = await signIn(kriya);
    assert.equal(user.last_name, null);
    assert.equal(user.email, null);
  });

  test('takes null for an optional field as not given', async () => {
    const { user } = await signIn(kriya, { last_name: null, email: null });
    assert.deepEqual([user.last_name, user.email], [null, null]);
  });

  test('of a known number signs in and leaves the profile as it is', async () => {
    const phone_number = uniquePhone();
    const first = await signIn(kriya, { phone_number, first_name: 'Asha', email: 'asha@example.com' });
    const second = await signIn(kriya, {
      phone_number,
      first_name: 'Mallory',
      last_name: 'Evil',
      email: 'mallory@example.com',
    });
    assert.equal(second.message, 'Login successful');
    assert.deepEqual(second.user, first.user);
    assert.deepEqual((await readUser(kriya, second.token)).json, first.user);
    assert.notEqual(second.token, first.token);
    assert.ok(await isValid(kriya, first.token), 'a second sign-in does not end the first');
  });

  test('takes every spelling of a number as the same number', async () => {
    const digits = uniquePhone().slice(1);
    const [country, a, b, c] = [digits.slice(0, 2), digits.slice(2, 5), digits.slice(5, 8), digits.slice(8)];
    const spellings = [
      `+${digits}`,
      `00${digits}`,
      `tel:+${digits}`,
      `tel:${digits}`,
      `+${country} ${a} ${b} ${c}`,
      `+${country}-${a}-${b}-${c}`,
      `+${country} (${a}) ${b}.${c}`,
      `00 ${country} ${a}-${b} ${c}`,
    ];
    const ids = new Set();
    for (const phone_number of spellings) {
      const { user } = await signIn(kriya, { phone_number });
      assert.equal(user.phone_number, `+${digits}`, phone_number);
      ids.add(user.id);
    }
    assert.equal(ids.size, 1);
  });

  for (const [what, phone_number] of [
    ['no international prefix', '4155550123'],
    ['Arabic-Indic digits', '+١٤١٥٥٥٥٠١٢٣'],
    ['full-width digits', '+１４１５５５５０１２３'],
    ['a full-width plus', '＋14155550123'],
    ['letters', '+1415555CALL'],
    ['an extension', '+14155550123x5'],
    ['an extension in a tel URI', 'tel:+14155550123;ext=5'],
    ['a tab', '+1415555\t0123'],
    ['a line break at the end', '+14155550123\n'],
    ['a NUL', '+14155550123\u0000'],
    ['a no-break space', '+1415\u00a05550123'],
    ['an en dash', '+1415–5550123'],
    ['a slash', '+1415/5550123'],
    ['a second plus', '+1+4155550123'],
    ['a leading zero', '+04155550123'],
    ['too few digits', '+1415555'],
    ['too many digits', '+1415555012345678'],
    ['separators alone', '+ ( ) - .'],
    ['nothing', ''],
    ['a very long text', `+1${' '.repeat(100_000)}4155550123`],
  ]) {
    test(`refuses a phone number with ${what}`, async () => {
      assert.deepEqual(fieldsOf(await register(kriya, { phone_number, first_name: 'Asha' })), ['phone_number']);
    });
  }

  for (const phone_number of ['+12345678', '+123456789012345', '+1234567890']) {
    test(`takes ${phone_number}, which has the right shape, while no real SMS provider is set`, async () => {
      assert.equal((await signIn(kriya, { phone_number })).user.phone_number, phone_number);
    });
  }

  const longest = '𝒜'.repeat(100);
  for (const name of ['José', 'कृष्ण', '李小龍', 'محمد', 'Ὀδυσσεύς', "O'Brien-Smith", '👩🏽‍🚀', '"\\/<b>', longest]) {
    test(`keeps the name ${name === longest ? 'of 100 characters outside the BMP' : name} as it is`, async () => {
      const { user, token } = await signIn(kriya, { first_name: name, last_name: name });
      assert.deepEqual([user.first_name, user.last_name], [name, name]);
      assert.equal((await readUser(kriya, token)).json.first_name, name);
    });
  }

  test('trims names', async () => {
    const { user } = await signIn(kriya, { first_name: '  Asha ', last_name: ` ${'x'.repeat(100)}\u3000` });
    assert.deepEqual([user.first_name, user.last_name], ['Asha', 'x'.repeat(100)]);
  });

  for (const [what, name] of [
    ['empty', ''],
    ['blank', '  \u00a0'],
    ['of 101 characters', 'x'.repeat(101)],
    ['of 101 characters of four bytes', '𝒜'.repeat(101)],
    ['with a line break', 'As\nha'],
    ['with a NUL', 'As\u0000ha'],
    ['with an escape', 'As\u001b[31mha'],
    ['with DEL', 'As\u007fha'],
    ['with a C1 control', 'As\u0085ha'],
  ]) {
    test(`refuses a name ${what}`, async () => {
      const answer = await register(kriya, { phone_number: uniquePhone(), first_name: name, last_name: name });
      assert.deepEqual(fieldsOf(answer), ['first_name', 'last_name']);
    });
  }

  test('lower-cases and trims the e-mail address', async () => {
    const { user } = await signIn(kriya, { email: ' Asha.RAO+kriya@Example.COM ' });
    assert.equal(user.email, 'asha.rao+kriya@example.com');
  });

  for (const email of [
    '',
    'asha',
    'asha@',
    '@example.com',
    'asha@example',
    'asha@example..com',
    'asha@-example.com',
    'asha rao@example.com',
    'as\nha@example.com',
    'a@b@example.com',
    `asha@${'x'.repeat(250)}.com`,
  ]) {
    test(`refuses the e-mail address ${JSON.stringify(email.slice(0, 30))}`, async () => {
      const answer = await register(kriya, { phone_number: uniquePhone(), first_name: 'Asha', email });
      assert.deepEqual(fieldsOf(answer), ['email']);
    });
  }

  test('names every bad field at once, in errors and in the detail', async () => {
    const answer = await register(kriya, { phone_number: '12', first_name: '', last_name: 7, email: 'x' });
    assert.deepEqual(fieldsOf(answer), ['email', 'first_name', 'last_name', 'phone_number']);
    for (const { field, message } of answer.json.errors) {
      assert.ok(message.length > 3);
      assert.ok(answer.json.detail.includes(field));
    }
  });

  test('names every missing field', async () => {
    assert.deepEqual(fieldsOf(await register(kriya, {})), ['first_name', 'phone_number']);
  });

  for (const value of [null, 14155550123, true, ['+14155550123'], { number: '+14155550123' }]) {
    test(`refuses ${JSON.stringify(value)} where a text belongs`, async () => {
      const answer = await register(kriya, { phone_number: value, first_name: value });
      assert.deepEqual(fieldsOf(answer), ['first_name', 'phone_number']);
    });
  }

  for (const body of ['[]', '"+14155550123"', '1', 'null', 'true']) {
    test(`refuses ${body} where an object belongs`, async () => {
      const answer = await call(kriya, 'POST', REGISTER, { body, headers: { 'Content-Type': 'application/json' } });
      assert.equal(answer.status, 422, answer.text);
    });
  }

  test('ignores unknown members', async () => {
    const { user } = await signIn(kriya, { id: 'mine', token_version: 9, nested: { a: [1, { b: null }] } });
    assert.match(user.id, UUID_V7);
    assert.equal('nested' in user, false);
  });

  const sendText = (body) => call(kriya, 'POST', REGISTER, { body, headers: { 'Content-Type': 'application/json' } });
  for (const [what, body] of [
    ['an empty body', ''],
    ['half an object', '{"phone_number":"+14155550123"'],
    ['more after the end', '{"phone_number":"+14155550123","first_name":"A"} x'],
    ['a member twice', '{"phone_number":"+14155550123","first_name":"A","first_name":"B"}'],
    ['a member twice, once escaped', '{"phone_number":"+14155550123","first_name":"A","first\\u005fname":"B"}'],
    ['a nested member twice', '{"phone_number":"+14155550123","first_name":"A","x":[{"a":1,"a":2}]}'],
    ['a thousand arrays in one another', `{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['an endless nest', '['.repeat(500_000)],
    ['a comment', '{"phone_number":"+14155550123",/* */"first_name":"A"}'],
    ['a comma too many', '{"phone_number":"+14155550123","first_name":"A",}'],
    ['single quotes', "{'phone_number':'+14155550123'}"],
    ['NaN', '{"x":NaN}'],
    ['broken UTF-8', Buffer.from([...Buffer.from('{"first_name":"'), 0xc3, 0x28, ...Buffer.from('"}')])],
    ['a lone surrogate', '{"phone_number":"+14155550123","first_name":"\\ud800"}'],
    ['UTF-16', Buffer.from('{"first_name":"A"}', 'utf16le')],
    ['a form', 'phone_number=%2B14155550123&first_name=A'],
  ]) {
    test(`answers 400 to ${what}`, async () => {
      const answer = await sendText(body);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.code, 'invalid_json');
    });
  }

  const form = 'application/x-www-form-urlencoded';
  for (const type of [undefined, 'text/plain', form, 'application/json; charset=latin1']) {
    test(`answers 415 to ${type ?? 'no Content-Type'}`, async () => {
      const answer = await call(kriya, 'POST', REGISTER, {
        body: JSON.stringify({ phone_number: uniquePhone(), first_name: 'Asha' }),
        headers: type ? { 'Content-Type': type } : {},
      });
      assert.equal(answer.status, 415, answer.text);
    });
  }

  for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
    test(`takes ${type}`, async () => {
      await signIn(kriya, {}, { headers: { 'Content-Type': type } });
    });
  }

  test('answers 411 to a request without a body and its length', async () => {
    const socket = net.connect(kriya.port, '127.0.0.1');
    socket.end(`POST ${REGISTER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n`);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => (answer += text));
    await once(socket, 'close');
    assert.match(answer, /^HTTP\/1\.1 411 /);
    assert.match(answer, /"code":"length_required"/);
  });

  test('takes a body of 1 MiB and answers 413 to one byte more', async () => {
    const sized = (size) => {
      const empty = JSON.stringify({ phone_number: uniquePhone(), first_name: 'Asha', padding: '' });
      return empty.replace('"padding":"', (text) => text + 'x'.repeat(size - empty.length));
    };
    assert.equal((await sendText(sized(1024 * 1024))).status, 200);
    const refused = await sendText(sized(1024 * 1024 + 1));
    assert.equal(refused.status, 413, refused.text);
  });

  test('makes one user of fifty registrations at once', async () => {
    const phone_number = uniquePhone();
    const names = Array.from({ length: 50 }, (_, i) => `Racer ${i}`);
    const answers = await Promise.all(names.map((first_name) => signIn(kriya, { phone_number, first_name })));
    assert.equal(new Set(answers.map(({ user }) => user.id)).size, 1);
    assert.equal(new Set(answers.map(({ user }) => user.first_name)).size, 1);
    assert.equal(answers.filter(({ message }) => message === 'Registration successful').length, 1);
    assert.equal(answers.filter(({ message }) => message === 'Login successful').length, 49);
    assert.equal(new Set(answers.map(({ token }) => token)).size, 50);
    const verdicts = await Promise.all(answers.map(({ token }) => isValid(kriya, token)));
    assert.ok(verdicts.every(Boolean), 'every one of them holds a good token');
  });
});

describe('register with a real SMS provider', () => {
  let strict;
  before(async () => {
    const env = { SMS_PROVIDER: 'telesign', TELESIGN_CUSTOMER_ID: 'dummy', TELESIGN_API_KEY: 'ZHVtbXk=' };
    strict = await startKriya({ env });
  });
  after(() => strict.dispose());

  for (const phone_number of ['+1234567890', '+12345678', '+999123456789', '+91123']) {
    test(`refuses ${phone_number}, which nobody can have`, async () => {
      assert.deepEqual(fieldsOf(await register(strict, { phone_number, first_name: 'Asha' })), ['phone_number']);
    });
  }

  for (const [written, meant] of [
    ['+1 415 555 2671', '+14155552671'],
    ['+44 (0)20 7946 0958', '+442079460958'],
    ['0049 30 901820', '+4930901820'],
    ['+39 06 698 12345', '+390669812345'],
  ]) {
    test(`takes ${written} as ${meant}`, async () => {
      assert.equal((await signIn(strict, { phone_number: written })).user.phone_number, meant);
    });
  }
});

describe('register when numbers must be proven', () => {
  const env = { PHONE_VERIFICATION: 'required', REGISTRATION_API_KEYS: 'registrar-one,registrar-two' };
  let guarded;
  before(async () => (guarded = await startKriya({ env })));
  after(() => guarded.dispose());
  const attempt = (headers) => register(guarded, { phone_number: uniquePhone(), first_name: 'Asha' }, headers);

  test('without a key sends a code and registers nobody', async () => {
    const phone_number = uniquePhone();
    const answer = await register(guarded, { phone_number, first_name: 'Asha' });
    assert.equal(answer.status, 202, answer.text);
    const later = await signIn(guarded, { phone_number }, { headers: { 'X-API-Key': 'registrar-one' } });
    assert.equal(later.message, 'Registration successful');
  });

  for (const key of ['registrar-one', 'registrar-two']) {
    test(`registers at once for a server that sends ${key}`, async () => {
      assert.equal((await attempt({ 'X-API-Key': key })).status, 200);
    });
  }

  for (const key of ['registrar-on', 'registrar-one2', 'Registrar-One', 'registrar-one,registrar-two', '']) {
    test(`answers 403 to the key ${JSON.stringify(key)}`, async () => {
      const answer = await attempt({ 'X-API-Key': key });
      assert.equal(answer.status, 403, answer.text);
      assert.equal(answer.json.code, 'invalid_api_key');
    });
  }

  test('tells a registrar with a bad field which one it is', async () => {
    const answer = await register(guarded, { phone_number: 'x', first_name: 'A' }, { 'X-API-Key': 'registrar-one' });
    assert.deepEqual(fieldsOf(answer), ['phone_number']);
  });

  test('takes the key for validation as no key for registration, and the other way round', async () => {
    assert.equal((await attempt({ 'X-API-Key': guarded.apiKey })).status, 403);
    const answer = await call(guarded, 'POST', VALIDATE, {
      json: { token: 'x' },
      headers: { 'X-API-Key': 'registrar-one' },
    });
    assert.equal(answer.status, 403);
  });

  test('answers 501 without a key when nothing can be sent', async (t) => {
    const mute = await startKriya({ t, env: { ...env, SMS_PROVIDER: 'none' } });
    const answer = await register(mute, { phone_number: uniquePhone(), first_name: 'Asha' });
    assert.equal(answer.status, 501, answer.text);
    assert.equal(answer.json.code, 'verification_unavailable');
  });

  test('knows no registrar when no keys are set', async (t) => {
    const closed = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const fields = { phone_number: uniquePhone(), first_name: 'Asha' };
    assert.equal((await register(closed, fields)).status, 202);
    assert.equal((await register(closed, fields, { 'X-API-Key': 'registrar-one' })).status, 403);
    assert.equal((await register(closed, fields, { 'X-API-Key': '' })).status, 403);
  });
});

describe('validate-token', () => {
  const ask = (headers, json = { token: 'x' }) => call(kriya, 'POST', VALIDATE, { json, headers });

  test('tells who a good token belongs to', async () => {
    const { token, user } = await signIn(kriya, { last_name: 'Rao', email: 'asha@example.com' });
    assert.deepEqual(await validate(kriya, token), { valid: true, user, message: 'Token is valid' });
  });

  test('answers 401 without a key, before it looks at the body', async () => {
    for (const headers of [{}, { 'X-API-Key': '' }]) {
      const answer = await ask(headers, { token: 1 });
      assert.equal(answer.status, 401, answer.text);
      assert.equal(answer.json.code, 'missing_api_key');
    }
  });

  test('answers 403 to a wrong key, before it looks at the body', async () => {
    for (const key of ['x', `${kriya.apiKey}x`, kriya.apiKey.slice(0, -1), kriya.apiKey.toUpperCase()]) {
      const answer = await ask({ 'X-API-Key': key }, { token: 1 });
      assert.equal(answer.status, 403, answer.text);
      assert.equal(answer.json.code, 'invalid_api_key');
      assert.ok(!answer.text.includes(kriya.apiKey));
    }
  });

  test('takes no user token for a key', async () => {
    const { token } = await signIn(kriya);
    assert.equal((await ask(bearer(token), { token })).status, 401);
    assert.equal((await ask({ 'X-API-Key': token }, { token })).status, 403);
  });

  test('refuses two keys in one request', async () => {
    assert.equal((await ask({ 'X-API-Key': [kriya.apiKey, 'x'] })).status, 400);
  });

  test('takes every key of the list while one replaces another', async (t) => {
    const both = await startKriya({ t, env: { PLANE_API_KEY: 'old-plane-key-1,new-plane-key-2' } });
    const { token } = await signIn(both);
    for (const key of ['old-plane-key-1', 'new-plane-key-2']) assert.ok((await validate(both, token, key)).valid);
    for (const key of ['old-plane-key-1,new-plane-key-2', 'old-plane-key', ',']) {
      const answer = await call(both, 'POST', VALIDATE, { json: { token }, headers: { 'X-API-Key': key } });
      assert.equal(answer.status, 403, key);
    }
  });

  for (const token of ['', 'garbage', '..', 'a.b.c', 'e30.e30.', 'é', '\u0000', 'x'.repeat(100_000)]) {
    test(`calls ${JSON.stringify(token.slice(0, 10))} (${token.length} characters) not valid`, async () => {
      assert.deepEqual(await validate(kriya, token), REFUSED);
    });
  }

  for (const json of [{}, { token: null }, { token: 1 }, { token: ['x'] }, { Token: 'x' }]) {
    test(`answers 422 to ${JSON.stringify(json)}`, async () => {
      assert.deepEqual(fieldsOf(await ask({ 'X-API-Key': kriya.apiKey }, json)), ['token']);
    });
  }

  test('ignores unknown members', async () => {
    const { token } = await signIn(kriya);
    assert.ok((await ask({ 'X-API-Key': kriya.apiKey }, { token, audience: 'x' })).json.valid);
  });

  test('says of a good token with any one character changed that it is not valid', async () => {
    const { token } = await signIn(kriya);
    const places = Array.from({ length: token.length }, (_, i) => i).filter((i) => i % 7 === 0 || i > token.length - 5);
    for (const i of places) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      assert.deepEqual(await validate(kriya, changed), REFUSED, `character ${i}`);
    }
  });

  test('refuses padding, spaces and the other base64 alphabet', async () => {
    const { token } = await signIn(kriya);
    const [header, payload, signature] = token.split('.');
    const stray = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
    for (const changed of [
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}.${stray}`,
      `${token}.`,
      `${token}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `Bearer ${token}`,
    ]) {
      assert.deepEqual(await validate(kriya, changed), REFUSED, JSON.stringify(changed));
    }
  });
});

describe('the token', () => {
  test('bears exactly the claims and the header of the contract', async () => {
    const { token, user, expires_at } = await signIn(kriya);
    assert.deepEqual(decodeProtectedHeader(token), { alg: 'HS256', typ: 'JWT' });
    const { exp, iat, jti, sid, ...claims } = decodeJwt(token);
    assert.deepEqual(claims, {
      user_id: user.id,
      phone_number: user.phone_number,
      token_version: claims.token_version,
      iss: 'kriya-auth',
      sub: user.id,
      aud: kriya.publicUrl,
      token_use: 'user',
    });
    assert.ok(Number.isInteger(claims.token_version));
    assert.ok(Math.abs(iat - seconds()) <= 5);
    assert.equal(exp - iat, 24 * 3600);
    assert.equal(exp * 1000, Date.parse(expires_at));
    assert.match(jti, UUID_V7);
    assert.match(sid, /^[\w-]{43}$/, '256 bits in base64url');
  });

  test('has a jti and a sid of its own every time', async () => {
    const phone_number = uniquePhone();
    const claims = [];
    for (let i = 0; i < 3; ++i) claims.push(decodeJwt((await signIn(kriya, { phone_number })).token));
    assert.equal(new Set(claims.map(({ jti }) => jti)).size, 3);
    assert.equal(new Set(claims.map(({ sid }) => sid)).size, 3);
  });

  test('lives as long as TOKEN_EXPIRY_HOURS says and is meant for PUBLIC_URL', async (t) => {
    const env = { TOKEN_EXPIRY_HOURS: '2', PUBLIC_URL: 'https://sign-in.example.com' };
    const { token } = await signIn(await startKriya({ t, env }));
    const { exp, iat, aud } = decodeJwt(token);
    assert.equal(exp - iat, 2 * 3600);
    assert.equal(aud, 'https://sign-in.example.com');
  });

  test('still verifies after the secret was rotated, until it leaves JWT_PREVIOUS_KEYS', async (t) => {
    const [old, older, fresh] = ['old', 'older', 'fresh'].map((word) => `${word}-${JWT_SECRET}`);
    const PUBLIC_URL = 'http://kriya.test';
    let server = await startKriya({ t, env: { PUBLIC_URL, JWT_SECRET_KEY: older } });
    const cwd = server.cwd;
    const restart = async (env) => {
      assert.equal(await server.stop(), 0);
      server = await startKriya({ t, cwd, env: { PUBLIC_URL, ...env } });
    };
    const first = (await signIn(server)).token;
    await restart({ JWT_SECRET_KEY: old, JWT_PREVIOUS_KEYS: older });
    const second = (await signIn(server)).token;
    assert.ok(await isValid(server, first));
    await restart({ JWT_SECRET_KEY: fresh, JWT_PREVIOUS_KEYS: `${old},${older}` });
    const third = (await signIn(server)).token;
    const verdicts = () => Promise.all([first, second, third].map((token) => isValid(server, token)));
    assert.deepEqual(await verdicts(), [true, true, true]);
    await restart({ JWT_SECRET_KEY: fresh, JWT_PREVIOUS_KEYS: old });
    assert.deepEqual(await verdicts(), [false, true, true], 'the previous keys verify and never sign');
    await restart({ JWT_SECRET_KEY: fresh });
    assert.deepEqual(await verdicts(), [false, false, true]);
  });
});

describe('user', () => {
  let account;
  let other;
  before(async () => ([account, other] = [await signIn(kriya), await signIn(kriya)]));
  const get = (target, headers) => call(kriya, 'GET', target, { headers });

  test('is read by Bearer, whatever the case of that word', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await get('/api/auth/user', { Authorization: `${scheme} ${account.token}` });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(answer.json, account.user);
    }
  });

  test('is read by ?token=', async () => {
    const answer = await get(`/api/auth/user?x=1&token=${account.token}`);
    assert.deepEqual(answer.json, account.user);
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  test('is that of the header when header and query disagree', async () => {
    assert.deepEqual((await get(`/api/auth/user?token=${other.token}`, bearer(account.token))).json, account.user);
    assert.deepEqual((await get('/api/auth/user?token=x', bearer(account.token))).json, account.user);
  });

  for (const authorization of ['Bearer x', 'Bearer', 'Bearer ', 'Basic dXNlcjpwdw==', 'x', '']) {
    test(`is not read by a good ?token= when the header is ${JSON.stringify(authorization)}`, async () => {
      const answer = await get(`/api/auth/user?token=${account.token}`, { Authorization: authorization });
      assert.equal(answer.status, 401, answer.text);
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    });
  }

  test('is 401 without a token', async () => {
    for (const target of ['/api/auth/user', '/api/auth/user?token=', '/api/auth/user?Token=x']) {
      const answer = await get(target);
      assert.equal(answer.status, 401, answer.text);
      assert.equal(answer.json.code, 'missing_token');
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    }
  });

  test('is 401 with ?token= given twice', async () => {
    assert.equal((await get(`/api/auth/user?token=${account.token}&token=${account.token}`)).status, 401);
  });

  test('is 401 with a cookie alone', async () => {
    const Cookie = `auth_token=${account.token}; __Host-auth_token=${account.token}`;
    assert.equal((await get('/api/auth/user', { Cookie })).status, 401);
  });

  test('is 401 with an API key alone', async () => {
    assert.equal((await get('/api/auth/user', { 'X-API-Key': kriya.apiKey })).status, 401);
  });
});

describe('logout', () => {
  test('kills every older token of the user at once, and nobody else\'s', async () => {
    const phone_number = uniquePhone();
    const bystander = await signIn(kriya);
    const sessions = [];
    for (let i = 0; i < 3; ++i) sessions.push(await signIn(kriya, { phone_number }));
    const answer = await logOut(kriya, sessions[1].token);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { success: true, message: 'Logged out successfully' });
    for (const { token } of sessions) {
      assert.deepEqual(await validate(kriya, token), REFUSED);
      assert.equal((await readUser(kriya, token)).status, 401);
      assert.equal((await logOut(kriya, token)).status, 401);
    }
    assert.ok(await isValid(kriya, bystander.token));
  });

  test('lets the same person sign in again', async () => {
    const phone_number = uniquePhone();
    const first = await signIn(kriya, { phone_number });
    await logOut(kriya, first.token);
    const second = await signIn(kriya, { phone_number });
    assert.equal(second.message, 'Login successful');
    assert.deepEqual(second.user, first.user);
    assert.ok(await isValid(kriya, second.token));
    assert.equal(await isValid(kriya, first.token), false);
    assert.equal(decodeJwt(second.token).token_version, decodeJwt(first.token).token_version + 1);
  });

  test('takes ?token=', async () => {
    const { token } = await signIn(kriya);
    assert.equal((await call(kriya, 'DELETE', `/api/auth/logout?token=${token}`)).status, 200);
    assert.equal(await isValid(kriya, token), false);
  });

  test('looks at the header first', async () => {
    const [account, other] = [await signIn(kriya), await signIn(kriya)];
    const target = `/api/auth/logout?token=${other.token}`;
    assert.equal((await call(kriya, 'DELETE', target, { headers: bearer('x') })).status, 401);
    assert.ok(await isValid(kriya, other.token));
    assert.equal((await call(kriya, 'DELETE', target, { headers: bearer(account.token) })).status, 200);
    assert.deepEqual([await isValid(kriya, account.token), await isValid(kriya, other.token)], [false, true]);
  });

  test('is 401 without a good token', async () => {
    assert.equal((await call(kriya, 'DELETE', '/api/auth/logout')).status, 401);
    assert.equal((await logOut(kriya, 'x')).status, 401);
  });

  test('many times at once leaves the user logged out, not broken', async () => {
    const phone_number = uniquePhone();
    const { token } = await signIn(kriya, { phone_number });
    const answers = await Promise.all(Array.from({ length: 20 }, () => logOut(kriya, token)));
    assert.ok(answers.some(({ status }) => status === 200));
    assert.ok(answers.every(({ status }) => status === 200 || status === 401));
    assert.equal(await isValid(kriya, token), false);
    assert.ok(await isValid(kriya, (await signIn(kriya, { phone_number })).token));
  });
});

describe('what operators see', () => {
  // The figures of a Prometheus text, by name and labels as printed.
  const figures = async (server, headers) => {
    const answer = await call(server, 'GET', '/metrics', { headers });
    assert.equal(answer.status, 200, answer.text);
    const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const split = lines.map((line) => line.match(/^(.*) (\S+)$/));
    return new Map(split.map(([, name, value]) => [name, Number(value)]));
  };
  const requests = (method, route, status) =>
    `kriya_http_requests_total{method="${method}",route="${route}",status="${status}"}`;

  test('/metrics counts tokens issued, checked and revoked, and requests by route and status', async (t) => {
    const server = await startKriya({ t });
    const phone_number = uniquePhone();
    const { token } = await signIn(server, { phone_number });
    await signIn(server, { phone_number });
    await register(server, { phone_number: 'x', first_name: '' });
    await validate(server, token);
    await validate(server, token);
    await validate(server, 'garbage');
    await logOut(server, token);
    await readUser(server, token);
    await call(server, 'GET', `/nowhere?token=${token}`);
    await call(server, 'GET', '/nowhere/else');
    await call(server, 'PUT', VALIDATE);

    const found = await figures(server);
    const expected = {
      kriya_users_registered_total: 1,
      kriya_tokens_issued_total: 2,
      kriya_tokens_revoked_total: 1,
      'kriya_tokens_validated_total{valid="true"}': 3, // two by validate-token, one by logout
      'kriya_tokens_validated_total{valid="false"}': 2,
      [requests('POST', REGISTER, 200)]: 2,
      [requests('POST', REGISTER, 422)]: 1,
      [requests('POST', VALIDATE, 200)]: 3,
      [requests('DELETE', '/api/auth/logout', 200)]: 1,
      [requests('GET', '/api/auth/user', 401)]: 1,
      [requests('', '(none)', 404)]: 2,
      [requests('', '(none)', 405)]: 1,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
    const names = [...found.keys()];
    for (const part of ['kriya_http_request_seconds_bucket', 'kriya_database_', 'process_']) {
      assert.ok(names.some((name) => name.startsWith(part)), `${part}… is among the figures`);
    }
    assert.ok(!names.some((name) => name.includes('nowhere')), 'paths that do not exist make no new series');
  });

  test('/metrics asks for METRICS_TOKEN where one is set', async (t) => {
    const server = await startKriya({ t, env: { METRICS_TOKEN: 'metrics-token-for-e2e' } });
    for (const headers of [{}, bearer('x'), bearer('metrics-token-for-e2'), { 'X-API-Key': server.apiKey }]) {
      assert.equal((await call(server, 'GET', '/metrics', { headers })).status, 401);
    }
    assert.ok((await figures(server, bearer('metrics-token-for-e2e'))).size > 10);
  });

  test('the log has one line a request, and no token, phone, name, key or query string', async (t) => {
    const server = await startKriya({ t, env: { DEBUG: 'true', LOG_FORMAT: 'json' } });
    const profile = { phone_number: uniquePhone(), first_name: 'Unmistakable', email: 'unmistakable@example.com' };
    const { token } = await signIn(server, profile);
    await validate(server, token);
    await validate(server, 'garbagetoken');
    await call(server, 'GET', `/api/auth/user?token=${token}&secretquery=1`);
    await call(server, 'GET', '/api/auth/user?token=garbagetoken');
    await call(server, 'GET', '/secretpath?secretquery=1', { headers: { 'User-Agent': 'secretagent' } });
    await register(server, { ...profile, email: 'garbagemail' });
    await call(server, 'POST', REGISTER, { body: '{"garbagebody', headers: { 'Content-Type': 'application/json' } });
    const last = await call(server, 'DELETE', `/api/auth/logout?token=${token}`);
    assert.equal(await server.stop(), 0);

    const lines = server.stderr().trim().split('\n').map((line) => JSON.parse(line));
    const logged = lines.filter(({ message }) => message === 'request');
    assert.equal(logged.length, 10, 'nine requests and the one for the document');
    const line = logged.find(({ request_id }) => request_id === last.headers['x-request-id']);
    assert.equal(line.method, 'DELETE');
    assert.equal(line.route, '/api/auth/logout');
    assert.equal(line.status, 200);
    assert.equal(line.client, '127.0.0.1');
    assert.equal(typeof line.duration_ms, 'number');

    const printed = server.stdout() + server.stderr();
    const secrets = [
      ...token.split('.').slice(1),
      profile.phone_number.slice(1),
      profile.first_name,
      profile.email,
      server.apiKey,
      JWT_SECRET,
      'garbage',
      'secret',
    ];
    for (const secret of secrets) assert.ok(!printed.includes(secret), `${secret} was printed`);
  });

  test('the port that PORT=0 found is printed, also where PUBLIC_URL names another', async (t) => {
    const server = await startKriya({ t, env: { PUBLIC_URL: 'https://sign-in.example.com' } });
    assert.match(server.stdout() + server.stderr(), new RegExp(`\\b${server.port}\\b`));
  });

  test('the data folder holds a hash of each token and no token', async (t) => {
    const server = await startKriya({ t });
    const { token } = await signIn(server);
    const stored = () =>
      readdirSync(server.dataDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
    const hash = createHash('sha256').update(token).digest('hex');
    for (const contents of [stored(), (await server.stop(), stored())]) {
      assert.ok(contents.some((bytes) => bytes.includes(hash)), 'the audit trail has it');
      assert.ok(!contents.some((bytes) => bytes.includes(token) || bytes.includes(token.split('.')[2])));
    }
  });
});
