// What the stand-ins for messaging providers share: an HTTP server that writes down what it is asked, misbehaves when
// told to, and posts webhooks. What a provider means by a request is in the files beside this one.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

const PATIENCE = 15_000; // ms that a test waits for something that should come soon

/** The digits of a phone number however it is written: providers write 15558675309, tests +15558675309. */
export const digitsOf = (phone) => String(phone ?? '').replace(/\D/g, '');

/** Things that come in and are handed out once each, in order of arrival. */
export class Mailbox {
  #items = [];
  #taken = new Set();
  #waiters = new Set();

  add(item) {
    this.#items.push(item);
    for (const check of [...this.#waiters]) check();
  }

  /** Resolves with the first item that matches and was not handed out yet; rejects with `what` after `patience` ms. */
  async next(matches, what, patience = PATIENCE) {
    let timer;
    let check;
    const found = new Promise((resolve, reject) => {
      check = () => {
        const item = this.#items.find((one) => !this.#taken.has(one) && matches(one));
        if (item === undefined) return;
        this.#taken.add(item);
        this.#waiters.delete(check);
        resolve(item);
      };
      this.#waiters.add(check);
      timer = setTimeout(() => reject(new Error(`${what()}: not within ${patience} ms`)), patience);
      check();
    });
    try {
      return await found;
    } finally {
      this.#waiters.delete(check);
      clearTimeout(timer);
    }
  }
}

/**
 * One way to misbehave. The request must match `method`, `path` (text: equal or a folder above; or a RegExp) and `to`
 * (a phone number), as far as they are given; the first `times` (1) requests that do are met so:
 *   accept   false: the provider does nothing with the request. True unless an error (fault, http, code) is asked for
 *   fault    'rateLimited', 'unavailable', 'internalError': the documented refusal of the endpoint that was called
 *   http     the HTTP status;  code  the provider's error code, in the place where that endpoint has it
 *   status   the provider's status code in an otherwise good answer; with accept: false nothing is sent
 *   text     the body as it is, instead of JSON
 *   edit     (json) => json or undefined: changes the answer's JSON, in place or by returning another
 *   delay    ms before the answer
 *   answer   'never' | 'held' (until release()) | 'close' | 'reset' (RST) | 'cut' (half of the answer, then the end)
 * Whether a connection breaks before or after the request was accepted is a matter of `accept`.
 */
export class Rule {
  #struck = [];
  #arrivals = new Mailbox();

  constructor(given) {
    const refuses = given.fault !== undefined || given.code !== undefined || (given.http ?? 200) >= 400;
    Object.assign(this, { times: 1, accept: !refuses }, given);
    this.released = new Promise((resolve) => (this.release = resolve));
  }

  matches({ method, path, recipient }) {
    if (this.#struck.length >= this.times || (this.method !== undefined && this.method !== method)) return false;
    if (this.to !== undefined && digitsOf(this.to) !== digitsOf(recipient)) return false;
    if (this.path instanceof RegExp) return this.path.test(path);
    return this.path === undefined || path === this.path || path.startsWith(`${this.path}/`);
  }

  strike(request) {
    this.#struck.push(request);
    this.#arrivals.add(request);
  }

  /** The requests that met it. */
  get hits() {
    return this.#struck;
  }

  /** Resolves with the next request that meets it and was not handed out yet. */
  struck(patience) {
    return this.#arrivals.next(() => true, () => `a request that meets the rule ${describe(this)}`, patience);
  }

  /** Whether the provider answers with an error of its own. */
  get refuses() {
    const fails = (this.http ?? 200) >= 400 && this.text === undefined;
    return fails || this.fault !== undefined || this.code !== undefined;
  }
}

/** Rules to spread into behave(): `telesign.behave({ to: phone, ...misbehaviour.rateLimited })`. */
export const misbehaviour = {
  timesOutBeforeAccepting: { accept: false, answer: 'never' },
  timesOutAfterAccepting: { accept: true, answer: 'never' },
  closesBeforeAccepting: { accept: false, answer: 'close' },
  closesAfterAccepting: { accept: true, answer: 'close' },
  resetsAfterAccepting: { accept: true, answer: 'reset' },
  cutsTheAnswer: { accept: true, answer: 'cut' },
  rateLimited: { fault: 'rateLimited' },
  unavailable: { fault: 'unavailable' },
  internalError: { fault: 'internalError' },
  internalErrorAfterAccepting: { accept: true, fault: 'internalError' },
  notJson: { text: '<html><body>It works!</body></html>' },
  emptyBody: { text: '' },
  slow: (ms) => ({ delay: ms }),
};

export class StandIn {
  /** Every request: {method, target, path, query, headers, raw, recipient, refused, http}; the providers add to it. */
  requests = [];
  #rules = [];
  #server = http.createServer((incoming, response) => this.#serve(incoming, response));
  #arrivals = new Mailbox();

  /** Listens on a free port of 127.0.0.1 until the test of `t` is over, or stop(). */
  async start(t) {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    t?.after(() => this.stop());
    return this;
  }

  get port() {
    return this.#server.address().port;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends it with every connection, answered or not. */
  async stop() {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose]() {
    return this.stop();
  }

  /** Adds a Rule; of several that match, the oldest that is not used up counts. */
  behave(rule) {
    const added = new Rule(rule);
    this.#rules.push(added);
    return added;
  }

  /** Forgets all rules. */
  behaveWell() {
    for (const rule of this.#rules.splice(0)) rule.release();
  }

  /** Resolves with the next request that matches and was not handed out yet, refused or not. */
  nextRequest({ method, path, to } = {}, patience) {
    const wanted = new Rule({ method, path, to });
    const seen = () => this.requests.map(describe).join(', ') || 'none';
    const what = () => `a request ${describe({ method, path, to })}; there were: ${seen()}`;
    return this.#arrivals.next((request) => wanted.matches(request), what, patience);
  }

  async #serve(incoming, response) {
    const chunks = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk);
    } catch {
      return; // the client went away in the middle
    }
    const target = new URL(incoming.url, 'http://stand-in');
    const request = {
      method: incoming.method,
      target: incoming.url,
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      headers: incoming.headers,
      raw: Buffer.concat(chunks),
    };
    try {
      await this.#meet(request, response);
    } catch (error) {
      request.error = error;
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`the stand-in failed: ${error.stack}`);
    }
  }

  async #meet(request, response) {
    const refusal = this.open(request); // who asks, and for what
    request.refused = refusal !== undefined;
    const rule = refusal ? undefined : this.#rules.find((one) => one.matches(request));
    request.rule = rule;
    const accepted = refusal ?? this.#perform(request, rule);
    this.requests.push(request);
    this.#arrivals.add(request);
    request.http = accepted.http;
    rule?.strike(request);
    if (rule?.delay) await new Promise((resolve) => setTimeout(resolve, rule.delay));
    if (rule?.answer === 'held') await rule.released;
    this.#answer(response, accepted, rule);
  }

