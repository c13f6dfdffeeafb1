// Telesign's JSON endpoints that choose among channels: omnichannel "Messaging" with its templates, and the Verify API.
import net from 'node:net';

import { describeCode, newReference, Refusal, statusOf, timestamp } from './telesign_errors.mjs';
import { isExternalId, isPhone, isUrl, LIFECYCLE_EVENTS, MESSAGE_TYPES, newCode } from './telesign_sending.mjs';

const LARGEST = 10 * 1024; // bytes of a request
const CHANNELS = ['rcs', 'whatsapp', 'sms', 'mms', 'viber', 'email'];
const METHODS = ['silent', 'sms', 'push', 'rcs', 'whatsapp', 'email', 'voice'];

/** The parameters that each built-in template cannot do without. */
const builtIn = {
  text: ['text'], image: ['header_url'], video: ['header_url'], audio: ['header_url'], file: ['header_url'],
  location: ['latitude', 'longitude'],
};

const bad = (code, name) => {
  throw new Refusal(400, code, name === undefined ? describeCode(code) : `Invalid value for parameter ${name}`);
};
const missing = (code, name) => {
  throw new Refusal(400, code, `Missing parameter ${name}`);
};
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Refuses what is too large or is no JSON object. */
function checkPayload({ raw, fields }) {
  if (raw.length > LARGEST) throw new Refusal(413, 3116);
  if (!isObject(fields)) bad(3110, 'request body');
}

function checkRecipient(recipient) {
  if (recipient?.phone_number === undefined) missing(3302, 'phone_number');
  if (typeof recipient.phone_number !== 'string' || !isPhone(recipient.phone_number)) bad(3101, 'phone_number');
}

function checkChannels(channels) {
  if (!Array.isArray(channels) || channels.length === 0) missing(3300, 'channels');
  const names = channels.map((one) => one?.channel ?? missing(3301, 'channel'));
  if (new Set(names).size < names.length || names.some((name) => !CHANNELS.includes(name))) bad(3113, 'channel');
  for (const { fallback_time: time = 300 } of channels) {
    if (!Number.isInteger(time) || time < 30 || time > 3600) bad(3113, 'fallback_time');
  }
}

/** What is sent on the channel: {template, parameters}. */
function contentFor(telesign, message, channel) {
  const content = message[channel] ?? message.default;
  if (!isObject(content)) missing(3306, `message.${channel}`);
  const { template, parameters = {} } = content;
  const custom = telesign.templates.get(`${channel}/${template}`);
  const mandatory = custom?.mandatory_parameters ?? (Object.hasOwn(builtIn, template) ? builtIn[template] : bad(3112));
  for (const name of mandatory) if (typeof parameters[name] !== 'string') missing(3305, name);
  return { template, parameters, free: custom?.type !== 'verified' };
}

function checkMessage({ message, message_type: type, ...fields }) {
  if (!isObject(message)) missing(3303, 'message');
  if (type === undefined) missing(3304, 'message_type');
  if (!MESSAGE_TYPES.includes(type)) bad(3102, 'message_type');
  const check = (name, code, isGood) => fields[name] !== undefined && !isGood(fields[name]) && bad(code, name);
  check('external_id', 3103, isExternalId);
  check('account_lifecycle_event', 3104, (text) => LIFECYCLE_EVENTS.includes(text));
  check('originating_ip', 3105, (text) => net.isIP(text) !== 0);
  check('callback_url', 3106, isUrl);
  check('sender_id', 3109, (text) => typeof text === 'string' && text.length > 0 && text.length <= 20);
}

/** Why the channel cannot reach the number, as a status code; undefined when it can. */
function obstacle(telesign, to, { channel, free }) {
  if (channel !== 'whatsapp') return undefined;
  const { whatsapp = true, window = 'open' } = telesign.numbers.of(to);
  if (!whatsapp) return 3055;
  return free && window === 'closed' ? 3114 : undefined;
}

/** POST /v1/omnichannel: the first channel that reaches the number carries the message. */
export function sendOmnichannel(telesign, request) {
  checkPayload(request);
  const { channels, message, recipient, message_type: type, external_id: externalId = null, ...more } = request.fields;
  checkChannels(channels);
  checkRecipient(recipient);
  checkMessage(request.fields);
  const to = recipient.phone_number;
  const plan = channels.map(({ channel }) => ({ channel, ...contentFor(telesign, message, channel) }));
  const tried = plan.map((one) => ({ ...one, obstacle: obstacle(telesign, to, one) }));
  const chosen = tried.find((one) => one.obstacle === undefined);
  if (chosen === undefined && tried.at(-1).obstacle === 3114) bad(3114);
  const passed = chosen === undefined ? tried : tried.slice(0, tried.indexOf(chosen));
  const transaction = telesign.transact(request, {
    product: 'omnichannel',
    to,
    externalId,
    callbackUrl: more.callback_url,
    status: statusOf(chosen === undefined ? 3003 : 3001),
    lastChannel: (chosen ?? tried.at(-1)).channel,
    passedChannels: passed.map(({ channel, obstacle: code }) => ({ [channel]: statusOf(code) })),
  });
  if (chosen !== undefined) {
    const { channel, template, parameters } = chosen;
    telesign.deliver(request, transaction, { to, text: parameters.text, type, channel, template, parameters });
  }
  return { reference_id: transaction.reference, status: transaction.status, external_id: externalId };
}

/** channel_status of a transaction, in answers and callbacks. */
export const channelStatus = ({ passedChannels, lastChannel, status }) =>
  [...passedChannels, ...(status.code === 3003 ? [] : [{ [lastChannel]: status }])];

