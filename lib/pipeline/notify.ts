/** Notify: tells whoever subscribed how a run ended. */
import type { AggregateOutput, StagePorts } from './stages.ts';

export async function notify(input: unknown, ports: StagePorts): Promise<AggregateOutput> {
  const output = input as AggregateOutput;
  const { run, experiment, verdict, reportKey } = output;
  await ports.notify(
    `${experiment}: ${verdict}`,
    `Run ${run} of ${experiment} ended: ${verdict}.\nReport: ${ports.store.location}/${reportKey}\n`,
  );
  return output;
}
