// kill -9 at the worst moments, on both engines: no message is lost, none is sent twice.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { uniquePhone } from './support/kriya.mjs';
import { times } from './support/load.mjs';
import {
  accepted, allRecords, assertSent, becomes, get, handOvers, letMessagesAge, post, record, sendSms, startMessaging,
  staysUnsent, TEXT,
} from './support/messaging.mjs';
import { misbehaviour } from './support/meta.mjs';
import { startPostgres } from './support/postgres.mjs';
import { until } from './support/service.mjs';
import { answer, ask, codeIn } from './support/sign_in.mjs';
import { startTelesign } from './support/telesign.mjs';

const HEAD_START = 10; // seconds that a message is left to the server that wrote it
const LOST = 61; // and after which a hand-over counts as lost
const NO_MESSAGE = '00000000-0000-7000-8000-000000000000';

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.remove());

/** Until opened, no message can be marked as being sent: the gap between "written" and "sent" stays open. */
const gates = {
  sqlite: {
    close: `CREATE TRIGGER gate BEFORE UPDATE ON messages WHEN NEW.status = 'sending'
            BEGIN SELECT RAISE(ABORT, 'the gate is closed'); END`,
    open: 'DROP TRIGGER gate',
  },
  postgresql: {
    close: `CREATE FUNCTION gate() RETURNS trigger AS $$ BEGIN RAISE 'the gate is closed'; END $$ LANGUAGE plpgsql;
            CREATE TRIGGER gate BEFORE UPDATE ON messages FOR EACH ROW WHEN (NEW.status = 'sending')
            EXECUTE FUNCTION gate()`,
    open: 'DROP TRIGGER gate ON messages; DROP FUNCTION gate',
  },
};

