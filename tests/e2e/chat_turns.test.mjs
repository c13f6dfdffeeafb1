// Answers on their way: stopping them and their tools, allowing calls, and many at a time.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';

import { Browser } from './support/browser.mjs';
import {
  cancel, CHAT, conversationOf, CONVERSATIONS, decide, done, listen, loggedCalls, personWith, post, say, sharedChat, startChat,
  textOf, toldToModel, toolLog,
} from './support/chat.mjs';
import { run, uniquePhone } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import { breaks, calls, neverBegins, says, wish } from './support/model.mjs';
import { until } from './support/service.mjs';
import { assertProblem } from './support/sign_in.mjs';

const SOON = 3000; // ms within which what is stopped has stopped, on a busy machine

describe('stopping', () => {
  const on = sharedChat({ telesign: true });
  let browser;
  before(async () => (browser = await personWith(on.kriya, 'phone:lookup')));

  /** The model was told by its connection, soon. */
  async function isStopped(request, since) {
    const { cut, at } = await request.over;
    assert.ok(cut, 'the model was stopped before its end');
    assert.ok(at - since < SOON, `the model was stopped after ${Math.round(at - since)} ms`);
  }

  test('by leaving stops the model of an answer in events', async () => {
    on.model.script(breaks.hang('Well, '));
    const stream = await listen(browser, 'Hi');
    await stream.next('text');
    const since = performance.now();
    stream.close();
    await isStopped(await on.model.nextRequest(), since);
  });

  test('by leaving stops the model of an answer as JSON', async () => {
    on.model.script(breaks.hang('Well, '));
    const request = browser.start(CHAT, { message: 'Hi' });
    const asked = await on.model.nextRequest();
    const since = performance.now();
    request.destroy();
    await isStopped(asked, since);
  });

  test('by leaving stops a model that has not begun', async () => {
    on.model.script(neverBegins);
    const stream = await listen(browser, 'Hi');
    const asked = await on.model.nextRequest();
    const since = performance.now();
    stream.close();
    await isStopped(asked, since);
  });

  test('by request ends the answer, which says so', async () => {
    on.model.script(breaks.hang('Well, '));
    const stream = await listen(browser, 'Hi');
    await stream.next('text');
    const since = performance.now();
    const id = await conversationOf(stream);
    const answer = await cancel(browser, id);
    assert.equal(answer.status, 202, answer.text);
    await isStopped(await on.model.nextRequest(), since);
    const last = await done(stream);
    assert.equal(last.metadata.stopped, true, JSON.stringify(last));
    // The words come in pieces, and the stop between any two.
    assert.ok(last.response && 'Well, '.startsWith(last.response), last.response);
    on.model.script(says('Again.'));
    assert.equal((await say(browser, 'Go on', { conversation_id: id })).response, 'Again.');
  });

  test('is not for another person, nor for what does not run', async () => {
    on.model.script(breaks.hang('Well, '));
    const stream = await listen(browser, 'Hi');
    const id = await conversationOf(stream);
    for (const other of [await Browser.open(on.kriya), await personWith(on.kriya)]) {
      assertProblem(await cancel(other, id), 404, 'not_found');
    }
    const { ended } = await on.model.nextRequest();
    assert.equal(ended, undefined, 'it still runs');
    await cancel(browser, id);
    await stream.ended;
    await until(async () => (await cancel(browser, id)).status === 404, 'it runs no more');
    assertProblem(await cancel(browser, '00000000-0000-7000-8000-000000000000'), 404, 'not_found');
    assert.ok([404, 422].includes((await cancel(browser, 'mine')).status));
  });

  const hangs = () => {
    const phone = uniquePhone();
    on.model.script(calls(wish('lookup_phone_number', { phone_number: phone })));
    return on.telesign.behave({ to: phone, answer: 'held' });
  };

  test('stops a tool that hangs', async () => {
    for (const how of ['leaving', 'request']) {
      const rule = hangs();
      const stream = await listen(browser, 'Look it up');
      const id = await conversationOf(stream);
      await rule.struck();
      const since = performance.now();
      if (how === 'leaving') stream.close();
      else await cancel(browser, id);
      const [entry] = await loggedCalls(on.kriya, id);
      assert.ok(performance.now() - since < SOON, `${how}: it stopped after ${performance.now() - since} ms`);
      assert.deepEqual([entry.tool_name, entry.status], ['lookup_phone_number', 'error']);
      await stream.ended;
      rule.release();
    }
  });

  test('is what time does to a tool that hangs, and the model goes on', async (t) => {
    const kriya = await startChat(t, {
      model: on.model, telesign: on.telesign, env: { TOOL_TIMEOUT_SECONDS: '1' },
    });
    const person = await personWith(kriya, 'phone:lookup');
    const rule = hangs();
    on.model.script(says('It took too long.'));
    const begunAt = performance.now();
    const { response, tool_calls: [made] } = await say(person, 'Look it up');
    assert.ok(performance.now() - begunAt < 1000 + SOON);
    assert.equal(response, 'It took too long.');
    assert.equal(made.status, 'error');
    assert.match(made.result, /time|second/i);
    assert.equal(toldToModel(on.model.requests[1])[0][1], made.result);
    rule.release();
  });

});

