// Sessions of browsers: a cookie that no script can read, and a CSRF token that goes with it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { decodeJwt } from 'jose';
import { chromium } from 'playwright-core';

import { bearer, isValid, logOut, readUser } from './support/accounts.mjs';
import { Browser, parseCookie, SESSION, STATUS } from './support/browser_session.mjs';
import { query } from './support/database.mjs';
import { call, send, startKriya } from './support/kriya.mjs';
import { startPostgres } from './support/postgres.mjs';
import {
  assertProblem,
  coolDown,
  from,
  letTimePass,
  newAddress,
  open,
  signInByCode,
  startVerifying,
  wrong,
} from './support/sign_in.mjs';

const APP = 'https://app.example.com';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const VALUE = /^(visitor|person)\.[A-Za-z0-9_-]{43}\.\d+\.[A-Za-z0-9_-]{43}$/;
const sidOf = ({ cookie }) => cookie.split('.')[1];

let postgres;
let kriya;
before(async () => {
  postgres = await startPostgres();
  kriya = await startVerifying(undefined, { env: { ALLOWED_ORIGINS: APP } });
});
after(async () => {
  await kriya?.dispose();
  await postgres?.remove();
});

/** Refused with nothing changed: neither a new cookie nor a new row. */
async function assertRefused(promise, status, code) {
  const answer = await promise;
  assertProblem(answer, status, code);
  assert.equal(answer.headers['set-cookie'], undefined);
  return answer;
}

