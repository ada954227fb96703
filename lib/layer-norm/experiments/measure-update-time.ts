/** How long an update of each model takes, measured side by side, because a machine is faster at one time than at another. */
import { median } from '../../numerics/median.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { updateTimeMetric } from './learning-curves.ts';

/**
 * The median over rounds of the seconds one update takes. Rounds are interleaved: every model once, then every model
 * again; one round before is not counted.
 *
 * @param updates by subject: makes one update, as training does
 * @param breathe the context's
 */
export async function measureUpdateTime(
  updates: Readonly<Record<string, () => void>>,
  { rounds, breathe }: { readonly rounds: number; breathe(): Promise<void> },
): Promise<Measurement[]> {
  const seconds = new Map(Object.keys(updates).map((subject) => [subject, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [subject, update] of Object.entries(updates)) {
      const start = performance.now();
      update();
      const elapsed = (performance.now() - start) / 1000;
      if (round >= 0) seconds.get(subject)!.push(elapsed);
      await breathe();
    }
  }
  return [...seconds].map(([subject, all]) => ({
    metric: updateTimeMetric,
    subject,
    step: 0,
    seed: 0,
    value: median(all),
    unit: 's',
  }));
}
