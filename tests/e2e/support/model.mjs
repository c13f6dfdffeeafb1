// A stand-in for a server that speaks OpenAI's Chat Completions: strict about requests, and answering as real servers
// were seen to, with their oddities. An answer is {status, headers, type, steps}; the functions below make them.
import { once } from 'node:events';
import http from 'node:http';
import { setImmediate as soon, setTimeout as pause } from 'node:timers/promises';

import { complaintsAbout } from './model_rules.mjs';
import { Mailbox } from './stand_in.mjs';

/** Nobody's secret, and easily found wherever it should not be. */
export const MODEL_KEY = 'sk-e2e-Wd84kVnqT2model7YtRz';
export const MODEL_NAME = 'e2e-model-1';

let ids = 0;
/** A call's id, as OpenAI makes them; never the same. */
export const callId = () => `call_e2e${String(++ids).padStart(20, '0')}`;

/** One chunk of a stream. */
export const chunk = (delta, finish_reason = null, more = {}) => ({
  id: 'chatcmpl-AbCdEfGh', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'e2e-model-1-2026-01-01',
  service_tier: 'default', system_fingerprint: 'fp_44709d6fcb',
  choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...more,
});
export const line = (json) => `data: ${JSON.stringify(json)}\n\n`;
export const DONE = 'data: [DONE]\n\n';
export const usageChunk = (prompt = 120, completion = 12) => ({
  ...chunk({}),
  choices: [],
  usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
});

/** Steps of an answer besides text and bytes, which are written as they are. */
export const step = {
  /** Goes on when the promise is settled. */
  until: (promise) => ({ until: promise }),
  wait: (ms) => ({ wait: ms }),
  /** Ends the connection in the middle. */
  cut: { cut: true },
  /** Nothing more, and no end. */
  hang: { hang: true },
};

const stream = (...steps) => ({ status: 200, type: 'text/event-stream; charset=utf-8', steps: steps.flat(2) });
const pieces = (text, size) => text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];

const opening = () => line(chunk({ role: 'assistant', content: '', refusal: null }));
const textLines = (text, size = 4) => pieces(text, size).map((content) => line(chunk({ content })));
const ending = (reason) => [line(chunk({}, reason)), line(usageChunk()), DONE];

/** Speaks, in many small deltas. */
export const says = (text, size) => stream(opening(), textLines(text, size), ending('stop'));

/** As `says`, in pieces of `bytes` bytes that go out one by one: through characters and lines. */
export const saysInBytes = (text, bytes = 7) => {
  const all = Buffer.from([opening(), ...textLines(text, 8), ...ending('stop')].join(''));
  const cuts = [];
  for (let at = 0; at < all.length; at += bytes) cuts.push(all.subarray(at, at + bytes));
  return { ...stream(cuts), slowly: true };
};

/** A call: a name and its arguments, an object or the text that the model wrote. */
export const wish = (name, args, id = callId()) =>
  ({ id, name, text: typeof args === 'string' ? args : JSON.stringify(args) });

const begun = ({ id, name }, index) =>
  line(chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }));
const went = (text, index) => line(chunk({ tool_calls: [{ index, function: { arguments: text } }] }));
const callLines = (one, index) => [begun(one, index), ...pieces(one.text, 3).map((text) => went(text, index))];

/** Calls tools as OpenAI streams it: arguments split, one call after the other, each with its index. */
export const calls = (...wishes) => stream(opening(), wishes.flatMap(callLines), ending('tool_calls'));

/** Speaks first. */
export const saysAndCalls = (text, ...wishes) =>
  stream(opening(), textLines(text), wishes.flatMap(callLines), ending('tool_calls'));

