// How long a chat holds a model's words back: from the first byte of the model's answer, as the stand-in in this very
// process writes it, to the first `text` event at the client of POST /api/chat. One chat after the other.
//
//     build/node/bin/node bench/chat.mjs [--chats 200] [--warm-up 50]
//
// KRIYA_BIN names another binary than build/release/kriya. An aim not met is printed, never an error.
import { parseArgs } from 'node:util';

import { Browser } from '../tests/e2e/support/browser.mjs';
import { CHAT } from '../tests/e2e/support/chat.mjs';
import { startKriya } from '../tests/e2e/support/kriya.mjs';
import { says, startModel, step } from '../tests/e2e/support/model.mjs';

const AIM = 2; // ms
const THINKING = 5; // ms from the head of the model's answer to its first byte, so that it is not in the same packet
const TEXT = 'The quick brown fox jumps over the lazy dog, and the dog does not mind at all.';

const { values } = parseArgs({
  options: { chats: { type: 'string', default: '200' }, 'warm-up': { type: 'string', default: '50' } },
});

/** ms from the model's first byte to the browser's first word. */
async function oneChat(model, browser, message) {
  const answer = says(TEXT, 8);
  answer.steps.shift(); // the first line of a stream names the role alone: the next one is the first with a word
  model.script({ ...answer, steps: [step.wait(THINKING), ...answer.steps] });
  const stream = await browser.stream(CHAT, { message });
  const { at } = await stream.next('text');
  const { firstByteAt } = await model.nextRequest();
  if (!(await stream.ended) || stream.events.at(-1).event !== 'done') {
    throw new Error(`the chat broke off: ${JSON.stringify(stream.events)}`);
  }
  return at - firstByteAt;
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];

const model = await startModel();
const kriya = await startKriya({ env: { ...model.settings, RATE_LIMITS: 'off' } });
try {
  const browser = await Browser.open(kriya);
  for (let i = 0; i < Number(values['warm-up']); ++i) await oneChat(model, browser, `Warm-up ${i}`);
  const times = [];
  for (let i = 0; i < Number(values.chats); ++i) times.push(await oneChat(model, browser, `Chat ${i}`));
  times.sort((left, right) => left - right);
  const [median, p99] = [0.5, 0.99].map((share) => quantile(times, share));
  const verdict = median < AIM ? 'met' : 'NOT met';
  console.log(`chat, first word after the model's first byte: median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms `
    + `of ${times.length}; aim < ${AIM} ms: ${verdict}`);
} finally {
  await kriya.dispose();
  await model.stop();
}
