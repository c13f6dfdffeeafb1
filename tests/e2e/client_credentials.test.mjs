// Programs that get tokens by themselves: `kriya client`, POST /auth/token, and where such a token is good.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as openid from 'openid-client';

import { bearer, isValid } from './support/accounts.mjs';
import { call, run, send, startKriya } from './support/kriya.mjs';
import { startPostgres } from './support/postgres.mjs';
import { exchange } from './support/raw_http.mjs';
import { assertProblem } from './support/sign_in.mjs';

const TOKEN = '/auth/token';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const PRODUCTION = {
  ENVIRONMENT: 'production',
  PHONE_VERIFICATION: undefined,
  JWT_SECRET_KEY: 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE',
  PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc',
  METRICS_TOKEN: 'mT4-xQ8vNc2_Lw7zRb1YdGf5HsJm3PaUeXo9iB6kKtE',
};

/** `kriya client ...` on the database of a running server. */
async function client(kriya, ...args) {
  const { PORT, ...env } = kriya.settings;
  return run(['client', ...args], { cwd: kriya.cwd, env });
}

async function shown(kriya, ...args) {
  const { code, stdout, stderr } = await client(kriya, ...args);
  assert.equal(code, 0, stdout + stderr);
  const [, client_id, client_secret] = stdout.match(/^client_id +(\S+)\nclient_secret +(\S+)\n$/) ?? assert.fail(stdout);
  return { client_id, client_secret };
}

/** A new client: {client_id, client_secret}. */
const created = (kriya, scope, name = 'Order bot') =>
  shown(kriya, 'create', '--name', name, ...(scope ? ['--scope', scope] : []));

