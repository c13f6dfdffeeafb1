// Which pages of other origins may call the API: those of ALLOWED_ORIGINS, to the letter, and no other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { bearer, signIn } from './support/accounts.mjs';
import { call, startKriya, uniquePhone } from './support/kriya.mjs';

const APP = 'https://app.example.com';
const LOCAL = 'http://localhost:3000';
const FOREIGN = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'https://x.app.example.com',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://APP.example.com',
  'https://app.example.com/',
  'http://localhost',
  'http://localhost:30000',
  'http://127.0.0.1:3000',
  `${APP},${LOCAL}`,
  `${APP} ${LOCAL}`,
  'null',
  '*',
  '',
];

const listed = (value) => (value ?? '').split(',').map((part) => part.trim().toLowerCase()).filter(Boolean);
const corsHeaders = (answer) => Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
const preflight = (kriya, origin, { method = 'POST', path = '/api/auth/register', headers } = {}) =>
  call(kriya, 'OPTIONS', path, {
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      ...(headers && { 'Access-Control-Request-Headers': headers }),
    },
  });

describe('with ALLOWED_ORIGINS', () => {
  let kriya;
  before(async () => (kriya = await startKriya({ env: { ALLOWED_ORIGINS: `${APP}, ${LOCAL}` } })));
  after(() => kriya.dispose());

  for (const origin of [APP, LOCAL]) {
    test(`a page of ${origin} may call, with its answers readable`, async () => {
      const json = { phone_number: uniquePhone(), first_name: 'Asha' };
      const answer = await call(kriya, 'POST', '/api/auth/register', { json, headers: { Origin: origin } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['access-control-allow-origin'], origin);
      assert.ok(listed(answer.headers.vary).includes('origin'));
      const readable = listed(answer.headers['access-control-expose-headers']);
      assert.deepEqual(readable.sort(), ['mcp-session-id', 'ratelimit', 'ratelimit-policy', 'retry-after',
        'www-authenticate', 'x-request-id']);
    });

    test(`a page of ${origin} may read errors too`, async () => {
      for (const [method, path] of [['GET', '/api/auth/user'], ['GET', '/nowhere'], ['PUT', '/api/auth/user']]) {
        const answer = await call(kriya, method, path, { headers: { Origin: origin } });
        assert.ok(answer.status >= 400);
        assert.equal(answer.headers['access-control-allow-origin'], origin, `${method} ${path}`);
      }
    });

    for (const [method, path] of [
      ['POST', '/api/auth/register'],
      ['POST', '/api/auth/validate-token'],
      ['GET', '/api/auth/user'],
      ['DELETE', '/api/auth/logout'],
    ]) {
      test(`the preflight of ${method} ${path} from ${origin} says yes`, async () => {
        const headers = 'authorization, content-type, x-api-key';
        const answer = await preflight(kriya, origin, { method, path, headers });
        assert.ok([200, 204].includes(answer.status), answer.text);
        assert.equal(answer.headers['access-control-allow-origin'], origin);
        assert.ok(listed(answer.headers['access-control-allow-methods']).includes(method.toLowerCase()));
        for (const name of ['authorization', 'content-type', 'x-api-key']) {
          assert.ok(listed(answer.headers['access-control-allow-headers']).includes(name), name);
        }
        assert.ok(listed(answer.headers.vary).includes('origin'));
        assert.ok(Number(answer.headers['access-control-max-age']) > 0);
      });
    }
  }

  for (const origin of FOREIGN) {
    test(`a page of ${JSON.stringify(origin)} is told nothing`, async () => {
      const { token } = await signIn(kriya);
      const read = await call(kriya, 'GET', '/api/auth/user', { headers: { Origin: origin, ...bearer(token) } });
      assert.deepEqual(corsHeaders(read), []);
      assert.ok(listed(read.headers.vary).includes('origin'), 'a cache must not hand this answer to an allowed page');
      assert.deepEqual(corsHeaders(await preflight(kriya, origin)), []);
    });
  }

  test('a preflight does not run the endpoint and asks for no token', async () => {
    const answer = await preflight(kriya, APP, { method: 'DELETE', path: '/api/auth/logout' });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
  });

  test('no answer says * or allows credentials to an unnamed origin', async () => {
    const plain = await call(kriya, 'GET', '/health');
    assert.deepEqual(corsHeaders(plain), []);
    assert.ok(listed(plain.headers.vary).includes('origin'));
    for (const path of ['/health', '/openapi.json', '/docs', '/.well-known/jwks.json', '/metrics']) {
      const answer = await call(kriya, 'GET', path, { headers: { Origin: FOREIGN[0] } });
      assert.notEqual(answer.headers['access-control-allow-origin'], '*', path);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined, path);
    }
  });

  test('two Origin headers are refused', async () => {
    const answer = await call(kriya, 'GET', '/health', { headers: { Origin: [APP, FOREIGN[0]] } });
    assert.ok(answer.status === 400 || corsHeaders(answer).length === 0);
  });
});

describe('without ALLOWED_ORIGINS', () => {
  let kriya;
  before(async () => (kriya = await startKriya()));
  after(() => kriya.dispose());

  test('no page of another origin is told anything', async () => {
    for (const origin of [APP, LOCAL, 'null', kriya.url, kriya.publicUrl]) {
      const read = await call(kriya, 'GET', '/health', { headers: { Origin: origin } });
      assert.equal(read.status, 200);
      assert.deepEqual(corsHeaders(read), []);
      assert.deepEqual(corsHeaders(await preflight(kriya, origin)), []);
    }
  });

  test('OPTIONS still lists the methods', async () => {
    const answer = await call(kriya, 'OPTIONS', '/api/auth/logout');
    assert.ok(listed(answer.headers.allow).includes('delete'));
  });
});

for (const origins of ['*', 'null', `${APP}/path`, 'app.example.com', 'https://*.example.com', 'https://u:p@x.com']) {
  test(`ALLOWED_ORIGINS=${origins} stops the start`, async (t) => {
    await assert.rejects(startKriya({ t, env: { ALLOWED_ORIGINS: origins } }), /ended \(code 1,[\s\S]*ALLOWED_ORIGINS/);
  });
}
