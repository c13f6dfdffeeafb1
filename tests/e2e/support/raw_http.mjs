// HTTP over a bare socket: sends exactly the bytes that it is given, and is strict about what comes back.
import { once } from 'node:events';
import net from 'node:net';

const PATIENCE = 15_000; // how long an answer may take where a test says nothing else

const latin1 = (bytes) => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));

/**
 * The bytes of one request, as a latin1 string. `headers` are [name, value] pairs and follow Host; a body or json brings
 * its Content-Length.
 */
export function request(method, target, { headers = [], json, body, host = 'kriya.test', version = '1.1' } = {}) {
  const payload = json === undefined ? body : Buffer.from(JSON.stringify(json)).toString('latin1');
  const lines = [`${method} ${target} HTTP/${version}`, `Host: ${host}`];
  if (json !== undefined) lines.push('Content-Type: application/json');
  if (payload !== undefined) lines.push(`Content-Length: ${payload.length}`);
  lines.push(...headers.map(([name, value]) => `${name}: ${value}`));
  return `${lines.join('\r\n')}\r\n\r\n${payload ?? ''}`;
}

/** A chunked body of these pieces, as a latin1 string. */
export const chunked = (...pieces) =>
  [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');

/** Sends the bytes on a connection of their own, and returns the given number of answers and how the connection ended. */
export async function exchange(port, bytes, { answers = 1, ...options } = {}) {
  const client = await RawClient.connect(port, options);
  try {
    client.send(bytes);
    const received = [];
    while (received.length < answers) received.push(await client.answer(options));
    return answers === 1 ? received[0] : received;
  } finally {
    client.destroy();
  }
}

export class RawClient {
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  /** `from` is this side's address: all of 127.0.0.0/8 is this machine. */
  static async connect(port, { host = '127.0.0.1', from } = {}) {
    const socket = net.connect({ host, port, localAddress: from, noDelay: true, allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    const ended = () => {
      this.#ended = true;
      this.#wake();
    };
    /** What became of the connection: an errno such as ECONNRESET, or undefined. */
    socket.on('error', (error) => {
      this.error = error.code;
      ended();
    });
    socket.on('end', ended).on('close', ended);
  }

  /** Hands the bytes to the kernel; true once it took them, false if the other side has gone. */
  send(bytes) {
    return new Promise((resolve) => this.socket.write(latin1(bytes), (error) => resolve(!error)));
  }

  /** Nothing more will be sent; answers are still read. */
  finish() {
    this.socket.end();
  }

  /** Closes with RST, as a crashed or impatient client does. */
  reset() {
    this.socket.resetAndDestroy();
  }

  destroy() {
    this.socket.destroy();
  }

  /** Stops and goes on taking bytes from the kernel. */
  pause() {
    this.socket.pause();
  }
  resume() {
    this.socket.resume();
  }

  get unread() {
    return this.#received;
  }

  /**
   * The next answer: {status, reason, version, headers (lower-case; repeated ones joined by ', '), body, text, json}.
   * `head` says that it answers a HEAD. Rejects when the connection ends before or within it.
   */
  async answer({ head = false, patience = PATIENCE } = {}) {
    const until = Date.now() + patience;
    for (;;) {
      const found = this.#take(head);
      if (found) return found;
      if (this.#ended) throw this.#failure('the connection ended before an answer');
      await this.#more(until);
    }
  }

  /** Resolves with all bytes that were left, once the server has closed the connection. */
  async closed({ patience = PATIENCE } = {}) {
    const until = Date.now() + patience;
    while (!this.#ended) await this.#more(until);
    return this.#received;
  }

  /** Resolves with every answer that still comes until the server closes the connection. */
  async answersUntilClosed(options = {}) {
    await this.closed(options);
    const answers = [];
    while (this.#received.length > 0) answers.push(await this.answer());
    return answers;
  }

  #more(until) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure('nothing came in time')), until - Date.now());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #failure(what) {
    const start = this.#received.subarray(0, 300).toString('latin1');
    const error = new Error(`${what}; unread: ${JSON.stringify(start)}${this.error ? ` (${this.error})` : ''}`);
    error.code = this.error;
    return error;
  }

  #take(head) {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine, ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const start = statusLine.match(/^HTTP\/(\d\.\d) (\d{3}) ([\x20-\x7e]*)$/);
    if (!start) throw this.#failure('this is no status line');
    const headers = {};
    for (const line of lines) {
      const field = line.match(/^([!#$%&'*+.^_`|~\w-]+): ?([\x20-\x7e\t]*)$/);
      if (!field) throw this.#failure(`this is no header: ${JSON.stringify(line)}`);
      const name = field[1].toLowerCase();
      headers[name] = name in headers ? `${headers[name]}, ${field[2]}` : field[2];
    }
    const status = Number(start[2]);
    const bodiless = head || status < 200 || status === 204 || status === 304;
    if (!bodiless && !/^\d+$/.test(headers['content-length'])) throw this.#failure('there is no Content-Length');
    const size = bodiless ? 0 : Number(headers['content-length']);
    if (this.#received.length < end + 4 + size) return undefined;
    const body = this.#received.subarray(end + 4, end + 4 + size);
    this.#received = this.#received.subarray(end + 4 + size);
    const text = body.toString('utf8');
    const isJson = size > 0 && /\bjson$/.test(headers['content-type'] ?? '');
    const json = isJson ? JSON.parse(text) : undefined;
    return { version: start[1], status, reason: start[3], headers, body, text, json };
  }
}
