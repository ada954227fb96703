/** Which pictures the figures are of, as rows among the measurements: the summary sees nothing else of a dataset. */
import type { DatasetReader } from '../../datasets/dataset.ts';
import type { Measurement } from '../../pipeline/experiment.ts';

const metric = 'validation pictures';

export function measuredPictures({ manifest }: DatasetReader, pictures: number, seed: number): Measurement {
  return { metric, subject: manifest.description, step: 0, seed, value: pictures, unit: 'pictures' };
}

export interface MeasuredPictures {
  readonly pictures: number;
  /** The dataset's description of itself. */
  readonly dataset: string;
}

/** undefined where nothing was measured. */
export function describeMeasuredPictures(rows: readonly Measurement[]): MeasuredPictures | undefined {
  const row = rows.find((candidate) => candidate.metric === metric);
  return row && { pictures: row.value, dataset: row.subject };
}
