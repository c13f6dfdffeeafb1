// Sign-ins that last: refresh tokens that are good once, sessions that their owner sees and ends.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { decodeJwt } from 'jose';

import { bearer, isValid, logOut, readUser } from './support/accounts.mjs';
import { call } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import { startPostgres } from './support/postgres.mjs';
import {
  assertProblem,
  coolDown,
  from,
  letTimePass,
  newAddress,
  refresh,
  REFRESH,
  signInByCode,
  startVerifying,
} from './support/sign_in.mjs';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const DAY = 86_400;
const SESSIONS = '/api/auth/sessions';

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.remove());

const sessionsOf = async (kriya, token) => {
  const answer = await call(kriya, 'GET', SESSIONS, { headers: bearer(token) });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer.json.sessions;
};
const endSession = (kriya, token, id) => call(kriya, 'DELETE', `${SESSIONS}/${id}`, { headers: bearer(token) });
const endAll = (kriya, token) => call(kriya, 'DELETE', SESSIONS, { headers: bearer(token) });
const sidOf = ({ token }) => decodeJwt(token).sid;
const seconds = () => Date.now() / 1000;

/** The pair that a refresh gives. */
async function renew(kriya, refresh_token) {
  const answer = await refresh(kriya, refresh_token);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer.json;
}

async function assertAlive(kriya, { token, refresh_token }) {
  assert.ok(await isValid(kriya, token));
  assert.equal((await readUser(kriya, token)).status, 200);
  assert.match((await renew(kriya, refresh_token)).refresh_token, TOKEN);
}

async function assertDead(kriya, { token, refresh_token }) {
  assert.equal(await isValid(kriya, token), false);
  assertProblem(await readUser(kriya, token), 401, 'invalid_token');
  assertProblem(await refresh(kriya, refresh_token), 401, 'invalid_token');
}

/** One person, signed in on several devices. */
async function devices(kriya, count) {
  const list = [await signInByCode(kriya, {}, from(newAddress(), { 'User-Agent': 'device 0' }))];
  const { phone_number } = list[0].user;
  while (list.length < count) {
    await coolDown(kriya);
    const headers = from(newAddress(), { 'User-Agent': `device ${list.length}` });
    list.push(await signInByCode(kriya, { phone_number }, headers));
  }
  return list;
}

