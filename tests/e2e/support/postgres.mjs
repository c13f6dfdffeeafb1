// A PostgreSQL server of its own: databases for kriya in it, questions to it, and what can happen to it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { cleanEnvironment } from './kriya.mjs';
import { folderOf, inRepository, keepFor } from './service.mjs';

const runFile = promisify(execFile);
const script = inRepository('tests/support/postgres_server.sh');
const PSQL = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];

/** The password of the role `kriya`, whom the server lets in with it only. */
export const PASSWORD = 'e2e-database-pw-w8TnQ3xZ';

/**
 * Starts a server. The superuser needs no password; the role `kriya` does.
 *   settings  further lines of postgresql.conf, as 'name=value'
 *   files     {name: text} in its folder, readable by it alone, e.g. for TLS
 */
export async function startPostgres({ settings = [], files = {} } = {}) {
  const folder = folderOf('postgres');
  const keep = (name, text) => keepFor('postgres', path.join(folder, name), text);
  for (const [name, text] of Object.entries(files)) keep(name, text);
  const access = keep(
    'pg_hba.conf',
    'local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
  );
  // Durable against its own crash without waiting for the disk: the machine's crash is nobody's test.
  const all = [`hba_file=${access}`, 'fsync=off', ...settings.map((line) => line.replaceAll('FOLDER', folder))];
  const { stdout } = await runFile(script, ['start', folder, ...all]);
  const postgres = new Postgres(folder, stdout.trim());
  await postgres.execute(`CREATE ROLE kriya LOGIN PASSWORD '${PASSWORD}'`);
  return postgres;
}

export class Postgres {
  #frozen = [];

  constructor(folder, url) {
    this.folder = folder;
    this.adminUrl = url;
    this.port = Number(new URL(url).port);
  }

  /** A new, empty database; resolves with its name. */
  async createDatabase() {
    const name = `t${randomBytes(6).toString('hex')}`;
    await this.execute(`CREATE DATABASE ${name} OWNER kriya`);
    return name;
  }

  /** DATABASE_URL of one database for kriya. */
  url(database, { password = PASSWORD, query = '', port = this.port, host = '127.0.0.1' } = {}) {
    return `postgresql://kriya:${password}@${host}:${port}/${database}${query}`;
  }

  /** Runs statements as the superuser; resolves with what psql printed. */
  async execute(sql, database = 'postgres') {
    const { stdout } = await runFile('psql', [...PSQL, '-d', this.#admin(database), '-c', sql], { timeout: 20_000 });
    return stdout.trim();
  }

  /** The rows of one query, as objects. */
  async query(sql, database) {
    return JSON.parse(await this.execute(`SELECT coalesce(json_agg(row), '[]') FROM (${sql}) AS row`, database));
  }

  /** A psql that stays connected: `run(sql)` resolves once the statement is done. */
  session(database, url = this.#admin(database)) {
    return new Session(url);
  }

  /** As on a crash: every connection is cut, nothing is written any more. */
  stop = () => runFile(script, ['stop', this.folder]);
  restart = () => runFile(script, ['restart', this.folder]);

  /** Stops every process of the server in its tracks: connections stay, nobody answers. */
  async freeze() {
    const postmaster = readFileSync(path.join(this.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0];
    process.kill(Number(postmaster), 'SIGSTOP'); // first, so that it makes no more children
    this.#frozen = [Number(postmaster)];
    const { stdout } = await runFile('ps', ['-o', 'pid=', '--ppid', postmaster]);
    for (const pid of stdout.trim().split(/\s+/).map(Number)) {
      process.kill(pid, 'SIGSTOP');
      this.#frozen.push(pid);
    }
  }

  thaw() {
    for (const pid of this.#frozen.splice(0).reverse()) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // ended meanwhile
      }
    }
  }

  /** Cuts every connection of kriya to the database; resolves with how many there were. */
  async cutConnections(database) {
    const cut = await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND usename = 'kriya'`,
    );
    return cut.length;
  }

  async remove() {
    this.thaw();
    await runFile(script, ['remove', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #admin = (database = 'postgres') => this.adminUrl.replace(/\/postgres$/, `/${database}`);
}

class Session {
  #child;
  #output = '';
  #errors = '';
  #wake = () => {};
  #ended = false;

  constructor(url) {
    this.#child = spawn('psql', [...PSQL, '-d', url], { env: cleanEnvironment() });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#output += text;
      this.#wake();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    this.#child.stdin.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Resolves with what the statement printed; rejects when psql gave up on it. */
  async run(sql) {
    const marker = `done-${randomBytes(6).toString('hex')}`;
    this.#output = '';
    this.#child.stdin.write(`${sql};\n\\echo ${marker}\n`);
    while (!this.#output.includes(marker)) {
      assert.ok(!this.#ended, `psql ended: ${this.#errors}`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
    return this.#output.slice(0, this.#output.indexOf(marker)).trim();
  }

  /** Ends the session and with it its transaction. */
  async close() {
    this.#child.stdin.end();
    await this.closed;
  }
}

/** A key and a certificate that it signed itself, for 127.0.0.1 and localhost: {key, certificate} in PEM. */
export async function selfSigned() {
  const folder = folderOf('nobody');
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(folder, name));
  try {
    await runFile('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', key, '-out', certificate],
    ]);
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
