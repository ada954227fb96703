import { describe, expect, test } from 'vitest';
import { type Fleet, simulateFleet, youngInterval } from '../../bench/simulation/spot-fleet.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const fleet: Fleet = {
  jobs: 10,
  jobSeconds: 1000,
  mostAtOnce: 4,
  startSeconds: 100,
  checkpointIntervalSeconds: Number.POSITIVE_INFINITY,
  checkpointSeconds: 5,
  interruptionsAnHour: 0,
  mostAttempts: 10,
  submissionsASecond: 1e9,
};
const simulate = (changes: Partial<Fleet>, seed = 1) =>
  simulateFleet({ ...fleet, ...changes }, randomStream(seed, 'test'));

describe('without interruptions', () => {
  test('jobs go in rounds of as many as run at once', () => {
    expect(simulate({})).toMatchObject({ machineSeconds: 10 * 1100, lostSeconds: 0, interruptions: 0, failed: 0 });
    expect(simulate({}).makespanSeconds).toBeCloseTo(3 * 1100, 3);
  });

  test('each checkpoint but the one at the end takes its time', () => {
    expect(simulate({ checkpointIntervalSeconds: 250 }).machineSeconds).toBe(10 * (1100 + 3 * 5));
  });

  test('submissions come no faster than they are allowed', () => {
    expect(simulate({ mostAtOnce: 10, submissionsASecond: 2 }).makespanSeconds).toBeCloseTo(1100 + 10 / 2, 6);
  });
});

describe('with interruptions', () => {
  /** For each piece between two checkpoints the expected time is (e^{λτ} − 1) / λ, τ with its checkpoint, and a start after each interruption. */
  function expectedSeconds(rate: number, pieces: number, piece: number, start: number): number {
    // A start that is interrupted is itself tried again: with it, time until so much has gone by undisturbed.
    const undisturbed = (seconds: number) => (Math.exp(rate * seconds) - 1) / rate;
    const after = undisturbed(start);
    const onePiece = undisturbed(piece) + (Math.exp(rate * piece) - 1) * after;
    return after + pieces * onePiece;
  }

  test('the mean time of a job is that of the renewal equation', () => {
    const changes = { jobs: 20_000, interruptionsAnHour: 6, checkpointIntervalSeconds: 200, mostAttempts: 1000 };
    // Five pieces, of which the last writes none; its own is the artifact.
    const rate = 6 / 3600;
    const four = expectedSeconds(rate, 4, 205, 100);
    const fifth = (Math.exp(rate * 200) - 1) / rate + (Math.exp(rate * 200) - 1) * ((Math.exp(rate * 100) - 1) / rate);
    const { machineSeconds, failed } = simulate(changes);
    expect(failed).toBe(0);
    expect(Math.abs(machineSeconds / 20_000 / (four + fifth) - 1)).toBeLessThan(0.02);
  });

  test('nothing is kept without checkpoints, and jobs run out of attempts', () => {
    const { failed, lostSeconds } = simulate({ jobs: 200, interruptionsAnHour: 10, mostAttempts: 3 });
    expect(failed).toBeGreaterThan(50);
    expect(lostSeconds).toBeGreaterThan(0);
    expect(
      simulate({ jobs: 200, interruptionsAnHour: 10, mostAttempts: 3, checkpointIntervalSeconds: 20 }).failed,
    ).toBeLessThan(failed);
  });

  test('Young’s interval costs less than one of a tenth and one of ten times its length', () => {
    const best = youngInterval(5, 2);
    const cost = (checkpointIntervalSeconds: number) =>
      simulate({
        jobs: 3000,
        jobSeconds: 10_000,
        interruptionsAnHour: 2,
        mostAttempts: 1000,
        checkpointIntervalSeconds,
      }).machineSeconds;
    expect(cost(best)).toBeLessThan(cost(best / 10));
    expect(cost(best)).toBeLessThan(cost(best * 10));
  });

  test('the same seed gives the same outcome', () => {
    const changes = { interruptionsAnHour: 3, checkpointIntervalSeconds: 100 };
    expect(simulate(changes)).toEqual(simulate(changes));
    expect(simulate(changes, 2)).not.toEqual(simulate(changes));
  });
});
