// A stand-in for Meta's WhatsApp Cloud API: messages and media of one phone number, and the webhooks that tell what
// became of them and what people wrote. It misbehaves when a test asks for it.
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { checkMessage, GraphError } from './meta_message_rules.mjs';
import { digitsOf, Mailbox, postWebhook, spoil, StandIn } from './stand_in.mjs';

export { misbehaviour } from './stand_in.mjs';

export const ACCESS_TOKEN = 'EAAdummyAccessTokenOfNobody';
export const APP_SECRET = 'app_secret_example';
export const VERIFY_TOKEN = 'verify_token_example';
export const PHONE_NUMBER_ID = '106540352242922';

/** By code: [HTTP status, what Graph says]. */
const graphErrors = {
  2: [503, 'Service temporarily unavailable'],
  100: [400, 'Invalid parameter'],
  190: [401, 'Invalid OAuth access token - Cannot parse access token'],
  130429: [429, 'Rate limit hit'],
  131000: [500, 'Something went wrong'],
  131008: [400, 'Required parameter is missing'],
  131026: [400, 'Message undeliverable'],
  131047: [400, 'Re-engagement message'],
  131048: [429, 'Spam rate limit hit'],
  131056: [429, '(Business Account, Consumer Account) pair rate limit hit'],
  132000: [400, 'Number of parameters does not match the expected number of params'],
  132001: [404, 'Template name does not exist in the translation'],
};
const faults = { rateLimited: 130429, unavailable: 2, internalError: 131000 };

function errorAnswer(code, details, http) {
  const [usual, title] = graphErrors[code] ?? [400, 'Error'];
  const error = {
    message: `(#${code}) ${title}`,
    type: 'OAuthException',
    code,
    error_data: { messaging_product: 'whatsapp', details: details ?? title },
    fbtrace_id: randomBytes(8).toString('base64url'),
  };
  return { http: http ?? usual, json: { error } };
}

/** X-Hub-Signature-256 of these bytes. */
export const hubSignature = (appSecret, bytes) =>
  `sha256=${createHmac('sha256', appSecret).update(bytes).digest('hex')}`;

/** By name of a signature: the headers that carry it. `tampered` and `reserialised` change the body after signing. */
const signatures = {
  documented: (secret, bytes) => ({ 'X-Hub-Signature-256': hubSignature(secret, bytes) }),
  otherSecret: (secret, bytes) => ({ 'X-Hub-Signature-256': hubSignature(`${secret}!`, bytes) }),
  sha1Only: (secret, bytes) =>
    ({ 'X-Hub-Signature': `sha1=${createHmac('sha1', secret).update(bytes).digest('hex')}` }),
  garbage: () => ({ 'X-Hub-Signature-256': 'sha256=zz' }),
  none: () => ({}),
};

/** The text a person reads: of a template, its first text parameter. */
function textOf({ type, text, template, interactive, ...message }) {
  if (type === 'template') {
    const parameters = (template.components ?? []).flatMap((component) => component.parameters ?? []);
    return parameters.find((one) => one.text !== undefined)?.text;
  }
  return text?.body ?? interactive?.body.text ?? message[type]?.caption;
}

const METADATA = { display_phone_number: '15550783881' };
const unixSeconds = (time) => String(Math.floor(time / 1000));

/** The `messages[]` entry of what a person sent: {text} | {button: {id, title}} | {row: {...}} | {quickReply: {...}} */
function inboundMessage({ from, id, answers, at = Date.now(), text, button, row, quickReply }) {
  const context = answers === undefined ? {} : { context: { from: METADATA.display_phone_number, id: answers } };
  const head = { ...context, from: digitsOf(from), id, timestamp: unixSeconds(at) };
  if (text !== undefined) return { ...head, type: 'text', text: { body: text } };
  if (quickReply) return { ...head, type: 'button', button: quickReply };
  const interactive = button ? { type: 'button_reply', button_reply: button } : { type: 'list_reply', list_reply: row };
  return { ...head, type: 'interactive', interactive };
}

