// Programs of other people's making at /mcp: the official TypeScript clients of both eras, and the inspector's command
// line.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import * as modern from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { bearer, logOut, signIn } from './support/accounts.mjs';
import { cleanEnvironment, startKriya } from './support/kriya.mjs';
import { LEGACY, MODERN, textOf, tokenOf } from './support/mcp.mjs';

const INSPECTOR = createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector-cli/build/cli.js');

let kriya;
let person;
before(async () => {
  kriya = await startKriya();
  person = await signIn(kriya);
});
after(() => kriya?.dispose());

const optionsOf = (token) => ({ requestInit: { headers: bearer(token) } });
const INFO = { name: 'e2e', version: '1' };
const isLockedOut = (error) => /401|[Uu]nauthorized/.test(`${error.code} ${error}`);

const CLIENTS = {
  'of the legacy era (version 1)': {
    version: LEGACY,
    open: (url, token) => [new Client(INFO), new StreamableHTTPClientTransport(url, optionsOf(token))],
  },
  'of the modern era (version 2)': {
    version: MODERN,
    open: (url, token) => [
      new modern.Client(INFO, { versionNegotiation: { mode: { pin: MODERN } } }),
      new modern.StreamableHTTPClientTransport(url, optionsOf(token)),
    ],
  },
  'that finds out (version 2)': {
    version: MODERN,
    open: (url, token) => [
      new modern.Client(INFO, { versionNegotiation: { mode: 'auto' } }),
      new modern.StreamableHTTPClientTransport(url, optionsOf(token)),
    ],
  },
  'of the legacy era (version 2)': {
    version: LEGACY,
    open: (url, token) => [
      new modern.Client(INFO, { versionNegotiation: { mode: 'legacy' } }),
      new modern.StreamableHTTPClientTransport(url, optionsOf(token)),
    ],
  },
};

async function connect(t, { open }, token, at = '/mcp') {
  const [client, transport] = open(new URL(kriya.url + at), token);
  await client.connect(transport);
  t.after(() => client.close());
  return { client, transport };
}

for (const [name, kind] of Object.entries(CLIENTS)) {
  describe(`the official TypeScript client ${name}`, () => {
    for (const at of ['/mcp', '/mcp/']) {
      test(`lists, calls and reads at ${at}`, async (t) => {
        const { client, transport } = await connect(t, kind, person.token, at);
        assert.equal(client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion, kind.version);
        const { tools } = await client.listTools();
        assert.deepEqual(tools.map((tool) => tool.name), ['add', 'whoami', 'list_my_sessions']);
        const sum = await client.callTool({ name: 'add', arguments: { a: 5, b: 3 } });
        assert.equal(textOf(sum), '8');
        assert.deepEqual(sum.structuredContent, { result: 8 });
        const { resourceTemplates } = await client.listResourceTemplates();
        assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate), ['greeting://{name}']);
        const { contents } = await client.readResource({ uri: 'greeting://Ada' });
        assert.equal(contents[0].text, 'Hello, Ada!');
        assert.equal(client.getServerVersion().name, 'kriya');
      });
    }

    test('hears of bad arguments in the result, and of unknown tools in an error', async (t) => {
      const { client } = await connect(t, kind, await tokenOf(kriya));
      const bad = await client.callTool({ name: 'add', arguments: { a: 'five', b: 3 } });
      assert.equal(bad.isError, true);
      assert.match(textOf(bad), /^a: /m);
      await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), { code: -32602 });
      await assert.rejects(client.readResource({ uri: 'greeting://' }));
    });

    test('is not let in without a token', async (t) => {
      await assert.rejects(connect(t, kind, 'no-token'), isLockedOut);
    });

    test('is thrown out when the person signs out', async (t) => {
      const { token } = await signIn(kriya);
      const { client } = await connect(t, kind, token);
      await client.listTools();
      await logOut(kriya, token);
      await assert.rejects(client.listTools(), isLockedOut);
    });
  });
}

test('the client of the legacy era ends its session', async (t) => {
  const { client, transport } = await connect(t, CLIENTS['of the legacy era (version 1)'], person.token);
  await client.ping();
  await client.setLoggingLevel('warning');
  assert.ok(transport.sessionId);
  await transport.terminateSession();
  assert.equal(transport.sessionId, undefined);
});

describe('the inspector at a command line', () => {
  /** Its answer as JSON. */
  function inspect(token, ...args) {
    const header = `Authorization: Bearer ${token}`;
    const command = [INSPECTOR, '--cli', `${kriya.url}/mcp`, '--transport', 'http', '--header', header];
    // It starts another `node`, which must be the one that runs this.
    const env = cleanEnvironment({ PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` });
    const cwd = path.dirname(INSPECTOR); // it looks for its package.json from here
    return new Promise((resolve) => {
      execFile(process.execPath, [...command, ...args], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? error.code : 0, stdout, stderr });
      });
    });
  }

  test('lists the tools', async () => {
    const { code, stdout, stderr } = await inspect(person.token, '--method', 'tools/list');
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).tools.map(({ name }) => name), ['add', 'whoami', 'list_my_sessions']);
  });

  test('calls a tool', async () => {
    const args = ['--tool-name', 'add', '--tool-arg', 'a=5', '--tool-arg', 'b=3'];
    const { code, stdout, stderr } = await inspect(person.token, '--method', 'tools/call', ...args);
    assert.equal(code, 0, stderr);
    assert.equal(textOf(JSON.parse(stdout)), '8');
  });

  test('reads the greeting', async () => {
    const args = ['--method', 'resources/read', '--uri', 'greeting://Ada'];
    const { code, stdout, stderr } = await inspect(person.token, ...args);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).contents[0].text, 'Hello, Ada!');
  });

  test('fails without a good token', async () => {
    const { code, stdout, stderr } = await inspect('no-token', '--method', 'tools/list');
    assert.notEqual(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /invalid_token|401|[Uu]nauthorized/);
  });
});
