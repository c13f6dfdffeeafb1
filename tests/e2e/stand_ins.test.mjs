// The stand-ins for Telesign and for Meta are faithful: Telesign's own client talks to one of them, every published
// signature comes out of them, and what a provider would refuse they refuse.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';

import { ACCESS_TOKEN, hubSignature, PHONE_NUMBER_ID, startMeta } from './support/meta.mjs';
import { API_KEY, CUSTOMER_ID, misbehaviour, oddities, startTelesign } from './support/telesign.mjs';
import { callbackHeaders } from './support/telesign_callbacks.mjs';
import { basicAuthorization, stringToSign, tsaAuthorization } from './support/telesign_signature.mjs';

const require = createRequire(import.meta.url);
const TeleSign = require('telesignsdk');
const RestClient = require('telesignsdk/src/RestClient.js');
const { FetchRequestWrapper } = require('telesignsdk/src/RequestWrapper.js');
const vectors = JSON.parse(readFileSync(new URL('../data/telesign_vectors.json', import.meta.url), 'utf8'));

const PHONE = '15558675309';

/** Telesign's client for a stand-in, each call as a promise. */
function client(telesign, { customerId = CUSTOMER_ID, apiKey = API_KEY, timeout = 15_000 } = {}) {
  const sdk = new TeleSign(customerId, apiKey, telesign.url, timeout);
  const json = new RestClient(new FetchRequestWrapper(), customerId, apiKey, telesign.url, timeout);
  json.setContentType('application/json');
  const promised = (call) => new Promise((resolve, reject) => {
    const { setTimeout: timer } = globalThis;
    globalThis.setTimeout = (...given) => timer(...given).unref(); // the client never clears its time-out
    try {
      call((error, answer) => (error ? reject(error) : resolve(answer)));
    } finally {
      globalThis.setTimeout = timer;
    }
  });
  const methods = (object, ...names) => Object.fromEntries(names.map((name) =>
    [name, (...given) => promised((callback) => object[name](callback, ...given))]));
  return {
    sms: methods(sdk.sms, 'message', 'status'),
    voice: methods(sdk.voice, 'call', 'status'),
    score: methods(sdk.score, 'score'),
    phoneid: methods(sdk.phoneid, 'phoneID'),
    intelligence: methods(sdk.intelligence, 'intelligence'),
    appverify: methods(sdk.appverify, 'status'),
    rest: methods(sdk.rest, 'execute'),
    json: methods(json, 'execute'),
  };
}

/** The client prints what goes wrong. */
const quiet = (t) => t.mock.method(console, 'error', () => {});

