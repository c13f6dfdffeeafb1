// What providers post by themselves: who is believed, what becomes of a message, and who wants no more of them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { send, startKriya, uniquePhone } from './support/kriya.mjs';
import {
  accepted, assertSent, becomes, get, record, sendSms, sendWhatsApp, startMessaging,
} from './support/messaging.mjs';
import { hubSignature, misbehaviour } from './support/meta.mjs';
import { answer, ask, assertProblem, codeIn } from './support/sign_in.mjs';
import { startTelesign } from './support/telesign.mjs';
import { callbackHeaders } from './support/telesign_callbacks.mjs';

const FORGED = ['otherCustomer', 'otherKey', 'garbage', 'none', 'tampered', 'reserialised'];
const vectors = JSON.parse(readFileSync(new URL('../data/telesign_vectors.json', import.meta.url), 'utf8'));

/** A message that was accepted, and where receipts for it go. */
async function sent(t, options = {}) {
  const kriya = await startMessaging(t, options);
  const shown = accepted(await sendSms(kriya, uniquePhone()));
  return { kriya, telesign: kriya.telesign, id: shown.id, reference: shown.provider_reference };
}
/** What the record keeps of Meta's id of a message. */
const metaReference = (wamid) => createHash('sha256').update(wamid).digest('base64url');
const statusOf = async (kriya, id) => (await record(kriya, id)).status;

