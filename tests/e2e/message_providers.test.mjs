// What providers answer, and what Kriya makes of it: misbehaving ones, WhatsApp, fall-back, numbers, risk, codes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { before, describe, test } from 'node:test';

import { send, startKriya, uniquePhone } from './support/kriya.mjs';
import {
  accepted, assertSent, becomes, get, handOvers, lifetime, MESSAGING_KEY, post, record,
  refused, sendSms, sendWhatsApp, startMessaging, staysUnsent, TEXT,
} from './support/messaging.mjs';
import { misbehaviour } from './support/meta.mjs';
import { freePort, until } from './support/service.mjs';
import {
  answer, ask, assertProblem, assertTooMany, codeIn, coolDown, from, newAddress, resend, wrong,
} from './support/sign_in.mjs';
import { oddities, startTelesign } from './support/telesign.mjs';

const bodyOf = (request) => {
  const text = request.raw.toString();
  return text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
};
const GARBAGE = '<html><body><h1>502 Bad Gateway</h1></body></html>';

describe('Telesign', () => {
  describe('whose answer is lost leaves a message unknown, and it is never sent again', { concurrency: 4 }, () => {
    const lost = {
      'the connection closes': misbehaviour.closesAfterAccepting,
      'the connection is reset': misbehaviour.resetsAfterAccepting,
      'the answer is cut off': misbehaviour.cutsTheAnswer,
      'the connection closes before anything was done': misbehaviour.closesBeforeAccepting,
      'HTTP 500 with garbage': { http: 500, text: GARBAGE, accept: true },
      'HTTP 502 with garbage': { http: 502, text: GARBAGE, accept: true },
      'HTTP 200 with garbage': misbehaviour.notJson,
      'HTTP 200 with nothing': misbehaviour.emptyBody,
      'a good answer without a reference': { edit: oddities.noReference },
    };
    for (const [what, rule] of Object.entries(lost)) {
      test(`when ${what}`, async (t) => {
        const kriya = await startMessaging(t);
        const phone = uniquePhone();
        kriya.telesign.behave({ to: phone, ...rule });
        const { id, status, provider, attempts } = accepted(await sendSms(kriya, phone));
        assert.deepEqual([status, provider, attempts], ['unknown', 'telesign', 1]);
        await staysUnsent(kriya, kriya.telesign);
        assert.equal((await record(kriya, id)).status, 'unknown');
        assertSent(kriya.telesign, phone, rule.accept === false ? 0 : 1);
      });
    }

    test('when there is none in time, also not after a restart', async (t) => {
      const kriya = await startMessaging(t);
      const { telesign } = kriya;
      const phone = uniquePhone();
      telesign.behave({ to: phone, ...misbehaviour.timesOutAfterAccepting });
      const begun = Date.now();
      const { id, status } = accepted(await sendSms(kriya, phone));
      assert.equal(status, 'unknown');
      assert.ok(Date.now() - begun < 15_000, 'a request does not wait for ever');
      assert.equal(await kriya.stop(), 0);
      const again = await startMessaging(t, { cwd: kriya.cwd, telesign });
      await staysUnsent(again, telesign);
      assert.equal((await record(again, id)).status, 'unknown');
      assertSent(telesign, phone);
    });
  });

  describe('that is busy gets the message later, and once', () => {
    const busy = {
      'HTTP 429 and 10019': [misbehaviour.rateLimited, '10019'],
      'HTTP 503 and 10000': [misbehaviour.unavailable, '10000'],
    };
    for (const [what, [rule, code]] of Object.entries(busy)) {
      test(`after ${what}`, async (t) => {
        const kriya = await startMessaging(t);
        const { telesign } = kriya;
        const phone = uniquePhone();
        telesign.behave({ to: phone, ...rule, times: 2 });
        const first = accepted(await sendSms(kriya, phone));
        assert.deepEqual([first.status, first.attempts, first.provider_code], ['queued', 1, code]);
        const last = await becomes(kriya, first.id, 'accepted');
        assert.equal(last.attempts, 3);
        assertSent(telesign, phone);
        const tries = handOvers(telesign);
        assert.deepEqual(tries.map(({ http }) => what.includes(`HTTP ${http}`)), [true, true, false]);
        const nonces = tries.map(({ headers }) => headers['x-ts-nonce']);
        assert.equal(new Set(nonces).size, 3, 'signed afresh each time');
        assert.equal(new Set(tries.map(({ raw }) => raw.toString())).size, 1, 'and otherwise the same');
      });
    }

    test('unless it is so three times: then the message has failed', async (t) => {
      const kriya = await startMessaging(t);
      const phone = uniquePhone();
      kriya.telesign.behave({ to: phone, ...misbehaviour.unavailable, times: 99 });
      const { id } = accepted(await sendSms(kriya, phone));
      const last = await becomes(kriya, id, 'failed');
      assert.deepEqual([last.attempts, last.provider_code], [3, '10000']);
      await staysUnsent(kriya, kriya.telesign);
      assertSent(kriya.telesign, phone, 0);
    });

    test('or when nobody listens, as soon as somebody does', async (t) => {
      const telesign = await startTelesign({ t });
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const kriya = await startMessaging(t, { telesign, env: { TELESIGN_BASE_URL: url } });
      const phone = uniquePhone();
      const first = accepted(await sendSms(kriya, phone));
      assert.equal(first.status, 'queued');
      const way = net.createServer((socket) => {
        const onward = net.connect(telesign.port, '127.0.0.1');
        for (const end of [socket, onward]) end.on('error', () => socket.destroy() ?? onward.destroy());
        socket.pipe(onward).pipe(socket);
      }).listen(port, '127.0.0.1');
      t.after(() => way.close());
      await once(way, 'listening');
      await becomes(kriya, first.id, 'accepted');
      assertSent(telesign, phone);
    });

    test('and while it is down it is left alone', async (t) => {
      const kriya = await startMessaging(t);
      const { telesign } = kriya;
      const down = telesign.behave({ path: '/v1/messaging', ...misbehaviour.unavailable, times: 1e6 });
      const phones = Array.from({ length: 5 }, uniquePhone);
      for (const phone of phones) accepted(await sendSms(kriya, phone));
      await until(() => down.hits.length >= 5, 'five failures in a row');
      const asked = down.hits.length;
      const late = uniquePhone();
      const begun = Date.now();
      const first = accepted(await sendSms(kriya, late));
      assert.deepEqual([first.status, first.attempts], ['queued', 0]);
      assert.ok(Date.now() - begun < 2000, 'nobody waits for a provider that is known to be down');
      assert.ok(down.hits.length <= asked + 2, `asked ${down.hits.length - asked} times more`);
      telesign.behaveWell();
      await becomes(kriya, first.id, 'accepted', 60_000);
      assertSent(telesign, late);
    });
  });

  describe('that refuses for good is not asked again', { concurrency: 4 }, () => {
    const definite = {
      11000: { code: 11000 },
      11009: { code: 11009 },
      10032: { code: 10032 },
      10030: { http: 402, code: 10030 },
      10020: { http: 429, code: 10020 },
      10017: { http: 404, code: 10017 },
      230: { status: 230, accept: false },
      233: { status: 233, accept: false },
      510: { status: 510, accept: false },
    };
    for (const [code, rule] of Object.entries(definite)) {
      test(`with ${code}`, async (t) => {
        const kriya = await startMessaging(t);
        const phone = uniquePhone();
        kriya.telesign.behave({ to: phone, ...rule });
        const shown = await refused(kriya, await sendSms(kriya, phone));
        assert.deepEqual([shown.status, shown.provider_code, shown.attempts], ['failed', code, 1]);
        await staysUnsent(kriya, kriya.telesign);
        assert.equal(handOvers(kriya.telesign).length, 1);
      });
    }
  });

  describe('may answer oddly', { concurrency: 4 }, () => {
    const harmless = {
      'a code that is text': oddities.stringCode,
      'an impossible date': oddities.impossibleDate,
      'a date of another kind': oddities.httpDate,
      'null where objects were': oddities.nullObjects,
      'fields of the future': oddities.extraFields,
      'a code that no document knows': oddities.unknownCode,
      'no status': oddities.noStatus,
      'a status that is null': oddities.nullStatus,
      'a reference that is a number': (json) => void (json.reference_id = 12345),
      'a description full of surprises': (json) => {
        json.status.description = `\u0000\u001b[2J"x"\n${'y'.repeat(5000)}`;
      },
    };
    for (const [what, edit] of Object.entries(harmless)) {
      test(`with ${what}, and a message is accepted all the same`, async (t) => {
        const kriya = await startMessaging(t);
        const phone = uniquePhone();
        kriya.telesign.behave({ to: phone, edit });
        const { id, status, detail } = accepted(await sendSms(kriya, phone));
        assert.equal(status, 'accepted');
        assert.ok(detail === null || (detail.length <= 200 && !/[\u0000-\u001f]/.test(detail)), detail);
        await staysUnsent(kriya, kriya.telesign, 1);
        assert.equal((await record(kriya, id)).attempts, 1);
        assertSent(kriya.telesign, phone);
      });
    }

    test('and what it repeats of a text or a number is not kept', async (t) => {
      const kriya = await startMessaging(t);
      const phone = uniquePhone();
      const edit = (json) => void (json.status.description = `Message for ${phone.slice(1)} "${TEXT}" taken: ${TEXT}`);
      kriya.telesign.behave({ to: phone, edit });
      const { id } = accepted(await sendSms(kriya, phone));
      const { text } = await get(kriya, `/api/messages/${id}`);
      assert.ok(!text.includes(phone.slice(3)) && !text.includes(TEXT), text);
    });
  });

  test('that is slow holds up nobody else', async (t) => {
    const kriya = await startMessaging(t);
    kriya.telesign.behave({ path: '/v1/messaging', ...misbehaviour.slow(3000), times: 40 });
    const phones = Array.from({ length: 40 }, uniquePhone);
    const sends = phones.map((phone) => sendSms(kriya, phone));
    await until(() => kriya.telesign.messages.length === 40, 'all are being sent');
    const begun = Date.now();
    for (let i = 0; i < 10; ++i) {
      assert.equal((await send(kriya, 'GET', '/health/ready')).status, 200);
      assert.equal((await get(kriya, '/api/messages?limit=1')).status, 200);
    }
    assert.ok(Date.now() - begun < 2000, `${Date.now() - begun} ms for what should be nothing`);
    for (const { status } of (await Promise.all(sends)).map(accepted)) assert.equal(status, 'accepted');
  });

  test('is asked what became of a message whose receipt does not come', async (t) => {
    const kriya = await startMessaging(t);
    const { id, provider_reference: reference } = accepted(await sendSms(kriya, uniquePhone()));
    kriya.telesign.setStatus(reference, 200);
    const last = await becomes(kriya, id, 'delivered', 30_000);
    assert.equal(last.provider_code, '200');
    assert.equal(handOvers(kriya.telesign).length, 1);
  });
});

