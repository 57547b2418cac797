import { setTimeout as delay } from 'node:timers/promises';

/** How long one comparison may take: a slow link needs more time for as many rounds. */
export const secondsAt = (roundTripMs) => 15 + roundTripMs / 10;

/**
 * Measures things beside each other: one sample of each per round, so that whatever else the machine does hits all of
 * them. Goes on until the time is used up, at least `least` rounds.
 *
 * @param {Record<string, () => Promise<number>>} subjects each answers with its milliseconds
 * @returns {Promise<Record<string, number[]>>} samples by subject; those of one index belong together
 */
export const inRounds = async (subjects, { seconds, least = 3, most = 200 }) => {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  const until = performance.now() + seconds * 1000;
  for (let round = 0; round < most && (round < least || performance.now() < until); round += 1) {
    for (const [name, subject] of Object.entries(subjects)) samples[name].push(await subject());
  }
  return samples;
};

/** How long `work` takes, in milliseconds. */
export const timed = async (work) => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** Longer than it takes until a warm channel that was taken is replaced. */
export const untilWarm = (roundTripMs) => delay(500 + 3 * roundTripMs);
