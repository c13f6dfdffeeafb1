// The official conformance suite of the Model Context Protocol, every scenario that it scores, in both eras: against the
// fixture, which is the production endpoint with an offer of its own (tests/support/mcp_fixture).
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const program = process.env.KRIYA_BIN ?? path.resolve(here, '../../build/release/kriya');
const SUITE = path.join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

// How many scenarios each revision scores. Those that are not scored are listed where they must pass, too.
const REVISIONS = [
  {
    version: '2025-11-25',
    scored: 30,
    unscored: ['server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'],
  },
  {
    version: '2026-07-28',
    scored: 37,
    unscored: ['json-schema-2020-12', 'http-header-validation', 'http-custom-header-server-validation'],
  },
];

describe('the conformance suite of MCP', () => {
  let fixture;
  let url;

  before(async () => {
    fixture = spawn(path.join(path.dirname(program), 'kriya_mcp_fixture'), { stdio: ['pipe', 'pipe', 'inherit'] });
    [url] = await once(createInterface({ input: fixture.stdout }), 'line');
  });

  after(async () => {
    const exited = once(fixture, 'exit');
    fixture.stdin.end();
    assert.deepEqual(await exited, [0, null], 'the fixture ends in order');
  });

  const run = (version) =>
    new Promise((resolve) => {
      const results = mkdtempSync(path.join(tmpdir(), 'kriya-mcp-'));
      const words = [SUITE, 'server', '--url', url, '--requirements', version, '-o', results];
      execFile(process.execPath, words, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        rmSync(results, { recursive: true, force: true });
        resolve({ code: error?.code ?? 0, text: stdout + stderr });
      });
    });

  for (const { version, scored, unscored } of REVISIONS) {
    test(`passes all ${scored} scored scenarios of ${version}`, async () => {
      const { code, text } = await run(version);
      const summary = text.slice(text.indexOf('=== SUMMARY ==='));
      const passed = new Set([...summary.matchAll(/^✓ ([\w-]+): [1-9]\d* passed, 0 failed/gm)].map(([, name]) => name));
      assert.equal(code, 0, summary);
      assert.deepEqual(unscored.filter((name) => !passed.has(name)), [], summary);
      assert.ok(passed.size >= scored + unscored.length, summary);
    });
  }
});
