/** Commands, their options, and what an error becomes: an exit code and a sentence, never a stack trace. */
import { Command, CommanderError, Option } from 'commander';
import { StepwiseError } from '../lib/errors.ts';
import { redactError } from '../lib/redact.ts';
import type { ExitCode } from './exit-code.ts';
import { collect, dollars, percentage, port, positiveInteger } from './option-values.ts';
import { addScheduleCommands } from './schedule-commands.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { addUploadCommands } from './upload-commands.ts';

export async function main(commandLine: readonly string[], terminal: Terminal = openTerminal()): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...commandLine], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, terminal);
  }
}

function explain(thrown: unknown, terminal: Terminal): ExitCode {
  const error = redactError(thrown);
  // Commander has written its message; asking for help is no mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (process.env.STEPWISE_DEBUG === '1' && error instanceof Error) terminal.tell(error.stack ?? error.message);
  if (error instanceof StepwiseError) {
    terminal.tell(`error: ${error.message}`);
    return error.exitCode;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
  terminal.tell(`error: unexpected ${message}`);
  terminal.tell('This is a fault of Stepwise. STEPWISE_DEBUG=1 shows where it happened.');
  return 1;
}

function createProgram(terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command('stepwise')
    .description('Runs the experiments of machine-learning papers as serverless pipelines, on AWS or on this machine.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.print(text), writeErr: (text) => terminal.tell(text.trimEnd()) })
    .showSuggestionAfterError();
  const add = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--store <folder>', 'where everything is kept: a folder, or s3://BUCKET', '.stepwise');

  add('list', 'experiments with claim, source, presets and last verdict')
    .option('--json', 'as one JSON document')
    .action(async (options) => done(await (await import('./commands/list.ts')).list(options, terminal)));

  withEngine(add('run', 'runs an experiment').argument('<name>', 'an experiment; `stepwise list` shows them'))
    .option('--preset <preset>', 'smoke, laptop, overnight or paper', 'laptop')
    .option('--set <key=value>', 'another value for a parameter; may be repeated', collect, [])
    .option('--seeds <n>', 'how many seeds', positiveInteger)
    .option('--data <folder>', 'holds datasets of your own, one folder each')
    .option('--tolerate <percent>', 'share of trials that may fail before the run does', percentage)
    .option('--budget <dollars>', 'stops before it has cost more, as AWS would charge it', dollars)
    .addOption(priceOption())
    .action(async (name, options) => done(await (await import('./commands/run.ts')).run(name, options, terminal)));

  withEngine(add('resume', 'goes on with a run after any death').argument('<run>', 'a run, or `latest`'))
    .option('--budget <dollars>', 'another budget than the run had', dollars)
    .addOption(priceOption())
    .action(async (run, options) => done(await (await import('./commands/resume.ts')).resume(run, options, terminal)));

  withEngine(
    add('redrive', 'on AWS: the same execution from where it stopped, if that can be').argument(
      '<run>',
      'a run, or `latest`',
    ),
  )
    .option('--budget <dollars>', 'in a new execution: another budget than the run had', dollars)
    .addOption(priceOption())
    .action(async (run, options) =>
      done(await (await import('./commands/redrive.ts')).redrive(run, options, terminal)),
    );

  add('show', 'verdict, table, provenance, durations and cost of a run')
    .argument('[run]', 'a run, or `latest`', 'latest')
    .option('--json', 'as one JSON document')
    .action(async (run, options) => done(await (await import('./commands/show.ts')).show(run, options, terminal)));

  withExecution(add('stop', 'ends a run on AWS and its GPU jobs; what is trained is kept'))
    .argument('<run>', 'a run, or `latest`')
    .action(async (run, options) => done(await (await import('./commands/stop.ts')).stop(run, options, terminal)));

  withExecution(add('status', 'stages, items done and failed, time left, cost'))
    .argument('[run]', 'a run, or `latest`', 'latest')
    .option('--follow', 'until the run has ended')
    .option('--json', 'as one JSON document')
    .action(async (run, options) => done(await (await import('./commands/status.ts')).status(run, options, terminal)));

  add('report', 'where the report of a run lies')
    .argument('[run]', 'a run, or `latest`', 'latest')
    .option('--open', 'opens it in the browser')
    .action(async (run, options) => done(await (await import('./commands/report.ts')).report(run, options, terminal)));

  add('compare', 'how two runs differ')
    .argument('<before>', 'a run')
    .argument('<now>', 'a run, or `latest`')
    .option('--json', 'as one JSON document')
    .action(async (before, now, options) =>
      done(await (await import('./commands/compare.ts')).compare(before, now, options, terminal)),
    );

  add('estimate', 'time and cost of a run that nobody has started')
    .argument('<name>', 'an experiment')
    .option('--preset <preset>', 'smoke, laptop, overnight or paper', 'paper')
    .option('--set <key=value>', 'another value for a parameter; may be repeated', collect, [])
    .option('--seeds <n>', 'how many seeds', positiveInteger)
    .addOption(priceOption())
    .option('--json', 'as one JSON document')
    .action(async (name, options) =>
      done(await (await import('./commands/estimate.ts')).estimate(name, options, terminal)),
    );

  withExecution(add('logs', 'what failed in a run, with the end of its log'))
    .argument('[run]', 'a run, or `latest`', 'latest')
    .option('--json', 'as one JSON document')
    .action(async (run, options) => done(await (await import('./commands/logs.ts')).logs(run, options, terminal)));

  add('serve', 'the explorer and the HTTP API over a store, for this machine alone')
    .option('--port <n>', 'of 127.0.0.1; 0 takes any that is free', port, 4173)
    .action(async (options) => done(await (await import('./commands/serve.ts')).serve(options, terminal)));
  addScheduleCommands(program, terminal, done);
  addUploadCommands(program, terminal, done);
  return program;
}

function withEngine(command: Command): Command {
  return command
    .addOption(new Option('--engine <engine>', 'where it runs').choices(['local', 'aws']).default('local'))
    .option('--backend <backend>', 'wasm, native, node, or one by its full name')
    .option('--threads <n>', 'cores to use; all of them where absent', positiveInteger)
    .option('--state-machine <arn>', 'with --engine aws: which to start (STEPWISE_STATE_MACHINE)')
    .option('--record', 'writes docs/results/NAME.json and the tables of README.md')
    .option('--json', 'stdout is exactly one JSON document');
}

/** For the commands that look at a run: AWS is asked where it says so, and the store alone where it does not. */
function withExecution(command: Command): Command {
  return command
    .addOption(
      new Option('--engine <engine>', 'aws: asks Step Functions too').choices(['local', 'aws']).default('local'),
    )
    .option('--state-machine <arn>', 'with --engine aws: whose execution, where the run has not written it down');
}

function priceOption(): Option {
  return new Option('--prices <file>', 'prices of your own; docs/cost.md shows one').env('STEPWISE_PRICES');
}
