// The sign-in API of Kriya as a plain Fastify program: what bench/run.py measures Kriya against.
// Fastify with JSON schemas for bodies and answers, jose for HS256; pg with DATABASE_URL, else Node's own SQLite.

import { createHash, randomUUID, timingSafeEqual, webcrypto } from 'node:crypto';
import cluster from 'node:cluster';
import Fastify from 'fastify';
import { SignJWT, jwtVerify } from 'jose';

const { DATABASE_URL, HOST = '127.0.0.1', PORT = '8001', WORKERS = '1', JWT_SECRET_KEY, PLANE_API_KEY } = process.env;
const ISSUER = 'kriya-auth';
const AUDIENCE = process.env.PUBLIC_URL ?? 'http://localhost';
const LIFETIME_SECONDS = 24 * 3600;
const store = await import(DATABASE_URL ? './postgres_store.mjs' : './sqlite_store.mjs');

// ---- Tokens ---------------------------------------------------------------------------------------------------------

const secret = await webcrypto.subtle.importKey(
  'raw', Buffer.from(JWT_SECRET_KEY), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);

const rfc3339 = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

function signToken(user, id, issuedAt) {
  return new SignJWT({
    user_id: user.id, phone_number: user.phone_number, token_version: user.token_version, token_use: 'user',
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER).setAudience(AUDIENCE).setSubject(user.id).setJti(id)
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
  const user = typeof claims.user_id === 'string' ? await store.userById(claims.user_id) : undefined;
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

  // The id is drawn and the token signed first, so that one short transaction (one fsync) writes user and trail.
  const known = await store.userByPhone(phone);
  const user = known ?? {
    id: randomUUID(), phone_number: phone, first_name: first_name.trim(), last_name: last_name?.trim() ?? null,
    email: email?.toLowerCase() ?? null, token_version: 1, created_at: rfc3339(now),
  };
  const tokenId = randomUUID();
  const token = await signToken(user, tokenId, issuedAt);
  const written = await store.enrol(known ? undefined : user, {
    id: tokenId, user_id: user.id, hash: createHash('sha256').update(token), issued_at: rfc3339(now),
    expires_at: expiresAt, address: request.ip, user_agent: request.headers['user-agent'] ?? '',
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
  await store.revoke(request.user.id, rfc3339(Date.now()));
  return { success: true, message: 'Logged out successfully' };
});

if (cluster.isPrimary && Number(WORKERS) > 1) {
  for (let worker = 0; worker < Number(WORKERS); worker++) cluster.fork();
} else {
  await app.listen({ host: HOST, port: Number(PORT) });
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => app.close().then(() => process.exit(0)));
