/**
 * Trains one batch: on AWS Batch as the container's command, on a laptop as the child process that stands for it, with
 * the same environment. STEPWISE_RUN and STEPWISE_BATCH point at the batch; see stage-ports.ts for the rest.
 *
 * SIGTERM ends it at once with 143: the artifact is addressed by its content and the checkpoint is whole, so there is
 * nothing to tidy up. Where a parent listens (`process.send`), progress goes to it, and its end is the end of this
 * process. An error is one line of JSON, the last on stderr, and exit code 1.
 */
import type { ProgressEvent } from '../lib/pipeline/events.ts';
import { train } from '../lib/pipeline/train.ts';
import { redactingReplacer, redactSecrets } from '../lib/redact.ts';
import { InvalidEnvironment } from './errors.ts';
import { openStagePorts } from './stage-ports.ts';

process.on('SIGTERM', () => process.exit(143));
process.on('disconnect', () => process.exit(143));

const { env } = process;
/** Resolves when the parent has what was sent so far. */
let sent: Promise<void> = Promise.resolve();

try {
  const input = readBatchInput();
  const ports = await openStagePorts({
    log: (message, details) => writeLog({ message, ...details }),
    progress: tell,
    // A job tells nobody but its parent; the pipeline's own stages notify people.
    notify: async () => {},
  });
  writeLog({ message: 'training', ...input, backend: ports.backend, attempt: env.AWS_BATCH_JOB_ATTEMPT ?? '1' });
  writeLog({ message: 'trained', ...(await train(input, ports)) });
  await end(0);
} catch (error) {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(redactSecrets(`${stack ?? ''}\n${JSON.stringify({ error: name, message })}\n`));
  await end(1);
}

function readBatchInput() {
  const { STEPWISE_RUN: run, STEPWISE_BATCH: batch } = env;
  if (!run) throw new InvalidEnvironment('STEPWISE_RUN', run, 'the name of a run');
  if (!batch || !/^\d{1,9}$/.test(batch))
    throw new InvalidEnvironment('STEPWISE_BATCH', batch, 'the number of a batch');
  return { run, batch: Number(batch) };
}

function tell(event: ProgressEvent): void {
  if (process.send) {
    const { promise, resolve } = Promise.withResolvers<void>();
    process.send(event, () => resolve());
    sent = promise;
  } else if (event.kind !== 'item-progress') {
    writeLog({ ...event });
  }
}

/** One line of JSON, for CloudWatch Logs Insights and for people. */
function writeLog(entry: Readonly<Record<string, unknown>>): void {
  const line = { time: new Date().toISOString(), job: env.AWS_BATCH_JOB_ID, ...entry };
  process.stdout.write(`${JSON.stringify(line, redactingReplacer)}\n`);
}

/** Exits once everything is delivered; open connections to S3 would keep the process, and its GPU, for a while. */
async function end(exitCode: number): Promise<never> {
  await sent;
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(exitCode);
}