  #perform(request, rule) {
    if (rule?.refuses) {
      if (rule.accept) this.accept(request);
      return this.error(request, rule);
    }
    if (rule?.accept === false && rule.status === undefined) return { http: rule.http ?? 200, json: {} };
    const answer = this.accept(request);
    if (rule?.http !== undefined) answer.http = rule.http;
    if (rule?.edit) answer.json = rule.edit(answer.json) ?? answer.json;
    return answer;
  }

  #answer(response, { http: status, json }, rule) {
    const { socket } = response;
    if (socket === null || socket.destroyed || rule?.answer === 'never') return;
    if (rule?.answer === 'close') return void socket.destroy();
    if (rule?.answer === 'reset') return void socket.resetAndDestroy();
    const body = Buffer.from(rule?.text ?? JSON.stringify(json));
    const type = rule?.text === undefined ? 'application/json' : 'text/html';
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
    if (rule?.answer !== 'cut') return void response.end(body);
    response.write(body.subarray(0, body.length / 2), () => socket.destroy());
  }
}

/** One line for a failure: no body, since bodies hold codes. */
const describe = ({ method = '*', path = '*', recipient, to = recipient, http: status }) =>
  `${method} ${path}${to === undefined ? '' : ` to ${to}`}${status === undefined ? '' : ` (${status})`}`;

const isDigit = (byte) => byte >= 0x30 && byte <= 0x39;

/** How a webhook's bytes may be wrong although they were signed rightly; they stay good JSON. */
export const spoil = {
  tampered: (bytes) => {
    const last = bytes.findLastIndex(isDigit);
    return Buffer.from(bytes.map((byte, i) => (i === last ? byte ^ 1 : byte)));
  },
  reserialised: (bytes) => Buffer.from(JSON.stringify(JSON.parse(bytes), null, 1)),
};

/** Posts a webhook. Resolves with {status, text}; status is undefined when no answer came within `timeout` ms. */
export async function postWebhook(url, bytes, headers, { timeout = 5000 } = {}) {
  const { request } = new URL(url).protocol === 'https:' ? https : http;
  const signal = AbortSignal.timeout(timeout);
  const outgoing = request(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers, 'Content-Length': bytes.length },
    agent: false,
    rejectUnauthorized: false,
    signal,
  });
  try {
    outgoing.end(bytes);
    const [response] = await once(outgoing, 'response');
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    return { status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    return { status: undefined, text: '', error: error.code ?? error.name };
  }
}
