// Several kriya on one PostgreSQL and one Redis behind a load balancer, as docs/operations.md sets them up: they are
// one server to their clients, whichever part goes away.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { bearer, isValid, logOut, readUser, register, signIn, validate } from './support/accounts.mjs';
import { call, kriyaBinary, PLANE_KEY, run, startKriya, uniquePhone } from './support/kriya.mjs';
import { STREAMS, times, underLoad } from './support/load.mjs';
import { startHaproxy, startNginx } from './support/load_balancer.mjs';
import { startPostgres } from './support/postgres.mjs';
import { startRedis } from './support/redis.mjs';
import { until } from './support/service.mjs';
import {
  answer as typeCode,
  ask,
  assertProblem,
  assertTooMany,
  codeTo,
  coolDown,
  from as forwarded,
  messagesTo,
  newAddress as unusedAddress,
  PostgresRows,
  refresh,
  resend,
  wrong,
} from './support/sign_in.mjs';

const PUBLIC_URL = 'http://kriya.test'; // one audience of tokens for all
const REGISTER = '/api/auth/register';
const REGISTRAR_KEY = 'e2e-registrar-key-7hWq2ZtB';
const QUICK = 3_000; // ms: how long a refusal may take while something is away
const MEMORY_GROWTH = /san/.test(kriyaBinary) ? 512 : 64; // MiB; sanitizers keep freed memory

let postgres;
let redis;
before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
after(() => Promise.all([postgres?.remove(), redis?.remove()]));

/** Instances on a database of their own, and what brings a killed one back on its port. */
async function startCluster(t, { count = 3, env = {} } = {}) {
  const database = await postgres.createDatabase();
  const shared = {
    DATABASE_URL: postgres.url(database),
    REDIS_URL: redis.nextUrl(),
    PUBLIC_URL,
    TRUSTED_PROXIES: '127.0.0.1',
    WORKERS: '2',
    ...env,
  };
  const instances = await Promise.all(Array.from({ length: count }, () => startKriya({ t, env: shared })));
  await Promise.all(instances.map((kriya) => kriya.openapi()));
  const revive = async (index) => {
    const env = { ...shared, PORT: String(instances[index].port) };
    return (instances[index] = await startKriya({ t, env }));
  };
  return { database, env: shared, instances, revive };
}

const person = () => ({ phone_number: uniquePhone(), first_name: 'Asha' });
const anyOf = (list) => list[randomInt(list.length)];

/** The answer, held against the OpenAPI document; or, as `status`, the code with which the connection broke. */
async function attempt(server, method, target, options) {
  try {
    return await call(server, method, target, options);
  } catch (error) {
    if (error.code === 'ERR_ASSERTION') throw error;
    return { status: error.code };
  }
}

/** Waits until the list has so many entries more. */
const grows = (list, count) => {
  const wanted = list.length + count;
  return until(() => list.length >= wanted, () => `only ${list.length} of ${wanted}`, 60_000);
};

/** Every one of these {token, user} is in the database and good; the instances take turns to say so. */
async function assertAllThere({ database, instances }, accounts) {
  const rows = await postgres.query('SELECT id, phone_number FROM users', database);
  const stored = new Map(rows.map(({ id, phone_number }) => [phone_number, id]));
  for (const { user } of accounts) assert.equal(stored.get(user.phone_number), user.id);
  const waiting = [...accounts];
  await times(STREAMS, async () => {
    for (let account = waiting.pop(); account; account = waiting.pop()) {
      const kriya = instances[waiting.length % instances.length];
      assert.deepEqual((await validate(kriya, account.token)).user, account.user);
    }
  });
}

/** A problem document that says to come back. */
function assertUnavailable(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.headers['content-type'], /problem\+json/);
  assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  assert.doesNotMatch(answer.text, /postgres|redis|127\.0\.0\.1/i, 'clients learn nothing about the inside');
}

const megabytes = (kriya) => Number(readFileSync(`/proc/${kriya.process.pid}/statm`, 'utf8').split(' ')[1]) / 256;

/** How many requests an instance has answered on a route. */
async function served(kriya, route) {
  const { text } = await call(kriya, 'GET', '/metrics');
  const lines = text.matchAll(/^kriya_http_requests_total\{(.*)\} (\d+)$/gm);
  return [...lines].reduce((sum, [, labels, value]) => sum + (labels.includes(`"${route}"`) ? Number(value) : 0), 0);
}

