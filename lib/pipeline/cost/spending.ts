/**
 * Keeps a run within its budget. A run that has one keeps a small ledger in the store (`keys.spending`), changed by
 * compare and swap: what has been spent, and what every trial and batch that is under way is expected to cost. Whoever
 * begins one puts its expected cost there first, so that jobs side by side cannot cross the budget together.
 *
 * Dollars are what AWS would charge, GPU machines on demand: the upper end, also for a run on a laptop.
 */
import { z } from 'zod';
import type { ObjectStore } from '../../storage/object-store.ts';
import { updateObject } from '../../storage/update-object.ts';
import { BudgetExceeded } from '../errors.ts';
import { writeFailure } from '../failures.ts';
import { keys } from '../keys.ts';
import {
  formatRecord,
  type PlanRecord,
  parseRecord,
  planRecordSchema,
  type ResolvedRun,
  requireRecord,
} from '../records.ts';
import type { StagePorts } from '../stages.ts';
import { lambdaMemoryMegabytes } from './cost.ts';
import { defaultPrices, type PriceTable } from './prices.ts';

const ledgerSchema = z.strictObject({
  formatVersion: z.literal(1),
  spent: z.number(),
  underWay: z.record(z.string(), z.strictObject({ expected: z.number(), startedAt: z.string() })),
});
type Balance = Omit<z.infer<typeof ledgerSchema>, 'formatVersion'>;

type Budgeted = ResolvedRun & { readonly budgetUsDollars: number };

/** A trial or a batch of evaluations, told from all others of its run by `stage` and `name`. */
export interface BudgetedWork {
  readonly stage: 'train' | 'evaluate';
  readonly name: string;
  /** Trials or evaluations in it that have to be computed. */
  readonly items: number;
}

/** Says from time to time that work goes on. Throws BudgetExceeded where it has taken so long that the budget is spent. */
export type KeepWithinBudget = () => Promise<void>;

/** Plan's part: opens the ledger. Throws BudgetExceeded where the missing work will cost more than is left. */
export async function beginSpending(store: ObjectStore, resolved: ResolvedRun, planned: PlanRecord): Promise<void> {
  if (!hasBudget(resolved)) return;
  const { run, budgetUsDollars: budget } = resolved;
  await updateLedger(store, run, ({ spent, underWay }) => {
    // What an earlier attempt left under way is lost, and was paid.
    const lost = Object.values(underWay).reduce((sum, { expected }) => sum + expected, 0);
    const before = spent + lost;
    if (before + planned.estimatedCost > budget) {
      const already = before > 0 ? `it has spent ${dollars(before)} already, and ` : '';
      throw new BudgetExceeded(
        `The run may cost ${dollars(budget)}; ${already}what is missing (${planned.missingTrials} trials, ${planned.missingEvaluations} evaluations) is estimated at ${dollars(planned.estimatedCost)} on AWS. Nothing was trained. Raise --budget, or ask for less: a smaller preset, fewer --seeds.`,
      );
    }
    return { spent: before + planned.estimatedOverhead, underWay: {} };
  });
}

/**
 * Does a piece of work if the budget has room for it, and writes down what it cost, also where it fails. Without a
 * budget it just does it. Throws BudgetExceeded, which is recorded under the run's failures, and what `work` throws.
 */
export async function withinBudget<T>(
  ports: Pick<StagePorts, 'store' | 'now' | 'log'>,
  resolved: ResolvedRun,
  about: BudgetedWork,
  work: (keepWithinBudget: KeepWithinBudget) => Promise<T>,
): Promise<T> {
  if (!hasBudget(resolved)) return work(async () => {});
  const { store } = ports;
  const { run } = resolved;
  const entry = `${about.stage} ${about.name}`;
  const planned = await requireRecord(store, keys.planRecord(run), planRecordSchema);
  const { trainSecondsEach, evaluateSecondsEach } = planned;
  const rate = dollarsASecond(resolved.prices ?? defaultPrices, about.stage);
  const expected = rate * about.items * (about.stage === 'train' ? trainSecondsEach : evaluateSecondsEach);
  const startedAt = ports.now();
  const elapsed = (from: number) => (rate * (ports.now() - from)) / 1000;

  const reserve = (dollarsOfThis: number, isNew: boolean) =>
    updateLedger(store, run, ({ spent, underWay }) => {
      const { [entry]: lost, ...others } = underWay;
      // A killed attempt left it: it was paid for as long as it can have taken.
      const paid = isNew && lost ? Math.min(lost.expected, elapsed(Date.parse(lost.startedAt))) : 0;
      checkRoom(resolved, { spent: spent + paid, underWay: others }, entry, dollarsOfThis);
      const reserved = { expected: dollarsOfThis, startedAt: new Date(startedAt).toISOString() };
      return { spent: spent + paid, underWay: { ...others, [entry]: reserved } };
    });
  const settle = (dollarsOfThis: number) =>
    updateLedger(store, run, ({ spent, underWay: { [entry]: _, ...others } }) => ({
      spent: spent + dollarsOfThis,
      underWay: others,
    }));

  try {
    await reserve(expected, true);
    try {
      return await work(() => reserve(Math.max(expected, elapsed(startedAt)), false));
    } finally {
      await settle(elapsed(startedAt));
    }
  } catch (error) {
    if (error instanceof BudgetExceeded) await writeFailure(ports, run, 'budget', error);
    throw error;
  }
}

function checkRoom({ budgetUsDollars: budget }: Budgeted, others: Balance, entry: string, expected: number): void {
  const committed = Object.values(others.underWay).reduce((sum, work) => sum + work.expected, others.spent);
  if (committed + expected <= budget) return;
  throw new BudgetExceeded(
    `The run may cost ${dollars(budget)}: ${dollars(others.spent)} are spent, ${dollars(committed - others.spent)} are under way, and '${entry}' takes ${dollars(expected)} on AWS. What is trained is kept; go on with 'stepwise resume' and a higher --budget.`,
  );
}

async function updateLedger(store: ObjectStore, run: string, change: (ledger: Balance) => Balance): Promise<void> {
  const key = keys.spending(run);
  await updateObject(store, key, (current) => {
    const ledger = current && parseRecord(key, new TextDecoder().decode(current), ledgerSchema);
    return formatRecord({ formatVersion: 1, ...change(ledger ?? { spent: 0, underWay: {} }) });
  });
}

function hasBudget(resolved: ResolvedRun): resolved is Budgeted {
  return resolved.budgetUsDollars !== undefined;
}

function dollarsASecond({ prices }: PriceTable, stage: BudgetedWork['stage']): number {
  if (stage === 'train') return prices.gpuInstanceHourOnDemand.usDollars / 3600;
  return (lambdaMemoryMegabytes.evaluate / 1024) * prices.lambdaGigabyteSecondArm64.usDollars;
}

/** Four significant digits: budgets of a cent have them too. */
function dollars(amount: number): string {
  return `$${Number(amount.toPrecision(4))}`;
}
