/** The datasets that a run needs, brought into the store before it starts. */
import { importDataset } from '../lib/datasets/import-dataset.ts';
import type { AnyExperiment, PresetName } from '../lib/pipeline/experiment.ts';
import { mayBeMadeFor, requiredDatasets } from '../lib/pipeline/resolve.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';

/** Versions by name. Throws what importDataset throws: missing, truncated, of another shape. */
export async function importRequiredDatasets(
  store: ObjectStore,
  experiment: AnyExperiment,
  preset: PresetName,
  dataFolder: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {};
  for (const dataset of requiredDatasets(experiment, preset)) {
    const source = dataFolder === undefined ? {} : { source: { dataFolder } };
    const mayBeMade = mayBeMadeFor(experiment, dataset, preset);
    versions[dataset] = (await importDataset({ name: dataset, store, mayBeMade, ...source })).version;
  }
  return versions;
}