describe('WhatsApp by Meta', () => {
  const life = lifetime();
  let kriya;
  let meta;
  before(async () => {
    kriya = await startMessaging(life, { meta: true });
    ({ meta } = kriya);
  });

  const button = (id, title = id) => ({ id, title });
  const row = (id, title = id, description = undefined) => ({ id, title, description });
  const image = { kind: 'image', url: 'https://example.com/a.png' };
  const kinds = {
    'a text': [{ text: 'Ist die Pizza schon da? 🍕' }, (sent) => {
      assert.deepEqual([sent.type, sent.text], ['text', 'Ist die Pizza schon da? 🍕']);
    }],
    'a template': [
      {
        template: { name: 'order_ready', language: 'en_US', body: ['42', 'Tuesday'], header: image, buttons: ['stop'] },
      },
      ({ type, template }) => {
        assert.deepEqual([type, template.name, template.language.code], ['template', 'order_ready', 'en_US']);
        const part = (name) => template.components.find((component) => component.type === name);
        assert.deepEqual(part('body').parameters.map(({ text }) => text), ['42', 'Tuesday']);
        assert.equal(part('header').parameters[0].image.link, image.url);
        const { sub_type: kind, index, parameters } = part('button');
        assert.deepEqual([kind, String(index), parameters[0].payload], ['quick_reply', '0', 'stop']);
      },
    ],
    'an image': [{ media: { ...image, caption: 'A cat' } }, (sent) => {
      assert.deepEqual([sent.type, sent.image.link, sent.image.caption], ['image', image.url, 'A cat']);
    }],
    'a document': [{ media: { kind: 'document', url: 'https://example.com/a', filename: 'a.pdf' } }, (sent) => {
      assert.deepEqual([sent.type, sent.document.filename], ['document', 'a.pdf']);
    }],
    'a video, without a caption': [{ media: { kind: 'video', url: 'https://example.com/v.mp4' } }, ({ type }) => {
      assert.equal(type, 'video');
    }],
    'a sound': [{ media: { kind: 'audio', url: 'https://example.com/s.ogg' } }, ({ type }) => {
      assert.equal(type, 'audio');
    }],
    'a sticker': [{ media: { kind: 'sticker', url: 'https://example.com/s.webp' } }, ({ type }) => {
      assert.equal(type, 'sticker');
    }],
    'buttons': [
      { buttons: { body: 'Sure?', buttons: [button('y', 'Yes'), button('n', 'No')], header: 'Hm', footer: 'Bye' } },
      ({ interactive }) => {
        assert.equal(interactive.type, 'button');
        assert.deepEqual(interactive.action.buttons.map(({ reply }) => reply), [button('y', 'Yes'), button('n', 'No')]);
        const { body, header, footer } = interactive;
        assert.deepEqual([body.text, header.text, footer.text], ['Sure?', 'Hm', 'Bye']);
      },
    ],
    'a list': [
      {
        list: {
          body: 'Which?',
          button: 'Choose',
          sections: [
            { title: 'Hot', rows: [row('t', 'Tea', 'green'), row('c', 'Coffee')] },
            { title: 'Cold', rows: [row('w', 'Water')] },
          ],
        },
      },
      ({ interactive }) => {
        assert.equal(interactive.type, 'list');
        const { button: label, sections } = interactive.action;
        assert.deepEqual([label, sections.map(({ title }) => title)], ['Choose', ['Hot', 'Cold']]);
        assert.equal(sections[0].rows[0].description, 'green');
      },
    ],
    'a list of one section, which needs no title': [
      { list: { body: 'Which?', button: 'Choose', sections: [{ title: '', rows: [row('t', 'Tea')] }] } },
      ({ interactive }) => assert.equal(interactive.action.sections[0].rows[0].id, 't'),
    ],
  };
  for (const [what, [content, check]] of Object.entries(kinds)) {
    test(`carries ${what}`, async () => {
      const phone = uniquePhone();
      const shown = accepted(await sendWhatsApp(kriya, phone, content));
      const { provider, channel, status, segments } = shown;
      assert.deepEqual([provider, channel, status, segments], ['meta', 'whatsapp', 'accepted', 0]);
      const sent = meta.messages.find((one) => one.biz_opaque_callback_data === shown.id); // receipts bring it back
      assert.equal(sent.to, phone);
      check(sent);
    });
  }

  const many = (count, make) => Array.from({ length: count }, (_, i) => make(`${i}`));
  const list = (change) => ({
    list: { body: 'Which?', button: 'Choose', sections: [{ title: 'All', rows: [row('a')] }], ...change },
  });
  const buttons = (change) => ({ buttons: { body: 'Sure?', buttons: [button('a')], ...change } });
  const wrongContents = [
    ['nothing', {}, 'text'],
    ['two contents', { text: 'x', media: image }, 'text'],
    ['an empty text', { text: '' }, 'text'],
    ['4097 characters', { text: 'x'.repeat(4097) }, 'text'],
    ['an http URL', { media: { kind: 'image', url: 'http://example.com/a.png' } }, 'media.url'],
    ['a URL with a space', { media: { kind: 'image', url: 'https://example.com/a b' } }, 'media.url'],
    ['a kind of media that is none', { media: { kind: 'hologram', url: image.url } }, 'media.kind'],
    ['a caption on a sound', { media: { kind: 'audio', url: image.url, caption: 'x' } }, 'media.caption'],
    ['a filename of an image', { media: { ...image, filename: 'a.png' } }, 'media.filename'],
    ['a template with a bad name', { template: { name: 'Order Ready', language: 'en', body: [] } }, 'template.name'],
    ['a template without a language', { template: { name: 'x', language: '', body: [] } }, 'template.language'],
    ['a template with an empty variable', { template: { name: 'x', language: 'en', body: [''] } }, 'template.body[0]'],
    ['no buttons', buttons({ buttons: [] }), 'buttons.buttons'],
    ['four buttons', buttons({ buttons: many(4, button) }), 'buttons.buttons'],
    ['a title of 21', buttons({ buttons: [button('a', 'x'.repeat(21))] }), 'buttons.buttons[0].title'],
    ['two titles alike', buttons({ buttons: [button('a', 'A'), button('b', 'A')] }), 'buttons.buttons[1].title'],
    ['eleven rows', list({ sections: [{ title: 'All', rows: many(11, row) }] }), 'list.sections[0].rows'],
    ['a section without rows', list({ sections: [{ title: 'All', rows: [] }] }), 'list.sections[0].rows'],
    ['two sections, one untitled',
      list({ sections: [{ title: 'A', rows: [row('a')] }, { title: '', rows: [row('b')] }] }),
      'list.sections[1].title'],
    ['a row title of 25', list({ sections: [{ title: 'A', rows: [row('a', 'x'.repeat(25))] }] }),
      'list.sections[0].rows[0].title'],
    ['a fall-back that is too long', { text: 'x', fallback_sms: 'x'.repeat(1601) }, 'fallback_sms'],
  ];
  for (const [what, content, field] of wrongContents) {
    test(`is not asked for ${what}: 422 at ${field}`, async () => {
      const count = meta.requests.length;
      const refusal = await sendWhatsApp(kriya, uniquePhone(), content);
      assertProblem(refusal, 422, 'invalid_fields');
      assert.ok(refusal.json.errors.some((one) => one.field === field), refusal.text);
      assert.equal(meta.requests.length, count);
    });
  }
});

