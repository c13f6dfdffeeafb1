// kriya sms and kriya phone: an operator sends, looks at the record, checks the provider, proves and unlocks numbers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import { cleanEnvironment, kriyaBinary, run, uniquePhone } from './support/kriya.mjs';
import {
  accepted, assertSent, becomes, get, handOvers, record, sendSms, startMessaging, TEXT,
} from './support/messaging.mjs';
import { misbehaviour } from './support/meta.mjs';
import { until } from './support/service.mjs';
import { answer, ask, assertTooMany, codeIn, coolDown, wrong } from './support/sign_in.mjs';

/** Runs a sub-command beside the server, with its settings. */
const command = (kriya, args, more = {}) =>
  run(args, { cwd: kriya.cwd, env: { ...kriya.settings, ...more } });

async function succeeds(kriya, args, more) {
  const { code, stdout, stderr } = await command(kriya, args, more);
  assert.equal(code, 0, `kriya ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

async function fails(kriya, args, more) {
  const { code, stdout, stderr } = await command(kriya, args, more);
  assert.ok(Number.isInteger(code) && code !== 0, `kriya ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  assert.match(stderr, /\S/, 'it says why');
  return stderr;
}

describe('help', () => {
  const commands = ['sms', 'sms send', 'sms status', 'sms log', 'sms selftest'];
  for (const words of [...commands, 'phone', 'phone lookup', 'phone risk', 'phone verify', 'phone unlock']) {
    test(`of kriya ${words} says what it does`, async () => {
      const { code, stdout } = await run([...words.split(' '), '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: kriya ${words}`, 'm'));
    });
  }

  for (const args of [['sms'], ['sms', 'send'], ['sms', 'send', '+14155550123'], ['phone'], ['phone', 'verify'],
    ['sms', 'log', '--limit', '0'], ['sms', 'log', '--status', 'lost'],
    ['phone', 'risk', '+14155550123', '--event', 'x']]) {
    test(`a wrong command line, kriya ${args.join(' ')}, ends with a code other than 0`, async () => {
      const { code, stderr } = await run(args);
      assert.notEqual(code, 0);
      assert.match(stderr, /\S/);
    });
  }
});

describe('kriya sms send', () => {
  test('sends, on the same record as the server', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const shown = JSON.parse(await succeeds(kriya, ['sms', 'send', phone, TEXT]));
    assert.equal(shown.status, 'accepted');
    const [{ text, type, external_id: id }] = assertSent(kriya.telesign, phone);
    assert.deepEqual([text, type, id], [TEXT, 'ARN', shown.id]);
    assert.deepEqual(await record(kriya, shown.id), shown);
    assert.equal((await kriya.telesign.receipt(shown.provider_reference)).status, 200);
    assert.equal(JSON.parse(await succeeds(kriya, ['sms', 'status', shown.id])).status, 'delivered');
  });

  test('takes a purpose', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    await succeeds(kriya, ['sms', 'send', phone, TEXT, '--purpose', 'marketing']);
    assert.equal(assertSent(kriya.telesign, phone)[0].type, 'MKT');
  });

  test('says why a message was not sent', async (t) => {
    const kriya = await startMessaging(t);
    const [bad, stopped] = [uniquePhone(), uniquePhone()];
    kriya.telesign.behave({ to: bad, code: 11000 });
    await fails(kriya, ['sms', 'send', bad, TEXT]);
    assert.equal((await get(kriya, '/api/messages')).json.messages[0].status, 'failed');
    await kriya.telesign.inbound({ from: stopped, text: 'STOP' });
    assert.match(await fails(kriya, ['sms', 'send', stopped, TEXT]), /not to be written to|opted out/i);
    await fails(kriya, ['sms', 'send', 'my sister', TEXT]);
    await fails(kriya, ['sms', 'send', uniquePhone(), TEXT], { SMS_PROVIDER: 'none' });
    assert.equal(kriya.telesign.messages.length, 0);
  });

  test('refuses a text that the server would refuse, and says why', async (t) => {
    const kriya = await startMessaging(t);
    const length = /text must be 1 to 1600 characters/;
    const refusals = [['', length], ['x'.repeat(1601), length],
      ['a\u001b[2J', /text must not hold control characters/], ['   ', /text must hold more than white space/]];
    for (const [text, why] of refusals) {
      assert.match(await fails(kriya, ['sms', 'send', uniquePhone(), text]), why);
      assert.equal((await sendSms(kriya, uniquePhone(), text)).status, 422);
    }
    assert.deepEqual((await get(kriya, '/api/messages')).json.messages, []);
    assert.equal(kriya.telesign.messages.length, 0);
  });

  test('leaves what the provider was too busy for to the server, which sends it once', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    kriya.telesign.behave({ to: phone, ...misbehaviour.rateLimited });
    const { id, status } = JSON.parse(await succeeds(kriya, ['sms', 'send', phone, TEXT]));
    assert.equal(status, 'queued');
    await becomes(kriya, id, 'accepted');
    assertSent(kriya.telesign, phone);
  });

  test('works without a running server, in a folder of its own', async (t) => {
    const kriya = await startMessaging(t);
    await kriya.stop();
    const phone = uniquePhone();
    const { id } = JSON.parse(await succeeds(kriya, ['sms', 'send', phone, TEXT]));
    assertSent(kriya.telesign, phone);
    assert.equal(JSON.parse(await succeeds(kriya, ['sms', 'status', id])).id, id);
  });
});

