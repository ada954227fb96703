/** The experiments of the three papers that are not built yet, for the README's status table. One that is built leaves it. */
import type { PlannedExperiment } from './results-table.ts';

export const plannedExperiments: readonly PlannedExperiment[] = [];
