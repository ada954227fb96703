/** The experiments of the three papers that are not built yet, for the README's status table. One that is built leaves it. */
import type { PlannedExperiment } from './results-table.ts';

export const plannedExperiments: readonly PlannedExperiment[] = [
  { name: 'random-walk/segmentation', place: 'Tables 2–3' },
  { name: 'random-walk/trimap', place: 'Figure 5' },
  { name: 'random-walk/boundaries', place: 'Table 4' },
  { name: 'random-walk/scene-labelling', place: 'Table 5' },
  { name: 'random-walk/walk-steps', place: 'Figures 6–7' },
  { name: 'random-walk/affinity-features', place: '§4.2' },
  { name: 'random-walk/radius', place: '§5' },
  { name: 'random-walk/alpha', place: '§4.3' },
];
