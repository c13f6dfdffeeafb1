// The general request limits: what a client meets at a limit, who is counted as one, and who is not counted.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';

import { bearer, logOut, readUser, signIn } from './support/accounts.mjs';
import { call, send, startKriya, uniquePhone } from './support/kriya.mjs';

const REGISTER = '/api/auth/register';
const REGISTRARS = ['e2e-registrar-key-one-Vw8', 'e2e-registrar-key-two-Kq3'];

/** `"a";q=1;w=2, "b";q=3;w=4` is {a: {q: 1, w: 2}, b: {q: 3, w: 4}}. */
function listed(header) {
  const members = (header ?? '').split(', ').filter(Boolean).map((member) => {
    const [name, ...parameters] = member.split(';');
    assert.match(name, /^"[a-z-]+"$/);
    return [name.slice(1, -1), Object.fromEntries(parameters.map((pair) => {
      assert.match(pair, /^[a-z]=\d+$/);
      return [pair[0], Number(pair.slice(2))];
    }))];
  });
  return Object.fromEntries(members);
}
const policies = (answer) => listed(answer.headers['ratelimit-policy']);
const left = (answer, name) => listed(answer.headers.ratelimit)[name].r;

let addresses = 0;
/** A client's address that nobody has used. */
const newAddress = () => {
  ++addresses;
  return `10.9.${addresses >> 8}.${addresses & 255}`;
};
const from = (address, headers = {}) => ({ 'X-Forwarded-For': address, ...headers });

/** Registrations without a body: they count, and make nobody. */
const knock = (kriya, address, headers) => call(kriya, 'POST', REGISTER, { json: {}, headers: from(address, headers) });

/** Sends until one is refused; {allowed, refused, seconds}: how many were not, the refusal, and how long it took. */
async function exhaust(once, atMost) {
  const start = performance.now();
  for (let allowed = 0; allowed <= atMost; ++allowed) {
    const answer = await once();
    if (answer.status === 429) return { allowed, refused: answer, seconds: (performance.now() - start) / 1000 };
  }
  throw new Error(`${atMost} requests were taken, and none refused`);
}
const knocks = (kriya, address) =>
  exhaust(() => send(kriya, 'POST', REGISTER, { json: {}, headers: from(address) }), 1000);

async function metric(kriya, line) {
  const { text } = await send(kriya, 'GET', '/metrics');
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1));
}

