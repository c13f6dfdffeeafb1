// Starts the real binary in a folder of its own and talks to it; every answer is held against its own OpenAPI document.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { OpenApi } from './openapi.mjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const START_TIMEOUT = 60_000; // generous: a sanitizer build on a busy machine

export const kriyaBinary = path.resolve(process.env.KRIYA_BIN || path.join(repository, 'build/release/kriya'));
export const buildFolder = path.join(repository, 'build');
export const JWT_SECRET = 'e2e-jwt-secret-Xq7vR2mK9tLw4ZpB8nHs5dFy';
export const PLANE_KEY = 'e2e-plane-key-3fJm6QkT';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A new folder that nothing else uses. */
export function freshFolder() {
  return mkdtempSync(path.join(tmpdir(), 'kriya-e2e-'));
}

/** PATH, what the sanitizers need, and what is given; a variable given as undefined is left out. */
export function cleanEnvironment(given = {}) {
  const env = { PATH: process.env.PATH };
  for (const [name, value] of Object.entries(process.env)) {
    if (/^([ATMLU]|UB)SAN_/.test(name)) env[name] = value;
  }
  return Object.fromEntries(Object.entries({ ...env, ...given }).filter(([, value]) => value !== undefined));
}

/**
 * Starts `kriya serve` on a free port and waits until it says that it is ready. Rejects with what it printed when it
 * ends before that.
 *   env   variables beside (or instead of) those below; undefined takes one away
 *   cwd   the folder to run in; one given is not removed afterwards. DATA_DIR is `data` in it unless env says otherwise
 *   args  the command line, ['serve'] by default
 *   t     a test context: when that test is over the server is stopped and its folder removed; else call dispose()
 */
