/** Regression reports as they lie in the store. */
import type { ObjectStore } from '../../storage/object-store.ts';
import { InvalidRecord } from '../errors.ts';
import { keys } from '../keys.ts';
import { formatRecord, readRecord } from '../records.ts';
import { type RegressionReport, regressionReportSchema } from './regression.ts';

export async function writeRegression(store: ObjectStore, report: RegressionReport): Promise<void> {
  await store.put(keys.regression(report.experiment, report.run), formatRecord(report));
}

/** Undefined where the run changed nothing. */
export function readRegression(
  store: ObjectStore,
  experiment: string,
  run: string,
): Promise<RegressionReport | undefined> {
  return readRecord(store, keys.regression(experiment, run), regressionReportSchema);
}

/**
 * Newest first, as far as runs' names begin with their time; of all experiments where none is named. One that cannot be read,
 * because another version wrote it, hides no other.
 */
export async function listRegressions(
  store: ObjectStore,
  { experiment, limit }: { readonly experiment?: string; readonly limit: number },
): Promise<readonly RegressionReport[]> {
  const found: { readonly key: string; readonly run: string }[] = [];
  for await (const { key } of store.list(keys.regressionsPrefix(experiment))) {
    found.push({ key, run: key.slice(key.lastIndexOf('/') + 1) });
  }
  found.sort((a, b) => (a.run < b.run ? 1 : -1));
  const reports = await Promise.all(
    found.slice(0, limit).map(({ key }) =>
      readRecord(store, key, regressionReportSchema).catch((error) => {
        if (!(error instanceof InvalidRecord)) throw error;
        return undefined;
      }),
    ),
  );
  return reports.filter((report) => report !== undefined);
}
