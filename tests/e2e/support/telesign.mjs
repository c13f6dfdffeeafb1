// A stand-in for Telesign: its documented wire format on one base URL for all three hosts, strict about authentication
// and parameters, and misbehaving when a test asks for it. stand_ins.test.mjs proves it with Telesign's own client.
import { inboundBody, postCallback, receiptBody } from './telesign_callbacks.mjs';
import * as channels from './telesign_channels.mjs';
import { faultOf, newReference, Refusal, refusal, refuseFor, statusOf, timestamp } from './telesign_errors.mjs';
import { intelligence, Numbers, phoneId, phoneIdLive, riskOf } from './telesign_numbers.mjs';
import * as sending from './telesign_sending.mjs';
import { Authenticator } from './telesign_signature.mjs';
import { digitsOf, Mailbox, StandIn } from './stand_in.mjs';

export { misbehaviour } from './stand_in.mjs';

/** Telesign's documented dummy credentials: nobody's secret. */
export const CUSTOMER_ID = 'FFFFFFFF-EEEE-DDDD-1234-AB1234567890';
export const API_KEY = 'ABC12345yusumoN6BYsBVkh+yRJ5czgsnCehZaOYldPJdmFh6NeX8kunZ2zU1YWaUw/0wV6xfw==';

// Method, path, family of errors, what answers. The captures of the path are handed on.
const endpoints = [
  ['POST', /^\/v1\/messaging$/, 'sms', sending.sendSms],
  ['GET', /^\/v1\/messaging\/([^/]+)$/, 'sms', sending.textStatus],
  ['POST', /^\/v1\/voice$/, 'sms', sending.callWithText],
  ['GET', /^\/v1\/voice\/([^/]+)$/, 'sms', sending.textStatus],
  ['POST', /^\/v1\/verify\/sms$/, 'verify', sending.verifySms],
  ['POST', /^\/v1\/verify\/call$/, 'verify', sending.verifyCall],
  ['PUT', /^\/v1\/verify\/completion\/([^/]+)$/, 'verify', sending.completeVerify],
  ['GET', /^\/v1\/verify\/([^/]+)$/, 'verify', sending.verifyStatus],
  ['GET', /^\/v1\/phoneid\/live\/([^/]+)$/, 'verify', phoneIdLive],
  ['POST', /^\/v1\/phoneid(?:\/([^/]+))?$/, 'phoneid', phoneId],
  ['POST', /^\/v1\/score\/([^/]+)$/, 'sms', intelligence],
  ['POST', /^\/intelligence(?:\/phone)?$/, 'sms', intelligence],
  ['POST', /^\/v1\/omnichannel$/, 'omnichannel', channels.sendOmnichannel],
  ['POST', /^\/v1\/omnichannel\/templates$/, 'omnichannel', channels.createTemplate],
  ['GET', /^\/v1\/omnichannel\/templates$/, 'omnichannel', channels.listTemplates],
  ['GET', /^\/v1\/omnichannel\/templates\/(whatsapp|sms)\/([^/]+)$/, 'omnichannel', channels.oneTemplate],
  ['DELETE', /^\/v1\/omnichannel\/templates\/(whatsapp|sms)\/([^/]+)$/, 'omnichannel', channels.oneTemplate],
  ['GET', /^\/v1\/omnichannel\/([^/]+)$/, 'omnichannel', channels.omnichannelStatus],
  ['POST', /^\/verification$/, 'verification', channels.createVerification],
  ['GET', /^\/verification\/([^/]+)$/, 'verification', channels.verificationStatus],
  ['PATCH', /^\/verification\/([^/]+)\/state$/, 'verification', channels.finishVerification],
];

const familyOf = (path) => endpoints.find(([, pattern]) => pattern.test(path))?.[2] ?? 'sms';