describe('three instances behind nginx', () => {
  test('refuse a token everywhere from the moment that one of them has answered its logout', async (t) => {
    const { instances } = await startCluster(t, { env: { RATE_LIMITS: 'off' } });
    const nginx = await startNginx(instances, t);
    const others = await times(10, () => signIn(nginx));
    let logouts = 0;
    const comeAndGo = async () => {
      const first = await signIn(nginx);
      const second = await signIn(anyOf(instances), { phone_number: first.user.phone_number });
      for (const { user } of await Promise.all(instances.map((kriya) => validate(kriya, first.token)))) {
        assert.deepEqual(user, first.user);
      }
      const gone = await logOut(instances[logouts++ % instances.length], anyOf([first, second]).token);
      assert.equal(gone.status, 200, gone.text);
      const verdicts = await Promise.all(
        instances.flatMap((kriya) => [
          isValid(kriya, first.token),
          isValid(kriya, second.token),
          readUser(kriya, first.token).then(({ status }) => status !== 401),
        ]),
      );
      assert.ok(!verdicts.includes(true), `logout ${logouts}: ${verdicts}`);
    };
    await underLoad(
      async () => assert.ok(await isValid(anyOf(instances), anyOf(others).token)),
      () => times(8, async () => {
        for (let round = 0; round < 25; ++round) await comeAndGo();
      }),
      6,
    );
    assert.equal(logouts, 200);
  });

  test('make one user of a number that registers on all of them at once', async (t) => {
    const { instances, database } = await startCluster(t, { env: { RATE_LIMITS: 'off' } });
    for (let round = 0; round < 10; ++round) {
      const phone_number = uniquePhone();
      const answers = await times(9, (i) => signIn(instances[i % 3], { phone_number, first_name: `R ${i}` }));
      assert.equal(new Set(answers.map(({ user }) => JSON.stringify(user))).size, 1);
      assert.equal(answers.filter(({ message }) => message === 'Registration successful').length, 1);
      const verdicts = await Promise.all(answers.map(({ token }, i) => isValid(instances[(i + 1) % 3], token)));
      assert.ok(verdicts.every(Boolean));
    }
    assert.equal((await postgres.query('SELECT count(*) AS users FROM users', database))[0].users, 10);
  });

  test('lose nothing that was acknowledged when one is killed under load, and take it back', async (t) => {
    const cluster = await startCluster(t, { env: { RATE_LIMITS: 'off' } });
    const { instances } = cluster;
    const nginx = await startNginx(instances, t);
    const acknowledged = [];
    const failures = [];
    const customer = async (stream) => {
      const server = stream < STREAMS - 3 ? nginx : instances[stream % 3];
      const registered = await attempt(server, 'POST', REGISTER, { json: person() });
      if (registered.status === 200) acknowledged.push(registered.json);
      else failures.push([server === nginx, registered.status]);
      if (acknowledged.length > 0) {
        const json = { token: anyOf(acknowledged).token };
        const headers = { 'X-API-Key': PLANE_KEY };
        const validated = await attempt(server, 'POST', '/api/auth/validate-token', { json, headers });
        if (validated.status === 200) assert.ok(validated.json.valid);
        else failures.push([server === nginx, validated.status]);
      }
      if (registered.status !== 200) await pause(20);
    };
    const victim = randomInt(3);
    await underLoad(customer, async () => {
      await grows(acknowledged, 200);
      await instances[victim].kill();
      await grows(acknowledged, 300);
      const revived = await cluster.revive(victim);
      await until(async () => (await served(revived, REGISTER)) > 10, 'the revived instance gets no work');
      await grows(acknowledged, 100);
    });
    const [behind, direct] = [true, false].map((kind) => failures.filter(([k]) => k === kind).map(([, code]) => code));
    for (const status of behind) assert.ok([502, 503, 504].includes(status), `nginx answered ${status}`);
    for (const code of direct) assert.match(String(code), /^(ECONNREFUSED|ECONNRESET|EPIPE)$/);
    // What was on its way to the killed one, and what nginx still sent there before it knew.
    assert.ok(behind.length <= 3 * STREAMS, `${behind.length} requests failed behind nginx`);
    t.diagnostic(`${acknowledged.length} registrations; nginx had to refuse ${behind.length} requests`);
    await assertAllThere(cluster, acknowledged);
  });

  test('are restarted one after another, as for an upgrade, without a client that notices', async (t) => {
    const cluster = await startCluster(t, { env: { RATE_LIMITS: 'off' } });
    const { instances } = cluster;
    const nginx = await startNginx(instances, t);
    const acknowledged = [];
    const failures = [];
    const customer = async () => {
      const answer = await attempt(nginx, 'POST', REGISTER, { json: person() });
      if (answer.status === 200) acknowledged.push(answer.json);
      else failures.push(answer.status);
      await pause(10);
    };
    await underLoad(customer, async () => {
      for (const index of instances.keys()) {
        await grows(acknowledged, 50);
        assert.equal(await instances[index].stop(), 0);
        await grows(acknowledged, 50);
        const fresh = await cluster.revive(index);
        await until(async () => (await served(fresh, REGISTER)) > 0, 'the new one gets no work');
      }
    }, 6);
    // A kept connection may close at the very moment in which nginx sends on it; a POST is not repeated then.
    assert.ok(failures.length <= 2, `${failures}`);
    await assertAllThere(cluster, acknowledged);
  });

  test('answer 503 at once while PostgreSQL is away, and recover by themselves when it is back', async (t) => {
    const cluster = await startCluster(t, { env: { RATE_LIMITS: 'off' } });
    const { instances } = cluster;
    const acknowledged = await times(20, (i) => signIn(instances[i % 3]));
    const revoked = await times(10, (i) => signIn(instances[i % 3]));
    for (const { token } of revoked) assert.equal((await logOut(anyOf(instances), token)).status, 200);
    let away = false;
    let slowest = 0;
    const refusals = [0, 0, 0];
    /** One request: 200, or 503 when PostgreSQL was away at some moment of it. */
    const ask = async (index, method, target, options) => {
      const [began, wasAway] = [Date.now(), away];
      const answer = await call(instances[index], method, target, options);
      slowest = Math.max(slowest, Date.now() - began);
      if (answer.status !== 503) {
        assert.ok(!wasAway || !away, `${method} ${target} answered ${answer.status} without a database`);
        return answer;
      }
      assertUnavailable(answer);
      if (wasAway) refusals[index]++;
      await pause(5);
    };
    const judge = async (index, token) => {
      const options = { json: { token }, headers: { 'X-API-Key': PLANE_KEY } };
      return (await ask(index, 'POST', '/api/auth/validate-token', options))?.json.valid;
    };
    const customer = async (stream) => {
      const index = stream % 3;
      const account = (await ask(index, 'POST', REGISTER, { json: person() }))?.json;
      assert.notEqual(await judge(index, anyOf(revoked).token), true, 'a revoked token is good again');
      assert.notEqual(await judge(index, anyOf(acknowledged).token), false, 'a good token is refused');
      const read = await ask(index, 'GET', '/api/auth/user', { headers: bearer(anyOf(acknowledged).token) });
      assert.ok([undefined, 200].includes(read?.status), read?.text);
      if (!account) return;
      if (stream % 4 !== 0) return void acknowledged.push(account);
      const gone = await ask(index, 'DELETE', '/api/auth/logout', { headers: bearer(account.token) });
      if (gone) revoked.push(account); // after a 503 nobody knows
    };
    await underLoad(customer, async () => {
      await grows(acknowledged, 100);
      const memory = instances.map(megabytes);
      await postgres.stop();
      away = true;
      await until(() => Math.min(...refusals) >= 200, () => `refused: ${refusals}`, 60_000);
      for (const [index, kriya] of instances.entries()) {
        assertUnavailable(await call(kriya, 'GET', '/health/ready'));
        assert.equal((await call(kriya, 'GET', '/health/live')).status, 200);
        assertUnavailable(await logOut(kriya, acknowledged[0].token));
        const grown = megabytes(kriya) - memory[index];
        assert.ok(grown < MEMORY_GROWTH, `instance ${index} holds ${grown.toFixed()} MiB more`);
      }
      away = false;
      await postgres.restart();
      const ready = async (kriya) => (await call(kriya, 'GET', '/health/ready')).status === 200;
      for (const kriya of instances) await until(() => ready(kriya), 'ready again', 10_000);
      const work = await Promise.all(instances.map((kriya) => served(kriya, REGISTER)));
      await grows(acknowledged, 100);
      for (const [index, kriya] of instances.entries()) assert.ok((await served(kriya, REGISTER)) > work[index]);
    });
    assert.ok(slowest < QUICK, `one answer took ${slowest} ms`);
    t.diagnostic(`each refused ${refusals} while PostgreSQL was away; the slowest answer of all took ${slowest} ms`);
    await assertAllThere(cluster, acknowledged);
    for (const { token } of revoked) assert.equal(await isValid(anyOf(instances), token), false);
  });
});

