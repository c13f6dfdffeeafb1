// The OpenAPI document itself. That answers keep to it is checked by `call` in every other test.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { bearer, signIn } from './support/accounts.mjs';
import { call, send, startKriya, uniquePhone } from './support/kriya.mjs';
import { OpenApi } from './support/openapi.mjs';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

let kriya;
let document;
let checker;
before(async () => {
  kriya = await startKriya();
  document = (await send(kriya, 'GET', '/openapi.json')).json;
  checker = new OpenApi(document);
});
after(() => kriya.dispose());

/** Every operation as {path, method, operation}. */
const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
  );
/** Every media type object of requests and answers, with the keys that lead to it. */
const mediaTypes = () =>
  operations().flatMap(({ path, method, operation }) => {
    const base = ['paths', path, method];
    const listed = (keys, content = {}) =>
      Object.entries(content).map(([type, media]) => [[...keys, 'content', type], media]);
    const answers = Object.entries(operation.responses).flatMap(([status, response]) =>
      listed([...base, 'responses', status], response.content).map(([keys, media]) => ({ keys, media, status })),
    );
    const request = listed([...base, 'requestBody'], operation.requestBody?.content);
    return [...answers, ...request.map(([keys, media]) => ({ keys, media }))];
  });
const walk = (node, visit) => {
  if (node === null || typeof node !== 'object') return;
  visit(node);
  for (const value of Object.values(node)) walk(value, visit);
};