describe('a receipt of Telesign\'s', () => {
  test('tells that the message arrived, what it cost and how long it was', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const edit = (json) => void Object.assign(json.additional_info, { price: '0.0425', message_parts_count: '2' });
    assert.equal((await telesign.receipt(reference, { code: 200, edit })).status, 200);
    const { status, cost, currency, segments, provider_code: code } = await record(kriya, id);
    assert.deepEqual([status, cost, currency, segments, code], ['delivered', '0.0425', 'USD', 2, '200']);
  });

  for (const [code, status] of [[203, 'sent'], [200, 'delivered'], [211, 'failed'], [510, 'failed'], [295, 'accepted'],
    [250, 'accepted'], [291, 'accepted']]) {
    test(`with ${code} leaves the message ${status}`, async (t) => {
      const { kriya, telesign, id, reference } = await sent(t);
      assert.equal((await telesign.receipt(reference, { code })).status, 200);
      assert.equal(await statusOf(kriya, id), status);
    });
  }

  for (const signature of ['documented', 'bare', 'authorizationOnly']) {
    test(`whose signature is written the way '${signature}' is believed`, async (t) => {
      const { kriya, telesign, id, reference } = await sent(t);
      assert.equal((await telesign.receipt(reference, { signature })).status, 200);
      assert.equal(await statusOf(kriya, id), 'delivered');
    });
  }

  for (const signature of FORGED) {
    test(`whose signature is wrong (${signature}) is refused and changes nothing`, async (t) => {
      const { kriya, telesign, id, reference } = await sent(t);
      const before = await record(kriya, id);
      assert.equal((await telesign.receipt(reference, { signature, code: 211 })).status, 403);
      assert.deepEqual(await record(kriya, id), before);
      assert.equal((await kriya.rows.query('SELECT id FROM receipts')).length, 0);
    });
  }

  test('with a right and a wrong signature in its two headers is refused', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const body = JSON.stringify({ reference_id: reference, status: { code: 200 }, external_id: id });
    const good = callbackHeaders(telesign, Buffer.from(body));
    const bad = callbackHeaders(telesign, Buffer.from(`${body} `));
    const headers = { 'Content-Type': 'application/json' };
    for (const pair of [{ ...good, Authorization: bad.Authorization },
      { ...good, 'X-TS-Authorization': bad['X-TS-Authorization'] }]) {
      const refusal = await send(kriya, 'POST', '/webhooks/telesign', { body, headers: { ...headers, ...pair } });
      assert.equal(refusal.status, 403, refusal.text);
    }
    const right = await send(kriya, 'POST', '/webhooks/telesign', { body, headers: { ...headers, ...good } });
    assert.equal(right.status, 200, right.text);
  });

  test('signed as in the vectors is believed, in either header', async (t) => {
    const kriya = await startMessaging(t);
    assert.equal(vectors.callback_signing.length, 3);
    for (const { name, input, expected } of vectors.callback_signing) {
      assert.deepEqual([input.customer_id, input.api_key], [kriya.telesign.customerId, kriya.telesign.apiKey]);
      for (const header of [{ Authorization: expected.Authorization }, { 'X-TS-Authorization': expected.signature }]) {
        const headers = { 'Content-Type': 'application/json', ...header };
        const { status } = await send(kriya, 'POST', '/webhooks/telesign', { body: input.raw_body, headers });
        assert.equal(status, 200, name);
      }
      const headers = { 'Content-Type': 'application/json', Authorization: expected.Authorization };
      const { status } = await send(kriya, 'POST', '/webhooks/telesign', { body: `${input.raw_body} `, headers });
      assert.equal(status, 403, `${name} with a byte more`);
    }
  });

  test('that comes several times counts once', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const { statuses } = await telesign.receipt(reference, { code: 203, times: 5, at: Date.now() });
    assert.deepEqual(statuses, Array(5).fill(200));
    assert.equal(await statusOf(kriya, id), 'sent');
    assert.equal((await kriya.rows.query('SELECT id FROM receipts')).length, 1);
  });

  test('that comes after a later one takes nothing back', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const results = await telesign.receiptsReversed(reference, [292, 203, 200]);
    assert.deepEqual(results.map(({ status }) => status), [200, 200, 200]);
    assert.equal(await statusOf(kriya, id), 'delivered');
    await telesign.receipt(reference, { code: 211 });
    assert.equal(await statusOf(kriya, id), 'delivered', 'what arrived has arrived');
  });

  test('of all kinds at once, in any order, ends as the furthest of them', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const codes = [203, 200, 290, 292, 203, 200, 295, 250];
    const results = await Promise.all(codes.map((code) => telesign.receipt(reference, { code })));
    assert.deepEqual(results.map(({ status }) => status), codes.map(() => 200));
    assert.equal(await statusOf(kriya, id), 'delivered');
  });

  test('that says that it arrived after all is believed after a failure', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    await telesign.receipt(reference, { code: 207 });
    assert.equal(await statusOf(kriya, id), 'failed');
    await telesign.receipt(reference, { code: 200 });
    assert.equal(await statusOf(kriya, id), 'delivered');
  });

  test('finds a message whose answer was lost, by our id', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    kriya.telesign.behave({ to: phone, ...misbehaviour.closesAfterAccepting });
    const { id, status, provider_reference: none } = accepted(await sendSms(kriya, phone));
    assert.deepEqual([status, none], ['unknown', null]);
    const [{ reference_id: reference }] = assertSent(kriya.telesign, phone);
    assert.equal((await kriya.telesign.receipt(reference)).status, 200);
    const last = await record(kriya, id);
    assert.deepEqual([last.status, last.provider_reference], ['delivered', reference]);
  });

  test('that overtakes the answer is not lost', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const rule = kriya.telesign.behave({ to: phone, answer: 'held' });
    const sending = sendSms(kriya, phone);
    await rule.struck();
    const [{ reference_id: reference }] = assertSent(kriya.telesign, phone);
    // Without our id in it: only the reference tells, and nobody knows that one yet.
    const edit = (json) => void (json.external_id = null);
    assert.equal((await kriya.telesign.receipt(reference, { edit })).status, 200);
    rule.release();
    const { id } = accepted(await sending);
    assert.equal((await becomes(kriya, id, 'delivered')).provider_reference, reference);
  });

  test('of a message that nobody knows is taken, so that it does not come again', async (t) => {
    const { telesign } = await sent(t);
    const unknown = { reference_id: 'A'.repeat(32), status: { code: 200, description: 'x', updated_on: 'x' } };
    for (const external_id of [null, '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60', 'not ours', 'x'.repeat(5000)]) {
      assert.equal((await telesign.callback({ ...unknown, external_id })).status, 200);
    }
  });

  test('may be odd in many ways', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    const edits = [
      (json) => void (json.status.code = '203'),
      (json) => void (json.status.updated_on = '2022-31-03T14:51:28Z'),
      (json) => void delete json.status.updated_on,
      (json) => void (json.additional_info = null),
      (json) => void (json.new = { deep: [[[[1]]]] }),
      (json) => void (json.status.description = '\u0000<script>'),
      (json) => void (json.additional_info.price = { amount: 1 }),
      (json) => void (json.additional_info.message_parts_count = -5),
    ];
    for (const edit of edits) assert.equal((await telesign.receipt(reference, { code: 203, edit })).status, 200);
    const { status, segments } = await record(kriya, id);
    assert.deepEqual([status, segments], ['sent', 1]);
  });

  test('whose status is missing is taken, and changes nothing', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    for (const status of [undefined, null, 'x', {}, { code: null }, { code: 'abc' }]) {
      const { status: http } = await telesign.receipt(reference, { edit: (json) => ({ ...json, status }) });
      assert.equal(http, 200);
    }
    assert.equal(await statusOf(kriya, id), 'accepted');
  });

  test('that is signed and no notice at all is a bad request', async (t) => {
    const { telesign } = await sent(t);
    for (const body of ['{"a":', '[]', '"x"', '', '{}}', Buffer.from([0xff, 0xfe])]) {
      const { status } = await telesign.callback(Buffer.from(body));
      assert.ok([400, 200].includes(status), `${status} for ${body}`);
    }
    assert.equal((await telesign.callback(Buffer.from('{"a":'))).status, 400);
    assert.equal((await telesign.callback(Buffer.alloc(2 << 20, 0x20))).status, 413);
  });

  test('is kept before it is answered: it outlasts a kill -9', async (t) => {
    const { kriya, telesign, id, reference } = await sent(t);
    assert.equal((await telesign.receipt(reference, { code: 200 })).status, 200);
    await kriya.kill();
    const again = await startMessaging(t, { cwd: kriya.cwd, telesign });
    assert.equal(await statusOf(again, id), 'delivered');
  });

  test('is answered in well under 5 s while many come and messages are slow', async (t) => {
    const { kriya, telesign } = await sent(t);
    const phones = Array.from({ length: 30 }, uniquePhone);
    const records = await Promise.all(phones.map(async (phone) => accepted(await sendSms(kriya, phone))));
    telesign.behave({ path: '/v1/messaging', method: 'POST', ...misbehaviour.slow(4000), times: 30 });
    const slow = phones.map((phone) => sendSms(kriya, phone));
    const longest = await Promise.all(records.map(async ({ provider_reference: reference }) => {
      const begun = Date.now();
      const { status } = await telesign.receipt(reference, { code: 203, times: 2 });
      assert.equal(status, 200);
      return (Date.now() - begun) / 2;
    }));
    assert.ok(Math.max(...longest) < 2500, `${Math.max(...longest)} ms`);
    for (const { id } of records) assert.equal(await statusOf(kriya, id), 'sent');
    await Promise.all(slow);
  });

  test('signed with the key before is believed while keys are rotated', async (t) => {
    const telesign = await startTelesign({ t });
    const oldKey = telesign.apiKey;
    const first = await startMessaging(t, { telesign });
    const { id, provider_reference: reference } = accepted(await sendSms(first, uniquePhone()));
    await first.stop();

    const newKey = Buffer.alloc(55, 9).toString('base64');
    telesign.apiKey = newKey;
    const env = { TELESIGN_PREVIOUS_API_KEY: oldKey };
    const kriya = await startMessaging(t, { telesign, cwd: first.cwd, env });
    accepted(await sendSms(kriya, uniquePhone()));
    assert.equal((await telesign.receipt(reference, { code: 203 })).status, 200);
    telesign.apiKey = oldKey;
    assert.equal((await telesign.receipt(reference, { code: 200 })).status, 200);
    assert.equal(await statusOf(kriya, id), 'delivered');
    await kriya.stop();

    telesign.apiKey = newKey;
    await startMessaging(t, { telesign, cwd: first.cwd });
    telesign.apiKey = oldKey;
    assert.equal((await telesign.receipt(reference, { code: 200 })).status, 403, 'and afterwards no more');
  });

  test('for a code that was sent by voice or made by Telesign finds its message too', async (t) => {
    const env = { CODE_PROVIDER: 'telesign', TELESIGN_CALLBACKS: 'on', VERIFICATION_CHANNELS: 'sms,voice' };
    const kriya = await startMessaging(t, { env });
    const asked = await ask(kriya, { phone_number: uniquePhone() });
    assert.equal(asked.status, 202, asked.text);
    const [{ id, provider_reference: reference }] = (await get(kriya, '/api/messages')).json.messages;
    const { callback_url: url } = kriya.telesign.messages[0];
    assert.match(url, new RegExp(`/webhooks/telesign\\?message=${id}$`));
    const { status } = await kriya.telesign.receipt(reference, { url: url.replace('//localhost:', '//127.0.0.1:') });
    assert.equal(status, 200);
    assert.equal(await statusOf(kriya, id), 'delivered');
  });

  test('has nowhere to go without a Telesign account', async (t) => {
    const kriya = await startKriya({ t });
    const { status } = await send(kriya, 'POST', '/webhooks/telesign', { json: {} });
    assert.ok([403, 404].includes(status), status);
  });
});

