// Sending an SMS and reading the record of messages over HTTP: what travels, what is refused, what is remembered.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { bearer } from './support/accounts.mjs';
import { call, PLANE_KEY, send, uniquePhone } from './support/kriya.mjs';
import {
  accepted, allRecords, assertSent, becomes, get, lifetime, MESSAGING_KEY, post, record, sendSms, startMessaging, TEXT,
  withKey,
} from './support/messaging.mjs';
import { assertProblem, codeIn, signInByCode, startVerifying } from './support/sign_in.mjs';

const UNKNOWN_ID = '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60';
const SEND = '/api/sms/send';

/** A form body as an object. */
const fieldsOf = (request) => Object.fromEntries(new URLSearchParams(request.raw.toString()));

describe('an SMS', () => {
  const life = lifetime();
  let kriya;
  let telesign;
  before(async () => {
    kriya = await startMessaging(life);
    ({ telesign } = kriya);
  });

  test('is handed to Telesign as its documents say, under our id, the number without a plus', async () => {
    const phone = uniquePhone();
    const { id } = accepted(await sendSms(kriya, phone));
    const request = telesign.requests.find(({ recipient }) => recipient === phone.slice(1));
    assert.equal(request.refused, false, 'the signature is right');
    assert.deepEqual([request.method, request.target], ['POST', '/v1/messaging']);
    assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.match(request.headers.authorization, /^TSA FFFFFFFF-/);
    assert.match(request.headers['x-ts-nonce'], /^[0-9a-f-]{36}$/);
    const { phone_number: to, message, message_type: type, external_id: ours } = fieldsOf(request);
    assert.deepEqual([to, message, type, ours], [phone.slice(1), TEXT, 'ARN', id]);
    assertSent(telesign, phone);
  });

  test('is answered with its record, which can be read again', async () => {
    const phone = uniquePhone();
    const shown = accepted(await sendSms(kriya, phone));
    const [{ reference_id: reference }] = telesign.messagesTo(phone);
    const { id, latency_ms: latency, created_at: created, updated_at: updated, ...rest } = shown;
    assert.deepEqual(rest, {
      kind: 'message',
      provider: 'telesign',
      channel: 'sms',
      phone_number: `+91••••••${phone.slice(-4)}`,
      status: 'accepted',
      provider_reference: reference,
      provider_code: '290',
      detail: 'Message in progress',
      cost: null,
      currency: null,
      segments: 1,
      attempts: 1,
    });
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    assert.ok(latency >= 0 && latency < 10_000);
    assert.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000);
    assert.ok(Date.parse(updated) >= Date.parse(created));
    assert.deepEqual(await record(kriya, id), shown);
    const listed = (await get(kriya, '/api/messages')).json.messages.find((one) => one.id === id);
    assert.deepEqual(listed, shown);
  });

  test('arrives as it was written, whatever is in it', async () => {
    const texts = ['a&b=c+d%41 100% ?#', 'línea 1\nline 2\ttab', 'नमस्ते 😀', '{"code": "x"}', '<b>&amp;</b>'];
    for (const text of texts) {
      const phone = uniquePhone();
      accepted(await sendSms(kriya, phone, text));
      assert.equal(telesign.messagesTo(phone)[0].text, text);
    }
  });

  for (const [purpose, type] of [['transactional', 'ARN'], ['marketing', 'MKT'], ['code', 'OTP']]) {
    test(`whose purpose is ${purpose} is Telesign's ${type}`, async () => {
      const phone = uniquePhone();
      accepted(await sendSms(kriya, phone, TEXT, { purpose }));
      assert.equal(telesign.messagesTo(phone)[0].type, type);
    });
  }

  for (const [what, text, segments] of [
    ['160 characters of GSM-7', 'x'.repeat(160), 1],
    ['161', 'x'.repeat(161), 2],
    ['153 and an escaped one in each of two', `${'x'.repeat(151)}€`.repeat(2), 2],
    ['70 characters of UCS-2', 'न'.repeat(70), 1],
    ['71', 'न'.repeat(71), 2],
    ['1600', 'x'.repeat(1600), 11],
  ]) {
    test(`of ${what} counts as ${segments} segments`, async () => {
      assert.equal(accepted(await sendSms(kriya, uniquePhone(), text)).segments, segments);
    });
  }

  test('goes to a number however that is written', async () => {
    const phone = uniquePhone();
    const [country, digits] = [phone.slice(1, 3), phone.slice(3)];
    const spellings = [`00${country}${digits}`, `tel:+${country}-${digits}`, `+${country} (${digits.slice(0, 5)}) ${
      digits.slice(5, 7)}.${digits.slice(7)}`];
    for (const spelling of spellings) accepted(await sendSms(kriya, spelling));
    assertSent(telesign, phone, spellings.length);
  });

  test('needs a key or a token with the scope', async () => {
    const phone = uniquePhone();
    const cases = [
      [{}, 401],
      [{ 'X-API-Key': 'guess' }, 403],
      [{ 'X-API-Key': '' }, 403, 401],
      [{ 'X-API-Key': PLANE_KEY }, 403],
      [bearer('rubbish'), 401],
    ];
    for (const [headers, ...statuses] of cases) {
      for (const [method, path] of [['POST', SEND], ['GET', '/api/messages'], ['GET', `/api/messages/${UNKNOWN_ID}`],
        ['POST', '/api/whatsapp/send'], ['POST', '/api/phone/lookup'], ['POST', '/api/phone/risk'],
        ['POST', '/api/phone/verification'], ['POST', '/api/phone/verification/check']]) {
        const json = method === 'POST' ? { phone_number: phone, message: TEXT, text: TEXT } : undefined;
        const { status } = await send(kriya, method, path, { json, headers });
        assert.ok(statuses.includes(status), `${method} ${path} with ${JSON.stringify(headers)}: ${status}`);
      }
    }
    assertSent(telesign, phone, 0);
  });

  test('is refused to a person who is merely signed in', async () => {
    const owner = await startVerifying(life, { env: { PHONE_VERIFICATION: 'required' } });
    const { token } = await signInByCode(owner);
    const phone = uniquePhone();
    for (const path of [SEND, '/api/whatsapp/send', '/api/phone/lookup', '/api/phone/risk']) {
      const answer = await post(owner, path, { phone_number: phone, message: TEXT, text: TEXT }, bearer(token));
      assertProblem(answer, 403, 'insufficient_scope');
    }
    assertProblem(await get(owner, '/api/messages', bearer(token)), 403, 'insufficient_scope');
    assert.doesNotMatch(owner.stdout(), new RegExp(phone.slice(1)));
  });

  test('of a person with the scope is that person\'s own business', async () => {
    const owner = await startVerifying(life, { env: { MESSAGING_API_KEYS: MESSAGING_KEY } });
    const { token, user } = await signInByCode(owner);
    const grant = (scope) => owner.rows.execute(`UPDATE users SET scope = '${scope}' WHERE id = '${user.id}'`);
    await grant('phone:lookup messages:send messages:read');
    const other = accepted(await sendSms(owner, uniquePhone()));
    const phone = uniquePhone();
    const own = accepted(await post(owner, SEND, { phone_number: phone, message: TEXT }, bearer(token)));
    const seen = await get(owner, '/api/messages', bearer(token));
    assert.deepEqual(seen.json.messages.map(({ id }) => id), [own.id], 'not those of others');
    assert.equal((await get(owner, `/api/messages/${own.id}`, bearer(token))).status, 200);
    assertProblem(await get(owner, `/api/messages/${other.id}`, bearer(token)), 404, 'not_found');
    const [requester] = await owner.rows.query(`SELECT requested_by FROM messages WHERE id = '${own.id}'`);
    assert.equal(requester.requested_by, `user:${user.id}`);
    await grant('messages:read messages:sending');
    const refusal = await post(owner, SEND, { phone_number: phone, message: TEXT }, bearer(token));
    assertProblem(refusal, 403, 'insufficient_scope');
    await call(owner, 'DELETE', '/api/auth/logout', { headers: bearer(token) });
    assert.equal((await get(owner, '/api/messages', bearer(token))).status, 401);
  });

  const badFields = [
    ['nothing at all', {}, ['message', 'phone_number']],
    ['an empty message', { message: '' }, ['message']],
    ['1601 characters', { message: 'x'.repeat(1601) }, ['message']],
    ['a control character', { message: 'a\u0007b' }, ['message']],
    ['a message that is no text', { message: 5 }, ['message']],
    ['no number', { phone_number: undefined }, ['phone_number']],
    ['letters', { phone_number: '+1800FLOWERS' }, ['phone_number']],
    ['a number without a country', { phone_number: '4155550123' }, ['phone_number']],
    ['digits of another script', { phone_number: '+९१९८१२३४५६७८' }, ['phone_number']],
    ['an extension', { phone_number: '+14155552671;ext=5' }, ['phone_number']],
    ['a purpose that is none', { purpose: 'fun' }, ['purpose']],
    ['several at once', { message: '', phone_number: '+1', purpose: 'x' }, ['message', 'phone_number', 'purpose']],
  ];
  for (const [what, fields, names] of badFields) {
    test(`with ${what} is 422 and names ${names.join(' and ')}`, async () => {
      const count = telesign.requests.length;
      const json = Object.keys(fields).length === 0 ? {} : { phone_number: uniquePhone(), message: TEXT, ...fields };
      const answer = await post(kriya, SEND, json);
      assertProblem(answer, 422, 'invalid_fields');
      const named = [...new Set(answer.json.errors.map(({ field }) => field))].sort();
      // What cannot be read is named before what a readable one must not hold.
      assert.ok(named.length > 0 && named.every((name) => names.includes(name)), answer.text);
      if (names.length < 3) assert.deepEqual(named, names);
      assert.equal(telesign.requests.length, count);
    });
  }

  test('that is no JSON, or has another type, is refused', async () => {
    const headers = { ...withKey, 'Content-Type': 'application/json' };
    assert.equal((await send(kriya, 'POST', SEND, { body: '{"phone', headers })).status, 400);
    const form = { ...withKey, 'Content-Type': 'application/x-www-form-urlencoded' };
    assert.equal((await send(kriya, 'POST', SEND, { body: 'message=x', headers: form })).status, 415);
  });
});

