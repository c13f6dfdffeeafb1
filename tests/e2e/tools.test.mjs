// Kriya's own tools over /mcp: what they declare is valid, who sees them, what they do, what is written down.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { bearer } from './support/accounts.mjs';
import { send, uniquePhone } from './support/kriya.mjs';
import { until } from './support/service.mjs';
import { codeTo, messageTo, signInByCode, startVerifying } from './support/sign_in.mjs';

const VERSION = '2026-07-28';
const EVERYTHING = 'messages:send messages:read phone:lookup phone:verify';

let kriya;
let person;
before(async () => {
  kriya = await startVerifying(undefined);
  person = await signInByCode(kriya);
  await grant(person, EVERYTHING);
});
after(() => kriya?.dispose());

const grant = ({ user }, scope) => kriya.rows.execute(`UPDATE users SET scope = '${scope}' WHERE id = '${user.id}'`);

let requests = 0;
async function mcp(token, method, params = {}) {
  const answer = await send(kriya, 'POST', '/mcp', {
    json: {
      jsonrpc: '2.0',
      id: ++requests,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': VERSION,
          'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
        },
      },
    },
    headers: {
      ...bearer(token),
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': VERSION,
      'Mcp-Method': method,
      ...(params.name ? { 'Mcp-Name': params.name } : {}),
    },
  });
  const events = [...(answer.text ?? '').matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data));
  return answer.json ?? events.find((event) => event.id === requests);
}

async function list(token) {
  const tools = [];
  for (let cursor; ; ) {
    const { result } = await mcp(token, 'tools/list', cursor ? { cursor } : {});
    tools.push(...result.tools);
    if (!(cursor = result.nextCursor)) return tools;
  }
}

async function callTool(token, name, args = {}) {
  const answer = await mcp(token, 'tools/call', { name, arguments: args });
  assert.ok(answer.result, JSON.stringify(answer));
  return answer.result;
}

const text = (result) => result.content.filter(({ type }) => type === 'text').map((block) => block.text).join('\n');
const demoToken = async () => (await send(kriya, 'POST', '/auth/token', {})).json.access_token;

describe('what tools declare', () => {
  test('is JSON Schema 2020-12 that needs nothing else', async () => {
    const tools = await list(person.token);
    assert.equal(tools.length, 14);
    for (const tool of tools) {
      const ajv = new Ajv2020({ strict: true, strictTypes: false });
      addFormats(ajv);
      assert.equal(tool.inputSchema.type, 'object', tool.name);
      ajv.compile(tool.inputSchema);
      ajv.compile(tool.outputSchema);
      assert.match(tool.name, /^[A-Za-z0-9_.-]{1,64}$/);
      assert.ok(tool.title && tool.description, tool.name);
    }
  });

  test('says truly what they do to the world', async () => {
    const hints = Object.fromEntries((await list(person.token)).map(({ name, annotations }) => [name, annotations]));
    for (const name of ['add', 'whoami', 'list_my_sessions', 'get_message_status', 'list_messages']) {
      assert.equal(hints[name].readOnlyHint, true, name);
    }
    for (const name of ['send_sms', 'send_whatsapp_message', 'send_verification_code']) {
      assert.equal(hints[name].readOnlyHint, false, name);
      assert.equal(hints[name].openWorldHint, true, name);
      assert.equal(hints[name].idempotentHint, false, name);
    }
  });

  test('comes in the same order every time', async () => {
    assert.deepEqual(await list(person.token), await list(person.token));
  });
});

describe('who sees a tool', () => {
  test('is whoever may call it', async () => {
    const plain = await signInByCode(kriya, { phone_number: uniquePhone() });
    const names = async (token) => (await list(token)).map(({ name }) => name);
    assert.deepEqual(await names(plain.token), ['add', 'whoami', 'list_my_sessions']);
    assert.deepEqual(await names(await demoToken()), ['add', 'whoami']);
    const forbidden = await mcp(plain.token, 'tools/call', { name: 'send_sms', arguments: {} });
    const unknown = await mcp(plain.token, 'tools/call', { name: 'send_xyz', arguments: {} });
    assert.equal(forbidden.error.code, unknown.error.code);
    assert.equal(forbidden.error.message.replace('send_sms', ''), unknown.error.message.replace('send_xyz', ''));
  });
});

describe('a call', () => {
  test('adds as the original did, and takes its unknown argument', async () => {
    const sum = await callTool(await demoToken(), 'add', { a: 5, b: 3, _: 'x' });
    assert.equal(text(sum), '8');
    assert.deepEqual(sum.structuredContent, { result: 8 });
    assert.notEqual(sum.isError, true);
  });

  test('gives what its output schema says', async () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false });
    addFormats(ajv);
    const tools = Object.fromEntries((await list(person.token)).map((tool) => [tool.name, tool]));
    const phone_number = uniquePhone();
    const sent = await callTool(person.token, 'send_sms', { phone_number, message: 'Your parcel is here.' });
    const calls = {
      send_sms: sent,
      whoami: await callTool(person.token, 'whoami'),
      list_my_sessions: await callTool(person.token, 'list_my_sessions'),
      get_message_status: await callTool(person.token, 'get_message_status', { id: sent.structuredContent.id }),
      list_messages: await callTool(person.token, 'list_messages', { limit: 5 }),
      send_verification_code: await callTool(person.token, 'send_verification_code', { phone_number }),
    };
    for (const [name, result] of Object.entries(calls)) {
      assert.notEqual(result.isError, true, `${name}: ${text(result)}`);
      const check = ajv.compile(tools[name].outputSchema);
      assert.ok(check(result.structuredContent), `${name}: ${JSON.stringify(check.errors)}`);
      assert.deepEqual(JSON.parse(text(result)), result.structuredContent);
    }
    assert.match(await messageTo(kriya, phone_number), /parcel/);
  });

  test('with bad arguments is a result that names all of them', async () => {
    const result = await callTool(person.token, 'send_sms', { phone_number: '12', message: 5 });
    assert.equal(result.isError, true);
    assert.match(text(result), /^phone_number: /m);
    assert.match(text(result), /^message: /m);
  });

  test('proves a phone without anybody else learning the code', async () => {
    const phone_number = uniquePhone();
    const sent = await callTool(person.token, 'send_verification_code', { phone_number });
    const verification_id = sent.structuredContent.id;
    const code = await codeTo(kriya, phone_number);
    const other = await signInByCode(kriya, { phone_number: uniquePhone() });
    await grant(other, EVERYTHING);
    const stolen = await callTool(other.token, 'check_verification_code', { verification_id, code });
    assert.equal(stolen.isError, true);
    const right = await callTool(person.token, 'check_verification_code', { verification_id, code });
    assert.equal(right.structuredContent.valid, true);
    const stored = () => kriya.rows.query('SELECT * FROM tool_calls');
    const checks = (rows) => rows.filter(({ tool_name }) => tool_name === 'check_verification_code');
    await until(async () => checks(await stored()).length === 2, 'both checks are rows');
    const rows = await stored();
    assert.ok(!JSON.stringify(rows).includes(code), 'the code is in the log');
    assert.ok(!JSON.stringify(rows).includes(phone_number.slice(1)), 'the number is in the log');
  });
});
