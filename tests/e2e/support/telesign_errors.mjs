// How Telesign says no. Five families of endpoints, each with codes and a body of its own.
import { randomBytes } from 'node:crypto';

/** A reference id: 32 hexadecimal digits. */
export const newReference = () => randomBytes(16).toString('hex').toUpperCase();

/** Now, with microseconds, as in Telesign's answers. */
export const timestamp = (time = Date.now()) => new Date(time).toISOString().replace('Z', '346Z');

const descriptions = {
  100: 'Call answered', 101: 'Not answered', 103: 'Call in progress', 105: 'Call not handled yet', 106: 'Call failed',
  200: 'Delivered to handset', 203: 'Delivered to gateway', 207: 'Error delivering SMS to handset (reason unknown)',
  210: 'Temporary phone error', 211: 'Permanent phone error', 220: 'Gateway/network cannot route message',
  221: 'Message expired before delivery', 222: 'SMS not supported', 229: 'Message blocked by customer request',
  230: 'Message blocked by Telesign', 233: 'Message blocked due to high risk score.', 250: 'Final status unknown',
  251: 'Message successfully sent out for delivery, however final confirmation of delivery to handset was not '
    + 'received.',
  290: 'Message in progress', 292: 'Queued by gateway', 295: 'Status delayed',
  300: 'Transaction successfully completed', 301: 'Transaction partially completed',
  500: 'Transaction not attempted', 501: 'Not authorized', 503: 'Carrier rejected - temporary problem',
  504: 'Carrier rejected - permanent error', 505: 'Error on gateway - temporary error',
  510: 'Message blocked by subscriber action or request', 518: 'Message blocked due to high risk SIM swap indicator.',
  521: 'Requested Sender ID is not allowed for destination', 599: 'Status not available', 1500: 'Delivered',
  1900: 'Verify completion successfully recorded', 2800: 'Request successfully completed',
  2801: 'Invalid request addons parameter',
  3000: 'Delivered', 3001: 'Message in progress', 3002: 'Delivered to gateway', 3005: 'Read',
  3055: 'Channel not supported by device', 3056: 'Fallback time elapsed',
  3112: 'Specified template does not exist for selected channel',
  3114: 'Specified message type not allowed outside of conversation window', 3116: 'Payload too large',
  3204: 'Rate limit exceeded', 3400: 'Not authorized',
  3412: "Required 'Authorization' header is not in the correct format",
  3500: 'System Unavailable', 3801: 'Template creation in progress', 3900: 'Verified', 3901: 'Request in progress',
  3904: 'Verification failed', 3909: 'Verification attempts exhausted',
  10000: 'System Unavailable, Please try again later.', 10002: "'x-ts-nonce' header value has been used recently",
  10003: "'x-ts-nonce' header value is either too long or too short",
  10004: "'Date' or 'x-ts-date' header is not within tolerable range",
  10005: "'Date' or 'x-ts-date' header is not RFC822 compliant", 10006: "Invalid 'x-ts-auth-method' header.",
  10007: "Missing required 'Date' or 'x-ts-date' header", 10008: 'Invalid Signature.',
  10009: "Missing required 'Authorization' header", 10015: 'Invalid Customer ID.',
  10017: 'Customer ID / Reference ID not found', 10019: 'Rate Limit Exceeded', 10022: 'Invalid API Key.',
  10028: "Required 'Authorization' header is not in the correct format", 10036: 'Reference ID expired',
  11000: 'Invalid value for parameter phone_number.', 11009: 'Invalid value for parameter message.',
  11011: 'Invalid value for parameter reference_id', 12000: 'Missing Required Parameter phone_number',
  12009: 'Missing Required Parameter message', 12017: 'Missing Required Parameter message_type',
  '-10000': 'System unavailable. Please try again later.', '-10001': 'Invalid parameter passed',
  '-10004': 'Reference ID expired', '-30006': 'Invalid Signature', '-40004': 'Resource Not Found',
  '-40005': 'Method Not Allowed', '-40006': 'Bad Request', '-40007': 'Rate Limit Exceeded',
  '-60001': 'PhoneID data not found', '-90001': 'System Unavailable, please try again later.',
};

