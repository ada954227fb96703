/** Convolutional random walk networks (Bertasius et al. 2016, arXiv 1605.07681), in the order of the paper. */

// §4.4, Eqs 1–5
export {
  type Accuracy,
  type Convergence,
  type ConvergenceOptions,
  converge,
  createWalk,
  type Solver,
  solverArrays,
} from './converge.ts';
export { type AlphaReading, diffusionOf } from './diffusion.ts';
export * from './errors.ts';
export {
  clipNeighbourhood,
  createNeighbourhood,
  type Neighbourhood,
  type NeighbourhoodShape,
  type Offset,
  type PixelGrid,
} from './neighbourhood.ts';
export {
  type ClassProbabilities,
  type Picture,
  type RefinedProbabilities,
  type RefineOptions,
  refine,
} from './refine.ts';
// §4.2 and 4.3
export { affinityLoss, pixelAffinities, type WalkOptions, walkStep } from './walk.ts';
