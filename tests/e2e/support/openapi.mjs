// Holds answers against an OpenAPI 3.1 document.
import assert from 'node:assert/strict';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const PROBLEM = 'application/problem+json';
const escapePointer = (text) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

/** Every object schema with listed properties allows those alone: an answer must not hold what is not documented. */
function closed(node) {
  if (Array.isArray(node)) return node.map(closed);
  if (node === null || typeof node !== 'object') return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const describesObject = copy.type === 'object' && copy.properties && copy.additionalProperties === undefined;
  return describesObject ? { ...copy, additionalProperties: false } : copy;
}

export class OpenApi {
  #ajv;
  #validators = new Map();
  #paths;

  constructor(document) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.#ajv);
    this.#ajv.addSchema(closed({ paths: document.paths, components: document.components }), 'document');
    this.#paths = Object.keys(document.paths).map((template) => ({
      template,
      pattern: new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`),
    }));
  }

  /** The documented path that this target (with or without a query) belongs to. */
  find(target) {
    const [path] = target.split('?');
    return this.#paths.find(({ pattern }) => pattern.test(path))?.template;
  }

  /** Validates one value against the schema that stands at these keys of the document. */
  validate(keys, value) {
    const pointer = `document#/${keys.map(escapePointer).join('/')}`;
    let validator = this.#validators.get(pointer);
    if (!validator) this.#validators.set(pointer, (validator = this.#ajv.compile({ $ref: pointer })));
    assert.ok(
      validator(value),
      `${keys.join(' ')}: ${this.#ajv.errorsText(validator.errors)} in ${JSON.stringify(value)}`,
    );
  }

  check(method, target, answer) {
    const what = `${method} ${target.split('?')[0]} ${answer.status}`;
    assert.match(answer.headers['x-request-id'] ?? '', /^[\w.-]{1,128}$/, `${what}: X-Request-Id`);
    if (answer.status === 405) assert.ok(answer.headers.allow, `${what}: Allow`);
    if ([429, 503].includes(answer.status)) assert.ok(answer.headers['retry-after'], `${what}: Retry-After`);

    const template = this.find(target);
    const documentedMethod = method === 'HEAD' ? 'get' : method.toLowerCase();
    const operation = template && this.document.paths[template][documentedMethod];
    const mediaType = answer.headers['content-type']?.split(';')[0].trim();
    const hasBody = method !== 'HEAD' && answer.status !== 204 && answer.status !== 304;
    if (answer.status >= 400) this.#checkProblem(what, method, mediaType, answer);
    if (!operation) return;

    const keys = ['paths', template, documentedMethod, 'responses'];
    const statuses = operation.responses;
    const status = Object.hasOwn(statuses, answer.status) ? String(answer.status) : 'default';
    assert.ok(statuses[status], `${what}: this status is not documented`);
    assert.ok(answer.status >= 400 || status !== 'default', `${what}: a success that is not documented`);
    for (const [name, header] of Object.entries(statuses[status].headers ?? {})) {
      assert.ok(header.required === false || answer.headers[name.toLowerCase()], `${what}: the header ${name}`);
    }
    if (statuses[status].content === undefined && mediaType === undefined && answer.text === '') return;
    const contents = statuses[status].content ?? {};
    assert.ok(contents[mediaType], `${what}: Content-Type ${mediaType} is not documented`);
    if (!hasBody) return;
    const value = mediaType.endsWith('json') ? answer.json : answer.text;
    this.validate([...keys, status, 'content', mediaType, 'schema'], value);
  }

  #checkProblem(what, method, mediaType, answer) {
    assert.equal(mediaType, PROBLEM, `${what}: the type of an error`);
    if (method === 'HEAD') return;
    const problem = answer.json;
    assert.equal(problem.status, answer.status, `${what}: status in the problem document`);
    assert.equal(problem.type, `urn:kriya:problem:${problem.code}`, `${what}: type`);
    assert.equal(problem.error, problem.title, `${what}: error is the title`);
    assert.equal(problem.request_id, answer.headers['x-request-id'], `${what}: request_id`);
    for (const member of ['title', 'detail', 'code']) {
      assert.ok(typeof problem[member] === 'string' && problem[member] !== '', `${what}: ${member}`);
    }
  }
}