/**
 * Starts the stand-in.
 *   t            a test context: it stops when that test is over; else call stop()
 *   token, appSecret, verifyToken, phoneNumberId   what the app was given
 *   webhookUrl   where it posts unless a call says otherwise
 *   templates    [{name, language, category, parameters (a count)}]; with none, any well-formed template passes
 */
export async function startMeta({ t, ...options } = {}) {
  return new Meta(options).start(t);
}

class Meta extends StandIn {
  /** What it sent, oldest first: the request's JSON with `id`, `channel` and the `text` that a person reads. */
  messages = [];
  media = new Map();
  templates = new Map();
  #outbox = new Mailbox();

  constructor({ token = ACCESS_TOKEN, appSecret = APP_SECRET, verifyToken = VERIFY_TOKEN, ...options } = {}) {
    super();
    const { phoneNumberId = PHONE_NUMBER_ID, webhookUrl, templates = [] } = options;
    Object.assign(this, { token, appSecret, verifyToken, phoneNumberId, webhookUrl });
    for (const one of templates) this.templates.set(`${one.name}/${one.language}`, one);
  }

  /** Resolves with the next message (to that number) that was not handed out yet. */
  nextMessage({ to } = {}, patience) {
    const matches = (message) => to === undefined || digitsOf(to) === digitsOf(message.to);
    return this.#outbox.next(matches, () => `a WhatsApp message to ${to ?? 'anybody'}`, patience);
  }

  /**
   * Posts that a message was 'sent', 'delivered', 'read' or 'failed' (with `code`, an error). `at`: ms; the other
   * options are those of webhook().
   */
  status(id, status, { code, at = Date.now(), ...options } = {}) {
    const message = this.messages.find((one) => one.id === id);
    const entry = { id, status, timestamp: unixSeconds(at), recipient_id: digitsOf(message?.to) };
    const opaque = message?.biz_opaque_callback_data;
    if (opaque !== undefined) entry.biz_opaque_callback_data = opaque;
    if (status === 'failed') {
      const [, title] = graphErrors[code ?? 131026] ?? [400, 'Error'];
      entry.errors = [{ code: code ?? 131026, title, message: title, error_data: { details: title } }];
    } else {
      entry.pricing = { billable: true, pricing_model: 'PMP', category: 'authentication' };
    }
    return this.webhook({ statuses: [entry] }, options);
  }

  /** Posts what a person sent: see inboundMessage; the options are those of webhook(). Resolves with its `id` too. */
  async inbound({ from, text, button, row, quickReply, answers, at, id = newWamid(), ...options }) {
    const message = inboundMessage({ from, id, answers, at, text, button, row, quickReply });
    const contacts = [{ profile: { name: 'Kerry Fisher' }, wa_id: digitsOf(from) }];
    return { id, ...(await this.webhook({ contacts, messages: [message] }, options)) };
  }