describe('kriya sms status and log', () => {
  test('show the record', async (t) => {
    const kriya = await startMessaging(t);
    const phones = Array.from({ length: 4 }, uniquePhone);
    kriya.telesign.behave({ to: phones[3], code: 11000 });
    for (const phone of phones) await sendSms(kriya, phone);
    const { messages } = (await get(kriya, '/api/messages')).json;

    const lines = (text) => text.trim().split('\n').filter(Boolean);
    const all = lines(await succeeds(kriya, ['sms', 'log']));
    assert.deepEqual(all.map((line) => line.split(/\s+/)[0]), messages.map(({ id }) => id));
    for (const [i, line] of all.entries()) {
      const parts = ['sms', messages[i].status, 'telesign', phones.at(-1 - i).slice(-4)];
      for (const part of parts) assert.ok(line.includes(part), `${part} in ${line}`);
      assert.ok(!line.includes(phones.at(-1 - i).slice(3)), 'no whole number');
    }
    const json = async (...args) => {
      const printed = await succeeds(kriya, ['sms', 'log', '--json', ...args]);
      return lines(printed).map((line) => JSON.parse(line));
    };
    assert.deepEqual(await json(), messages);
    assert.deepEqual(await json('--limit', '2'), messages.slice(0, 2));
    assert.deepEqual(await json('--status', 'failed'), messages.slice(0, 1));
    assert.deepEqual(await json('--phone', phones[1]), [messages[2]]);
    assert.deepEqual(await json('--phone', uniquePhone()), []);
    assert.deepEqual(JSON.parse(await succeeds(kriya, ['sms', 'status', messages[1].id])), messages[1]);
    await fails(kriya, ['sms', 'status', '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60']);
    await fails(kriya, ['sms', 'status', 'rubbish']);
    await fails(kriya, ['sms', 'log', '--phone', 'rubbish']);
  });
});

test('that codes cost two messages is said by the server at its start, and by no command', async (t) => {
  const kriya = await startMessaging(t, { env: { SERVICE_NAME: 'A service of many words '.repeat(4).trim() } });
  const warning = /a message with a code is long/;
  assert.match(kriya.stdout() + kriya.stderr(), warning);
  const { code, stdout, stderr } = await command(kriya, ['sms', 'log']);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout + stderr, warning);
});

