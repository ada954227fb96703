/** A walk as a report shows it: an edge of 4 × 2 pixels that gets sharper. */
import type { SummaryImageSeries } from '../../lib/pipeline/experiment.ts';

/** Four columns of grey, two rows. */
function grey(columns: readonly number[]): string {
  const row = columns.flatMap((value) => [value, value, value, 255]);
  return Buffer.from([...row, ...row]).toString('base64');
}

export const sampleSeries: SummaryImageSeries = {
  title: 'Probability of ‘road’',
  caption: 'After so many steps of the walk.',
  variable: 'Steps of the walk',
  frames: [
    { label: '0 steps', width: 4, height: 2, rgba: grey([60, 100, 160, 200]) },
    { label: '1 step', width: 4, height: 2, rgba: grey([50, 70, 190, 210]) },
    { label: '5 steps', width: 4, height: 2, rgba: grey([40, 50, 210, 215]) },
    { label: 'converged', width: 4, height: 2, rgba: grey([30, 30, 220, 220]) },
  ],
};