describe('limits on requests', () => {
  let kriya;
  before(async () => {
    kriya = await startKriya({ env: { TRUSTED_PROXIES: '127.0.0.1', REGISTRATION_API_KEYS: REGISTRARS.join(',') } });
  });
  after(() => kriya.dispose());

  test('are told with every answer of a limited path', async () => {
    const address = newAddress();
    const json = { phone_number: uniquePhone(), first_name: 'Asha' };
    const good = await call(kriya, 'POST', REGISTER, { json, headers: from(address) });
    assert.equal(good.status, 200);
    assert.equal(good.headers['ratelimit-policy'], '"register";q=300;w=60');
    assert.equal(good.headers.ratelimit, '"register";r=299;t=1');
    const bad = await knock(kriya, address);
    assert.equal(bad.status, 422);
    assert.deepEqual(policies(bad), policies(good));
  });

  test('are taken to the last request and not beyond', async () => {
    const address = newAddress();
    const before = await metric(kriya, 'kriya_rate_limited_total{limit="register"}');
    const { allowed, seconds } = await knocks(kriya, address);
    assert.ok(allowed >= 300, `${allowed} were taken`);
    assert.ok(allowed <= 300 + seconds * 5, `${allowed} were taken in ${seconds} s`);
    assert.equal(await metric(kriya, 'kriya_rate_limited_total{limit="register"}'), before + 1);
  });

  test('refuse with 429, and say when to come again, and then take one more', async () => {
    const address = newAddress();
    await knocks(kriya, address);
    let refused = await knock(kriya, address);
    while (refused.status !== 429) refused = await knock(kriya, address); // one came back meanwhile
    assert.equal(refused.json.code, 'too_many_requests');
    assert.equal(refused.json.title, 'Too many requests');
    assert.match(refused.json.detail, /300 requests in 60 seconds/);
    assert.equal(refused.headers['content-type'], 'application/problem+json');
    assert.equal(refused.headers['retry-after'], '1'); // one comes back each 200 ms
    assert.equal(refused.headers.ratelimit, '"register";r=0;t=1');
    await sleep(1000 * Number(refused.headers['retry-after']));
    assert.equal((await knock(kriya, address)).status, 422);
  });

  test('leave other addresses alone', async () => {
    await knocks(kriya, newAddress());
    const other = await knock(kriya, newAddress());
    assert.equal(other.status, 422);
    assert.equal(left(other, 'register'), 299);
  });

  test('count a network of IPv6 as one address', async () => {
    assert.equal(left(await knock(kriya, '2001:db8:5:1::1'), 'register'), 299);
    assert.equal(left(await knock(kriya, '2001:db8:5:1:ffff::2'), 'register'), 298);
    assert.equal(left(await knock(kriya, '[2001:db8:5:2::1]:4711'), 'register'), 299);
  });

  test('are not fooled by what a client itself puts into X-Forwarded-For', async () => {
    const address = newAddress();
    assert.equal(left(await knock(kriya, `203.0.113.1, ${address}`), 'register'), 299);
    assert.equal(left(await knock(kriya, `203.0.113.2, ${address}`), 'register'), 298);
  });

  test('count a user, whatever the address, and no other user', async () => {
    const [one, other] = [await signIn(kriya), await signIn(kriya)];
    const read = ({ token }) =>
      send(kriya, 'GET', '/api/auth/user', { headers: from(newAddress(), bearer(token)) });
    const first = await read(one);
    assert.deepEqual(policies(first), { 'account-address': { q: 3000, w: 60 }, account: { q: 600, w: 60 } });
    assert.equal(left(first, 'account'), 599);
    const { allowed, refused, seconds } = await exhaust(() => read(one), 2000);
    assert.ok(allowed + 1 >= 600 && allowed + 1 <= 600 + 10 * seconds + 1, `${allowed} were taken in ${seconds} s`);
    assert.match(refused.json.detail, /600 requests/);
    assert.equal((await read(other)).status, 200);
  });

  test('count reading and logging out together, and a token that was revoked apart', async () => {
    const phone_number = uniquePhone();
    const { token } = await signIn(kriya, { phone_number });
    assert.equal(left(await readUser(kriya, token), 'account'), 599);
    assert.equal(left(await logOut(kriya, token), 'account'), 598);
    const next = await signIn(kriya, { phone_number });
    const dead = await readUser(kriya, token);
    assert.equal(dead.status, 401);
    assert.equal(left(dead, 'account'), 597);
    assert.equal(left(await readUser(kriya, next.token), 'account'), 599);
  });

  test('count forged tokens for the address alone', async () => {
    const headers = from(newAddress(), bearer('forged'));
    assert.equal(left(await call(kriya, 'GET', '/api/auth/user', { headers }), 'account-address'), 2999);
    const again = await call(kriya, 'DELETE', '/api/auth/logout', { headers });
    assert.equal(again.status, 401);
    assert.deepEqual(listed(again.headers.ratelimit), { 'account-address': { r: 2998, t: 1 } });
  });

  test('count the API key that asks about tokens, and nothing without a good one', async () => {
    const ask = (headers) => call(kriya, 'POST', '/api/auth/validate-token', { json: { token: 'x' }, headers });
    const good = await ask({ 'X-API-Key': kriya.apiKey });
    assert.deepEqual(policies(good), { 'token-validator': { q: 60_000, w: 60 } });
    for (const headers of [{}, { 'X-API-Key': 'wrong' }]) {
      const refused = await ask(headers);
      assert.ok([401, 403].includes(refused.status));
      assert.equal(refused.headers.ratelimit, undefined);
    }
  });

  test('are nowhere else', async () => {
    for (const [method, target] of [
      ['GET', '/health'], ['GET', '/metrics'], ['GET', '/docs'], ['GET', '/openapi.json'],
      ['GET', '/.well-known/jwks.json'], ['GET', '/nowhere'], ['GET', REGISTER], ['OPTIONS', REGISTER],
    ]) {
      const { headers } = await send(kriya, method, target);
      assert.equal(headers.ratelimit, undefined, `${method} ${target}`);
      assert.equal(headers['ratelimit-policy'], undefined, `${method} ${target}`);
    }
  });

  test('keep neither keys nor numbers in the log', async () => {
    await kriya.printed(/"status":429/, 'stderr');
    for (const secret of [...REGISTRARS, kriya.apiKey, '+9198']) {
      assert.ok(!kriya.stderr().includes(secret) && !kriya.stdout().includes(secret), secret);
    }
  });
});