export async function startKriya({ env = {}, cwd, args = ['serve'], t } = {}) {
  const folder = cwd ?? freshFolder();
  const settings = {
    PORT: '0',
    HOST: '127.0.0.1',
    PHONE_VERIFICATION: 'off',
    JWT_SECRET_KEY: JWT_SECRET,
    PLANE_API_KEY: PLANE_KEY,
    ...env,
  };
  const child = spawn(kriyaBinary, args, {
    cwd: folder,
    env: cleanEnvironment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kriya = new Kriya(child, folder, settings, cwd === undefined);
  t?.after(() => kriya.dispose());
  try {
    await kriya.ready();
  } catch (error) {
    await kriya.dispose();
    throw error;
  }
  return kriya;
}

class Kriya {
  #output = { stdout: '', stderr: '' };
  #changed = new Set();
  #ownsFolder;
  #document;

  constructor(child, cwd, settings, ownsFolder) {
    this.process = child;
    this.cwd = cwd;
    this.settings = settings;
    this.dataDir = path.resolve(cwd, settings.DATA_DIR ?? 'data');
    this.apiKey = settings.PLANE_API_KEY;
    this.#ownsFolder = ownsFolder;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 500 }); // below MAX_CONNECTIONS_PER_ADDRESS
    running.add(child);
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        this.#output[name] += text;
        for (const check of this.#changed) check();
      });
    }
    /** Resolves with {code, signal} once the process has ended and all that it printed has been read. */
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#output.stderr += String(error);
        running.delete(child);
        resolve({ code: null, signal: null });
      });
      child.once('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
  }

  stdout = () => this.#output.stdout;
  stderr = () => this.#output.stderr;

  /** Resolves with the match once the pattern appears in 'stdout' or 'stderr'; rejects if the process ends without. */
  async printed(pattern, stream = 'stdout', timeout = START_TIMEOUT) {
    let check;
    let timer;
    const found = new Promise((resolve, reject) => {
      check = () => {
        const match = this.#output[stream].match(pattern);
        if (match) resolve(match);
      };
      this.#changed.add(check);
      timer = setTimeout(
        () => reject(new Error(`${pattern} did not appear on ${stream}:\n${this.#everything()}`)),
        timeout,
      );
      this.exited.then(({ code, signal }) => {
        check();
        reject(new Error(`kriya ended (code ${code}, signal ${signal}):\n${this.#everything()}`));
      });
    });
    check();
    try {
      return await found;
    } finally {
      this.#changed.delete(check);
      clearTimeout(timer);
    }
  }

  async ready() {
    const [, shown] = await this.printed(/is ready at (\S+)/);
    this.publicUrl = shown;
    this.port = this.#listeningPort(shown);
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** Its OpenAPI document, fetched once. */
  async openapi() {
    this.#document ??= send(this, 'GET', '/openapi.json').then((answer) => {
      assert.equal(answer.status, 200, answer.text);
      return new OpenApi(answer.json);
    });
    return this.#document;
  }

  /** SIGTERM; resolves with the exit code once the process has ended. */
  async stop() {
    this.agent.destroy();
    this.process.kill('SIGTERM');
    return (await this.exited).code;
  }

  /** SIGKILL; resolves once the process has ended. */
  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    return this.exited;
  }

  /** Ends the process if it still runs and removes its folder if it was made for it. */
  dispose = async () => {
    this.agent.destroy();
    if (running.has(this.process)) this.process.kill('SIGKILL');
    await this.exited;
    if (this.#ownsFolder) rmSync(this.cwd, { recursive: true, force: true });
  };

  [Symbol.asyncDispose]() {
    return this.dispose();
  }

  #everything() {
    return this.#output.stdout + this.#output.stderr;
  }

  /** PUBLIC_URL, where one is set, hides the port that PORT=0 found: then the kernel knows. */
  #listeningPort(shown) {
    if (this.settings.PORT !== '0') return Number(this.settings.PORT);
    if (this.settings.PUBLIC_URL === undefined) return Number(new URL(shown).port);
    const folder = `/proc/${this.process.pid}/fd`;
    const sockets = new Set(
      readdirSync(folder).flatMap((fd) => {
        try {
          return readlinkSync(path.join(folder, fd)).match(/^socket:\[(\d+)\]$/)?.[1] ?? [];
        } catch {
          return []; // closed meanwhile
        }
      }),
    );
    for (const table of ['tcp', 'tcp6']) {
      for (const line of readFileSync(`/proc/${this.process.pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state === '0A' && sockets.has(inode)) return Number.parseInt(local.split(':').at(-1), 16);
      }
    }
    throw new Error('kriya listens nowhere');
  }
}

/**
 * One request, as given. Resolves with {status, headers, rawHeaders, text, bytes, json}; json is undefined unless the
 * answer is JSON. `call` below also checks the answer.
 */
export async function send(kriya, method, target, { json, headers = {}, body, agent = kriya.agent } = {}) {
  const payload = json === undefined ? body : JSON.stringify(json);
  const all = { ...(json === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers };
  const named = (name) => Object.keys(all).some((key) => key.toLowerCase() === name);
  if (payload !== undefined && !named('content-length') && !named('transfer-encoding')) {
    all['Content-Length'] = Buffer.byteLength(payload);
  }
  const request = http.request({
    host: kriya.settings.HOST,
    port: kriya.port,
    method,
    path: target,
    headers: all,
    agent,
  });
  request.end(payload);
  const [response] = await once(request, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  const isJson = /^application\/([\w.-]+\+)?json\b/.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    text,
    bytes,
    json: isJson && bytes.length > 0 ? JSON.parse(text) : undefined,
  };
}

/** `send`, and the answer must be what the server's own OpenAPI document promises. */
export async function call(kriya, method, target, options) {
  const document = await kriya.openapi();
  const answer = await send(kriya, method, target, options);
  document.check(method, target, answer);
  return answer;
}

let nextNumber = Math.floor(Math.random() * 1e8);
/** Runs a sub-command to its end, in a folder of its own unless one is given. */
export function run(args, { cwd, env, input = '' } = {}) {
  const folder = cwd ?? freshFolder();
  return new Promise((resolve) => {
    const child = execFile(
      kriyaBinary,
      args,
      { cwd: folder, env: cleanEnvironment(env), timeout: 60_000 },
      (error, stdout, stderr) => {
        if (cwd === undefined) rmSync(folder, { recursive: true, force: true });
        resolve({ code: error ? error.code : 0, stdout, stderr });
      },
    );
    child.stdin.on('error', () => {}).end(input);
  });
}

/** A number that no other call in this process returned; possible Indian mobile numbers, valid for libphonenumber. */
export function uniquePhone() {
  nextNumber = (nextNumber + 1) % 1e8;
  return `+9198${String(nextNumber).padStart(8, '0')}`;
}