describe('GET /api/status', () => {
  test('gives a cookie and a CSRF token, as the original client reads them', async () => {
    const answer = await send(kriya, 'GET', '/api/status', { headers: { Accept: '*/*' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json), ['status', 'token', 'authenticated', 'csrf_token']);
    assert.equal(answer.json.status, 'ok');
    assert.equal(answer.json.authenticated, true, 'the demo identity of development');
    assert.match(answer.json.csrf_token, TOKEN);
    const { name, value, attributes } = parseCookie(answer.headers['set-cookie'][0]);
    assert.equal(name, 'auth_token');
    assert.match(value, VALUE);
    assert.deepEqual(attributes, ['httponly', 'max-age=3600', 'path=/', 'samesite=lax']);
    const cookie = answer.headers['set-cookie'][0].split(';')[0];
    const headers = { Cookie: cookie, 'X-CSRF-Token': answer.json.csrf_token };
    assert.equal((await send(kriya, 'DELETE', SESSION, { headers })).status, 200);
  });

  test('keeps session and CSRF token, so that two tabs do not disturb each other', async () => {
    const first = new Browser(kriya);
    const { csrf_token } = await first.status();
    const second = first.copy();
    assert.equal((await second.status()).csrf_token, csrf_token);
    assert.equal((await first.status()).csrf_token, csrf_token);
    assert.equal(sidOf(first), sidOf(second));
    assert.equal((await first.send('DELETE', SESSION)).status, 200);
  });

  test('shows the demo identity to this machine alone', async () => {
    const body = await new Browser(kriya).status({ headers: from(newAddress()) });
    assert.deepEqual([body.authenticated, body.token], [false, null]);
  });

  for (const [what, cookie] of [
    ['a forged one', (good) => good.replace('visitor', 'person')],
    ['one with another signature', (good) => `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`],
    ['an empty one', () => 'auth_token='],
    ['two of the name (cookie tossing)', (good) => `${good}; auth_token=planted`],
    ['the same one twice', (good) => `${good}; ${good}`],
    ["production's name", (good) => `__Host-${good}`],
  ]) {
    test(`replaces ${what}`, async () => {
      const browser = new Browser(kriya);
      const { csrf_token } = await browser.status();
      const tossed = cookie(browser.cookie);
      const headers = { Cookie: tossed, 'X-CSRF-Token': csrf_token };
      await assertRefused(call(kriya, 'DELETE', SESSION, { headers }), 401, 'missing_csrf_token');
      const answer = await call(kriya, 'GET', STATUS, { headers: { Cookie: tossed } });
      assert.equal(answer.status, 200);
      assert.notEqual(answer.json.csrf_token, csrf_token);
      assert.match(parseCookie(answer.headers['set-cookie'][0]).value, /^visitor\./);
    });
  }

  test('a second line of cookies is as bad as a second cookie', async () => {
    const browser = new Browser(kriya);
    const { csrf_token } = await browser.status();
    const headers = { Cookie: [browser.cookie, 'auth_token=planted'] };
    assert.notEqual((await call(kriya, 'GET', STATUS, { headers })).json.csrf_token, csrf_token);
  });

  test('answers HEAD alike', async () => {
    const answer = await call(kriya, 'HEAD', STATUS);
    assert.equal(answer.status, 200);
    assert.ok(answer.headers['set-cookie']);
  });
});

describe('what a request with the cookie must show', () => {
  const browser = () => {
    const one = new Browser(kriya);
    return one.status().then(() => one);
  };

  test('the CSRF token, of this session', async () => {
    const [mine, theirs] = [await browser(), await browser()];
    const missing = await assertRefused(mine.request('DELETE', SESSION), 401, 'missing_csrf_token');
    assert.equal(missing.json.error, 'Missing authentication or CSRF token');
    const without = call(kriya, 'DELETE', SESSION, { headers: { 'X-CSRF-Token': mine.csrf } });
    assert.equal((await assertRefused(without, 401, 'missing_csrf_token')).json.error, missing.json.error);
    for (const token of [theirs.csrf, 'x', `${mine.csrf}=`, sidOf(mine)]) {
      const headers = { 'X-CSRF-Token': token };
      const answer = await assertRefused(mine.request('DELETE', SESSION, { headers }), 403, 'invalid_csrf_token');
      assert.equal(answer.json.error, 'Invalid CSRF token');
    }
    const twice = mine.request('DELETE', SESSION, { headers: { 'X-CSRF-Token': [mine.csrf, mine.csrf] } });
    await assertRefused(twice, 403, 'invalid_csrf_token');
    assert.equal((await mine.send('DELETE', SESSION)).status, 200);
  });

  test('and a Bearer token waives nothing', async () => {
    const { token } = await signInByCode(kriya);
    const mine = await browser();
    await assertRefused(mine.request('DELETE', SESSION, { headers: bearer(token) }), 401, 'missing_csrf_token');
    const headers = { ...bearer(token), 'X-CSRF-Token': 'x' };
    await assertRefused(mine.request('DELETE', SESSION, { headers }), 403, 'invalid_csrf_token');
  });

  for (const [headers, passes] of [
    [{}, true],
    [{ 'Sec-Fetch-Site': 'none' }, true],
    [{ 'Sec-Fetch-Site': 'same-origin' }, true],
    [{ Origin: 'OWN' }, true],
    [{ Origin: 'LOCAL' }, true],
    [{ Origin: APP, 'Sec-Fetch-Site': 'cross-site' }, true],
    [{ 'Sec-Fetch-Site': 'cross-site' }, false],
    [{ 'Sec-Fetch-Site': 'same-site' }, false],
    [{ Origin: 'null' }, false],
    [{ Origin: 'https://evil.example' }, false],
    [{ Origin: 'https://evil.example', Host: 'evil.example' }, false],
    [{ Origin: `${APP}.evil.example` }, false],
    [{ Origin: 'http://localhost:1' }, false],
  ]) {
    test(`${JSON.stringify(headers)} ${passes ? 'passes' : 'is refused'}`, async () => {
      const real = { OWN: kriya.publicUrl, LOCAL: kriya.url };
      const sent = { ...headers, ...(headers.Origin && { Origin: real[headers.Origin] ?? headers.Origin }) };
      const mine = await browser();
      const csrf = mine.csrf;
      if (passes) {
        assert.equal((await mine.status({ headers: sent })).csrf_token, csrf);
        assert.equal((await mine.send('DELETE', SESSION, { headers: sent })).status, 200);
        return;
      }
      const read = await assertRefused(mine.request('GET', STATUS, { headers: sent }), 403, 'foreign_origin');
      assert.ok(!read.text.includes(csrf));
      assert.equal(read.headers['access-control-allow-origin'], undefined);
      await assertRefused(mine.send('DELETE', SESSION, { headers: sent }), 403, 'foreign_origin');
      assert.equal((await mine.status()).csrf_token, csrf, 'nothing has changed');
    });
  }

  test('a page of ALLOWED_ORIGINS may send it all, and read the answer', async () => {
    const preflight = await call(kriya, 'OPTIONS', SESSION, {
      headers: { Origin: APP, 'Access-Control-Request-Method': 'POST' },
    });
    assert.match(preflight.headers['access-control-allow-headers'], /X-CSRF-Token/i);
    const answer = await call(kriya, 'GET', STATUS, { headers: { Origin: APP } });
    assert.equal(answer.headers['access-control-allow-origin'], APP);
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
  });
});

for (const engine of ['SQLite', 'PostgreSQL']) {
  describe(`a person in a browser, on ${engine}`, () => {
    let server;
    before(async () => (server = engine === 'SQLite' ? kriya : await startVerifying(undefined, { postgres })));
    after(() => (engine === 'SQLite' ? undefined : server?.dispose()));

    test('signs in by phone code, in a session that is new', async () => {
      const browser = new Browser(server);
      await browser.status();
      const planted = browser.copy();
      const { user, csrf_token, expires_at, ...rest } = await browser.signIn();
      assert.deepEqual(rest, { status: 'ok', authenticated: true });
      assert.match(browser.set.value, /^person\./);
      assert.notEqual(sidOf(browser), sidOf(planted), 'whoever planted the visitor has not got the person');
      assert.notEqual(csrf_token, planted.csrf);
      assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 3_600_000) < 60_000);
      for (const secret of [user.id, user.phone_number, user.phone_number.slice(1), user.first_name]) {
        assert.ok(!browser.cookie.includes(secret));
      }
      const status = await browser.status();
      assert.equal(status.csrf_token, csrf_token);
      assert.equal(status.authenticated, true);
      const claims = decodeJwt(status.token);
      assert.deepEqual([claims.user_id, claims.sid, claims.token_use], [user.id, sidOf(browser), 'browser']);
      assert.deepEqual((await readUser(server, status.token)).json, user);
      const old = call(server, 'DELETE', SESSION, { headers: { Cookie: browser.cookie, 'X-CSRF-Token': planted.csrf } });
      await assertRefused(old, 403, 'invalid_csrf_token');
      const [rows] = await server.rows.query(
        `SELECT count(*) AS n FROM refresh_tokens WHERE session_id = '${sidOf(browser)}'`,
      );
      assert.equal(Number(rows.n), 0);
    });

    test('is nobody to a page that sends only the code (login CSRF)', async () => {
      const { id, code } = await open(server);
      const json = { verification_id: id, code };
      const browser = new Browser(server);
      await browser.status();
      await assertRefused(call(server, 'POST', SESSION, { json }), 401, 'missing_csrf_token');
      await assertRefused(browser.request('POST', SESSION, { json }), 401, 'missing_csrf_token');
      const headers = { 'X-CSRF-Token': (await new Browser(server).status()).csrf_token };
      await assertRefused(browser.request('POST', SESSION, { json, headers }), 403, 'invalid_csrf_token');
      const foreign = browser.send('POST', SESSION, { json, headers: { Origin: 'https://evil.example' } });
      await assertRefused(foreign, 403, 'foreign_origin');
      assert.equal((await browser.send('POST', SESSION, { json })).status, 200, 'no guess was counted');
    });

    test('gets the errors of /api/auth/verify', async () => {
      const browser = new Browser(server);
      await browser.status();
      const { id, code } = await open(server);
      const bad = browser.send('POST', SESSION, { json: { verification_id: id, code: wrong(code) } });
      const answer = await assertRefused(bad, 401, 'invalid_code');
      assert.ok(answer.json.attempts_left > 0);
      const json = { verification_id: id, code };
      assert.equal((await browser.send('POST', SESSION, { json })).status, 200);
      await browser.status();
      await assertRefused(browser.send('POST', SESSION, { json }), 410, 'verification_expired');
      await assertRefused(browser.send('POST', SESSION, { json: {} }), 422, 'invalid_fields');
    });

    test('ends the former session by signing in again', async () => {
      const browser = new Browser(server);
      await browser.signIn();
      const former = browser.copy();
      await browser.signIn();
      assert.match((await former.request('GET', STATUS)).headers['set-cookie'][0], /^auth_token=visitor\./);
      await browser.status();
      assert.match(browser.set.value, /^person\./);
    });

    test('signs out: cookie gone, session dead, its token too', async () => {
      const browser = new Browser(server);
      await browser.signIn();
      const { token } = await browser.status();
      const stolen = browser.copy();
      const answer = await browser.signOut();
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json, { success: true, message: 'Signed out' });
      assert.deepEqual([browser.set.name, browser.set.value], ['auth_token', '']);
      assert.deepEqual(browser.set.attributes, ['httponly', 'max-age=0', 'path=/', 'samesite=lax']);
      assert.equal(await isValid(server, token), false);
      const csrf = stolen.csrf;
      assert.notEqual((await stolen.status()).csrf_token, csrf);
      assert.match(stolen.set.value, /^visitor\./);
    });

    test('is among the own sessions, and ends as one of them', async () => {
      const browser = new Browser(server);
      const { user } = await browser.signIn();
      await coolDown(server);
      const app = await signInByCode(server, { phone_number: user.phone_number });
      const list = await call(server, 'GET', '/api/auth/sessions', { headers: bearer(app.token) });
      const ids = list.json.sessions.map(({ id }) => id);
      assert.ok(ids.includes(sidOf(browser)));
      assert.equal(ids.length, 2);
      const ended = await call(server, 'DELETE', `/api/auth/sessions/${sidOf(browser)}`, { headers: bearer(app.token) });
      assert.equal(ended.status, 200, ended.text);
      await browser.status();
      assert.match(browser.set.value, /^visitor\./);
      assert.ok(await isValid(server, app.token));
    });

    test('is renewed by asking, and forgotten after an hour without', async () => {
      const browser = new Browser(server);
      const { csrf_token } = await browser.signIn();
      await letTimePass(server, 1800, ['sessions']);
      assert.equal((await browser.status()).csrf_token, csrf_token);
      await letTimePass(server, 3000, ['sessions']);
      assert.equal((await browser.status()).csrf_token, csrf_token);
      await letTimePass(server, 3601, ['sessions']);
      assert.notEqual((await browser.status()).csrf_token, csrf_token);
    });
  });
}

