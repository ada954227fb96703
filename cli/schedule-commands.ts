/** `stepwise schedule …` and its options. */
import { type Command, Option } from 'commander';
import { notificationModes } from '../lib/pipeline/request.ts';
import type { ExitCode } from './exit-code.ts';
import { collect, dollars, positiveInteger } from './option-values.ts';
import type { Terminal } from './terminal.ts';

const load = () => import('./commands/schedule.ts');

export function addScheduleCommands(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const schedule = program
    .command('schedule')
    .description('experiments that are run again and again, and tell when a result changes');
  const add = (name: string, description: string) =>
    schedule
      .command(name)
      .description(description)
      .option('--store <folder>', 'where everything is kept: a folder, or s3://BUCKET', '.stepwise');
  const target = (command: Command) =>
    command.option(
      '--schedule-target <arns>',
      'of a schedule on AWS: an output of the stack (STEPWISE_SCHEDULE_TARGET)',
    );

  target(add('add', 'runs an experiment at the given times'))
    .argument('<schedule>', 'its name')
    .argument('<experiment>', 'an experiment; `stepwise list` shows them')
    .addOption(new Option('--cron <fields>', 'minute, hour, day of the month, month, weekday').conflicts('rate'))
    .option('--rate <period>', "every so often: '6 hours'")
    .option('--time-zone <name>', 'of --cron: an IANA name (default: UTC)')
    .option('--preset <preset>', 'smoke, laptop, overnight or paper', 'laptop')
    .option('--set <key=value>', 'another value for a parameter; may be repeated', collect, [])
    .option('--seeds <n>', 'how many seeds', positiveInteger)
    .option('--budget <dollars>', 'US dollars that each run may cost', dollars)
    .addOption(new Option('--notify <when>', 'who is told').choices(notificationModes).default('changes'))
    .option('--data <folder>', 'holds datasets of your own, one folder each')
    .addOption(new Option('--engine <engine>', 'who runs it').choices(['local', 'aws']).default('local'))
    .action(async (name, experiment, options) =>
      done(await (await load()).addSchedule(name, experiment, options, terminal)),
    );

  add('list', 'schedules with their next time and last run')
    .option('--json', 'as one JSON document')
    .action(async (options) => done(await (await load()).list(options, terminal)));

  target(add('pause', 'starts nothing until it is resumed'))
    .argument('<schedule>')
    .action(async (name, options) => done(await (await load()).setPaused(name, true, options, terminal)));

  target(add('resume', 'goes on with a paused schedule; what was missed is not made up for'))
    .argument('<schedule>')
    .action(async (name, options) => done(await (await load()).setPaused(name, false, options, terminal)));

  target(add('remove', 'ends a schedule; its runs stay'))
    .argument('<schedule>')
    .action(async (name, options) => done(await (await load()).remove(name, options, terminal)));

  add('run-due', 'runs what is due on this machine, and says what changed; for cron')
    .option('--data <folder>', 'holds datasets of your own, one folder each')
    .option('--backend <backend>', 'wasm, native, node, or one by its full name')
    .option('--threads <n>', 'cores to use; all of them where absent', positiveInteger)
    .option('--webhook-url-env <variable>', "names the variable that holds a chat's webhook address")
    .option('--json', 'stdout is exactly one JSON document')
    .action(async (options) => done(await (await import('./commands/run-due.ts')).runDue(options, terminal)));
}