for (const engine of ['SQLite', 'PostgreSQL']) {
  describe(`a refresh token, on ${engine}`, () => {
    let kriya;
    before(async () => {
      kriya = await startVerifying(undefined, { postgres: engine === 'PostgreSQL' ? postgres : undefined });
    });
    after(() => kriya?.dispose());

    test('gives a new pair of the same session', async () => {
      const first = await signInByCode(kriya);
      const { success, message, token, refresh_token, user, expires_at, ...rest } = await renew(
        kriya,
        first.refresh_token,
      );
      assert.deepEqual([success, rest], [true, {}]);
      assert.ok(message.length > 0);
      assert.deepEqual(user, first.user);
      assert.match(refresh_token, TOKEN);
      assert.notEqual(refresh_token, first.refresh_token);
      assert.notEqual(token, first.token);
      assert.ok(Math.abs(Date.parse(expires_at) / 1000 - seconds() - DAY) < 60);
      assert.equal(sidOf({ token }), sidOf(first));
      assert.match(sidOf(first), TOKEN);
      assert.notEqual(decodeJwt(token).jti, decodeJwt(first.token).jti);
      assert.deepEqual((await readUser(kriya, token)).json, first.user);
      assert.ok(await isValid(kriya, first.token), 'the token before goes on to its own end');
      await assertAlive(kriya, { token, refresh_token });
    });

    test('that is repeated because the answer got lost gives the same child, as often as need be', async () => {
      const { refresh_token } = await signInByCode(kriya);
      const child = await renew(kriya, refresh_token);
      for (let i = 0; i < 3; ++i) {
        const again = await renew(kriya, refresh_token);
        assert.equal(again.refresh_token, child.refresh_token);
        assert.equal(sidOf(again), sidOf(child));
        assert.ok(await isValid(kriya, again.token));
      }
      await letTimePass(kriya, 8, ['sessions', 'refresh_tokens']);
      assert.equal((await renew(kriya, refresh_token)).refresh_token, child.refresh_token);
      await assertAlive(kriya, child);
    });

    test('that is used many times at the same moment gives one child', async () => {
      const { refresh_token } = await signInByCode(kriya);
      const pairs = await times(20, () => renew(kriya, refresh_token));
      assert.equal(new Set(pairs.map((pair) => pair.refresh_token)).size, 1);
      for (const { token } of pairs) assert.ok(await isValid(kriya, token));
      await assertAlive(kriya, pairs[0]);
    });

    test('that comes again after its child was used ends the session with all its tokens', async () => {
      const first = await signInByCode(kriya);
      const second = await renew(kriya, first.refresh_token);
      const third = await renew(kriya, second.refresh_token);
      assertProblem(await refresh(kriya, first.refresh_token), 401, 'invalid_token');
      for (const pair of [first, second, third]) await assertDead(kriya, pair);
      const events = await kriya.rows.query("SELECT decision FROM security_events WHERE kind = 'refresh_reuse'");
      assert.ok(events.length >= 1);
    });

    test('that comes again after ten seconds ends the session, though its child was never used', async () => {
      const first = await signInByCode(kriya);
      const second = await renew(kriya, first.refresh_token);
      await letTimePass(kriya, 11, ['sessions', 'refresh_tokens']);
      assertProblem(await refresh(kriya, first.refresh_token), 401, 'invalid_token');
      for (const pair of [first, second]) await assertDead(kriya, pair);
    });

    test('of one device has no part in the reuse on another', async () => {
      const [mine, stolen] = await devices(kriya, 2);
      const second = await renew(kriya, stolen.refresh_token);
      await renew(kriya, second.refresh_token);
      assert.equal((await refresh(kriya, stolen.refresh_token)).status, 401);
      await assertAlive(kriya, mine);
    });

    test('goes on by being used, for ninety days in all', async () => {
      let pair = await signInByCode(kriya);
      for (const day of [29, 58, 87]) {
        await letTimePass(kriya, 29 * DAY, ['sessions', 'refresh_tokens']);
        assert.ok((pair = await renew(kriya, pair.refresh_token)), `day ${day}`);
      }
      assert.ok(Date.parse(pair.expires_at) / 1000 - seconds() <= DAY + 5);
      await letTimePass(kriya, 3 * DAY + 1, ['sessions', 'refresh_tokens']);
      await assertDead(kriya, pair);
    });

    test('that nobody uses is dead after thirty days', async () => {
      const alive = await signInByCode(kriya);
      await letTimePass(kriya, 30 * DAY - 60, ['sessions', 'refresh_tokens']);
      assert.equal((await refresh(kriya, alive.refresh_token)).status, 200);
      const idle = await signInByCode(kriya);
      await letTimePass(kriya, 30 * DAY + 1, ['sessions', 'refresh_tokens']);
      assertProblem(await refresh(kriya, idle.refresh_token), 401, 'invalid_token');
    });

    test('that nobody was given is refused, whatever it looks like', async () => {
      const { token, refresh_token } = await signInByCode(kriya);
      const others = ['', 'x', 'A'.repeat(43), `${refresh_token}=`, `${refresh_token} `, token, refresh_token.slice(1)];
      for (const other of others) assertProblem(await refresh(kriya, other), 401, 'invalid_token');
      for (const json of [{}, { refresh_token: null }, { refresh_token: 7 }]) {
        assertProblem(await call(kriya, 'POST', REFRESH, { json }), 422, 'invalid_fields');
      }
      assert.equal((await refresh(kriya, refresh_token)).status, 200);
    });

    test('is no token, and a token is none', async () => {
      const { refresh_token } = await signInByCode(kriya);
      assert.equal(await isValid(kriya, refresh_token), false);
      assertProblem(await readUser(kriya, refresh_token), 401, 'invalid_token');
    });

    test('is dead after a logout, on every device', async () => {
      const list = await devices(kriya, 3);
      const renewed = await renew(kriya, list[1].refresh_token);
      assert.equal((await logOut(kriya, list[0].token)).status, 200);
      for (const pair of [...list, renewed]) await assertDead(kriya, pair);
      await coolDown(kriya);
      await assertAlive(kriya, await signInByCode(kriya, { phone_number: list[0].user.phone_number }));
    });
  });

  describe(`sessions, on ${engine}`, () => {
    let kriya;
    before(async () => {
      kriya = await startVerifying(undefined, { postgres: engine === 'PostgreSQL' ? postgres : undefined });
    });
    after(() => kriya?.dispose());

    test('are listed for their owner, oldest first, with what tells them apart', async () => {
      const list = await devices(kriya, 3);
      await signInByCode(kriya); // somebody else
      const seen = await sessionsOf(kriya, list[1].token);
      assert.deepEqual(seen.map(({ user_agent }) => user_agent), ['device 0', 'device 1', 'device 2']);
      assert.deepEqual(seen.map(({ id }) => id), list.map(sidOf));
      assert.deepEqual(seen.map(({ current }) => current), [false, true, false]);
      for (const { started_at, last_seen_at, expires_at, client_address, ...rest } of seen) {
        assert.deepEqual(Object.keys(rest).sort(), ['current', 'id', 'user_agent']);
        assert.match(client_address, /^10\.77\.\d+\.\d+$/);
        assert.ok(started_at <= last_seen_at && last_seen_at < expires_at);
        // coolDown makes no session older: it began just now, and lasts 30 days without use.
        assert.ok(Math.abs(Date.parse(expires_at) / 1000 - seconds() - 30 * DAY) < 120, expires_at);
      }
      assert.equal(new Set(seen.map(({ client_address }) => client_address)).size, 3);
    });

    test('tell when they were used last', async () => {
      const pair = await signInByCode(kriya);
      await letTimePass(kriya, 3 * DAY, ['sessions', 'refresh_tokens']);
      const { token } = await renew(kriya, pair.refresh_token);
      const [session] = await sessionsOf(kriya, token);
      assert.ok(Math.abs(seconds() - Date.parse(session.started_at) / 1000 - 3 * DAY) < 60);
      assert.ok(Math.abs(seconds() - Date.parse(session.last_seen_at) / 1000) < 60);
    });

    test('end one by one: the tokens of that device are dead, the others are not', async () => {
      const list = await devices(kriya, 3);
      const ended = await endSession(kriya, list[0].token, sidOf(list[2]));
      assert.equal(ended.status, 200, ended.text);
      assert.equal(ended.json.success, true);
      await assertDead(kriya, list[2]);
      assert.deepEqual((await sessionsOf(kriya, list[0].token)).map(({ id }) => id), [sidOf(list[0]), sidOf(list[1])]);
      assertProblem(await endSession(kriya, list[0].token, sidOf(list[2])), 404, 'not_found');

      assert.equal((await endSession(kriya, list[0].token, sidOf(list[0]))).status, 200, 'also the own one');
      await assertDead(kriya, list[0]);
      await assertAlive(kriya, list[1]);
    });

    test('end all at once', async () => {
      const list = await devices(kriya, 3);
      const stranger = await signInByCode(kriya);
      const ended = await endAll(kriya, list[1].token);
      assert.equal(ended.status, 200, ended.text);
      for (const pair of list) await assertDead(kriya, pair);
      await assertAlive(kriya, stranger);
      assertProblem(await endAll(kriya, list[1].token), 401, 'invalid_token');
    });

    test('of others can neither be seen nor ended', async () => {
      const [mine, theirs] = [await signInByCode(kriya), await signInByCode(kriya)];
      assert.deepEqual((await sessionsOf(kriya, mine.token)).map(({ id }) => id), [sidOf(mine)]);
      for (const id of [sidOf(theirs), 'A'.repeat(43), 'x', encodeURIComponent("' OR 1=1 --")]) {
        assertProblem(await endSession(kriya, mine.token, id), 404, 'not_found');
      }
      await assertAlive(kriya, theirs);
    });

    test('need a token', async () => {
      for (const [method, target] of [['GET', SESSIONS], ['DELETE', SESSIONS], ['DELETE', `${SESSIONS}/x`]]) {
        assertProblem(await call(kriya, method, target), 401, 'missing_token');
        assertProblem(await call(kriya, method, target, { headers: bearer('x.y.z') }), 401, 'invalid_token');
      }
    });

    test('that have expired are in no list', async () => {
      const [old] = await devices(kriya, 1);
      await letTimePass(kriya, 31 * DAY, ['sessions', 'refresh_tokens']);
      await coolDown(kriya);
      const fresh = await signInByCode(kriya, { phone_number: old.user.phone_number });
      assert.deepEqual((await sessionsOf(kriya, fresh.token)).map(({ id }) => id), [sidOf(fresh)]);
    });
  });
}