describe('WhatsApp by Meta that fails', { concurrency: 4 }, () => {
  const FALLBACK = 'Your parcel is on its way, by SMS.';
  const withFallback = { text: TEXT, fallback_sms: FALLBACK };

  test('for good is followed by the SMS, and the record tells of it', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const phone = uniquePhone();
    kriya.meta.behave({ to: phone, code: 131026 });
    const shown = accepted(await sendWhatsApp(kriya, phone, withFallback));
    assert.deepEqual([shown.channel, shown.provider, shown.status], ['sms', 'telesign', 'accepted']);
    assert.equal(shown.segments, 1);
    const [sms] = assertSent(kriya.telesign, phone);
    assert.deepEqual([sms.text, sms.external_id], [FALLBACK, shown.id]);
    assert.equal(kriya.meta.messages.length, 0);
  });

  test('for good without a fall-back has failed', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const cases = [131026, 131047, 100, 190, 132001];
    for (const code of cases) {
      const phone = uniquePhone();
      kriya.meta.behave({ to: phone, code });
      const shown = await refused(kriya, await sendWhatsApp(kriya, phone));
      assert.deepEqual([shown.status, shown.provider, shown.provider_code], ['failed', 'meta', String(code)]);
    }
    await staysUnsent(kriya, kriya.meta);
    assert.equal(handOvers(kriya.telesign).length, 0);
  });

  for (const [what, rule] of Object.entries({
    'a rate limit': misbehaviour.rateLimited,
    'too much to one person': { code: 131056 },
    'HTTP 503': misbehaviour.unavailable,
  })) {
    test(`with ${what} is tried again, and sent once`, async (t) => {
      const kriya = await startMessaging(t, { meta: true });
      const phone = uniquePhone();
      kriya.meta.behave({ to: phone, ...rule });
      const { id, status } = accepted(await sendWhatsApp(kriya, phone, withFallback));
      assert.equal(status, 'queued');
      assert.equal((await becomes(kriya, id, 'accepted')).attempts, 2);
      assert.equal(kriya.meta.messages.length, 1);
      assertSent(kriya.telesign, phone, 0);
    });
  }

  test('that keeps being busy gives way to the SMS in the end', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const phone = uniquePhone();
    kriya.meta.behave({ to: phone, ...misbehaviour.rateLimited, times: 99 });
    const { id } = accepted(await sendWhatsApp(kriya, phone, withFallback));
    const last = await becomes(kriya, id, 'accepted');
    assert.deepEqual([last.channel, last.provider], ['sms', 'telesign']);
    assertSent(kriya.telesign, phone);
  });

  for (const [what, rule] of Object.entries({
    'closes the connection': misbehaviour.closesAfterAccepting,
    'answers garbage': misbehaviour.notJson,
    'answers HTTP 502 with garbage': { http: 502, text: GARBAGE, accept: true },
  })) {
    test(`because it ${what} may have arrived: no SMS follows, nothing is repeated`, async (t) => {
      const kriya = await startMessaging(t, { meta: true });
      const phone = uniquePhone();
      kriya.meta.behave({ to: phone, ...rule });
      const { id, status } = accepted(await sendWhatsApp(kriya, phone, withFallback));
      assert.equal(status, 'unknown');
      await staysUnsent(kriya, kriya.meta);
      assert.equal((await record(kriya, id)).status, 'unknown');
      assert.equal(kriya.meta.messages.length, 1);
      assertSent(kriya.telesign, phone, 0);
    });
  }

  test('later, by a receipt, is followed by the SMS once', async (t) => {
    const kriya = await startMessaging(t, { meta: true });
    const phone = uniquePhone();
    const { id } = accepted(await sendWhatsApp(kriya, phone, withFallback));
    const reference = kriya.meta.messages.at(-1).id;
    const { statuses } = await kriya.meta.status(reference, 'failed', { code: 131026, times: 3 });
    assert.deepEqual(statuses, [200, 200, 200]);
    const last = await becomes(kriya, id, 'accepted');
    await until(() => kriya.telesign.messagesTo(phone).length > 0, 'the SMS');
    assert.equal((await becomes(kriya, id, 'accepted')).channel, 'sms');
    assert.equal(last.id, id);
    await staysUnsent(kriya, kriya.telesign);
    const [{ text }] = assertSent(kriya.telesign, phone);
    assert.equal(text, FALLBACK);
  });
});