/** One request with exactly these headers. */
async function send(url, method, target, headers = {}, body = '') {
  const outgoing = http.request(new URL(target, url), { method, headers, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode, json: JSON.parse(text) };
}

/** A customer's webhook: {url, received, answers}; answers are the statuses to give, 200 when there are none left. */
async function receiver(t) {
  const received = [];
  const answers = [];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    received.push({ headers: request.headers, bytes, json: JSON.parse(bytes), method: request.method });
    response.writeHead(answers.shift() ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${server.address().port}/hook`, received, answers };
}

/** Telesign's rule for a callback, in the words of its documentation and with none of the stand-in's code. */
function isAuthentic({ headers, bytes }) {
  const header = headers.authorization ?? headers['x-ts-authorization'];
  const [, customer, signature] = header?.match(/^(?:TSA ([^:]+):)?(\S+)$/) ?? [];
  const digest = createHmac('sha256', Buffer.from(API_KEY, 'base64')).update(bytes).digest('base64');
  return signature === digest && (customer ?? CUSTOMER_ID) === CUSTOMER_ID;
}

const requestVectors = [
  ...vectors.request_signing_sdk,
  ...vectors.request_signing_upstream_tests,
  ...vectors.request_signing_sample_code.map(({ input, expected, ...vector }) => ({
    ...vector,
    input: {
      ...input,
      resource: new URL(input.url).pathname,
      content_type: input.headers['Content-Type'] ?? '',
      date_header: input.headers.Date,
      ts_date: input.headers['x-ts-date'],
      nonce: input.headers['x-ts-nonce'],
    },
    expected: { authorization: expected.Authorization },
  })),
].map(({ name, input, expected }) => ({ name, input, expected }));

/** The headers of a vector's request, as a client sends them. */
function headersOf({ input, expected }) {
  const { method, content_type: type, date_header: date, ts_date: tsDate, nonce, auth_method: scheme } = input;
  return {
    Authorization: expected.authorization,
    ...(method === 'POST' || method === 'PUT' ? { 'Content-Type': type } : {}),
    ...(tsDate === undefined ? { Date: date } : { 'x-ts-date': tsDate }),
    'x-ts-auth-method': scheme ?? 'HMAC-SHA256',
    'x-ts-nonce': nonce,
  };
}

describe('signatures', () => {
  test('there are 25 request vectors, 3 of callbacks and 2 of Meta', () => {
    assert.equal(requestVectors.length, 25);
    assert.equal(vectors.callback_signing.length, 3);
    assert.equal(vectors.callback_negative_cases.length, 4);
    assert.equal(vectors.meta_webhook_signing.length, 2);
  });

  for (const vector of requestVectors) {
    const { name, input, expected } = vector;
    const basic = input.auth_method === 'Basic';

    test(`${name}: the digest is the published one`, () => {
      const { customer_id: customer, api_key: key, method, resource, body } = input;
      if (basic) return assert.equal(basicAuthorization(customer, key), expected.authorization);
      const bytes = stringToSign({
        method,
        path: resource,
        body,
        contentType: input.content_type,
        date: input.date_header,
        tsDate: input.ts_date,
        nonce: input.nonce,
      });
      if (expected.string_to_sign !== undefined) assert.equal(bytes.toString(), expected.string_to_sign);
      assert.equal(tsaAuthorization(customer, key, bytes), expected.authorization);
    });

    test(`${name}: the stand-in lets it in, and nothing that differs in one character`, async (t) => {
      const telesign = await startTelesign({ t, apiKey: input.api_key });
      telesign.dateTolerance = Infinity;
      const headers = headersOf(vector);
      const target = `${input.resource}?verify_code=1`;
      const wrong = { ...headers, Authorization: headers.Authorization.replace(/(.)(=*)$/, (_, last, pad) =>
        `${last === 'A' ? 'E' : 'A'}${pad}`) };
      const refused = await send(telesign.url, input.method, target, wrong, input.body);
      assert.equal(refused.status, 401);
      const signed = refused.json.signature_string;
      if (basic) assert.equal(signed, undefined);
      else if (expected.string_to_sign !== undefined) assert.equal(signed, expected.string_to_sign);
      const otherBody = await send(telesign.url, input.method, `${input.resource}x`, headers, input.body);
      if (!basic) assert.equal(otherBody.status, 401);
      const answer = await send(telesign.url, input.method, target, headers, input.body);
      assert.notEqual(answer.status, 401, JSON.stringify(answer.json));
    });
  }

  for (const { name, input, expected } of vectors.callback_signing) {
    test(`${name}: the callback's signature is the published one`, () => {
      const account = { customerId: input.customer_id, apiKey: input.api_key };
      const bytes = Buffer.from(input.raw_body);
      const headers = callbackHeaders(account, bytes);
      assert.equal(headers.Authorization, expected.Authorization);
      assert.equal(headers['X-TS-Authorization'], expected.Authorization);
      assert.equal(callbackHeaders(account, bytes, 'bare')['X-TS-Authorization'], expected.signature);
    });
  }

  for (const { name, input, expected } of vectors.meta_webhook_signing) {
    test(`${name}: the webhook's signature is the published one`, () => {
      assert.equal(hubSignature(input.app_secret, Buffer.from(input.raw_body)), expected['X-Hub-Signature-256']);
    });
  }

  const callbacks = [
    ['documented', true], ['bare', true], ['authorizationOnly', true], ['tampered', false], ['reserialised', false],
    ['otherCustomer', false], ['otherKey', false], ['garbage', false], ['none', false],
  ];
  for (const [signature, authentic] of callbacks) {
    test(`a callback with the signature '${signature}' is ${authentic ? 'authentic' : 'to be refused'}`, async (t) => {
      const hook = await receiver(t);
      const telesign = await startTelesign({ t, callbackUrl: hook.url });
      const body = Buffer.from(vectors.callback_signing[1].input.raw_body);
      const { status } = await telesign.callback(body, { signature });
      assert.equal(status, 200);
      assert.equal(isAuthentic(hook.received[0]), authentic);
      assert.equal(hook.received[0].bytes.equals(body), !['tampered', 'reserialised'].includes(signature));
    });
  }
});

