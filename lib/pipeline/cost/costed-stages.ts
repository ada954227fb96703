/** What a run's cost is made of; apart from cost.ts because the explorer adds it up, too, without what checks a document. */
import type { RunCost } from './cost.ts';

export const costedStages = [
  'resolve',
  'plan',
  'train',
  'evaluate',
  'aggregate',
  'notify',
  'orchestration',
  'storage',
] as const;
export type CostedStage = (typeof costedStages)[number];

/** What a document says was spent; undefined where it says nothing. Documents of before 2026-11-25 have no total. */
export function spentOf(cost: RunCost): number | undefined {
  if (cost.total !== undefined) return cost.total;
  const known = costedStages.map((stage) => cost[stage]).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
