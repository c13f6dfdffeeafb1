// The real /mcp: whose token opens it and what for, what it refuses, and what becomes of calls. Its sessions are in
// mcp_sessions.test.mjs, other people's clients in mcp_clients.test.mjs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { decodeJwt, SignJWT } from 'jose';

import { bearer, logOut, signIn } from './support/accounts.mjs';
import { JWT_SECRET, send, startKriya } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import {
  ask, BOTH, callTool, createClient, LEGACY, messageOf, MODERN, operate, post, Session, textOf, tokenOf, toolsOf,
} from './support/mcp.mjs';
import { byTelesign } from './support/messaging.mjs';
import { until } from './support/service.mjs';
import { startTelesign } from './support/telesign.mjs';

const APP = 'https://app.example.com';

let kriya;
let person;
let demo;
before(async () => {
  kriya = await startKriya({ env: { ALLOWED_ORIGINS: APP } });
  person = await signIn(kriya);
  demo = await tokenOf(kriya);
});
after(() => kriya?.dispose());

/** The claims as they are, or changed, signed with the key of the server. */
const signed = (claims, key = JWT_SECRET) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(key));

const list = (token, options) => ask(kriya, token, 'tools/list', {}, options);

/** Nothing but that it was refused, and how to get in. */
function assertLockedOut(answer, token) {
  assert.equal(answer.status, 401, answer.text);
  assert.match(answer.headers['www-authenticate'], token ? /^Bearer\b.*error="invalid_token"/ : /^Bearer\b/);
  assert.equal(answer.json.code, token ? 'invalid_token' : 'missing_token');
  const { request_id, ...said } = answer.json; // hex digits, in which "add" comes up by chance
  assert.equal(said.result, undefined);
  assert.doesNotMatch(JSON.stringify(said), /add|whoami|tools/);
  if (token?.length > 9) assert.ok(!answer.text.includes(token));
}

describe('who is let in', () => {
  test('a person sees and calls what that person may', async () => {
    const { user, token } = await signIn(kriya);
    assert.deepEqual(await toolsOf(kriya, token), ['add', 'whoami', 'list_my_sessions']);
    const { rpc } = await callTool(kriya, token, 'whoami');
    assert.ok(textOf(rpc.result).includes(user.id));
    await operate(kriya, 'user', 'grant', user.id, 'messages:read');
    const more = ['add', 'get_message_status', 'list_messages', 'list_my_sessions', 'whoami'];
    assert.deepEqual((await toolsOf(kriya, token)).sort(), more, 'at once, with the same token');
  });

  test('a registered client sees what its token is for', async () => {
    const token = await tokenOf(kriya, await createClient(kriya, 'messages:read phone:lookup'));
    const seen = await toolsOf(kriya, token);
    for (const name of ['add', 'whoami', 'get_message_status', 'list_messages', 'lookup_phone_number']) {
      assert.ok(seen.includes(name), name);
    }
    for (const name of ['send_sms', 'list_my_sessions', 'send_verification_code']) {
      assert.ok(!seen.includes(name), name);
    }
    const forbidden = await callTool(kriya, token, 'send_sms', { phone_number: '+14155550123', message: 'x' });
    assert.equal(forbidden.rpc.error.code, -32602);
  });

  test('the demo token gets the harmless tools', async () => {
    assert.deepEqual(await toolsOf(kriya, demo), ['add', 'whoami']);
    assert.equal(textOf((await callTool(kriya, demo, 'add', { a: 1, b: 2 })).rpc.result), '3');
  });

  test('production takes no demo token', async (t) => {
    const PUBLIC_URL = 'http://kriya.test';
    const JWT_SECRET_KEY = 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE';
    const development = await startKriya({ t, env: { PUBLIC_URL, JWT_SECRET_KEY } });
    const token = await tokenOf(development);
    assert.equal((await ask(development, token, 'tools/list')).status, 200);
    const production = await startKriya({
      t,
      env: {
        PUBLIC_URL,
        JWT_SECRET_KEY,
        ENVIRONMENT: 'production',
        PHONE_VERIFICATION: undefined,
        PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc',
      },
    });
    const headers = { Host: 'kriya.test' };
    assertLockedOut(await ask(production, token, 'tools/list', {}, { headers }), token);
    const own = await tokenOf(production, await createClient(production, 'messages:send'));
    assert.equal((await ask(production, own, 'tools/list', {}, { headers })).status, 200);
    const local = await ask(production, own, 'tools/list', {}, { headers: { Host: `localhost:${production.port}` } });
    assert.equal(local.status, 403, 'production is known by its public name alone');
  });
});

