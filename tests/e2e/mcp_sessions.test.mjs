// Sessions of the legacy era at the real /mcp: from initialize to DELETE, their streams, batches, and how all open
// streams end when the server stops.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { bearer, logOut, signIn } from './support/accounts.mjs';
import { startKriya } from './support/kriya.mjs';
import { BOTH, LEGACY, messageOf, modernRequest, post, Session, Stream, textOf, tokenOf } from './support/mcp.mjs';
import { startPostgres } from './support/postgres.mjs';
import { exchange } from './support/raw_http.mjs';

const QUICKLY = 3_000; // ms in which a server without anything to finish stops

let kriya;
let person;
before(async () => {
  kriya = await startKriya();
  person = await signIn(kriya);
});
after(() => kriya?.dispose());

const addTo = (session) => session.call('add', { a: 5, b: 3 });
/** Of a session, and of the modern era; what each says first has been read. */
async function bothStreams(server, token) {
  const own = await (await Session.open(server, token)).listen();
  const { json, headers } = modernRequest('subscriptions/listen', { notifications: { toolsListChanged: true } });
  const changes = await Stream.open(server, 'POST', { ...bearer(token), Accept: BOTH, ...headers }, json);
  assert.deepEqual([own.status, changes.status], [200, 200]);
  assert.equal((await changes.next()).message.method, 'notifications/subscriptions/acknowledged');
  await own.next();
  return [own, changes];
}

const assertGone = (answer) => assert.deepEqual([answer.status, answer.rpc.error.code], [404, -32001]);

