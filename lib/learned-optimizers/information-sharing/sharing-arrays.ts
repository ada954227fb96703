/** The options of an information-sharing network, and the arrays that its arithmetic works on. */
import type { GradientPreprocessing } from '../../kernels/coordinatewise-lstm.ts';
import type { CoordinateGroups } from './coordinate-groups.ts';
import { packedSizes, type SharingShape } from './sharing-parameters.ts';

export interface SharingNetworkOptions extends Omit<SharingShape, 'inputs'> {
  readonly groups: CoordinateGroups;
  /** The longest window that `backward` can go through. */
  readonly unrollSteps: number;
  readonly preprocessing: GradientPreprocessing;
  /** Factor of the update. */
  readonly outputScale: number;
}

type LayerArray = `${'x' | 'z' | 'cell'}${1 | 2}`;
export type SharingArrayName =
  | LayerArray
  | 'headInputs'
  | 'heads'
  | `${'weights' | 'transposed' | 'gradient'}${'1' | '2' | 'Heads'}`
  | `${'h' | 'hGradient' | 'cellGradient' | 'xGradient'}${1 | 2}`
  | 'headGradient'
  | 'headInputGradient';

/** The lengths of all arrays that the arithmetic works on; what a step leaves for the reverse sweep once a step. */
export function sharingArrayLengths(options: SharingNetworkOptions): Readonly<Record<SharingArrayName, number>> {
  const { hidden, unrollSteps } = options;
  const { coordinates } = options.groups;
  const { layer1Rows, layer2Rows, headRows, headColumns } = packedSizes(shapeOf(options));
  const layerValues = coordinates * hidden;
  return {
    x1: unrollSteps * coordinates * layer1Rows,
    z1: unrollSteps * 4 * layerValues,
    cell1: (unrollSteps + 1) * layerValues,
    x2: unrollSteps * coordinates * layer2Rows,
    z2: unrollSteps * 4 * layerValues,
    cell2: (unrollSteps + 1) * layerValues,
    headInputs: unrollSteps * coordinates * headRows,
    heads: coordinates * headColumns,
    weights1: layer1Rows * 4 * hidden,
    weights2: layer2Rows * 4 * hidden,
    weightsHeads: headRows * headColumns,
    transposed1: layer1Rows * 4 * hidden,
    transposed2: layer2Rows * 4 * hidden,
    transposedHeads: headRows * headColumns,
    gradient1: layer1Rows * 4 * hidden,
    gradient2: layer2Rows * 4 * hidden,
    gradientHeads: headRows * headColumns,
    h1: layerValues,
    h2: layerValues,
    hGradient1: layerValues,
    hGradient2: layerValues,
    cellGradient1: layerValues,
    cellGradient2: layerValues,
    xGradient1: coordinates * layer1Rows,
    xGradient2: coordinates * layer2Rows,
    headGradient: coordinates * headColumns,
    headInputGradient: coordinates * headRows,
  };
}

export function shapeOf(options: SharingNetworkOptions): SharingShape {
  const { averagingCells, readHeads, writeHeads, memory, write, hidden, preprocessing } = options;
  const inputs = preprocessing.kind === 'log-sign' ? 2 : 1;
  return { averagingCells, readHeads, writeHeads, memory, write, hidden, inputs };
}