describe('/openapi.json', () => {
  test('is served as JSON and says OpenAPI 3.1', async () => {
    const answer = await send(kriya, 'GET', '/openapi.json');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(document.openapi, /^3\.1\.\d+$/);
    for (const member of ['title', 'version']) assert.ok(document.info[member]);
    assert.equal(document.servers.length, 1);
    assert.equal(new URL(document.servers[0].url, kriya.publicUrl).href, `${kriya.publicUrl}/`);
  });

  test('lists every route of the contract with its method', () => {
    const listed = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    for (const route of [
      'POST /api/auth/register',
      'POST /api/auth/validate-token',
      'GET /api/auth/user',
      'DELETE /api/auth/logout',
      'GET /.well-known/jwks.json',
      'GET /health',
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
    ]) {
      assert.ok(listed.includes(route), route);
    }
  });

  test('gives every operation a summary and an id of its own', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    assert.ok(ids.every((id) => /^[a-zA-Z_]\w*$/.test(id)), ids.join());
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, operation } of operations()) assert.ok(operation.summary, path);
  });

  test('refers only to what it holds', () => {
    walk(document, (node) => {
      if (typeof node.$ref !== 'string') return;
      const parts = node.$ref.replace(/^#\//, '').split('/');
      const target = parts.reduce((at, part) => at?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
      assert.ok(target, node.$ref);
    });
    const schemes = document.components.securitySchemes;
    for (const { path, operation } of operations()) {
      for (const name of operation.security.flatMap(Object.keys)) assert.ok(schemes[name], `${path}: ${name}`);
    }
  });

  test('has only schemas that a strict JSON Schema 2020-12 validator compiles', () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false, keywords: ['components'] });
    addFormats(ajv);
    const { schemas } = document.components;
    ajv.addSchema({ $id: 'document', components: { schemas } });
    for (const name of Object.keys(schemas)) ajv.compile({ $ref: `document#/components/schemas/${name}` });
  });

  test('has examples that keep to their schemas, and to their status', () => {
    let seen = 0;
    for (const { keys, media, status } of mediaTypes()) {
      const examples = [
        ...('example' in media ? [media.example] : []),
        ...Object.values(media.examples ?? {}).map(({ value }) => value),
      ];
      for (const example of examples) {
        ++seen;
        checker.validate([...keys, 'schema'], example);
        if (Number(status) >= 400) assert.equal(example.status, Number(status), keys.join(' '));
      }
    }
    assert.ok(seen > 20);
  });

  test('shows an example of every request body and every JSON success of the auth API', () => {
    for (const { keys, media, status } of mediaTypes()) {
      if (!keys[1].startsWith('/api/auth/')) continue;
      if (status === undefined || status.startsWith('2')) assert.ok('example' in media, keys.join(' '));
    }
  });

  test('documents every error as a problem document, and X-Request-Id on every answer', () => {
    for (const { path, operation } of operations()) {
      assert.ok(operation.responses.default, path);
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.ok(response.headers['X-Request-Id'], `${path} ${status}`);
        assert.ok(response.description, `${path} ${status}`);
        if (status.startsWith('2')) continue;
        assert.deepEqual(Object.keys(response.content), ['application/problem+json'], `${path} ${status}`);
      }
    }
  });

  test('lists the errors that each auth route really answers', async () => {
    const { token } = await signIn(kriya);
    const key = { 'X-API-Key': kriya.apiKey };
    const text = { 'Content-Type': 'text/plain' };
    const big = { phone_number: 'x'.repeat(1024 * 1024) };
    for (const [method, path, options, status] of [
      ['POST', '/api/auth/register', { json: {} }, 422],
      ['POST', '/api/auth/register', { body: 'x', headers: text }, 415],
      ['POST', '/api/auth/register', { json: big }, 413],
      ['POST', '/api/auth/register', { body: '{', headers: { 'Content-Type': 'application/json' } }, 400],
      ['POST', '/api/auth/validate-token', { json: {} }, 401],
      ['POST', '/api/auth/validate-token', { json: {}, headers: { 'X-API-Key': 'x' } }, 403],
      ['POST', '/api/auth/validate-token', { json: {}, headers: key }, 422],
      ['GET', '/api/auth/user', {}, 401],
      ['GET', '/api/auth/user', { headers: bearer('x') }, 401],
      ['DELETE', '/api/auth/logout', {}, 401],
    ]) {
      const answer = await call(kriya, method, path, options);
      assert.equal(answer.status, status, `${method} ${path}`);
      const listed = document.paths[path][method.toLowerCase()].responses[status];
      assert.ok(listed, `${method} ${path} ${status} is listed by itself, not only as default`);
      const codes = Object.keys(listed.content['application/problem+json'].examples);
      assert.ok(codes.includes(answer.json.code), `${method} ${path}: ${answer.json.code} among ${codes}`);
    }
    assert.equal((await call(kriya, 'GET', '/api/auth/user', { headers: bearer(token) })).status, 200);
  });

  test('says how callers prove who they are', () => {
    const { schemas: _, securitySchemes } = document.components;
    const security = (path, method) => document.paths[path][method].security;
    const schemeOf = (path, method) => security(path, method).flatMap(Object.keys).map((name) => securitySchemes[name]);
    assert.deepEqual(
      schemeOf('/api/auth/validate-token', 'post').map(({ type, in: place, name }) => [type, place, name]),
      [['apiKey', 'header', 'X-API-Key']],
    );
    for (const [path, method] of [['/api/auth/user', 'get'], ['/api/auth/logout', 'delete']]) {
      assert.deepEqual(schemeOf(path, method).map(({ type, scheme }) => [type, scheme]), [['http', 'bearer']]);
    }
    assert.ok(
      security('/api/auth/register', 'post').some((alternative) => Object.keys(alternative).length === 0),
      'register may be called without a key',
    );
    assert.deepEqual(security('/health', 'get'), []);
  });

  test('names every type of a success that is not always JSON', () => {
    const types = (method, path) => Object.keys(document.paths[path][method].responses[200].content).toSorted();
    const events = ['application/json', 'text/event-stream'];
    assert.deepEqual(types('post', '/api/chat'), events);
    assert.deepEqual(types('get', '/api/conversations/{id}/export'), ['application/json', 'text/markdown']);
    assert.deepEqual(types('post', '/mcp'), events);
    assert.deepEqual(types('get', '/mcp'), ['text/event-stream']);
  });

  test('has the MCP endpoint, once, and what lets one in', () => {
    const { post, get, delete: end } = document.paths['/mcp'];
    assert.equal(document.paths['/mcp/'], undefined);
    for (const operation of [post, get, end]) {
      const schemes = operation.security.flatMap(Object.keys).map((name) => document.components.securitySchemes[name]);
      assert.deepEqual(schemes.map(({ type, scheme }) => [type, scheme]), [['http', 'bearer']]);
      for (const status of [400, 401, 403, 429]) assert.ok(operation.responses[status], String(status));
    }
    assert.deepEqual(Object.keys(post.requestBody.content), ['application/json']);
    assert.equal(post.responses[202].content, undefined);
    assert.equal(end.responses[204].content, undefined);
  });

  test('calls ?token= deprecated, on the two endpoints that take it and nowhere else', () => {
    const takers = operations().filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'token'));
    assert.deepEqual(
      takers.map(({ path, method }) => `${method} ${path}`).sort(),
      ['delete /api/auth/logout', 'get /api/auth/user'],
    );
    for (const { operation } of takers) {
      assert.equal(operation.parameters.find(({ name }) => name === 'token').deprecated, true);
    }
  });

  test('describes the same limits that the server enforces', async () => {
    const { properties, required } = document.components.schemas.RegisterRequest;
    assert.deepEqual(required.toSorted(), ['first_name', 'phone_number']);
    const name = (length) => ({ phone_number: uniquePhone(), first_name: '字'.repeat(length) });
    const attempt = async (json) => (await call(kriya, 'POST', '/api/auth/register', { json })).status;
    assert.equal(await attempt(name(properties.first_name.maxLength)), 200);
    assert.equal(await attempt(name(properties.first_name.maxLength + 1)), 422);
    assert.equal(await attempt(name(properties.first_name.minLength - 1)), 422);
  });
});