describe('WhatsApp by Telesign', () => {
  const start = (t) => startMessaging(t, { env: { WHATSAPP_PROVIDER: 'telesign', WHATSAPP_CODE_TEMPLATE: 'my_code' } });
  const FALLBACK = 'Your parcel is on its way, by SMS.';
  const withFallback = { text: TEXT, fallback_sms: FALLBACK };

  test('goes through its Messaging API, which itself falls back to the SMS that was given', async (t) => {
    const kriya = await start(t);
    const [reached, unreached] = [uniquePhone(), uniquePhone()];
    kriya.telesign.number(unreached, { whatsapp: false });
    for (const phone of [reached, unreached]) {
      const shown = accepted(await sendWhatsApp(kriya, phone, withFallback));
      assert.deepEqual([shown.provider, shown.channel, shown.status], ['telesign', 'whatsapp', 'accepted']);
    }
    const [one, other] = [reached, unreached].map((phone) => assertSent(kriya.telesign, phone)[0]);
    assert.deepEqual([one.channel, one.text, one.product], ['whatsapp', TEXT, 'omnichannel']);
    assert.deepEqual([other.channel, other.text], ['sms', FALLBACK]);
  });

  test('sends no SMS that was not given', async (t) => {
    const kriya = await start(t);
    for (const content of [{ text: TEXT }, { media: { kind: 'image', url: 'https://example.com/a.png' } }]) {
      const phone = uniquePhone();
      accepted(await sendWhatsApp(kriya, phone, content));
      assert.deepEqual(bodyOf(handOvers(kriya.telesign).at(-1)).channels, [{ channel: 'whatsapp' }]);
      const unreached = uniquePhone();
      kriya.telesign.number(unreached, { whatsapp: false });
      await refused(kriya, await sendWhatsApp(kriya, unreached, content));
      assertSent(kriya.telesign, unreached, 0);
    }
  });

  test('carries media and templates, with the parameters that its documents name', async (t) => {
    const kriya = await start(t);
    kriya.telesign.templates.set('whatsapp/order_ready', {
      type: 'verified', mandatory_parameters: ['body_text_1', 'body_text_2'],
    });
    const phone = uniquePhone();
    const content = { name: 'order_ready', language: 'en_US', body: ['4', 'x'] };
    accepted(await sendWhatsApp(kriya, phone, { template: content }));
    accepted(await sendWhatsApp(kriya, phone, { media: { kind: 'image', url: 'https://example.com/a.png' } }));
    const [template, image] = assertSent(kriya.telesign, phone, 2);
    assert.deepEqual(template.parameters, { body_text_1: '4', body_text_2: 'x' });
    assert.deepEqual([image.template, image.parameters.header_url], ['image', 'https://example.com/a.png']);
  });

  test('carries no buttons: nothing is sent, or the SMS that was given for it', async (t) => {
    const kriya = await start(t);
    const buttons = { body: 'Sure?', buttons: [{ id: 'y', title: 'Yes' }] };
    const phone = uniquePhone();
    assertProblem(await sendWhatsApp(kriya, phone, { buttons }), 501, 'verification_unavailable');
    const shown = accepted(await sendWhatsApp(kriya, phone, { buttons, fallback_sms: 'Sure? Say YES.' }));
    assert.equal(shown.channel, 'sms');
    assert.equal(assertSent(kriya.telesign, phone)[0].text, 'Sure? Say YES.');
  });

  test('outside the conversation window is refused, and then the SMS goes out', async (t) => {
    const kriya = await start(t);
    const phone = uniquePhone();
    kriya.telesign.number(phone, { window: 'closed' });
    accepted(await sendWhatsApp(kriya, phone, withFallback));
    const [{ channel, text }] = assertSent(kriya.telesign, phone);
    assert.deepEqual([channel, text], ['sms', FALLBACK]);
  });
});

