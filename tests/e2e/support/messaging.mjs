// A server that sends through the stand-ins for Telesign and Meta, the calls of the messaging API, and the record.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { call } from './kriya.mjs';
import { startMeta } from './meta.mjs';
import { until } from './service.mjs';
import { startVerifying } from './sign_in.mjs';
import { startTelesign } from './telesign.mjs';

export const MESSAGING_KEY = 'e2e-messaging-key-5Wc8nYt2';
export const withKey = { 'X-API-Key': MESSAGING_KEY };

/** The settings by which SMS, calls, lookups and scores go to this stand-in. */
export const byTelesign = (telesign) => ({
  SMS_PROVIDER: 'telesign',
  TELESIGN_CUSTOMER_ID: telesign.customerId,
  TELESIGN_API_KEY: telesign.apiKey,
  TELESIGN_BASE_URL: telesign.url,
  TELESIGN_VERIFY_URL: telesign.url,
  TELESIGN_DETECT_URL: telesign.url,
});

/** The settings by which WhatsApp messages go to this one. */
export const byMeta = (meta) => ({
  WHATSAPP_PROVIDER: 'meta',
  WHATSAPP_PHONE_NUMBER_ID: meta.phoneNumberId,
  WHATSAPP_ACCESS_TOKEN: meta.token,
  WHATSAPP_APP_SECRET: meta.appSecret,
  WHATSAPP_VERIFY_TOKEN: meta.verifyToken,
  WHATSAPP_BASE_URL: `${meta.url}/v25.0`,
  WHATSAPP_CODE_TEMPLATE: 'sign_in_code',
});

/**
 * Starts a server that sends by a stand-in for Telesign, one of its own unless `telesign` is given, and WhatsApp by one
 * for Meta with `meta: true` or a stand-in. They post receipts to this server. It is like startVerifying's otherwise.
 */
export async function startMessaging(t, { env = {}, telesign, meta, ...options } = {}) {
  const sms = telesign ?? (await startTelesign({ t }));
  const whatsapp = meta === true ? await startMeta({ t }) : meta;
  const settings = {
    MESSAGING_API_KEYS: MESSAGING_KEY,
    ...byTelesign(sms),
    ...(whatsapp ? byMeta(whatsapp) : {}),
    ...env,
  };
  const kriya = await startVerifying(t, { env: settings, ...options });
  sms.callbackUrl = `${kriya.url}/webhooks/telesign`;
  if (whatsapp) whatsapp.webhookUrl = `${kriya.url}/webhooks/whatsapp`;
  return Object.assign(kriya, { telesign: sms, meta: whatsapp });
}

/** A test context that lasts as long as the file or the `describe` in which this is called. */
export function lifetime() {
  const cleanups = [];
  after(async () => {
    for (const clean of cleanups.reverse()) await clean();
  });
  return { after: (clean) => cleanups.push(clean) };
}

export const post = (kriya, path, json, headers = withKey) => call(kriya, 'POST', path, { json, headers });
export const get = (kriya, path, headers = withKey) => call(kriya, 'GET', path, { headers });

export const TEXT = 'Your parcel is on its way.';

/** The answer to POST /api/sms/send, whatever it is. */
export const sendSms = (kriya, phone_number, message = TEXT, more = {}) =>
  post(kriya, '/api/sms/send', { phone_number, message, ...more });

/** The answer to POST /api/whatsapp/send, whatever it is. */
export const sendWhatsApp = (kriya, phone_number, content = { text: TEXT }) =>
  post(kriya, '/api/whatsapp/send', { phone_number, ...content });

/** The record that an answer of the two tells of. */
export function accepted(answer) {
  assert.equal(answer.status, 202, answer.text);
  assert.equal(answer.json.success, true);
  return answer.json.record;
}

/** The record of a message that could definitely not be sent: the answer names it. */
export async function refused(kriya, answer) {
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.code, 'delivery_failed');
  const [, id] = answer.json.detail.match(/\/api\/messages\/([0-9a-f-]{36})/) ?? assert.fail(answer.text);
  return record(kriya, id);
}

/** What GET /api/messages/{id} says of a message. */
export async function record(kriya, id) {
  const answer = await get(kriya, `/api/messages/${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** Resolves with the record once the message has one of these statuses. */
export async function becomes(kriya, id, statuses, patience) {
  const wanted = [statuses].flat();
  let last;
  return until(async () => {
    last = await record(kriya, id);
    return wanted.includes(last.status) && last;
  }, () => `message ${id} becomes ${wanted}; it is ${JSON.stringify(last)}`, patience);
}

/** All rows of the record, newest first. */
export async function allRecords(kriya, query = '') {
  const messages = [];
  for (let before = ''; before !== undefined;) {
    const { json } = await get(kriya, `/api/messages?limit=200${before}${query}`);
    messages.push(...json.messages);
    before = json.next ? `&before=${json.next}` : undefined;
  }
  return messages;
}

/** The requests with which a message was handed to Telesign, or to Meta. */
export const handOvers = (standIn, path = /^\/v1\/(messaging|verify\/(sms|call)|omnichannel)$|\/messages$/) =>
  standIn.requests.filter((request) => request.method === 'POST' && path.test(request.path));

/**
 * Fails if a message is handed over again: what is due is looked for each second, so a few of these pass.
 * `kriya.rows` are made older meanwhile, as if much more time had passed.
 */
export async function staysUnsent(kriya, standIn, rounds = 3) {
  const before = handOvers(standIn).length;
  for (let round = 0; round < rounds; ++round) {
    await letMessagesAge(kriya, 600);
    await pause(1200);
  }
  assert.equal(handOvers(standIn).length, before, 'nothing is handed over again');
}

/** For the outbox that much time has passed: whatever waits becomes due. */
export async function letMessagesAge({ rows }, seconds) {
  const columns = ['due_at', 'not_after', 'created_at', 'updated_at'];
  const changes = columns.map((column) => `${column} = ${rows.earlier(column, seconds)}`);
  await rows.execute(`UPDATE messages SET ${changes.join(', ')}`);
}

/** No message to this number was sent twice: exactly `count` of them, each of another record. */
export function assertSent(telesign, phone, count = 1) {
  const sent = telesign.messagesTo(phone);
  assert.equal(sent.length, count, `${sent.length} messages to ${phone}`);
  assert.equal(new Set(sent.map(({ external_id: id }) => id)).size, count);
  return sent;
}
