// Talks to kriya's /mcp as clients of both eras do: single requests, sessions, and streams that are read event by
// event.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

import { bearer } from './accounts.mjs';
import { run, send } from './kriya.mjs';
import { Mailbox } from './stand_in.mjs';

export const MODERN = '2026-07-28';
export const LEGACY = '2025-11-25';
export const BOTH = 'application/json, text/event-stream';

/** Without what a whole server needs and a sub-command must not have. */
const settingsOf = ({ settings: { PORT, ...env } }) => env;

/** `kriya ...` on the database of a running server; resolves with what it printed. */
export async function operate(kriya, ...args) {
  const { code, stdout, stderr } = await run(args, { cwd: kriya.cwd, env: settingsOf(kriya) });
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** A new registered client: {client_id, client_secret}. */
export async function createClient(kriya, scope) {
  const shown = await operate(kriya, 'client', 'create', '--name', 'Bot', ...(scope ? ['--scope', scope] : []));
  const [, client_id, client_secret] = shown.match(/^client_id +(\S+)\nclient_secret +(\S+)\n$/);
  return { client_id, client_secret };
}

/** The token that POST /auth/token gives: with credentials a client's, without the demo token. */
export async function tokenOf(kriya, credentials) {
  const json = credentials && { grant_type: 'client_credentials', ...credentials };
  const answer = await send(kriya, 'POST', '/auth/token', { json });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.access_token;
}

export const textOf = ({ content }) => content.map(({ text }) => text).join('');

/** The JSON-RPC messages of an answer, whichever way it came. */
function messagesOf({ json, text, headers }) {
  if (!headers['content-type']?.startsWith('text/event-stream')) return [json].flat();
  return [...text.matchAll(/^data:[ ]?(.+)$/gm)].filter(([, data]) => data.trim()).map(([, data]) => JSON.parse(data));
}

/** One POST to /mcp; resolves with the answer and, as `rpc`, its last message. */
export async function post(kriya, token, json, { path = '/mcp', headers = {}, ...options } = {}) {
  const answer = await send(kriya, 'POST', path, {
    json,
    headers: { ...(token && bearer(token)), Accept: BOTH, ...headers },
    ...options,
  });
  return Object.assign(answer, { rpc: messagesOf(answer).at(-1) });
}

let requests = 0;
export const messageOf = (method, params, id = ++requests) => ({ jsonrpc: '2.0', id, method, params });

/** Body and headers of a request of the modern era. */
export function modernRequest(method, params = {}, meta = {}) {
  const name = params.name ?? params.uri;
  return {
    json: messageOf(method, {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': MODERN,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
        ...meta,
      },
    }),
    headers: {
      'MCP-Protocol-Version': MODERN,
      'Mcp-Method': method,
      ...(name === undefined ? {} : { 'Mcp-Name': name }),
    },
  };
}

/** A request of the modern era, as `post`. */
export function ask(kriya, token, method, params, { headers, meta, ...options } = {}) {
  const made = modernRequest(method, params, meta);
  return post(kriya, token, made.json, { ...options, headers: { ...made.headers, ...headers } });
}

export const callTool = (kriya, token, name, args = {}, options) =>
  ask(kriya, token, 'tools/call', { name, arguments: args }, options);

/** The names of the tools that the bearer of a token sees. */
export async function toolsOf(kriya, token) {
  const { rpc, text } = await ask(kriya, token, 'tools/list');
  assert.ok(rpc.result, text);
  return rpc.result.tools.map(({ name }) => name);
}

/** A session of the legacy era. */
export class Session {
  static async open(kriya, token, { version = LEGACY, ...options } = {}) {
    const clientInfo = { name: 'e2e', version: '1' };
    const json = messageOf('initialize', { protocolVersion: version, capabilities: {}, clientInfo });
    const answer = await post(kriya, token, json, options);
    assert.equal(answer.status, 200, answer.text);
    const session = new Session(kriya, token, answer.headers['mcp-session-id'], version);
    session.opened = answer.rpc.result;
    assert.equal((await session.send({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202);
    return session;
  }

  constructor(kriya, token, id, version) {
    Object.assign(this, { kriya, token, id, version });
  }

  get headers() {
    return { 'Mcp-Session-Id': this.id, ...(this.version > '2025-06' && { 'MCP-Protocol-Version': this.version }) };
  }

  /** The same session as somebody else, or at another server, would use it. */
  seenBy({ kriya = this.kriya, token = this.token }) {
    return new Session(kriya, token, this.id, this.version);
  }

  send = (json, { headers, ...options } = {}) =>
    post(this.kriya, this.token, json, { ...options, headers: { ...this.headers, ...headers } });
  ask = (method, params, options) => this.send(messageOf(method, params), options);
  call = (name, args = {}, options) => this.ask('tools/call', { name, arguments: args }, options);
  end = () => send(this.kriya, 'DELETE', '/mcp', { headers: { ...bearer(this.token), ...this.headers } });

  /** GET, from an event on if one is given: a Stream. */
  listen = (lastEventId) =>
    Stream.open(this.kriya, 'GET', {
      ...bearer(this.token),
      ...this.headers,
      Accept: 'text/event-stream',
      ...(lastEventId && { 'Last-Event-ID': lastEventId }),
    });
}

/** An answer of server-sent events that is still being written, on a connection of its own. */
export class Stream {
  #events = new Mailbox();
  #rest = '';

  static async open(kriya, method, headers, json) {
    const payload = json && JSON.stringify(json);
    const request = http.request({
      host: '127.0.0.1',
      port: kriya.port,
      method,
      path: '/mcp',
      agent: false,
      headers: {
        ...headers,
        ...(payload && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }),
      },
    });
    request.end(payload);
    const [response] = await once(request, 'response');
    return new Stream(request, response);
  }

  constructor(request, response) {
    this.request = request;
    this.status = response.statusCode;
    this.headers = response.headers;
    response.setEncoding('utf8').on('data', (text) => this.#take(text));
    this.over = false;
    /** Resolves with whether the server ended it properly. */
    this.ended = new Promise((resolve) => {
      response.once('close', () => (this.over = true));
      response.once('end', () => resolve(true)).on('error', () => resolve(false));
    });
  }

  /** The next event: {id, event, data, message}. */
  next = () => this.#events.next(() => true, () => 'an event');
  destroy = () => this.request.destroy();

  #take(text) {
    const pieces = (this.#rest + text).split('\n\n');
    this.#rest = pieces.pop();
    for (const piece of pieces) {
      const lines = [...piece.matchAll(/^(\w+):[ ]?(.*)$/gm)];
      const fields = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
      if (Object.keys(fields).length === 0) continue; // a comment, so that nobody takes the connection for dead
      this.#events.add({ ...fields, message: fields.data ? JSON.parse(fields.data) : undefined });
    }
  }
}