describe('a session', () => {
  for (const version of ['2025-03-26', '2025-06-18', '2025-11-25']) {
    test(`of ${version} lists, calls and reads`, async () => {
      const session = await Session.open(kriya, person.token, { version });
      assert.equal(session.opened.protocolVersion, version);
      assert.match(session.id, /^[\x21-\x7e]{16,}$/);
      const { tools } = (await session.ask('tools/list')).rpc.result;
      assert.deepEqual(tools.map(({ name }) => name), ['add', 'whoami', 'list_my_sessions']);
      const { rpc } = await addTo(session);
      assert.equal(textOf(rpc.result), '8');
      assert.equal(rpc.result.structuredContent?.result, version === '2025-03-26' ? undefined : 8);
      const greeting = await session.ask('resources/read', { uri: 'greeting://Ada' });
      assert.equal(greeting.rpc.result.contents[0].text, 'Hello, Ada!');
    });
  }

  test('of a version that there is not gets the newest with sessions', async () => {
    const session = await Session.open(kriya, person.token, { version: '2031-01-01' }).catch((error) => error);
    assert.ok(!(session instanceof Session), 'its own version header is refused then');
    const params = { protocolVersion: '2031-01-01', capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
    const answer = await post(kriya, person.token, messageOf('initialize', params));
    assert.equal(answer.rpc.result.protocolVersion, LEGACY);
  });

  test('is pinged, told how much to log, and ended', async () => {
    const session = await Session.open(kriya, person.token);
    assert.deepEqual((await session.ask('ping')).rpc.result, {});
    assert.deepEqual((await session.ask('logging/setLevel', { level: 'warning' })).rpc.result, {});
    assert.equal((await session.ask('logging/setLevel', { level: 'loud' })).rpc.error.code, -32602);
    assert.equal((await session.end()).status, 204);
    assertGone(await addTo(session));
    assert.equal((await session.end()).status, 404);
  });

  test('is needed: without its id nothing is answered', async () => {
    const nobody = new Session(kriya, person.token, undefined, LEGACY);
    nobody.send = (json) => post(kriya, person.token, json, { headers: { 'MCP-Protocol-Version': LEGACY } });
    const answer = await nobody.send(messageOf('tools/list'));
    assert.equal(answer.status, 400);
    assertGone(await addTo(new Session(kriya, person.token, 'an-invented-id', LEGACY)));
  });

  test('is its principal’s: another one’s token finds none, and ends none', async () => {
    const session = await Session.open(kriya, person.token);
    for (const token of [(await signIn(kriya)).token, await tokenOf(kriya)]) {
      const stranger = session.seenBy({ token });
      assertGone(await addTo(stranger));
      assert.equal((await stranger.listen()).status, 404);
      assert.equal((await stranger.end()).status, 404);
    }
    assert.equal((await addTo(session)).status, 200, 'it goes on');
    const again = await signIn(kriya, { phone_number: person.user.phone_number });
    assert.equal((await addTo(session.seenBy({ token: again.token }))).status, 200, 'the same person, signed in anew');
  });

  test('of the original’s client: byte for byte, with the argument that no tool has', async () => {
    const session = await Session.open(kriya, person.token, { version: '2025-03-26', path: '/mcp/' });
    const body =
      '{"method":"tools/call","params":{"name":"add","arguments":{"a":5,"b":3,"_":null}},"jsonrpc":"2.0","id":2}';
    const answer = await exchange(
      kriya.port,
      `POST /mcp/ HTTP/1.1\r\nHost: localhost:${kriya.port}\r\nAccept-Encoding: gzip, deflate\r\n` +
        `Connection: keep-alive\r\nUser-Agent: python-httpx/0.27.0\r\nAuthorization: Bearer ${person.token}\r\n` +
        `Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n` +
        `mcp-session-id: ${session.id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.json.id, 2);
    assert.equal(textOf(answer.json.result), '8');
    assert.notEqual(answer.json.result.isError, true);
  });
});

describe('a batch', () => {
  const batch = [
    messageOf('tools/call', { name: 'add', arguments: { a: 1, b: 1 } }, 'first'),
    { jsonrpc: '2.0', method: 'notifications/progress', params: {} },
    messageOf('ping', undefined, 'second'),
    messageOf('tools/fly', undefined, 'third'),
    { jsonrpc: '1.0' },
  ];

  test('is answered in 2025-03-26, each request by its id', async () => {
    const session = await Session.open(kriya, person.token, { version: '2025-03-26' });
    const { status, json } = await session.send(batch, { headers: { Accept: 'application/json' } });
    assert.equal(status, 200);
    assert.equal(json.length, 4);
    const answers = Object.fromEntries(json.map((answer) => [answer.id, answer]));
    assert.equal(textOf(answers.first.result), '2');
    assert.deepEqual(answers.second.result, {});
    assert.equal(answers.third.error.code, -32601);
    assert.equal(answers[undefined].error.code, -32600, 'it has no id to name');
    const silent = await session.send([{ jsonrpc: '2.0', method: 'notifications/progress', params: {} }]);
    assert.deepEqual([silent.status, silent.text], [202, '']);
    for (const bad of [[], Array(33).fill(messageOf('ping'))]) assert.equal((await session.send(bad)).status, 400);
  });

  test('is refused in every other version', async () => {
    const session = await Session.open(kriya, person.token);
    const answer = await session.send(batch);
    assert.deepEqual([answer.status, answer.rpc.error.code], [400, -32600]);
    assert.equal((await post(kriya, person.token, batch)).status, 400);
  });
});

describe('the stream of a session', () => {
  test('begins with an id, is taken up again from there, and has one reader', async () => {
    const session = await Session.open(kriya, person.token);
    const first = await session.listen();
    assert.equal(first.status, 200);
    assert.equal(first.headers['content-type'], 'text/event-stream');
    assert.equal(first.headers['cache-control'], 'no-store');
    assert.equal(first.headers['x-accel-buffering'], 'no');
    const { id, retry, message } = await first.next();
    assert.ok(id && Number(retry) > 0);
    assert.equal(message, undefined);
    const second = await session.listen(id);
    assert.equal(second.status, 200);
    assert.equal((await second.next()).id, id);
    assert.equal(await first.ended, true, 'the reader before is let go');
    second.destroy();
    assert.equal((await session.listen('9999-1')).status, 400);
    assert.equal((await session.listen('nonsense')).status, 400);
  });

  test('ends with the session', async () => {
    const session = await Session.open(kriya, person.token);
    const stream = await session.listen();
    await stream.next();
    await session.end();
    assert.equal(await stream.ended, true);
    assert.equal((await session.listen()).status, 404);
  });

  test('is not for clients that take no events, nor for those of the modern era', async () => {
    const session = await Session.open(kriya, person.token);
    const listen = (headers) => Stream.open(kriya, 'GET', { ...bearer(person.token), ...headers });
    assert.equal((await listen({ ...session.headers, Accept: 'application/json' })).status, 406);
    const modern = await listen({ 'MCP-Protocol-Version': '2026-07-28', Accept: 'text/event-stream' });
    assert.equal(modern.status, 405);
    assert.equal(modern.headers.allow, 'POST');
  });
});

describe('behind a load balancer', () => {
  let postgres;
  before(async () => (postgres = await startPostgres()));
  after(() => postgres?.remove());

  test('another instance takes a session up, and only for its principal', async (t) => {
    const env = { DATABASE_URL: postgres.url(await postgres.createDatabase()), PUBLIC_URL: 'http://kriya.test' };
    const [one, other] = await Promise.all([startKriya({ t, env }), startKriya({ t, env })]);
    const { token } = await signIn(one);
    const session = await Session.open(one, token, { version: '2025-06-18' });
    const moved = session.seenBy({ kriya: other });
    assert.equal(textOf((await addTo(moved)).rpc.result), '8');
    const stream = await moved.listen();
    assert.equal(stream.status, 200);
    const stranger = (await signIn(one)).token;
    assertGone(await addTo(session.seenBy({ kriya: other, token: stranger })));
    assert.equal((await addTo(session)).status, 200, 'and the first one still knows it');
    assert.equal((await moved.end()).status, 204);
    assert.equal(await stream.ended, true);
    assertGone(await addTo(moved));
    await one.kill();
    const after = await Session.open(other, token);
    assert.equal((await addTo(after)).status, 200);
  });

  test('a session outlives the instance that began it', async (t) => {
    const env = { DATABASE_URL: postgres.url(await postgres.createDatabase()), PUBLIC_URL: 'http://kriya.test' };
    const [one, other] = await Promise.all([startKriya({ t, env }), startKriya({ t, env })]);
    const { token } = await signIn(one);
    const session = await Session.open(one, token);
    await one.kill();
    assert.equal(textOf((await addTo(session.seenBy({ kriya: other }))).rpc.result), '8');
  });
});

test('who signs out is signed out of open streams of changes too, in both eras', async () => {
  const { token } = await signIn(kriya);
  const streams = await bothStreams(kriya, token);
  const others = await bothStreams(kriya, person.token);
  await logOut(kriya, token);
  for (const stream of streams) assert.equal(await stream.ended, true);
  for (const stream of others) {
    assert.equal(stream.over, false, 'of somebody else');
    stream.destroy();
  }
});

test('SIGTERM ends open streams of both eras properly, and the server at once', async (t) => {
  const server = await startKriya({ t });
  const { token } = await signIn(server);
  const [own, changes] = await bothStreams(server, token);
  const began = Date.now();
  const stopped = server.stop();
  assert.equal(await own.ended, true);
  assert.equal((await changes.next()).message.result.resultType, 'complete');
  assert.equal(await changes.ended, true);
  assert.equal(await stopped, 0);
  assert.ok(Date.now() - began < QUICKLY, `${Date.now() - began} ms`);
});
