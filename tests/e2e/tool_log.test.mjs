// The log of tool calls, as a client and an operator see it: what was answered is in the files, whatever happens then.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { call, freshFolder, JWT_SECRET, PLANE_KEY, run, startKriya } from './support/kriya.mjs';
import { until } from './support/service.mjs';

const env = { JWT_SECRET_KEY: JWT_SECRET, PLANE_API_KEY: PLANE_KEY };
const linesOf = (kriya, name) =>
  readFileSync(path.join(kriya.dataDir, 'logs', name), 'utf8').split('\n').filter(Boolean);

async function demoToken(kriya) {
  const { json } = await call(kriya, 'POST', '/auth/token', { json: {} });
  return json.access_token;
}

function callTool(kriya, token, name, args) {
  return call(kriya, 'POST', '/mcp', {
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    json: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    },
  });
}

test('a call that was answered is in both files, in the original fields and their order', async (t) => {
  const kriya = await startKriya({ t });
  const { status } = await callTool(kriya, await demoToken(kriya), 'add', { a: 5, b: 3 });
  assert.equal(status, 200);
  const entry = JSON.parse(linesOf(kriya, 'tool_calls.json').at(-1));
  assert.deepEqual(Object.keys(entry).slice(0, 8), [
    'timestamp', 'session_id', 'tool_name', 'arguments', 'status', 'duration_ms', 'result', 'metadata',
  ]);
  assert.deepEqual([entry.tool_name, entry.arguments, entry.status, entry.result], ['add', { a: 5, b: 3 }, 'success', '8']);
  assert.match(linesOf(kriya, 'tool_calls.log').at(-1), /success add \{"a":5,"b":3\}/);
});

test('kill -9 loses no call that was answered, neither in the files nor in the rows after the next start', async (t) => {
  const cwd = freshFolder();
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const kriya = await startKriya({ cwd, t });
  const token = await demoToken(kriya);
  const answered = [];
  const callers = Array.from({ length: 8 }, async (_, lane) => {
    for (let n = 0; n < 50; n += 1) {
      await callTool(kriya, token, 'add', { a: lane, b: n });
      answered.push(`${lane} ${n}`);
      if (answered.length === 200) kriya.process.kill('SIGKILL');
    }
  });
  await Promise.allSettled(callers);
  await kriya.exited;
  const logged = new Set(linesOf(kriya, 'tool_calls.json').map((line) => JSON.parse(line).arguments).map(({ a, b }) => `${a} ${b}`));
  for (const one of answered) assert.ok(logged.has(one), `${one} was answered and is not in the log`);

  await startKriya({ cwd, t });
  let rows = new Set();
  for (let tries = 0; tries < 100 && answered.some((one) => !rows.has(one)); tries += 1) {
    const { stdout } = await run(['audit', 'list', '--json', '--limit', '1000'], { cwd, env });
    rows = new Set(stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line).arguments).map(({ a, b }) => `${a} ${b}`));
  }
  for (const one of answered) assert.ok(rows.has(one), `${one} was answered and is no row`);
  const { code, stdout } = await run(['audit', 'verify'], { cwd, env });
  assert.equal(code, 0, stdout);
});

test('one sees the own calls, and pages through them', async (t) => {
  const kriya = await startKriya({ t });
  const token = await demoToken(kriya);
  for (let n = 0; n < 3; n += 1) {
    await callTool(kriya, token, 'add', { a: n, b: 0 });
  }
  const read = (query) => call(kriya, 'GET', `/api/tool-calls?${query}`, { headers: { authorization: `Bearer ${token}` } });
  const first = await until(async () => {
    const { json } = await read('limit=2');
    return json.next && json;
  }, 'three calls are rows');
  assert.deepEqual(first.tool_calls.map((one) => one.arguments.a), [2, 1]);
  const { json: second } = await read(`limit=2&before=${first.next}`);
  assert.deepEqual(second.tool_calls.map((one) => one.arguments.a), [0]);
  assert.equal((await call(kriya, 'GET', '/api/tool-calls')).status, 401);
});

test('ENABLE_TOOL_LOGGING=false writes nothing and makes no folder', async (t) => {
  const kriya = await startKriya({ env: { ENABLE_TOOL_LOGGING: 'False' }, t });
  await callTool(kriya, await demoToken(kriya), 'add', { a: 5, b: 3 });
  assert.throws(() => statSync(path.join(kriya.dataDir, 'logs')), { code: 'ENOENT' });
});
