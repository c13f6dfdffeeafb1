// What Telesign posts to its customers: delivery receipts and messages from people, signed over the raw body.
import { setTimeout as pause } from 'node:timers/promises';

import { channelStatus, verificationBody } from './telesign_channels.mjs';
import { newReference, statusOf, timestamp } from './telesign_errors.mjs';
import { sign } from './telesign_signature.mjs';
import { digitsOf, postWebhook, spoil } from './stand_in.mjs';

const additionalInfo = () => ({
  mcc: '310', mnc: '004', price: '0.01', currency: 'USD', message_parts_count: 1, message_parts_reference_ids: '',
});

const shapes = {
  messaging: ({ reference, status, created, externalId }) => ({
    reference_id: reference,
    status,
    submit_timestamp: created,
    errors: [],
    additional_info: additionalInfo(),
    external_id: externalId,
  }),
  verify: ({ reference, status, created, subResource, codeState }) => ({
    reference_id: reference,
    sub_resource: subResource,
    errors: [],
    status,
    submit_timestamp: created,
    verify: { code_state: codeState, code_entered: null },
    additional_info: { ...additionalInfo(), 'sender_id ': '15558675310' }, // the trailing space is Telesign's
  }),
  omnichannel: (transaction) => ({
    reference_id: transaction.reference,
    external_id: transaction.externalId,
    status: { ...transaction.status, last_channel: transaction.lastChannel },
    channel_status: channelStatus(transaction),
  }),
  verification: verificationBody,
};
shapes.voice = shapes.messaging;

/** The body of a receipt for a transaction, as an object. */
export const receiptBody = (transaction) => shapes[transaction.product](transaction);

const keywords = {
  STOP: ['stop', 'end', 'cancel', 'unsubscribe', 'quit', 'arret', 'stopall'],
  START: ['start', 'unstop', 'yes'],
  HELP: ['help', 'info'],
};

/** Which action a person's text triggers, and by which word. */
function actionOf(text) {
  const word = text.trim().toLowerCase();
  const [action] = Object.entries(keywords).find(([, words]) => words.includes(word)) ?? ['GENERIC'];
  return { action, keyword: action === 'GENERIC' ? '' : word };
}

/** The body of a text that a person sent by 'sms' or 'whatsapp', as an object. */
export function inboundBody({ from, to = '15558675310', text, channel = 'sms', country = 'US', answers, postback }) {
  const { action, keyword } = actionOf(text);
  const head = { reference_id: newReference(), status: statusOf(1500), sub_resource: `mo_${channel}` };
  const phone = digitsOf(from);
  if (channel === 'sms') {
    const response = { sender_id: to, iso_country_code: country, action, keyword, phone_number: phone };
    return { ...head, user_response: { ...response, mo_message: text, price: '0.01' } };
  }
  const endUserAction = {
    'postback_data\t': postback ?? null, // the tab is Telesign's
    original_reference_id: answers ?? null,
    text,
    iso_country_code: country,
    action,
    keyword,
  };
  const content = { type: 'text', content: { body: text }, end_user_action: endUserAction };
  return { ...head, phone_number: phone, sender_id: to, submit_timestamp: timestamp(), content };
}

const OTHER_KEY = Buffer.alloc(55, 7).toString('base64');
const OTHER_CUSTOMER = 'AAAAAAAA-EEEE-DDDD-1234-AB1234567890';

/** By name of a signature: the headers that carry it. */
const signatures = {
  documented: ({ customerId, signature }) => ({
    Authorization: `TSA ${customerId}:${signature}`,
    'X-TS-Authorization': `TSA ${customerId}:${signature}`,
  }),
  bare: ({ signature }) => ({ 'X-TS-Authorization': signature }),
  authorizationOnly: ({ customerId, signature }) => ({ Authorization: `TSA ${customerId}:${signature}` }),
  otherCustomer: ({ signature }) => signatures.documented({ customerId: OTHER_CUSTOMER, signature }),
  otherKey: ({ customerId, bytes }) => signatures.documented({ customerId, signature: sign(OTHER_KEY, bytes) }),
  garbage: ({ customerId }) => signatures.documented({ customerId, signature: 'not base64!' }),
  none: () => ({}),
};
signatures.tampered = signatures.documented;
signatures.reserialised = signatures.documented;

/** The headers of a callback with these bytes; `how` is a key of `signatures`. */
export const callbackHeaders = ({ customerId, apiKey }, bytes, how = 'documented') =>
  signatures[how]({ customerId, bytes, signature: sign(apiKey, bytes) });

/**
 * Posts a callback `times` times, and after an answer that is not 200 again, up to `attempts` (1; Telesign: 4) with
 * `waits` between. Resolves with {status (the last), statuses (all), bytes}.
 */
export async function postCallback(account, url, body, options = {}) {
  const { signature = 'documented', times = 1, attempts = 1, waits = [5000, 10_000, 15_000], timeout } = options;
  if (url === undefined) throw new Error('this callback has no URL: give one, or a callback_url with the message');
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const headers = callbackHeaders(account, bytes, signature);
  const sent = spoil[signature]?.(bytes) ?? bytes;
  const statuses = [];
  for (let copy = 0; copy < times; copy++) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await pause(waits[attempt - 1] ?? 0);
      statuses.push((await postWebhook(url, sent, headers, { timeout })).status);
      if (statuses.at(-1) === 200) break;
    }
  }
  return { status: statuses.at(-1), statuses, bytes: sent };
}
