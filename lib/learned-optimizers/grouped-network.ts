/**
 * Several learned optimizers on one θ, each with weights of its own for the coordinates of its group (§3.3): "LSTM weights
 * are now shared only between parameters of the same type (i.e. fully-connected vs. convolutional)". To whoever trains or
 * runs it, it is one network: φ is the groups' parameters behind one another.
 */
import type { ParameterLayout } from '../kernels/coordinatewise-lstm.ts';
import type { OptimizerNetwork } from './optimizer-network.ts';
import type { ParameterTensor } from './problems/problem.ts';

/** The tensors of one group, ascending by offset. */
export interface CoordinateGroup {
  /** `convolution`, `linear` */
  readonly name: string;
  readonly tensors: readonly ParameterTensor[];
  /** Of all its tensors. */
  readonly coordinates: number;
}

/** Groups in the order in which they first occur. */
export function groupTensors(
  tensors: readonly ParameterTensor[],
  groupOf: (tensor: ParameterTensor) => string,
): readonly CoordinateGroup[] {
  const members = new Map<string, ParameterTensor[]>();
  for (const tensor of tensors) {
    const name = groupOf(tensor);
    const group = members.get(name);
    if (group) group.push(tensor);
    else members.set(name, [tensor]);
  }
  return [...members].map(([name, group]) => ({
    name,
    tensors: group,
    coordinates: group.reduce((sum, { size }) => sum + size, 0),
  }));
}

/** A part of a group's coordinates that lie together in θ. */
interface Range {
  /** In θ, and among the group's own coordinates. */
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

interface Member {
  readonly network: OptimizerNetwork;
  readonly ranges: readonly Range[];
  /** Place of its parameters in φ. */
  readonly parametersAt: number;
  readonly gradients: Float32Array;
  readonly updates: Float32Array;
}

/** The networks as one, which owns them: `dispose` frees them all. networks[i] is for groups[i], of as many coordinates. */
export function combineNetworks(
  groups: readonly CoordinateGroup[],
  networks: readonly OptimizerNetwork[],
): OptimizerNetwork {
  const coordinates = groups.reduce((sum, group) => sum + group.coordinates, 0);
  const layout = concatenateLayouts(networks.map((network) => network.layout));
  let parametersAt = 0;
  const members = groups.map((group, index): Member => {
    const network = networks[index]!;
    parametersAt += network.layout.size;
    let to = 0;
    const ranges = group.tensors.map(({ offset, size }) => {
      to += size;
      return { from: offset, to: to - size, size };
    });
    return {
      network,
      ranges,
      parametersAt: parametersAt - network.layout.size,
      gradients: new Float32Array(group.coordinates),
      updates: new Float32Array(group.coordinates),
    };
  });
  /** Floats of a coordinate's state. */
  const stateFloats = () => members[0]!.network.readState().length / groups[0]!.coordinates;

  return {
    coordinates,
    unrollSteps: Math.min(...networks.map((network) => network.unrollSteps)),
    layout,

    setParameters(parameters) {
      for (const { network, parametersAt: at } of members) {
        network.setParameters(parameters.subarray(at, at + network.layout.size));
      }
    },

    resetState() {
      for (const { network } of members) network.resetState();
    },

    readState() {
      const width = stateFloats();
      const state = new Float32Array(coordinates * width);
      for (const { network, ranges } of members) {
        const own = network.readState();
        for (const { from, to, size } of ranges) state.set(own.subarray(to * width, (to + size) * width), from * width);
      }
      return state;
    },

    writeState(state) {
      const width = state.length / coordinates;
      for (const { network, ranges } of members) {
        const own = new Float32Array(network.coordinates * width);
        for (const { from, to, size } of ranges)
          own.set(state.subarray(from * width, (from + size) * width), to * width);
        network.writeState(own);
      }
    },

    beginUnroll() {
      for (const { network } of members) network.beginUnroll();
    },

    step(gradients, updates) {
      for (const member of members) {
        for (const { from, to, size } of member.ranges) member.gradients.set(gradients.subarray(from, from + size), to);
        member.network.step(member.gradients, member.updates);
        for (const { from, to, size } of member.ranges) updates.set(member.updates.subarray(to, to + size), from);
      }
    },

    backward(updateGradients, selected = Int32Array.from({ length: coordinates }, (_, coordinate) => coordinate)) {
      const steps = updateGradients.length / selected.length;
      const gradient = new Float32Array(layout.size);
      for (const { network, ranges, parametersAt: at } of members) {
        const parts = ranges.map((range) => selectWithin(selected, range));
        const count = parts.reduce((sum, part) => sum + part.coordinates.length, 0);
        const own = new Int32Array(count);
        const ownGradients = new Float32Array(steps * count);
        let column = 0;
        for (const { first, coordinates: chosen } of parts) {
          own.set(chosen, column);
          for (let step = 0; step < steps; step++) {
            const row = step * selected.length + first;
            ownGradients.set(updateGradients.subarray(row, row + chosen.length), step * count + column);
          }
          column += chosen.length;
        }
        gradient.set(network.backward(ownGradients, own), at);
      }
      return gradient;
    },

    dispose() {
      for (const { network } of members) network.dispose();
    },
  };
}

/** The selected coordinates (ascending) that lie in a range: the first one's place, and what the group calls them. */
function selectWithin(selected: Int32Array, { from, to, size }: Range) {
  const first = placeOf(selected, from);
  const coordinates = selected.slice(first, placeOf(selected, from + size));
  for (let k = 0; k < coordinates.length; k++) coordinates[k]! += to - from;
  return { first, coordinates };
}

/** How many of the ascending values are smaller. */
function placeOf(values: Int32Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The layouts behind one another; each name occurs once a group. */
function concatenateLayouts(layouts: readonly ParameterLayout[]): ParameterLayout {
  let size = 0;
  const tensors = layouts.flatMap((layout) => {
    size += layout.size;
    return layout.tensors.map((tensor) => ({ ...tensor, offset: tensor.offset + size - layout.size }));
  });
  return { size, tensors, byName: layouts[0]!.byName };
}