test('logging out everywhere on one instance ends it on the other', async (t) => {
  const one = await startVerifying(t, { postgres });
  const two = await startVerifying(t, { postgres, database: one.database });
  const browser = new Browser(one);
  const { user, csrf_token } = await browser.signIn();
  assert.equal((await browser.status({ kriya: two })).csrf_token, csrf_token, 'any instance knows it');
  await coolDown(one);
  const app = await signInByCode(one, { phone_number: user.phone_number });
  assert.equal((await logOut(one, app.token)).status, 200);
  assert.notEqual((await browser.status({ kriya: two })).csrf_token, csrf_token);
  assert.match(browser.set.value, /^visitor\./);
});

test('the cookie opens nothing else', async () => {
  const browser = new Browser(kriya);
  await browser.signIn();
  const headers = { 'X-CSRF-Token': browser.csrf };
  for (const [method, path] of [
    ['GET', '/api/auth/user'],
    ['GET', '/api/auth/sessions'],
    ['DELETE', '/api/auth/logout'],
  ]) {
    assertProblem(await browser.request(method, path, { headers }), 401, 'missing_token');
  }
  for (const path of ['/mcp', '/webhooks/telesign', '/webhooks/whatsapp']) {
    const [plain, withCookie] = [
      await send(kriya, 'POST', path, { json: {} }),
      await send(kriya, 'POST', path, { json: {}, headers: { Cookie: browser.cookie, ...headers } }),
    ];
    assert.ok(plain.status >= 400);
    assert.equal(withCookie.status, plain.status, path);
  }
  await browser.status();
  assert.match(browser.set.value, /^person\./, 'and nothing has happened to it');
});

