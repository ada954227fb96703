/**
 * A plan against AWS's quotas, by calculation: what it asks of each at its worst, and how much of the quota that is. Quotas are the
 * defaults that docs/quotas.md has with their sources; nobody has run such a plan on AWS.
 */
import type { PlanLoad } from './plan-load.ts';

export interface QuotaAssumptions {
  /** Of training a trial. */
  readonly trialSeconds: number;
  /** Of a batch of evaluations. */
  readonly evaluationSeconds: number;
  /** A request to S3 from a Lambda, and how many Plan and Aggregate have under way. */
  readonly requestSeconds: number;
  readonly concurrentRequests: number;
  /** Of the maps, as the stack has them. */
  readonly trainingJobs: number;
  readonly evaluations: number;
  /** Until the last training job ended, by simulation. */
  readonly trainingSeconds: number;
  /** Of a state machine: the most that a state's retriers try together. */
  readonly states: readonly { readonly kind: 'task' | 'map' | 'other'; readonly retries: number }[];
}

export interface QuotaUse {
  readonly quota: string;
  readonly unit: string;
  readonly limit: number;
  readonly use: number;
}

/** Events of a state in an execution's history, a retry's besides: entered, scheduled, started, ended, left. */
const eventsOfState = { task: 5, map: 6, other: 2 } as const;
/** Failed, scheduled again, started again. */
const eventsOfRetry = 3;

export function holdAgainstQuotas(load: PlanLoad, assumptions: QuotaAssumptions): readonly QuotaUse[] {
  const { trainBatches, evaluationBatches, requests, trials } = load;
  const { trialSeconds, evaluationSeconds, requestSeconds, concurrentRequests } = assumptions;
  const jobSeconds = (trialSeconds * trials) / Math.max(1, trainBatches);
  const jobsASecond = assumptions.trainingJobs / jobSeconds;
  const evaluationsASecond = assumptions.evaluations / evaluationSeconds;
  const writesOfTraining = (requests.train.writes / trials) * (assumptions.trainingJobs / trialSeconds);
  const perEvaluation = (count: number) => (count / Math.max(1, evaluationBatches)) * evaluationsASecond;
  const lambdaSeconds = ({ reads, writes }: PlanLoad['requests']['plan']) =>
    ((reads + writes) * requestSeconds) / concurrentRequests;
  const history = assumptions.states.reduce(
    (sum, { kind, retries }) => sum + eventsOfState[kind] + eventsOfRetry * retries,
    2,
  );
  const evaluatingSeconds = (evaluationBatches * evaluationSeconds) / assumptions.evaluations;
  const whole = assumptions.trainingSeconds + evaluatingSeconds + lambdaSeconds(requests.plan);
  return [
    { quota: 'a state’s input or output', unit: 'bytes', limit: 262_144, use: load.stateBytes },
    {
      quota: 'history of the execution, every state tried as often as it may be',
      unit: 'events',
      limit: 25_000,
      use: history,
    },
    { quota: 'a list that a Distributed Map reads', unit: 'bytes', limit: 10e9, use: load.listBytes },
    {
      quota: 'children of a map at one time',
      unit: 'executions',
      limit: 10_000,
      use: Math.max(assumptions.trainingJobs, assumptions.evaluations),
    },
    { quota: 'Batch, SubmitJob at the start', unit: 'a second', limit: 50, use: assumptions.trainingJobs },
    { quota: 'Batch, SubmitJob later on', unit: 'a second', limit: 50, use: jobsASecond },
    {
      quota: 'Step Functions, transitions of the children',
      unit: 'a second',
      limit: 800,
      use: 3 * (jobsASecond + evaluationsASecond),
    },
    { quota: 'Lambda, concurrent executions', unit: 'executions', limit: 1000, use: assumptions.evaluations + 1 },
    { quota: 'Lambda, new executions in ten seconds', unit: 'executions', limit: 1000, use: assumptions.evaluations },
    {
      quota: 'S3, writes of training under artifacts/ and checkpoints/',
      unit: 'a second',
      limit: 3500,
      use: writesOfTraining,
    },
    {
      quota: 'S3, writes of evaluation under one prefix',
      unit: 'a second',
      limit: 3500,
      use: perEvaluation(requests.evaluate.writes),
    },
    {
      quota: 'S3, reads of evaluation under one prefix',
      unit: 'a second',
      limit: 5500,
      use: perEvaluation(requests.evaluate.reads),
    },
    { quota: 'time of the Plan function', unit: 'seconds', limit: 300, use: lambdaSeconds(requests.plan) },
    { quota: 'time of the Aggregate function', unit: 'seconds', limit: 300, use: lambdaSeconds(requests.aggregate) },
    { quota: 'time of a training job', unit: 'hours', limit: 24, use: jobSeconds / 3600 },
    { quota: 'time of the execution', unit: 'hours', limit: 7 * 24, use: whole / 3600 },
  ];
}
