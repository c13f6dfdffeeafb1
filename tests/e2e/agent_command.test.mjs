// kriya agent: scripts by --json, and a person at a terminal; against MCP servers of the official SDK, of both eras.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import { describe, test } from 'node:test';

import { logOut } from './support/accounts.mjs';
import { cleanEnvironment, freshFolder, kriyaBinary, run, startKriya, uniquePhone } from './support/kriya.mjs';
import { startLegacyPeer, startModernPeer } from './support/mcp_peers.mjs';
import { until } from './support/service.mjs';

const PEERS = { legacy: startLegacyPeer, modern: startModernPeer };
const VERSIONS = { legacy: '2025-11-25', modern: '2026-07-28' };

/** Runs kriya agent --json to its end; resolves with its events and exit code. */
async function agent(args, { env = {}, input = '', cwd } = {}) {
  const options = { env: { HOME: '/nonexistent', ...env }, input, cwd };
  const { code, stdout, stderr } = await run(['agent', '--json', ...args], options);
  const events = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return { code, events, stderr, of: (name) => events.filter(({ event }) => event === name) };
}

/** A model that answers with what is given, one answer after the other. */
async function startModel(t, answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push(JSON.parse(body));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const delta of answers[asked.length - 1]) {
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const base = `http://127.0.0.1:${server.address().port}/v1`;
  return { asked, env: { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: base } };
}

const callOf = (name, args) => ({
  tool_calls: [{ index: 0, id: 'c1', function: { name, arguments: JSON.stringify(args) } }],
});

/** kriya agent at a pseudo-terminal, which util-linux's script makes. */
class Terminal {
  #seen = 0;
  #output = '';