test('the sid alone opens nothing, though its owner and the database know it', async () => {
  const browser = new Browser(kriya);
  await browser.signIn();
  const [, sid, expiry] = browser.cookie.split('.');
  for (const value of [sid, `person.${sid}`, `person.${sid}.${expiry}`, `person.${sid}.${expiry}.`]) {
    const answer = await call(kriya, 'GET', STATUS, { headers: { Cookie: `auth_token=${value}` } });
    assert.match(answer.headers['set-cookie'][0], /^auth_token=visitor\./);
  }
  const all = JSON.stringify(query(kriya, 'SELECT * FROM sessions'));
  assert.ok(all.includes(sid) && !all.includes(browser.cookie.split('.').at(-1)));
});

test('neither cookie nor CSRF token is in any log', async () => {
  const browser = new Browser(kriya);
  await browser.signIn();
  await browser.request('DELETE', SESSION, { headers: { 'X-CSRF-Token': `${browser.csrf}x` } });
  const printed = kriya.stdout() + kriya.stderr();
  for (const secret of [browser.csrf, browser.cookie.split('.').at(-1), sidOf(browser)]) {
    assert.ok(!printed.includes(secret));
  }
});

test('COOKIE_SECURE and COOKIE_SAMESITE are what they say', async (t) => {
  const strict = await startKriya({ t, env: { COOKIE_SECURE: 'true', COOKIE_SAMESITE: 'strict' } });
  const browser = new Browser(strict);
  await browser.status();
  assert.equal(browser.set.name, 'auth_token');
  assert.deepEqual(browser.set.attributes, ['httponly', 'max-age=3600', 'path=/', 'samesite=strict', 'secure']);
});

