// Conversations: going on, listing, renaming, deleting, exporting, and whose they are.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import { Browser } from './support/browser.mjs';
import {
  cancel, CHAT, CONVERSATIONS, conversationOf, listen, personWith, post, say, sharedChat, startChat, textOf,
} from './support/chat.mjs';
import { run, send } from './support/kriya.mjs';
import { breaks, calls, says, wish } from './support/model.mjs';
import { until } from './support/service.mjs';
import { assertProblem } from './support/sign_in.mjs';

describe('a conversation', () => {
  const on = sharedChat();
  let browser;
  beforeEach(async () => (browser = await personWith(on.kriya)));

  const ok = async (promise) => {
    const answer = await promise;
    assert.ok(answer.status >= 200 && answer.status < 300, answer.text);
    return answer.json;
  };
  const all = async (who = browser) => (await ok(who.get(CONVERSATIONS))).conversations;

  test('goes on where it stopped, with its calls', async () => {
    on.model.script(calls(wish('add', { a: 3, b: 5 })), says('It is 8.'));
    const { conversation_id: id } = await say(browser, 'What is 3 plus 5?');
    on.model.script(says('It was 8.'));
    const again = await say(browser, 'What was it?', { conversation_id: id });
    assert.equal(again.conversation_id, id);
    const told = on.model.requests[2].json.messages.filter(({ role }) => role !== 'system');
    assert.deepEqual(told.map(({ role }) => role), ['user', 'assistant', 'tool', 'assistant', 'user']);
    assert.deepEqual([told[0].content, told[2].content, told[3].content, told[4].content],
      ['What is 3 plus 5?', '8', 'It is 8.', 'What was it?']);
    assert.equal(told[1].tool_calls[0].function.name, 'add');
  });

  test('goes on as soon as an answer is done', async () => {
    on.model.otherwise(() => says('Yes.'));
    let id;
    for (let i = 0; i < 20; ++i) {
      const stream = await listen(browser, `Again ${i}`, { conversation_id: id });
      id = (await stream.next('done')).data.conversation_id;
    }
    assert.equal(on.model.requests.at(-1).json.messages.filter(({ role }) => role === 'user').length, 20);
  });

  test('is listed, titled by its first words, renamed and deleted', async () => {
    on.model.otherwise(() => says('Yes.'));
    const { conversation_id: first } = await say(browser, 'Tell me of the sea\nand of ships');
    const { conversation_id: second } = await say(browser, 'And of the wind');
    assert.deepEqual((await all()).map(({ id, title }) => [id, title]),
      [[second, 'And of the wind'], [first, 'Tell me of the sea']]);
    await say(browser, 'More', { conversation_id: first });
    assert.deepEqual((await all()).map(({ id }) => id), [first, second], 'the latest is first');
    await ok(browser.patch(`${CONVERSATIONS}/${first}`, { title: 'Ships' }));
    assert.equal((await all())[0].title, 'Ships');
    assertProblem(await browser.patch(`${CONVERSATIONS}/${first}`, { title: '' }), 422, 'invalid_fields');
    await ok(browser.delete(`${CONVERSATIONS}/${first}`));
    assert.deepEqual((await all()).map(({ id }) => id), [second]);
    assertProblem(await post(browser, 'Still there?', { conversation_id: first }), 404, 'not_found');
    assertProblem(await browser.get(`${CONVERSATIONS}/${first}`), 404, 'not_found');
  });

  test('shows what was said and called', async () => {
    on.model.script(calls(wish('add', { a: 3, b: 5 })), says('It is 8.'));
    const { conversation_id: id } = await say(browser, 'What is 3 plus 5?');
    const shown = await ok(browser.get(`${CONVERSATIONS}/${id}`));
    assert.deepEqual([shown.id, shown.title], [id, 'What is 3 plus 5?']);
    assert.deepEqual(shown.messages.map(({ role, content }) => [role, content]), [
      ['user', 'What is 3 plus 5?'], ['assistant', ''], ['tool', '8'], ['assistant', 'It is 8.'],
    ]);
  });

  test('is exported whole, as JSON or to be read', async () => {
    on.model.script(says('Fair winds.'));
    const { conversation_id: id } = await say(browser, 'Say goodbye');
    for (const [query, type] of [['', 'application/json'], ['?format=markdown', 'text/markdown']]) {
      const answer = await send(on.kriya, 'GET', `${CONVERSATIONS}/${id}/export${query}`, { headers: browser.headers });
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.headers['content-type'].startsWith(type));
      assert.match(answer.headers['content-disposition'], /^attachment/);
      assert.ok(answer.text.includes('Say goodbye') && answer.text.includes('Fair winds.'), answer.text);
    }
    assertProblem(await browser.get(`${CONVERSATIONS}/${id}/export?format=docx`), 422, 'invalid_fields');
  });

  test('belongs to the data of the person, and goes with the account', async () => {
    on.model.otherwise(() => says('Fair winds.'));
    await say(browser, 'Say goodbye for ever');
    const operator = (...args) => run(['user', ...args], { cwd: on.kriya.cwd, env: on.kriya.settings });
    const exported = await operator('export', browser.phone);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stdout, /Say goodbye for ever/);
    const deleted = await operator('delete', browser.phone, '--yes');
    assert.equal(deleted.code, 0, deleted.stderr);
    const left = await on.kriya.rows.query(`SELECT id FROM conversations WHERE owner LIKE '%${browser.user.id}%'`);
    assert.deepEqual(left, []);
  });

  test('is kept of the original form alone when it is named', async () => {
    on.model.otherwise(() => says('Yes.'));
    const messages = [{ role: 'user', content: 'Hello' }];
    const { conversation_id: nowhere } = await ok(browser.post(CHAT, { messages }));
    assert.deepEqual(await all(), []);
    assertProblem(await post(browser, 'Go on', { conversation_id: nowhere }), 404, 'not_found');
    const { conversation_id: id } = await say(browser, 'Keep this');
    await ok(browser.post(CHAT, { messages, conversation_id: id }));
    const { messages: kept } = await ok(browser.get(`${CONVERSATIONS}/${id}`));
    assert.deepEqual(kept.map(({ content }) => content), ['Keep this', 'Yes.', 'Hello', 'Yes.']);
  });

  test('is on one page of many', async () => {
    on.model.otherwise(() => says('Yes.'));
    const ids = [];
    for (let i = 0; i < 5; ++i) ids.unshift((await say(browser, `Number ${i}`)).conversation_id);
    const seen = [];
    for (let before = ''; before !== undefined;) {
      const { conversations, next } = await ok(browser.get(`${CONVERSATIONS}?limit=2${before}`));
      assert.ok(conversations.length <= 2);
      seen.push(...conversations.map(({ id }) => id));
      before = next ? `&before=${next}` : undefined;
    }
    assert.deepEqual(seen, ids);
    assertProblem(await browser.get(`${CONVERSATIONS}?limit=0`), 422, 'invalid_fields');
  });

  test('is nobody else\'s', async () => {
    on.model.script(says('Yes.'));
    const { conversation_id: id } = await say(browser, 'Mine');
    for (const other of [await personWith(on.kriya), await Browser.open(on.kriya)]) {
      assert.deepEqual(await all(other), []);
      assertProblem(await other.get(`${CONVERSATIONS}/${id}`), 404, 'not_found');
      assertProblem(await other.get(`${CONVERSATIONS}/${id}/export`), 404, 'not_found');
      assertProblem(await other.patch(`${CONVERSATIONS}/${id}`, { title: 'Mine' }), 404, 'not_found');
      assertProblem(await other.delete(`${CONVERSATIONS}/${id}`), 404, 'not_found');
      assertProblem(await post(other, 'Mine now', { conversation_id: id }), 404, 'not_found');
    }
    assert.equal((await all()).length, 1);
    assert.equal(on.model.requests.length, 1);
  });

  test('keeps what was said when the person stopped the answer', async () => {
    on.model.script(breaks.hang('Once upon'));
    const stream = await listen(browser, 'A story');
    await until(() => textOf(stream) === 'Once upon', 'the beginning');
    const id = await conversationOf(stream);
    await cancel(browser, id);
    await stream.ended;
    on.model.script(says(' a time.'));
    await say(browser, 'Go on', { conversation_id: id });
    const told = on.model.requests[1].json.messages.filter(({ role }) => role !== 'system');
    assert.deepEqual([told[0].content, told[2].content], ['A story', 'Go on']);
    assert.match(told[1].content, /^Once upon\b/);
  });

  test('has one answer at a time', async () => {
    on.model.script(breaks.hang('Well, '));
    const stream = await listen(browser, 'Hi');
    const id = await conversationOf(stream);
    assertProblem(await post(browser, 'And this?', { conversation_id: id }), 409, 'conflict');
    const stranger = await personWith(on.kriya);
    assertProblem(await post(stranger, 'And this?', { conversation_id: id }), 404, 'not_found');
    await cancel(browser, id);
    await stream.ended;
    on.model.script(says('Now.'));
    assert.equal((await say(browser, 'And this?', { conversation_id: id })).response, 'Now.');
  });

  test('lasts beyond a restart', async (t) => {
    const first = await startChat(t, { model: on.model });
    const person = await personWith(first);
    on.model.script(says('I shall.'));
    const { conversation_id: id } = await say(person, 'Remember me');
    assert.equal(await first.stop(), 0);
    const second = await startChat(t, { model: on.model, cwd: first.cwd });
    person.kriya = second;
    on.model.script(says('I do.'));
    assert.equal((await say(person, 'Do you?', { conversation_id: id })).response, 'I do.');
    assert.equal(on.model.requests[1].json.messages.filter(({ role }) => role === 'user').length, 2);
  });
});
