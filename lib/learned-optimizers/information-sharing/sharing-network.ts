/**
 * The optimizers of appendix D that share information between coordinates (Figure 15): a two-layer coordinatewise LSTM,
 * possibly with global averaging cells, possibly the controller of a memory. One step, for every coordinate:
 *
 *   i_t = M_t r_t                                            read (Figure 14, left)
 *   [g_t, r_{t+1}, a_t, b_t, h_{t+1}] = m([∇_t, i_t], h_t)   controller; heads and update are linear in its upper layer
 *   M_{t+1} = M_t + Σ a_t b_tᵀ                               write (Figure 14, right); or the mean, see SharingArchitecture
 *   θ_{t+1} = θ_t + g_t                                      Eq. 1
 *
 * with h, r = 0 and M = I at the start. The read vector of one step meets the memory, that step's writes included, at the
 * next: "a read result i_t which is fed back into the controller at the following time step".
 *
 * Every coordinate of a function depends on all the others', so the meta-gradient cannot be taken over a subset of them.
 * With the dashed edges of Figure 2 dropped it is one reverse sweep all the same, through averages and memory too, fed by
 * the suffix sums of ../meta-gradient.ts.
 */
import { requireLength, requireWindow } from '../../kernels/coordinatewise-lstm.ts';
import { KernelShapeError } from '../../kernels/errors.ts';
import type { FloatArray, LstmArithmetic, Matrix } from '../../kernels/lstm-arithmetic.ts';
import { createExternalMemory, type MemoryOptions, type SharedMemory } from './external-memory.ts';
import { averageCells } from './global-averaging.ts';
import { writePreprocessed } from './preprocess-gradients.ts';
import { addColumns, copyColumns, fillColumn, transpose } from './row-arrays.ts';
import { type SharingArrayName, type SharingNetworkOptions, shapeOf } from './sharing-arrays.ts';
import {
  forEachRun,
  packedSizes,
  type SharingArchitecture,
  type SharingLayout,
  sharingLayout,
} from './sharing-parameters.ts';
import { createSlidingMemory } from './sliding-memory.ts';

/** As `CoordinatewiseLstm`, of float32 or, over the reference arithmetic, float64. */
export interface SharingNetwork {
  readonly coordinates: number;
  readonly unrollSteps: number;
  readonly layout: SharingLayout;
  /** φ in the order of `layout`; copied. */
  setParameters(parameters: FloatArray): void;
  /** h, r = 0 and M = I. Ends the window. */
  resetState(): void;
  /** Starts a truncated window at the present state. */
  beginUnroll(): void;
  /** Raw gradients ∇_t in, updates g_t (scaled) out, both [coordinates]; the state goes on. */
  step(gradients: FloatArray, updates: FloatArray): void;
  /**
   * d/dφ of Σ_t updateGradients[t] · g_t over the steps t since `beginUnroll`, with the gradients ∇_t and the state at the
   * window's start as constants: [layout.size], new. updateGradients: [steps since beginUnroll][coordinates]. A window can
   * be gone through once. Throws KernelOrderError where there is none, KernelShapeError for a selection that leaves
   * coordinates out.
   */
  backward(updateGradients: FloatArray, selected?: Int32Array): Float32Array;
  dispose(): void;
}

function createMemory(kind: SharingArchitecture['memory'], options: MemoryOptions): SharedMemory {
  return kind.kind === 'matrix' ? createExternalMemory(options) : createSlidingMemory(options, kind.historySteps);
}

