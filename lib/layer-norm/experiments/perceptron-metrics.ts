/** What the measurements of `permutation-invariant-mnist` are called: between those that take them and those that read them. */
export const curves = {
  trainingLoss: { label: 'training negative log likelihood', unit: 'nats' },
  testLoss: { label: 'test negative log likelihood', unit: 'nats' },
  testError: { label: 'test error', unit: 'share' },
  validationError: { label: 'validation error', unit: 'share' },
} as const;
export type CurveName = keyof typeof curves;

/** Its step is the number of updates. */
export function curveMetric(curve: CurveName, batchSize: number): string {
  return `${curves[curve].label}, minibatches of ${batchSize}`;
}

/** Of batch normalization in a test, by statistics of minibatches of 500 training images. */
export function largeStatisticsMetrics(batchSize: number): { readonly error: string; readonly loss: string } {
  const end = `by statistics of 500 images, minibatches of ${batchSize}`;
  return { error: `test error ${end}`, loss: `test negative log likelihood ${end}` };
}

export function timeMetrics(batchSize: number): { readonly seconds: string; readonly perEpoch: string } {
  return {
    seconds: `seconds an update, minibatches of ${batchSize}`,
    perEpoch: `updates an epoch, minibatches of ${batchSize}`,
  };
}