describe('the record', () => {
  const life = lifetime();
  let kriya;
  let telesign;
  const phones = Array.from({ length: 7 }, uniquePhone);
  const ids = [];
  before(async () => {
    kriya = await startMessaging(life);
    ({ telesign } = kriya);
    telesign.behave({ to: phones[6], code: 11000 });
    for (const phone of phones) ids.unshift((await sendSms(kriya, phone)).json.record?.id);
    ids[0] = (await get(kriya, '/api/messages?status=failed')).json.messages[0].id;
  });

  test('lists messages newest first, in pages', async () => {
    const first = (await get(kriya, '/api/messages?limit=3')).json;
    assert.deepEqual(first.messages.map(({ id }) => id), ids.slice(0, 3));
    assert.equal(first.next, ids[2]);
    const second = (await get(kriya, `/api/messages?limit=3&before=${first.next}`)).json;
    assert.deepEqual(second.messages.map(({ id }) => id), ids.slice(3, 6));
    const last = (await get(kriya, `/api/messages?limit=3&before=${second.next}`)).json;
    assert.deepEqual([last.messages.map(({ id }) => id), last.next], [ids.slice(6), null]);
    assert.deepEqual((await allRecords(kriya)).map(({ id }) => id), ids);
  });

  test('finds messages by status and by number', async () => {
    const failed = (await get(kriya, '/api/messages?status=failed')).json.messages;
    assert.deepEqual(failed.map(({ status, provider_code: code }) => [status, code]), [['failed', '11000']]);
    assert.equal((await get(kriya, '/api/messages?status=delivered')).json.messages.length, 0);
    const byNumber = (query) => get(kriya, `/api/messages?phone_number=${query}`);
    const to = (await byNumber(encodeURIComponent(phones[2]))).json.messages;
    assert.deepEqual(to.map(({ id }) => id), [ids[4]]);
    assert.equal((await byNumber(encodeURIComponent(uniquePhone()))).json.messages.length, 0);
  });

  for (const query of ['limit=0', 'limit=201', 'limit=many', 'status=lost', 'before=yesterday', 'phone_number=911']) {
    test(`refuses ?${query}`, async () => {
      const answer = await get(kriya, `/api/messages?${query}`);
      assertProblem(answer, 422, 'invalid_fields');
      assert.deepEqual(answer.json.errors.map(({ field }) => field), [query.split('=')[0]]);
    });
  }

  test('has no whole number in it', async () => {
    const { text } = await get(kriya, '/api/messages');
    for (const phone of phones) assert.doesNotMatch(text, new RegExp(phone.slice(3)));
    assert.doesNotMatch(text, new RegExp(TEXT));
  });

  test('knows nothing of an id that was never given', async () => {
    assertProblem(await get(kriya, `/api/messages/${UNKNOWN_ID}`), 404, 'not_found');
    assert.ok([404, 422].includes((await get(kriya, '/api/messages/rubbish')).status));
  });

  test('is counted in the metrics, by provider, channel and status', async () => {
    const { text } = await send(kriya, 'GET', '/metrics');
    const count = (status) => {
      const lines = text.split('\n').filter((line) => line.startsWith('kriya_messages_total{'));
      const wanted = ['channel="sms"', 'provider="telesign"', `status="${status}"`];
      return Number(lines.find((line) => wanted.every((label) => line.includes(label)))?.split(' ').at(-1) ?? 0);
    };
    assert.deepEqual([count('accepted'), count('failed')], [6, 1]);
  });

  test('tells of a code that it was sent, and not the code', async (t) => {
    const server = await startMessaging(t);
    const phone = uniquePhone();
    const opened = await post(server, '/api/phone/verification', { phone_number: phone });
    assert.equal(opened.status, 202, opened.text);
    const code = codeIn((await server.telesign.nextMessage({ to: phone })).text);
    const answer = await get(server, '/api/messages');
    const [{ kind, segments, status }] = answer.json.messages;
    assert.deepEqual([kind, status], ['code', 'accepted']);
    assert.ok(segments >= 1);
    assert.doesNotMatch(answer.text + opened.text, new RegExp(`${code}|${phone.slice(3)}`));
  });
});