describe('a number', () => {
  const lookup = (kriya, phone_number, more = {}) => post(kriya, '/api/phone/lookup', { phone_number, ...more });
  const risk = (kriya, phone_number, more = {}) => post(kriya, '/api/phone/risk', { phone_number, ...more });

  describe('looked up', () => {
    const life = lifetime();
    let kriya;
    let telesign;
    before(async () => {
      kriya = await startMessaging(life);
      ({ telesign } = kriya);
    });
    const lookedUp = async (description, more, edit) => {
      const phone = uniquePhone();
      telesign.number(phone, description);
      if (edit) telesign.behave({ to: phone, edit });
      const found = await lookup(kriya, phone, more);
      assert.equal(found.status, 200, found.text);
      return { phone, ...found.json };
    };

    test('is described in our words, with the provider\'s own beside', async () => {
      const { phone, details, ...report } = await lookedUp({ type: 'MOBILE', carrier: 'Airtel' });
      const { provider_reference: reference, ...rest } = report;
      assert.match(reference, /^[0-9A-F]{32}$/);
      assert.deepEqual(rest, {
        phone_number: phone,
        provider: 'telesign',
        country: 'US',
        carrier: 'Airtel',
        phone_type: 'mobile',
        can_receive_sms: true,
        blocked: false,
        recommendation: 'allow',
        reasons: [],
      });
      assert.equal(details.phone_type.code, '2');
      const request = telesign.requests.find(({ recipient }) => recipient === phone.slice(1));
      assert.equal(request.refused, false);
      assert.equal(bodyOf(request).phone_number ?? request.path.split('/').at(-1), phone.slice(1));
    });

    for (const [type, name, advice] of [
      ['VOIP', 'voip', 'block'], ['TOLL_FREE', 'toll_free', 'block'], ['PREPAID', 'prepaid', 'flag'],
      ['FIXED_LINE', 'fixed_line', 'allow'], ['INVALID', 'invalid', 'block'],
    ]) {
      test(`of the type ${name}: ${advice}`, async () => {
        const { phone_type: shown, recommendation, can_receive_sms: sms } = await lookedUp({ type });
        assert.deepEqual([shown, recommendation, sms], [name, advice, type === 'PREPAID']);
      });
    }

    test('that is on a block list is not to be written to', async () => {
      for (const blocked of [1, 2, 3]) {
        const report = await lookedUp({ blocked });
        assert.deepEqual([report.blocked, report.recommendation], [true, 'block']);
      }
    });

    test('with contradictory or missing answers is never called safe', async () => {
      const edits = [
        oddities.contradictoryBlock,
        oddities.missingObjects,
        oddities.nullObjects,
        (json) => void (json.phone_type.code = '77'),
        (json) => void (json.status.code = 301),
        (json) => void (json.blocklisting.block_code = 'x'),
      ];
      for (const edit of edits) {
        const { recommendation, reasons } = await lookedUp({}, {}, edit);
        assert.notEqual(recommendation, 'allow', edit.toString());
        assert.ok(reasons.length > 0);
      }
    });

    test('with add-ons is judged by them', async () => {
      const sim = (risk_indicator) => ({ addons: { sim_swap: { risk_indicator } } });
      const more = { addons: ['sim_swap'] };
      assert.equal((await lookedUp(sim('1'), more)).recommendation, 'allow');
      assert.equal((await lookedUp(sim(2), more)).recommendation, 'flag');
      const swapped = await lookedUp(sim('4'), more);
      assert.deepEqual([swapped.recommendation, swapped.reasons], ['block', ['sim_swapped_recently']]);
      assert.equal(swapped.details.sim_swap.risk_indicator, '4');
      const unknown = await lookedUp({ addons: { sim_swap: { status: { code: 2805 } } } }, more);
      assert.equal(unknown.recommendation, 'flag');
    });

    test('with add-ons that are none, or too many, is refused without asking', async () => {
      const count = telesign.requests.length;
      const tooMany = Array.from({ length: 17 }, () => 'sim_swap');
      for (const addons of [['Sim Swap'], ['x'.repeat(41)], tooMany, ['horoscope']]) {
        const answer = await lookup(kriya, uniquePhone(), { addons });
        assertProblem(answer, 422, 'invalid_fields');
        assert.match(answer.json.errors[0].field, /^addons\b/);
      }
      assertProblem(await lookup(kriya, '12'), 422, 'invalid_fields');
      assert.equal(telesign.requests.length, count);
    });

    test('cannot be while the provider is away', async () => {
      for (const rule of [misbehaviour.unavailable, misbehaviour.rateLimited, misbehaviour.notJson,
        misbehaviour.closesBeforeAccepting]) {
        const phone = uniquePhone();
        telesign.behave({ to: phone, ...rule, times: 9 });
        assertProblem(await lookup(kriya, phone), 503, 'unavailable');
      }
    });
  });

  test('is scored at the Intelligence host, and judged by our own thresholds', async (t) => {
    const kriya = await startMessaging(t, { env: { RISK_FLAG_SCORE: '300', RISK_BLOCK_SCORE: '700' } });
    const judged = [[0, 'allow'], [299, 'allow'], [300, 'flag'], [699, 'flag'], [700, 'block']];
    for (const [score, recommendation] of judged) {
      const phone = uniquePhone();
      kriya.telesign.number(phone, { score });
      const { status, json, text } = await risk(kriya, phone, { event: 'create', client_address: '203.0.113.7' });
      assert.equal(status, 200, text);
      assert.deepEqual([json.phone_number, json.provider, json.score, json.recommendation],
        [phone, 'telesign', score, recommendation]);
      assert.deepEqual(json.reason_codes, [10010]);
      const request = kriya.telesign.requests.at(-1);
      assert.match(request.headers.authorization, /^Basic /);
      assert.equal(request.path, '/intelligence/phone');
      const { account_lifecycle_event: event, originating_ip: address, phone_number: to } = bodyOf(request);
      assert.deepEqual([event, address, to], ['create', '203.0.113.7', phone.slice(1)]);
    }
    const phone = uniquePhone();
    kriya.telesign.behave({ to: phone, edit: (json) => void (json.risk.score = '850') });
    assert.equal((await risk(kriya, phone)).json.recommendation, 'block', 'a score that is text');
    kriya.telesign.behave({ to: phone, edit: oddities.contradictoryRisk });
    assert.equal((await risk(kriya, phone)).json.recommendation, 'block', 'the score counts');
    kriya.telesign.behave({ to: phone, edit: oddities.missingObjects });
    assertProblem(await risk(kriya, phone), 503, 'unavailable');
    for (const bad of [{ event: 'party' }, { client_address: 'here' }, { email: 'x' }, { account_id: '' }]) {
      const answered = await risk(kriya, phone, bad);
      assertProblem(answered, 422, 'invalid_fields');
      assert.deepEqual(answered.json.errors.map(({ field }) => field), Object.keys(bad));
    }
  });

  test('is nothing to ask about without a Telesign account', async (t) => {
    const kriya = await startKriya({ t, env: { MESSAGING_API_KEYS: MESSAGING_KEY } });
    for (const path of ['lookup', 'risk']) {
      const refusal = await post(kriya, `/api/phone/${path}`, { phone_number: uniquePhone() });
      assertProblem(refusal, 501, 'verification_unavailable');
    }
  });
});