/** Contradictions and gaps that real answers have had, for `edit` of a rule. */
export const oddities = {
  stringCode: (json) => void (json.status.code = String(json.status.code)),
  impossibleDate: (json) => void (json.status.updated_on = '2022-31-03T14:51:28.709526Z'),
  httpDate: (json) => void (json.status.updated_on = 'Thu, 23 Jun 2022 19:03:44 GMT'),
  contradictoryBlock: (json) =>
    void (json.blocklisting = { block_code: 0, block_description: 'Not blocked', blocked: true }),
  contradictoryRisk: (json) => void (json.risk = { level: 'very-low', recommendation: 'block', score: 959 }),
  nullObjects: (json) => Object.fromEntries(Object.entries(json).map(([name, value]) =>
    [name, name !== 'status' && typeof value === 'object' ? null : value])),
  missingObjects: (json) => Object.fromEntries(Object.entries(json).filter(([name, value]) =>
    name === 'status' || typeof value !== 'object')),
  nullStatus: (json) => void (json.status = null),
  noStatus: (json) => void delete json.status,
  noReference: (json) => void delete json.reference_id,
  extraFields: (json) => void Object.assign(json, { new_in_2030: { deep: [1, { deeper: null }] } }),
  unknownCode: (json) => void (json.status.code = 291),
};

/**
 * Starts the stand-in.
 *   t            a test context: it stops when that test is over; else call stop()
 *   customerId, apiKey   the only credentials that it knows
 *   callbackUrl  the account's own, for messages without a callback_url
 *   screenAbove  a risk score above which SMS Verify refuses to send (status 233), as some accounts are set up
 */
export async function startTelesign({ t, ...options } = {}) {
  return new Telesign(options).start(t);
}

class Telesign extends StandIn {
  /**
   * What it sent, oldest first: {to, text, type, channel, product, external_id, reference_id, callback_url}, the verify
   * products' with `code`, omnichannel's with {template, parameters}. `to` is as on the wire: digits.
   */
  messages = [];
  /** By reference id: what became of each accepted request. */
  transactions = new Map();
  /** By 'channel/name': WhatsApp and SMS templates; mandatory_parameters names what a message must give. */
  templates = new Map();
  numbers = new Numbers();
  #outbox = new Mailbox();
  #authenticator;

  constructor({ customerId = CUSTOMER_ID, apiKey = API_KEY, callbackUrl, screenAbove } = {}) {
    super();
    Object.assign(this, { customerId, callbackUrl, screenAbove });
    this.#authenticator = new Authenticator({ customerId, apiKey });
  }

  get apiKey() {
    return this.#authenticator.apiKey;
  }

  /** The account's key changes: requests and callbacks are signed with it from now on. */
  set apiKey(key) {
    this.#authenticator.apiKey = key;
  }

  /** How far a Date may be from now, in ms. */
  set dateTolerance(ms) {
    this.#authenticator.tolerance = ms;
  }

  /** Resolves with the next message (to that number, by that channel) that was not handed out yet. */
  nextMessage({ to, channel } = {}, patience) {
    const matches = (message) => (to === undefined || digitsOf(to) === message.to)
      && (channel === undefined || channel === message.channel);
    const seen = () => this.requests.map(({ method, path, http }) => `${method} ${path} ${http}`).join(', ') || 'none';
    return this.#outbox.next(matches, () => `a message to ${to ?? 'anybody'}; requests: ${seen()}`, patience);
  }

  /** The messages to a number, oldest first. */
  messagesTo(phone) {
    return this.messages.filter(({ to }) => to === digitsOf(phone));
  }

  /** Describes a number: see Numbers.set. */
  number(phone, description) {
    this.numbers.set(phone, description);
  }

  /** What a status request answers from now on. */
  setStatus(reference, code, time) {
    this.#known(reference).status = statusOf(code, time);
  }

  /** From now on the reference id is too old to ask about. */
  expire(reference) {
    this.#known(reference).expired = true;
  }

  /**
   * Posts a delivery receipt for a message, and answers status requests alike from then on.
   *   code       the status code; `state` too for the Verify API
   *   url        instead of the message's callback_url or the account's
   *   edit       (json) => json or undefined: changes the body before it is signed
   *   at         ms: updated_on
   *   signature  documented, bare, authorizationOnly, otherCustomer, otherKey, garbage, none, tampered or reserialised
   *   times, attempts, waits, timeout: see postCallback
   */
  receipt(reference, { code = 200, state, url, edit, at, ...options } = {}) {
    const transaction = this.#known(reference);
    transaction.status = statusOf(code, at);
    if (state !== undefined) transaction.state = state;
    const body = receiptBody(transaction);
    const target = url ?? transaction.callbackUrl ?? this.callbackUrl;
    return postCallback(this, target, edit?.(body) ?? body, options);
  }

