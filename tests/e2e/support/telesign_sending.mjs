// The endpoints of Telesign that send something or ask what became of it: SMS, voice, SMS Verify and Voice Verify.
import { randomInt } from 'node:crypto';
import net from 'node:net';

import { Refusal, statusOf } from './telesign_errors.mjs';

export const LIFECYCLE_EVENTS = ['create', 'sign-in', 'transact', 'update', 'delete'];
export const MESSAGE_TYPES = ['OTP', 'ARN', 'MKT'];
const USE_CASES = [
  'ATCK', 'BACF', 'BACS', 'CHBK', 'CLDR', 'LEAD', 'OTHR', 'PWRT', 'RESV', 'RXPF', 'SHIP', 'THEF', 'TRVF', 'UNKN',
];

/** Digits with the country code, no plus. */
export const isPhone = (text) => /^[1-9]\d{6,14}$/.test(text);
export const isExternalId = (text) => typeof text === 'string' && /^[\x20-\x7e]{1,100}$/.test(text);
export const isUrl = (text) => URL.canParse(text);
const isReference = (text) => /^[0-9A-Fa-f]{32}$/.test(text);
const isFlag = (text) => text === 'true' || text === 'false';

/** A code of that many digits, the first of them not 0. */
export const newCode = (length) => String(randomInt(10 ** (length - 1), 10 ** length));

const bad = (code, description) => {
  throw new Refusal(400, code, description);
};

/** Refuses with [code, check] the fields that are there and wrong. */
function checkOptional(fields, checks) {
  for (const [name, [code, check]] of Object.entries(checks)) {
    if (fields[name] !== undefined && !check(fields[name])) bad(code, `Invalid value for parameter ${name}`);
  }
}

const smsChecks = {
  account_lifecycle_event: [11003, (text) => LIFECYCLE_EVENTS.includes(text)],
  originating_ip: [11010, (text) => net.isIP(text) !== 0],
  external_id: [11016, isExternalId],
  callback_url: [11004, isUrl],
  sender_id: [11013, (text) => text.length > 0 && text.length <= 20],
  is_primary: [11009, isFlag],
  dlt_template_id: [11034, (text) => text.length <= 40],
  dlt_entity_id: [11035, (text) => text.length <= 40],
};

function checkText({ phone_number: to, message, message_type: type, ...optional }, longest) {
  if (to === undefined) bad(12000);
  if (!isPhone(to)) bad(11000);
  if (message === undefined || message === '') bad(12009);
  if ([...message].length > longest) bad(11009);
  if (type === undefined) bad(12017);
  if (!MESSAGE_TYPES.includes(type)) bad(11017, 'Invalid value for parameter message_type.');
  checkOptional(optional, smsChecks);
}

const textEndpoint = (product, channel, longest, inProgress) => (telesign, request) => {
  const { fields } = request;
  checkText(fields, longest);
  const { phone_number: to, message: text, message_type: type, external_id: externalId = null } = fields;
  const callbackUrl = fields.callback_url ?? fields.callbackURL; // the voice calls of the Node client spell it so
  const status = statusOf(inProgress);
  const transaction = telesign.transact(request, { product, to, externalId, callbackUrl, status });
  telesign.deliver(request, transaction, { to, text, type, channel });
  return { reference_id: transaction.reference, status: transaction.status, external_id: externalId };
};

/** POST /v1/messaging */
export const sendSms = textEndpoint('messaging', 'sms', 1600, 290);

/** POST /v1/voice */
export const callWithText = textEndpoint('voice', 'voice', 2000, 103);

/** GET /v1/messaging/{reference}, GET /v1/voice/{reference} */
export function textStatus(telesign, request, reference) {
  if (!isReference(reference)) bad(11011);
  const transaction = telesign.transactions.get(reference);
  if (transaction === undefined) throw new Refusal(404, 10017);
  if (transaction.expired) throw new Refusal(404, 10036);
  const { status, externalId, additionalInfo } = transaction;
  return {
    reference_id: reference,
    status,
    external_id: externalId,
    ...(additionalInfo ? { additional_info: additionalInfo } : {}),
  };
}

const codeRange = {
  sms: (code) => /^\d{3,7}$/.test(code),
  call: (code) => /^\d{3,5}$/.test(code) && Number(code) >= 100,
};