/** Asks for a code for the sign-in of a new person: {phone, answer, id}. */
async function askForCode(kriya, fields = {}, headers = from(newAddress())) {
  const phone = uniquePhone();
  const asked = await ask(kriya, { phone_number: phone, ...fields }, headers);
  return { phone, asked, id: asked.json.verification?.id };
}

/** Asks another application's way, which may choose the channel. */
const verifyBy = (kriya, phone_number, channel) =>
  post(kriya, '/api/phone/verification', { phone_number, ...(channel ? { channel } : {}) });
const checkCode = (kriya, verification_id, code) =>
  post(kriya, '/api/phone/verification/check', { verification_id, code });

describe('a code', () => {
  test('goes out by SMS as a one-time password, bound to this host', async (t) => {
    const kriya = await startMessaging(t, { env: { PUBLIC_URL: 'https://kriya.example' } });
    const { phone, asked, id } = await askForCode(kriya, {}, from('203.0.113.9'));
    assert.equal(asked.status, 202, asked.text);
    const { text, type } = await kriya.telesign.nextMessage({ to: phone });
    assert.equal(type, 'OTP');
    assert.match(text, /\n@kriya\.example #\d{6}$/);
    const { originating_ip: address, account_lifecycle_event: event } = bodyOf(kriya.telesign.requests[0]);
    assert.deepEqual([address, event], ['203.0.113.9', 'sign-in']);
    const signedIn = await answer(kriya, id, codeIn(text));
    assert.equal(signedIn.status, 200, signedIn.text);
  });

  test('that was definitely not sent costs nothing: another may be asked for at once', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    kriya.telesign.behave({ to: phone, code: 11000 });
    assertProblem(await ask(kriya, { phone_number: phone }), 502, 'delivery_failed');
    const second = await ask(kriya, { phone_number: phone });
    assert.equal(second.status, 202, second.text);
    assertTooMany(await ask(kriya, { phone_number: phone }));
    assertSent(kriya.telesign, phone);
  });

  test('whose answer was lost may have arrived, and then it counts', async (t) => {
    const kriya = await startMessaging(t);
    const phone = uniquePhone();
    kriya.telesign.behave({ to: phone, ...misbehaviour.closesAfterAccepting });
    const asked = await ask(kriya, { phone_number: phone });
    assert.equal(asked.status, 202, asked.text);
    const { text } = await kriya.telesign.nextMessage({ to: phone });
    assert.equal((await answer(kriya, asked.json.verification.id, codeIn(text))).status, 200);
  });

  const channels = { VERIFICATION_CHANNELS: 'sms,whatsapp,voice' };

  test('is spoken by voice, digit by digit', async (t) => {
    const kriya = await startMessaging(t, { env: channels });
    for (let i = 0; i < 8; ++i) { // whatever digits the code begins with
      const phone = uniquePhone();
      const asked = await verifyBy(kriya, phone, 'voice');
      assert.equal(asked.status, 202, asked.text);
      assert.equal(asked.json.verification.channel, 'voice');
      const { text, channel, product } = await kriya.telesign.nextMessage({ to: phone });
      assert.deepEqual([channel, product], ['voice', 'verify']);
      const code = text.replace(/(\d), /g, '$1').match(/\d{6}/)[0];
      assert.doesNotMatch(text, /[@#]/, 'nobody wants the last line read out');
      const checked = await checkCode(kriya, asked.json.verification.id, code);
      assert.equal(checked.json.valid, true, checked.text);
    }
  });

  test('fills an authentication template on WhatsApp', async (t) => {
    const kriya = await startMessaging(t, { meta: true, env: channels });
    const phone = uniquePhone();
    const asked = await verifyBy(kriya, phone, 'whatsapp');
    assert.equal(asked.json.verification.channel, 'whatsapp', asked.text);
    const { template, text: code } = await kriya.meta.nextMessage({ to: phone });
    assert.equal(template.name, 'sign_in_code');
    assert.equal((await checkCode(kriya, asked.json.verification.id, code)).json.valid, true);
    assertSent(kriya.telesign, phone, 0);
  });

  test('goes by SMS when WhatsApp definitely fails, and the answer says so', async (t) => {
    const kriya = await startMessaging(t, { meta: true, env: { VERIFICATION_CHANNELS: 'whatsapp,sms' } });
    const phone = uniquePhone();
    kriya.meta.behave({ to: phone, code: 131026 });
    const asked = await ask(kriya, { phone_number: phone });
    assert.equal(asked.status, 202, asked.text);
    const { id, channel } = asked.json.verification;
    assert.equal(channel, 'sms');
    const [{ text }] = assertSent(kriya.telesign, phone);
    assert.equal((await answer(kriya, id, codeIn(text))).status, 200);
  });

  test('by WhatsApp through Telesign fills the template of the account', async (t) => {
    const env = { ...channels, WHATSAPP_PROVIDER: 'telesign', WHATSAPP_CODE_TEMPLATE: 'my_code' };
    const kriya = await startMessaging(t, { env });
    kriya.telesign.templates.set('whatsapp/my_code', { type: 'verified', mandatory_parameters: ['body_text_1'] });
    const phone = uniquePhone();
    const asked = await verifyBy(kriya, phone, 'whatsapp');
    assert.equal(asked.status, 202, asked.text);
    const { channel, parameters } = await kriya.telesign.nextMessage({ to: phone });
    assert.equal(channel, 'whatsapp');
    assert.equal((await checkCode(kriya, asked.json.verification.id, parameters.body_text_1)).json.valid, true);
  });

  test('can be sent again by another channel, and both stay good', async (t) => {
    const kriya = await startMessaging(t, { env: channels });
    const phone = uniquePhone();
    const asked = await ask(kriya, { phone_number: phone });
    const { id } = asked.json.verification;
    const first = codeIn((await kriya.telesign.nextMessage({ to: phone })).text);
    await coolDown(kriya);
    const again = await resend(kriya, id, { channel: 'voice' });
    assert.equal(again.status, 202, again.text);
    assert.equal((await kriya.telesign.nextMessage({ to: phone })).channel, 'voice');
    assert.equal((await answer(kriya, id, first)).status, 200);
  });

  test('by a channel that is not offered is refused', async (t) => {
    const kriya = await startMessaging(t, { env: { VERIFICATION_CHANNELS: 'sms' } });
    const refusal = await verifyBy(kriya, uniquePhone(), 'voice');
    assertProblem(refusal, 422, 'invalid_fields');
    assert.deepEqual(refusal.json.errors.map(({ field }) => field), ['channel']);
  });
});

describe('CODE_PROVIDER=telesign', () => {
  const env = { CODE_PROVIDER: 'telesign' };
  const guesses = ({ telesign }) => telesign.requests.filter(({ query }) => query.verify_code !== undefined);

  test('lets Telesign make and check the code, which Kriya never knows', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, asked, id } = await askForCode(kriya);
    assert.equal(asked.status, 202, asked.text);
    const sent = await kriya.telesign.nextMessage({ to: phone });
    assert.deepEqual([sent.product, sent.type], ['verify', 'OTP']);
    assert.equal(bodyOf(kriya.telesign.requests[0]).verify_code, undefined);
    const [code] = await kriya.rows.query('SELECT code_hash, provider_reference FROM challenge_codes');
    assert.deepEqual([code.code_hash, code.provider_reference], [null, sent.reference_id]);

    const failed = await answer(kriya, id, wrong(sent.code));
    assertProblem(failed, 401, 'invalid_code');
    assert.equal(failed.json.attempts_left, 4);
    const signedIn = await answer(kriya, id, sent.code);
    assert.equal(signedIn.status, 200, signedIn.text);
    assert.equal(signedIn.json.user.phone_number, phone);
    assert.equal(guesses(kriya).length, 2);
    assertProblem(await answer(kriya, id, sent.code), 410, 'verification_expired');
    assert.equal(guesses(kriya).length, 2, 'a spent challenge asks nobody');
  });

  test('tells clients as many digits as the code has', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, asked } = await askForCode(kriya);
    const { code } = await kriya.telesign.nextMessage({ to: phone });
    assert.equal(asked.json.verification.code_length, code.length);
  });

  test('asks Telesign about no more than five guesses', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, id } = await askForCode(kriya);
    const { code } = await kriya.telesign.nextMessage({ to: phone });
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => answer(kriya, id, wrong(code, i + 1))));
    assert.equal(all.filter(({ status }) => status === 200).length, 0);
    assert.ok(guesses(kriya).length <= 5, `${guesses(kriya).length} guesses were compared`);
    assert.notEqual((await answer(kriya, id, code)).status, 200);
  });

  test('checks a resent code and the one before it', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, id } = await askForCode(kriya);
    const first = await kriya.telesign.nextMessage({ to: phone });
    await coolDown(kriya);
    assert.equal((await resend(kriya, id)).status, 202);
    const second = await kriya.telesign.nextMessage({ to: phone });
    assert.notEqual(first.reference_id, second.reference_id);
    assert.equal((await answer(kriya, id, first.code)).status, 200);
  });

  test('says that it cannot check while Telesign is away, and the code stays good', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, id } = await askForCode(kriya);
    const { code } = await kriya.telesign.nextMessage({ to: phone });
    kriya.telesign.behave({ path: '/v1/verify', method: 'GET', ...misbehaviour.unavailable });
    assertProblem(await answer(kriya, id, code), 503, 'unavailable');
    assert.equal((await answer(kriya, id, code)).status, 200);
  });
});

