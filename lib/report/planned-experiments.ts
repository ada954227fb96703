/** What the papers measure and nobody has built yet: the rest of the README's status table. A row goes when its experiment comes. */
import type { PlannedExperiment } from './results-table.ts';

export const plannedExperiments: readonly PlannedExperiment[] = [];