describe('who is not', () => {
  test('nobody without a token, whatever the method', async () => {
    assertLockedOut(await list(undefined));
    for (const method of ['GET', 'DELETE']) {
      assertLockedOut(await send(kriya, method, '/mcp', { headers: { Accept: BOTH } }));
    }
    assertLockedOut(await post(kriya, undefined, messageOf('initialize', { protocolVersion: LEGACY })));
    for (const scheme of ['Basic dGVzdDp0ZXN0', 'Bearer', 'Bearer ', person.token]) {
      const answer = await list(undefined, { headers: { Authorization: scheme } });
      assert.equal(answer.status, 401, scheme);
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    }
  });

  test('no token that is broken, forged, expired, another service’s, or the original service’s', async () => {
    const claims = decodeJwt(person.token);
    assert.equal((await list(await signed(claims))).status, 200, 'the claims are good as they are');
    const { aud, sub, jti, sid, token_use, ...original } = claims;
    const now = Math.floor(Date.now() / 1000);
    const bad = {
      nonsense: 'x',
      'three parts': 'a.b.c',
      longer: `${person.token}x`,
      shorter: person.token.slice(0, -2),
      'of another key': await signed(claims, `${JWT_SECRET}x`),
      expired: await signed({ ...claims, exp: now - 3600, iat: now - 7200 }),
      'not yet good': await signed({ ...claims, nbf: now + 3600 }),
      'of another audience': await signed({ ...claims, aud: 'https://other.example' }),
      'of another issuer': await signed({ ...claims, iss: 'https://other.example' }),
      'of another use': await signed({ ...claims, token_use: 'refresh' }),
      'without an end': await signed({ ...claims, exp: undefined }),
      'of the original service': await signed(original),
      unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${person.token.split('.')[1]}.`,
    };
    const letIn = [];
    for (const [what, token] of Object.entries(bad)) {
      const answer = await list(token);
      if (answer.status === 200) letIn.push(what);
      else assertLockedOut(answer, token);
    }
    assert.deepEqual(letIn, []);
  });

  test('no token of a server with another PUBLIC_URL', async (t) => {
    const other = await startKriya({ t, env: { PUBLIC_URL: 'https://other.example' } });
    const { token } = await signIn(other);
    for (const one of [token, await tokenOf(other)]) assertLockedOut(await list(one), one);
  });

  test('no token in the address, even a good one, nor in a cookie', async () => {
    for (const name of ['token', 'access_token']) {
      for (const token of [undefined, person.token]) {
        const answer = await list(token, { path: `/mcp?${name}=${person.token}` });
        assert.equal(answer.status, 400, answer.text);
        assert.ok(!answer.text.includes(person.token));
      }
    }
    assertLockedOut(await list(undefined, { headers: { Cookie: `auth_token=${person.token}` } }));
    assert.ok(!(kriya.stdout() + kriya.stderr()).includes(person.token), 'a token is in the log');
  });

  test('nobody who signed out or was deleted, from that moment on', async () => {
    for (const end of [
      ({ token }) => logOut(kriya, token),
      ({ user }) => operate(kriya, 'user', 'revoke', user.id),
      ({ user }) => operate(kriya, 'user', 'delete', user.id, '--yes'),
    ]) {
      const one = await signIn(kriya);
      assert.equal((await callTool(kriya, one.token, 'add', { a: 1, b: 1 })).status, 200);
      await end(one);
      assertLockedOut(await callTool(kriya, one.token, 'add', { a: 1, b: 1 }), one.token);
    }
  });

  test('no client that was deleted, nor with a token from before its secret was changed', async () => {
    for (const command of ['rotate', 'delete']) {
      const client = await createClient(kriya, 'messages:read');
      const token = await tokenOf(kriya, client);
      assert.equal((await list(token)).status, 200);
      await operate(kriya, 'client', command, client.client_id);
      assertLockedOut(await list(token), token);
    }
  });

  test('no page of another origin, and nobody who calls the server by another name', async () => {
    for (const Origin of ['https://evil.example', 'null', `${APP}.evil.example`, `http://localhost.evil.example`]) {
      const answer = await list(person.token, { headers: { Origin } });
      assert.equal(answer.status, 403, Origin);
      assert.equal((await list(undefined, { headers: { Origin } })).status, 403, 'before any token is looked at');
    }
    for (const Host of ['evil.example', `evil.example:${kriya.port}`, 'localhost.evil.example', '127.0.0.1.nip.io']) {
      assert.equal((await list(person.token, { headers: { Host } })).status, 403, Host);
    }
    for (const headers of [
      { Origin: APP },
      { Origin: `http://localhost:${kriya.port}` },
      { Host: `localhost:${kriya.port}` },
      { Host: `[::1]:${kriya.port}` },
    ]) {
      assert.equal((await list(person.token, { headers })).status, 200, JSON.stringify(headers));
    }
  });

  test('pages of allowed origins may send the protocol’s headers and read its answers', async () => {
    const names = ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id',
      'last-event-id'];
    const listed = (value) => (value ?? '').toLowerCase().split(/, */);
    for (const [method, path] of [['POST', '/mcp'], ['GET', '/mcp/'], ['DELETE', '/mcp']]) {
      const preflight = await send(kriya, 'OPTIONS', path, {
        headers: {
          Origin: APP,
          'Access-Control-Request-Method': method,
          'Access-Control-Request-Headers': names.join(', '),
        },
      });
      assert.equal(preflight.status, 204, preflight.text);
      assert.equal(preflight.headers['access-control-allow-origin'], APP);
      assert.ok(listed(preflight.headers['access-control-allow-methods']).includes(method.toLowerCase()));
      const allowed = listed(preflight.headers['access-control-allow-headers']);
      for (const name of names) assert.ok(allowed.includes(name), name);
    }
    for (const token of [person.token, undefined]) {
      const answer = await list(token, { headers: { Origin: APP } });
      assert.equal(answer.headers['access-control-allow-origin'], APP);
      const readable = listed(answer.headers['access-control-expose-headers']);
      for (const name of ['mcp-session-id', 'www-authenticate']) assert.ok(readable.includes(name), name);
    }
  });
});

