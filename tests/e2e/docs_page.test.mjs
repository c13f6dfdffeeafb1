// The API page in a real browser.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { chromium } from 'playwright-core';

import { buildFolder, send, startKriya, uniquePhone } from './support/kriya.mjs';

const executablePath = process.env.CHROMIUM_BIN || '/usr/bin/chromium';
const AUTH_ROUTES = [
  ['POST', '/api/auth/register'],
  ['POST', '/api/auth/validate-token'],
  ['GET', '/api/auth/user'],
  ['DELETE', '/api/auth/logout'],
];

let browser;
let context;
let kriya;
before(async () => {
  assert.ok(existsSync(executablePath), `there is no ${executablePath}: scripts/setup.sh test installs it`);
  [browser, kriya] = await Promise.all([
    chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    }),
    startKriya(),
  ]);
  context = await browser.newContext({ viewport: { width: 1280, height: 1400 } });
  context.setDefaultTimeout(20_000);
});
after(async () => {
  await browser?.close();
  await kriya?.dispose();
});

/** Opens the page and collects all that goes wrong on it and all that it asks for. */
async function openDocs(t, base = kriya.publicUrl) {
  const page = await context.newPage();
  t.after(() => page.close());
  const complaints = [];
  const asked = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure().errorText}`));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${base}/docs`);
  await page.locator('.opblock').first().waitFor();
  const foreign = () => asked.filter((url) => !url.startsWith(`${base}/`) && !url.startsWith('data:'));
  return { page, complaints, asked, foreign };
}

/** Opens one operation, fills in a body if there is one, executes it and returns what the page shows as the answer. */
async function tryOut(page, method, route, body) {
  const block = page.locator('.opblock', { has: page.locator(`[data-path="${route}"]`) }).filter({
    has: page.locator('.opblock-summary-method', { hasText: method }),
  });
  await block.locator('.opblock-summary-control').click();
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  await block.getByRole('button', { name: 'Execute' }).click();
  const live = block.locator('.live-responses-table');
  await live.waitFor();
  return {
    status: Number.parseInt(await live.locator('.response-col_status').last().innerText(), 10),
    text: await live.locator('.response-col_description').last().innerText(),
    block,
  };
}

test('loads without a complaint, asks no other host, and lists the auth API', async (t) => {
  const { page, complaints, asked, foreign } = await openDocs(t);
  assert.equal(await page.title(), 'Kriya API');
  for (const [method, route] of AUTH_ROUTES) {
    const block = page.locator(`.opblock-${method.toLowerCase()}`, { has: page.locator(`[data-path="${route}"]`) });
    const summary = block.locator('.opblock-summary');
    assert.ok(await summary.isVisible(), route);
  }
  assert.ok(await page.getByRole('button', { name: 'Authorize' }).isVisible());
  await page.screenshot({ path: path.join(buildFolder, 'docs-page.png'), fullPage: true });
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign(), []);
  assert.ok(asked.some((url) => url.endsWith('/openapi.json')));
});

test('"Try it out" works on /health', async (t) => {
  const { page, complaints, foreign } = await openDocs(t);
  const { status, text } = await tryOut(page, 'GET', '/health');
  await page.screenshot({ path: path.join(buildFolder, 'docs-page-tried-out.png') });
  assert.equal(status, 200);
  assert.match(text, /"status": "ok"/);
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign(), []);
});

test('a newcomer registers, authorizes with the token and reads the user, all on the page', async (t) => {
  const { page, complaints, foreign } = await openDocs(t);
  const phone_number = uniquePhone();
  const registered = await tryOut(page, 'POST', '/api/auth/register', { phone_number, first_name: 'कृष्ण' });
  assert.equal(registered.status, 200, registered.text);
  const [, token] = registered.text.match(/"token": "([\w.-]+)"/);

  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.dialog-ux');
  const form = dialog.locator('.auth-container', { hasText: 'bearer' });
  await form.locator('input').fill(token);
  await form.locator('button.authorize').click();
  await dialog.locator('.close-modal').click();

  const user = await tryOut(page, 'GET', '/api/auth/user');
  assert.equal(user.status, 200, user.text);
  assert.ok(user.text.includes(phone_number));
  assert.ok(user.text.includes('कृष्ण'));
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign(), []);
});

test('"Try it out" also works at another name of the same server than PUBLIC_URL', async (t) => {
  const { page, complaints, foreign } = await openDocs(t, kriya.url);
  const { status } = await tryOut(page, 'GET', '/health');
  assert.equal(status, 200);
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign(), []);
});

test('the page and its files forbid foreign and inline scripts and are compressed on request', async () => {
  const page = await send(kriya, 'GET', '/docs');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  const policy = page.headers['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /connect-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.ok(!/https?:\/\//.test(page.text), 'no absolute address in the page');

  const files = [...page.text.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, file]) => file);
  assert.equal(files.length, 3);
  for (const file of files) {
    const plain = await send(kriya, 'GET', file);
    const packed = await send(kriya, 'GET', file, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(plain.status, 200, file);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.bytes.length < plain.bytes.length || plain.bytes.length < 1000, file);
    assert.ok(gunzipSync(packed.bytes).equals(plain.bytes), file);
    const again = await send(kriya, 'GET', file, { headers: { 'If-None-Match': plain.headers.etag } });
    assert.equal(again.status, 304, file);
    assert.equal(again.bytes.length, 0);
  }
});
