// What people do with their own account: prove themselves again, change the number, take their data, go; and what an
// operator lets them do besides.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { decodeJwt } from 'jose';

import { bearer, isValid, readUser, register } from './support/accounts.mjs';
import { call, run, uniquePhone } from './support/kriya.mjs';
import { startPostgres } from './support/postgres.mjs';
import {
  answer,
  assertProblem,
  assertTooMany,
  codeTo,
  coolDown,
  failAt,
  from,
  letTimePass,
  messagesTo,
  messageTo,
  newAddress,
  open,
  refresh,
  signInByCode,
  startVerifying,
  wrong,
} from './support/sign_in.mjs';

const REAUTHENTICATE = '/api/auth/reauthenticate';
const PHONE = '/api/auth/phone';
const USER = '/api/auth/user';
const EXPORT = '/api/auth/user/export';
const REGISTRAR_KEY = 'e2e-registrar-key-Ty6kBn3';
const FRESH = 600; // seconds for which a proof of the phone counts

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.remove());

const asked = (kriya, method, target, token, json) =>
  call(kriya, method, target, { json, headers: from(newAddress(), bearer(token)) });

/** The proof is no longer fresh: whoever holds the token now need not hold the phone. */
const proofAges = (kriya) => letTimePass(kriya, FRESH + 1, ['sessions']);

/** Starts what sends a code, to `phone`; resolves with {id, code}. */
async function started(kriya, target, token, phone, json = undefined) {
  await coolDown(kriya);
  const count = messagesTo(kriya, phone).length;
  const sent = await asked(kriya, 'POST', target, token, json);
  assert.equal(sent.status, 202, sent.text);
  assert.equal(sent.json.message, 'Verification code sent');
  return { id: sent.json.verification.id, code: await codeTo(kriya, phone, count + 1), sent };
}
const verified = (kriya, target, token, { id, code }) =>
  asked(kriya, 'POST', `${target}/verify`, token, { verification_id: id, code });

async function reauthenticate(kriya, { token, user }) {
  const asking = await started(kriya, REAUTHENTICATE, token, user.phone_number);
  const done = await verified(kriya, REAUTHENTICATE, token, asking);
  assert.equal(done.status, 200, done.text);
  return done;
}