describe('RISK_CHECK=telesign', () => {
  const env = { RISK_CHECK: 'telesign' };
  const events = ({ rows }) =>
    rows.query("SELECT kind, decision, detail FROM security_events WHERE kind LIKE 'risk%'");

  async function asked(kriya, score, more = {}) {
    const phone = uniquePhone();
    kriya.telesign.number(phone, { score });
    return { phone, ...(await ask(kriya, { phone_number: phone, ...more })) };
  }

  test('lets a number of little risk through', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, status, text } = await asked(kriya, 100);
    assert.equal(status, 202, text);
    assertSent(kriya.telesign, phone);
    assert.deepEqual(await events(kriya), []);
  });

  test('records one that is to be flagged, and sends', async (t) => {
    const kriya = await startMessaging(t, { env });
    const { phone, status } = await asked(kriya, 500);
    assert.equal(status, 202);
    assertSent(kriya.telesign, phone);
    const [{ kind, decision, detail }] = await events(kriya);
    assert.deepEqual([kind, decision, JSON.parse(detail).score], ['risk_flag', 'allowed', 500]);
  });

  test('sends nothing to one that is to be blocked', async (t) => {
    const kriya = await startMessaging(t, { env: { ...env, RISK_BLOCK_SCORE: '700' } });
    const blocked = await asked(kriya, 700);
    assertProblem(blocked, 403, 'forbidden');
    assertSent(kriya.telesign, blocked.phone, 0);
    const [{ kind, decision }] = await events(kriya);
    assert.deepEqual([kind, decision], ['risk_block', 'denied']);
    assert.equal((await asked(kriya, 699)).status, 202);
  });

  for (const [setting, status, sent] of [['open', 202, 1], ['closed', 503, 0]]) {
    test(`fails ${setting} when RISK_ON_FAILURE=${setting}`, async (t) => {
      const kriya = await startMessaging(t, { env: { ...env, RISK_ON_FAILURE: setting } });
      for (const rule of [misbehaviour.unavailable, misbehaviour.notJson, misbehaviour.timesOutBeforeAccepting]) {
        kriya.telesign.behave({ path: '/intelligence', ...rule });
        const begun = Date.now();
        const given = await asked(kriya, 100);
        assert.equal(given.status, status, given.text);
        assert.ok(Date.now() - begun < 8000, 'nobody waits long for a score');
        assertSent(kriya.telesign, given.phone, sent);
      }
      const seen = await events(kriya);
      assert.deepEqual(seen.map(({ kind }) => kind), Array(3).fill('risk_unknown'));
      assert.equal(seen[0].decision, setting === 'open' ? 'allowed' : 'denied');
    });
  }
});

test('SMS_PUMPING_GUARD=deny stops codes that nobody uses, and says nothing about why to whom', async (t) => {
  const kriya = await startMessaging(t, { env: { SMS_PUMPING_GUARD: 'deny' } });
  let refusal;
  for (let i = 0; i < 60 && refusal === undefined; ++i) {
    const given = await ask(kriya, {}, from(newAddress()));
    if (given.status !== 202) refusal = given;
  }
  assertTooMany(refusal ?? assert.fail('sixty codes that nobody used went out'));
  const [{ decision }] = await kriya.rows.query("SELECT decision FROM security_events WHERE kind = 'pumping_warning'");
  assert.equal(decision, 'denied');
});

test('SERVICE_NAME is what messages call the service', async (t) => {
  const kriya = await startMessaging(t, { env: { SERVICE_NAME: 'Acme' } });
  const { phone } = await askForCode(kriya, {}, from(newAddress(), { 'Accept-Language': 'en' }));
  assert.match((await kriya.telesign.nextMessage({ to: phone })).text, /^\d{6} is your Acme code/);
});
