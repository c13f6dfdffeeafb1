// kriya audit: what was done to the log of tool calls is found. The lines are made here, by the words of
// docs/tool-log.md, so that the format is held, too; and the script in that document checks them as well.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, hkdfSync } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { freshFolder, JWT_SECRET, run, startKriya } from './support/kriya.mjs';

const key = Buffer.from(hkdfSync('sha256', JWT_SECRET, '', 'kriya/tool-log', 32));
const mac = (text, by = key) => createHmac('sha256', by).update(text).digest('hex');
const document = readFileSync(new URL('../../docs/tool-log.md', import.meta.url), 'utf8');
const [, script] = document.match(/```python\n([\s\S]*?)```/);

const call = (number) => ({
  timestamp: `2026-11-21T09:30:0${number}Z`,
  session_id: 's',
  tool_name: 'add',
  arguments: { a: number },
  status: 'success',
  duration_ms: 1.25,
  result: String(number),
  metadata: {},
  user_id: null,
  client_id: 'c',
  via: 'mcp',
  upstream: '',
  decision: 'allowed',
  error_kind: '',
  request_id: 'r',
  trace_id: '',
  client_address: '127.0.0.1',
  argument_bytes: 7,
  result_bytes: 1,
  redactions: 0,
  id: `019aa5f4-7c0${number}-7a3e-9d53-0d5c1b2e4f60`,
});

/** Six calls in two files, as a server leaves them. */
function makeLog() {
  const folder = freshFolder();
  const logs = path.join(folder, 'data', 'logs');
  mkdirSync(logs, { recursive: true });
  const json = [];
  const text = [];
  let before = { json: '0'.repeat(64), text: '0'.repeat(64) };
  for (let sequence = 1; sequence <= 6; sequence += 1) {
    const covered = `${JSON.stringify(call(sequence)).slice(0, -1)},"sequence":${sequence},"previous":"${before.json}"`;
    const line = `2026-11-21T09:30:0${sequence}Z success add {"a":${sequence}} 1.25ms -> ${sequence} #${sequence}`;
    before = { json: mac(covered), text: mac(`${before.text} ${line}`) };
    json.push(`${covered},"hash":"${before.json}"}`);
    text.push(`${line}:${before.text}`);
  }
  const write = (name, lines) => writeFileSync(path.join(logs, name), lines.map((line) => `${line}\n`).join(''));
  const log = {
    folder,
    logs,
    json,
    text,
    put() {
      write('tool_calls-20261121T093003Z-3.json', json.slice(0, 3));
      write('tool_calls.json', json.slice(3));
      write('tool_calls.log', text);
    },
    async verify(...args) {
      const env = { JWT_SECRET_KEY: JWT_SECRET, PLANE_API_KEY: 'k'.repeat(20) };
      const { code, stdout } = await run(['audit', 'verify', '--json', '--files-only', ...args], { cwd: folder, env });
      const report = JSON.parse(stdout);
      assert.equal(code, report.good ? 0 : 1);
      return { ...report, found: report.breaks.map(({ file, line, what }) => `${file}:${line} ${what}`) };
    },
    script() {
      const files = ['tool_calls-20261121T093003Z-3.json', 'tool_calls.json'].map((name) => path.join(logs, name));
      const env = { PATH: process.env.PATH, MASTER_KEY: JWT_SECRET };
      return execFileSync('python3', ['-c', script, ...files], { env, encoding: 'utf8', stdio: 'pipe' });
    },
  };
  log.putHead = (stored) => {
    const head = `json 6 ${before.json}\ntext 6 ${before.text}\nstored ${stored}\n`;
    writeFileSync(path.join(logs, 'tool_calls.head'), `${head}mac ${mac(`head tool_calls.head\n${head}`)}\n`);
  };
  log.putHead(6);
  log.put();
  return log;
}