for (const engine of ['sqlite', 'postgresql']) {
  describe(`on ${engine}`, () => {
    const start = (t, options = {}) =>
      startMessaging(t, { ...options, ...(engine === 'postgresql' ? { postgres } : {}) });
    /** The same server again, after it was killed. */
    const restart = (t, { telesign, cwd, database, settings }) =>
      start(t, { telesign, cwd, database, env: { PUBLIC_URL: settings.PUBLIC_URL } });
    const { close, open } = gates[engine];
    const payloads = async ({ rows }) =>
      (await rows.query('SELECT payload FROM messages WHERE payload IS NOT NULL')).length;

    test('killed after a message was written and before it was handed over: it is sent once', async (t) => {
      const kriya = await start(t);
      const { telesign } = kriya;
      await kriya.rows.execute(close);
      const phones = Array.from({ length: 5 }, uniquePhone);
      const records = await times(phones.length, async (i) => accepted(await sendSms(kriya, phones[i])));
      for (const { status } of records) assert.equal(status, 'queued');
      assert.equal(handOvers(telesign).length, 0);
      assert.equal(await payloads(kriya), phones.length);
      await kriya.kill();

      await kriya.rows.execute(open);
      await letMessagesAge(kriya, HEAD_START);
      const again = await restart(t, kriya);
      for (const { id } of records) await becomes(again, id, 'accepted', 30_000);
      for (const phone of phones) assert.equal(assertSent(telesign, phone)[0].text, TEXT);
      assert.equal(await payloads(again), 0, 'what was said is forgotten');
      await staysUnsent(again, telesign, 1);
    });

    test('killed so with a code: it is sent, and it is good', async (t) => {
      const PUBLIC_URL = 'http://kriya.test';
      const kriya = await start(t, { env: { PUBLIC_URL } });
      const { telesign } = kriya;
      await kriya.rows.execute(close);
      const phone = uniquePhone();
      const asked = await ask(kriya, { phone_number: phone });
      assert.equal(asked.status, 202, asked.text);
      await kriya.kill();
      await kriya.rows.execute(open);
      await letMessagesAge(kriya, HEAD_START);
      const again = await restart(t, kriya);
      const { text } = await telesign.nextMessage({ to: phone }, 30_000);
      assert.equal((await answer(again, asked.json.verification.id, codeIn(text))).status, 200);
      assertSent(telesign, phone);
    });

    test('killed so with a code that has expired meanwhile: it is not sent', async (t) => {
      const kriya = await start(t);
      const { telesign } = kriya;
      await kriya.rows.execute(close);
      const phone = uniquePhone();
      assert.equal((await ask(kriya, { phone_number: phone })).status, 202);
      await kriya.kill();
      await kriya.rows.execute(open);
      await letMessagesAge(kriya, 400);
      const again = await restart(t, kriya);
      const [{ id }] = await allRecords(again);
      const { attempts } = await becomes(again, id, 'expired');
      assert.equal(attempts, 0);
      assertSent(telesign, phone, 0);
      assert.equal(await payloads(again), 0);
    });

    test('killed while a message waits to be tried again: it is sent once', async (t) => {
      const kriya = await start(t);
      const { telesign } = kriya;
      const phone = uniquePhone();
      const refusal = telesign.behave({ to: phone, ...misbehaviour.rateLimited });
      const { id, status } = accepted(await sendSms(kriya, phone));
      assert.equal(status, 'queued');
      await kriya.kill();
      const again = await restart(t, kriya);
      const { attempts } = await becomes(again, id, 'accepted', 30_000);
      assert.ok(attempts >= 2);
      assert.equal(refusal.hits.length, 1);
      assertSent(telesign, phone);
    });

    for (const [what, rule, arrived] of [
      ['after the provider took it and before it answered', { answer: 'held' }, 1],
      ['while the provider had the request and had done nothing', { answer: 'held', accept: false }, 0],
    ]) {
      test(`killed ${what}: it is unknown, and never sent again`, async (t) => {
        const kriya = await start(t);
        const { telesign } = kriya;
        const phone = uniquePhone();
        const held = telesign.behave({ to: phone, ...rule });
        const sending = sendSms(kriya, phone).catch((error) => error);
        await held.struck();
        const [{ id, status }] = (await get(kriya, '/api/messages')).json.messages;
        assert.equal(status, 'sending');
        await kriya.kill();
        assert.ok((await sending) instanceof Error, 'the client got no answer');
        held.release();

        await letMessagesAge(kriya, LOST);
        const again = await restart(t, kriya);
        await becomes(again, id, 'unknown');
        await staysUnsent(again, telesign);
        assert.equal((await record(again, id)).status, 'unknown');
        assertSent(telesign, phone, arrived);
        assert.equal(await payloads(again), 0);
        if (arrived === 0) return;

        const [{ reference_id: reference }] = telesign.messagesTo(phone);
        assert.equal((await telesign.receipt(reference)).status, 200);
        const { status: last, provider_reference: known } = await record(again, id);
        assert.deepEqual([last, known], ['delivered', reference], 'a receipt may still tell');
      });
    }

    test('stopped in order while a message is being handed over: its outcome is written down', async (t) => {
      const kriya = await start(t);
      const { telesign } = kriya;
      const [asked, retried] = [uniquePhone(), uniquePhone()];
      const first = telesign.behave({ to: asked, answer: 'held' });
      telesign.behave({ to: retried, ...misbehaviour.rateLimited });
      const second = telesign.behave({ to: retried, answer: 'held' });
      const later = accepted(await sendSms(kriya, retried)); // the outbox takes it up by itself
      const sending = sendSms(kriya, asked);
      await Promise.all([first.struck(), second.struck()]);
      kriya.process.kill('SIGTERM');
      await kriya.printed(/stopping/, 'stderr');
      first.release();
      second.release();
      const { id } = accepted(await sending);
      assert.equal((await kriya.exited).code, 0);

      const again = await restart(t, kriya);
      for (const one of [id, later.id]) assert.equal((await record(again, one)).status, 'accepted');
      for (const phone of [asked, retried]) assertSent(telesign, phone);
    });

    test('killed three times in the middle of many sends: none is sent twice, none that waits is lost', async (t) => {
      let kriya = await start(t);
      const { telesign } = kriya;
      telesign.behave({ path: '/v1/messaging', method: 'POST', ...misbehaviour.slow(30), times: 1e6 });
      const phones = [];
      for (let round = 0; round < 3; ++round) {
        const mine = Array.from({ length: 60 }, uniquePhone);
        phones.push(...mine);
        const server = kriya;
        const streams = times(mine.length, (i) => sendSms(server, mine[i]).catch(() => {}));
        const wanted = telesign.messages.length + 25;
        await until(() => telesign.messages.length >= wanted, 'some were sent');
        await server.kill();
        await streams;
        await letMessagesAge(server, LOST);
        kriya = await restart(t, server);
      }
      const open = ['queued', 'sending'];
      let records;
      await until(async () => {
        records = await allRecords(kriya);
        return records.every(({ status }) => !open.includes(status));
      }, () => JSON.stringify(records.filter(({ status }) => open.includes(status))), 60_000);
      for (const phone of phones) {
        const count = telesign.messagesTo(phone).length;
        assert.ok(count <= 1, `${count} messages to ${phone}`);
      }
      const sent = new Map(telesign.messages.map((message) => [message.external_id, message]));
      for (const { id, status } of records) {
        assert.ok(['accepted', 'unknown'].includes(status), status);
        if (status === 'accepted') assert.ok(sent.has(id), 'what is called accepted was sent');
      }
      assert.ok([...sent.keys()].every((id) => records.some((one) => one.id === id)), 'all that was sent is on record');
    });
  });
}