describe('the check that every test runs on answers', () => {
  const problem = (change) => {
    const json = {
      type: 'urn:kriya:problem:x',
      title: 'X',
      status: 401,
      detail: 'X.',
      code: 'x',
      request_id: 'id',
      error: 'X',
      errors: [],
      ...change,
    };
    return { status: 401, headers: { 'content-type': 'application/problem+json', 'x-request-id': 'id' }, json };
  };
  const good = async () => {
    const json = { phone_number: uniquePhone(), first_name: 'Asha' };
    return send(kriya, 'POST', '/api/auth/register', { json });
  };
  const refuses = (answer, pattern, target = '/api/auth/register', method = 'POST') =>
    assert.throws(() => checker.check(method, target, answer), pattern);

  test('takes a good answer', async () => {
    checker.check('POST', '/api/auth/register', await good());
    checker.check('GET', '/api/auth/user', problem());
  });

  test('refuses a missing member, an undocumented one and a wrong type', async () => {
    const answer = await good();
    const change = (members) => ({ ...answer, json: { ...answer.json, ...members } });
    refuses(change({ token: undefined }), /token/);
    refuses(change({ refresh: 'x' }), /additional/);
    refuses(change({ user: { ...answer.json.user, token_version: 1 } }), /additional/);
    refuses(change({ user: { ...answer.json.user, id: 'x' } }), /uuid/);
    refuses(change({ expires_at: '21 November' }), /date-time/);
    refuses(change({ success: 'true' }), /boolean/);
  });

  test('refuses a wrong type of content, a missing X-Request-Id and a success that is not listed', async () => {
    const answer = await good();
    refuses({ ...answer, headers: { ...answer.headers, 'content-type': 'text/html' } }, /text\/html/);
    refuses({ ...answer, headers: { 'content-type': 'application/json' } }, /X-Request-Id/);
    refuses({ ...answer, status: 201 }, /not documented/);
  });

  test('refuses errors that are no problem documents, on unknown paths too', () => {
    for (const target of ['/api/auth/user', '/nowhere']) {
      refuses(problem({ status: 403 }), /status/, target, 'GET');
      refuses(problem({ error: 'Y' }), /error/, target, 'GET');
      refuses(problem({ request_id: 'other' }), /request_id/, target, 'GET');
      refuses(problem({ type: 'about:blank' }), /type/, target, 'GET');
      const plain = { 'content-type': 'application/json', 'x-request-id': 'id' };
      refuses({ ...problem(), headers: plain }, /error/, target, 'GET');
    }
  });
});
