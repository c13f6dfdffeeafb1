// The calls of the chat API, and a server whose model is the stand-in.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, before, beforeEach } from 'node:test';

import { Browser } from './browser.mjs';
import { run } from './kriya.mjs';
import { lifetime, startMessaging } from './messaging.mjs';
import { startModel } from './model.mjs';
import { until } from './service.mjs';
import { codeIn, startVerifying } from './sign_in.mjs';

export const CHAT = '/api/chat';
export const CONVERSATIONS = '/api/conversations';

/**
 * A server where numbers need proof and chat asks the stand-in `model`, one of its own unless one is given. With
 * `telesign: true` (or a stand-in) messages and lookups go there; without, messages are printed.
 */
export async function startChat(t, { model, telesign, env = {}, ...options } = {}) {
  const standIn = model ?? (await startModel({ t }));
  const settings = { env: { ...standIn.settings, ...env }, ...options };
  const kriya = telesign
    ? await startMessaging(t, { ...settings, telesign: telesign === true ? undefined : telesign })
    : await startVerifying(t, settings);
  return Object.assign(kriya, { model: standIn });
}

/** One server and model for the tests of a `describe`; no test may leave anything with the model. */
export function sharedChat(options = {}) {
  const on = {};
  const t = lifetime();
  before(async () => Object.assign(on, { kriya: await startChat(t, options) }));
  before(() => Object.assign(on, { model: on.kriya.model, telesign: on.kriya.telesign }));
  beforeEach(() => on.model.reset());
  afterEach(() => {
    assert.deepEqual(on.model.complaints, [], 'every question was well-formed');
    assert.equal(on.model.unusedAnswers, 0, 'every scripted answer was asked for');
  });
  return on;
}

/** A browser in which a person signed in who may do these things besides the ordinary. */
export async function personWith(kriya, ...scopes) {
  const browser = await Browser.open(kriya);
  const code = kriya.telesign && (async (to) => codeIn((await kriya.telesign.nextMessage({ to })).text));
  await browser.signIn({ code });
  if (scopes.length > 0) {
    const granted = await run(['user', 'grant', browser.phone, ...scopes], { cwd: kriya.cwd, env: kriya.settings });
    assert.equal(granted.code, 0, granted.stderr);
  }
  return browser;
}

/** The answer to one message as JSON, whatever it is. */
export const post = (browser, message, more = {}) => browser.post(CHAT, { message, ...more });

/** The same, and it must be good: its body. */
export async function say(browser, message, more) {
  const answer = await post(browser, message, more);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** The answer to one message as events. */
export async function listen(browser, message, more = {}) {
  const stream = await browser.stream(CHAT, { message, ...more });
  assert.equal(stream.status, 200);
  assert.match(stream.headers['content-type'], /^text\/event-stream\b/);
  return stream;
}

/** All that `text` events said so far. */
export const textOf = (stream) => stream.named('text').map(({ data }) => data.delta).join('');

/** The last event of an answer that is over: `done`. */
export async function done(stream) {
  const events = await stream.all();
  assert.equal(events.at(-1).event, 'done', JSON.stringify(events));
  return events.at(-1).data;
}

/** The conversation in which an answer is given, by which it is stopped and its calls are approved. */
export const conversationOf = async (stream) => (await stream.next('start')).data.conversation_id;

export const cancel = (browser, conversation) => browser.request('POST', `${CHAT}/${conversation}/cancel`);

/** `decision`: allow, always, deny; `call` as the event `approval` named it. */
export const decide = (browser, conversation, call, decision) =>
  browser.post(`${CHAT}/${conversation}/approvals`, { id: call, decision });

/** The entries of tool_calls.json so far, oldest first. */
export function toolLog(kriya) {
  const file = path.join(kriya.dataDir, 'logs', 'tool_calls.json');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').trimEnd().split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/** Resolves with the entries of one session (a conversation) once there are so many. */
export const loggedCalls = (kriya, session, count = 1) =>
  until(() => {
    const entries = toolLog(kriya).filter(({ session_id: id }) => id === session);
    return entries.length >= count && entries;
  }, () => `${count} entries of ${session} in ${JSON.stringify(toolLog(kriya))}`);

/** The messages of role tool in a question to the model, in order: [call id, content]. */
export const toldToModel = ({ json }) =>
  json.messages.filter(({ role }) => role === 'tool').map(({ tool_call_id: id, content }) => [id, content]);