describe('signing out, or losing a scope,', () => {
  const on = sharedChat({ telesign: true });

  test('leaves no call to be made, not even one that only reads', async () => {
    const leaving = await personWith(on.kriya, 'phone:lookup');
    on.model.script(async () => {
      await leaving.request('DELETE', '/api/session');
      return calls(wish('lookup_phone_number', { phone_number: uniquePhone() }));
    });
    const stream = await listen(leaving, 'Look it up');
    const id = await conversationOf(stream);
    const { event, data } = (await stream.all()).at(-1);
    assert.deepEqual([event, data.status, data.code], ['error', 401, 'invalid_token']);
    const [entry] = await loggedCalls(on.kriya, id);
    assert.deepEqual([entry.status, entry.decision, entry.error_kind], ['error', 'denied', 'signed_out']);
  });

  test('is felt by a call of an answer that is on its way', async () => {
    const losing = await personWith(on.kriya, 'phone:lookup');
    on.model.script(async () => {
      const { code, stderr } = await run(['user', 'ungrant', losing.phone, 'phone:lookup'],
        { cwd: on.kriya.cwd, env: on.kriya.settings });
      assert.equal(code, 0, stderr);
      return calls(wish('lookup_phone_number', { phone_number: uniquePhone() }));
    }, says('I may not.'));
    const { tool_calls: [made], conversation_id: id } = await say(losing, 'Look it up');
    assert.equal(made.status, 'error');
    const [entry] = await loggedCalls(on.kriya, id);
    assert.deepEqual([entry.decision, entry.error_kind], ['denied', 'not_found']);
  });
});

