/** `stepwise upload`: a dataset is checked in full, sent file by file, and is there once its manifest is. */
import { resolve } from 'node:path';
import { checkDatasetFolder } from '../../lib/datasets/import-dataset.ts';
import type { CheckedDataset } from '../../lib/datasets/importer.ts';
import { importers } from '../../lib/datasets/importers.ts';
import { readPlainFolder } from '../../lib/datasets/plain-folder.ts';
import { describeDataset, type StoredDataset, storeDataset } from '../../lib/datasets/store-dataset.ts';
import { readSubscriptions } from '../../lib/pipeline/uploads/subscriptions.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { chooseBackend } from '../local-ports.ts';
import { checkDataFolder } from '../request-options.ts';
import { type LocalStart, startUploaded } from '../start-uploaded.ts';
import type { Terminal } from '../terminal.ts';
import { formatBytes, openUploadView } from '../upload-view.ts';

export interface UploadOptions {
  readonly store: string;
  readonly start?: boolean;
  readonly asIs?: boolean;
  readonly concurrency?: number;
  readonly data?: string;
  readonly backend?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function upload(dataset: string, folder: string, options: UploadOptions, terminal: Terminal): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const chosenBackend = chooseBackend(options.backend);
    checkOptions(dataset, options);
    const dataFolder = options.data === undefined ? undefined : await checkDataFolder(options.data);
    const store = await openStore(options.store);
    terminal.tell(`checking ${resolve(folder)}`);
    const checked = await checkFolder(dataset, folder, options);
    // Names that cannot be kept are found before anything is sent.
    describeDataset(dataset, checked);
    if (signal.aborted) return 130;
    const stored = await send(store, dataset, checked, options, terminal, signal);
    if (!stored.complete) {
      const { written, kept } = stored;
      terminal.tell(
        `Interrupted: ${written + kept} of ${checked.files.length} files are there, and no manifest, so nobody uses them. The same command goes on with the rest.`,
      );
      return 130;
    }
    if (!options.json) tellStored(stored, checked, terminal);
    const uploaded = { dataset, version: stored.manifest.version };
    if (!options.start) {
      if (!options.json) await tellSubscriptions(store, uploaded.dataset, stored, terminal);
      else terminal.print(formatDocument(stored, []));
      return 0;
    }
    const startOptions = { store: options.store, chosenBackend, dataFolder, ...pickThreads(options) };
    // With --json the one document is ours.
    const quiet: Terminal = options.json ? { ...terminal, print: () => {} } : terminal;
    const { starts, code } = await startUploaded(uploaded, startOptions, { store, terminal: quiet, signal });
    if (options.json) terminal.print(formatDocument(stored, starts));
    else for (const start of starts) terminal.print(describeStart(start));
    if (starts.length === 0 && code === 0) {
      terminal.tell(
        `Nothing is subscribed to ${dataset}: 'stepwise subscription add ${dataset} EXPERIMENT' does that.`,
      );
    }
    return code;
  });
}

function checkOptions(dataset: string, options: UploadOptions): void {
  if (options.start && options.store.startsWith('s3://')) {
    throw new InvalidUsage(
      `--start runs on this machine and belongs to a folder store; ${options.store} has a deployment whose own trigger starts what is subscribed there.`,
    );
  }
  const known = importers.some(({ name }) => name === dataset);
  if (options.asIs && known) {
    throw new InvalidUsage(`--as-is is for datasets that nothing here can check, and '${dataset}' has an importer.`);
  }
  if (!options.asIs && !known && /^[a-z0-9-]{1,64}$/.test(dataset)) {
    const names = importers.map(({ name }) => name).join(', ');
    throw new InvalidUsage(
      `There is no importer for a dataset '${dataset}'. There are: ${names}. --as-is uploads a folder's files unchecked, under any other name.`,
    );
  }
}

function checkFolder(dataset: string, folder: string, { asIs }: UploadOptions): Promise<CheckedDataset> {
  return asIs ? readPlainFolder(dataset, resolve(folder)) : checkDatasetFolder(dataset, folder);
}

async function send(
  store: ObjectStore,
  dataset: string,
  checked: CheckedDataset,
  { concurrency }: UploadOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<StoredDataset> {
  const view = openUploadView(terminal, () => performance.now());
  let last: Parameters<typeof view.update>[0] | undefined;
  try {
    return await storeDataset(store, dataset, checked, {
      signal,
      repair: true,
      ...(concurrency !== undefined && { concurrency }),
      onProgress: (progress) => {
        last = progress;
        view.update(progress);
      },
    });
  } finally {
    if (last) view.close(last);
  }
}

function tellStored(
  { manifest, written, writtenBytes, kept }: StoredDataset,
  checked: CheckedDataset,
  terminal: Terminal,
) {
  const { name, version, origin } = manifest;
  const bytes = checked.files.reduce((sum, { size }) => sum + size, 0);
  terminal.print(`${name} ${version}, ${origin}: ${checked.files.length} files, ${formatBytes(bytes)}`);
  terminal.print(`sent ${written} files, ${formatBytes(writtenBytes)}; ${kept} were there already`);
  if (origin === 'stand-in') terminal.tell('It is not the owners’ data: what is made of it says stand-in.');
}

async function tellSubscriptions(store: ObjectStore, dataset: string, stored: StoredDataset, terminal: Terminal) {
  const count = (await readSubscriptions(store, dataset)).length;
  if (count === 0) return;
  const what = `${count} subscribed experiment${count === 1 ? '' : 's'}`;
  if (!store.location.startsWith('s3://'))
    terminal.tell(`${what}: --start runs what this version has not started yet.`);
  else if (stored.manifestWritten) terminal.tell(`${what}: the bucket's deployment starts them now.`);
  else terminal.tell(`${what}: this version was there already, so its runs were started when it came.`);
}

function describeStart({ experiment, preset, run, outcome, status, verdict, error }: LocalStart): string {
  const what = `${experiment} (${preset})`;
  if (run === null) return `${what}: not started: ${error}`;
  const end = verdict ?? status;
  const resume = status === 'interrupted' || status === 'failed' ? `; 'stepwise resume ${run}' goes on` : '';
  return `${what}: ${outcome} as ${run}: ${end}${resume}`;
}

function formatDocument({ manifest, written, writtenBytes, kept }: StoredDataset, runs: readonly LocalStart[]): string {
  const { name: dataset, version, origin, files } = manifest;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return JSON.stringify(
    { dataset, version, origin, files: files.length, bytes, sent: { files: written, bytes: writtenBytes }, kept, runs },
    null,
    2,
  );
}

function pickThreads({ threads }: UploadOptions): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}