describe('settings', () => {
  test('TELESIGN_SENDER_ID names the sender, TELESIGN_CALLBACKS asks for receipts', async (t) => {
    const env = { TELESIGN_SENDER_ID: 'KRIYA', TELESIGN_CALLBACKS: 'on', PUBLIC_URL: 'https://kriya.example' };
    const kriya = await startMessaging(t, { env });
    accepted(await sendSms(kriya, uniquePhone()));
    const { sender_id: sender, callback_url: url } = fieldsOf(kriya.telesign.requests[0]);
    assert.deepEqual([sender, url], ['KRIYA', 'https://kriya.example/webhooks/telesign']);
  });

  test('TELESIGN_AUTH=basic shows the key itself, as Telesign allows', async (t) => {
    const kriya = await startMessaging(t, { env: { TELESIGN_AUTH: 'basic' } });
    accepted(await sendSms(kriya, uniquePhone()));
    assert.match(kriya.telesign.requests[0].headers.authorization, /^Basic /);
  });

  test('TELESIGN_PER_SECOND holds messages back, and all arrive', async (t) => {
    const kriya = await startMessaging(t, { env: { TELESIGN_PER_SECOND: '4' } });
    const phones = Array.from({ length: 12 }, uniquePhone);
    const begun = Date.now();
    const records = await Promise.all(phones.map(async (phone) => accepted(await sendSms(kriya, phone))));
    for (const { id } of records) await becomes(kriya, id, 'accepted');
    assert.ok(Date.now() - begun > 2000, 'twelve at four in a second');
    for (const phone of phones) assertSent(kriya.telesign, phone);
  });

  test('a wrong key of the account is a definite failure that names itself, and no secret is told', async (t) => {
    const wrongKey = Buffer.alloc(55, 1).toString('base64');
    const kriya = await startMessaging(t, { env: { TELESIGN_API_KEY: wrongKey } });
    const answer = await sendSms(kriya, uniquePhone());
    assertProblem(answer, 502, 'delivery_failed');
    assert.match(answer.json.detail, /10008/);
    assert.equal(kriya.telesign.messages.length, 0);
    const said = answer.text + kriya.stdout() + kriya.stderr();
    assert.ok(!said.includes(wrongKey) && !said.includes('signature_string'));
  });

  test('SMS_PROVIDER=console prints one line for a message', async (t) => {
    const env = { SMS_PROVIDER: 'console', MESSAGING_API_KEYS: MESSAGING_KEY, LOG_FORMAT: 'json' };
    const kriya = await startVerifying(t, { env });
    const phone = uniquePhone();
    const shown = accepted(await sendSms(kriya, phone, 'line 1\nline 2'));
    assert.deepEqual([shown.provider, shown.status], ['console', 'delivered']);
    await kriya.printed(/^SMS to .*$/m);
    assert.ok(kriya.stdout().split('\n').includes(`SMS to ${phone}: line 1\\nline 2`), kriya.stdout());
  });

  test('SMS_PROVIDER=none sends nothing and says so', async (t) => {
    const env = { SMS_PROVIDER: 'none', MESSAGING_API_KEYS: MESSAGING_KEY };
    const kriya = await startVerifying(t, { env });
    assertProblem(await sendSms(kriya, uniquePhone()), 501, 'verification_unavailable');
    assert.deepEqual(await allRecords(kriya), []);
  });

  test('without MESSAGING_API_KEYS no key is good', async (t) => {
    const kriya = await startMessaging(t, { env: { MESSAGING_API_KEYS: undefined } });
    assert.ok([401, 403].includes((await sendSms(kriya, uniquePhone())).status));
    assert.equal(kriya.telesign.requests.length, 0);
  });
});