function checkVerify(fields, subResource) {
  const invalid = (name) => bad(-10001, `Invalid parameter passed: ${name} Parameter: ${fields[name]}`);
  const check = (name, isGood) => fields[name] !== undefined && !isGood(fields[name]) && invalid(name);
  if (fields.phone_number === undefined) bad(-10001, 'Invalid parameter passed: Missing parameter: phone_number');
  if (!isPhone(fields.phone_number)) invalid('phone_number');
  check('verify_code', codeRange[subResource]);
  check('ucid', (text) => USE_CASES.includes(text));
  check('originating_ip', (text) => net.isIP(text) !== 0);
  check('template', (text) => [...text].length <= 1600);
  check('tts_message', (text) => text.includes('$$CODE$$'));
  check('sender_id', (text) => text.length > 0 && text.length <= 20);
  check('sim_swap_check', isFlag);
  check('is_primary', isFlag);
  check('callback_url', isUrl);
  if ((fields.transaction_amount === undefined) !== (fields.transaction_payee === undefined)) {
    invalid(fields.transaction_amount === undefined ? 'transaction_payee' : 'transaction_amount');
  }
  check('transaction_amount', (text) => text.length <= 40);
  check('transaction_payee', (text) => text.length <= 40);
}

const fill = (template, { transaction_amount: amount = '', transaction_payee: payee = '' }, code) =>
  template.replaceAll('$$CODE$$', code).replaceAll('$$AMOUNT$$', amount).replaceAll('$$PAYEE$$', payee);

const verifyEndpoint = (subResource, { digits, channel, inProgress, wording }) => (telesign, request) => {
  const { fields } = request;
  checkVerify(fields, subResource);
  const to = fields.phone_number;
  const code = fields.verify_code ?? newCode(digits);
  const template = fields[wording] ?? 'Your code is $$CODE$$.';
  const risk = telesign.riskAbove(fields);
  const details = { product: 'verify', subResource, to, code, callbackUrl: fields.callback_url };
  const transaction = telesign.transact(request, { ...details, status: statusOf(risk ? 233 : inProgress) });
  if (!risk) {
    telesign.deliver(request, transaction, { to, text: fill(template, fields, code), type: 'OTP', channel, code });
  }
  return {
    reference_id: transaction.reference,
    sub_resource: subResource,
    errors: [],
    status: transaction.status,
    verify: { code_state: 'UNKNOWN', code_entered: '' },
    ...(risk ? { risk } : {}),
    ...(subResource === 'call' ? { voice: { caller_id: fields.caller_id ?? '+11234567891' } } : {}),
  };
};

/** POST /v1/verify/sms */
export const verifySms = verifyEndpoint('sms', { digits: 7, channel: 'sms', inProgress: 290, wording: 'template' });

/** POST /v1/verify/call */
export const verifyCall = verifyEndpoint('call', {
  digits: 5,
  channel: 'voice',
  inProgress: 103,
  wording: 'tts_message',
});

function findVerify(telesign, reference) {
  const transaction = telesign.transactions.get(reference);
  if (transaction?.product !== 'verify') throw new Refusal(404, -10001, 'CustomerID/ReferenceID not found');
  if (transaction.expired) throw new Refusal(404, -10004, 'ReferenceID expired.');
  return transaction;
}

/** GET /v1/verify/{reference}[?verify_code=]: the status, and the check of a code. */
export function verifyStatus(telesign, { query }, reference) {
  const transaction = findVerify(telesign, reference);
  const entered = query.verify_code;
  if (entered !== undefined) {
    transaction.codeState = entered === transaction.code ? 'VALID' : 'INVALID';
    transaction.codeEntered = entered;
  }
  return {
    reference_id: reference,
    sub_resource: transaction.subResource,
    errors: [],
    status: transaction.status,
    verify: { code_state: transaction.codeState, code_entered: transaction.codeEntered },
  };
}

/** PUT /v1/verify/completion/{reference}: the caller checked the code itself. */
export function completeVerify(telesign, request, reference) {
  const transaction = findVerify(telesign, reference);
  transaction.completed = true;
  return { reference_id: reference, sub_resource: transaction.subResource, errors: [], status: statusOf(1900) };
}
