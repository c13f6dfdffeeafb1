// A browser as the server sees it: the cookie that scripts cannot read, the CSRF token that they send, and a reader of
// server-sent events. Every JSON answer is held against the server's OpenAPI document.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

import { call, uniquePhone } from './kriya.mjs';
import { codeTo, from, messagesTo, newAddress, REGISTER } from './sign_in.mjs';

/** One event of a stream: {event, data, id, at}; data is parsed where it is JSON, `at` is performance.now(). */
class EventParser {
  events = [];
  comments = [];
  #rest = '';
  #event = {};

  feed(text, at) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) this.#take(line.replace(/\r$/, ''), at);
  }

  #take(line, at) {
    if (line.startsWith(':')) return void this.comments.push({ text: line.slice(1).trim(), at });
    if (line === '') {
      const { data, event = 'message', id } = this.#event;
      this.#event = {};
      if (data === undefined) return;
      this.events.push({ event, id, at, data: parsed(data.join('\n')) });
      return;
    }
    const [, name, value] = line.match(/^([^:]*)(?:: ?(.*))?$/s);
    if (name === 'data') (this.#event.data ??= []).push(value ?? '');
    else this.#event[name] = value ?? '';
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** An answer that comes in events. */
export class EventStream {
  #parser = new EventParser();
  #changed = new Set();
  #over = false;

  constructor(request, response) {
    Object.assign(this, { request, status: response.statusCode, headers: response.headers });
    response.setEncoding('utf8');
    response.on('data', (text) => {
      this.#parser.feed(text, performance.now());
      this.#tell();
    });
    /** Resolves when nothing more comes; true: the answer was whole. */
    this.ended = new Promise((resolve) => {
      response.on('error', () => {}).once('close', () => {
        this.#over = true;
        resolve(response.complete);
        this.#tell();
      });
    });
  }

  get events() {
    return this.#parser.events;
  }

  get comments() {
    return this.#parser.comments;
  }

  /** The events of one name. */
  named(name) {
    return this.events.filter(({ event }) => event === name);
  }

  /** Resolves with the first event of this name that matches, come already or not. */
  next(name, matches = () => true, patience = 15_000) {
    return this.#when(() => this.events.find((one) => one.event === name && matches(one.data)), name, patience);
  }

  /** Resolves with the first comment. */
  comment(patience) {
    return this.#when(() => this.comments[0], 'a comment', patience);
  }

  /** Resolves with all events once the answer is over, which must be whole. */
  async all() {
    assert.ok(await this.ended, `the answer broke off after ${JSON.stringify(this.events)}`);
    return this.events;
  }

  /** The browser goes away. */
  close() {
    this.request.destroy();
  }

  #tell() {
    for (const check of [...this.#changed]) check();
  }

  #when(find, what, patience) {
    return new Promise((resolve, reject) => {
      const settle = (how, value) => {
        this.#changed.delete(check);
        clearTimeout(timer);
        how(value);
      };
      const fail = (why) => settle(reject, new Error(`${what}: ${why}; there were ${JSON.stringify(this.events)}`));
      const timer = setTimeout(() => fail(`not within ${patience} ms`), patience);
      const check = () => {
        const found = find();
        if (found !== undefined) settle(resolve, found);
        else if (this.#over) fail('the answer is over');
      };
      this.#changed.add(check);
      check();
    });
  }
}

/** Begins a request of a page's script, which `destroy()` drops. */
function begin(kriya, target, json, headers) {
  const body = JSON.stringify(json);
  const request = http.request({
    host: kriya.settings.HOST, port: kriya.port, method: 'POST', path: target, agent: kriya.agent,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers },
  });
  request.end(body);
  return request;
}

export class Browser {
  /** Opens the page: asks for the status, which gives the cookie and the CSRF token. */
  static async open(kriya) {
    const browser = new Browser(kriya);
    await browser.refresh();
    return browser;
  }

  constructor(kriya) {
    this.kriya = kriya;
  }

  /** GET /api/status, with the cookie if there is one; resolves with its body. */
  async refresh() {
    const answer = await call(this.kriya, 'GET', '/api/status', { headers: this.cookieHeader });
    assert.equal(answer.status, 200, answer.text);
    this.#keep(answer);
    this.status = answer.json;
    return answer.json;
  }

  get cookieHeader() {
    return this.cookie === undefined ? {} : { Cookie: this.cookie };
  }

  /** What a page's own script sends with everything that changes something. */
  get headers() {
    return { ...this.cookieHeader, 'X-CSRF-Token': this.csrf };
  }

  request = (method, target, { headers = {}, ...options } = {}) =>
    call(this.kriya, method, target, { ...options, headers: { ...this.headers, ...headers } });
  get = (target) => this.request('GET', target);
  post = (target, json, headers) => this.request('POST', target, { json, headers });
  patch = (target, json) => this.request('PATCH', target, { json });
  delete = (target) => this.request('DELETE', target);

  /** POSTs and reads the answer as events; resolves when its head has come. */
  async stream(target, json, headers = {}) {
    const all = { ...this.headers, Accept: 'text/event-stream', ...headers };
    const request = begin(this.kriya, target, json, all);
    const [response] = await once(request, 'response');
    request.on('error', () => {}); // it is ours to end
    return new EventStream(request, response);
  }

  /** POSTs, and will not wait for the answer; the browser goes away with `destroy()`. */
  start(target, json) {
    return begin(this.kriya, target, json, this.headers).on('error', () => {});
  }

  /**
   * Signs a person in by the code that the phone gets. The server must want proof (startVerifying).
   *   code  (phone) => promise of the code; what the console provider prints otherwise
   */
  async signIn({ phone = uniquePhone(), first_name = 'Asha', code } = {}) {
    const before = messagesTo(this.kriya, phone).length;
    const asked = await call(this.kriya, 'POST', REGISTER, {
      json: { phone_number: phone, first_name }, headers: from(newAddress()),
    });
    assert.equal(asked.status, 202, asked.text);
    const typed = await (code ? code(phone) : codeTo(this.kriya, phone, before + 1));
    const json = { verification_id: asked.json.verification.id, code: typed };
    const answer = await this.post('/api/session', json, from(newAddress()));
    assert.equal(answer.status, 200, answer.text);
    this.#keep(answer);
    Object.assign(this, { phone, user: answer.json.user, code: typed });
    return this;
  }

  #keep({ headers, json }) {
    const [pair] = headers['set-cookie']?.[0]?.split(';') ?? assert.fail('no cookie was set');
    this.cookie = pair;
    this.csrf = json.csrf_token;
    assert.equal(typeof this.csrf, 'string');
  }
}