describe('in production', () => {
  const PUBLIC_URL = 'https://kriya.example';
  const PHONE = '+919812345678';
  const CODE = '482913';
  let production;
  before(async () => {
    production = await startKriya({
      env: {
        ENVIRONMENT: 'production',
        JWT_SECRET_KEY: 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE',
        PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc',
        PHONE_VERIFICATION: undefined,
        PUBLIC_URL,
        SMS_PROVIDER: 'none',
        TEST_PHONE_NUMBERS: `${PHONE}=${CODE}`,
        TEST_PHONE_NUMBERS_UNTIL: new Date(Date.now() + 864e5).toISOString().slice(0, 10),
        TEST_NUMBERS_IN_PRODUCTION: 'true',
      },
    });
  });
  after(() => production?.dispose());

  test('the cookie is of this host alone, over HTTPS alone', async () => {
    const browser = new Browser(production);
    const { authenticated, token } = await browser.status();
    assert.deepEqual([authenticated, token], [false, null], 'there is no demo');
    assert.equal(browser.set.name, '__Host-auth_token');
    assert.deepEqual(browser.set.attributes, ['httponly', 'max-age=3600', 'path=/', 'samesite=lax', 'secure']);
  });

  test('an unprefixed cookie is ignored, also beside the real one', async () => {
    const browser = new Browser(production);
    const { csrf_token } = await browser.status();
    const value = browser.set.value;
    const headers = { Cookie: `auth_token=${value}`, 'X-CSRF-Token': csrf_token };
    assertProblem(await call(production, 'DELETE', SESSION, { headers }), 401, 'missing_csrf_token');
    const both = { ...headers, Cookie: `auth_token=planted; __Host-auth_token=${value}` };
    assert.equal((await call(production, 'DELETE', SESSION, { headers: both })).status, 200);
  });

  test('a person signs in and no token ever leaves', async () => {
    const browser = new Browser(production);
    await browser.status();
    const json = { phone_number: PHONE, first_name: 'Asha' };
    const asked = await call(production, 'POST', '/api/auth/register', { json });
    assert.equal(asked.status, 202, asked.text);
    const body = { verification_id: asked.json.verification.id, code: CODE };
    const signedIn = await browser.send('POST', SESSION, { json: body, headers: { Origin: PUBLIC_URL } });
    assert.equal(signedIn.status, 200, signedIn.text);
    assert.equal(browser.set.name, '__Host-auth_token');
    assert.ok(browser.set.attributes.includes('secure'));
    const status = await browser.status();
    assert.deepEqual([status.authenticated, status.token], [true, null]);
    assert.doesNotMatch(signedIn.text + browser.cookie, /eyJ[\w-]+\.eyJ/);
    assert.equal(status.csrf_token, signedIn.json.csrf_token);
    assert.equal((await browser.signOut()).status, 200);
    assert.deepEqual([browser.set.name, browser.set.value], ['__Host-auth_token', '']);
    assert.equal((await browser.status()).authenticated, false);
  });

  test('this machine and the Host header are no origins', async () => {
    const browser = new Browser(production);
    await browser.status();
    for (const Origin of [production.url, `http://localhost:${production.port}`, 'https://evil.example']) {
      const headers = { Origin, Host: new URL(Origin).host };
      assertProblem(await browser.send('DELETE', SESSION, { headers }), 403, 'foreign_origin');
    }
  });
});