const formOf = (fields) => ({ body: new URLSearchParams(fields).toString(), headers: FORM });
const basicOf = ({ client_id, client_secret }) => ({
  Authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`,
});
const ask = (kriya, options) => call(kriya, 'POST', TOKEN, options);
const grant = (kriya, secret, fields = {}) =>
  ask(kriya, formOf({ grant_type: 'client_credentials', ...secret, ...fields }));

/** A token, and that its answer is what OAuth and the contract promise. */
function tokenOf(answer, scope) {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers.pragma, 'no-cache');
  const { access_token, ...rest } = answer.json;
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, ...(scope ? { scope } : {}) });
  return access_token;
}

/** An error in the words of OAuth, in a problem document. */
function assertRefused(answer, status, code) {
  assertProblem(answer, status, code);
  assert.equal(answer.json.error, code);
  assert.equal(answer.json.error_description, answer.json.detail);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Basic realm="kriya"' : undefined);
}

describe('in development', () => {
  let kriya;
  let bot;
  before(async () => {
    kriya = await startKriya();
    bot = await created(kriya, 'messages:send messages:read');
  });
  after(() => kriya.dispose());

  test('the original client’s empty request gets a demo token, byte for byte', async () => {
    const answer = await exchange(
      kriya.port,
      `POST /auth/token HTTP/1.1\r\nHost: localhost:${kriya.port}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n` +
        'User-Agent: python-httpx/0.27.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    );
    const token = tokenOf(answer);
    assert.equal(answer.text, `{"access_token":"${token}","token_type":"Bearer","expires_in":3600}`);
    const { exp, iat, sub, client_id, token_use, scope } = decodeJwt(token);
    assert.equal(exp - iat, 3600);
    assert.deepEqual({ sub, client_id, token_use, scope },
      { sub: 'test-user', client_id: 'test-client', token_use: 'client', scope: '' });
    assert.equal(decodeProtectedHeader(token).typ, 'JWT');
  });

  test('so does an empty object, an empty form, and a request without a length', async () => {
    for (const options of [{}, { json: {} }, { body: '', headers: FORM }]) {
      assert.equal(decodeJwt(tokenOf(await ask(kriya, options))).sub, 'test-user');
    }
  });

  test('an empty request from elsewhere, or through a proxy, is refused', async () => {
    for (const headers of [{ 'X-Forwarded-For': '203.0.113.7' }, { Forwarded: 'for=203.0.113.7' }]) {
      assertRefused(await ask(kriya, { headers }), 401, 'invalid_client');
    }
  });

  test('with credentials the real path is taken', async () => {
    assertRefused(await ask(kriya, formOf({ client_id: bot.client_id })), 400, 'invalid_request');
    assertRefused(await grant(kriya, { ...bot, client_secret: 'kcs_wrong' }), 401, 'invalid_client');
    assertRefused(await ask(kriya, { headers: basicOf(bot) }), 400, 'invalid_request');
  });

  test('a client proves itself by form, by Basic, and by JSON', async () => {
    const scope = 'messages:send messages:read';
    const grant_type = 'client_credentials';
    const tokens = [
      tokenOf(await grant(kriya, bot), scope),
      tokenOf(await ask(kriya, { ...formOf({ grant_type }), headers: { ...FORM, ...basicOf(bot) } }), scope),
      tokenOf(await ask(kriya, { json: { grant_type, ...bot } }), scope),
      tokenOf(await ask(kriya, { json: { grant_type }, headers: basicOf(bot) }), scope),
    ];
    for (const token of tokens) {
      const claims = decodeJwt(token);
      assert.equal(claims.sub, bot.client_id);
      assert.equal(claims.client_id, bot.client_id);
      assert.equal(claims.aud, kriya.publicUrl);
      assert.equal(claims.iss, 'kriya-auth');
      assert.equal(claims.exp - claims.iat, 3600);
    }
    assert.equal(new Set(tokens.map((token) => decodeJwt(token).jti)).size, tokens.length);
  });

  test('a client gets the scope that it asks for, if it has it', async () => {
    const token = tokenOf(await grant(kriya, bot, { scope: 'messages:read' }), 'messages:read');
    assert.equal(decodeJwt(token).scope, 'messages:read');
    assertRefused(await grant(kriya, bot, { scope: 'messages:read tool-calls:read' }), 400, 'invalid_scope');
    assertRefused(await grant(kriya, bot, { scope: '*' }), 400, 'invalid_scope');
    tokenOf(await grant(kriya, await created(kriya)));
  });

  test('each mistake has its word', async () => {
    const fields = { grant_type: 'client_credentials', ...bot };
    const { body } = formOf(fields);
    for (const [options, code] of [
      [formOf({ ...fields, grant_type: 'authorization_code' }), 'unsupported_grant_type'],
      [formOf(bot), 'invalid_request'],
      [{ body: `${body}&scope=a&scope=b`, headers: FORM }, 'invalid_request'],
      [{ body: 'grant_type=%zz', headers: FORM }, 'invalid_request'],
      [{ body, headers: { ...FORM, ...basicOf(bot) } }, 'invalid_request'],
      [{ body: '{', headers: { 'Content-Type': 'application/json' } }, 'invalid_request'],
      [{ json: { ...fields, scope: ['messages:read'] } }, 'invalid_request'],
    ]) {
      assertRefused(await ask(kriya, options), 400, code);
    }
    for (const client_id of ['client_of_nobody', 'test-client', "' OR 1=1 --"]) {
      assertRefused(await ask(kriya, formOf({ ...fields, client_id })), 401, 'invalid_client');
    }
    assertRefused(await ask(kriya, { headers: bearer('x') }), 401, 'invalid_client');
    const text = await ask(kriya, { body, headers: { 'Content-Type': 'text/plain' } });
    assertProblem(text, 415, 'unsupported_media_type');
    assert.deepEqual([text.json.error, text.json.error_description], ['invalid_request', text.json.detail]);
    assert.match(text.json.detail, /application\/x-www-form-urlencoded or application\/json/);
  });

  test('a secret in the address is refused and not read', async () => {
    const query = new URLSearchParams({ grant_type: 'client_credentials', ...bot });
    assertRefused(await call(kriya, 'POST', `${TOKEN}?${query}`), 400, 'invalid_request');
    assert.equal((await call(kriya, 'GET', TOKEN)).status, 405);
  });

  test('a program’s token is no person’s', async () => {
    for (const token of [tokenOf(await ask(kriya, {})), (await grant(kriya, bot)).json.access_token]) {
      assert.equal(await isValid(kriya, token), false);
      for (const [method, target] of [['GET', '/api/auth/user'], ['GET', '/api/auth/sessions'],
        ['DELETE', '/api/auth/logout']]) {
        assertProblem(await call(kriya, method, target, { headers: bearer(token) }), 401, 'invalid_token');
      }
      const sms = { json: { phone_number: '+14155550123', message: 'x' }, headers: bearer(token) };
      assertProblem(await call(kriya, 'POST', '/api/sms/send', sms), 401, 'invalid_token');
    }
  });

  test('errors are problem documents, under the name of JSON for clients that take nothing else', async () => {
    const typeFor = async (Accept) => {
      const answer = await send(kriya, 'POST', TOKEN, { body: 'a=%', headers: { ...FORM, Accept } });
      assert.equal(answer.json.error, 'invalid_request');
      assert.equal(answer.json.code, 'invalid_request');
      return answer.headers['content-type'];
    };
    assert.equal(await typeFor('application/json'), 'application/json');
    for (const accept of ['*/*', 'application/json, text/plain, */*', 'application/problem+json, application/json']) {
      assert.equal(await typeFor(accept), 'application/problem+json');
    }
  });

  test('openid-client gets tokens by both ways of proof', async () => {
    const server = { issuer: kriya.publicUrl, token_endpoint: `${kriya.url}${TOKEN}` };
    for (const way of [openid.ClientSecretBasic, openid.ClientSecretPost]) {
      const configuration = new openid.Configuration(server, bot.client_id, {}, way(bot.client_secret));
      openid.allowInsecureRequests(configuration);
      const tokens = await openid.clientCredentialsGrant(configuration, { scope: 'messages:send' });
      assert.equal(tokens.expires_in, 3600);
      assert.equal(tokens.scope, 'messages:send');
      assert.equal(decodeJwt(tokens.access_token).sub, bot.client_id);
      await assert.rejects(
        openid.clientCredentialsGrant(configuration, { scope: 'phone:lookup' }),
        ({ error, error_description, status }) => error === 'invalid_scope' && error_description && status === 400,
      );
      const stranger = new openid.Configuration(server, bot.client_id, {}, way('kcs_wrong'));
      openid.allowInsecureRequests(stranger);
      await assert.rejects(openid.clientCredentialsGrant(stranger));
    }
  });

  test('no secret and no token is in any log', async () => {
    const secret = await created(kriya, 'messages:send');
    const token = tokenOf(await grant(kriya, secret), 'messages:send');
    await grant(kriya, { ...secret, client_secret: `${secret.client_secret}x` });
    await call(kriya, 'POST', `${TOKEN}?client_secret=${secret.client_secret}`);
    await send(kriya, 'POST', TOKEN, { body: `client_secret=${secret.client_secret}&a=%`, headers: FORM });
    const logs = kriya.stdout() + kriya.stderr();
    assert.match(logs, /\/auth\/token/);
    for (const word of [secret.client_secret, token, token.split('.')[2]]) assert.ok(!logs.includes(word));
  });
});

test('production gives no demo token, and takes none', async (t) => {
  const PUBLIC_URL = 'http://kriya.test';
  const { JWT_SECRET_KEY } = PRODUCTION;
  const development = await startKriya({ t, env: { PUBLIC_URL, JWT_SECRET_KEY } });
  const demo = tokenOf(await ask(development, {}));
  const kriya = await startKriya({ t, env: { ...PRODUCTION, PUBLIC_URL } });
  for (const options of [{}, { json: {} }, { body: '', headers: FORM }]) {
    assertRefused(await ask(kriya, options), 401, 'invalid_client');
  }
  assertProblem(await call(kriya, 'GET', '/api/auth/user', { headers: bearer(demo) }), 401, 'invalid_token');
  const bot = await created(kriya, 'messages:send');
  tokenOf(await grant(kriya, bot), 'messages:send');
});

test('addresses that ask too often are made to wait', async (t) => {
  const kriya = await startKriya({ t });
  const answer = await grant(kriya, { client_id: 'client_of_nobody', client_secret: 'x' });
  assert.match(answer.headers['ratelimit-policy'], /"client-token";q=\d+;w=\d+/);
});

describe('kriya client', () => {
  let kriya;
  before(async () => (kriya = await startKriya()));
  after(() => kriya.dispose());

  test('create shows id and secret, and stores the secret as a hash only', async () => {
    const { client_id, client_secret } = await created(kriya, 'messages:send');
    assert.match(client_id, /^client_[\w-]{22}$/);
    assert.match(client_secret, /^kcs_[\w-]{43}$/);
    const listed = await client(kriya, 'list', '--json');
    assert.ok(listed.stdout.includes(client_id) && !listed.stdout.includes(client_secret));
    const { DATA_DIR, PORT, ...env } = kriya.settings;
    const exported = await run(['export'], { cwd: kriya.cwd, env });
    assert.ok(!(exported.stdout + exported.stderr).includes(client_secret));
  });

  test('list shows every client on a line, or as JSON', async () => {
    const first = await created(kriya, 'messages:send tool-calls:read', 'Zoë’s bot');
    const second = await created(kriya);
    const { stdout } = await client(kriya, 'list');
    const line = stdout.split('\n').find((one) => one.startsWith(first.client_id));
    assert.match(line, /^client_\S+ {2}\d{4}-\d\d-\d\d {2}Zoë’s bot {2}\[messages:send tool-calls:read\]$/);
    const all = (await client(kriya, 'list', '--json')).stdout.trim().split('\n').map(JSON.parse);
    const { created_at, ...shownOne } = all.find(({ client_id }) => client_id === first.client_id);
    assert.deepEqual(shownOne, {
      client_id: first.client_id, name: 'Zoë’s bot', scope: 'messages:send tool-calls:read', rotated_at: null,
    });
    assert.ok(Date.parse(created_at) <= Date.now());
    const at = (one) => all.findIndex(({ client_id }) => client_id === one.client_id);
    assert.ok(at(first) < at(second), 'oldest first');
  });

  test('refuses scopes that there are not, names that are none, and clients of nobody', async () => {
    for (const [args, words] of [
      [['create', '--name', 'x', '--scope', 'messages:send fly'], /'fly' is no scope; there are messages:send/],
      [['create', '--name', ' '], /The name must be/],
      [['create', '--name', 'two\nlines'], /The name must be/],
      [['create'], /--name is required/],
      [['rotate', 'client_of_nobody'], /There is no client client_of_nobody/],
      [['delete', 'client_of_nobody'], /There is no client client_of_nobody/],
    ]) {
      const { code, stdout, stderr } = await client(kriya, ...args);
      assert.notEqual(code, 0, args.join(' '));
      assert.match(stdout + stderr, words);
    }
  });

  for (const command of ['client create', 'client list', 'client rotate', 'client delete']) {
    test(`${command} --help says what it does`, async () => {
      const { code, stdout } = await run([...command.split(' '), '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: kriya ${command}`, 'm'));
      assert.ok(stdout.indexOf('Usage:') > 10, 'a sentence stands before the usage');
    });
  }
});

test('rotate and delete hold at once on every instance of a PostgreSQL', async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.remove());
  const env = { DATABASE_URL: postgres.url(await postgres.createDatabase()), PUBLIC_URL: 'http://kriya.test' };
  const one = await startKriya({ t, env });
  const two = await startKriya({ t, env });
  const bot = await created(one, 'messages:send');
  for (const kriya of [one, two]) tokenOf(await grant(kriya, bot), 'messages:send');
  const fresh = { ...(await shown(two, 'rotate', bot.client_id)) };
  assert.equal(fresh.client_id, bot.client_id);
  assert.notEqual(fresh.client_secret, bot.client_secret);
  for (const kriya of [one, two]) {
    assertRefused(await grant(kriya, bot), 401, 'invalid_client');
    tokenOf(await grant(kriya, fresh), 'messages:send');
  }
  const deleted = await client(one, 'delete', bot.client_id);
  assert.equal(deleted.code, 0, deleted.stderr);
  for (const kriya of [one, two]) assertRefused(await grant(kriya, fresh), 401, 'invalid_client');
});