describe('a call that does more than read', () => {
  const on = sharedChat({ telesign: true });
  let browser;
  let phone;
  before(async () => (browser = await personWith(on.kriya, 'messages:send')));
  beforeEach(() => (phone = uniquePhone()));

  const text = 'Your table is ready.';
  const sms = () => wish('send_sms', { phone_number: phone, message: text });
  const sent = () => on.telesign.messagesTo(phone).length;
  /** An answer that waits for the person. */
  async function waiting(one = sms(), more = {}) {
    on.model.script(calls(one));
    const stream = await listen(browser, 'Tell them', more);
    const { data } = await stream.next('approval');
    assert.deepEqual([data.name, data.arguments], [one.name, JSON.parse(one.text)]);
    assert.equal(data.call_id, (await stream.next('tool_call')).data.id);
    assert.notEqual(data.id, data.call_id);
    assert.equal(sent(), 0);
    return { stream, id: await conversationOf(stream), call: data.id };
  }

  test('is made once when the person allows it', async () => {
    const { stream, id, call: one } = await waiting();
    on.model.script(says('Sent.'));
    assert.equal((await decide(browser, id, one, 'allow')).status, 202);
    const { response, tool_calls: [made] } = await done(stream);
    assert.deepEqual([response, made.status], ['Sent.', 'success']);
    assert.equal(sent(), 1);
    assertProblem(await decide(browser, id, one, 'allow'), 404, 'not_found');
    assert.equal(sent(), 1);
    const [entry] = await loggedCalls(on.kriya, id);
    assert.equal(entry.decision, 'approved');
  });

  test('is not made when the person denies it, and the model is told', async () => {
    const { stream, id, call: one } = await waiting();
    on.model.script(says('As you wish.'));
    assert.equal((await decide(browser, id, one, 'deny')).status, 202);
    const { response, tool_calls: [made] } = await done(stream);
    assert.deepEqual([response, made.status], ['As you wish.', 'error']);
    assert.equal(toldToModel(on.model.requests[1])[0][1], made.result);
    assert.equal(sent(), 0);
    const [entry] = await loggedCalls(on.kriya, id);
    assert.deepEqual([entry.decision, entry.error_kind, entry.status], ['denied', 'denied', 'error']);
  });

  test('is not asked for again in a conversation where it is always allowed', async () => {
    const { stream, id, call: one } = await waiting();
    on.model.script(says('Sent.'));
    await decide(browser, id, one, 'always');
    await done(stream);
    phone = uniquePhone();
    on.model.script(calls(sms()), says('Sent, too.'));
    const again = await listen(browser, 'And them', { conversation_id: id });
    assert.equal((await done(again)).response, 'Sent, too.');
    assert.equal(again.named('approval').length, 0);
    assert.equal(sent(), 1);
    phone = uniquePhone();
    const other = await waiting();
    on.model.script(says('No.'));
    await decide(browser, other.id, other.call, 'deny');
    await done(other.stream);
  });

  test('is not allowed by what allowed another, whatever the model calls it', async () => {
    const { stream, id, call: one } = await waiting({ ...sms(), id: 'same' });
    on.model.script(says('Sent.'));
    await decide(browser, id, one, 'allow');
    await done(stream);
    phone = uniquePhone();
    const next = await waiting({ ...sms(), id: 'same' }, { conversation_id: id });
    for (const replayed of [one, 'same']) assertProblem(await decide(browser, id, replayed, 'allow'), 404, 'not_found');
    assert.equal(sent(), 0);
    on.model.script(says('No.'));
    await decide(browser, id, next.call, 'deny');
    await done(next.stream);
    assert.equal(sent(), 0);
  });

  test('is decided by nobody else, nor with other words', async () => {
    const { stream, id, call: one } = await waiting();
    for (const other of [await Browser.open(on.kriya), await personWith(on.kriya, 'messages:send')]) {
      assertProblem(await decide(other, id, one, 'allow'), 404, 'not_found');
      assertProblem(await cancel(other, id), 404, 'not_found');
    }
    assertProblem(await decide(browser, id, one, 'perhaps'), 422, 'invalid_fields');
    assertProblem(await decide(browser, id, 'another', 'allow'), 404, 'not_found');
    assert.equal(sent(), 0);
    on.model.script(says('No.'));
    await decide(browser, id, one, 'deny');
    await done(stream);
    assert.equal(sent(), 0);
  });

  test('is not made after the person left or stopped the answer', async () => {
    for (const how of ['leaving', 'request']) {
      const { stream, id, call: one } = await waiting();
      if (how === 'leaving') stream.close();
      else await cancel(browser, id);
      await stream.ended;
      await loggedCalls(on.kriya, id); // the call was given up
      assertProblem(await decide(browser, id, one, 'allow'), 404, 'not_found');
      assert.equal(sent(), 0);
      phone = uniquePhone();
    }
  });

  test('is not made after its conversation was deleted', async () => {
    const { stream, id, call: one } = await waiting();
    const { status, text: body } = await browser.delete(`${CONVERSATIONS}/${id}`);
    assert.equal(status, 200, body);
    const [entry] = await loggedCalls(on.kriya, id);
    assert.deepEqual([entry.decision, entry.error_kind], ['none', 'cancelled']);
    assertProblem(await decide(browser, id, one, 'allow'), 404, 'not_found');
    await stream.all();
    assert.equal(sent(), 0);
  });

  test('is denied where nobody can be asked: in an answer as JSON', async () => {
    on.model.script(calls(sms()), says('I may not.'));
    const { response, tool_calls: [made] } = await say(browser, 'Tell them');
    assert.deepEqual([response, made.status], ['I may not.', 'error']);
    assert.match(made.result, /approve/);
    assert.equal(sent(), 0);
  });

  test('is made beside others that wait for nobody', async () => {
    const [one, sum] = [sms(), wish('add', { a: 2, b: 2 })];
    on.model.script(calls(one, sum));
    const stream = await listen(browser, 'Both');
    const { data: asked } = await stream.next('approval');
    const { data } = await stream.next('tool_result');
    assert.deepEqual([data.id, data.result], [sum.id, '4']);
    on.model.script(says('Both done.'));
    await decide(browser, await conversationOf(stream), asked.id, 'allow');
    const { tool_calls: made } = await done(stream);
    assert.deepEqual(made.map(({ name, status }) => [name, status]), [['send_sms', 'success'], ['add', 'success']]);
    assert.equal(sent(), 1);
  });

  test('waits as TOOL_APPROVAL says', async (t) => {
    const options = { model: on.model, telesign: on.telesign };
    const careless = await startChat(t, { ...options, env: { TOOL_APPROVAL: 'never' } });
    on.model.script(calls(sms()), says('Sent.'));
    const { tool_calls: [made] } = await say(await personWith(careless, 'messages:send'), 'Tell them');
    assert.deepEqual([made.status, sent()], ['success', 1]);
    const careful = await startChat(t, { ...options, env: { TOOL_APPROVAL: 'always' } });
    on.model.script(calls(wish('add', { a: 2, b: 2 })), says('4.'));
    const person = await Browser.open(careful);
    const stream = await listen(person, 'Reckon');
    const { data: asked } = await stream.next('approval');
    assert.equal(asked.name, 'add');
    await decide(person, await conversationOf(stream), asked.id, 'allow');
    assert.equal((await done(stream)).response, '4.');
  });

  test('is not made, and the answer ends, once its person has signed out or may do less', async (t) => {
    const careless = await startChat(t, { model: on.model, telesign: on.telesign, env: { TOOL_APPROVAL: 'never' } });
    const one = () => ({ phone_number: phone, message: text });
    const signingOut = await personWith(careless, 'messages:send');
    on.model.script(async () => {
      await signingOut.request('DELETE', '/api/session');
      return calls(wish('send_sms', one()));
    });
    assertProblem(await post(signingOut, 'Tell them'), 401, 'invalid_token');
    assert.equal(sent(), 0);
    const losing = await personWith(careless, 'messages:send');
    on.model.script(async () => {
      const { code, stderr } = await run(['user', 'ungrant', losing.phone, 'messages:send'],
        { cwd: careless.cwd, env: careless.settings });
      assert.equal(code, 0, stderr);
      return calls(wish('send_sms', one()));
    }, says('I may not.'));
    const { tool_calls: [made] } = await say(losing, 'Tell them');
    assert.deepEqual([made.status, sent()], ['error', 0]);
  });

  test('waits for nobody when it was typed', async () => {
    const { tool_calls: [made] } = await say(browser, `/send_sms phone_number=${phone} message="${text}"`);
    assert.equal(made.status, 'success', JSON.stringify(made));
    assert.equal(sent(), 1);
    assert.equal(on.model.requests.length, 0);
  });
});