  /**
   * Posts a change of the field 'messages', signed over the raw bytes.
   *   url        instead of webhookUrl
   *   edit       (json) => json or undefined: changes the payload before it is signed
   *   signature  documented | otherSecret | sha1Only | garbage | none | tampered | reserialised
   *   times      copies;  attempts, waits: posts again after an answer that is not 200
   * Resolves with {status (the last), statuses (all), bytes}.
   */
  async webhook(value, { url = this.webhookUrl, edit, signature = 'documented', ...repeated } = {}) {
    const { times = 1, attempts = 1, waits = [] } = repeated;
    if (url === undefined) throw new Error('this webhook has no URL');
    const metadata = { ...METADATA, phone_number_id: this.phoneNumberId };
    const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
    const payload = { object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [change] }] };
    const bytes = Buffer.from(JSON.stringify(edit?.(payload) ?? payload));
    const headers = (signatures[signature] ?? signatures.documented)(this.appSecret, bytes);
    const sent = spoil[signature]?.(bytes) ?? bytes;
    const statuses = [];
    for (let copy = 0; copy < times; copy++) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        if (attempt > 0) await pause(waits[attempt - 1] ?? 0);
        statuses.push((await postWebhook(url, sent, headers)).status);
        if (statuses.at(-1) === 200) break;
      }
    }
    return { status: statuses.at(-1), statuses, bytes: sent };
  }

  /** Subscribes the webhook, as when its URL is entered in the app's settings. Resolves with {status, text, good}. */
  async handshake({ url = this.webhookUrl, token = this.verifyToken, mode = 'subscribe', ...more } = {}) {
    const { challenge = '1158201444' } = more;
    const target = new URL(url);
    const query = { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge };
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    const answer = await fetch(target);
    const text = await answer.text();
    return { status: answer.status, text, good: answer.status === 200 && text === challenge };
  }

  // What StandIn calls.

  open(request) {
    const [, version, id, edge] = request.path.match(/^\/(v\d+\.\d+)\/(\d+)(?:\/(messages|media))?$/) ?? [];
    request.json = parse(request);
    request.recipient = request.json?.to;
    if (request.headers.authorization !== `Bearer ${this.token}`) return errorAnswer(190);
    const known = { POST: edge, GET: edge === undefined ? 'number' : undefined }[request.method];
    if (version === undefined || id !== this.phoneNumberId || known === undefined) {
      const method = request.method.toLowerCase();
      return errorAnswer(100, `Unsupported ${method} request. Object with ID '${id}' does not exist`);
    }
    const actions = {
      messages: () => this.#send(request),
      media: () => this.#upload(request),
      number: () => this.#about(),
    };
    request.perform = actions[known];
    return undefined;
  }

  accept(request) {
    try {
      return { http: 200, json: request.perform() };
    } catch (error) {
      if (error instanceof GraphError) return errorAnswer(error.code, error.details, error.http);
      throw error;
    }
  }

  error(request, { fault, code = faults[fault], http, details }) {
    const byHttp = { 401: 190, 429: 130429, 500: 131000, 503: 2 };
    return errorAnswer(code ?? byHttp[http] ?? 100, details, http);
  }

  #send({ json, rule }) {
    if (json === undefined) throw new GraphError(100, 'The body is no JSON');
    checkMessage(json, this.templates);
    const media = json[json.type]?.id;
    if (media !== undefined && !this.media.has(media)) throw new GraphError(100, `Media ${media} does not exist`);
    const id = newWamid();
    if (rule?.accept !== false) {
      const sent = { ...json, id, channel: 'whatsapp', text: textOf({ type: 'text', ...json }) };
      this.messages.push(sent);
      this.#outbox.add(sent);
    }
    const contacts = [{ input: json.to, wa_id: digitsOf(json.to) }];
    return { messaging_product: 'whatsapp', contacts, messages: [{ id, message_status: 'accepted' }] };
  }

  #upload({ raw, headers }) {
    const [, boundary] = headers['content-type']?.match(/^multipart\/form-data; ?boundary="?([^";]+)"?$/) ?? [];
    const parts = boundary === undefined ? [] : raw.toString('latin1').split(`--${boundary}`).slice(1, -1);
    const fields = new Map(parts.map((part) => {
      const end = part.indexOf('\r\n\r\n');
      return [part.slice(0, end).match(/name="([^"]*)"/)?.[1], part.slice(end + 4).replace(/\r\n$/, '')];
    }));
    if (fields.get('messaging_product') !== 'whatsapp') throw new GraphError(100, 'messaging_product is required');
    if (!fields.has('file')) throw new GraphError(131008, 'file is required');
    const id = String(1_000_000_000 + this.media.size);
    this.media.set(id, { bytes: Buffer.from(fields.get('file'), 'latin1'), type: fields.get('type') });
    return { id };
  }

  #about() {
    return { ...METADATA, id: this.phoneNumberId, verified_name: 'Kriya', quality_rating: 'GREEN' };
  }
}

const newWamid = () => `wamid.${randomBytes(36).toString('base64')}`;

function parse({ raw, headers }) {
  if (!headers['content-type']?.startsWith('application/json')) return undefined;
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}
