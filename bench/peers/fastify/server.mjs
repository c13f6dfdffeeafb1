// The sign-in API of Kriya as a plain Fastify program: what bench/run.py measures Kriya against.
// Fastify with JSON schemas for bodies and answers, jose for HS256, Node's own SQLite with prepared statements.
// SQLite is synchronous, so a statement runs to its end before the next request: no two transactions ever mix.

import { createHash, randomUUID, timingSafeEqual, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import cluster from 'node:cluster';
import Fastify from 'fastify';
import { SignJWT, jwtVerify } from 'jose';

const { DATA_DIR, HOST = '127.0.0.1', PORT = '8001', WORKERS = '1', JWT_SECRET_KEY, PLANE_API_KEY } = process.env;
const ISSUER = 'kriya-auth';
const AUDIENCE = process.env.PUBLIC_URL ?? 'http://localhost';
const LIFETIME_SECONDS = 24 * 3600;

// ---- The store ------------------------------------------------------------------------------------------------------

const db = new DatabaseSync(join(DATA_DIR, 'peer.db'));
db.exec(`
  PRAGMA busy_timeout = 30000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, phone_number TEXT NOT NULL UNIQUE, first_name TEXT NOT NULL, last_name TEXT, email TEXT,
    token_version INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS issued_tokens (
    token_hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, address TEXT, user_agent TEXT) WITHOUT ROWID;
`);
const sql = {
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  rollback: db.prepare('ROLLBACK'),
  addUser: db.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (phone_number) DO NOTHING'),
  userByPhone: db.prepare('SELECT * FROM users WHERE phone_number = ?'),
  userById: db.prepare('SELECT * FROM users WHERE id = ?'),
  addToken: db.prepare('INSERT INTO issued_tokens VALUES (?, ?, ?, ?, ?, ?)'),
  revoke: db.prepare('UPDATE users SET token_version = token_version + 1, updated_at = ? WHERE id = ?'),
};

function transaction(work) {
  sql.begin.run();
  try {
    const result = work();
    sql.commit.run();
    return result;
  } catch (error) {
    sql.rollback.run();
    throw error;
  }
}

// ---- Tokens ---------------------------------------------------------------------------------------------------------

const secret = await webcrypto.subtle.importKey(
  'raw', Buffer.from(JWT_SECRET_KEY), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);

const rfc3339 = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

function signToken(user, issuedAt) {
  return new SignJWT({
    user_id: user.id, phone_number: user.phone_number, token_version: user.token_version, token_use: 'user',
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER).setAudience(AUDIENCE).setSubject(user.id).setJti(randomUUID())
    .setIssuedAt(issuedAt).setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .sign(secret);
}

/** The user that a token belongs to; undefined if it is forged, expired or revoked. */
async function userOf(token) {
  let claims;
  try {
    claims = (await jwtVerify(token, secret, { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE })).payload;
  } catch {
    return undefined;
  }
  const user = typeof claims.user_id === 'string' ? sql.userById.get(claims.user_id) : undefined;
  return user?.token_version === claims.token_version ? user : undefined;
}

// ---- Requests and answers -------------------------------------------------------------------------------------------

const string = { type: 'string' };
const optional = { type: ['string', 'null'] };
const name = { minLength: 1, maxLength: 100 };
const User = {
  type: 'object',
  properties: {
    id: string, phone_number: string, first_name: string, last_name: optional, email: optional, created_at: string,
  },
};
const answer = (properties) => ({ 200: { type: 'object', properties } });
const schemas = {
  register: {
    body: {
      type: 'object',
      required: ['phone_number', 'first_name'],
      properties: {
        phone_number: { ...string, pattern: '^\\+[ .()-]*[1-9][ .()-]*([0-9][ .()-]*){7,14}$' },
        first_name: { ...string, ...name },
        last_name: { ...optional, ...name },
        email: { ...optional, pattern: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$' },
      },
    },
    response: answer({
      success: { type: 'boolean' }, message: string, token: string, user: User, expires_at: string,
    }),
  },
  validate: {
    body: { type: 'object', required: ['token'], properties: { token: string } },
    response: answer({ valid: { type: 'boolean' }, user: { ...User, nullable: true }, message: string }),
  },
  user: { response: { 200: User } },
  logout: { response: answer({ success: { type: 'boolean' }, message: string }) },
};

// ---- The service ----------------------------------------------------------------------------------------------------

const app = Fastify({ logger: false });

const apiKey = Buffer.from(PLANE_API_KEY);
async function requireApiKey(request, reply) {
  const given = request.headers['x-api-key'];
  if (!given) return reply.code(401).send({ error: 'Missing API key' });
  const key = Buffer.from(given);
  if (key.length !== apiKey.length || !timingSafeEqual(key, apiKey)) {
    return reply.code(403).send({ error: 'Wrong API key' });
  }
}

async function requireUser(request, reply) {
  const header = request.headers.authorization;
  const token = header?.startsWith('Bearer ') ? header.slice(7) : request.query.token;
  request.user = token ? await userOf(token) : undefined;
  if (!request.user) return reply.code(401).send({ error: 'Invalid or expired token' });
}
app.decorateRequest('user', null);

app.get('/health/ready', async () => ({ status: 'ok' }));

app.post('/api/auth/register', { schema: schemas.register }, registerUser);

async function registerUser(request) {
  const { first_name, last_name, email } = request.body;
  const phone = request.body.phone_number.replace(/[ .()-]/g, '');
  const now = Date.now();
  const issuedAt = Math.floor(now / 1000);
  const expiresAt = rfc3339((issuedAt + LIFETIME_SECONDS) * 1000);

  // Signing waits and a transaction must not: so the id is drawn and the token signed first, then one transaction
  // (one fsync) writes user and trail.
  const known = sql.userByPhone.get(phone);
  const user = known ?? {
    id: randomUUID(), phone_number: phone, first_name: first_name.trim(), last_name: last_name?.trim() ?? null,
    email: email?.toLowerCase() ?? null, token_version: 1, created_at: rfc3339(now),
  };
  const token = await signToken(user, issuedAt);
  const written = transaction(() => {
    if (!known && !sql.addUser.run(user.id, phone, user.first_name, user.last_name, user.email, user.created_at,
      user.created_at).changes) return false;
    sql.addToken.run(createHash('sha256').update(token).digest(), user.id, rfc3339(now), expiresAt,
      request.ip, request.headers['user-agent'] ?? null);
    return true;
  });
  if (!written) return registerUser(request); // another request took the number meanwhile: now it is known
  return {
    success: true, message: known ? 'Login successful' : 'Registration successful', token, user, expires_at: expiresAt,
  };
}

app.post('/api/auth/validate-token', { schema: schemas.validate, onRequest: requireApiKey }, async (request) => {
  const user = await userOf(request.body.token);
  return user
    ? { valid: true, user, message: 'Token is valid' }
    : { valid: false, user: null, message: 'Invalid or expired token' };
});

app.get('/api/auth/user', { schema: schemas.user, onRequest: requireUser }, async (request) => request.user);

app.delete('/api/auth/logout', { schema: schemas.logout, onRequest: requireUser }, async (request) => {
  sql.revoke.run(rfc3339(Date.now()), request.user.id);
  return { success: true, message: 'Logged out successfully' };
});

if (cluster.isPrimary && Number(WORKERS) > 1) {
  for (let worker = 0; worker < Number(WORKERS); worker++) cluster.fork();
} else {
  await app.listen({ host: HOST, port: Number(PORT) });
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => app.close().then(() => process.exit(0)));