describe('many chats at once', () => {
  const on = sharedChat();

  test('are all answered, each with its own', async () => {
    on.model.otherwise(({ json }) => {
      const [, number] = json.messages.findLast(({ role }) => role === 'user').content.match(/(\d+)/);
      const [told] = toldToModel({ json });
      return told ? says(`Twice ${number} is ${told[1]}.`) : calls(wish('add', { a: +number, b: +number }));
    });
    const browsers = await times(200, () => Browser.open(on.kriya));
    const answers = await times(200, async (i) => {
      if (i % 2 === 0) return (await say(browsers[i], `Number ${i}`)).response;
      const stream = await listen(browsers[i], `Number ${i}`);
      const { response } = await done(stream);
      assert.equal(textOf(stream), response);
      return response;
    });
    assert.deepEqual(answers, Array.from({ length: 200 }, (_, i) => `Twice ${i} is ${2 * i}.`));
    await until(() => toolLog(on.kriya).length === 200, 'every call is in the log');
  });

  test('of one person are only so many', async () => {
    on.model.otherwise(() => breaks.hang('Well'));
    const person = await Browser.open(on.kriya);
    const all = await times(30, () => person.stream(CHAT, { message: 'Hang' }));
    const refused = all.filter(({ status }) => status !== 200);
    assert.equal(all.length - refused.length, 8);
    for (const { status, headers } of refused) {
      assert.equal(status, 429);
      assert.ok(Number(headers['retry-after']) > 0);
    }
    for (const stream of all) stream.close();
    on.model.otherwise(() => says('Here.'));
    await until(async () => (await post(person, 'Are you there?')).status === 200, 'those are over');
  });

  test('that hang keep nobody else waiting', async () => {
    on.model.otherwise(({ json }) => (json.messages.at(-1).content === 'Hang' ? breaks.hang('Well') : says('Here.')));
    const browsers = await times(100, () => Browser.open(on.kriya));
    const hanging = await times(100, (i) => listen(browsers[i], 'Hang'));
    await times(100, (i) => hanging[i].next('text'));
    assert.equal((await say(await Browser.open(on.kriya), 'Are you there?')).response, 'Here.');
    for (const stream of hanging) stream.close();
    for (const request of on.model.requests.filter(({ json }) => json.messages.at(-1).content === 'Hang')) {
      assert.ok((await request.over).cut);
    }
  });
});