describe('limits on registrars', () => {
  let kriya;
  before(async () => {
    const env = {
      PHONE_VERIFICATION: 'required',
      TRUSTED_PROXIES: '127.0.0.1',
      REGISTRATION_API_KEYS: REGISTRARS.join(','),
    };
    kriya = await startKriya({ env });
  });
  after(() => kriya.dispose());

  test('count the key, each for itself, wherever it comes from', async () => {
    const first = await knock(kriya, newAddress(), { 'X-API-Key': REGISTRARS[0] });
    assert.deepEqual(policies(first), { registrar: { q: 6000, w: 60 } });
    assert.equal(left(first, 'registrar'), 5999);
    const second = await knock(kriya, newAddress(), { 'X-API-Key': REGISTRARS[1] });
    assert.equal(left(second, 'registrar'), 5999);
  });

  test('do not strangle a registrar whose address is over the limit of strangers', async () => {
    const address = newAddress();
    await knocks(kriya, address);
    assert.equal((await knock(kriya, address, { 'X-API-Key': REGISTRARS[0] })).status, 422);
    const taken = await Promise.all(
      Array.from({ length: 320 }, () =>
        send(kriya, 'POST', REGISTER, { json: {}, headers: from(address, { 'X-API-Key': REGISTRARS[0] }) })),
    );
    assert.deepEqual(new Set(taken.map(({ status }) => status)), new Set([422]));
  });

  test('count wrong keys as a stranger would be counted', async () => {
    const address = newAddress();
    const guess = () => send(kriya, 'POST', REGISTER, { json: {}, headers: from(address, { 'X-API-Key': 'guess' }) });
    const first = await guess();
    assert.equal(first.status, 403);
    assert.equal(left(first, 'register'), 299);
    const { allowed } = await exhaust(guess, 1000);
    assert.ok(allowed >= 299);
  });
});

test('RATE_LIMITS=off takes all, and says nothing of limits', async (t) => {
  const kriya = await startKriya({ t, env: { RATE_LIMITS: 'off' } });
  for (let i = 0; i < 350; ++i) {
    const answer = await send(kriya, 'POST', REGISTER, { json: {} });
    assert.equal(answer.status, 422);
    assert.equal(answer.headers.ratelimit, undefined);
    assert.equal(answer.headers['ratelimit-policy'], undefined);
  }
  assert.ok(Number.isNaN(await metric(kriya, 'kriya_rate_limited_total{limit="register"}')));
});

test('the OpenAPI document tells of the limits where there are some', async (t) => {
  const { document } = await (await startKriya({ t })).openapi();
  const without = ['/health', '/health/live', '/health/ready', '/metrics', '/openapi.json', '/.well-known/jwks.json'];
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const { responses } of Object.values(operations)) {
      const limited = Object.hasOwn(responses['200'] ?? responses['202'] ?? {}, 'headers') &&
        Object.hasOwn((responses['200'] ?? responses['202']).headers, 'RateLimit');
      if (path.startsWith('/api/auth/')) assert.ok(limited, path);
      if (without.includes(path)) assert.ok(!limited, path);
      if (!limited) continue;
      const names = Object.keys(responses['429'].headers).sort();
      assert.deepEqual(names, ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id']);
    }
  }
});