for (const engine of ['SQLite', 'PostgreSQL']) {
  describe(`on ${engine}`, () => {
    let kriya;
    before(async () => {
      kriya = await startVerifying(undefined, {
        postgres: engine === 'PostgreSQL' ? postgres : undefined,
        env: { REGISTRATION_API_KEYS: REGISTRAR_KEY },
      });
    });
    after(() => kriya?.dispose());

    describe('a proof of the phone', () => {
      test('is fresh for ten minutes, and then given again by a code to the own number', async () => {
        const me = await signInByCode(kriya);
        const { phone_number } = me.user;
        const change = () => asked(kriya, 'POST', PHONE, me.token, { phone_number: uniquePhone() });
        assert.equal((await change()).status, 202, 'the sign-in was one');
        await proofAges(kriya);
        assertProblem(await change(), 403, 'reauthentication_required');

        const { id, code, sent } = await started(kriya, REAUTHENTICATE, me.token, phone_number);
        const { phone_number: shown, channel, code_length } = sent.json.verification;
        assert.deepEqual([shown, channel, code_length], [`+91••••••${phone_number.slice(-4)}`, 'sms', 6]);
        const malformed = await verified(kriya, REAUTHENTICATE, me.token, { id, code: code.slice(1) });
        assertProblem(malformed, 422, 'invalid_fields');
        const refused = await verified(kriya, REAUTHENTICATE, me.token, { id, code: wrong(code) });
        assertProblem(refused, 401, 'invalid_code');
        assert.equal(refused.json.attempts_left, 4);
        assertProblem(await change(), 403, 'reauthentication_required');
        const done = await verified(kriya, REAUTHENTICATE, me.token, { id, code });
        assert.equal(done.status, 200, done.text);
        assert.equal(done.json.success, true);
        assert.equal((await change()).status, 202);
        assertProblem(await verified(kriya, REAUTHENTICATE, me.token, { id, code }), 410, 'verification_expired');
        assert.ok(await isValid(kriya, me.token));
      });

      test('is not given by a refresh, nor on another device', async () => {
        const me = await signInByCode(kriya);
        await coolDown(kriya);
        const other = await signInByCode(kriya, { phone_number: me.user.phone_number });
        await proofAges(kriya);
        const renewed = (await refresh(kriya, me.refresh_token)).json;
        await reauthenticate(kriya, other);
        for (const token of [me.token, renewed.token]) {
          assertProblem(await asked(kriya, 'DELETE', USER, token), 403, 'reauthentication_required');
        }
        assert.equal((await asked(kriya, 'DELETE', USER, other.token)).status, 200);
      });

      test('of a number that somebody else vouched for is there only after a code', async () => {
        const person = { phone_number: uniquePhone(), first_name: 'Asha' };
        const { json } = await register(kriya, person, { 'X-API-Key': REGISTRAR_KEY });
        assertProblem(await asked(kriya, 'DELETE', USER, json.token), 403, 'reauthentication_required');
        await reauthenticate(kriya, json);
        assert.equal((await asked(kriya, 'DELETE', USER, json.token)).status, 200);
      });

      test('is given with the code that its owner asked for, for this, and with no other', async () => {
        const [mine, theirs] = [await signInByCode(kriya), await signInByCode(kriya)];
        const asking = await started(kriya, REAUTHENTICATE, theirs.token, theirs.user.phone_number);
        assertProblem(await verified(kriya, REAUTHENTICATE, mine.token, asking), 410, 'verification_expired');
        assertProblem(await verified(kriya, PHONE, theirs.token, asking), 410, 'verification_expired');
        assertProblem(await answer(kriya, asking.id, asking.code), 410, 'verification_expired');
        const signIn = await open(kriya);
        assertProblem(await verified(kriya, REAUTHENTICATE, mine.token, signIn), 410, 'verification_expired');
        assert.equal((await verified(kriya, REAUTHENTICATE, theirs.token, asking)).status, 200);
      });

      test('can be given by the owner while strangers guess at the number', async () => {
        const me = await signInByCode(kriya);
        const { phone_number } = me.user;
        for (let failures = 0; failures < 10; failures += 5) {
          await coolDown(kriya, 3600);
          await failAt(kriya, await open(kriya, { phone_number }), 5);
        }
        await coolDown(kriya, 3600);
        assertTooMany(await call(kriya, 'POST', '/api/auth/register', { json: { phone_number, first_name: 'X' } }));
        await reauthenticate(kriya, me);
      });

      test('is for those who are signed in', async () => {
        for (const [method, target, json] of [
          ['POST', REAUTHENTICATE, {}],
          ['POST', `${REAUTHENTICATE}/verify`, { verification_id: 'x', code: '123456' }],
          ['POST', PHONE, { phone_number: uniquePhone() }],
          ['POST', `${PHONE}/verify`, { verification_id: 'x', code: '123456' }],
          ['DELETE', USER],
          ['GET', EXPORT],
        ]) {
          assertProblem(await call(kriya, method, target, { json }), 401, 'missing_token');
          assertProblem(await asked(kriya, method, target, 'x.y.z', json), 401, 'invalid_token');
        }
      });
    });

    describe('a change of the phone number', () => {
      test('takes a code to the new one, tells both, and ends every other session', async () => {
        const me = await signInByCode(kriya, { email: 'asha@example.com' });
        const { phone_number: old } = me.user;
        await coolDown(kriya);
        const elsewhere = await signInByCode(kriya, { phone_number: old });
        const wanted = uniquePhone();
        const change = await started(kriya, PHONE, me.token, wanted, { phone_number: wanted });
        const malformed = await verified(kriya, PHONE, me.token, { ...change, code: 'abc' });
        assertProblem(malformed, 422, 'invalid_fields');
        const refused = await verified(kriya, PHONE, me.token, { ...change, code: wrong(change.code) });
        assertProblem(refused, 401, 'invalid_code');
        assert.equal(refused.json.attempts_left, 4);
        const before = messagesTo(kriya, old).length;
        assert.deepEqual((await readUser(kriya, me.token)).json, me.user, 'nothing has changed yet');

        const done = await verified(kriya, PHONE, me.token, change);
        assert.equal(done.status, 200, done.text);
        const { token, refresh_token, user } = done.json;
        assert.deepEqual(user, { ...me.user, phone_number: wanted });
        assert.deepEqual((await readUser(kriya, token)).json, user);
        assert.equal(decodeJwt(token).phone_number, wanted);
        for (const pair of [me, elsewhere]) {
          assert.equal(await isValid(kriya, pair.token), false);
          assertProblem(await refresh(kriya, pair.refresh_token), 401, 'invalid_token');
        }
        assert.equal((await refresh(kriya, refresh_token)).status, 200);
        const notices = [await messageTo(kriya, old, before + 1), await messageTo(kriya, wanted, 2)];
        for (const notice of notices) {
          assert.ok(notice.length > 20, notice);
          assert.doesNotMatch(notice, /\d{6}/, 'a notice has neither a code nor a number in it');
        }
        assertProblem(await verified(kriya, PHONE, token, change), 410, 'verification_expired');

        // The new number signs in to the account, the old one to a new account.
        await coolDown(kriya);
        const again = await signInByCode(kriya, { phone_number: wanted });
        assert.deepEqual([again.message, again.user], ['Login successful', user]);
        const stranger = await signInByCode(kriya, { phone_number: old });
        assert.equal(stranger.message, 'Registration successful');
        assert.notEqual(stranger.user.id, user.id);
      });

      test('to the number of somebody else is told to nobody who does not hold that number', async () => {
        const [me, other] = [await signInByCode(kriya), await signInByCode(kriya)];
        const { phone_number } = other.user;
        const taken = await started(kriya, PHONE, me.token, phone_number, { phone_number });
        const free = uniquePhone();
        const open = await started(kriya, PHONE, me.token, free, { phone_number: free });
        assert.deepEqual(Object.keys(taken.sent.json.verification), Object.keys(open.sent.json.verification));
        assertProblem(await verified(kriya, PHONE, me.token, taken), 409, 'conflict');
        assert.deepEqual((await readUser(kriya, me.token)).json, me.user);
        assert.deepEqual((await readUser(kriya, other.token)).json, other.user);
        assert.ok(await isValid(kriya, other.token));
      });

      test('by the code of another person, or of a sign-in, does not happen', async () => {
        const [me, thief] = [await signInByCode(kriya), await signInByCode(kriya)];
        const wanted = uniquePhone();
        const mine = await started(kriya, PHONE, me.token, wanted, { phone_number: wanted });
        assertProblem(await verified(kriya, PHONE, thief.token, mine), 410, 'verification_expired');
        assertProblem(await verified(kriya, PHONE, me.token, await open(kriya)), 410, 'verification_expired');
        assertProblem(await answer(kriya, mine.id, mine.code), 410, 'verification_expired');
        assert.equal((await verified(kriya, PHONE, me.token, mine)).status, 200);
      });

      test('to one number by two people at the same moment is for one of them', async () => {
        const people = [await signInByCode(kriya), await signInByCode(kriya)];
        const wanted = uniquePhone();
        const changes = [];
        for (const { token } of people) {
          changes.push(await started(kriya, PHONE, token, wanted, { phone_number: wanted }));
        }
        const answers = await Promise.all(people.map(({ token }, i) => verified(kriya, PHONE, token, changes[i])));
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
        const loser = answers.findIndex(({ status }) => status === 409);
        assert.deepEqual((await readUser(kriya, people[loser].token)).json, people[loser].user);
        assert.equal((await readUser(kriya, answers[1 - loser].json.token)).json.id, people[1 - loser].user.id);
      });

      test('by one person on two devices at the same moment happens once', async () => {
        const me = await signInByCode(kriya);
        await coolDown(kriya);
        const other = await signInByCode(kriya, { phone_number: me.user.phone_number });
        const wanted = [uniquePhone(), uniquePhone()];
        const changes = [];
        for (const [i, { token }] of [me, other].entries()) {
          changes.push(await started(kriya, PHONE, token, wanted[i], { phone_number: wanted[i] }));
        }
        const tokens = [me.token, other.token];
        const answers = await Promise.all(tokens.map((token, i) => verified(kriya, PHONE, token, changes[i])));
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
        const winner = answers.findIndex(({ status }) => status === 200);
        assert.equal((await readUser(kriya, answers[winner].json.token)).json.phone_number, wanted[winner]);
      });

      test('to what is no number is refused', async () => {
        const me = await signInByCode(kriya);
        for (const json of [{}, { phone_number: '12' }, { phone_number: null }]) {
          assertProblem(await asked(kriya, 'POST', PHONE, me.token, json), 422, 'invalid_fields');
        }
      });
    });

    describe('the export of an account', () => {
      test('holds all that is stored about the user, and no secret', async () => {
        const me = await signInByCode(kriya, { last_name: 'Rao', email: 'asha@example.com' });
        const { phone_number } = me.user;
        await coolDown(kriya);
        const second = await signInByCode(kriya, { phone_number });
        const { refresh_token, token } = (await refresh(kriya, second.refresh_token)).json;
        await signInByCode(kriya); // somebody else
        const answered = await asked(kriya, 'GET', EXPORT, me.token);
        assert.equal(answered.status, 200, answered.text);
        assert.equal(answered.headers['cache-control'], 'no-store');
        const { user, sessions, issued_tokens, messages, conversations, ...rest } = answered.json;
        assert.deepEqual(rest, {});
        assert.deepEqual(conversations, []);
        for (const [name, value] of Object.entries(me.user)) assert.deepEqual(user[name], value, name);
        assert.deepEqual(sessions.map(({ id }) => id), [me, second].map((pair) => decodeJwt(pair.token).sid));
        const jtis = [me.token, second.token, token].map((one) => decodeJwt(one).jti);
        assert.deepEqual(issued_tokens.map(({ id }) => id).sort(), jtis.sort());
        assert.ok(Array.isArray(messages));
        const codes = messagesTo(kriya, phone_number).map((text) => text.match(/#(\d+)$/)[1]);
        for (const secret of [me.token, second.token, me.refresh_token, refresh_token, ...codes]) {
          assert.ok(!answered.text.includes(secret));
        }
      });
    });

    describe('the end of an account', () => {
      test('leaves nothing of it, and the number may begin anew', async () => {
        const me = await signInByCode(kriya, { email: 'asha@example.com' });
        const { phone_number, id } = me.user;
        const gone = await asked(kriya, 'DELETE', USER, me.token);
        assert.equal(gone.status, 200, gone.text);
        assert.equal(gone.json.success, true);
        assert.equal(await isValid(kriya, me.token), false);
        assertProblem(await readUser(kriya, me.token), 401, 'invalid_token');
        assertProblem(await refresh(kriya, me.refresh_token), 401, 'invalid_token');
        assertProblem(await asked(kriya, 'DELETE', USER, me.token), 401, 'invalid_token');
        for (const [table, column] of [['users', 'id'], ['sessions', 'user_id'], ['issued_tokens', 'user_id']]) {
          assert.deepEqual(await kriya.rows.query(`SELECT * FROM ${table} WHERE ${column} = '${id}'`), [], table);
        }
        await coolDown(kriya);
        const again = await signInByCode(kriya, { phone_number, first_name: 'Anew' });
        assert.equal(again.message, 'Registration successful');
        assert.notEqual(again.user.id, id);
        assert.deepEqual([again.user.first_name, again.user.email], ['Anew', null]);
      });

      test('wins over a refresh at the same moment', async () => {
        for (let round = 0; round < 5; ++round) {
          const me = await signInByCode(kriya);
          const [renewed, gone] = await Promise.all([
            refresh(kriya, me.refresh_token),
            asked(kriya, 'DELETE', USER, me.token),
          ]);
          assert.equal(gone.status, 200, gone.text);
          if (renewed.status === 200) assert.equal(await isValid(kriya, renewed.json.token), false);
          else assertProblem(renewed, 401, 'invalid_token');
        }
      });

      test('at the moment of another sign-in leaves either a new account or none', async () => {
        for (let round = 0; round < 5; ++round) {
          const me = await signInByCode(kriya);
          await coolDown(kriya);
          const { id, code } = await open(kriya, { phone_number: me.user.phone_number });
          const [signedIn, gone] = await Promise.all([
            answer(kriya, id, code),
            asked(kriya, 'DELETE', USER, me.token),
          ]);
          assert.equal(gone.status, 200, gone.text);
          assert.equal(signedIn.status, 200, signedIn.text);
          assert.equal(await isValid(kriya, signedIn.json.token), signedIn.json.user.id !== me.user.id);
        }
      });

      test('takes a fresh proof of the phone', async () => {
        const me = await signInByCode(kriya);
        await proofAges(kriya);
        assertProblem(await asked(kriya, 'DELETE', USER, me.token), 403, 'reauthentication_required');
        assert.ok(await isValid(kriya, me.token));
        await reauthenticate(kriya, me);
        assert.equal((await asked(kriya, 'DELETE', USER, me.token)).status, 200);
      });

      test('reaches a code that was asked for before', async () => {
        const me = await signInByCode(kriya);
        await coolDown(kriya);
        const { id, code } = await open(kriya, { phone_number: me.user.phone_number, first_name: 'Later' });
        assert.equal((await asked(kriya, 'DELETE', USER, me.token)).status, 200);
        const after = await answer(kriya, id, code);
        assert.equal(after.status, 200, 'its holder still holds the phone');
        assert.equal(after.json.message, 'Registration successful');
      });
    });

    describe('what an operator grants', () => {
      const operator = (...args) => run(['user', ...args], { cwd: kriya.cwd, env: kriya.settings });
      const relay = (token) => asked(kriya, 'POST', '/api/phone/verification', token, { phone_number: uniquePhone() });

      test('counts from that moment on, and until it is taken back', async () => {
        const me = await signInByCode(kriya);
        assertProblem(await relay(me.token), 403, 'insufficient_scope');
        const granted = await operator('grant', me.user.phone_number, 'phone:verify');
        assert.equal(granted.code, 0, granted.stdout + granted.stderr);
        assert.equal((await relay(me.token)).status, 202);
        assert.equal((await asked(kriya, 'GET', EXPORT, me.token)).json.user.scope, 'phone:verify');
        assert.equal((await operator('ungrant', me.user.phone_number, 'phone:verify')).code, 0);
        assertProblem(await relay(me.token), 403, 'insufficient_scope');
      });

      test('is for what it names, and for nothing else', async () => {
        const me = await signInByCode(kriya);
        assert.equal((await operator('grant', me.user.phone_number, 'messages:read', 'phone:lookup')).code, 0);
        assertProblem(await relay(me.token), 403, 'insufficient_scope');
        const listed = await asked(kriya, 'GET', '/api/messages', me.token);
        assert.equal(listed.status, 200, listed.text);
        const sent = await asked(kriya, 'POST', '/api/sms/send', me.token, { to: uniquePhone(), text: 'Hello' });
        assertProblem(sent, 403, 'insufficient_scope');
      });

      test('is refused where it is no scope, or where there is no such user', async () => {
        const me = await signInByCode(kriya);
        for (const words of [['phone:verify; DROP TABLE users'], ['a"b'], [''], []]) {
          assert.notEqual((await operator('grant', me.user.phone_number, ...words)).code, 0, words);
        }
        assert.notEqual((await operator('grant', uniquePhone(), 'phone:verify')).code, 0);
        assertProblem(await relay(me.token), 403, 'insufficient_scope');
      });
    });
  });
}