describe('three instances that send codes', () => {
  async function startSending(t) {
    const cluster = await startCluster(t, { env: { PHONE_VERIFICATION: 'required', RATE_LIMITS: 'off' } });
    return { ...cluster, rows: new PostgresRows(postgres, cluster.database) };
  }

  /** Asks one of them for a code, which any of them may print: {phone, id, code}. */
  async function openOn({ instances }, door, phone = uniquePhone()) {
    const before = messagesTo(instances, phone).length;
    const asked = await ask(door, { phone_number: phone });
    assert.equal(asked.status, 202, asked.text);
    await until(() => messagesTo(instances, phone).length > before, 'the message');
    // Of two messages that different instances printed, the order is not known.
    assert.equal(before, 0);
    return { phone, id: asked.json.verification.id, code: await codeTo(instances, phone) };
  }

  test('sign a person in that comes to another one each time', async (t) => {
    const cluster = await startSending(t);
    const { instances } = cluster;
    for (let first = 0; first < 3; ++first) {
      const [one, two, three] = [0, 1, 2].map((i) => instances[(first + i) % 3]);
      const { phone, id, code } = await openOn(cluster, one);
      assert.equal((await typeCode(two, id, wrong(code))).json.attempts_left, 4);
      assert.equal((await typeCode(three, id, wrong(code, 2))).json.attempts_left, 3);
      assertTooMany(await resend(two, id));
      await coolDown(cluster);
      assert.equal((await resend(two, id)).status, 202);
      const signedIn = await typeCode(three, id, code);
      assert.equal(signedIn.status, 200, signedIn.text);
      assert.equal(signedIn.json.user.phone_number, phone);
      assertProblem(await typeCode(one, id, code), 410, 'verification_expired');
      const renewed = await refresh(one, signedIn.json.refresh_token);
      assert.equal(renewed.status, 200, renewed.text);
      const again = await refresh(two, signedIn.json.refresh_token);
      assert.equal(again.json.refresh_token, renewed.json.refresh_token, 'the same child everywhere');
      assert.equal((await refresh(three, renewed.json.refresh_token)).status, 200);
      for (const kriya of instances) assert.ok(await isValid(kriya, renewed.json.token));
      assert.equal((await logOut(two, renewed.json.token)).status, 200);
      for (const kriya of instances) {
        assert.equal(await isValid(kriya, renewed.json.token), false);
        assertProblem(await refresh(kriya, renewed.json.refresh_token), 401, 'invalid_token');
      }
    }
  });

  test('compare five guesses together, and take the right one once, whoever gets them', async (t) => {
    const cluster = await startSending(t);
    const { instances } = cluster;
    const nginx = await startNginx(instances, t);
    const doors = [...instances, nginx];
    const guessed = await openOn(cluster, nginx);
    const guesses = await times(200, (i) => typeCode(doors[i % 4], guessed.id, wrong(guessed.code, i + 1)));
    const compared = guesses.filter(({ json }) => json.code === 'invalid_code');
    assert.equal(compared.length, 5);
    assertProblem(await typeCode(nginx, guessed.id, guessed.code), 410, 'verification_expired');

    const right = await openOn(cluster, nginx);
    const answers = await times(20, (i) => typeCode(instances[i % 3], right.id, right.code));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal((await postgres.query('SELECT count(*) AS users FROM users', cluster.database))[0].users, 1);
  });

  test('send one code where many are asked for at once, and twenty to one address', async (t) => {
    const { instances } = await startSending(t);
    const phone_number = uniquePhone();
    const statuses = async (request) => (await times(30, request)).map(({ status }) => status);
    const sent = (list) => list.filter((status) => status === 202).length;
    assert.equal(sent(await statuses((i) => ask(instances[i % 3], { phone_number }))), 1);
    assert.equal(messagesTo(instances, phone_number).length, 1);
    const address = unusedAddress();
    assert.equal(sent(await statuses((i) => ask(instances[i % 3], {}, forwarded(address)))), 20);
  });

  test('know of the failures at each other, also those of one that was killed', async (t) => {
    const cluster = await startSending(t);
    const { instances, rows } = cluster;
    const phone_number = uniquePhone();
    const ids = [];
    const codes = () => messagesTo(instances, phone_number).map((text) => text.match(/#(\d+)$/)[1]);
    for (let i = 0; i < 3; ++i) {
      ids.push((await ask(instances[i], { phone_number })).json.verification.id);
      await until(() => codes().length === i + 1, 'the message');
      await coolDown({ rows }, 3600);
    }
    const known = codes();
    for (let i = 0; i < 10; ++i) {
      // No code of any of the three.
      let code = '000000';
      while (known.includes(code)) code = wrong(code);
      assertProblem(await typeCode(instances[(i + 1) % 3], ids[i % 2], code), 401, 'invalid_code');
    }
    await instances[0].kill();
    const revived = await cluster.revive(0);
    for (const kriya of [...instances.slice(1), revived]) {
      for (const code of known) assertTooMany(await typeCode(kriya, ids[2], code));
      assertTooMany(await ask(kriya, { phone_number }));
    }
  });
});

describe('limits on requests', () => {
  const from = (address, headers) => ({ 'X-Forwarded-For': address, ...headers });
  let nextAddress = 0;
  const newAddress = () => `198.18.${++nextAddress >> 8}.${nextAddress & 255}`;

  /** The narrowest of the limits that the answer names: {requests, seconds}. */
  function policyOf(answer) {
    const policies = [...(answer.headers['ratelimit-policy'] ?? '').matchAll(/"[^"]*";\s*q=(\d+);\s*w=(\d+)/g)];
    assert.ok(policies.length > 0, `RateLimit-Policy: ${answer.headers['ratelimit-policy']}`);
    const [requests, seconds] = policies.map(([, q, w]) => [Number(q), Number(w)]).sort((a, b) => a[0] - b[0])[0];
    return { requests, seconds };
  }

  /**
   * Sends three times the quota, `ask(i)` each, many at once: exactly the quota passes, and what fits while the bucket
   * fills again meanwhile. Every other answer is a 429.
   */
  async function assertQuotaHolds({ requests, seconds }, ask) {
    const begun = Date.now();
    const answers = [];
    let next = 0;
    await times(30, async () => {
      while (next < 3 * requests) answers.push(await ask(next++));
    });
    const filled = Math.floor(((Date.now() - begun) / 1000) * (requests / seconds));
    const passed = answers.filter(({ status }) => status !== 429);
    for (const { status, text } of passed) assert.ok([200, 202, 501].includes(status), text);
    assert.ok(
      passed.length >= requests && passed.length <= requests + filled,
      `${passed.length} of ${answers.length} passed; the quota is ${requests}, and ${filled} more in the meantime`,
    );
    for (const { headers } of answers.filter(({ status }) => status === 429)) {
      assert.match(headers['retry-after'], /^[1-9]\d*$/);
      assert.ok(headers.ratelimit, 'RateLimit');
    }
  }

  test('hold across all instances together, whichever way a client comes', async (t) => {
    const { instances } = await startCluster(t);
    const nginx = await startNginx(instances, t);
    const policy = policyOf(await register(instances[0], person(), from(newAddress())));
    const address = newAddress();
    await assertQuotaHolds(policy, (i) => register(instances[i % 3], person(), from(address)));
    assert.equal((await register(nginx, person())).status, 200, 'others are not concerned');

    // Through nginx the address is the one of the connection, whatever the client says of itself.
    const agent = new http.Agent({ keepAlive: true, maxSockets: 30, localAddress: '127.0.0.2' });
    t.after(() => agent.destroy());
    await assertQuotaHolds(policy, (i) =>
      call(nginx, 'POST', REGISTER, { json: person(), headers: from(`198.51.100.${i % 250}`), agent }),
    );
    const some = Math.floor(policy.requests / 2); // a few may pass, as the bucket fills
    const onItsOwn = await times(some, () => register(instances[1], person(), from('127.0.0.2')));
    const refused = onItsOwn.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0, 'it is the same client when it comes to one of them directly');
  });

  /** A cluster in which numbers need proof: only the registrar's key makes users. */
  async function withRegistrar(t) {
    // Nobody sends codes, so that the limits on codes, which are narrower, refuse nobody first.
    const env = { PHONE_VERIFICATION: 'required', SMS_PROVIDER: 'none', REGISTRATION_API_KEYS: REGISTRAR_KEY };
    const cluster = await startCluster(t, { env });
    const stranger = (kriya, address = newAddress()) => register(kriya, person(), from(address));
    const registrar = (kriya) =>
      register(kriya, person(), from('192.0.2.1', { 'X-API-Key': REGISTRAR_KEY })).then((answer) => {
        assert.equal(answer.status, 200, answer.text);
        return answer.json;
      });
    const policy = policyOf(await stranger(cluster.instances[0]));
    return { ...cluster, stranger, registrar, policy };
  }

  /** What holds for one instance while Redis does not answer. */
  async function assertClosedButServing({ kriya, stranger, registrar, account }) {
    const quickly = async (promise) => {
      const begun = Date.now();
      const result = await promise;
      assert.ok(Date.now() - begun < QUICK, `${Date.now() - begun} ms`);
      return result;
    };
    for (const answer of await quickly(times(5, () => stranger(kriya)))) assertUnavailable(answer);
    assert.ok(await quickly(isValid(kriya, account.token)));
    assert.equal((await quickly(readUser(kriya, account.token))).status, 200);
    const { token } = await quickly(registrar(kriya));
    assert.equal((await quickly(logOut(kriya, token))).status, 200);
    assert.equal(await quickly(isValid(kriya, token)), false);
    assert.equal((await quickly(call(kriya, 'GET', '/health/ready'))).status, 200);
  }

  /** Every thread of every instance counts again: connections spread over the threads. */
  async function opensAgain({ instances, stranger }) {
    for (const kriya of instances) {
      const open = async () => (await times(10, () => stranger(kriya))).every(({ status }) => status !== 503);
      await until(open, 'strangers are heard again', 10_000);
    }
  }

  test('stay closed for strangers without Redis, while all else goes on, and open again with it', async (t) => {
    t.after(() => redis.stop().then(() => redis.start()));
    const { instances, stranger, registrar, policy } = await withRegistrar(t);
    const account = await registrar(instances[0]);
    const address = newAddress();
    await assertQuotaHolds(policy, (i) => stranger(instances[i % 3], address));

    await redis.stop();
    for (const kriya of instances) {
      assertUnavailable(await stranger(kriya, address));
      await assertClosedButServing({ kriya, stranger, registrar, account });
      const said = kriya.stderr().split('\n').filter((line) => /redis/i.test(line) && /"(warning|error)"/.test(line));
      assert.ok(said.length <= 3, `it is said once, not with every request:\n${said.join('\n')}`);
    }

    await redis.start();
    await opensAgain({ instances, stranger });
    const next = newAddress();
    await assertQuotaHolds(policy, (i) => stranger(instances[i % 3], next));
  });

  test('do the same while Redis is there but does not answer', async (t) => {
    const { instances, stranger, registrar, policy } = await withRegistrar(t);
    const account = await registrar(instances[0]);
    const { pid } = redis;
    t.after(() => process.kill(pid, 'SIGCONT'));
    process.kill(pid, 'SIGSTOP');
    for (const kriya of instances) await assertClosedButServing({ kriya, stranger, registrar, account });
    process.kill(pid, 'SIGCONT');
    await opensAgain({ instances, stranger });
    const address = newAddress();
    await assertQuotaHolds(policy, (i) => stranger(instances[i % 3], address));
  });
});

describe('instances that start', () => {
  test('ten at once on an empty database all come up; every migration was applied once', async (t) => {
    const env = { WORKERS: '1', JWT_ALGORITHM: 'ES256', LOG_FORMAT: 'json' };
    const { database, instances } = await startCluster(t, { count: 10, env });
    for (const kriya of instances) assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
    const rows = await postgres.query('SELECT version FROM schema_migrations ORDER BY version', database);
    const versions = rows.map(({ version }) => Number(version));
    assert.deepEqual(versions, versions.map((_, index) => index + 1));
    // They share one signing key, so each accepts what any other has signed.
    assert.equal((await postgres.query('SELECT count(*) AS keys FROM signing_keys', database))[0].keys, 1);
    const accounts = await Promise.all(instances.map((kriya) => signIn(kriya)));
    for (const [index, { token }] of accounts.entries()) assert.ok(await isValid(instances[(index + 1) % 10], token));
    await Promise.all(instances.map((kriya) => kriya.stop())); // so that the whole log has been read
    const applied = instances.flatMap((kriya) => kriya.stderr().match(/"migration applied"/g) ?? []);
    assert.equal(applied.length, versions.length);
  });

  test('go on beside the next version of the schema, but not beside one that left them behind', async (t) => {
    const { database, instances, env } = await startCluster(t, { count: 2 });
    const migrate = (oldestProgram) =>
      postgres.execute(
        `INSERT INTO schema_migrations (version, name, applied_at, oldest_program)
         SELECT max(version) + 1, 'of_a_newer_program', now(), ${oldestProgram} FROM schema_migrations`,
        database,
      );
    await migrate('max(version)'); // works with programs of the version before it: these
    const third = await startKriya({ t, env });
    for (const kriya of [...instances, third]) {
      assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
      assert.ok(await isValid(kriya, (await signIn(kriya)).token));
    }
    await migrate('max(version)'); // works with programs of version + 1: not these
    for (const kriya of instances) assertUnavailable(await call(kriya, 'GET', '/health/ready'));
    const { code, stderr } = await run(['serve'], { env: { ...env, PORT: '0' } });
    assert.equal(code, 1);
    assert.match(stderr, /^kriya: .*newer/m);
  });

  test('side by side without Redis warn of it loudly, and so does the doctor', async (t) => {
    const { env, instances } = await startCluster(t, { count: 2, env: { REDIS_URL: undefined } });
    const warning = /"level":"(warning|error)".*REDIS_URL/;
    const warned = () => instances.some((kriya) => warning.test(kriya.stderr()));
    await until(warned, 'a warning that names REDIS_URL', 30_000);
    const { stdout, stderr } = await run(['doctor'], { env });
    assert.match(stdout + stderr, /REDIS_URL/);
  });
});

test('HAProxy serves as well: it takes a killed instance out and back, and passes on who the client is', async (t) => {
  const cluster = await startCluster(t);
  const { instances } = cluster;
  const haproxy = await startHaproxy(instances, t);
  const account = await signIn(haproxy);
  for (const kriya of instances) assert.deepEqual((await validate(kriya, account.token)).user, account.user);
  assert.equal((await logOut(haproxy, account.token)).status, 200);
  for (const kriya of instances) assert.equal(await isValid(kriya, account.token), false);

  // One client, whatever it says of itself.
  const agent = new http.Agent({ keepAlive: true, localAddress: '127.0.0.3' });
  t.after(() => agent.destroy());
  await times(30, (i) => {
    const headers = { 'X-Forwarded-For': `198.51.100.${i}` };
    return call(haproxy, 'POST', REGISTER, { json: person(), headers, agent });
  });
  const { headers } = await register(instances[0], person(), { 'X-Forwarded-For': '127.0.0.3' });
  const [quota, left] = [/\bq=(\d+)/.exec(headers['ratelimit-policy']), /\br=(\d+)/.exec(headers.ratelimit)];
  assert.ok(Number(left[1]) < Number(quota[1]) - 5, `${left[1]} of ${quota[1]} are left`);

  await instances[1].kill();
  const { token } = await signIn(instances[0]);
  // A connection that cannot be made is no client's concern. One to an instance that HAProxy kept from earlier may be: it
  // closes the client's then, which says that nothing was done and may be asked again.
  let resets = 0;
  const asked = (question) =>
    question().catch((error) => {
      assert.equal(error.code, 'ECONNRESET');
      assert.ok(++resets <= 3, `${resets} connections were reset`);
      return asked(question);
    });
  for (let i = 0; i < 30; ++i) assert.ok(await asked(() => isValid(haproxy, token)));
  const revived = await cluster.revive(1);
  const isBack = async () =>
    (await isValid(haproxy, token).catch(() => false)) && (await served(revived, '/api/auth/validate-token')) > 0;
  await until(isBack, 'the revived instance gets no work');

  await Promise.all(instances.map((kriya) => kriya.kill()));
  resets = 0;
  assertUnavailable(await asked(() => call(haproxy, 'GET', '/api/auth/user', { headers: bearer(token) })));
});
