// What was acknowledged outlasts a kill -9 at any moment.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { isValid, logOut, readUser, register, signIn, validate } from './support/accounts.mjs';
import { query } from './support/database.mjs';
import { send, startKriya, uniquePhone } from './support/kriya.mjs';

const PUBLIC_URL = 'http://kriya.test'; // so that tokens outlast the change of port
const ROUNDS = 5;
const STREAMS = 16;

/** Runs `step` on many streams at once until the server is killed after about `enough` successes. */
async function streamUntilKilled(kriya, enough, step) {
  await kriya.openapi();
  let done = 0;
  let killed;
  const stream = async () => {
    for (;;) {
      try {
        await step();
      } catch (error) {
        if (!killed || error.code === 'ERR_ASSERTION') throw error;
        return; // the connection broke: this request was not acknowledged
      }
      if (++done >= enough) killed ??= kriya.kill();
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, stream));
  assert.equal((await killed).signal, 'SIGKILL');
}

/** Whether the file is sound, and no user or token was stored without the other. */
function integrityOf(kriya) {
  const [{ integrity_check }] = query(kriya, 'PRAGMA integrity_check');
  const [counts] = query(
    kriya,
    `SELECT (SELECT count(*) FROM issued_tokens WHERE user_id NOT IN (SELECT id FROM users)) AS ownerless_tokens,
            (SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM issued_tokens)) AS tokenless_users`,
  );
  return { integrity_check, ...counts };
}
const SOUND = { integrity_check: 'ok', ownerless_tokens: 0, tokenless_users: 0 };

test(`every acknowledged user outlasts a kill -9 in the middle of registrations, ${ROUNDS} times over`, async (t) => {
  const env = { PUBLIC_URL, RATE_LIMITS: 'off' };
  let kriya = await startKriya({ t, env });
  const cwd = kriya.cwd;
  const acknowledged = [];
  const started = [];
  for (let round = 0; round < ROUNDS; ++round) {
    await streamUntilKilled(kriya, randomInt(20, 300), async () => {
      const json = { phone_number: uniquePhone(), first_name: 'Asha', email: 'asha@example.com' };
      started.push(json.phone_number);
      const answer = await register(kriya, json);
      assert.equal(answer.status, 200, answer.text);
      acknowledged.push(answer.json);
    });
    kriya = await startKriya({ t, cwd, env });
    const answers = await Promise.all(acknowledged.map(({ token }) => validate(kriya, token)));
    answers.forEach(({ valid, user }, i) => {
      assert.ok(valid, `user ${i} of ${acknowledged.length} in round ${round}`);
      assert.deepEqual(user, acknowledged[i].user);
    });
  }
  // What was not acknowledged is there as a whole or not at all: either way the person can sign in.
  const known = new Set(acknowledged.map(({ user }) => user.phone_number));
  for (const phone_number of started.filter((phone) => !known.has(phone))) {
    const { token, user } = await signIn(kriya, { phone_number, email: 'asha@example.com' });
    assert.equal(user.email, 'asha@example.com');
    assert.ok(await isValid(kriya, token));
  }
  assert.deepEqual(integrityOf(kriya), SOUND);
  assert.equal(await kriya.stop(), 0);
});

test('every acknowledged logout holds after kill -9', async (t) => {
  const env = { PUBLIC_URL, RATE_LIMITS: 'off' };
  let kriya = await startKriya({ t, env });
  const cwd = kriya.cwd;
  const accounts = await Promise.all(Array.from({ length: 300 }, () => signIn(kriya)));
  const waiting = [...accounts];
  const dead = [];
  await streamUntilKilled(kriya, randomInt(50, 200), async () => {
    const account = waiting.pop();
    const answer = await logOut(kriya, account.token);
    assert.equal(answer.status, 200, answer.text);
    dead.push(account);
  });
  kriya = await startKriya({ t, cwd, env });
  const verdicts = await Promise.all(dead.map(({ token }) => isValid(kriya, token)));
  assert.ok(dead.length >= 50);
  assert.ok(verdicts.every((valid) => !valid), 'a token came back to life');
  const untouched = await Promise.all(waiting.map(({ token }) => isValid(kriya, token)));
  assert.ok(untouched.every(Boolean));
});

test('users, tokens and logouts outlast an orderly restart', async (t) => {
  const env = { PUBLIC_URL, RATE_LIMITS: 'off' };
  let kriya = await startKriya({ t, env });
  const [stays, leaves] = [await signIn(kriya, { last_name: 'Rao' }), await signIn(kriya)];
  await logOut(kriya, leaves.token);
  assert.equal(await kriya.stop(), 0);
  kriya = await startKriya({ t, cwd: kriya.cwd, env });
  assert.deepEqual((await readUser(kriya, stays.token)).json, stays.user);
  assert.equal((await readUser(kriya, leaves.token)).status, 401);
  assert.equal((await signIn(kriya, { phone_number: stays.user.phone_number })).message, 'Login successful');
});

test('two instances on one database see each other\'s users and logouts at once', async (t) => {
  const one = await startKriya({ t, env: { PUBLIC_URL } });
  const two = await startKriya({ t, env: { PUBLIC_URL, DATA_DIR: one.dataDir } });
  assert.notEqual(one.port, two.port);
  for (const [here, there] of [[one, two], [two, one]]) {
    const { token, user } = await signIn(here);
    assert.deepEqual((await validate(there, token)).user, user);
    const again = await signIn(there, { phone_number: user.phone_number, first_name: 'Else' });
    assert.equal(again.message, 'Login successful');
    assert.deepEqual(again.user, user);
    assert.equal((await logOut(there, token)).status, 200);
    assert.deepEqual([await isValid(here, token), await isValid(here, again.token)], [false, false]);
  }
});

test('fifty registrations of one number on two instances make one user', async (t) => {
  const one = await startKriya({ t, env: { PUBLIC_URL } });
  const two = await startKriya({ t, env: { PUBLIC_URL, DATA_DIR: one.dataDir } });
  const phone_number = uniquePhone();
  const both = Array.from({ length: 50 }, (_, i) => signIn(i % 2 ? one : two, { phone_number, first_name: `R ${i}` }));
  const answers = await Promise.all(both);
  assert.equal(new Set(answers.map(({ user }) => JSON.stringify(user))).size, 1);
  assert.equal(answers.filter(({ message }) => message === 'Registration successful').length, 1);
  const verdicts = await Promise.all(answers.map(({ token }, i) => isValid(i % 3 ? one : two, token)));
  assert.ok(verdicts.every(Boolean));
});

test('while one instance is killed again and again the other one goes on', async (t) => {
  const steady = await startKriya({ t, env: { PUBLIC_URL, RATE_LIMITS: 'off' } });
  const env = { PUBLIC_URL, RATE_LIMITS: 'off', DATA_DIR: steady.dataDir };
  const acknowledged = [];
  for (let round = 0; round < 3; ++round) {
    const victim = await startKriya({ t, env });
    const servers = [victim, steady];
    await streamUntilKilled(victim, randomInt(20, 60), async () => {
      const server = servers[acknowledged.length % 2];
      const json = { phone_number: uniquePhone(), first_name: 'Asha' };
      const answer = await send(server, 'POST', '/api/auth/register', { json });
      assert.equal(answer.status, 200, answer.text);
      acknowledged.push(answer.json);
    });
    assert.ok(await isValid(steady, (await signIn(steady)).token));
  }
  const verdicts = await Promise.all(acknowledged.map(({ token }) => isValid(steady, token)));
  assert.ok(verdicts.every(Boolean));
  assert.deepEqual(integrityOf(steady), SOUND);
});