describe('in a real browser', () => {
  const executablePath = process.env.CHROMIUM_BIN || '/usr/bin/chromium';
  let chrome;
  before(async () => {
    assert.ok(existsSync(executablePath), `there is no ${executablePath}: scripts/setup.sh test installs it`);
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
    chrome = await chromium.launch({ executablePath, args });
  });
  after(() => chrome?.close());

  test('a page signs in by phone code and out again, and scripts see no cookie', async (t) => {
    const context = await chrome.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(`${kriya.publicUrl}/docs`);
    const ask = (method, path, json, csrf) =>
      page.evaluate(
        async ([m, p, body, token]) => {
          const headers = { 'Content-Type': 'application/json', ...(token && { 'X-CSRF-Token': token }) };
          const answer = await fetch(p, { method: m, headers, ...(body && { body: JSON.stringify(body) }) });
          return { status: answer.status, json: await answer.json(), cookies: document.cookie };
        },
        [method, path, json, csrf],
      );
    const status = await ask('GET', STATUS);
    assert.equal(status.status, 200);
    const { id, code } = await open(kriya);
    const json = { verification_id: id, code };
    assert.equal((await ask('POST', SESSION, json)).status, 401, 'without the CSRF token');
    const signedIn = await ask('POST', SESSION, json, status.json.csrf_token);
    assert.equal(signedIn.status, 200, JSON.stringify(signedIn.json));
    for (const { cookies } of [status, signedIn]) assert.equal(cookies, '');
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['auth_token', true, 'Lax']);
    assert.match(cookie.value, /^person\./);
    assert.equal((await ask('GET', STATUS)).json.csrf_token, signedIn.json.csrf_token);

    // A page of another site: the browser itself says where the request comes from.
    const other = await context.newPage();
    await other.goto(`http://127.0.0.1:${kriya.port}/docs`);
    const read = await other.evaluate(
      ([url]) => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'refused'),
      [`${kriya.publicUrl}${STATUS}`],
    );
    assert.equal(read, 'refused');

    assert.equal((await ask('DELETE', SESSION, undefined, signedIn.json.csrf_token)).status, 200);
    assert.deepEqual(await context.cookies(), []);
  });
});