describe("Telesign's own client", () => {
  test('sends an SMS and asks what became of it', async (t) => {
    const telesign = await startTelesign({ t });
    const { sms } = client(telesign);
    const text = 'Café ☕ код 1234 — “да” 😀 & 50%+~*';
    const sent = await sms.message(PHONE, text, 'OTP');
    assert.match(sent.reference_id, /^[0-9A-F]{32}$/);
    assert.equal(sent.status.code, 290);
    assert.equal(sent.status.description, 'Message in progress');
    assert.equal(sent.external_id, null);
    const message = await telesign.nextMessage({ to: `+${PHONE}` });
    assert.deepEqual(message, {
      to: PHONE, text, type: 'OTP', channel: 'sms', product: 'messaging', external_id: null,
      reference_id: sent.reference_id, callback_url: null,
    });
    telesign.setStatus(sent.reference_id, 200);
    const later = await sms.status(sent.reference_id);
    assert.equal(later.status.code, 200);
    assert.equal(telesign.requests[0].authentication, 'TSA');
    telesign.expire(sent.reference_id);
    assert.equal((await sms.status(sent.reference_id)).status.code, 10036);
    assert.equal((await sms.status('0'.repeat(32))).status.code, 10017);
    assert.equal((await sms.status('what')).status.code, 11011);
  });

  test('calls by voice', async (t) => {
    const telesign = await startTelesign({ t });
    const { voice } = client(telesign);
    const called = await voice.call(PHONE, 'Your code is 1 2 3 4', 'OTP', 'f-EN-US', 'https://example.com/cb');
    assert.equal(called.status.code, 103);
    const { channel, callback_url: url } = await telesign.nextMessage({ to: PHONE, channel: 'voice' });
    assert.deepEqual([channel, url], ['voice', 'https://example.com/cb']);
    telesign.setStatus(called.reference_id, 100);
    assert.equal((await voice.status(called.reference_id)).status.code, 100);
  });

  test('verifies by SMS and by voice: Telesign holds the code', async (t) => {
    const telesign = await startTelesign({ t });
    const { rest } = client(telesign);
    const template = 'Your code is $$CODE$$';
    for (const [way, digits, code] of [['sms', 7, 290], ['call', 5, 103]]) {
      const sent = await rest.execute('POST', `/v1/verify/${way}`, { phone_number: PHONE, template });
      assert.deepEqual([sent.sub_resource, sent.errors, sent.status.code], [way, [], code]);
      assert.deepEqual(sent.verify, { code_state: 'UNKNOWN', code_entered: '' });
      const message = await telesign.nextMessage({ to: PHONE });
      assert.match(message.code, new RegExp(`^\\d{${digits}}$`));
      assert.equal(message.text, way === 'sms' ? `Your code is ${message.code}` : `Your code is ${message.code}.`);
      const check = (entered) => rest.execute('GET', `/v1/verify/${sent.reference_id}`, { verify_code: entered });
      assert.equal((await check('000')).verify.code_state, 'INVALID');
      assert.deepEqual((await check(message.code)).verify, { code_state: 'VALID', code_entered: message.code });
      const done = await rest.execute('PUT', `/v1/verify/completion/${sent.reference_id}`);
      assert.equal(done.status.code, 1900);
    }
    const unknown = await rest.execute('GET', `/v1/verify/${'0'.repeat(32)}`);
    assert.deepEqual([unknown.errors[0].code, unknown.status.code], [-10001, 599]);
  });

  test('asks PhoneID, with add-ons and without parameters', async (t) => {
    const telesign = await startTelesign({ t });
    telesign.number(PHONE, { type: 'PREPAID', blocked: 1, addons: { sim_swap: { risk_indicator: '4' } } });
    const { phoneid } = client(telesign);
    const plain = await phoneid.phoneID(PHONE);
    assert.deepEqual(plain.phone_type, { code: '3', description: 'PREPAID' });
    assert.deepEqual([plain.blocklisting.block_code, plain.blocklisting.blocked], [1, true]);
    assert.equal(plain.status.code, 300);
    const addons = { sim_swap: {}, porting_status: {} };
    const more = await phoneid.phoneID(PHONE, { addons, account_lifecycle_event: 'create' });
    assert.equal(more.sim_swap.risk_indicator, '4');
    assert.equal(more.sim_swap.status.code, 2800);
    assert.equal(more.porting_status.ported, false);
    telesign.number(PHONE, { addons: { sim_swap: { status: { code: 2803 } } } });
    const partial = await phoneid.phoneID(PHONE, { addons });
    assert.deepEqual([partial.status.code, partial.sim_swap.status.code], [301, 2803]);
    const live = await client(telesign).rest.execute('GET', `/v1/phoneid/live/${PHONE}`, { ucid: 'ATCK' });
    assert.equal(live.live.subscriber_status, 'ACTIVE');
  });

  test('asks for the risk of a number: Score by digest, Intelligence by Basic', async (t) => {
    const telesign = await startTelesign({ t });
    telesign.number(PHONE, { score: 959 });
    const { score, intelligence, rest } = client(telesign);
    const risk = { level: 'very-high', recommendation: 'block', score: 959 };
    assert.deepEqual((await score.score(PHONE, 'create', '203.0.113.45')).risk, risk);
    const body = { phone_number: PHONE, account_lifecycle_event: 'sign-in', external_id: 'mine' };
    const answer = await intelligence.intelligence(body);
    assert.deepEqual([answer.risk, answer.external_id, answer.status.code], [risk, 'mine', 300]);
    assert.equal(telesign.requests.at(-1).authentication, 'Basic');
    assert.deepEqual((await rest.execute('POST', '/intelligence/phone', body)).risk, risk);
    assert.equal((await rest.execute('POST', '/intelligence/phone', { phone_number: PHONE })).status.code, 11003);
    const ordinary = await score.score('15558675300', 'create');
    assert.equal(ordinary.risk.recommendation, 'allow');
  });

  test('sends by WhatsApp, and by SMS where there is no WhatsApp', async (t) => {
    const telesign = await startTelesign({ t });
    const { json } = client(telesign);
    const request = {
      channels: [{ channel: 'whatsapp', fallback_time: 300 }, { channel: 'sms' }],
      recipient: { phone_number: PHONE },
      message: { whatsapp: { template: 'text', parameters: { text: 'Prête 🚚' } },
        default: { template: 'text', parameters: { text: 'Prete' } } },
      message_type: 'ARN',
      external_id: 'MKT432538',
    };
    const sent = await json.execute('POST', '/v1/omnichannel', request);
    assert.deepEqual([sent.status.code, sent.external_id], [3001, 'MKT432538']);
    const { channel, text } = await telesign.nextMessage({ to: PHONE });
    assert.deepEqual([channel, text], ['whatsapp', 'Prête 🚚']);
    telesign.number(PHONE, { whatsapp: false });
    const second = await json.execute('POST', '/v1/omnichannel', request);
    assert.equal((await telesign.nextMessage({ to: PHONE })).channel, 'sms');
    const basic = await client(telesign).rest.execute('GET', `/v1/omnichannel/${second.reference_id}`, null, 'Basic');
    assert.equal(basic.status.last_channel, 'sms');
    assert.equal(basic.channel_status[0].whatsapp.code, 3055);
    const twice = { ...request, channels: [{ channel: 'sms' }, { channel: 'sms' }] };
    assert.equal((await json.execute('POST', '/v1/omnichannel', twice)).status.code, 3113);
    telesign.number(PHONE, { whatsapp: true, window: 'closed' });
    const alone = { ...request, channels: [{ channel: 'whatsapp' }] };
    assert.equal((await json.execute('POST', '/v1/omnichannel', alone)).status.code, 3114);
    const template = {
      name: 'order_ready',
      type: 'verified',
      channel: 'whatsapp',
      category: 'utility',
      language: 'en_US',
      content: [{ body: { type: 'text', text: 'Order {{1}} is ready', sample_text: ['7'] } }],
    };
    assert.equal((await json.execute('POST', '/v1/omnichannel/templates', template)).status.code, 3801);
    const approved = { ...alone, message: { whatsapp: { template: 'order_ready', parameters: { body_text_1: '7' } } } };
    assert.equal((await json.execute('POST', '/v1/omnichannel', approved)).status.code, 3001);
    const large = { ...request, message: { default: { template: 'text', parameters: { text: 'x'.repeat(11_000) } } } };
    assert.equal((await json.execute('POST', '/v1/omnichannel', large)).status.code, 3116);
  });

  test('verifies with the Verify API: the third wrong code is the last', async (t) => {
    const telesign = await startTelesign({ t });
    const { json, rest } = client(telesign);
    const policy = [{ method: 'whatsapp', fallback_time: 30 }, { method: 'sms', fallback_time: 60 }];
    const start = () => json.execute('POST', '/verification', {
      recipient: { phone_number: PHONE }, verification_policy: policy, external_id: 'mine' });
    const finish = (reference, entered) => json.execute('PATCH', `/verification/${reference}/state`,
      { action: 'finalize', security_factor: entered }, 'Basic');
    // The client sends PATCH and GET without a Content-Type, as it must; the stand-in reads JSON all the same.
    const first = await start();
    assert.deepEqual([first.status.code, first.state, first.external_id], [3901, 'ONGOING', 'mine']);
    const { code } = await telesign.nextMessage({ to: PHONE });
    assert.match(code, /^\d{6}$/);
    assert.equal((await finish(first.reference_id, '0000')).status.code, 3904);
    assert.equal((await finish(first.reference_id, code)).status.code, 3900);
    const state = await rest.execute('GET', `/verification/${first.reference_id}`, null, 'Basic');
    assert.deepEqual([state.state, state.inner_methods[0].err_code], ['VERIFIED', 3900]);
    const second = await start();
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push((await finish(second.reference_id, '0000')).status.code);
    assert.deepEqual(codes, [3904, 3904, 3909]);
    const missing = await json.execute('POST', '/verification', { recipient: {} });
    assert.equal(missing.status.code, 3302);
  });

  test('is refused with the documented code for every way to be nobody', async (t) => {
    const telesign = await startTelesign({ t });
    const ask = (options, ...given) => client(telesign, options).rest.execute('GET', ...given);
    const refused = (options, ...given) => ask(options, '/v1/verify/x', ...given);
    const sms = (options, ...given) => ask(options, '/v1/messaging/x', null, null, ...given);
    const otherKey = Buffer.alloc(55, 1).toString('base64');
    const wrong = await sms({ apiKey: otherKey });
    assert.deepEqual([wrong.status.code, wrong.status.description], [10008, 'Invalid Signature.']);
    const signed = /^GET\n\n.* GMT\nx-ts-auth-method:HMAC-SHA256\nx-ts-nonce:.*\n\/v1\/messaging\/x$/;
    assert.match(wrong.signature_string, signed);
    assert.equal((await sms({ customerId: 'AAAA' })).status.code, 10015);
    assert.equal((await sms({}, 'short')).status.code, 10003);
    const nonce = randomUUID();
    assert.equal((await sms({}, nonce)).status.code, 11011);
    assert.equal((await sms({}, nonce)).status.code, 10002);
    assert.equal((await sms({}, null, 'Wed, 14 Dec 2016 18:20:12 GMT')).status.code, 10004);
    assert.equal((await sms({}, null, '2016-12-14T18:20:12Z')).status.code, 10005);
    const { errors, status } = await refused({ apiKey: otherKey });
    assert.deepEqual([errors[0].code, status.code], [-30006, 501]);
    assert.equal((await refused({ apiKey: otherKey }, null, 'Basic')).errors[0].code, -30015);
    const nobody = await send(telesign.url, 'POST', '/v1/messaging', {}, '');
    assert.deepEqual([nobody.status, nobody.json.status.code], [401, 10009]);
    const odd = await send(telesign.url, 'POST', '/verification', { Authorization: 'Bearer x' }, '{}');
    assert.deepEqual([odd.status, odd.json.status.code], [401, 3412]);
    assert.equal(telesign.messages.length, 0);
  });

  test('signs a body on GET that it does not send, and is refused for it', async (t) => {
    const telesign = await startTelesign({ t });
    const answer = await client(telesign).json.execute('GET', '/v1/messaging/x');
    assert.equal(answer.status.code, 10008);
  });

  test('is told which parameter is missing or wrong', async (t) => {
    const telesign = await startTelesign({ t });
    const { rest } = client(telesign);
    const good = { phone_number: PHONE, message: 'hi', message_type: 'OTP' };
    const cases = [
      [{ phone_number: undefined }, 12000], [{ message: undefined }, 12009], [{ message_type: undefined }, 12017],
      [{ phone_number: `+${PHONE}` }, 11000], [{ phone_number: '1 555' }, 11000],
      [{ message: 'x'.repeat(1601) }, 11009], [{ message_type: 'otp' }, 11017],
      [{ account_lifecycle_event: 'login' }, 11003], [{ originating_ip: '1.2.3' }, 11010],
      [{ external_id: 'é' }, 11016], [{ external_id: 'x'.repeat(101) }, 11016], [{ callback_url: '' }, 11004],
      [{ sender_id: 'x'.repeat(21) }, 11013],
    ];
    for (const [change, code] of cases) {
      const given = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
      const fields = Object.fromEntries(given);
      const answer = await rest.execute('POST', '/v1/messaging', fields);
      assert.equal(answer.status.code, code, JSON.stringify(change));
    }
    assert.equal(telesign.messages.length, 0);
    const verify = [{}, { phone_number: PHONE, verify_code: '12' }, { phone_number: PHONE, transaction_amount: '1' }];
    for (const fields of verify) {
      const answer = await rest.execute('POST', '/v1/verify/sms', fields);
      assert.deepEqual([answer.errors[0].code, answer.status.code], [-10001, 500], JSON.stringify(fields));
    }
    assert.equal((await rest.execute('POST', '/v1/verify/sms', { ...good, verify_code: '1234567' })).status.code, 290);
  });

  test('has no App Verify here', async (t) => {
    const telesign = await startTelesign({ t });
    assert.equal((await client(telesign).appverify.status('mine')).status.code, 10017);
  });
});

