/** `stepwise run`: everything that can be wrong is found before a run exists; then the run is written down; then it runs. */
import { randomBytes } from 'node:crypto';
import { experiments } from '../../lib/experiments.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { checkRequest } from '../../lib/pipeline/resolve.ts';
import { newRunName } from '../../lib/pipeline/run-names.ts';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type EngineOptions, executeLocally } from '../execute-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { importRequiredDatasets } from '../import-datasets.ts';
import { interruptible } from '../interruption.ts';
import { chooseBackend } from '../local-ports.ts';
import { readPriceTable } from '../read-price-table.ts';
import { checkDataFolder, type RequestOptions, readOverrides, readPreset } from '../request-options.ts';
import type { Terminal } from '../terminal.ts';

export interface RunOptions extends EngineOptions, RequestOptions {
  readonly data?: string;
  readonly tolerate?: number;
  readonly budget?: number;
}

export function run(name: string, options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const experiment = experiments.find(name);
    const preset = readPreset(options.preset);
    const chosenBackend = chooseBackend(options.backend);
    const priceTable = await readPriceTable(options);
    if (options.engine === 'aws') {
      const { checkAwsOptions } = await import('../start-on-aws.ts');
      checkAwsOptions(options.store, options.stateMachine ?? process.env.STEPWISE_STATE_MACHINE);
    }
    const draft = {
      run: newRunName(name, preset, new Date(), randomBytes(2).toString('hex')),
      experiment: name,
      preset,
      overrides: readOverrides(options.set),
      ...(options.seeds !== undefined && { seeds: options.seeds }),
      ...(options.tolerate !== undefined && { toleratedFailurePercentage: options.tolerate }),
      ...(options.budget !== undefined && { budgetUsDollars: options.budget }),
    };
    checkRequest(draft, experiments);

    const dataFolder = options.data === undefined ? undefined : await checkDataFolder(options.data);
    const store = await openStore(options.store);
    const datasetVersions = await importRequiredDatasets(store, experiment, preset, dataFolder);
    if (signal.aborted) return 130;

    const request = runRequestSchema.parse({ ...draft, datasetVersions });
    await writeRequest(store, request);
    if (options.engine === 'local')
      return executeLocally(request, { ...options, chosenBackend, priceTable }, terminal, signal);
    const { executeOnAws } = await import('../execute-on-aws.ts');
    return executeOnAws(request, options, { store, terminal, signal, again: false });
  });
}
