/**
 * What the published package offers as `stepwise/layers` to users of `@tensorflow/tfjs-layers`: layers for their own models,
 * apart from `stepwise` itself, which needs only `@tensorflow/tfjs-core`. `encodeSafetensors` needs Node.
 */
export { LayerNormShapeError, UnconvertibleWeights } from './layer-norm/errors.ts';
export {
  arrangeGates,
  type Conversion,
  exportGru,
  exportLstm,
  importGru,
  importLstm,
  type Library,
} from './layer-norm/gate-orders.ts';
export * from './layer-norm/layers/index.ts';
export { type GruGate, gruGates, type LstmGate, lstmGates } from './layer-norm/recurrent/gates.ts';
export { InvalidSafetensors, UnwritableTensors } from './numerics/errors.ts';
export { decodeSafetensors, encodeSafetensors, type NamedTensors, type Tensor } from './numerics/safetensors.ts';
export { InvalidWalkInput } from './random-walk/errors.ts';
export * from './random-walk/layers/index.ts';