/** What other servers make of it. */
export const odd = {
  /** All calls have index 0; only the ids tell them apart. */
  sameIndex: (...wishes) => stream(opening(), wishes.flatMap((one) => callLines(one, 0)), ending('tool_calls')),
  sameIndexWhole: (...wishes) => stream(
    opening(),
    wishes.map(({ id, name, text }) =>
      line(chunk({ tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: text } }] }))),
    ending('tool_calls'),
  ),
  /** The parts of the calls come in turns. */
  interleaved: (...wishes) => {
    const lines = wishes.map(callLines);
    const turns = Array.from({ length: Math.max(...lines.map(({ length }) => length)) }, (_, i) =>
      lines.flatMap((one) => one[i] ?? []));
    return stream(opening(), turns, ending('tool_calls'));
  },
  saysStop: (...wishes) => stream(opening(), wishes.flatMap(callLines), ending('stop')),
  argumentsAsObject: ({ id, name, text }) => stream(
    line(chunk({ role: 'assistant', content: null, tool_calls: [
      { index: 0, id, type: 'function', function: { name, arguments: JSON.parse(text) } }] })),
    ending('tool_calls'),
  ),
  noId: ({ name, text }) => stream(
    line(chunk({ tool_calls: [{ index: 0, type: 'function', function: { name, arguments: text } }] })),
    ending('tool_calls'),
  ),
  contentNull: (text) => stream(
    line(chunk({ role: 'assistant', content: null })), textLines(text), line(chunk({ content: null }, 'stop')), DONE,
  ),
  noDone: (text) => stream(opening(), textLines(text), line(chunk({}, 'stop'))),
  noUsage: (text) => stream(opening(), textLines(text), line(chunk({}, 'stop')), DONE),
  carriageReturns: (text) => stream(
    ': OPENROUTER PROCESSING\r\n\r\n',
    [opening(), ...textLines(text), ...ending('stop')].map((one) => one.replaceAll('\n', '\r\n')),
  ),
  spaceless: (text) => stream([opening(), ...textLines(text), ...ending('stop')].map((one) => one.replace(': ', ':'))),
  /** One JSON document although a stream was asked for. */
  document: ({ text = null, wishes = [] }) => ({
    status: 200,
    type: 'application/json',
    steps: [JSON.stringify({
      id: 'chatcmpl-AbCdEfGh', object: 'chat.completion', created: 1_790_000_000, model: 'e2e-model-1-2026-01-01',
      choices: [{ index: 0, logprobs: null, finish_reason: wishes.length ? 'tool_calls' : 'stop', message: {
        role: 'assistant', content: text, refusal: null,
        ...(wishes.length === 0 ? {} : { tool_calls: wishes.map(({ id, name, text: args }) =>
          ({ id, type: 'function', function: { name, arguments: args } })) }),
      } }],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    })],
  }),
  empty: () => stream(line(chunk({ role: 'assistant', content: '' })), ending('stop')),
};

/** Speaks, and then goes wrong. */
export const breaks = {
  cut: (text) => stream(opening(), textLines(text), step.cut),
  cutInCall: ({ id, name, text }) =>
    stream(opening(), begun({ id, name }, 0), went(text.slice(0, 4), 0), step.cut),
  hang: (text) => stream(opening(), textLines(text), step.hang),
  errorObject: (text, error = { message: `The server had an error with ${MODEL_KEY}.`, type: 'server_error' }) =>
    stream(opening(), textLines(text), line({ error }), DONE),
  garbage: (text) => stream(opening(), textLines(text), 'data: {"choices": [{"delta": {"cont\n\n', step.cut),
};

/** An answer with an error, in OpenAI's words, which quote the key as the real ones do. */
export const refuses = (status, code, headers = {}) => ({
  status,
  headers,
  type: 'application/json',
  steps: [JSON.stringify({ error: { message: `Incorrect: ${MODEL_KEY} may not.`, type: code, param: null, code } })],
});
export const failures = {
  unauthorised: refuses(401, 'invalid_api_key'),
  rateLimited: refuses(429, 'rate_limit_exceeded', { 'Retry-After': '17' }),
  broken: refuses(500, 'server_error'),
  unknownModel: refuses(404, 'model_not_found'),
  notJson: { status: 502, type: 'text/html', steps: [`<html>${MODEL_KEY}: Bad Gateway</html>`] },
};

/** The answer, so many ms later. */
export const after = (ms, answer) => ({ ...answer, before: ms });

/** The same text, all at once. */
export const inOnePacket = (answer) => ({ ...answer, steps: [answer.steps.join('')] });

/** Never even begins to answer. */
export const neverBegins = { silent: true };