describe('a request of the modern era', () => {
  test('finds out what there is', async () => {
    const { rpc, headers } = await ask(kriya, demo, 'server/discover');
    assert.ok(rpc.result.supportedVersions.includes(MODERN) && rpc.result.supportedVersions.includes(LEGACY));
    assert.equal(rpc.result.resultType, 'complete');
    assert.equal(rpc.result._meta['io.modelcontextprotocol/serverInfo'].name, 'kriya');
    assert.equal(headers['mcp-session-id'], undefined);
  });

  test('gets lists that nobody else may be given', async () => {
    const { rpc, headers } = await list(person.token);
    assert.equal(rpc.result.cacheScope, 'private');
    assert.equal(headers['cache-control'], 'no-store');
  });

  test('is refused when its headers are not its body’s', async () => {
    for (const [headers, code] of [
      [{ 'Mcp-Method': 'tools/list' }, -32020],
      [{ 'Mcp-Name': 'whoami' }, -32020],
      [{ 'MCP-Protocol-Version': LEGACY }, -32020],
    ]) {
      const answer = await callTool(kriya, demo, 'add', { a: 1, b: 2 }, { headers });
      assert.deepEqual([answer.status, answer.rpc.error.code], [400, code]);
    }
    const future = await list(demo, {
      meta: { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' },
      headers: { 'MCP-Protocol-Version': '2030-01-01' },
    });
    assert.deepEqual([future.status, future.rpc.error.code], [400, -32022]);
    assert.ok(future.rpc.error.data.supported.includes(MODERN));
  });
});

describe('what is wrong is named', () => {
  for (const era of ['modern', 'legacy']) {
    const open = async () => (era === 'legacy' ? Session.open(kriya, person.token) : {
      ask: (method, params) => ask(kriya, person.token, method, params),
      call: (name, args) => callTool(kriya, person.token, name, args),
    });

    test(`bad arguments are results that name every field (${era})`, async () => {
      const { call } = await open();
      const { status, rpc } = await call('add', { a: 'five', b: null });
      assert.equal(status, 200);
      assert.equal(rpc.result.isError, true);
      assert.match(textOf(rpc.result), /^a: /m);
      assert.match(textOf(rpc.result), /^b: /m);
      assert.equal((await call('add', { a: 1 })).rpc.result.isError, true);
      const huge = await call('add', { a: 1e308, b: 1e308 });
      assert.equal(huge.rpc.result.isError, true);
    });

    test(`unknown tools, methods and resources are errors (${era})`, async () => {
      const { ask, call } = await open();
      const tool = await call('no_such_tool');
      assert.deepEqual([tool.status, tool.rpc.error.code], [200, -32602]);
      assert.match(tool.rpc.error.message, /no_such_tool/);
      const method = await ask('tools/fly', {});
      assert.deepEqual([method.status, method.rpc.error.code], [era === 'modern' ? 404 : 200, -32601]);
      const resource = await ask('resources/read', { uri: 'farewell://Ada' });
      assert.equal(resource.rpc.error.code, era === 'modern' ? -32602 : -32002);
      assert.equal(resource.rpc.error.data.uri, 'farewell://Ada');
      for (const params of [{}, { name: 5 }, { name: 'add', arguments: [1, 2] }]) {
        assert.equal((await ask('tools/call', params)).rpc.error.code, -32602, JSON.stringify(params));
      }
    });
  }

  test('what is no JSON-RPC', async () => {
    for (const [body, code] of [['{', -32700], ['"x"', -32600], ['{"jsonrpc":"1.0","id":1,"method":"x"}', -32600]]) {
      const answer = await post(kriya, demo, undefined, { body, headers: { 'Content-Type': 'application/json' } });
      assert.deepEqual([answer.status, answer.rpc.error.code], [400, code], body);
    }
    const text = await post(kriya, demo, undefined, { body: '{}', headers: { 'Content-Type': 'text/plain' } });
    assert.equal(text.status, 415);
    assert.equal((await list(demo, { headers: { Accept: 'text/html' } })).status, 406);
    const events = await list(demo, { headers: { Accept: 'text/event-stream' } });
    assert.equal(events.headers['content-type'], 'text/event-stream');
    assert.ok(events.rpc.result.tools.length > 0);
    assert.equal((await send(kriya, 'PUT', '/mcp', { json: {}, headers: bearer(demo) })).status, 405);
  });

  test('a body of more than 1 MiB; one below is read', async () => {
    const call = (size) => callTool(kriya, demo, 'add', { a: 1, b: 2, _: 'x'.repeat(size) });
    assert.equal(textOf((await call(1_000_000)).rpc.result), '3');
    const large = await call(1_048_576);
    assert.equal(large.status, 413);
  });
});

test('two hundred calls at once on 64 connections are all answered, each with its own', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const sums = await times(200, (n) => callTool(kriya, demo, 'add', { a: n, b: 0.5 }, { agent }));
  agent.destroy();
  sums.forEach(({ rpc, status, text }, n) => {
    assert.equal(status, 200, text);
    assert.deepEqual(rpc.result.structuredContent, { result: n + 0.5 });
  });
});

