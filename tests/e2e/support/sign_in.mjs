// Signing in by code, as people do: the codes stand in the messages that the console provider prints.
import assert from 'node:assert/strict';
import path from 'node:path';

import { openDatabase } from './database.mjs';
import { call, startKriya, uniquePhone } from './kriya.mjs';
import { until } from './service.mjs';

export const REGISTER = '/api/auth/register';
export const VERIFY = '/api/auth/verify';
export const RESEND = '/api/auth/verify/resend';
export const REFRESH = '/api/auth/refresh';

/** The headers of a request that a trusted proxy passes on for a client with this address. */
export const from = (address, headers = {}) => ({ 'X-Forwarded-For': address, ...headers });

let addresses = 0;
/** A client's address that nobody has used. */
export const newAddress = () => {
  ++addresses;
  return `10.77.${addresses >> 8}.${addresses & 255}`;
};

/** Tables of what lasts for a time, and their columns with times. */
const TIMES = {
  challenges: ['created_at', 'expires_at', 'resend_at', 'closed_at'],
  challenge_codes: ['expires_at'],
  guess_guards: ['locked_until', 'updated_at'],
  guess_addresses: ['window_start'],
  code_sends: ['reserved_at', 'returned_at', 'verified_at'],
  sessions: ['started_at', 'proven_at', 'last_seen_at', 'expires_at', 'ended_at'],
  refresh_tokens: ['issued_at', 'expires_at', 'used_at'],
};

/** Where a server keeps its rows; asked and changed behind its back. */
class SqliteRows {
  constructor(kriya) {
    this.file = path.join(kriya.dataDir, 'kriya.db');
  }
  earlier = (column, seconds) => `${column} - ${Math.round(seconds * 1e6)}`;
  async query(sql) {
    return this.#with((database) => database.prepare(sql).all());
  }
  async execute(sql) {
    return this.#with((database) => database.exec(sql));
  }
  #with(use) {
    const database = openDatabase(this.file);
    try {
      return use(database);
    } finally {
      database.close();
    }
  }
}

export class PostgresRows {
  constructor(postgres, database) {
    Object.assign(this, { postgres, database });
  }
  earlier = (column, seconds) => `${column} - interval '${seconds} seconds'`;
  query = (sql) => this.postgres.query(sql, this.database);
  execute = (sql) => this.postgres.execute(sql, this.database);
}

/**
 * A server where numbers need proof, behind a proxy on this machine whose word on addresses it takes. Its rows are
 * `kriya.rows`.
 *   postgres  a server (postgres.mjs) to keep them on, in `database` or a new one; SQLite without
 *   cwd       the folder of one that was stopped: this one goes on where that one ended
 */
export async function startVerifying(t, { env = {}, postgres, database, cwd } = {}) {
  const name = postgres && (database ?? (await postgres.createDatabase()));
  const kriya = await startKriya({
    t,
    cwd,
    env: {
      PHONE_VERIFICATION: 'required',
      RATE_LIMITS: 'off',
      TRUSTED_PROXIES: '127.0.0.1',
      WORKERS: '2',
      ...(postgres ? { DATABASE_URL: postgres.url(name) } : {}),
      ...env,
    },
  });
  kriya.database = name;
  kriya.rows = postgres ? new PostgresRows(postgres, name) : new SqliteRows(kriya);
  return kriya;
}

/** Makes whatever the tables hold older: for the server, that much time has passed. */
export async function letTimePass({ rows }, seconds, tables = Object.keys(TIMES)) {
  for (const table of tables) {
    const changes = TIMES[table].map((column) => `${column} = ${rows.earlier(column, seconds)}`);
    await rows.execute(`UPDATE ${table} SET ${changes.join(', ')}`);
  }
}

/** The next code may be sent to a number again; nothing else gets older. */
export const coolDown = (kriya, seconds = 301) => letTimePass(kriya, seconds, ['code_sends']);

/** The texts that were sent to a number so far, by these servers one after another. */
export function messagesTo(kriyas, phone, channel = 'SMS') {
  const start = `${channel} to ${phone}: `;
  const lines = [kriyas].flat().flatMap((kriya) => kriya.stdout().split('\n'));
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).replaceAll('\\n', '\n'));
}

/** The text of the `count`-th message to a number, as soon as it was sent. */
export async function messageTo(kriyas, phone, count = 1, channel = 'SMS') {
  const all = () => messagesTo(kriyas, phone, channel);
  await until(() => all().length >= count, () => `${all().length} of ${count} messages to ${phone}`);
  return all()[count - 1];
}

/** The code in a message: it stands at the end, so that phones find it. */
export function codeIn(text) {
  const [, code] = text.match(/#(\d{6,10})$/) ?? assert.fail(`no code at the end of ${JSON.stringify(text)}`);
  return code;
}
export const codeTo = async (kriyas, phone, count) => codeIn(await messageTo(kriyas, phone, count));

/** Another code of the same length. */
export const wrong = (code, by = 1) => String((Number(code) + by) % 10 ** code.length).padStart(code.length, '0');

/** Asks for a code: the answer to /api/auth/register, whatever it is. */
export const ask = (kriya, fields = {}, headers = from(newAddress())) =>
  call(kriya, 'POST', REGISTER, { json: { phone_number: uniquePhone(), first_name: 'Asha', ...fields }, headers });

/** Asks for a code and gets one: {phone, id, code, verification}. */
export async function open(kriya, fields = {}, headers = undefined) {
  const phone = fields.phone_number ?? uniquePhone();
  const before = messagesTo(kriya, phone).length;
  const answer = await ask(kriya, { ...fields, phone_number: phone }, headers);
  assert.equal(answer.status, 202, answer.text);
  const { verification } = answer.json;
  return { phone, verification, id: verification.id, code: await codeTo(kriya, phone, before + 1) };
}

/** Types a code. */
export const answer = (kriya, id, code, headers = from(newAddress())) =>
  call(kriya, 'POST', VERIFY, { json: { verification_id: id, code }, headers });

export const resend = (kriya, id, fields = {}, headers = from(newAddress())) =>
  call(kriya, 'POST', RESEND, { json: { verification_id: id, ...fields }, headers });

/** Signs in from the first request to the last: {token, refresh_token, user, expires_at, message}. */
export async function signInByCode(kriya, fields = {}, headers = from(newAddress())) {
  const { id, code } = await open(kriya, fields, headers);
  const signedIn = await answer(kriya, id, code, headers);
  assert.equal(signedIn.status, 200, signedIn.text);
  return signedIn.json;
}

export const refresh = (kriya, refresh_token, headers = from(newAddress())) =>
  call(kriya, 'POST', REFRESH, { json: { refresh_token }, headers });

/** A problem document of this status and code. */
export function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.code, code, answer.text);
}

/** A refusal for now; returns the seconds of Retry-After. */
export function assertTooMany(answer) {
  assertProblem(answer, 429, 'too_many_requests');
  assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  return Number(answer.headers['retry-after']);
}

/** So many wrong guesses at one challenge, each of which counts. */
export async function failAt(kriya, { id, code }, count) {
  for (let i = 1; i <= count; ++i) assertProblem(await answer(kriya, id, wrong(code, i)), 401, 'invalid_code');
}
