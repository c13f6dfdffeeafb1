// HTTP/1.1 as bytes on a socket: framing, limits, refusals, slow, broken and hostile clients.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';

import { send as ask, kriyaBinary, startKriya, uniquePhone } from './support/kriya.mjs';
import { chunked, exchange, RawClient, request } from './support/raw_http.mjs';

const LIVE = '/health/live';
const REGISTER = '/api/auth/register';
const VALIDATE = '/api/auth/validate-token';
const KIB = 1024;
const MIB = 1024 * KIB;
const JSON_TYPE = ['Content-Type', 'application/json'];
const CHUNKED = ['Transfer-Encoding', 'chunked'];
const CLOSE = ['Connection', 'close'];

const named = (id) => ['X-Request-Id', id];
const get = (...headers) => request('GET', LIVE, { headers });
const validate = (kriya, ...headers) =>
  request('POST', VALIDATE, { json: { token: 'x' }, headers: [['X-API-Key', kriya.apiKey], ...headers] });
const validateChunked = (kriya, body, ...headers) =>
  request('POST', VALIDATE, { headers: [['X-API-Key', kriya.apiKey], JSON_TYPE, CHUNKED, ...headers] }) + body;
const register = (phone_number, ...headers) =>
  request('POST', REGISTER, { json: { phone_number, first_name: 'Asha' }, headers });
const ids = (answers) => answers.map(({ headers }) => headers['x-request-id']);
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** Runs the jobs, `width` of them at a time. */
async function inParallel(width, jobs) {
  const waiting = [...jobs];
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await job();
  };
  await Promise.all(times(width, work));
}

/** Asks again and again until the answer is truthy. */
async function eventually(what, ask, patience = 15_000) {
  for (const until = Date.now() + patience; ; await pause(20)) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() < until, `${what} did not happen in ${patience} ms`);
  }
}

function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.code, code);
  assert.equal(answer.json.type, `urn:kriya:problem:${code}`);
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.error, answer.json.title);
  assert.equal(answer.json.request_id, answer.headers['x-request-id']);
  assert.match(answer.headers['x-request-id'], /^[\w.-]{1,128}$/);
  return answer;
}

/** The bytes get one problem for an answer, and the connection ends: nothing behind it may count as a request. */
async function assertRefused(port, bytes, statuses = [400]) {
  const client = await RawClient.connect(port);
  try {
    client.send(bytes);
    const answer = await client.answer();
    assert.ok(statuses.includes(answer.status), `${answer.status}, not ${statuses.join(' or ')}: ${answer.text}`);
    assertProblem(answer, answer.status, answer.json.code);
    assert.equal(answer.headers.connection, 'close');
    assert.equal((await client.closed()).toString('latin1'), '', 'nothing after the refusal');
    return answer;
  } finally {
    client.destroy();
  }
}

async function assertServes(kriya) {
  assert.equal(kriya.process.exitCode ?? kriya.process.signalCode, null, `kriya died:\n${kriya.stderr().slice(-2000)}`);
  assert.equal((await exchange(kriya.port, get())).status, 200);
}

/** The log's line about a request. */
async function logLine(kriya, id) {
  const [line] = await kriya.printed(new RegExp(`\\{.*"request_id":"${id}"\\}(?=\\n)`), 'stderr');
  return JSON.parse(line);
}

const sanitized = /__[at]san_init/.test(readFileSync(kriyaBinary, 'latin1'));

