// Programs of Debian that stand beside kriya in a test: each in the foreground, in a folder of its own, on a free port.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freshFolder } from './kriya.mjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const inRepository = (name) => `${repository}${name}`;

/** A port that nobody listens on, as likely as not a moment later too. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves with the first truthy value of `condition`; asks again every 20 ms, and fails after `patience` ms. */
export async function until(condition, what, patience = 15_000) {
  for (const end = Date.now() + patience; ; await pause(20)) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < end, `${typeof what === 'function' ? what() : what}: not within ${patience} ms`);
  }
}

/** Whether somebody listens on the port of 127.0.0.1. */
export const listens = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const isRoot = process.getuid() === 0;
const idOf = (user, flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));

/** Hands a file or folder to an account, where we may. */
export function giveTo(user, file) {
  if (isRoot) chownSync(file, idOf(user, '-u'), idOf(user, '-g'));
}

/** A new folder that belongs to an account. */
export function folderOf(user) {
  const folder = freshFolder();
  chmodSync(folder, 0o755);
  giveTo(user, folder);
  return folder;
}

/** Writes a file that an account alone may read; returns its path. */
export function keepFor(user, file, text) {
  writeFileSync(file, text, { mode: 0o600 });
  giveTo(user, file);
  return file;
}

/** `setpriv ...` before a command that root must not run, and an unprivileged account need not be changed for. */
export const asUser = (user, command) =>
  isRoot ? ['setpriv', `--reuid=${user}`, `--regid=${idOf(user, '-g')}`, '--clear-groups', ...command] : command;

const running = new Map();
process.on('exit', () => running.forEach((signal, child) => child.kill(signal)));

export class Service {
  #child;
  #ended;
  #output = '';
  #signal;

  /**
   * `command` stays in the foreground as `user` and listens on `port`; `folder` is removed with it. `signal` ends it at
   * once, with the processes that it made.
   */
  constructor({ name, command, user = 'nobody', port, folder, signal = 'SIGKILL' }) {
    Object.assign(this, { name, port, folder });
    this.command = asUser(user, command);
    this.#signal = signal;
  }

  /** Resolves once it listens. */
  async start() {
    const [program, ...given] = this.command;
    const child = spawn(program, given, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    running.set(child, this.#signal);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      for (const event of ['error', 'close']) {
        child.once(event, (what) => {
          if (event === 'error') this.#output += String(what);
          running.delete(child);
          resolve();
        });
      }
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#output += text));
    }
    await until(() => {
      assert.ok(running.has(child), `${this.name} ended:\n${this.#output}`);
      return listens(this.port);
    }, () => `${this.name} does not listen:\n${this.#output}`);
    return this;
  }

  get pid() {
    return this.#child.pid;
  }

  /** What it printed. */
  get output() {
    return this.#output;
  }

  /** Ends it at once, as a crash does; `start` brings it back on the same port. */
  async stop() {
    if (running.has(this.#child)) this.#child.kill(this.#signal);
    await this.#ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
