/**
 * `npm run simulate:quotas -- [--trials N] [--trials-a-job N] [--trial-seconds N]`: what a plan of so many trials asks of AWS's quotas. Its requests
 * are counted on plans of two small sizes and grow in proportion; how long the jobs take together is simulated on spot machines.
 * Exit code 1 where it asks for more than a quota gives.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../lib/numerics/random.ts';
import { formatSignificant } from '../lib/report/format-numbers.ts';
import { extrapolate, measurePlanLoad } from './simulation/plan-load.ts';
import { holdAgainstQuotas } from './simulation/plan-quotas.ts';
import { readPipeline } from './simulation/read-pipeline.ts';
import { simulateFleet } from './simulation/spot-fleet.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '100000' },
    'trials-a-job': { type: 'string', default: '100' },
    'trial-seconds': { type: 'string', default: '60' },
  },
});
const [trials, trialsAJob, trialSeconds] = [values.trials, values['trials-a-job'], values['trial-seconds']].map(
  Number,
) as [number, number, number];
if (
  !Number.isInteger(trials) ||
  !Number.isInteger(trialsAJob) ||
  trialsAJob < 1 ||
  trials < trialsAJob ||
  !(trialSeconds > 0)
) {
  console.error(
    '--trials and --trials-a-job take whole numbers, the first not below the second, --trial-seconds a number above 0.',
  );
  process.exit(2);
}

const evaluationSeconds = 2;
const { trainingJobs, evaluations, states } = await readPipeline();
const load = await measureLoad();
const fleet = simulateFleet(
  {
    jobs: load.trainBatches,
    jobSeconds: trialsAJob * trialSeconds,
    mostAtOnce: trainingJobs,
    startSeconds: 240,
    checkpointIntervalSeconds: 30,
    checkpointSeconds: 0.2,
    interruptionsAnHour: 0.2,
    mostAttempts: 10,
    submissionsASecond: 50,
  },
  randomStream(1, 'spot fleet'),
);
const uses = holdAgainstQuotas(load, {
  trialSeconds,
  evaluationSeconds,
  requestSeconds: 0.02,
  concurrentRequests: 32,
  trainingJobs,
  evaluations,
  trainingSeconds: fleet.makespanSeconds,
  states,
});
console.log(
  `${trials} trials of ${trialSeconds} s in ${load.trainBatches} jobs, ${trainingJobs} at once; ${load.evaluationBatches} batches of evaluation of ${evaluationSeconds} s, ${evaluations} at once; 20 ms a request, 32 at once; 0.2 interruptions a machine-hour`,
);
console.log('quota | limit | asked for | of it');
for (const { quota, unit, limit, use } of uses) {
  const share = `${formatSignificant((100 * use) / limit, 2)} %`;
  console.log(
    `${quota}, ${unit} | ${formatSignificant(limit)} | ${formatSignificant(use)} | ${share}${use > limit ? ': too much' : ''}`,
  );
}
if (uses.some(({ use, limit }) => use > limit)) process.exitCode = 1;

async function measureLoad() {
  const folder = await mkdtemp(join(tmpdir(), 'stepwise-quotas-'));
  try {
    const [smaller, larger] = [
      await measurePlanLoad(join(folder, 'smaller'), { trials: 2 * trialsAJob, trialsAJob }),
      await measurePlanLoad(join(folder, 'larger'), { trials: 4 * trialsAJob, trialsAJob }),
    ];
    return extrapolate(smaller, larger, trials);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
