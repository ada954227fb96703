/** What `timing` measures, under which names, and the paper's figures for it. */
import type { Solver } from '../converge.ts';

export const timingMetrics = {
  seconds: 'seconds',
  products: 'products with A',
  bound: 'error bound',
  stepByPixels: 'seconds of a step by pixels',
  affinitiesByPixels: 'seconds of affinities by pixels',
  stepByRadius: 'seconds of a step by radius',
  affinitiesByRadius: 'seconds of affinities by radius',
} as const;

/** Of what is measured over the size of the picture or over the radius, where there is one way to do it. */
export const kernelSubject = 'kernel';

export const crfIterations = [5, 10] as const;
/** DeepLab's number: what ratios are to. */
export const usualCrfIterations = 10;
export const affinityChannels = [3, 131] as const;
export const timedSolvers = ['fixed-point', 'conjugate-gradients', 'chebyshev'] as const satisfies readonly Solver[];

/** One step of the walk: over the picture's pixels at the smaller radius, over the scores (every 8th pixel) at the larger. */
export const stepGrids = ['picture', 'scores'] as const;
export type StepGrid = (typeof stepGrids)[number];

export const timingSubjects = {
  step: (grid: StepGrid) => `step, ${grid}`,
  /** In plain JavaScript, as the dense CRF and the domain transform are. */
  plainStep: (grid: StepGrid) => `plain step, ${grid}`,
  /** At the larger radius over every pixel: gigabytes of affinities. */
  wholeStep: 'step, picture, large radius',
  affinities: (channels: number) => `affinities, ${channels} channels`,
  converge: (solver: Solver, alpha: number) => `converge, ${solver}, ${alpha}`,
  /** One call: the picture's affinities, and the walk to its limit. */
  refine: (alpha: number) => `refine, ${alpha}`,
  crf: (iterations: number) => `dense CRF, ${iterations} iterations`,
  domainTransform: 'domain transform',
} as const;

/** §4.4 and 5.3, on one core of 2.7 GHz; PASCAL VOC's images with SBD's labels are at most 500 × 500. */
export const paperSeconds = { step: 0.032, converged: 1, crf: 3.301 } as const;
/** 3.301 s to 0.032 s, which §5.3 calls more than 100 times, and 3.301 s to 1 s. */
export const paperRatios = { step: 100, converged: 3.3 } as const;