describe('Telesign misbehaves when it is told to', () => {
  const message = (telesign, options) => client(telesign, options).sms.message(PHONE, 'hi', 'OTP');

  const broken = [
    ['timesOutBeforeAccepting', 0], ['timesOutAfterAccepting', 1], ['closesBeforeAccepting', 0],
    ['closesAfterAccepting', 1], ['resetsAfterAccepting', 1], ['cutsTheAnswer', 1], ['notJson', 1], ['emptyBody', 1],
  ];
  for (const [way, accepted] of broken) {
    test(`${way}: the client gets no answer, and ${accepted} message goes out`, async (t) => {
      quiet(t);
      const telesign = await startTelesign({ t });
      const rule = telesign.behave({ to: `+${PHONE}`, path: '/v1/messaging', ...misbehaviour[way] });
      await assert.rejects(message(telesign, { timeout: way.startsWith('timesOut') ? 300 : 1000 }));
      assert.equal((await rule.struck()).path, '/v1/messaging');
      assert.equal(telesign.messages.length, accepted);
      assert.equal((await message(telesign)).status.code, 290, 'the rule holds once');
    });
  }

  const refusals = [
    [misbehaviour.rateLimited, 429, 10019], [misbehaviour.unavailable, 503, 10000],
    [misbehaviour.internalError, 500, 10000], [{ http: 429, code: 10019 }, 429, 10019], [{ http: 503 }, 503, 10000],
    [{ http: 402, code: 10030 }, 402, 10030], [{ code: 11000 }, 400, 11000], [{ http: 200, code: 10033 }, 200, 10033],
  ];
  for (const [rule, status, code] of refusals) {
    test(`${JSON.stringify(rule)}: HTTP ${status} with ${code}, and nothing is sent`, async (t) => {
      const telesign = await startTelesign({ t });
      telesign.behave({ path: '/v1/messaging', times: 2, ...rule });
      for (let i = 0; i < 2; i++) assert.equal((await message(telesign)).status.code, code);
      assert.deepEqual(telesign.requests.map(({ http: one }) => one), [status, status]);
      assert.equal(telesign.messages.length, 0);
      assert.equal((await message(telesign)).status.code, 290);
    });
  }

  test('a fault has the code of the endpoint', async (t) => {
    const telesign = await startTelesign({ t });
    const { rest, json, phoneid } = client(telesign);
    telesign.behave({ times: 4, ...misbehaviour.unavailable });
    const verify = await rest.execute('POST', '/v1/verify/sms', { phone_number: PHONE });
    assert.equal(verify.errors[0].code, -90001);
    assert.equal((await json.execute('POST', '/verification', {})).status.code, 3500);
    assert.equal((await json.execute('POST', '/v1/omnichannel', {})).status.code, 3500);
    assert.equal((await phoneid.phoneID(PHONE)).status.code, -10000);
  });

  test('a rule for one number leaves others alone', async (t) => {
    const telesign = await startTelesign({ t });
    telesign.behave({ to: '+15558675300', times: Infinity, ...misbehaviour.rateLimited });
    assert.equal((await message(telesign)).status.code, 290);
    assert.equal((await client(telesign).sms.message('15558675300', 'hi', 'OTP')).status.code, 10019);
    assert.equal((await client(telesign).phoneid.phoneID('15558675300')).status.code, 10019);
    telesign.behaveWell();
    assert.equal((await client(telesign).sms.message('15558675300', 'hi', 'OTP')).status.code, 290);
  });

  test('an answer of 500 after the message went out', async (t) => {
    const telesign = await startTelesign({ t });
    telesign.behave(misbehaviour.internalErrorAfterAccepting);
    assert.equal((await message(telesign)).status.code, 10000);
    assert.equal(telesign.messages.length, 1);
  });

  test('a status of choice, sent or blocked', async (t) => {
    const telesign = await startTelesign({ t, screenAbove: 600 });
    const { rest } = client(telesign);
    telesign.behave({ status: 203 });
    assert.equal((await message(telesign)).status.code, 203);
    telesign.behave({ status: 230, accept: false });
    const blocked = await rest.execute('POST', '/v1/verify/sms', { phone_number: PHONE });
    assert.equal(blocked.status.code, 230);
    telesign.number(PHONE, { score: 800 });
    const risky = await rest.execute('POST', '/v1/verify/sms', { phone_number: PHONE });
    assert.deepEqual([risky.status.code, risky.risk.recommendation], [233, 'block']);
    assert.equal(telesign.messages.length, 1);
  });

  test('an answer is held until the test lets it go', async (t) => {
    const telesign = await startTelesign({ t });
    const rule = telesign.behave({ answer: 'held' });
    let answered = false;
    const asked = message(telesign).then((answer) => {
      answered = true;
      return answer;
    });
    await rule.struck();
    assert.equal(telesign.messages.length, 1);
    assert.equal(answered, false);
    rule.release();
    assert.equal((await asked).status.code, 290);
  });

  test('a slow answer comes late', async (t) => {
    const telesign = await startTelesign({ t });
    telesign.behave(misbehaviour.slow(150));
    const start = performance.now();
    assert.equal((await message(telesign)).status.code, 290);
    assert.ok(performance.now() - start >= 140);
  });

  test('odd answers', async (t) => {
    const telesign = await startTelesign({ t });
    const odd = async (edit) => {
      telesign.behave({ edit });
      return client(telesign).phoneid.phoneID(PHONE);
    };
    assert.equal((await odd(oddities.stringCode)).status.code, '300');
    assert.match((await odd(oddities.impossibleDate)).status.updated_on, /^2022-31-03T/);
    const { blocklisting } = await odd(oddities.contradictoryBlock);
    assert.deepEqual([blocklisting.block_code, blocklisting.blocked], [0, true]);
    assert.equal((await odd(oddities.nullObjects)).phone_type, null);
    assert.equal('phone_type' in (await odd(oddities.missingObjects)), false);
    assert.equal((await odd(oddities.nullStatus)).status, null);
    assert.equal('status' in (await odd(oddities.noStatus)), false);
    assert.equal((await odd(oddities.unknownCode)).status.code, 291);
    assert.equal((await odd(oddities.contradictoryRisk)).risk.score, 959);
  });
});

