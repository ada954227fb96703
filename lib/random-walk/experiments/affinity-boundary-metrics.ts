/** What random-walk/affinity-boundaries measures, by the names that measurements carry. */

/** Ways to find boundaries in a photograph; the one that is judged first. */
export const affinityBoundaryMethods = {
  affinities: 'learned affinities',
  untrained: 'affinities before training',
  walked: 'gradient of colours after a walk',
  'gradient-1': 'gradient of colours, σ = 1',
  'gradient-2': 'gradient of colours, σ = 2',
  'gradient-3': 'gradient of colours, σ = 3',
  chance: 'chance: a gradient upside down',
} as const;
export type AffinityBoundaryMethod = keyof typeof affinityBoundaryMethods;
export const affinityBoundaryMethodNames = Object.keys(affinityBoundaryMethods) as readonly AffinityBoundaryMethod[];
/** Of the colours' gradients that the affinities are compared with: the best in the run is taken. */
export const gradientScales = { 'gradient-1': 1, 'gradient-2': 2, 'gradient-3': 3 } as const;
export const gradientMethods = Object.keys(gradientScales) as readonly (keyof typeof gradientScales)[];

/** Boundaries that one person drew, against those of the others. */
export const peopleSubject = 'people';

export const maximumFMetric = 'MF';
export const averagePrecisionMetric = 'AP';
/** With the threshold's place as the step, from 1: it is another threshold for every method and seed. */
export const precisionMetric = 'precision at a threshold';
export const recallMetric = 'recall at a threshold';
/** θ of one colour; the step is the colour, red first. */
export const colourWeightMetric = 'θ of a colour';
/** The subject is the dataset. */
export const picturesMetric = 'validation pictures';
export const trainingPicturesMetric = 'training pictures';
