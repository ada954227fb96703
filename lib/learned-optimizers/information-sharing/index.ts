/** Appendix D: global averaging cells, NTM-BFGS and NTM-L-BFGS. */
export { type CoordinateGroups, groupCoordinates } from './coordinate-groups.ts';
export { createExternalMemory, type MemoryOptions, type SharedMemory } from './external-memory.ts';
export { averageCells } from './global-averaging.ts';
export {
  bfgsController,
  clippingController,
  type HandSetController,
  runHandSetController,
} from './hand-set-controllers.ts';
export { type SharingNetworkOptions, sharingArrayLengths } from './sharing-arrays.ts';
export { createSharingNetwork, type SharingNetwork } from './sharing-network.ts';
export { createSharingOptimizer, type SharingOptimizerSettings } from './sharing-optimizer.ts';
export { initializeSharingParameters, type SharingArchitecture, sharingLayout } from './sharing-parameters.ts';
export { createSlidingMemory } from './sliding-memory.ts';