describe('kriya audit verify', { concurrency: true }, () => {
  const check = (name, harm, expected) =>
    test(name, async (t) => {
      const log = makeLog();
      t.after(() => rmSync(log.folder, { recursive: true }));
      harm(log);
      const { found } = await log.verify();
      assert.deepEqual(found, expected);
    });

  test('finds nothing where nothing was done, and says what it has looked at', async (t) => {
    const log = makeLog();
    t.after(() => rmSync(log.folder, { recursive: true }));
    const { good, files } = await log.verify();
    assert.equal(good, true);
    assert.deepEqual(
      files.map(({ file, lines, first, last }) => [file, lines, first.slice(17, 19), last.slice(17, 19)]),
      [
        ['tool_calls-20261121T093003Z-3.json', 3, '01', '03'],
        ['tool_calls.json', 3, '04', '06'],
        ['tool_calls.log', 6, '01', '06'],
      ],
    );
    assert.match(log.script(), /6 lines are good/, 'and the script of the document agrees');
  });

  test('and the script of the document find an altered line', async (t) => {
    const log = makeLog();
    t.after(() => rmSync(log.folder, { recursive: true }));
    log.json[4] = log.json[4].replace('"a":5', '"a":6');
    log.put();
    assert.deepEqual((await log.verify()).found, ['tool_calls.json:2 altered']);
    assert.throws(() => log.script(), /tool_calls.json:2 is not as it was written/);
  });

  const put = (change) => (log) => (change(log), log.put());
  check('finds an altered line of the readable file', put(({ text }) => {
    text[1] = text[1].replace('"a":2', '"a":3');
  }), ['tool_calls.log:2 altered']);
  check('finds a removed line', put(({ json }) => json.splice(1, 1)), [
    'tool_calls-20261121T093003Z-3.json:2 removed',
  ]);
  check('finds a removed file', ({ logs }) => rmSync(path.join(logs, 'tool_calls-20261121T093003Z-3.json')), [
    'tool_calls.json:1 removed',
  ]);
  check('finds lines that changed places', put(({ text }) => text.splice(2, 2, text[3], text[2])), [
    'tool_calls.log:4 reordered',
  ]);
  check('finds that the newest lines are gone', put(({ json }) => json.splice(4)), ['tool_calls.json:1 truncated']);
  check('finds a torn line', ({ logs }) => appendFileSync(path.join(logs, 'tool_calls.json'), '{"timestamp":"20'), [
    'tool_calls.json:4 torn',
  ]);
  check('finds a line made without the key', put((log) => {
    const covered = log.json[5].slice(0, log.json[5].lastIndexOf(',"hash"')).replace('"a":6', '"a":7');
    log.json[5] = `${covered},"hash":"${mac(covered, Buffer.alloc(32))}"}`;
  }), ['tool_calls.json:3 altered']);
});

test('a server makes rows of lines that a crash has left without, and says so in kriya audit list', async (t) => {
  const log = makeLog();
  t.after(() => rmSync(log.folder, { recursive: true }));
  log.putHead(0);
  const kriya = await startKriya({ cwd: log.folder, t });
  const env = { JWT_SECRET_KEY: JWT_SECRET, PLANE_API_KEY: kriya.apiKey };
  let rows = [];
  for (let tries = 0; tries < 100 && rows.length < 6; tries += 1) {
    const { code, stdout, stderr } = await run(['audit', 'list', '--json'], { cwd: log.folder, env });
    assert.equal(code, 0, stderr);
    rows = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
  assert.deepEqual(rows.map((row) => row.result), ['6', '5', '4', '3', '2', '1']);
  assert.deepEqual(rows[0].arguments, { a: 6 });
  assert.deepEqual(rows.map((row) => row.duration_ms), Array(6).fill(1.25), 'as in the lines');
  const { code, stdout } = await run(['audit', 'verify'], { cwd: log.folder, env });
  assert.equal(code, 0, stdout);
  await kriya.dispose();

  log.json.splice(5);
  log.put();
  rmSync(path.join(log.logs, 'tool_calls.head'));
  const gone = await run(['audit', 'verify'], { cwd: log.folder, env });
  assert.equal(gone.code, 1);
  assert.match(gone.stdout, /1 row\(s\) of the database have no line/);

  const again = await startKriya({ cwd: log.folder, t });
  assert.match(again.stderr() + again.stdout(), /the head of the log of tool calls is gone or cannot be read/);
  await again.dispose();
  const restarted = await run(['audit', 'verify', '--files-only'], { cwd: log.folder, env });
  assert.equal(restarted.code, 1, 'a restart does not cover it up');
  assert.match(restarted.stdout, /nobody knew how far the log had come/);

  rmSync(log.logs, { recursive: true });
  const nothing = await run(['audit', 'verify'], { cwd: log.folder, env });
  assert.equal(nothing.code, 1);
  assert.match(nothing.stdout, /[67] row\(s\) of the database have no line/);
});