/**
 * Starts the stand-in.
 *   t     a test context: it stops when that test is over; else call stop()
 *   key   the only key that it takes; empty: it asks for none
 */
export async function startModel({ t, key = MODEL_KEY } = {}) {
  const model = new Model(key);
  await model.start();
  t?.after(() => model.stop());
  return model;
}

class Model {
  /**
   * Every request: {headers, json, path, at, complaints, firstByteAt, over, ended}; the times are performance.now().
   * `over` resolves with {cut, at}, where `cut` says that the client went away before the answer was over; `ended` is
   * the same, undefined until then.
   */
  requests = [];
  #script = [];
  #otherwise = () => says('And so on.');
  #arrivals = new Mailbox();
  #server = http.createServer((incoming, response) => this.#serve(incoming, response));

  constructor(key) {
    this.key = key;
    this.#server.keepAliveTimeout = 60_000;
  }

  async start() {
    this.#server.listen(0, '127.0.0.1', 1024);
    await once(this.#server, 'listening');
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  /** The settings by which a server asks this model. */
  get settings() {
    return { OPENAI_BASE_URL: this.url, OPENAI_API_KEY: this.key || undefined, OPENAI_MODEL: MODEL_NAME };
  }

  /** Ends it with every connection. */
  async stop() {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The answers to the next requests, one each; a function is asked with the request. */
  script(...answers) {
    this.#script.push(...answers);
  }

  /** The answer to every request for which the script has none. */
  otherwise(answer) {
    this.#otherwise = answer;
  }

  /** Forgets script, requests and what else a test left. */
  reset() {
    this.#script = [];
    this.#otherwise = () => says('And so on.');
    this.requests = [];
    this.#arrivals = new Mailbox();
  }

  get unusedAnswers() {
    return this.#script.length;
  }

  /** Resolves with the next request that matches and was not handed out yet. */
  nextRequest(matches = () => true, patience = undefined) {
    return this.#arrivals.next(matches, () => `a question to the model; there were ${this.requests.length}`, patience);
  }

  /** All that was wrong with any request. */
  get complaints() {
    return this.requests.flatMap(({ complaints }) => complaints);
  }

  async #serve(incoming, response) {
    const chunks = [];
    try {
      for await (const piece of incoming) chunks.push(piece);
    } catch {
      return; // the client went away in the middle of its question
    }
    const request = {
      method: incoming.method, path: incoming.url, headers: incoming.headers, at: performance.now(),
      raw: Buffer.concat(chunks).toString('utf8'),
    };
    request.over = new Promise((resolve) => {
      response.once('close', () => resolve({ cut: !response.writableFinished, at: performance.now() }));
    });
    request.over.then((how) => (request.ended = how));
    try {
      request.json = JSON.parse(request.raw);
    } catch {
      request.json = undefined;
    }
    request.complaints = complaintsAbout(request);
    this.requests.push(request);
    this.#arrivals.add(request);
    try {
      await this.#answer(request, response, await this.#choose(request));
    } catch (error) {
      request.complaints.push(`the stand-in failed: ${error.stack}`);
      response.destroy();
    }
  }

  async #choose(request) {
    if (this.key && request.headers.authorization !== `Bearer ${this.key}`) return failures.unauthorised;
    if (request.complaints.length > 0) return refuses(400, request.complaints.join('; '));
    const next = this.#script.length > 0 ? this.#script.shift() : this.#otherwise;
    return typeof next === 'function' ? next(request) : next;
  }

  async #answer(request, response, { status, headers = {}, type, steps, before = 0, slowly = false, silent = false }) {
    if (silent) return;
    if (before > 0) await pause(before);
    const { socket } = response;
    socket?.setNoDelay(true);
    response.writeHead(status, { 'Content-Type': type, ...headers });
    for (const one of steps) {
      if (response.destroyed) return;
      if (one.hang) return;
      if (one.cut) return void socket.destroy();
      if (one.wait !== undefined) await pause(one.wait);
      else if (one.until !== undefined) await one.until;
      else {
        request.firstByteAt ??= performance.now();
        await new Promise((resolve) => response.write(one, resolve));
        await (slowly ? pause(1) : soon()); // a packet of its own, as far as anybody can make one
      }
    }
    response.end();
  }
}
