// Many requests at once.

export const STREAMS = 12;

/** `action(index)` so many times at once. */
export const times = (count, action) => Promise.all(Array.from({ length: count }, (_, index) => action(index)));

/** Repeats `step` on many streams at once while `during` runs; the first failure of either ends it. */
export async function underLoad(step, during, streams = STREAMS) {
  let over = false;
  const load = times(streams, async (index) => {
    while (!over) await step(index);
  });
  load.catch(() => {});
  try {
    await Promise.race([load, during()]);
  } finally {
    over = true;
  }
  await load;
}