  constructor(t, args, env = {}) {
    this.folder = freshFolder();
    const command = [kriyaBinary, 'agent', ...args].map((word) => `'${word}'`).join(' ');
    this.process = spawn('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], {
      cwd: this.folder,
      env: cleanEnvironment({ TERM: 'xterm', XDG_CONFIG_HOME: this.folder, ...env }),
    });
    this.exited = once(this.process, 'close').then(([code]) => code);
    this.process.stdout.setEncoding('utf8').on('data', (piece) => {
      this.#output += piece;
      this.process.emit('shown');
    });
    t.after(async () => {
      this.process.kill('SIGKILL');
      await this.exited;
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  type = (keys) => this.process.stdin.write(keys);

  /** Resolves once this is shown, after all that was waited for before; with what came until then. */
  async shows(words) {
    const end = AbortSignal.timeout(30_000);
    for (;;) {
      const at = this.#output.indexOf(words, this.#seen);
      if (at >= 0) {
        const before = this.#output.slice(this.#seen, at);
        this.#seen = at + words.length;
        return before;
      }
      await Promise.race([
        once(this.process, 'shown', { signal: end }),
        this.exited.then(() => assert.fail(`ended before ${words}: ${this.#output}`)),
      ]);
    }
  }
}

for (const [era, start] of Object.entries(PEERS)) {
  describe(`kriya agent and a server of the ${era} era`, () => {
    test('agrees on a version, lists the tools and calls one', async (t) => {
      const peer = await start(t);
      const { code, events, of } = await agent(['--mcp', peer.url, '/add', 'a=2', 'b=40']);
      assert.deepEqual(events.map(({ event }) => event), ['start', 'tool_call', 'tool_result', 'done']);
      assert.equal(of('start')[0].protocol, VERSIONS[era]);
      assert.equal(of('start')[0].server_info.name, `${era}-peer`);
      assert.deepEqual(of('start')[0].tools.map(({ name }) => name), ['add', 'write', 'fail', 'wait']);
      assert.deepEqual(of('tool_call')[0].arguments, { a: 2, b: 40 });
      assert.equal(of('tool_result')[0].status, 'success');
      assert.equal(of('done')[0].response, '42');
      assert.equal(code, 0);
    });

    test('reads messages from standard input, and says by its exit code that one failed', async (t) => {
      const peer = await start(t);
      const { code, of } = await agent(['--mcp', peer.url], { input: '/fail\n/add a=1 b=1\n' });
      assert.deepEqual(of('tool_result').map(({ status }) => status), ['error', 'success']);
      assert.equal(code, 1);
    });

    for (const word of ['exit', ' quit ']) {
      test(`${word.trim()} leaves where lines come from standard input, too`, async (t) => {
        const peer = await start(t);
        const { code, events, of } = await agent(['--mcp', peer.url], { input: `/add a=1 b=1\n${word}\n/fail\n` });
        assert.deepEqual(of('tool_result').map(({ name }) => name), ['add']);
        assert.equal(events.at(-1).event, 'done');
        assert.equal(code, 0);
      });
    }

    test('a slash alone lists the commands', async (t) => {
      const peer = await start(t);
      const { code, of } = await agent(['--mcp', peer.url, '/']);
      assert.match(of('done')[0].response, /^Commands:\n- `\/add/);
      assert.equal(code, 0);
    });

    test('lets a model call what only reads; the rest is denied where nobody can be asked', async (t) => {
      const peer = await start(t);
      const model = await startModel(t, [
        [callOf('add', { a: 2, b: 3 })],
        [callOf('write', { words: 'x' })],
        [{ content: 'It is ' }, { content: '5.' }],
      ]);
      const { code, of } = await agent(['--mcp', peer.url, 'What is 2 + 3?'], { env: model.env });
      assert.deepEqual(of('tool_result').map(({ name, status }) => [name, status]), [['add', 'success'], ['write', 'error']]);
      assert.deepEqual(peer.events, []);
      assert.equal(of('text').map(({ delta }) => delta).join(''), 'It is 5.');
      assert.equal(of('done')[0].response, 'It is 5.');
      assert.deepEqual(model.asked[0].tools.map((tool) => tool.function.name), ['add', 'write', 'fail', 'wait']);
      assert.equal(code, 0);
    });

    test('--no-approval lets a model call everything', async (t) => {
      const peer = await start(t);
      const model = await startModel(t, [[callOf('write', { words: 'x' })], [{ content: 'Done.' }]]);
      await agent(['--mcp', peer.url, '--no-approval', 'Write x'], { env: model.env });
      assert.deepEqual(peer.events, ['wrote x']);
    });

    test('Ctrl-C stops the tool, not the program; twice at an empty prompt leaves', async (t) => {
      const peer = await start(t);
      const terminal = new Terminal(t, ['--mcp', peer.url]);
      assert.match(await terminal.shows('kriya> '), /add — Add two numbers \(reads only\)/);
      terminal.type('/wait\r');
      await terminal.shows('→ wait');
      await until(() => peer.events.includes('waiting'), 'the tool runs');
      terminal.type('\x03');
      await terminal.shows('Stopped.');
      await terminal.shows('kriya> ');
      await until(() => peer.events.includes('cancelled'), 'the tool hears that it is cancelled');
      terminal.type('/add a=20 b=22\r');
      assert.doesNotMatch(await terminal.shows('42'), /Once more/, 'the prompt knows nothing of that Ctrl-C');
      await terminal.shows('kriya> ');
      terminal.type('\x03');
      await terminal.shows('Once more');
      await terminal.shows('kriya> ');
      terminal.type('\x03');
      assert.equal(await terminal.exited, 0);
    });

    test('asks the person before a tool that does more than read', async (t) => {
      const peer = await start(t);
      const model = await startModel(t, [
        [callOf('write', { words: 'one' })], [{ content: 'First.' }],
        [callOf('write', { words: 'two' })], [{ content: 'Second.' }],
      ]);
      const terminal = new Terminal(t, ['--mcp', peer.url], model.env);
      await terminal.shows('kriya> ');
      terminal.type('Write one\r');
      await terminal.shows('Call write with {"words":"one"}?');
      terminal.type('n\r');
      await terminal.shows('First.');
      await terminal.shows('kriya> ');
      assert.deepEqual(peer.events, []);
      terminal.type('Write two\r');
      await terminal.shows('Call write with {"words":"two"}?');
      terminal.type('y\r');
      await terminal.shows('Second.');
      assert.deepEqual(peer.events, ['wrote two']);
      await terminal.shows('kriya> ');
      terminal.type('exit\r');
      assert.equal(await terminal.exited, 0);
      const history = path.join(terminal.folder, 'kriya', 'history');
      assert.equal(statSync(history).mode & 0o777, 0o600);
      assert.doesNotMatch(readFileSync(history, 'utf8'), /^[ny]$/m, 'answers are not in the history');
    });

    test('takes nothing for a yes that was typed before it asked', async (t) => {
      const peer = await start(t);
      const model = await startModel(t, [[callOf('write', { words: 'one' })], [{ content: 'First.' }]]);
      const terminal = new Terminal(t, ['--mcp', peer.url], model.env);
      await terminal.shows('kriya> ');
      terminal.type('Write one\ry\n');
      await terminal.shows('Call write with {"words":"one"}?');
      terminal.type('n\r');
      await terminal.shows('First.');
      assert.deepEqual(peer.events, []);
    });

    test('shows all that it asks about, or does not ask', async (t) => {
      const peer = await start(t);
      const [long, longer] = [3_000, 40_000].map((length) => 'x'.repeat(length));
      const model = await startModel(t, [
        [callOf('write', { words: `${long} end` })], [callOf('write', { words: longer })], [{ content: 'Over.' }],
      ]);
      const terminal = new Terminal(t, ['--mcp', peer.url], model.env);
      await terminal.shows('kriya> ');
      terminal.type('Write\r');
      await terminal.shows('Call write with ');
      await terminal.shows(' end"}?');
      terminal.type('n\r');
      assert.doesNotMatch(await terminal.shows('Over.'), /\[y\]es.*\[y\]es/s);
      assert.deepEqual(peer.events, []);
      assert.match(model.asked[2].messages.at(-1).content, /too long to be shown/);
    });
  });
}

test('a session that the server lost is begun anew', async (t) => {
  const peer = await startLegacyPeer(t);
  const terminal = new Terminal(t, ['--mcp', peer.url]);
  await terminal.shows('kriya> ');
  peer.forget();
  terminal.type('/add a=2 b=40\r');
  await terminal.shows('success');
  terminal.type('\x04');
  assert.equal(await terminal.exited, 0);
});

test('a tool cannot steer the terminal', async (t) => {
  const peer = await startModernPeer(t);
  const { stdout } = await run(['agent', '--mcp', peer.url, '/fail'], { env: { HOME: '/nonexistent' } });
  assert.match(stdout, /no luck/);
  assert.ok(!stdout.includes('\x1b'), 'no escape, its own or the tool\'s, where there is no terminal');
});

test('a token goes to the server that it was given for, and into no output', async (t) => {
  const peer = await startModernPeer(t);
  const folder = freshFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'token');
  writeFileSync(file, 't0ken-from-file\n');
  const bearers = async (args, options) => {
    peer.requests.length = 0;
    const { code, stderr, events } = await agent(['--mcp', peer.url, ...args, '/add', 'a=1', 'b=1'], options);
    assert.equal(code, 0);
    assert.ok(!(stderr + JSON.stringify(events)).includes('t0ken'));
    return [...new Set(peer.requests.map(({ headers }) => headers.authorization))];
  };
  assert.deepEqual(await bearers([]), [undefined]);
  assert.deepEqual(await bearers(['--token-file', file]), ['Bearer t0ken-from-file']);
  assert.deepEqual(await bearers(['--token-file', '-'], { input: 't0ken-typed\n' }), ['Bearer t0ken-typed']);
  assert.deepEqual(await bearers([], { env: { KRIYA_TOKEN: 't0ken-set' } }), ['Bearer t0ken-set']);
});

test('without a model, a text says how to get one', async (t) => {
  const peer = await startModernPeer(t);
  const { code, of } = await agent(['--mcp', peer.url, 'Hello']);
  assert.match(of('error')[0].detail, /OPENAI_API_KEY/);
  assert.equal(code, 1);
});

test('the key of the environment goes to no server that a file in this folder names', async (t) => {
  const peer = await startModernPeer(t);
  const model = await startModel(t, [[{ content: 'Hello.' }]]);
  const folder = freshFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, '.env'), `OPENAI_BASE_URL=${model.env.OPENAI_BASE_URL}\nOPENAI_API_KEY=from-file\n`);
  const args = ['--mcp', peer.url, 'Hello'];
  // Whoever says nothing in the environment gets both from the file.
  const { of } = await agent(args, { cwd: folder });
  assert.equal(of('done')[0].response, 'Hello.');
  const elsewhere = 'http://127.0.0.1:9/v1';
  await agent([...args, '--api-base', elsewhere], { cwd: folder, env: { OPENAI_API_KEY: 'sk-mine' } });
  await agent(args, { cwd: folder, env: { OPENAI_API_KEY: 'sk-mine', OPENAI_BASE_URL: elsewhere } });
  await agent(args, { cwd: folder, env: { OPENAI_BASE_URL: elsewhere } });
  assert.equal(model.asked.length, 1);
});

test('a server that is not there, or wants a token, is a clear error', async (t) => {
  const refusing = createServer((_, response) => response.writeHead(401).end()).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  t.after(() => refusing.close());
  const url = `http://127.0.0.1:${refusing.address().port}/mcp`;
  const refused = await agent(['--mcp', url, '/add']);
  assert.match(refused.of('error')[0].detail, /token/);
  assert.equal(refused.code, 1);
  refusing.closeAllConnections();
  refusing.close();
  await once(refusing, 'close');
  const absent = await agent(['--mcp', url, '/add']);
  assert.match(absent.of('error')[0].detail, /cannot be reached/);
});

test('nobody to ask for a phone number is an error, not a hang', async () => {
  const { code, of } = await agent(['--url', 'http://127.0.0.1:9', '/add']);
  assert.equal(of('error')[0].code, 'missing_token');
  assert.match(of('error')[0].detail, /at a terminal.*--phone/);
  assert.equal(code, 1);
});

test('a home that is not there is not made', async (t) => {
  const folder = freshFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const HOME = path.join(folder, 'home');
  await agent(['--url', 'http://127.0.0.1:9', '/add'], { env: { HOME } });
  assert.ok(!existsSync(HOME));
});

for (const args of [['--url', 'localhost:8001'], ['--mcp', 'ftp://x/'], ['--api-base', 'x'], ['--token', 'a\nb']]) {
  test(`kriya agent ${JSON.stringify(args)} is refused`, async () => {
    const { code, stderr } = await run(['agent', ...args, 'Hello'], { env: { HOME: '/nonexistent' } });
    assert.equal(code, 1);
    assert.match(stderr, /^kriya: /);
  });
}

test('help says where a token shows and what annotations are worth', async () => {
  const { stdout } = await run(['agent', '--help']);
  assert.match(stdout, /list of processes/);
  assert.match(stdout, /a claim, not a fact/);
});

describe('kriya agent signs in by phone', () => {
  /** Signs a new person in at a terminal; resolves with the file that keeps the sign-in, and all that was shown. */
  async function signIn(t, kriya, args = []) {
    const phone = uniquePhone();
    const terminal = new Terminal(t, ['--url', kriya.url, ...args]);
    await terminal.shows('Phone number');
    terminal.type(`${phone}\r`);
    await terminal.shows('First name');
    terminal.type('Asha\r');
    await terminal.shows('Code sent to ');
    const [, code] = await kriya.printed(/SMS to \S+: .*?\b(\d{6})\b/);
    terminal.type(`${code === '000000' ? '111111' : '000000'}\r`);
    await terminal.shows('Code sent to ');
    terminal.type(`${code}\r`);
    const kept = path.join(terminal.folder, 'kriya', 'agent.json');
    await until(() => existsSync(kept), 'the sign-in is kept');
    return { terminal, kept };
  }

  test('with the code that arrives, and keeps that for the next start', async (t) => {
    const kriya = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const { terminal, kept } = await signIn(t, kriya);
    assert.equal(statSync(kept).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(kept)).mode & 0o777, 0o700);
    const entry = JSON.parse(readFileSync(kept, 'utf8')).servers[kriya.url];
    assert.ok(entry.token && entry.refresh_token);
    const again = await agent(['--url', kriya.url, '/tools'], { env: { XDG_CONFIG_HOME: terminal.folder } });
    assert.ok(again.events.every(({ code: problem }) => problem !== 'missing_token'));
    assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')).servers[kriya.url], entry);
  });

  test('and renews a sign-in that is old', async (t) => {
    const kriya = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const { terminal, kept } = await signIn(t, kriya);
    const document = JSON.parse(readFileSync(kept, 'utf8'));
    const before = document.servers[kriya.url];
    document.servers[kriya.url] = { ...before, expires_at: '2020-01-01T00:00:00Z' };
    writeFileSync(kept, JSON.stringify(document));
    await agent(['--url', kriya.url, '/tools'], { env: { XDG_CONFIG_HOME: terminal.folder } });
    const after = JSON.parse(readFileSync(kept, 'utf8')).servers[kriya.url];
    assert.notEqual(after.refresh_token, before.refresh_token);
    assert.ok(Date.parse(after.expires_at) > Date.now());
  });

  test('anew, when the kept sign-in was ended elsewhere', async (t) => {
    const kriya = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const { terminal, kept } = await signIn(t, kriya);
    const { token } = JSON.parse(readFileSync(kept, 'utf8')).servers[kriya.url];
    assert.equal((await logOut(kriya, token)).status, 200);
    const env = { XDG_CONFIG_HOME: terminal.folder };
    const again = await agent(['--url', kriya.url, '/add', 'a=2', 'b=3'], { env });
    assert.equal(again.of('error').length, 1);
    assert.match(again.of('error')[0].detail, /nobody to ask.*terminal/);
    assert.equal(again.stderr, 'The last sign-in is over.\n');
    assert.equal(again.code, 1);
    assert.equal(JSON.parse(readFileSync(kept, 'utf8')).servers[kriya.url], undefined);
  });

  test('and asks again for a number that is none, before the name', async (t) => {
    const kriya = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const terminal = new Terminal(t, ['--url', kriya.url]);
    await terminal.shows('Phone number');
    terminal.type('abc\r');
    await terminal.shows('The phone number must be');
    assert.doesNotMatch(await terminal.shows('Phone number'), /First name|must be/);
  });

  for (const [keys, exitCode, press] of [['\x03', 130, 'Ctrl-C'], ['\x04', 1, 'Ctrl-D']]) {
    test(`unless the person leaves by ${press}, which is no error`, async (t) => {
      const terminal = new Terminal(t, ['--url', 'http://127.0.0.1:9']);
      await terminal.shows('Phone number');
      terminal.type(keys);
      assert.doesNotMatch(await terminal.shows('Sign-in was given up.'), /nobody to ask/);
      assert.equal(await terminal.exited, exitCode);
    });
  }

  test('and uses the tools of its own server', async (t) => {
    const kriya = await startKriya({ t, env: { PHONE_VERIFICATION: 'required' } });
    const { terminal } = await signIn(t, kriya);
    const { code, of } = await agent(['--url', kriya.url, '/add', 'a=2', 'b=3'], {
      env: { XDG_CONFIG_HOME: terminal.folder },
    });
    assert.equal(of('done')[0].response, '5');
    assert.equal(code, 0);
  });
});