const residentBytes = (kriya) =>
  Number(readFileSync(`/proc/${kriya.process.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)[1]) * KIB;

const openConnections = async (kriya) =>
  Number((await ask(kriya, 'GET', '/metrics')).text.match(/^kriya_connections_open (\d+)$/m)[1]);

// Two lanes: the slow clients, who are cut after 30 s at the earliest, and beside them everything else.
describe('HTTP', { concurrency: 2 }, () => {
  describe('a slow client', { concurrency: 8 }, () => {
    let kriya;
    before(async () => (kriya = await startKriya()));
    after(() => kriya.dispose());

    const assertTimedOut = async (client, begun) => {
      const answer = assertProblem(await client.answer({ patience: 40_000 }), 408, 'request_timeout');
      assert.equal(answer.headers.connection, 'close');
      await client.closed();
      const waited = Date.now() - begun;
      assert.ok(waited > 28_000 && waited < 33_500, `answered after ${waited} ms`);
    };

    /** A byte now and then, until the server has had enough. */
    const trickle = (client) => {
      const timer = setInterval(() => client.send('a'), 700);
      client.socket.on('end', () => clearInterval(timer)).on('close', () => clearInterval(timer));
    };

    test('that never ends its headers gets 408 after 30 s, however lively it is', async () => {
      const client = await RawClient.connect(kriya.port);
      const begun = Date.now();
      client.send(`GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\r\nX-Slow: `);
      trickle(client);
      await assertTimedOut(client, begun);
    });

    test('that never ends its second request gets 408 as well', async () => {
      const client = await RawClient.connect(kriya.port);
      client.send(get());
      await client.answer();
      const begun = Date.now();
      client.send('GET /hea');
      await assertTimedOut(client, begun);
    });

    test('that never ends its body gets 408 after 30 s, however lively it is', async () => {
      const client = await RawClient.connect(kriya.port);
      const begun = Date.now();
      client.send(request('POST', REGISTER, { headers: [JSON_TYPE, ['Content-Length', '1000']] }) + '{"a":"');
      trickle(client);
      await assertTimedOut(client, begun);
    });

    test('that asks whether to go on and then does not gets 408', async () => {
      const client = await RawClient.connect(kriya.port);
      const begun = Date.now();
      const headers = [JSON_TYPE, ['Content-Length', '1000'], ['Expect', '100-continue']];
      client.send(request('POST', REGISTER, { headers }));
      assert.equal((await client.answer()).status, 100);
      await assertTimedOut(client, begun);
    });

    test('that connects and says nothing is dropped', async () => {
      const client = await RawClient.connect(kriya.port);
      assert.equal((await client.closed({ patience: 40_000 })).length, 0);
    });

    test('does not keep others waiting', async () => {
      const slow = await Promise.all(times(200, () => RawClient.connect(kriya.port)));
      slow.forEach((client) => client.send(`GET ${LIVE} HTTP/1.1\r\nHost: `));
      for (let i = 0; i < 50; ++i) assert.equal((await exchange(kriya.port, get(), { patience: 5_000 })).status, 200);
      slow.forEach((client) => client.destroy());
    });

    test('that sends requests and never reads their answers costs little memory and is cut', async (t) => {
      const victim = await startKriya({ t });
      await ask(victim, 'GET', '/openapi.json');
      const before = residentBytes(victim);
      const clients = await Promise.all(times(20, () => RawClient.connect(victim.port)));
      const batch = request('GET', '/openapi.json').repeat(50);
      let taken = 0;
      for (const client of clients) {
        client.pause();
        const push = async () => {
          while (taken < 4_000 && (await client.send(batch))) ++taken;
        };
        push();
      }
      await eventually(
        'the end of all clients that do not read',
        async () => (await openConnections(victim)) <= 2, // those of this question alone
        45_000,
      );
      const grown = residentBytes(victim) - before;
      // A sanitizer keeps freed memory back, so that its figures say nothing.
      if (!sanitized) assert.ok(grown < 32 * MIB, `grown by ${grown} bytes`);
      await assertServes(victim);
      clients.forEach((client) => client.destroy());
    });
  });

  describe('any other client', { concurrency: 1 }, () => {
    let kriya;
    before(async () => {
      kriya = await startKriya({ env: { ALLOWED_ORIGINS: 'https://app.example', RATE_LIMITS: 'off' } });
    });
    after(() => kriya.dispose());

    describe('connections', () => {
      test('stay open for one request after another', async () => {
        const client = await RawClient.connect(kriya.port);
        for (const id of ['first', 'second', 'third']) {
          client.send(get(named(id)));
          const answer = await client.answer();
          assert.equal(answer.status, 200);
          assert.equal(answer.headers['x-request-id'], id);
          assert.notEqual(answer.headers.connection, 'close');
        }
        client.destroy();
      });

      test('close after the answer when the client says so', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(get(CLOSE) + get());
        assert.equal((await client.answer()).headers.connection, 'close');
        assert.equal((await client.closed()).length, 0);
      });

      test('of HTTP/1.0 close after the answer', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(`GET ${LIVE} HTTP/1.0\r\n\r\n`);
        const answer = await client.answer();
        assert.equal(answer.status, 200, 'Host is no duty in HTTP/1.0');
        assert.equal(answer.headers.connection, 'close');
        assert.equal((await client.closed()).length, 0);
      });

      test('of HTTP/1.0 stay open when the client asks for it, and the answer says so', async () => {
        const client = await RawClient.connect(kriya.port);
        for (let i = 0; i < 3; ++i) {
          client.send(request('GET', LIVE, { version: '1.0', headers: [['Connection', 'Keep-Alive']] }));
          const answer = await client.answer();
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.connection.toLowerCase(), 'keep-alive');
        }
        client.destroy();
      });

      test('stay open after an answer that is a problem of the request alone', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(request('GET', '/nothing') + request('GET', REGISTER) + request('POST', REGISTER, { body: '{' }));
        for (const status of [404, 405, 415]) assert.equal((await client.answer()).status, status);
        client.send(get());
        assert.equal((await client.answer()).status, 200);
        client.destroy();
      });

      test('that the client half-closes are answered to the end', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(register(uniquePhone(), named('a')) + get(named('b')) + register(uniquePhone(), named('c')));
        client.finish();
        const answers = await client.answersUntilClosed();
        assert.deepEqual(ids(answers), ['a', 'b', 'c']);
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        client.destroy();
      });

      test('that the client half-closes in the middle of a request end without an answer to it', async () => {
        for (const bytes of ['GET /hea', request('POST', REGISTER, { headers: [['Content-Length', '9']] }) + '{']) {
          const client = await RawClient.connect(kriya.port);
          client.send(bytes);
          client.finish();
          assert.equal((await client.closed()).length, 0);
        }
      });

      test('that break at any point of a request harm nobody and do nothing by halves', async () => {
        const phone = uniquePhone();
        const bytes = register(phone);
        const cut = async (length, how) => {
          const client = await RawClient.connect(kriya.port);
          await client.send(bytes.slice(0, length));
          client[how]();
        };
        const lengths = times(bytes.length - 1, (i) => i);
        await inParallel(
          32,
          lengths.flatMap((length) => [() => cut(length, 'reset'), () => cut(length, 'destroy')]),
        );
        const answer = await exchange(kriya.port, register(phone));
        assert.equal(answer.json.message, 'Registration successful', 'no cut request had registered the number');
      });

      test('that break before the answer is sent harm nobody', async () => {
        const reset = async () => {
          const client = await RawClient.connect(kriya.port);
          await client.send(register(uniquePhone()).repeat(3));
          client.reset();
        };
        await inParallel(
          16,
          times(64, () => reset),
        );
        await assertServes(kriya);
      });
    });

    describe('pipelined requests', () => {
      test('are answered in their order, though some take longer than others', async () => {
        const wanted = times(30, (i) => `r${i}`);
        const bytes = wanted.map((id, i) => (i % 3 ? get(named(id)) : register(uniquePhone(), named(id)))).join('');
        const answers = await exchange(kriya.port, bytes, { answers: wanted.length });
        assert.deepEqual(ids(answers), wanted);
        assert.ok(answers.every(({ status }) => status === 200));
      });

      const three = () =>
        validate(kriya, named('plain')) +
        validateChunked(kriya, chunked('{"token"', ':"x"}'), named('chunked')) +
        get(named('last'));

      const assertThree = (answers) => {
        assert.deepEqual(ids(answers), ['plain', 'chunked', 'last']);
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200, 200],
        );
        assert.equal(answers[0].json.valid, false);
        assert.equal(answers[1].json.valid, false);
      };

      test('may be cut in two at any byte', async () => {
        const bytes = three();
        const split = async (at) => {
          const client = await RawClient.connect(kriya.port);
          await client.send(bytes.slice(0, at));
          await setImmediate();
          client.send(bytes.slice(at));
          assertThree([await client.answer(), await client.answer(), await client.answer()]);
          client.destroy();
        };
        await inParallel(
          8,
          times(bytes.length - 1, (i) => () => split(i + 1)),
        );
      });

      test('may come byte by byte', async () => {
        const client = await RawClient.connect(kriya.port);
        for (const byte of three()) await client.send(byte);
        assertThree([await client.answer(), await client.answer(), await client.answer()]);
        client.destroy();
      });

      test('behind one that is refused are not answered', async () => {
        await assertRefused(kriya.port, request('GET', LIVE, { version: '3.0' }) + get().repeat(3), [505]);
      });
    });

    describe('methods', () => {
      for (const path of [LIVE, '/docs', '/openapi.json']) {
        test(`HEAD ${path} is GET without the body`, async () => {
          const client = await RawClient.connect(kriya.port);
          client.send(request('HEAD', path) + request('GET', path));
          const head = await client.answer({ head: true });
          const full = await client.answer();
          assert.equal(head.status, 200);
          assert.equal(head.headers['content-length'], String(full.body.length));
          const { date: d1, 'x-request-id': r1, ...left } = head.headers;
          const { date: d2, 'x-request-id': r2, ...right } = full.headers;
          assert.deepEqual(left, right);
          client.destroy();
        });
      }

      test('HEAD of what does not exist is a 404 without a body', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(request('HEAD', '/nothing') + get());
        assert.equal((await client.answer({ head: true })).status, 404);
        assert.equal((await client.answer()).status, 200);
        client.destroy();
      });

      test('that a path does not take are 405 with Allow; a path that there is not is 404', async () => {
        const allowed = { [REGISTER]: 'POST, OPTIONS', [LIVE]: 'GET, HEAD, OPTIONS' };
        for (const [path, allow] of Object.entries(allowed)) {
          for (const method of [
            'GET',
            'HEAD',
            'POST',
            'PUT',
            'PATCH',
            'DELETE',
            'TRACE',
            'BREW',
            allow.slice(0, 3).toLowerCase(),
          ]) {
            if (allow.split(', ').includes(method)) continue;
            const answer = await exchange(kriya.port, request(method, path), { head: method === 'HEAD' });
            assert.equal(answer.status, 405, `${method} ${path}`);
            assert.equal(answer.headers.allow, allow);
            if (method !== 'HEAD') assertProblem(answer, 405, 'method_not_allowed');
          }
        }
        for (const method of ['GET', 'POST', 'OPTIONS', 'BREW']) {
          const answer = await exchange(kriya.port, request(method, '/nothing'));
          assertProblem(answer, 404, 'not_found');
          assert.equal(answer.headers.allow, undefined);
        }
      });

      test('OPTIONS lists the methods', async () => {
        const answer = await exchange(kriya.port, request('OPTIONS', REGISTER));
        assert.equal(answer.status, 204);
        assert.equal(answer.headers.allow, 'POST, OPTIONS');
        assert.equal(answer.headers['content-length'], undefined);
        assert.match(answer.headers['x-request-id'], /./);
      });

      const preflight = (origin) =>
        request('OPTIONS', '/api/auth/logout', {
          headers: [
            ['Origin', origin],
            ['Access-Control-Request-Method', 'DELETE'],
            ['Access-Control-Request-Headers', 'authorization'],
          ],
        });

      test('a preflight from an allowed origin is granted', async () => {
        const { status, headers } = await exchange(kriya.port, preflight('https://app.example'));
        assert.equal(status, 204);
        assert.equal(headers['access-control-allow-origin'], 'https://app.example');
        assert.equal(headers['access-control-allow-credentials'], 'true');
        assert.match(headers['access-control-allow-methods'], /\bDELETE\b/);
        assert.match(headers['access-control-allow-headers'], /\bAuthorization\b/i);
        assert.match(headers.vary, /\bOrigin\b/);
      });

      test('a preflight or request from any other origin is granted nothing', async () => {
        const others = [
          'https://evil.example',
          'http://app.example',
          'https://app.example.evil',
          'https://APP.example',
          'null',
          '*',
        ];
        for (const origin of others) {
          for (const bytes of [preflight(origin), get(['Origin', origin])]) {
            const { headers } = await exchange(kriya.port, bytes);
            assert.deepEqual(
              Object.keys(headers).filter((name) => name.startsWith('access-control')),
              [],
              origin,
            );
            assert.match(headers.vary, /\bOrigin\b/);
          }
        }
      });
    });

    describe('targets', () => {
      test('may be absolute, as RFC 9112 section 3.2.2 demands', async () => {
        assert.equal((await exchange(kriya.port, request('GET', `http://kriya.test${LIVE}`))).status, 200);
      });

      test('of more than 8 KiB are 414', async () => {
        const answer = await assertRefused(kriya.port, request('GET', `/${'a'.repeat(9 * KIB)}`), [414]);
        assert.equal(answer.json.code, 'uri_too_long');
        await assertRefused(kriya.port, request('GET', `/${'a'.repeat(40 * KIB)}`), [414, 431]);
      });

      test('of nearly 8 KiB are read', async () => {
        assert.equal((await exchange(kriya.port, request('GET', `${LIVE}?${'a'.repeat(8000)}`))).status, 200);
      });

      test('with control bytes or spaces are refused', async () => {
        for (const byte of ['\0', '\x01', '\t', '\x0b', '\x1b', '\x7f', ' ']) {
          await assertRefused(kriya.port, request('GET', `/he${byte}alth`), [400, 505]);
        }
      });
    });

    describe('versions', () => {
      test('other than 1.0 and 1.1 are 505', async () => {
        for (const version of ['0.9', '2.0', '3.0', '9.9']) {
          const answer = await assertRefused(kriya.port, request('GET', LIVE, { version }), [505]);
          assert.equal(answer.json.code, 'http_version_not_supported');
        }
      });

      test('that are none are refused', async () => {
        for (const line of [
          `GET ${LIVE}`,
          `GET ${LIVE} `,
          `GET ${LIVE} http/1.1`,
          `GET ${LIVE} HTTP/1`,
          `GET ${LIVE} HTTP/1.1 `,
        ]) {
          await assertRefused(kriya.port, `${line}\r\nHost: kriya.test\r\n\r\n`, [400, 505]);
        }
      });

      test('of HTTP/2 with prior knowledge are refused in HTTP/1.1', async () => {
        await assertRefused(kriya.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [505]);
      });

      test('a TLS greeting is refused', async () => {
        await assertRefused(kriya.port, Buffer.from('16030100a5010000a10303', 'hex'), [400]);
      });
    });

    describe('bodies', () => {
      test('that are missing are 411', async () => {
        assertProblem(
          await exchange(kriya.port, request('POST', REGISTER, { headers: [JSON_TYPE] })),
          411,
          'length_required',
        );
      });

      test('that are no JSON by their Content-Type are 415', async () => {
        const types = [
          undefined,
          '',
          'text/plain',
          'application/jsonp',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          'application/json; charset=utf-16',
          'application/json, text/plain',
        ];
        for (const type of types) {
          const headers = type === undefined ? [] : [['Content-Type', type]];
          const answer = await exchange(kriya.port, request('POST', REGISTER, { body: '{}', headers }));
          assertProblem(answer, 415, 'unsupported_media_type');
        }
      });

      test('are taken as JSON in any spelling of that type', async () => {
        for (const type of [
          'application/json',
          'APPLICATION/JSON',
          'application/json; charset=utf-8',
          'application/json;charset="UTF-8"',
          'application/json ; profile=x',
        ]) {
          const answer = await exchange(
            kriya.port,
            request('POST', REGISTER, { body: '{}', headers: [['Content-Type', type]] }),
          );
          assertProblem(answer, 422, 'invalid_fields');
        }
      });

      test('of exactly 1 MiB are read, in one piece and in chunks', async () => {
        const body = '{}' + ' '.repeat(MIB - 2);
        const whole = await exchange(kriya.port, request('POST', REGISTER, { body, headers: [JSON_TYPE] }));
        assertProblem(whole, 422, 'invalid_fields');
        const pieces = times(16, (i) => body.slice((i * MIB) / 16, ((i + 1) * MIB) / 16));
        const parts = await exchange(
          kriya.port,
          request('POST', REGISTER, { headers: [JSON_TYPE, CHUNKED] }) + chunked(...pieces),
        );
        assertProblem(parts, 422, 'invalid_fields');
      });

      test('declared larger than 1 MiB are 413 before any of it is sent', async () => {
        for (const size of [MIB + 1, 10 * MIB, 2 ** 40, '9223372036854775807', '18446744073709551615']) {
          const headers = [JSON_TYPE, ['Content-Length', size]];
          const answer = await assertRefused(kriya.port, request('POST', REGISTER, { headers }), [413]);
          assert.equal(answer.json.code, 'payload_too_large');
        }
      });

      test('too large are 413, and the answer arrives though the client sends on', async () => {
        const size = 12 * MIB;
        const bytes = request('POST', REGISTER, { headers: [JSON_TYPE, ['Content-Length', size]] }) + 'a'.repeat(size);
        const client = await RawClient.connect(kriya.port);
        assert.ok(await client.send(bytes), 'the server reads on to the end');
        const answer = assertProblem(await client.answer(), 413, 'payload_too_large');
        assert.equal(answer.headers.connection, 'close');
        await client.closed();
        assert.equal(client.error, undefined);
        client.destroy();
      });

      test('too large that never end are cut in the end', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(request('POST', REGISTER, { headers: [JSON_TYPE, CHUNKED] }));
        const piece = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
        let sent = 0;
        while (await client.send(piece)) {
          assert.ok(++sent < 10_000, 'the server reads for ever');
          await setImmediate(); // the turn in which answers are read
        }
        assertProblem(await client.answer(), 413, 'payload_too_large');
        await assertServes(kriya);
      });

      test('that grow too large in chunks are 413', async () => {
        const growing = chunked(...times(20, () => ' '.repeat(64 * KIB)));
        for (const body of [growing, '100001\r\n', 'ffffffffffffffff\r\n', `${chunked('{}').slice(0, -5)}fffff0\r\n`]) {
          await assertRefused(kriya.port, request('POST', REGISTER, { headers: [JSON_TYPE, CHUNKED] }) + body, [413]);
        }
      });

      test('in chunks are read in every spelling that RFC 9112 has for them', async () => {
        const spellings = {
          'one chunk': 'd\r\n{"token":"x"}\r\n0\r\n\r\n',
          'leading zeros and capitals': '00D\r\n{"token":"x"}\r\n000\r\n\r\n',
          'a chunk a byte': chunked(...'{"token":"x"}'),
          extensions: 'd;name=value;other="quoted; \\" text";flag\r\n{"token":"x"}\r\n0;end\r\n\r\n',
          trailers: 'd\r\n{"token":"x"}\r\n0\r\nX-Checksum: abc\r\nX-Other: def\r\n\r\n',
        };
        for (const [what, body] of Object.entries(spellings)) {
          const [answer, next] = await exchange(kriya.port, validateChunked(kriya, body) + get(), { answers: 2 });
          assert.equal(answer.status, 200, `${what}: ${answer.text}`);
          assert.equal(next.status, 200, what);
        }
      });

      test('in chunks may end in any number of packets, also an empty one', async (t) => {
        const own = await startKriya({ t });
        const ends = {
          empty: '0\r\n\r\n',
          extension: '0;a=b\r\n\r\n',
          trailer: '0\r\nA: b\r\n\r\n',
          full: chunked('{"token":"x"}'),
        };
        for (const [what, body] of Object.entries(ends)) {
          for (let at = 1; at < body.length; ++at) {
            for (const pieces of [
              [body.slice(0, at), body.slice(at)],
              [body.slice(0, at), ...body.slice(at)],
            ]) {
              const client = await RawClient.connect(own.port);
              await client.send(validateChunked(own, pieces[0]));
              for (const piece of pieces.slice(1)) {
                await setImmediate();
                await client.send(piece);
              }
              const { status } = await client.answer().catch(async (error) => {
                const end = await Promise.race([own.exited, pause(1000)]);
                throw new Error(`${what}, cut at ${at}: ${error.message}; kriya: ${end?.signal ?? 'lives'}`);
              });
              assert.equal(status, what === 'full' ? 200 : 400, what);
              client.destroy();
            }
          }
        }
        await assertServes(own);
      });

      test('with a trailer cannot change what the headers said', async () => {
        const trailers = (...lines) => `d\r\n{"token":"x"}\r\n0\r\n${lines.join('\r\n')}\r\n\r\n`;
        const renamed = await exchange(kriya.port, validateChunked(kriya, trailers('X-Request-Id: of-the-trailer')));
        assert.notEqual(renamed.headers['x-request-id'], 'of-the-trailer');
        const keyless = request('POST', VALIDATE, { headers: [JSON_TYPE, CHUNKED] });
        const entered = await exchange(kriya.port, keyless + trailers(`X-API-Key: ${kriya.apiKey}`));
        assertProblem(entered, 401, 'missing_api_key');
      });

      test('with chunk extensions or trailers without end are refused', async () => {
        const endless = {
          extension: `d;${'a'.repeat(200 * KIB)}`,
          trailer: `d\r\n{"token":"x"}\r\n0\r\nA: ${'a'.repeat(200 * KIB)}`,
          trailers: `d\r\n{"token":"x"}\r\n0\r\n${'A: b\r\n'.repeat(40 * KIB)}\r\n`,
        };
        for (const body of Object.values(endless)) {
          await assertRefused(kriya.port, validateChunked(kriya, body), [400, 413, 431]);
        }
      });

      test('of a GET are read and are no second request', async () => {
        const inner = get(named('inner'));
        const client = await RawClient.connect(kriya.port);
        client.send(request('GET', LIVE, { body: inner, headers: [named('outer'), CLOSE] }));
        assert.deepEqual(ids(await client.answersUntilClosed()), ['outer']);
      });
    });

    describe('Expect', () => {
      const expecting = (body, ...headers) =>
        request('POST', VALIDATE, {
          headers: [
            ['X-API-Key', kriya.apiKey],
            JSON_TYPE,
            ['Content-Length', body.length],
            ['Expect', '100-continue'],
            ...headers,
          ],
        });

      test('100-continue is answered with 100 before the body', async () => {
        const body = '{"token":"x"}';
        const client = await RawClient.connect(kriya.port);
        client.send(expecting(body));
        assert.equal((await client.answer()).status, 100);
        client.send(body + get());
        assert.equal((await client.answer()).status, 200);
        assert.equal((await client.answer()).status, 200, 'one 100 only');
        client.destroy();
      });

      test('100-continue waits for nothing when the body is there already', async () => {
        const body = '{"token":"x"}';
        const client = await RawClient.connect(kriya.port);
        client.send(expecting(body) + body);
        let answer = await client.answer();
        if (answer.status === 100) answer = await client.answer(); // allowed, not needed
        assert.equal(answer.status, 200);
        client.destroy();
      });

      test('100-continue of a body too large gets 413 at once', async () => {
        await assertRefused(kriya.port, expecting({ length: 2 * MIB }), [413]);
      });

      test('100-continue in HTTP/1.0 is ignored, as RFC 9110 section 10.1.1 demands', async () => {
        const body = '{"token":"x"}';
        const client = await RawClient.connect(kriya.port);
        await client.send(expecting(body).replace('HTTP/1.1', 'HTTP/1.0'));
        await setImmediate();
        client.send(body);
        assert.equal((await client.answer()).status, 200);
        client.destroy();
      });

      test('of anything else is 417', async () => {
        const answer = await assertRefused(kriya.port, get(['Expect', 'a-pony']), [417]);
        assert.equal(answer.json.code, 'expectation_failed');
      });
    });

    describe('headers', () => {
      const line = (size) => ['X-Filler', 'a'.repeat(size)];

      test('of nearly 16 KiB are read', async () => {
        assert.equal((await exchange(kriya.port, get(line(15 * KIB)))).status, 200);
      });

      test('larger than 16 KiB in one line are 431', async () => {
        const answer = await assertRefused(kriya.port, get(line(16 * KIB)), [431]);
        assert.equal(answer.json.code, 'headers_too_large');
        await assertRefused(kriya.port, get(line(300 * KIB)), [431]);
      });

      test('larger than 16 KiB in many lines are 431', async () => {
        await assertRefused(kriya.port, get(...times(17, () => line(KIB))), [431]);
        await assertRefused(kriya.port, get(...times(4000, () => line(1))), [431]);
      });

      test('larger than 16 KiB are 431 though every line comes in a packet of its own', async () => {
        const client = await RawClient.connect(kriya.port);
        await client.send(`GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\r\nX`);
        for (let i = 0; i < 64; ++i) {
          await client.send(`-Filler: ${'a'.repeat(KIB)}\r\nX`);
          await pause(1); // nothing hangs on this: it only makes it likely that the server reads line by line
        }
        client.send('-Last: a\r\n\r\n');
        assertProblem(await client.answer(), 431, 'headers_too_large');
        client.destroy();
      });

      test('without Host, with two, or with one that is no host are refused', async () => {
        await assertRefusedOrProblem(`GET ${LIVE} HTTP/1.1\r\n\r\n`);
        await assertRefusedOrProblem(get(['Host', 'kriya.test']));
        await assertRefusedOrProblem(get(['Host', 'evil.test']));
        for (const host of ['a b', 'user@kriya.test', 'kriya.test/path', 'kriya.test:port', 'a,b']) {
          await assertRefusedOrProblem(request('GET', LIVE, { host }), host);
        }
      });

      const assertRefusedOrProblem = async (bytes, what) => {
        const answer = await exchange(kriya.port, bytes);
        assert.equal(answer.status, 400, what ?? bytes);
        assertProblem(answer, 400, 'bad_request');
      };

      for (const [name, values] of [
        ['Authorization', ['Bearer a', 'Bearer b']],
        ['X-API-Key', ['a', 'b']],
        ['Content-Type', ['application/json', 'text/plain']],
        ['Origin', ['https://app.example', 'https://evil.example']],
      ]) {
        test(`that say who is calling count once: two ${name} are refused, also two alike`, async () => {
          for (const [first, second] of [values, [values[0], values[0]]]) {
            await assertRefusedOrProblem(get([name, first], [name, second]));
            await assertRefusedOrProblem(get([name, first], [name.toLowerCase(), second]));
          }
        });
      }

      test('with control bytes in name or value are refused', async () => {
        const controls = times(32, (i) => String.fromCharCode(i)).concat('\x7f');
        for (const byte of controls) {
          if (byte !== '\t') await assertRefused(kriya.port, get(['X-Value', `a${byte}b`]));
          await assertRefused(kriya.port, get([`X-${byte}Name`, 'a']));
        }
      });

      test('with a name that is no token are refused', async () => {
        for (const name of ['', ' X-Name', 'X-Name ', 'X-Name\t', 'X Name', 'X(Name)', 'X@Name', '"X"', 'X-Näme']) {
          const bytes = `GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\r\nX-First: a\r\n${name}: b\r\n\r\n`;
          // A leading space may also count as the continuation of the line before.
          if (name === ' X-Name') assert.ok([200, 400].includes((await exchange(kriya.port, bytes)).status));
          else await assertRefused(kriya.port, bytes);
        }
      });
    });

    describe('a smuggled request', () => {
      const inner = () => get(named('smuggled'));
      const post = (headers, body) =>
        [
          'POST /api/auth/validate-token HTTP/1.1',
          'Host: kriya.test',
          'Content-Type: application/json',
          `X-API-Key: ${kriya.apiKey}`,
        ]
          .concat(headers)
          .join('\r\n') + `\r\n\r\n${body}`;
      const two = '2\r\n{}\r\n0\r\n\r\n';

      const refused = {
        'Content-Length, then chunked': [['Content-Length: 2', 'Transfer-Encoding: chunked'], two],
        'chunked, then Content-Length': [['Transfer-Encoding: chunked', 'Content-Length: 2'], two],
        'an unknown transfer coding': [['Transfer-Encoding: gzip'], ''],
        'an unknown transfer coding, then Content-Length': [['Transfer-Encoding: gzip', 'Content-Length: 2'], '{}'],
        'Content-Length, then an unknown transfer coding': [['Content-Length: 2', 'Transfer-Encoding: gzip'], '{}'],
        'the identity transfer coding': [['Transfer-Encoding: identity', 'Content-Length: 2'], '{}'],
        'a transfer coding that looks like chunked': [['Transfer-Encoding: xchunked'], two],
        'a quoted transfer coding': [['Transfer-Encoding: "chunked"'], two],
        'chunked with a parameter': [['Transfer-Encoding: chunked;a=b'], two],
        'a coding under chunked that nobody decodes': [['Transfer-Encoding: gzip, chunked'], two],
        'chunked that is not the last coding': [['Transfer-Encoding: chunked, gzip'], two],
        'chunked twice': [['Transfer-Encoding: chunked, chunked'], two],
        'chunked in two lines': [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], two],
        'chunked and another coding in two lines': [['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'], two],
        'another coding and chunked in two lines': [['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], two],
        'an empty transfer coding': [['Transfer-Encoding:'], two],
        'a vertical tab before chunked': [['Transfer-Encoding: \x0bchunked'], two],
        'a space before the colon of Transfer-Encoding': [['Transfer-Encoding : chunked'], two],
        'a space before the colon of Content-Length': [['Content-Length : 2'], '{}'],
        'two Content-Lengths': [['Content-Length: 2', 'Content-Length: 3'], '{} '],
        'a list of Content-Lengths': [['Content-Length: 2, 3'], '{} '],
        'an empty Content-Length': [['Content-Length:'], ''],
        'a Content-Length with a sign': [['Content-Length: +2'], '{}'],
        'a negative Content-Length': [['Content-Length: -2'], '{}'],
        'a hexadecimal Content-Length': [['Content-Length: 0x2'], '{}'],
        'a Content-Length of two numbers': [['Content-Length: 2 2'], '{}'],
        'a folded Content-Length': [['Content-Length: 2\r\n 2'], '{}'],
        'a Content-Length beyond 64 bits': [['Content-Length: 18446744073709551618'], '{}'],
        'a chunk size that is no number': [['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'],
        'no chunk size': [['Transfer-Encoding: chunked'], '\r\n{}\r\n0\r\n\r\n'],
        'a negative chunk size': [['Transfer-Encoding: chunked'], '-2\r\n{}\r\n0\r\n\r\n'],
        'a chunk size with a sign': [['Transfer-Encoding: chunked'], '+2\r\n{}\r\n0\r\n\r\n'],
        'a chunk size with 0x': [['Transfer-Encoding: chunked'], '0x2\r\n{}\r\n0\r\n\r\n'],
        'a chunk size after a space': [['Transfer-Encoding: chunked'], ' 2\r\n{}\r\n0\r\n\r\n'],
        'a chunk size beyond 64 bits': [['Transfer-Encoding: chunked'], '10000000000000002\r\n{}\r\n0\r\n\r\n'],
        'a chunk longer than its size': [['Transfer-Encoding: chunked'], '2\r\n{}{}\r\n0\r\n\r\n'],
        'a chunk without its end of line': [['Transfer-Encoding: chunked'], '2\r\n{}0\r\n\r\n'],
        'a chunk size that ends in a bare line feed': [['Transfer-Encoding: chunked'], '2\n{}\r\n0\r\n\r\n'],
        'a chunk that ends in a bare line feed': [['Transfer-Encoding: chunked'], '2\r\n{}\n0\r\n\r\n'],
        'a chunk extension that ends in a bare line feed': [
          ['Transfer-Encoding: chunked'],
          '2;\nxx\r\n{}\r\n0\r\n\r\n',
        ],
        'a chunk extension with a bare carriage return': [['Transfer-Encoding: chunked'], '2;a\rb\r\n{}\r\n0\r\n\r\n'],
        'Content-Length in the trailer': [['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n'],
      };
      for (const [what, [headers, body]] of Object.entries(refused)) {
        test(`behind ${what} is not answered`, async () => {
          await assertRefused(kriya.port, post(headers, body) + inner(), [400, 413, 501]);
        });
      }

      test('behind bare line feeds is not answered', async () => {
        for (const bytes of [
          `GET ${LIVE} HTTP/1.1\nHost: kriya.test\n\n`,
          `GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\n\r\n`,
          `GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\r\nX-A: b\nX-B: c\r\n\r\n`,
          `GET ${LIVE} HTTP/1.1\r\nHost: kriya.test\r\n\n`,
          `GET ${LIVE} HTTP/1.1\rHost: kriya.test\r\r`,
        ]) {
          await assertRefused(kriya.port, bytes + inner(), [400, 505]);
        }
      });

      test('behind a chunked body of HTTP/1.0 is not answered', async () => {
        const client = await RawClient.connect(kriya.port);
        const headers = ['Transfer-Encoding: chunked', 'Connection: keep-alive'];
        client.send(post(headers, two).replace('HTTP/1.1', 'HTTP/1.0') + inner());
        assert.ok(!ids(await client.answersUntilClosed({ patience: 3_000 })).includes('smuggled'));
      });

      test('behind two equal Content-Lengths is seen as the second request or not at all', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(post(['Content-Length: 2', 'Content-Length: 2'], '{}') + get(named('second'), CLOSE));
        const answers = await client.answersUntilClosed();
        if (answers[0].status === 400) assert.equal(answers.length, 1);
        else assert.deepEqual([answers[0].status, ...ids(answers.slice(1))], [422, 'second']);
      });

      test('behind a folded header is seen as the second request or not at all', async () => {
        const client = await RawClient.connect(kriya.port);
        client.send(get(['X-Folded', 'a\r\n b']) + get(named('second'), CLOSE));
        const answers = await client.answersUntilClosed();
        if (answers[0].status === 400) assert.equal(answers.length, 1);
        else assert.deepEqual([answers[0].status, ...ids(answers.slice(1))], [200, 'second']);
      });
    });

    describe('answers', () => {
      test('keep a well formed X-Request-Id', async () => {
        for (const id of ['a', '0123-abc_DEF.9', 'x'.repeat(128), '4bf92f3577b34da6a3ce929d0e0e4736']) {
          assert.equal((await exchange(kriya.port, get(named(id)))).headers['x-request-id'], id);
        }
      });

      test('replace any other X-Request-Id, so that nothing can be put into headers or logs', async () => {
        const bad = [
          '',
          'x'.repeat(129),
          'a b',
          'a\tb',
          'a,b',
          'a;b',
          '"a"',
          '<script>',
          'a%0d%0aSet-Cookie:x=y',
          'a\\r\\nb',
          'é',
          'a\r\n\tSet-Cookie: x=y',
        ];
        for (const id of bad) {
          const { status, headers } = await exchange(kriya.port, get(named(id)));
          if (status === 400) continue; // the folded one may be refused
          assert.match(headers['x-request-id'], /^[0-9a-f-]{36}$/, JSON.stringify(id));
          assert.equal(headers['set-cookie'], undefined);
        }
      });

      test('to requests without one have an X-Request-Id each', async () => {
        const answers = await exchange(kriya.port, get().repeat(20), { answers: 20 });
        assert.equal(new Set(ids(answers)).size, 20);
      });

      test('bear the date and the security headers, refusals too', async () => {
        const requests = [
          get(),
          request('GET', '/nothing'),
          request('GET', LIVE, { version: '7.0' }),
          request('POST', REGISTER, { json: {} }),
          'x\r\n\r\n',
        ];
        for (const bytes of requests) {
          const { headers } = await exchange(kriya.port, bytes);
          assert.match(headers.date, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
          assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 5_000, headers.date);
          assert.equal(headers['x-content-type-options'], 'nosniff');
          assert.equal(headers['x-frame-options'], 'DENY');
          assert.equal(headers['referrer-policy'], 'no-referrer');
          assert.match(headers['content-security-policy'], /default-src 'none'/);
          assert.equal(headers['strict-transport-security'], undefined, 'this server is reached by plain HTTP');
          assert.equal(headers.server, undefined);
        }
      });

      test('of a server that is reached by HTTPS bear Strict-Transport-Security', async (t) => {
        const secure = await startKriya({ t, env: { PUBLIC_URL: 'https://kriya.example' } });
        assert.match((await exchange(secure.port, get())).headers['strict-transport-security'], /max-age=\d{7,}/);
      });

      test('with a token or about one are not stored', async () => {
        const registered = await exchange(kriya.port, register(uniquePhone()));
        const user = request('GET', '/api/auth/user', {
          headers: [['Authorization', `Bearer ${registered.json.token}`]],
        });
        const answers = [
          registered,
          await exchange(kriya.port, user),
          await exchange(kriya.port, validate(kriya)),
          await exchange(kriya.port, request('GET', '/api/auth/user')),
        ];
        for (const { headers } of answers) assert.equal(headers['cache-control'], 'no-store');
      });
    });

    describe('many connections', () => {
      test('at least 600 from one address are served at once', async () => {
        const clients = await Promise.all(times(600, () => RawClient.connect(kriya.port)));
        for (let round = 0; round < 3; ++round) {
          clients.forEach((client) => client.send(get()));
          const answers = await Promise.all(clients.map((client) => client.answer()));
          assert.ok(answers.every(({ status }) => status === 200));
        }
        assert.ok((await openConnections(kriya)) >= 600);
        clients.forEach((client) => client.destroy());
      });

      /** A new connection with one request: its client if it was served, else its 503. */
      const enter = async (server, options) => {
        const client = await RawClient.connect(server.port, options);
        client.send(get());
        const answer = await client.answer();
        if (answer.status === 200) return { client, answer };
        await client.closed();
        client.destroy();
        return { answer };
      };
      const fill = (server, count, options) =>
        Promise.all(times(count, async () => (await enter(server, options)).client));

      test('beyond MAX_CONNECTIONS get 503 until others leave', async (t) => {
        const small = await startKriya({ t, env: { MAX_CONNECTIONS: '5' } });
        const inside = await fill(small, 5);
        for (let i = 0; i < 20; ++i) {
          const { answer } = await enter(small);
          assert.equal(answer.status, 503);
          assert.match(answer.headers['retry-after'], /^\d+$/);
          assert.equal(answer.headers.connection, 'close');
        }
        inside[0].send(get());
        assert.equal((await inside[0].answer()).status, 200, 'those inside are served on');
        inside.pop().destroy();
        const { client } = await eventually('a free place', async () => {
          const entered = await enter(small);
          return entered.client && entered;
        });
        assert.equal((await enter(small)).answer.status, 503, 'one place was free, no more');
        [...inside, client].forEach((one) => one.destroy());
      });

      test('that are refused learn it by a problem document with an X-Request-Id, like every answer', async (t) => {
        const small = await startKriya({ t, env: { MAX_CONNECTIONS: '1' } });
        const [inside] = await fill(small, 1);
        const { answer } = await enter(small);
        assert.equal(answer.status, 503);
        assertProblem(answer, 503, 'overloaded');
        inside.destroy();
      });

      test('beyond MAX_CONNECTIONS_PER_ADDRESS are refused to that address alone', async (t) => {
        const limited = await startKriya({
          t,
          env: { MAX_CONNECTIONS_PER_ADDRESS: '600', TRUSTED_PROXIES: '127.0.0.4' },
        });
        const crowd = await fill(limited, 600, { from: '127.0.0.2' });
        assert.equal((await enter(limited, { from: '127.0.0.2' })).answer.status, 503);
        const other = await enter(limited, { from: '127.0.0.3' });
        assert.equal(other.answer.status, 200);
        const proxied = await fill(limited, 601, { from: '127.0.0.4' });
        assert.ok(proxied.every(Boolean), 'a trusted proxy speaks for many');
        [...crowd, ...proxied, other.client].forEach((client) => client.destroy());
      });
    });

    describe('the client address in the log', () => {
      const seen = async (server, id, from, ...forwarded) => {
        const headers = forwarded.map((value) => ['X-Forwarded-For', value]);
        await exchange(server.port, get(named(id), ...headers), { from });
        return (await logLine(server, id)).client;
      };

      test('is the peer when no proxy is trusted', async () => {
        assert.equal(await seen(kriya, 'addr-1', '127.0.0.9'), '127.0.0.9');
        assert.equal(await seen(kriya, 'addr-2', '127.0.0.9', '203.0.113.7'), '127.0.0.9');
      });

      test('comes from X-Forwarded-For of a trusted proxy, read from the right', async (t) => {
        const behind = await startKriya({ t, env: { TRUSTED_PROXIES: '127.0.0.2, 10.0.0.0/8, 2001:db8:1::/48' } });
        const cases = [
          ['the address that the proxy added', ['203.0.113.7'], '203.0.113.7'],
          ['not what the client wrote left of it', ['1.2.3.4, 203.0.113.7'], '203.0.113.7'],
          ['through further trusted proxies', ['1.2.3.4, 203.0.113.7, 10.1.2.3, 10.9.9.9'], '203.0.113.7'],
          ['over several header lines', ['1.2.3.4', '203.0.113.7', '10.1.2.3'], '203.0.113.7'],
          ['IPv6 with a port', ['[2001:db8::7]:4711'], '2001:db8::7'],
          ['IPv4 with a port', ['203.0.113.7:4711'], '203.0.113.7'],
          ['through an IPv6 proxy', ['203.0.113.7, 2001:db8:1::5'], '203.0.113.7'],
          ['in canonical form', ['2001:DB8:0:0::7'], '2001:db8::7'],
          ['IPv4 in IPv6 as IPv4', ['::ffff:203.0.113.7'], '203.0.113.7'],
          ['the last proxy that is known when the rest is no address', ['203.0.113.7, unknown, 10.1.2.3'], '10.1.2.3'],
          ['the peer when there is nothing', [''], '127.0.0.2'],
          ['the peer when there is rubbish', ['<script>alert(1)</script>'], '127.0.0.2'],
          ['all the way when every hop is trusted', ['10.0.0.1, 10.0.0.2'], '10.0.0.1'],
        ];
        for (const [index, [what, forwarded, client]] of cases.entries()) {
          assert.equal(await seen(behind, `hop-${index}`, '127.0.0.2', ...forwarded), client, what);
        }
        assert.equal(await seen(behind, 'hop-untrusted', '127.0.0.3', '203.0.113.7'), '127.0.0.3');
      });
    });

    test('2,000 random mutations of good requests leave the server whole', async (t) => {
      const victim = await startKriya({ t, env: { ALLOWED_ORIGINS: 'https://app.example' } });
      const seed = Number(process.env.KRIYA_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
      t.diagnostic(`KRIYA_FUZZ_SEED=${seed}`);
      const random = generator(seed);
      const originals = [
        get(CLOSE),
        request('GET', '/docs', {
          headers: [
            ['Accept-Encoding', 'gzip'],
            ['If-None-Match', '"x"'],
          ],
        }),
        request('OPTIONS', REGISTER, {
          headers: [
            ['Origin', 'https://app.example'],
            ['Access-Control-Request-Method', 'POST'],
          ],
        }),
        register('+14155550123', ['User-Agent', 'fuzz']),
        validate(victim, ['X-Forwarded-For', '1.2.3.4'], named('fuzz')),
        validateChunked(victim, chunked('{"token"', ':"x"}')),
        request('GET', '/api/auth/user?token=a.b.c', { headers: [['Authorization', 'Bearer a.b.c']] }),
        request('DELETE', '/api/auth/logout', { headers: [['Authorization', 'Bearer a.b.c']] }),
        request('POST', VALIDATE, { json: { token: 'x' }, headers: [['Expect', '100-continue']] }),
        request('GET', LIVE, { version: '1.0', headers: [['Connection', 'keep-alive']] }),
      ];
      const statuses = new Map();
      const recent = [];
      const attack = async () => {
        const bytes = mutated(originals, random);
        recent.push(bytes);
        if (recent.length > 40) recent.shift();
        const client = await RawClient.connect(victim.port).catch(() => undefined);
        if (!client) return;
        client.send(bytes);
        client.finish();
        const received = (await client.closed()).toString('latin1');
        client.destroy();
        for (const [, status] of received.matchAll(/HTTP\/1\.1 (\d+) /g))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        assert.match(received, /^(HTTP\/1\.1 \d{3} |$)/, JSON.stringify(bytes));
      };
      await inParallel(
        32,
        times(2000, () => attack),
      );
      const crashed = victim.process.exitCode ?? victim.process.signalCode;
      assert.equal(crashed, null, `kriya died of one of:\n${recent.map((bytes) => JSON.stringify(bytes)).join('\n')}`);
      await assertServes(victim);
      t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`);
      assert.equal(statuses.get('500'), undefined);
      assert.doesNotMatch(victim.stderr(), /"level":"error"/);
    });

    test('the server has survived everything above', () => assertServes(kriya));
  });
});

/** mulberry32: numbers from 0 (inclusive) to `below` (exclusive), the same for the same seed. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutated(originals, random) {
  const pick = (list) => list[random(list.length)];
  const tokens = [
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\0',
    ':',
    ' ',
    '\t',
    ',',
    ';',
    '"',
    '%',
    '0',
    'ffffffff',
    'HTTP/1.1',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Host: b\r\n',
    '\xff\xfe',
    '{',
    '}',
    '\\u0000',
    '\ud83d',
  ];
  let bytes = pick(originals);
  for (let left = 1 + random(3); left > 0; --left) {
    const at = random(bytes.length + 1);
    const size = random(20);
    switch (random(6)) {
      case 0: // another byte
        bytes = bytes.slice(0, at) + String.fromCharCode(random(256)) + bytes.slice(at + 1);
        break;
      case 1: // something that means something
        bytes = bytes.slice(0, at) + pick(tokens) + bytes.slice(at);
        break;
      case 2: // a hole
        bytes = bytes.slice(0, at) + bytes.slice(at + size);
        break;
      case 3: // an echo
        bytes = bytes.slice(0, at) + bytes.slice(Math.max(0, at - size), at) + bytes.slice(at);
        break;
      case 4: // the end
        if (random(3) === 0) bytes = bytes.slice(0, at);
        break;
      default: // another request's tail
        bytes = bytes.slice(0, at) + pick(originals).slice(random(200));
    }
  }
  return bytes;
}
