/** What the measurements of `draw` are called: between those that take them and those that read them. */
import type { DrawSettings } from '../models/draw.ts';

export type DrawVariant = DrawSettings['normalization'];
/** What the paper proposes first. */
export const drawVariants = ['layer', 'none'] as const satisfies readonly DrawVariant[];

export const drawMetrics = {
  /** In nats an image; the step is the number of updates. */
  validationBound: 'variational bound on validation images',
  validationDivergence: 'divergence on validation images',
  /** After the last update. */
  testBound: 'variational bound on test images',
  testDivergence: 'divergence on test images',
  secondsPerUpdate: 'seconds an update',
  updatesPerEpoch: 'updates an epoch',
} as const;