test('PostgreSQL is away when the provider answers: the message is accepted or unknown, and sent once', async (t) => {
  const kriya = await startMessaging(t, { postgres });
  const { telesign } = kriya;
  const phone = uniquePhone();
  const held = telesign.behave({ to: phone, answer: 'held' });
  const sending = sendSms(kriya, phone);
  await held.struck();
  await postgres.stop();
  held.release();
  const given = await sending;
  assert.ok([202, 503].includes(given.status), given.text);
  await postgres.restart();
  // Lists and single rows are read on connections of their own, and each comes back when it is used.
  const statuses = (path) => times(20, async () => (await get(kriya, path)).status);
  const isBack = async () => {
    const lists = await statuses('/api/messages');
    const rows = await statuses(`/api/messages/${NO_MESSAGE}`);
    return lists.every((status) => status === 200) && rows.every((status) => status === 404);
  };
  await until(isBack, 'the database is back');
  await letMessagesAge(kriya, LOST);
  const [{ id }] = (await get(kriya, '/api/messages')).json.messages;
  await becomes(kriya, id, ['accepted', 'unknown']);
  await staysUnsent(kriya, telesign);
  const [{ reference_id: reference }] = assertSent(telesign, phone);
  assert.equal((await telesign.receipt(reference)).status, 200);
  assert.equal((await record(kriya, id)).status, 'delivered');
});

describe('two instances on one PostgreSQL', () => {
  const pair = async (t, options = {}) => {
    const telesign = await startTelesign({ t });
    const one = await startMessaging(t, { postgres, telesign, ...options });
    const two = await startMessaging(t, { postgres, database: one.database, telesign, ...options });
    return { telesign, one, two };
  };

  test('send each message once, whoever takes it up when the provider was busy', async (t) => {
    const { telesign, one, two } = await pair(t);
    telesign.behave({ path: '/v1/messaging', method: 'POST', ...misbehaviour.rateLimited, times: 40 });
    const phones = Array.from({ length: 80 }, uniquePhone);
    const records = await times(phones.length, async (i) => accepted(await sendSms(i % 2 ? one : two, phones[i])));
    for (const { id } of records) await becomes(one, id, 'accepted', 60_000);
    for (const phone of phones) assertSent(telesign, phone);
    const ids = telesign.messages.map(({ external_id: id }) => id);
    assert.deepEqual(new Set(ids), new Set(records.map(({ id }) => id)));
  });

  test('take up what a dead one had written, and each message is sent once', async (t) => {
    const { telesign, one, two } = await pair(t);
    await one.rows.execute(gates.postgresql.close);
    const phones = Array.from({ length: 20 }, uniquePhone);
    const records = await times(phones.length, async (i) => accepted(await sendSms(one, phones[i])));
    await one.kill();
    const three = await startMessaging(t, { postgres, database: one.database, telesign });
    await two.rows.execute(gates.postgresql.open);
    for (const [i, { id }] of records.entries()) await becomes(i % 2 ? two : three, id, 'accepted', 60_000);
    for (const phone of phones) assertSent(telesign, phone);
  });

  test('merge receipts that reach either of them', async (t) => {
    const { telesign, one, two } = await pair(t);
    const phones = Array.from({ length: 20 }, uniquePhone);
    const records = await times(phones.length, async (index) => accepted(await sendSms(one, phones[index])));
    await Promise.all(records.flatMap(({ provider_reference: reference }, index) =>
      [200, 203, 200].map((code, turn) => telesign.receipt(reference, {
        code, url: `${(index + turn) % 2 ? one.url : two.url}/webhooks/telesign`,
      }))));
    for (const { id } of records) {
      assert.equal((await record(one, id)).status, 'delivered');
      assert.deepEqual(await record(one, id), await record(two, id));
    }
  });

  test('honour an opt-out that reached the other one', async (t) => {
    const { telesign, one, two } = await pair(t);
    const phone = uniquePhone();
    await telesign.inbound({ from: phone, text: 'STOP', url: `${one.url}/webhooks/telesign` });
    const refusal = await post(two, '/api/sms/send', { phone_number: phone, message: TEXT });
    assert.equal(refusal.status, 409, refusal.text);
    assertSent(telesign, phone, 0);
  });
});
