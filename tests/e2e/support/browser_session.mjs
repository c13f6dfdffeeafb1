// A browser as far as sessions go: it keeps the cookie that it was given last, and sends it back.
import assert from 'node:assert/strict';

import { call } from './kriya.mjs';
import { open } from './sign_in.mjs';

export const STATUS = '/api/status';
export const SESSION = '/api/session';

/** The name, the value and the attributes (in lower case, in order) of a Set-Cookie. */
export function parseCookie(header) {
  const [pair, ...attributes] = header.split(/; ?/);
  const equals = pair.indexOf('=');
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    attributes: attributes.map((one) => one.toLowerCase()).sort(),
  };
}

export class Browser {
  cookie; // "name=value"
  csrf;

  constructor(kriya) {
    this.kriya = kriya;
  }

  /** A request with the cookie, and whatever is given besides; a new cookie is kept. */
  async request(method, path, { headers = {}, kriya = this.kriya, ...options } = {}) {
    const all = { ...(this.cookie && { Cookie: this.cookie }), ...headers };
    const answer = await call(kriya, method, path, { ...options, headers: all });
    const set = answer.headers['set-cookie'];
    if (set) {
      assert.equal(set.length, 1);
      this.set = parseCookie(set[0]);
      this.cookie = this.set.value && `${this.set.name}=${this.set.value}`;
    }
    return answer;
  }

  /** With the CSRF token too. */
  send = (method, path, { headers = {}, ...options } = {}) =>
    this.request(method, path, { ...options, headers: { 'X-CSRF-Token': this.csrf, ...headers } });

  /** GET /api/status, and its body. */
  async status(options) {
    const answer = await this.request('GET', STATUS, options);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['cache-control'], 'no-store');
    this.csrf = answer.json.csrf_token;
    return answer.json;
  }

  /** Signs in from the first request to the last: the body of POST /api/session. */
  async signIn(fields = {}) {
    if (!this.csrf) await this.status();
    const { id, code } = await open(this.kriya, fields);
    const answer = await this.send('POST', SESSION, { json: { verification_id: id, code } });
    assert.equal(answer.status, 200, answer.text);
    this.csrf = answer.json.csrf_token;
    return answer.json;
  }

  signOut = () => this.send('DELETE', SESSION);

  /** The same cookie in another window, or in a thief's hands. */
  copy() {
    return Object.assign(new Browser(this.kriya), { cookie: this.cookie, csrf: this.csrf });
  }
}