describe('kriya sms selftest', () => {
  test('checks credentials, sends one message and follows it until it has arrived', async (t) => {
    const kriya = await startMessaging(t);
    const { telesign } = kriya;
    const phone = uniquePhone();
    const running = succeeds(kriya, ['sms', 'selftest', phone]);
    const { reference_id: reference, text } = await telesign.nextMessage({ to: phone });
    telesign.setStatus(reference, 200);
    const said = await running;
    const asked = telesign.requests.map(({ method, path }) => `${method} ${path}`);
    assert.match(asked[0], /^GET \/v1\/messaging\/0+$/, 'the credentials come first, at no cost');
    assert.equal(handOvers(telesign).length, 1, 'one message');
    assert.match(said, /1\. .*telesign/i);
    assert.match(said, /accepts the credentials/);
    assert.match(said, /4\. Status: delivered/);
    assert.match(said, /All steps passed but the last, which was skipped/);
    const [code] = text.match(/\d{6}/);
    assert.ok(!said.includes(phone.slice(3)) && !said.includes(code));
    assert.equal((await get(kriya, '/api/messages')).json.messages[0].status, 'delivered');
  });

  test('says so when the credentials are wrong, and sends nothing', async (t) => {
    const kriya = await startMessaging(t);
    const TELESIGN_API_KEY = Buffer.alloc(55, 3).toString('base64');
    const why = await fails(kriya, ['sms', 'selftest', uniquePhone()], { TELESIGN_API_KEY });
    assert.match(why, /TELESIGN_API_KEY/);
    assert.ok(!why.includes(TELESIGN_API_KEY));
    assert.equal(handOvers(kriya.telesign).length, 0);
  });

  test('says so when the provider cannot be reached', async (t) => {
    const kriya = await startMessaging(t);
    assert.match(await fails(kriya, ['sms', 'selftest', uniquePhone()], { TELESIGN_BASE_URL: 'http://127.0.0.1:9' }),
      /TELESIGN_BASE_URL/);
  });

  for (const [what, rule] of Object.entries({
    'refuses the message': { code: 11000 },
    'is too busy': { ...misbehaviour.rateLimited, times: 99 },
    'gives no answer': misbehaviour.closesAfterAccepting,
  })) {
    test(`says so when the provider ${what}, and sends at most one message`, async (t) => {
      const kriya = await startMessaging(t);
      const phone = uniquePhone();
      kriya.telesign.behave({ to: phone, path: '/v1/messaging', method: 'POST', ...rule });
      const { code, stdout } = await command(kriya, ['sms', 'selftest', phone]);
      assert.notEqual(code, 0, stdout);
      assert.doesNotMatch(stdout, /All steps passed/);
      assert.ok(kriya.telesign.messages.length <= 1);
    });
  }

  test('says so when the message does not arrive', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const running = fails(kriya, ['sms', 'selftest', phone]);
    kriya.telesign.setStatus((await kriya.telesign.nextMessage({ to: phone })).reference_id, 211);
    await running;
    assertSent(kriya.telesign, phone);
  });

  test('needs a number, and a provider', async (t) => {
    const kriya = await startMessaging(t);
    await fails(kriya, ['sms', 'selftest', 'mine']);
    await fails(kriya, ['sms', 'selftest', uniquePhone()], { SMS_PROVIDER: 'none' });
    assert.equal(kriya.telesign.requests.length, 0);
  });
});