/** @param arithmetic made with `sharingArrayLengths(options)` */
export function createSharingNetwork(
  options: SharingNetworkOptions,
  arithmetic: LstmArithmetic<SharingArrayName>,
): SharingNetwork {
  const { groups, unrollSteps, preprocessing, hidden, averagingCells, readHeads, writeHeads, outputScale } = options;
  const shape = shapeOf(options);
  const { inputs } = shape;
  const layout = sharingLayout(shape);
  const sizes = packedSizes(shape);
  const { layer1Rows, layer2Rows, headRows, headColumns } = sizes;
  const { coordinates } = groups;
  const { arrays } = arithmetic;
  const FloatArrayType = arrays.h1 instanceof Float64Array ? Float64Array : Float32Array;
  const memoryOptions: MemoryOptions = { groups, readHeads, writeHeads, unrollSteps, FloatArrayType };
  // What is never read need not be there.
  const memory = readHeads > 0 ? createMemory(options.memory, memoryOptions) : undefined;
  const vectors = (heads: number) => new FloatArrayType(heads * coordinates);
  const readVectors = vectors(readHeads);
  const readResults = vectors(readHeads);
  const left = vectors(writeHeads);
  const right = vectors(writeHeads);
  /** [writeHeads, coordinates] Of a, and so of a bᵀ. */
  const writeFactors = vectors(writeHeads).fill(1);
  if (options.write === 'mean-outer-product') {
    for (let head = 0; head < writeHeads; head++) {
      for (const [index, size] of groups.sizes.entries()) {
        const start = head * coordinates + groups.starts[index]!;
        writeFactors.fill(1 / size, start, start + size);
      }
    }
  }
  const readColumn = 1;
  const leftColumn = 1 + readHeads;
  const rightColumn = leftColumn + writeHeads;

  const layers = ([1, 2] as const).map((layer) => ({
    rows: layer === 1 ? layer1Rows : layer2Rows,
    /** Where in x the layer's own last h begins. */
    recurrent: layer === 1 ? inputs + readHeads : hidden,
    x: arrays[`x${layer}`],
    z: arrays[`z${layer}`],
    cell: arrays[`cell${layer}`],
    h: arrays[`h${layer}`],
    weights: arrays[`weights${layer}`],
    transposed: arrays[`transposed${layer}`],
    gradient: arrays[`gradient${layer}`],
    hGradient: arrays[`hGradient${layer}`],
    cellGradient: arrays[`cellGradient${layer}`],
    xGradient: arrays[`xGradient${layer}`],
  })) as [Layer, Layer];
  type Layer = Readonly<Record<'rows' | 'recurrent', number>> &
    Readonly<
      Record<
        'x' | 'z' | 'cell' | 'h' | 'weights' | 'transposed' | 'gradient' | 'hGradient' | 'cellGradient' | 'xGradient',
        FloatArray
      >
    >;
  const [first, second] = layers;
  const layerValues = coordinates * hidden;
  // The bias is the weight of an input that is always 1.
  fillColumn(first.x, layer1Rows, inputs + readHeads + hidden, 1);
  fillColumn(second.x, layer2Rows, 2 * hidden, 1);
  fillColumn(arrays.headInputs, headRows, hidden, 1);

  /** Steps kept since the state was last moved to the arrays' start. */
  let kept = 0;
  /** Steps since beginUnroll; −1: no window. */
  let windowSteps = -1;

  const rowsOf = (array: FloatArray, step: number, width: number) =>
    array.subarray(step * coordinates * width, (step + 1) * coordinates * width);
  const gatesOf = ({ z, cell }: Layer, step: number) => ({
    z: rowsOf(z, step, 4 * hidden),
    lastCell: rowsOf(cell, step, hidden),
    cell: rowsOf(cell, step + 1, hidden),
    units: hidden,
  });
  const matrix = (values: FloatArray, rows: number, columns: number): Matrix => ({ values, rows, columns });

  /** Moves the present state to where step 0 finds it. h and r lie in arrays of their own. */
  const startOver = () => {
    for (const { cell } of layers) cell.copyWithin(0, kept * layerValues, (kept + 1) * layerValues);
    memory?.beginWindow();
    kept = 0;
  };

  const stepLayer = (layer: Layer, step: number) => {
    const x = rowsOf(layer.x, step, layer.rows);
    copyColumns(layer.h, hidden, 0, x, layer.rows, layer.recurrent, hidden);
    const gates = gatesOf(layer, step);
    arithmetic.multiply(matrix(x, coordinates, layer.rows), matrix(layer.weights, layer.rows, 4 * hidden), gates.z);
    arithmetic.applyGates(gates, layer.h);
    averageCells(layer.h, hidden, averagingCells, groups);
  };

  /** hGradient holds all of ∂L/∂h̄; gets what the layer's own last h contributes, and xGradient what its input does. */
  const reverseLayer = (layer: Layer, step: number) => {
    const { rows, xGradient } = layer;
    averageCells(layer.hGradient, hidden, averagingCells, groups);
    const gates = gatesOf(layer, step);
    arithmetic.reverseGates(gates, layer.hGradient, layer.cellGradient);
    const z = matrix(gates.z, coordinates, 4 * hidden);
    arithmetic.multiplyTransposed(matrix(rowsOf(layer.x, step, rows), coordinates, rows), z, layer.gradient);
    arithmetic.multiply(z, matrix(layer.transposed, 4 * hidden, rows), xGradient);
    copyColumns(xGradient, rows, layer.recurrent, layer.hGradient, hidden, 0, hidden);
  };

  return {
    coordinates,
    unrollSteps,
    layout,

    setParameters(parameters) {
      requireLength('parameters', parameters, layout.size, 'the size of the layout');
      const packed = { layer1: arrays.weights1, layer2: arrays.weights2, heads: arrays.weightsHeads };
      forEachRun(shape, layout, (name, inMatrix, inParameters, length) =>
        packed[name].set(parameters.subarray(inParameters, inParameters + length), inMatrix),
      );
      transpose(arrays.weights1, layer1Rows, 4 * hidden, arrays.transposed1);
      transpose(arrays.weights2, layer2Rows, 4 * hidden, arrays.transposed2);
      transpose(arrays.weightsHeads, headRows, headColumns, arrays.transposedHeads);
    },

    resetState() {
      for (const { h, cell } of layers) {
        h.fill(0);
        cell.fill(0, 0, layerValues);
      }
      readVectors.fill(0);
      memory?.reset();
      kept = 0;
      windowSteps = -1;
    },

    beginUnroll() {
      startOver();
      windowSteps = 0;
    },

    step(gradients, updates) {
      requireLength('gradients', gradients, coordinates, 'one a coordinate');
      requireLength('updates', updates, coordinates, 'one a coordinate');
      // Past the window's end nothing of it is kept any more, and backward will say so.
      if (kept === unrollSteps) startOver();
      const step = kept;
      const x1 = rowsOf(first.x, step, layer1Rows);
      writePreprocessed(gradients, preprocessing, x1, layer1Rows);
      if (memory) {
        memory.read(step, readVectors, readResults);
        spreadHeads(readResults, readHeads, x1, layer1Rows, inputs);
      }
      stepLayer(first, step);
      copyColumns(first.h, hidden, 0, rowsOf(second.x, step, layer2Rows), layer2Rows, 0, hidden);
      stepLayer(second, step);
      const headInputs = rowsOf(arrays.headInputs, step, headRows);
      copyColumns(second.h, hidden, 0, headInputs, headRows, 0, hidden);
      arithmetic.multiply(
        matrix(headInputs, coordinates, headRows),
        matrix(arrays.weightsHeads, headRows, headColumns),
        arrays.heads,
      );
      for (let k = 0; k < coordinates; k++) updates[k] = outputScale * arrays.heads[k * headColumns]!;
      if (memory) {
        gatherHeads(arrays.heads, headColumns, readColumn, readVectors, readHeads);
        gatherHeads(arrays.heads, headColumns, leftColumn, left, writeHeads);
        for (let place = 0; place < left.length; place++) left[place]! *= writeFactors[place]!;
        gatherHeads(arrays.heads, headColumns, rightColumn, right, writeHeads);
        memory.write(step, left, right);
      }
      kept += 1;
      if (windowSteps >= 0) windowSteps += 1;
    },

    backward(updateGradients, selected) {
      const steps = requireWindow(windowSteps, unrollSteps);
      if (selected !== undefined && selected.length !== coordinates) {
        throw new KernelShapeError(
          `The meta-gradient of an optimizer that shares information goes through all ${coordinates} coordinates, got a selection of ${selected.length}.`,
        );
      }
      requireLength('updateGradients', updateGradients, steps * coordinates, `[${steps} steps][${coordinates}]`);
      const { headGradient, headInputGradient } = arrays;
      for (const { gradient, hGradient, cellGradient } of layers)
        for (const array of [gradient, hGradient, cellGradient]) array.fill(0);
      arrays.gradientHeads.fill(0);
      headGradient.fill(0);
      // Nothing after the window depends on its last read vectors.
      const readVectorGradient = vectors(readHeads);
      const resultGradient = vectors(readHeads);
      const leftGradient = vectors(writeHeads);
      const rightGradient = vectors(writeHeads);
      memory?.beginReverse();

      for (let step = steps - 1; step >= 0; step--) {
        for (let k = 0; k < coordinates; k++)
          headGradient[k * headColumns] = outputScale * updateGradients[step * coordinates + k]!;
        if (memory) {
          spreadHeads(readVectorGradient, readHeads, headGradient, headColumns, readColumn);
          memory.reverseWrite(step, leftGradient, rightGradient);
          for (let place = 0; place < left.length; place++) leftGradient[place]! *= writeFactors[place]!;
          spreadHeads(leftGradient, writeHeads, headGradient, headColumns, leftColumn);
          spreadHeads(rightGradient, writeHeads, headGradient, headColumns, rightColumn);
        }
        const heads = matrix(headGradient, coordinates, headColumns);
        arithmetic.multiplyTransposed(
          matrix(rowsOf(arrays.headInputs, step, headRows), coordinates, headRows),
          heads,
          arrays.gradientHeads,
        );
        arithmetic.multiply(heads, matrix(arrays.transposedHeads, headColumns, headRows), headInputGradient);
        addColumns(headInputGradient, headRows, second.hGradient, hidden);
        reverseLayer(second, step);
        addColumns(second.xGradient, layer2Rows, first.hGradient, hidden);
        reverseLayer(first, step);
        if (memory) {
          gatherHeads(first.xGradient, layer1Rows, inputs, resultGradient, readHeads);
          memory.reverseRead(step, resultGradient, readVectorGradient);
        }
      }
      // The activations have become gradients: there is no going through them again.
      windowSteps = -1;

      const gradient = new Float32Array(layout.size);
      const packed = { layer1: first.gradient, layer2: second.gradient, heads: arrays.gradientHeads };
      forEachRun(shape, layout, (name, inMatrix, inParameters, length) =>
        gradient.set(packed[name].subarray(inMatrix, inMatrix + length), inParameters),
      );
      return gradient;
    },

    dispose() {},
  };

  /** [heads, coordinates] ← columns from `column` on of rows. */
  function gatherHeads(rows: FloatArray, width: number, column: number, target: FloatArray, heads: number): void {
    for (let head = 0; head < heads; head++)
      for (let k = 0; k < coordinates; k++) target[head * coordinates + k] = rows[k * width + column + head]!;
  }

  /** The reverse of `gatherHeads`. */
  function spreadHeads(source: FloatArray, heads: number, rows: FloatArray, width: number, column: number): void {
    for (let head = 0; head < heads; head++)
      for (let k = 0; k < coordinates; k++) rows[k * width + column + head] = source[head * coordinates + k]!;
  }
}
