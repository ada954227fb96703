/**
 * `npm run simulate -- [--jobs N] [--job-minutes N] [--at-once N] [--checkpoint-seconds N] [--seed N]`: what spot interruptions and the interval between
 * checkpoints come to in time and money, by simulation; see simulation/spot-fleet.ts for what is assumed of a machine.
 */
import { parseArgs } from 'node:util';
import { randomStream } from '../lib/numerics/random.ts';
import { defaultPrices } from '../lib/pipeline/cost/prices.ts';
import { type Fleet, type FleetOutcome, simulateFleet, youngInterval } from './simulation/spot-fleet.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    'job-minutes': { type: 'string', default: '30' },
    'at-once': { type: 'string', default: '16' },
    'checkpoint-seconds': { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});
const [jobs, jobMinutes, mostAtOnce, seed] = [values.jobs, values['job-minutes'], values['at-once'], values.seed].map(
  Number,
) as [number, number, number, number];
const checkpointSeconds = Number(values['checkpoint-seconds']);
if (![jobs, jobMinutes, mostAtOnce, checkpointSeconds].every((number) => number > 0) || !Number.isInteger(seed)) {
  console.error(
    '--jobs, --job-minutes, --at-once and --checkpoint-seconds take numbers above 0, --seed a whole number.',
  );
  process.exit(2);
}
const repetitions = 20;
const { gpuInstanceHourSpot, gpuInstanceHourOnDemand } = defaultPrices.prices;

const base: Omit<Fleet, 'checkpointIntervalSeconds' | 'interruptionsAnHour'> = {
  jobs,
  jobSeconds: 60 * jobMinutes,
  mostAtOnce,
  startSeconds: 240,
  checkpointSeconds,
  mostAttempts: 10,
  submissionsASecond: 50,
};
const intervals = [10, 30, 120, 600, Number.POSITIVE_INFINITY];
const rates = [0.05, 0.2, 1];

const calm = mean({ ...base, checkpointIntervalSeconds: Number.POSITIVE_INFINITY, interruptionsAnHour: 0 });
console.log(
  `${jobs} jobs of ${jobMinutes} minutes, ${mostAtOnce} at once, ${base.startSeconds} s to a start, ${checkpointSeconds} s a checkpoint, means of ${repetitions}`,
);
console.log(
  `on demand, never interrupted: ${hours(calm.makespanSeconds)} h, $${dollars(calm, gpuInstanceHourOnDemand.usDollars)}`,
);
console.log('interruptions an hour | checkpoint every | hours | $ on spot | interruptions | done twice | jobs lost');
for (const interruptionsAnHour of rates) {
  for (const checkpointIntervalSeconds of intervals) {
    const outcome = mean({ ...base, checkpointIntervalSeconds, interruptionsAnHour });
    const lost = (100 * outcome.lostSeconds) / (jobs * base.jobSeconds);
    console.log(
      [
        interruptionsAnHour,
        Number.isFinite(checkpointIntervalSeconds) ? `${checkpointIntervalSeconds} s` : 'never',
        hours(outcome.makespanSeconds),
        dollars(outcome, gpuInstanceHourSpot.usDollars),
        outcome.interruptions.toFixed(1),
        `${lost.toFixed(2)} %`,
        outcome.failed.toFixed(2),
      ].join(' | '),
    );
  }
  console.log(
    `Young's interval at ${interruptionsAnHour} an hour: ${youngInterval(checkpointSeconds, interruptionsAnHour).toFixed(0)} s`,
  );
}

function mean(fleet: Fleet): FleetOutcome {
  const outcomes = Array.from({ length: repetitions }, (_, repetition) =>
    simulateFleet(fleet, randomStream(seed, 'spot fleet', repetition)),
  );
  const of = (pick: (outcome: FleetOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + pick(outcome), 0) / repetitions;
  return {
    makespanSeconds: of((outcome) => outcome.makespanSeconds),
    machineSeconds: of((outcome) => outcome.machineSeconds),
    lostSeconds: of((outcome) => outcome.lostSeconds),
    interruptions: of((outcome) => outcome.interruptions),
    failed: of((outcome) => outcome.failed),
  };
}

function hours(seconds: number): string {
  return (seconds / 3600).toFixed(2);
}

function dollars({ machineSeconds }: FleetOutcome, hourly: number): string {
  return ((machineSeconds / 3600) * hourly).toFixed(2);
}