const LOOKUP = 'lookup_phone_number';
const SOON = 5_000; // ms: long before the provider's own time is over

describe('a tool that hangs', () => {
  let phone = 0;
  const nextPhone = () => `+1415555${String(2000 + ++phone)}`;
  let server;
  let telesign;
  let caller;
  before(async () => {
    telesign = await startTelesign({});
    server = await startKriya({ env: byTelesign(telesign) });
    caller = await signIn(server);
    await operate(server, 'user', 'grant', caller.user.id, 'phone:lookup');
  });
  after(async () => {
    await server?.dispose();
    await telesign?.stop();
  });

  /** Calls that were logged: whole records. */
  const logged = () => {
    const file = path.join(server.dataDir, 'logs', 'tool_calls.json');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(JSON.parse) : [];
  };
  const lookups = () => logged().filter(({ tool_name }) => tool_name === LOOKUP);
  const drop = (agent) => Object.values(agent.sockets).flat().forEach((socket) => socket.destroy());

  test('is cancelled when its client of the modern era is gone', async () => {
    for (const meta of [{}, { progressToken: 'p' }]) {
      const before = lookups().length;
      const rule = telesign.behave({ answer: 'held' });
      const agent = new http.Agent();
      const call = callTool(server, caller.token, LOOKUP, { phone_number: nextPhone() }, { agent, meta });
      const lost = call.then(() => 'answered', () => 'lost');
      await rule.struck();
      drop(agent);
      assert.equal(await lost, 'lost');
      const entry = await until(() => lookups()[before], 'the call is over', SOON);
      assert.equal(entry.status, 'error', JSON.stringify(entry));
      assert.match(entry.result, /cancelled/);
      rule.release();
    }
  });

  test('is cancelled when a session’s client takes the request back, and not answered', async () => {
    const session = await Session.open(server, caller.token);
    const before = lookups().length;
    const rule = telesign.behave({ answer: 'held' });
    const json = messageOf('tools/call', { name: LOOKUP, arguments: { phone_number: nextPhone() } });
    const call = session.send(json);
    await rule.struck();
    const params = { requestId: json.id, reason: 'enough' };
    assert.equal((await session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params })).status, 202);
    const entry = await until(() => lookups()[before], 'the call is over', SOON);
    assert.equal(entry.status, 'error', JSON.stringify(entry));
    assert.match(entry.result, /cancelled/);
    const answer = await call;
    assert.equal(answer.rpc?.result, undefined, 'a request that was taken back has no answer');
    rule.release();
  });

  test('goes on when a session’s connection is lost, as its era has it', async () => {
    const session = await Session.open(server, caller.token);
    const before = lookups().length;
    const rule = telesign.behave({ answer: 'held' });
    const agent = new http.Agent();
    const call = session.call(LOOKUP, { phone_number: nextPhone() }, { agent });
    const lost = call.then(() => 'answered', () => 'lost');
    await rule.struck();
    drop(agent);
    assert.equal(await lost, 'lost');
    rule.release();
    const entry = await until(() => lookups()[before], 'the call is over');
    assert.equal(entry.status, 'success', JSON.stringify(entry));
  });
});