describe('settings', () => {
  test('SESSION_IDLE_DAYS and SESSION_MAX_DAYS say when a session ends', async (t) => {
    const kriya = await startVerifying(t, { env: { SESSION_IDLE_DAYS: '2', SESSION_MAX_DAYS: '3' } });
    const age = (days) => letTimePass(kriya, days * DAY, ['sessions', 'refresh_tokens']);
    const idle = await signInByCode(kriya);
    await age(2.01);
    assertProblem(await refresh(kriya, idle.refresh_token), 401, 'invalid_token');
    let pair = await signInByCode(kriya);
    await age(1.9);
    pair = await renew(kriya, pair.refresh_token);
    // No token outlives its session.
    await age(1);
    pair = await renew(kriya, pair.refresh_token);
    assert.ok(Date.parse(pair.expires_at) / 1000 - seconds() < 0.11 * DAY, pair.expires_at);
    await age(0.11);
    await assertDead(kriya, pair);
  });
});

describe('two instances on one PostgreSQL', () => {
  /** Two that are one server to their clients. */
  async function startTwo(t) {
    const env = { PUBLIC_URL: 'http://kriya.test' };
    const one = await startVerifying(t, { postgres, env });
    return [one, await startVerifying(t, { postgres, env, database: one.database })];
  }

  test('give the same child of a refresh token that is used on both at the same moment', async (t) => {
    const [one, two] = await startTwo(t);
    for (let round = 0; round < 10; ++round) {
      const { refresh_token } = await signInByCode(one);
      const pairs = await times(6, (i) => renew(i % 2 ? one : two, refresh_token));
      assert.equal(new Set(pairs.map((pair) => pair.refresh_token)).size, 1);
      for (const [i, { token }] of pairs.entries()) assert.ok(await isValid(i % 2 ? two : one, token));
      await assertAlive(round % 2 ? one : two, pairs[0]);
    }
  });

  test('notice the reuse of a token that was spent on the other one', async (t) => {
    const [one, two] = await startTwo(t);
    const first = await signInByCode(one);
    const second = await renew(two, first.refresh_token);
    const third = await renew(one, second.refresh_token);
    assertProblem(await refresh(two, first.refresh_token), 401, 'invalid_token');
    for (const kriya of [one, two]) await assertDead(kriya, third);
  });

  test('refuse everything of a session from the moment that the other one has answered its end', async (t) => {
    const [one, two] = await startTwo(t);
    for (const end of [
      (kriya, pair) => endSession(kriya, pair.token, sidOf(pair)),
      (kriya, pair) => endAll(kriya, pair.token),
      (kriya, pair) => logOut(kriya, pair.token),
    ]) {
      for (let round = 0; round < 5; ++round) {
        const pair = await signInByCode(one);
        for (const kriya of [one, two]) assert.ok(await isValid(kriya, pair.token));
        assert.equal((await end(round % 2 ? one : two, pair)).status, 200);
        await assertDead(round % 2 ? two : one, pair);
      }
    }
  });

  test('leave no session behind when it ends on one while it is refreshed on the other', async (t) => {
    const [one, two] = await startTwo(t);
    for (let round = 0; round < 10; ++round) {
      const pair = await signInByCode(one);
      const [renewed, ended] = await Promise.all([refresh(one, pair.refresh_token), logOut(two, pair.token)]);
      assert.equal(ended.status, 200);
      await assertDead(one, pair);
      if (renewed.status === 200) await assertDead(two, renewed.json);
      else assertProblem(renewed, 401, 'invalid_token');
    }
  });
});