describe('kriya phone', () => {
  test('lookup and risk print what the provider knows', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    kriya.telesign.number(phone, { type: 'VOIP', score: 700, addons: { sim_swap: { risk_indicator: '4' } } });
    const looked = JSON.parse(await succeeds(kriya, ['phone', 'lookup', phone, '--addon', 'sim_swap']));
    assert.deepEqual([looked.phone_number, looked.phone_type, looked.recommendation], [phone, 'voip', 'block']);
    assert.ok(looked.reasons.includes('sim_swapped_recently'));
    const scored = JSON.parse(await succeeds(kriya, ['phone', 'risk', phone, '--event', 'create']));
    assert.deepEqual([scored.score, scored.recommendation], [700, 'block']);
    assert.match(kriya.telesign.requests.at(-1).raw.toString(), /account_lifecycle_event=create/);
    await fails(kriya, ['phone', 'lookup', phone, '--addon', 'horoscope']);
    kriya.telesign.behave({ path: '/v1/phoneid', ...misbehaviour.unavailable });
    await fails(kriya, ['phone', 'lookup', phone]);
  });

  test('lookup and risk say when there is no account to ask', async (t) => {
    const kriya = await startMessaging(t);
    const none = { SMS_PROVIDER: 'console', TELESIGN_CUSTOMER_ID: undefined, TELESIGN_API_KEY: undefined };
    for (const asked of ['lookup', 'risk']) {
      assert.match(await fails(kriya, ['phone', asked, uniquePhone()], none), /TELESIGN_CUSTOMER_ID/);
    }
  });

  /** `kriya phone verify` with somebody at the keyboard. */
  function verifying(t, kriya, args) {
    const child = spawn(kriyaBinary, ['phone', 'verify', ...args], {
      cwd: kriya.cwd, env: cleanEnvironment(kriya.settings), stdio: ['pipe', 'pipe', 'pipe'],
    });
    const seen = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (seen[name] += text));
    const closed = once(child, 'close');
    t.after(() => child.kill('SIGKILL'));
    return {
      type: (line) => child.stdin.write(`${line}\n`),
      leave: () => child.stdin.end(),
      says: (pattern) => until(() => seen.stdout.match(pattern), () => `${pattern} in ${seen.stdout}${seen.stderr}`),
      ended: async () => ({ code: (await closed)[0], ...seen }),
    };
  }

  test('verify sends a code and checks what is typed', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const dialogue = verifying(t, kriya, [phone]);
    const code = codeIn((await kriya.telesign.nextMessage({ to: phone })).text);
    await dialogue.says(/Code: $/);
    dialogue.type(code.slice(1));
    await dialogue.says(/6 to 10 digits/);
    dialogue.type(wrong(code));
    await dialogue.says(/Wrong; 4 tries left/);
    dialogue.type(code);
    const { code: exit, stdout } = await dialogue.ended();
    assert.equal(exit, 0);
    assert.match(stdout, /proven/);
    assert.ok(!stdout.includes(code));
    assertSent(kriya.telesign, phone);
  });

  test('verify ends after five wrong codes, and when nothing is typed', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const guesser = verifying(t, kriya, [phone]);
    const code = codeIn((await kriya.telesign.nextMessage({ to: phone })).text);
    for (let i = 1; i <= 6; ++i) guesser.type(wrong(code, i));
    guesser.type(code);
    guesser.leave();
    assert.notEqual((await guesser.ended()).code, 0);

    const silent = verifying(t, kriya, [uniquePhone(), '--channel', 'sms']);
    await silent.says(/Code: $/);
    silent.leave();
    assert.notEqual((await silent.ended()).code, 0);
  });

  test('verify keeps to the limits on codes', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    assert.equal((await ask(kriya, { phone_number: phone })).status, 202);
    await fails(kriya, ['phone', 'verify', phone]);
    assertSent(kriya.telesign, phone);
  });

  test('unlock forgets failed guesses, so that the number gets codes again', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const next = async () => {
      await coolDown(kriya);
      const asked = await ask(kriya, { phone_number: phone });
      if (asked.status !== 202) return { asked };
      return { id: asked.json.verification.id, code: codeIn((await kriya.telesign.nextMessage({ to: phone })).text) };
    };
    for (let challenge = 0; challenge < 2; ++challenge) {
      const { id, code } = await next();
      for (let i = 1; i <= 5; ++i) assert.equal((await answer(kriya, id, wrong(code, i))).status, 401);
    }
    assertTooMany((await next()).asked);
    assert.match(await succeeds(kriya, ['phone', 'unlock', phone]), /forgotten/);
    const { id, code } = await next();
    assert.equal((await answer(kriya, id, code)).status, 200);
    assert.match(await succeeds(kriya, ['phone', 'unlock', phone]), /no failed guesses/);
    await fails(kriya, ['phone', 'unlock', 'my sister']);
  });

  test('unlock lets a number in again that is disabled', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    const asked = await ask(kriya, { phone_number: phone });
    const code = codeIn((await kriya.telesign.nextMessage({ to: phone })).text);
    assert.equal((await answer(kriya, asked.json.verification.id, wrong(code))).status, 401);
    await kriya.rows.execute('UPDATE guess_guards SET failures = 100');
    await coolDown(kriya);
    const refused = await ask(kriya, { phone_number: phone });
    assert.deepEqual([refused.status, refused.json.code], [403, 'phone_disabled']);
    await succeeds(kriya, ['phone', 'unlock', phone]);
    assert.equal((await ask(kriya, { phone_number: phone })).status, 202);
  });
});

test('what a command did is nowhere in its own log', async (t) => {
  const kriya = await startMessaging(t, { env: { LOG_LEVEL: 'debug' } });
  const phone = uniquePhone();
  const { stderr } = await command(kriya, ['sms', 'send', phone, TEXT]);
  assert.ok(!stderr.includes(phone.slice(3)) && !stderr.includes(TEXT), stderr);
  accepted(await sendSms(kriya, phone));
});
