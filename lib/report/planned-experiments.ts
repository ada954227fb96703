/** The experiments of the three papers that are not built yet, for the README's status table. One that is built leaves it. */
import type { PlannedExperiment } from './results-table.ts';

export const plannedExperiments: readonly PlannedExperiment[] = [
  { name: 'layer-norm/convnets', place: '§6.7' },
  { name: 'layer-norm/invariances', place: '§5.1, Table 1' },
  { name: 'layer-norm/geometry', place: '§5.2' },
  { name: 'layer-norm/question-answering', place: '§6.2, Figure 2' },
  { name: 'layer-norm/sentence-encoding', place: '§6.3, Table 3, Figure 3' },
  { name: 'layer-norm/draw', place: '§6.4, Figure 4' },
  { name: 'layer-norm/handwriting', place: '§6.5, Figure 5' },
  { name: 'layer-norm/permutation-invariant-mnist', place: '§6.6, Figure 6' },
  { name: 'layer-norm/recurrent-dynamics', place: '§3' },
  { name: 'random-walk/segmentation', place: 'Tables 2–3' },
  { name: 'random-walk/trimap', place: 'Figure 5' },
  { name: 'random-walk/boundaries', place: 'Table 4' },
  { name: 'random-walk/scene-labelling', place: 'Table 5' },
  { name: 'random-walk/walk-steps', place: 'Figures 6–7' },
  { name: 'random-walk/affinity-features', place: '§4.2' },
  { name: 'random-walk/radius', place: '§5' },
  { name: 'random-walk/alpha', place: '§4.3' },
  { name: 'random-walk/timing', place: '§5' },
];