  /** Posts a receipt for each of the codes, dated in the order given, the last first. Resolves with the results so. */
  async receiptsReversed(reference, codes, options = {}) {
    const start = Date.now() - 1000 * codes.length;
    const dated = codes.map((code, i) => ({ ...options, code, at: start + 1000 * i })).reverse();
    const results = [];
    for (const one of dated) results.push(await this.receipt(reference, one));
    this.setStatus(reference, codes.at(-1));
    return results;
  }

  /** Posts a person's text: {from, to, text, channel: 'sms' | 'whatsapp', answers (a reference id), postback}. */
  inbound({ url = this.callbackUrl, edit, signature, times, attempts, waits, timeout, ...text }) {
    const body = inboundBody(text);
    return postCallback(this, url, edit?.(body) ?? body, { signature, times, attempts, waits, timeout });
  }

  /** Posts any bytes or JSON as a callback; options as in receipt(). */
  callback(body, { url = this.callbackUrl, ...options } = {}) {
    return postCallback(this, url, body, options);
  }

  // What the endpoints use.

  /** Remembers an accepted request: {product, to, status, externalId, callbackUrl} and what else the product needs. */
  transact(request, details) {
    const reference = newReference();
    const asked = request.rule?.status;
    const fresh = { reference, externalId: null, created: timestamp(), codeState: 'UNKNOWN', codeEntered: '' };
    const transaction = { ...fresh, ...details, ...(asked === undefined ? {} : { status: statusOf(asked) }) };
    this.transactions.set(reference, transaction);
    request.reference = reference;
    return transaction;
  }

  /** Sends a message, unless the request's rule says that this one is blocked. */
  deliver(request, { reference, product, externalId = null, callbackUrl = null }, message) {
    if (request.rule?.accept === false) return;
    const sent = { ...message, product, external_id: externalId, reference_id: reference, callback_url: callbackUrl };
    this.messages.push(sent);
    this.#outbox.add(sent);
  }

  /** The risk of a number whose score is above what this account sends to. */
  riskAbove({ phone_number: to }) {
    const risk = riskOf(this.numbers.of(to));
    return this.screenAbove !== undefined && risk.score > this.screenAbove ? risk : undefined;
  }

  // What StandIn calls.

  /** Finds out who asks and for what; returns the answer to a request that is refused. */
  open(request) {
    request.family = familyOf(request.path);
    request.subResource = request.path.match(/^\/v1\/verify\/(sms|call)$/)?.[1];
    request.fields = fieldsOf(request);
    const candidates = endpoints.filter(([, pattern]) => pattern.test(request.path));
    const found = candidates.find(([method]) => method === request.method);
    const captured = found ? request.path.match(found[1]).slice(1) : [];
    const { phone_number: phone, recipient } = request.fields ?? {};
    const subject = captured[0] && this.transactions.get(captured[0]);
    request.recipient = phone ?? recipient?.phone_number ?? subject?.to ?? captured[0];
    const denied = this.#authenticator.check(request);
    if (denied) return refuseFor(request, denied.reason, denied.signatureString);
    if (!found) return refuseFor(request, candidates.length > 0 ? 'wrongMethod' : 'notFound');
    request.perform = () => found[3](this, request, ...captured);
    return undefined;
  }

  accept(request) {
    try {
      return { http: 200, json: request.perform() };
    } catch (error) {
      if (error instanceof Refusal) return refusal(request, error);
      throw error;
    }
  }

  error(request, rule) {
    return faultOf(request, rule);
  }

  #known(reference) {
    const transaction = this.transactions.get(reference);
    if (transaction === undefined) throw new Error(`no transaction ${reference}`);
    return transaction;
  }
}

/**
 * The parameters of a body. Only a PATCH may leave out its Content-Type: Telesign's own client does. Undefined for what
 * is no JSON where nothing else will do.
 */
function fieldsOf({ method, raw, headers, family }) {
  const [type] = (headers['content-type'] ?? '').split(';');
  if (raw.length === 0) return {};
  const text = raw.toString('utf8');
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (type !== 'application/json' && (method !== 'PATCH' || type !== '')) return {};
  try {
    return JSON.parse(text);
  } catch {
    return ['omnichannel', 'verification'].includes(family) ? undefined : {};
  }
}