describe('who writes STOP', () => {
  const told = (kriya, phone, text, channel = 'sms') => kriya.telesign.inbound({ from: phone, text, channel });

  for (const word of ['STOP', ' stop. ', 'Unsubscribe', 'Opt-out', 'quit', 'ALTO', 'baja', 'रोकें']) {
    test(`in the way of ${JSON.stringify(word)} gets no more messages, but codes`, async (t) => {
      const kriya = await startMessaging(t);
      const phone = uniquePhone();
      assert.equal((await told(kriya, phone, word)).status, 200);
      assertProblem(await sendSms(kriya, phone), 409, 'opted_out');
      for (const purpose of ['marketing', 'code']) { // a text may call itself what it likes
        assertProblem(await sendSms(kriya, phone, 'Sale!', { purpose }), 409, 'opted_out');
      }
      assertSent(kriya.telesign, phone, 0);
      assert.equal((await get(kriya, '/api/messages')).json.messages.length, 0);
      const asked = await ask(kriya, { phone_number: phone });
      assert.equal(asked.status, 202, asked.text);
      const [{ text }] = assertSent(kriya.telesign, phone);
      assert.equal((await answer(kriya, asked.json.verification.id, codeIn(text))).status, 200);
      accepted(await sendSms(kriya, uniquePhone()));
    });
  }

  test('and later START gets them again', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    await told(kriya, phone, 'STOP');
    assertProblem(await sendSms(kriya, phone), 409, 'opted_out');
    assert.equal((await told(kriya, phone, 'start')).status, 200);
    accepted(await sendSms(kriya, phone));
  });

  test('on WhatsApp is heard on every channel', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const [byTelesign, byMeta] = [uniquePhone(), uniquePhone()];
    assert.equal((await told(kriya, byTelesign, 'stop', 'whatsapp')).status, 200);
    assert.equal((await kriya.meta.inbound({ from: byMeta, text: 'Stop' })).status, 200);
    for (const phone of [byTelesign, byMeta]) {
      assertProblem(await sendSms(kriya, phone), 409, 'opted_out');
      assertProblem(await sendWhatsApp(kriya, phone), 409, 'opted_out');
    }
  });

  for (const text of ['please do not stop', 'hello', 'HELP', 'stopping by at 5', '']) {
    test(`does not do so by ${JSON.stringify(text)}`, async (t) => {
      const kriya = await startMessaging(t);
      const phone = uniquePhone();
      assert.equal((await told(kriya, phone, text)).status, 200);
      accepted(await sendSms(kriya, phone));
    });
  }

  test('gets no message either that still waited to be tried again', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const refusals = kriya.telesign.behave({ to: phone, ...misbehaviour.rateLimited, times: 2 });
    const { id, status } = accepted(await sendSms(kriya, phone));
    assert.equal(status, 'queued');
    assert.equal((await told(kriya, phone, 'STOP')).status, 200);
    const last = await becomes(kriya, id, ['failed', 'accepted']);
    // A try may have been under way when the word came; then it was one that the provider refused.
    assert.equal(last.status, 'failed');
    assert.ok(refusals.hits.length <= 2);
    assertSent(kriya.telesign, phone, 0);
  });

  test('must be known by a signature: anybody else is not believed', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    for (const signature of FORGED) {
      assert.equal((await kriya.telesign.inbound({ from: phone, text: 'STOP', signature })).status, 403);
    }
    accepted(await sendSms(kriya, phone));
  });

  test('once is not opted out again by an old STOP that is replayed after a START', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const { bytes } = await told(kriya, phone, 'STOP');
    await told(kriya, phone, 'START');
    assert.equal((await kriya.telesign.callback(bytes)).status, 200);
    accepted(await sendSms(kriya, phone));
  });

  test('stays so after a restart', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    await told(kriya, phone, 'STOP');
    await kriya.kill();
    const again = await startMessaging(t, { cwd: kriya.cwd, telesign: kriya.telesign });
    assertProblem(await sendSms(again, phone), 409, 'opted_out');
  });

  test('is nowhere in the log or the database by number or in own words', async (t) => {
    const kriya = await startMessaging(t, { env: { LOG_LEVEL: 'debug' } });
    const phone = uniquePhone();
    await told(kriya, phone, 'stop');
    await told(kriya, phone, 'I am not amused by you');
    const rows = JSON.stringify(await kriya.rows.query('SELECT * FROM opt_outs'));
    for (const text of [rows, kriya.stdout(), kriya.stderr()]) {
      assert.ok(!text.includes(phone.slice(3)) && !text.includes('amused'));
    }
    assert.match(rows, new RegExp(phone.slice(-4)));
  });
});

