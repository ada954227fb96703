/** The layout of the bucket. Every key that anything reads or writes is made here. */

/** What a plan's batches are for. */
export type BatchKind = 'train' | 'evaluate';

export const keys = {
  datasetPrefix: (name: string) => `datasets/${name}/`,
  datasetFile: (name: string, version: string, file: string) => `datasets/${name}/${version}/${file}`,
  /** Written last: its presence says that the dataset is complete, and it is what a trigger listens to. */
  datasetManifest: (name: string, version: string) => `datasets/${name}/${version}/_manifest.json`,
  /** Which version was imported last. */
  datasetNewest: (name: string) => `datasets/${name}/_newest.json`,

  runPrefix: (run: string) => `runs/${run}/`,
  /** What was asked for, as it came. */
  request: (run: string) => `runs/${run}/request.json`,
  /** What Resolve made of it: parameters in full, dataset versions pinned. */
  resolved: (run: string) => `runs/${run}/resolved.json`,
  /** Every trial of the run with its artifact's digest. */
  trials: (run: string) => `runs/${run}/trials.jsonl`,
  trainBatches: (run: string) => `runs/${run}/plan.jsonl`,
  evaluationBatches: (run: string) => `runs/${run}/evaluations.jsonl`,
  batches: (run: string, kind: BatchKind): string =>
    kind === 'train' ? keys.trainBatches(run) : keys.evaluationBatches(run),
  /** Of a long list of batches, a part; see batches.ts. */
  batchPage: (run: string, kind: BatchKind, page: number) => `runs/${run}/batches/${kind}/${padded(page)}.jsonl`,
  measurements: (run: string, batch: number) => `runs/${run}/measurements/${padded(batch)}.jsonl`,
  /** Pictures of a batch's evaluations; absent where they make none. */
  images: (run: string, batch: number) => `runs/${run}/images/${padded(batch)}.jsonl`,
  measurementsPrefix: (run: string) => `runs/${run}/measurements/`,
  /** Times and missing evaluations of a batch. */
  evaluationRecord: (run: string, batch: number) => `runs/${run}/evaluation/${padded(batch)}.json`,
  evaluationRecordsPrefix: (run: string) => `runs/${run}/evaluation/`,
  /** One record an artifact that this run trained: when, how long, from which checkpoint. */
  trainingRecord: (run: string, digest: string) => `runs/${run}/training/${digest}.json`,
  /** When the latest attempt at it began, and when it failed. */
  trainingAttempt: (run: string, digest: string) => `runs/${run}/attempts/${digest}.json`,
  trainingAttemptsPrefix: (run: string) => `runs/${run}/attempts/`,
  /** What failed, where, with the tail of the log. */
  failure: (run: string, name: string) => `runs/${run}/failures/${name}.json`,
  failuresPrefix: (run: string) => `runs/${run}/failures/`,
  runState: (run: string) => `runs/${run}/state.json`,
  /** Where the Distributed Maps' result writers put theirs. */
  mapResults: (run: string, map: 'train' | 'evaluate') => `runs/${run}/map-results/${map}/`,

  artifactPrefix: (digest: string) => `artifacts/${digest}/`,
  artifactModel: (digest: string) => `artifacts/${digest}/model.safetensors`,
  artifactMetrics: (digest: string) => `artifacts/${digest}/metrics.jsonl`,
  /** Written last; its absence means that the artifact is not there. */
  artifactManifest: (digest: string) => `artifacts/${digest}/manifest.json`,
  /** Under a prefix of its own, so that the bucket's lifecycle rule can expire what nobody resumed and nothing else. */
  checkpoint: (digest: string) => `checkpoints/${digest}/latest.safetensors`,

  /** Measurements by what they were computed from; a rerun reads them instead of computing. */
  cachedMeasurements: (digest: string) => `measurements/${digest}.jsonl`,
  cachedImages: (digest: string) => `measurements/${digest}.images.jsonl`,

  result: (experiment: string, run: string) => `results/${experiment}/${run}.json`,
  /** Written only conditionally. */
  resultIndex: () => 'results/index.json',
  /** Older entries of the index; see result-index.ts. */
  resultVolume: (digest: string) => `results/index/${digest}.json`,
  report: (run: string, file: string) => `reports/${run}/${file}`,

  // Schedules and what their reruns find.
  /** The modules behind a run's code digests. */
  runCode: (run: string) => `runs/${run}/code.json`,
  /** Only of runs whose numbers or verdict are not those of the run before. */
  regression: (experiment: string, run: string) => `regressions/${experiment}/${run}.json`,
  regressionsPrefix: (experiment?: string) =>
    experiment === undefined ? 'regressions/' : `regressions/${experiment}/`,
  schedule: (name: string) => `schedules/${name}.json`,
  schedulesPrefix: () => 'schedules/',
  // Cost.
  /** Prices of one's own; see prices.ts. */
  prices: () => 'settings/prices.json',
  /** What Plan found missing and reckons it will cost. */
  planRecord: (run: string) => `runs/${run}/plan.json`,
  /** What a run with a budget has spent and has under way. Written only conditionally. */
  spending: (run: string) => `runs/${run}/spending.json`,

  // Uploads and what they start.
  /** Which experiments run when the dataset is uploaded. */
  subscriptions: (dataset: string) => `subscriptions/${dataset}.json`,
  subscriptionsPrefix: () => 'subscriptions/',
  /** Which run belongs to something that may be heard of more than once. Written only where it is not there. */
  startClaim: (digest: string) => `starts/${digest}.json`,
} as const;

function padded(batch: number): string {
  return String(batch).padStart(6, '0');
}