/** GET /v1/omnichannel/{reference} */
export function omnichannelStatus(telesign, request, reference) {
  const transaction = telesign.transactions.get(reference);
  if (transaction?.product !== 'omnichannel') bad(3311, 'reference_id');
  if (transaction.expired) throw new Refusal(404, -10004);
  return {
    reference_id: reference,
    external_id: transaction.externalId,
    status: { ...transaction.status, last_channel: transaction.lastChannel },
    channel_status: channelStatus(transaction),
    additional_info: { price: '0.01', currency: 'USD', mcc: '310', mnc: '004' },
  };
}

const placeholders = (text = '') => [...text.matchAll(/\{\{(\d+)\}\}/g)].map(([, number]) => `body_text_${number}`);

/** POST /v1/omnichannel/templates */
export function createTemplate(telesign, request) {
  checkPayload(request);
  const { name, type, channel, content } = request.fields;
  if (!/^[a-z_]{1,512}$/.test(name) || !['standard', 'verified'].includes(type)) bad(3802, 'name');
  if (!['whatsapp', 'sms'].includes(channel)) bad(3301, 'channel');
  const body = Array.isArray(content) && content.length <= 5 ? content.find((one) => one.body)?.body : undefined;
  if (typeof body?.text !== 'string' || body.text.length > 1024) bad(3803, 'content');
  const header = content.find((one) => one.header && one.header.type !== 'text');
  const mandatory = [...(header ? ['header_url'] : []), ...placeholders(body.text)];
  telesign.templates.set(`${channel}/${name}`, { ...request.fields, mandatory_parameters: mandatory });
  return { reference_id: newReference(), id: newReference(), status: statusOf(3801) };
}

/** GET /v1/omnichannel/templates */
export const listTemplates = ({ templates }) => ({ reference_id: newReference(), templates: [...templates.values()] });

/** GET or DELETE /v1/omnichannel/templates/{channel}/{name} */
export function oneTemplate(telesign, { method }, channel, name) {
  const key = `${channel}/${name}`;
  const template = telesign.templates.get(key);
  if (template === undefined) throw new Refusal(400, 3112);
  if (method === 'DELETE') telesign.templates.delete(key);
  return { reference_id: newReference(), ...template, status: statusOf(3800) };
}

function checkVerification({ recipient, ...fields }) {
  if (recipient?.email === undefined && recipient?.push_app_token === undefined) checkRecipient(recipient);
  if (fields.external_id !== undefined && !isExternalId(fields.external_id)) bad(3103, 'external_id');
  const { security_factor: code, verification_policy: policy, message_template: template } = fields;
  if (code !== undefined && !/^\d{3,10}$/.test(code)) bad(3110, 'security_factor');
  if (template !== undefined && !/^[a-z_]+$/.test(template.name)) bad(3110, 'message_template');
  if (policy === undefined) return;
  if (!Array.isArray(policy) || policy.length === 0) bad(3110, 'verification_policy');
  for (const { method, fallback_time: time = 60 } of policy) {
    if (!METHODS.includes(method) || !Number.isInteger(time) || time < 30) bad(3110, 'verification_policy');
  }
}

/** POST /verification */
export function createVerification(telesign, request) {
  checkPayload(request);
  checkVerification(request.fields);
  const { recipient, external_id: externalId, callback_url: callbackUrl } = request.fields;
  const { verification_policy: policy = [{ method: 'sms', fallback_time: 60 }] } = request.fields;
  const code = request.fields.security_factor ?? newCode(6);
  const to = recipient.phone_number;
  const state = 'ONGOING';
  const details = { product: 'verification', to, code, externalId, callbackUrl, recipient, policy, state, wrong: 0 };
  const transaction = telesign.transact(request, { ...details, status: statusOf(3901) });
  const [{ method: channel }] = policy;
  telesign.deliver(request, transaction, { to, text: `Your code is ${code}.`, type: 'OTP', channel, code });
  return {
    reference_id: transaction.reference,
    ...(externalId === undefined ? {} : { external_id: externalId }),
    state,
    recipient,
    verification_policy: policy,
    status: { code: 3901, description: describeCode(3901) },
  };
}

function findVerification(telesign, reference) {
  const transaction = telesign.transactions.get(reference);
  return transaction?.product === 'verification' ? transaction : bad(3311, 'reference_id');
}

/** The body of GET /verification/{reference}, and of its callbacks. */
export function verificationBody(transaction) {
  const { reference, state, recipient, policy, status, created, externalId } = transaction;
  const updated = status.updated_on;
  const [{ method }] = policy;
  return {
    reference_id: reference,
    ...(externalId === undefined ? {} : { external_id: externalId }),
    state,
    recipient,
    verification_policy: policy,
    inner_methods: [
      { method, state, err_code: status.code, err_msg: status.description, tried_on: created, updated_on: updated },
    ],
    created_on: created,
    updated_on: updated,
  };
}

/** GET /verification/{reference} */
export const verificationStatus = (telesign, request, reference) =>
  verificationBody(findVerification(telesign, reference));

/** PATCH /verification/{reference}/state: the third wrong code ends it. */
export function finishVerification(telesign, request, reference) {
  checkPayload(request);
  const transaction = findVerification(telesign, reference);
  const { action, security_factor: entered } = request.fields;
  if (action !== 'finalize' || !/^\d{3,10}$/.test(entered)) bad(3110, 'action');
  if (transaction.state !== 'ONGOING') bad(3110, 'state');
  const right = entered === transaction.code;
  if (!right) transaction.wrong += 1;
  const code = right ? 3900 : transaction.wrong < 3 ? 3904 : 3909;
  if (code !== 3904) transaction.state = right ? 'VERIFIED' : 'FAILED';
  transaction.status = statusOf(code);
  transaction.updated = timestamp();
  return { status: { code, description: describeCode(code) } };
}