describe('Meta', () => {
  const whatsapp = async (t, options = {}) => {
    const kriya = await startMessaging(t, { meta: true, ...options });
    const shown = accepted(await sendWhatsApp(kriya, uniquePhone()));
    const reference = kriya.meta.messages.at(-1).id;
    assert.equal(shown.provider_reference, metaReference(reference));
    return { kriya, meta: kriya.meta, id: shown.id, reference };
  };

  test('subscribes the webhook by its handshake', async (t) => {
    const { meta } = await whatsapp(t);
    assert.equal((await meta.handshake()).good, true);
    const challenge = 'a-Challenge_1';
    assert.equal((await meta.handshake({ challenge })).text, challenge);
  });

  test('is refused when its token is wrong, or it wants something else', async (t) => {
    const { kriya, meta } = await whatsapp(t);
    assert.equal((await meta.handshake({ token: 'guess' })).status, 403);
    assert.equal((await meta.handshake({ token: '' })).status, 403);
    assert.ok([400, 403].includes((await meta.handshake({ mode: 'unsubscribe' })).status));
    assert.ok([400, 403].includes((await send(kriya, 'GET', '/webhooks/whatsapp')).status));
    const script = await meta.handshake({ challenge: '<script>alert(1)</script>' });
    assert.ok(script.status === 400 || !/html/.test(script.text), 'no challenge becomes a page');
  });

  test('signs as in the vectors', async (t) => {
    const { kriya, meta } = await whatsapp(t);
    for (const { name, input, expected } of vectors.meta_webhook_signing) {
      assert.equal(input.app_secret, meta.appSecret);
      const headers = { 'Content-Type': 'application/json', ...expected };
      const { status } = await send(kriya, 'POST', '/webhooks/whatsapp', { body: input.raw_body, headers });
      assert.equal(status, 200, name);
    }
  });

  test('tells how a message fared, each word once and only forwards', async (t) => {
    const { kriya, meta, id, reference } = await whatsapp(t);
    for (const [word, status] of [['sent', 'sent'], ['delivered', 'delivered'], ['read', 'read']]) {
      assert.equal((await meta.status(reference, word, { times: 2 })).status, 200);
      assert.equal(await statusOf(kriya, id), status);
    }
    assert.equal((await meta.status(reference, 'sent')).status, 200);
    assert.equal((await meta.status(reference, 'failed')).status, 200);
    assert.equal(await statusOf(kriya, id), 'read');
  });

  test('tells that a message failed, and why', async (t) => {
    const { kriya, meta, id, reference } = await whatsapp(t);
    assert.equal((await meta.status(reference, 'failed', { code: 131026 })).status, 200);
    const { status, provider_code: code } = await record(kriya, id);
    assert.deepEqual([status, code], ['failed', '131026']);
  });

  test('tells it of a message whose answer was lost, by our id', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const phone = uniquePhone();
    kriya.meta.behave({ to: phone, ...misbehaviour.closesAfterAccepting });
    const { id, status } = accepted(await sendWhatsApp(kriya, phone));
    assert.equal(status, 'unknown');
    await kriya.meta.status(kriya.meta.messages[0].id, 'delivered');
    const last = await record(kriya, id);
    assert.deepEqual([last.status, last.provider_reference], ['delivered', metaReference(kriya.meta.messages[0].id)]);
  });

  for (const signature of ['otherSecret', 'sha1Only', 'garbage', 'none', 'tampered', 'reserialised']) {
    test(`is not believed with a wrong signature (${signature})`, async (t) => {
      const { kriya, meta, id, reference } = await whatsapp(t);
      assert.equal((await meta.status(reference, 'delivered', { signature })).status, 403);
      assert.equal(await statusOf(kriya, id), 'accepted');
    });
  }

  test('may post many things at once', async (t) => {
    const { kriya, meta, id, reference } = await whatsapp(t);
    const other = accepted(await sendWhatsApp(kriya, uniquePhone()));
    const otherReference = meta.messages.at(-1).id;
    const stopper = uniquePhone();
    const entry = (one, status) => ({ id: one, status, timestamp: '1760000000', recipient_id: '1' });
    const value = {
      statuses: [['wamid.unknown', 'read'], [reference, 'delivered'], [otherReference, 'read']]
        .map(([one, status]) => entry(one, status)),
      messages: [
        { from: stopper.slice(1), id: 'wamid.x', timestamp: '1760000000', type: 'text', text: { body: 'stop' } },
      ],
    };
    assert.equal((await meta.webhook(value)).status, 200);
    assert.deepEqual([await statusOf(kriya, id), await statusOf(kriya, other.id)], ['delivered', 'read']);
    assertProblem(await sendWhatsApp(kriya, stopper), 409, 'opted_out');
  });

  test('may post what nobody knows yet, and it is taken', async (t) => {
    const { kriya, meta } = await whatsapp(t);
    const values = [{}, { statuses: [] }, { statuses: [{}] }, { statuses: 'x' }, { messages: [{ type: 'dance' }] },
      { messages: [null, 5] }, { statuses: [{ id: 5, status: 'sent' }] }, { errors: [{ code: 1 }] }];
    for (const value of values) assert.equal((await meta.webhook(value)).status, 200, JSON.stringify(value));
    for (const body of ['{"a":', '[]', '{"object":"page","entry":[]}']) {
      const headers = { 'Content-Type': 'application/json', 'X-Hub-Signature-256': hubSignature(meta.appSecret, body) };
      const { status } = await send(kriya, 'POST', '/webhooks/whatsapp', { body, headers });
      assert.ok([200, 400].includes(status), `${status} for ${body}`);
    }
  });

  test('without WHATSAPP_APP_SECRET nobody is believed', async (t) => {
    const kriya = await startMessaging(t, { meta: true, env: { WHATSAPP_APP_SECRET: undefined } });
    accepted(await sendWhatsApp(kriya, uniquePhone()));
    const reference = kriya.meta.messages.at(-1).id;
    for (const signature of ['documented', 'none']) {
      const { status } = await kriya.meta.status(reference, 'delivered', { signature });
      assert.ok([403, 404, 405].includes(status), status);
    }
    const empty = hubSignature('', '{}');
    const headers = { 'Content-Type': 'application/json', 'X-Hub-Signature-256': empty };
    assert.notEqual((await send(kriya, 'POST', '/webhooks/whatsapp', { body: '{}', headers })).status, 200);
  });
});
