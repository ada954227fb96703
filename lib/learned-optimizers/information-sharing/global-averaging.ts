/**
 * Global averaging cells (appendix D): "a subset of the cells in each LSTM layer […] operate like normal LSTM cells, but
 * their outgoing activations are averaged at each step across all coordinates."
 *
 * What goes out of cell u of coordinate k is h̄_u = 1/n Σ_j h_{j,u} over the n coordinates of its function, the same for
 * all of them: to the layer above, to the layer's own next step, and to the outputs. The cell states c stay apart.
 */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { CoordinateGroups } from './coordinate-groups.ts';

/**
 * Replaces the first `cells` of each coordinate's `units` activations by their average, in place. The map is symmetric,
 * so the same function turns ∂L/∂h̄ into ∂L/∂h.
 *
 * @param activations [coordinates, units]
 */
export function averageCells(activations: FloatArray, units: number, cells: number, groups: CoordinateGroups): void {
  for (let cell = 0; cell < cells; cell++) {
    for (const [index, size] of groups.sizes.entries()) {
      const first = groups.starts[index]! * units + cell;
      const end = first + size * units;
      let sum = 0;
      for (let place = first; place < end; place += units) sum += activations[place]!;
      const average = sum / size;
      for (let place = first; place < end; place += units) activations[place] = average;
    }
  }
}