describe('Telesign tells what became of a message', () => {
  async function sent(t, path, fields) {
    const hook = await receiver(t);
    const telesign = await startTelesign({ t });
    const { rest, json } = client(telesign);
    const { execute } = path.startsWith('/v1/omni') || path === '/verification' ? json : rest;
    const answer = await execute('POST', path, { ...fields, callback_url: hook.url });
    return { hook, telesign, reference: answer.reference_id };
  }
  const text = { phone_number: PHONE, message: 'hi', message_type: 'OTP', external_id: 'mine' };

  test('in the documented shape, to the callback_url of the message', async (t) => {
    const { hook, telesign, reference } = await sent(t, '/v1/messaging', text);
    assert.equal((await telesign.receipt(reference, { code: 200 })).status, 200);
    const [{ json, headers }] = hook.received;
    assert.equal(isAuthentic(hook.received[0]), true);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers.authorization, headers['x-ts-authorization']);
    assert.deepEqual([json.reference_id, json.status.code, json.external_id], [reference, 200, 'mine']);
    assert.equal(json.additional_info.price, '0.01');
    assert.equal((await client(telesign).sms.status(reference)).status.code, 200);
  });

  test('of a code sent by SMS Verify, without an external_id', async (t) => {
    const { hook, telesign, reference } = await sent(t, '/v1/verify/sms', { phone_number: PHONE });
    await telesign.receipt(reference, { code: 203 });
    const [{ json }] = hook.received;
    assert.deepEqual([json.sub_resource, json.status.code, json.verify], ['sms', 203,
      { code_state: 'UNKNOWN', code_entered: null }]);
    assert.equal('external_id' in json, false);
  });

  test('of an omnichannel message and of a verification', async (t) => {
    const omnichannel = await sent(t, '/v1/omnichannel', {
      channels: [{ channel: 'whatsapp' }, { channel: 'sms' }],
      recipient: { phone_number: PHONE },
      message: { default: { template: 'text', parameters: { text: 'hi' } } },
      message_type: 'ARN',
    });
    await omnichannel.telesign.receipt(omnichannel.reference, { code: 3005 });
    const [{ json: read }] = omnichannel.hook.received;
    assert.deepEqual([read.status.code, read.status.last_channel], [3005, 'whatsapp']);
    assert.equal(read.channel_status[0].whatsapp.code, 3005);
    const verification = await sent(t, '/verification', { recipient: { phone_number: PHONE } });
    await verification.telesign.receipt(verification.reference, { code: 3900, state: 'VERIFIED' });
    const [{ json: verified }] = verification.hook.received;
    assert.deepEqual([verified.state, verified.recipient.phone_number], ['VERIFIED', PHONE]);
  });

  test('twice, in the wrong order, and again after a failure', async (t) => {
    const { hook, telesign, reference } = await sent(t, '/v1/messaging', text);
    const { statuses } = await telesign.receipt(reference, { code: 203, times: 2 });
    assert.deepEqual(statuses, [200, 200]);
    assert.ok(hook.received[0].bytes.equals(hook.received[1].bytes));
    await telesign.receiptsReversed(reference, [203, 200]);
    const [late, early] = hook.received.slice(2).map(({ json }) => json.status);
    assert.deepEqual([late.code, early.code], [200, 203]);
    assert.ok(early.updated_on < late.updated_on);
    hook.answers.push(503, 500, 401);
    const retried = await telesign.receipt(reference, { attempts: 4, waits: [0, 0, 0] });
    assert.deepEqual(retried.statuses, [503, 500, 401, 200]);
    hook.answers.push(503);
    assert.deepEqual((await telesign.receipt(reference)).statuses, [503], 'once, unless a test asks for more');
    const odd = await telesign.receipt(reference, { edit: (json) => void (json.status.code = '200') });
    assert.match(odd.bytes.toString(), /"code":"200"/);
    assert.equal(isAuthentic(hook.received.at(-1)), true);
  });

  test('and what people write, STOP among it', async (t) => {
    const hook = await receiver(t);
    const telesign = await startTelesign({ t, callbackUrl: hook.url });
    await telesign.inbound({ from: `+${PHONE}`, text: 'Stop ' });
    await telesign.inbound({ from: `+${PHONE}`, text: 'hello', channel: 'whatsapp' });
    const [{ json: sms }, { json: whatsapp }] = hook.received;
    const { action, keyword, phone_number: from } = sms.user_response;
    assert.deepEqual([sms.status.code, sms.sub_resource], [1500, 'mo_sms']);
    assert.deepEqual([action, keyword, from], ['STOP', 'stop', PHONE]);
    assert.equal(whatsapp.content.content.body, 'hello');
    assert.equal(whatsapp.content.end_user_action.action, 'GENERIC');
    assert.equal(hook.received.every(isAuthentic), true);
  });
});

