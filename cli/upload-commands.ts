/** `stepwise upload`, `stepwise subscription …` and their options. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { collect, dollars, positiveInteger } from './option-values.ts';
import type { Terminal } from './terminal.ts';

const load = () => import('./commands/subscription.ts');
/** What the S3 client keeps open at once. */
const mostConnections = 50;

export function addUploadCommands(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const withStore = (command: Command) =>
    command.option('--store <folder>', 'where everything is kept: a folder, or s3://BUCKET', '.stepwise');

  withStore(program.command('upload'))
    .description('checks a dataset, brings it into the store, and starts what is subscribed to it')
    .argument('<dataset>', 'its name: mnist, cifar-10, …')
    .argument('<folder>', 'the dataset’s own folder')
    .option('--start', 'in a folder store: runs the subscribed experiments here, now')
    .option('--as-is', 'for a dataset that no importer knows: the folder’s files, unchecked')
    .option('--concurrency <n>', 'files on their way at once', connections)
    .option('--data <folder>', 'with --start: holds the other datasets that a run needs')
    .option('--backend <backend>', 'with --start: wasm, native, node, or one by its full name')
    .option('--threads <n>', 'with --start: cores to use; all of them where absent', positiveInteger)
    .option('--json', 'stdout is exactly one JSON document')
    .action(async (dataset, folder, options) =>
      done(await (await import('./commands/upload.ts')).upload(dataset, folder, options, terminal)),
    );

  const subscription = program.command('subscription').description('which experiments run when a dataset is uploaded');
  const add = (name: string, description: string) => withStore(subscription.command(name)).description(description);

  add('add', 'runs an experiment for each new version of a dataset')
    .argument('<dataset>', 'a dataset that the experiment reads')
    .argument('<experiment>', 'an experiment; `stepwise list` shows them')
    .option('--preset <preset>', 'smoke, laptop, overnight or paper', 'laptop')
    .option('--set <key=value>', 'another value for a parameter; may be repeated', collect, [])
    .option('--seeds <n>', 'how many seeds', positiveInteger)
    .option('--budget <dollars>', 'US dollars that each run may cost', dollars)
    .action(async (dataset, experiment, options) =>
      done(await (await load()).addSubscription(dataset, experiment, options, terminal)),
    );

  add('list', 'what is subscribed, to all datasets or to one')
    .argument('[dataset]')
    .option('--json', 'as one JSON document')
    .action(async (dataset, options) => done(await (await load()).list(dataset, options, terminal)));

  add('remove', 'ends a subscription; its runs stay')
    .argument('<dataset>')
    .argument('<experiment>')
    .option('--preset <preset>', 'at this preset alone')
    .action(async (dataset, experiment, options) =>
      done(await (await load()).remove(dataset, experiment, options, terminal)),
    );
}

function connections(text: string): number {
  const count = positiveInteger(text);
  if (count > mostConnections) throw new InvalidArgumentError(`It must be ${mostConnections} at most.`);
  return count;
}