export const describeCode = (code) => descriptions[code] ?? `Status ${code}`;

export const statusOf = (code, time) => ({ code, description: describeCode(code), updated_on: timestamp(time) });

const fiveDigits = {
  missingAuthorization: 10009, badAuthorization: 10028, unknownCustomer: 10015, badApiKey: 10022, badAuthMethod: 10006,
  missingDate: 10007, badDate: 10005, staleDate: 10004, badNonce: 10003, reusedNonce: 10002, badSignature: 10008,
  notFound: 10017, wrongMethod: 10017,
};
const negative = {
  missingAuthorization: -30004, badAuthorization: -30005, unknownCustomer: -30000, badApiKey: -30015,
  badAuthMethod: -30008, missingDate: -30007, badDate: -30009, staleDate: -30010, badNonce: -30011, reusedNonce: -30012,
  badSignature: -30006, notFound: -40004, wrongMethod: -40005,
};
// A digest that is wrong in itself has no code of its own in this family: "no permissions or authorization failed".
const fourDigits = {
  missingAuthorization: 3405, badAuthorization: 3412, unknownCustomer: 3410, badApiKey: 3411, badAuthMethod: 3400,
  missingDate: 3400, badDate: 3400, staleDate: 3400, badNonce: 3400, reusedNonce: 3400, badSignature: 3400,
  notFound: 3110, wrongMethod: 3110,
};

/** By family: what a reason for refusing a request is called, and [HTTP status, code] of the faults of Rule. */
const families = {
  sms: { reasons: fiveDigits, rateLimited: [429, 10019], unavailable: [503, 10000], internalError: [500, 10000] },
  phoneid: { reasons: fiveDigits, rateLimited: [429, 10019], unavailable: [503, -10000], internalError: [500, -90001] },
  verify: { reasons: negative, rateLimited: [429, -40007], unavailable: [503, -90001], internalError: [500, -90001] },
  omnichannel: { reasons: fourDigits, rateLimited: [429, 3204], unavailable: [503, 3500], internalError: [500, 3500] },
  verification: { reasons: fourDigits, rateLimited: [429, 3204], unavailable: [503, 3500], internalError: [500, 3500] },
};

/** A request that is refused: the endpoints throw it. */
export class Refusal extends Error {
  constructor(http, code, description) {
    super(description ?? describeCode(code));
    Object.assign(this, { http, code, description: this.message });
  }
}

/** The answer to a refused request: {http, json}. */
export function refusal(request, { http, code, description = describeCode(code), signatureString }) {
  const more = signatureString === undefined ? {} : { signature_string: signatureString };
  const reference = http === 401 ? null : newReference();
  const status = { code, description, updated_on: timestamp() };
  if (request.family === 'verify') {
    const shown = http === 401 ? 501 : http === 404 ? 599 : 500;
    const errors = [{ code, description }];
    const json = { reference_id: reference, sub_resource: request.subResource ?? '', errors, status: statusOf(shown) };
    return { http, json: { ...json, ...more } };
  }
  if (request.family === 'verification') return { http, json: { status: { code, description }, ...more } };
  return { http, json: { reference_id: reference, status, external_id: request.fields?.external_id ?? null, ...more } };
}

/** The refusal of a request for one of the reasons above. */
export function refuseFor(request, reason, signatureString) {
  const { reasons } = families[request.family];
  const http = reason === 'notFound' ? 404 : reason === 'wrongMethod' ? 405 : 401;
  return refusal(request, { http, code: reasons[reason], signatureString });
}

/** What a misbehaving server answers: Rule's `fault`, or `http` and `code`, each completed by the other. */
export function faultOf(request, { fault, http, code }) {
  const family = families[request.family];
  const faults = [family.rateLimited, family.unavailable, family.internalError];
  const named = family[fault] ?? faults.find(([status, known]) => status === http || known === code);
  const [usualHttp, usualCode] = named ?? [400, family.reasons.notFound];
  return refusal(request, { http: http ?? usualHttp, code: code ?? usualCode });
}