describe('Meta', () => {
  const MESSAGES = `/v25.0/${PHONE_NUMBER_ID}/messages`;
  const common = { messaging_product: 'whatsapp', recipient_type: 'individual', to: `+${PHONE}` };
  const post = (meta, body, token = ACCESS_TOKEN) => send(meta.url, 'POST', MESSAGES,
    { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, JSON.stringify(body));
  const reply = (id, title = id) => ({ type: 'reply', reply: { id, title } });
  const buttons = (list) => ({ ...common, type: 'interactive',
    interactive: { type: 'button', body: { text: 'Sure?' }, action: { buttons: list } } });
  const list = (rows) => ({ ...common, type: 'interactive',
    interactive: { type: 'list', body: { text: 'Which?' }, action: { button: 'Choose', sections: [{ rows }] } } });
  const rows = (count) => Array.from({ length: count }, (_, i) => ({ id: `row ${i}`, title: `Row ${i}` }));
  const template = (name, code, buttonCode = code) => ({ ...common, type: 'template', template: {
    name,
    language: { code: 'en_US' },
    components: [
      { type: 'body', parameters: [{ type: 'text', text: code }] },
      { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: buttonCode }] },
    ],
  } });

  test('takes every kind of message', async (t) => {
    const meta = await startMeta({ t });
    const kinds = [
      { ...common, type: 'text', text: { body: 'héllo 😀', preview_url: false }, biz_opaque_callback_data: 'mine' },
      template('sign_in_code', '123456'),
      { ...common, type: 'image', image: { link: 'https://example.com/a.png', caption: 'A' } },
      { ...common, type: 'document', document: { link: 'https://example.com/a.pdf', filename: 'a.pdf' } },
      buttons([reply('yes', 'Yes'), reply('no', 'No')]),
      list(rows(10)),
    ];
    for (const kind of kinds) {
      const { status, json } = await post(meta, kind);
      assert.equal(status, 200, JSON.stringify(json));
      assert.match(json.messages[0].id, /^wamid\.\S{20,120}$/);
      assert.deepEqual(json.contacts, [{ input: `+${PHONE}`, wa_id: PHONE }]);
      assert.equal((await meta.nextMessage({ to: PHONE })).id, json.messages[0].id);
    }
    const texts = ['héllo 😀', '123456', 'A', undefined, 'Sure?', 'Which?'];
    assert.deepEqual(meta.messages.map(({ text }) => text), texts);
  });

  const wrong = [
    ['another token', common, 190, 401, 'nobody'],
    ['no product', { ...common, messaging_product: undefined, type: 'text', text: { body: 'x' } }, 100, 400],
    ['a bad number', { ...common, to: 'x', type: 'text', text: { body: 'x' } }, 100, 400],
    ['4097 characters', { ...common, type: 'text', text: { body: 'x'.repeat(4097) } }, 100, 400],
    ['no text', { ...common, type: 'text' }, 131008, 400],
    ['4 buttons', buttons(['a', 'b', 'c', 'd'].map((id) => reply(id))), 100, 400],
    ['a title of 21', buttons([reply('a', 'x'.repeat(21))]), 100, 400],
    ['two titles alike', buttons([reply('a', 'A'), reply('b', 'A')]), 100, 400],
    ['11 rows', list(rows(11)), 100, 400],
    ['a row title of 25', list([{ id: 'a', title: 'x'.repeat(25) }]), 100, 400],
    ['media by id and link', { ...common, type: 'image', image: { id: '1', link: 'https://a/b' } }, 100, 400],
    ['media never uploaded', { ...common, type: 'image', image: { id: '1' } }, 100, 400],
    ['a caption on audio', { ...common, type: 'audio', audio: { link: 'https://a/b', caption: 'x' } }, 100, 400],
  ];
  for (const [what, body, code, status, token] of wrong) {
    test(`refuses ${what} with ${code}`, async (t) => {
      const meta = await startMeta({ t });
      const answer = await post(meta, body, token);
      assert.deepEqual([answer.status, answer.json.error.code], [status, code], JSON.stringify(answer.json));
      assert.equal(answer.json.error.type, 'OAuthException');
      assert.equal(meta.messages.length, 0);
    });
  }

  test('knows its templates', async (t) => {
    const templates = [
      { name: 'sign_in_code', language: 'en_US', category: 'AUTHENTICATION' },
      { name: 'order_ready', language: 'en_US', category: 'UTILITY', parameters: 2 },
    ];
    const meta = await startMeta({ t, templates });
    const code = async (body) => (await post(meta, body)).json.error?.code;
    assert.equal(await code(template('sign_in_code', '123456')), undefined);
    assert.equal(await code(template('sign_in_code', '123456', '654321')), 100);
    assert.equal(await code(template('order_ready', '7')), 132000);
    assert.equal(await code(template('nobody_knows', '7')), 132001);
  });

  test('takes a file and sends it by its id', async (t) => {
    const meta = await startMeta({ t });
    const form = new FormData();
    form.set('messaging_product', 'whatsapp');
    form.set('type', 'image/png');
    const bytes = Buffer.from([0x89, 0x50, 0, 13, 10, 255]);
    form.set('file', new Blob([bytes], { type: 'image/png' }), 'a.png');
    const answer = await fetch(`${meta.url}/v25.0/${PHONE_NUMBER_ID}/media`,
      { method: 'POST', body: form, headers: { Authorization: `Bearer ${ACCESS_TOKEN}` } });
    const { id } = await answer.json();
    assert.ok(meta.media.get(id).bytes.equals(bytes));
    assert.equal((await post(meta, { ...common, type: 'image', image: { id } })).status, 200);
  });

  test('misbehaves when it is told to', async (t) => {
    const meta = await startMeta({ t });
    const hello = { ...common, type: 'text', text: { body: 'hi' } };
    const cases = [
      [misbehaviour.rateLimited, 429, 130429], [misbehaviour.unavailable, 503, 2],
      [misbehaviour.internalError, 500, 131000], [{ code: 190 }, 401, 190], [{ code: 131026 }, 400, 131026],
      [{ code: 131047 }, 400, 131047], [{ code: 131056 }, 429, 131056],
    ];
    for (const [rule, status, code] of cases) {
      meta.behave({ to: PHONE, path: MESSAGES, ...rule });
      const answer = await post(meta, hello);
      assert.deepEqual([answer.status, answer.json.error.code], [status, code]);
    }
    assert.equal(meta.messages.length, 0);
    meta.behave(misbehaviour.closesAfterAccepting);
    await assert.rejects(post(meta, hello), { code: 'ECONNRESET' });
    assert.equal(meta.messages.length, 1);
    assert.equal((await post(meta, hello)).status, 200);
  });

  test('posts what became of a message, signed over the raw bytes', async (t) => {
    const hook = await receiver(t);
    const meta = await startMeta({ t, webhookUrl: hook.url });
    const hello = { ...common, type: 'text', text: { body: 'hi' }, biz_opaque_callback_data: 'mine' };
    const { json } = await post(meta, hello);
    const [{ id }] = json.messages;
    for (const status of ['sent', 'read', 'delivered']) await meta.status(id, status);
    await meta.status(id, 'failed', { code: 131047, times: 2 });
    const shown = hook.received.map(({ json: { entry } }) => entry[0].changes[0].value.statuses[0]);
    assert.deepEqual(shown.map(({ status }) => status), ['sent', 'read', 'delivered', 'failed', 'failed']);
    assert.deepEqual(shown.map((one) => [one.id, one.recipient_id, one.biz_opaque_callback_data]),
      shown.map(() => [id, PHONE, 'mine']));
    assert.equal(shown[3].errors[0].code, 131047);
    const digest = (bytes) => createHmac('sha256', meta.appSecret).update(bytes).digest('hex');
    for (const { headers, bytes } of hook.received) {
      assert.equal(headers['x-hub-signature-256'], `sha256=${digest(bytes)}`);
    }
    for (const signature of ['otherSecret', 'sha1Only', 'garbage', 'none', 'tampered', 'reserialised']) {
      await meta.status(id, 'read', { signature });
      const { headers, bytes } = hook.received.at(-1);
      assert.notEqual(headers['x-hub-signature-256'], `sha256=${digest(bytes)}`, signature);
    }
    hook.answers.push(500);
    assert.deepEqual((await meta.status(id, 'read', { attempts: 2 })).statuses, [500, 200]);
  });

  test('posts what people write and choose', async (t) => {
    const hook = await receiver(t);
    const meta = await startMeta({ t, webhookUrl: hook.url });
    await meta.inbound({ from: `+${PHONE}`, text: 'STOP' });
    await meta.inbound({ from: PHONE, button: { id: 'yes', title: 'Yes' }, answers: 'wamid.x' });
    await meta.inbound({ from: PHONE, row: { id: 'row 1', title: 'Row 1', description: 'first' } });
    await meta.inbound({ from: PHONE, quickReply: { payload: 'p', text: 'Stop promotions' } });
    const shown = hook.received.map(({ json: { entry } }) => entry[0].changes[0].value.messages[0]);
    assert.equal(shown[0].text.body, 'STOP');
    assert.deepEqual([shown[1].interactive.button_reply.id, shown[1].context.id], ['yes', 'wamid.x']);
    assert.equal(shown[2].interactive.list_reply.description, 'first');
    assert.deepEqual([shown[3].type, shown[3].button.payload], ['button', 'p']);
    assert.ok(shown.every(({ from }) => from === PHONE));
  });

  test('subscribes a webhook that echoes the challenge', async (t) => {
    const server = http.createServer((request, response) => {
      const query = new URL(request.url, 'http://hook').searchParams;
      const known = query.get('hub.mode') === 'subscribe' && query.get('hub.verify_token') === 'verify_token_example';
      response.writeHead(known ? 200 : 403).end(known ? query.get('hub.challenge') : '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.closeAllConnections() ?? server.close());
    const meta = await startMeta({ t, webhookUrl: `http://127.0.0.1:${server.address().port}/webhooks/whatsapp` });
    assert.equal((await meta.handshake()).good, true);
    const refused = await meta.handshake({ token: 'guess' });
    assert.deepEqual([refused.status, refused.good], [403, false]);
  });
});
