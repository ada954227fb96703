/**
 * Appendix D's two constructive claims, as controllers set by hand: that global averaging cells suffice for L2 gradient
 * clipping "assuming that each LSTM can compute the square of the gradient", and that "NTM-BFGS with one read head and 3
 * write heads can simulate inverse Hessian BFGS assuming that the controller can compute arbitrary (coordinatewise)
 * functions and have access to 2 GACs".
 *
 * An LSTM computes neither squares nor quotients exactly, which is what the assumptions are for. So a controller here is a
 * function with an LSTM's interface: it sees one coordinate, the averages, and nothing else; memory and averages are those
 * of the trained networks, with their timing (Figure 15: a read result arrives one step after its read vector).
 */
import type { CoordinateGroups } from './coordinate-groups.ts';
import type { MemoryOptions, SharedMemory } from './external-memory.ts';
import { createExternalMemory } from './external-memory.ts';
import { averageCells } from './global-averaging.ts';

/** What one coordinate sees at a step: its component of ∇_t and of i_t. */
export interface CoordinateInput {
  readonly gradient: number;
  readonly readResult: number;
}

export interface CoordinateOutput<State> {
  /** g_t */
  readonly update: number;
  /** r_{t+1} */
  readonly readVector: number;
  /** a_t and b_t of each write head. */
  readonly writes: readonly (readonly [left: number, right: number])[];
  /** h_{t+1} */
  readonly state: State;
}

/** One coordinate's controller, the same for all: a lower layer whose cells are averaged, and an upper one that sees that. */
export interface HandSetController<State> {
  readonly averagingCells: number;
  readonly writeHeads: number;
  readonly initialState: State;
  /** The outgoing activations of the lower layer's GACs. [averagingCells] */
  activate(input: CoordinateInput, state: State): readonly number[];
  /** @param averages over the coordinates of the function. [averagingCells] */
  apply(input: CoordinateInput, averages: readonly number[], state: State): CoordinateOutput<State>;
}

/**
 * The controller on every coordinate, with one read head, in float64.
 *
 * @param createMemory the paper's n × n matrix where left out
 */
export function runHandSetController<State>(
  controller: HandSetController<State>,
  groups: CoordinateGroups,
  createMemory: (options: MemoryOptions) => SharedMemory = createExternalMemory,
): { readonly memory: SharedMemory; step(gradients: ArrayLike<number>, updates: Float64Array | Float32Array): void } {
  const { averagingCells, writeHeads } = controller;
  const { coordinates } = groups;
  const memory = createMemory({ groups, readHeads: 1, writeHeads, unrollSteps: 1, FloatArrayType: Float64Array });
  memory.reset();
  const readVector = new Float64Array(coordinates);
  const readResult = new Float64Array(coordinates);
  const left = new Float64Array(writeHeads * coordinates);
  const right = new Float64Array(writeHeads * coordinates);
  const activations = new Float64Array(averagingCells * coordinates);
  const states = new Array<State>(coordinates).fill(controller.initialState);

  return {
    memory,
    step(gradients, updates) {
      memory.beginWindow();
      memory.read(0, readVector, readResult);
      const inputs = states.map((_, k) => ({ gradient: gradients[k]!, readResult: readResult[k]! }));
      for (const [k, input] of inputs.entries())
        activations.set(controller.activate(input, states[k]!), k * averagingCells);
      averageCells(activations, averagingCells, averagingCells, groups);
      for (const [k, input] of inputs.entries()) {
        const averages = [...activations.subarray(k * averagingCells, (k + 1) * averagingCells)];
        const output = controller.apply(input, averages, states[k]!);
        updates[k] = output.update;
        readVector[k] = output.readVector;
        for (const [head, [a, b]] of output.writes.entries()) {
          left[head * coordinates + k] = a;
          right[head * coordinates + k] = b;
        }
        states[k] = output.state;
      }
      memory.write(0, left, right);
    },
  };
}

/**
 * Gradient descent with its gradient clipped to a norm (Bengio et al. 2013), with one GAC: g = −η ∇ min(1, c/‖∇‖), where
 * ‖∇‖² = n · average of ∇_k².
 *
 * @param dimensions n: averages are what GACs give, the norm is a sum
 */
export function clippingController(settings: {
  readonly dimensions: number;
  readonly learningRate: number;
  readonly largestNorm: number;
}): HandSetController<undefined> {
  const { dimensions, learningRate, largestNorm } = settings;
  return {
    averagingCells: 1,
    writeHeads: 0,
    initialState: undefined,
    activate: ({ gradient }) => [gradient * gradient],
    apply({ gradient }, [meanSquare]) {
      const norm = Math.sqrt(dimensions * meanSquare!);
      const factor = norm > largestNorm ? largestNorm / norm : 1;
      return { update: -learningRate * factor * gradient, readVector: 0, writes: [], state: undefined };
    },
  };
}

/** A coordinate's memory between the steps of `bfgsController`. */
interface BfgsState {
  /** Which of an iteration's two steps comes next. */
  readonly phase: 'ask' | 'move';
  readonly isFirst: boolean;
  /** ∇f(θ_k), and the one before. */
  readonly gradient: number;
  readonly lastGradient: number;
  /** s = θ_k − θ_{k−1} and H_{k−1} ∇f(θ_{k−1}) */
  readonly move: number;
  readonly lastDirection: number;
  /** sᵀy and sᵀ∇f(θ_k), the same for every coordinate. */
  readonly moveByChange: number;
  readonly moveByGradient: number;
}

/** Below this sᵀy tells nothing of the curvature, and the memory is left as it is. */
const leastCurvature = 1e-30;

/**
 * Inverse-Hessian BFGS with a constant step size η, with one read head, three write heads and two GACs. With
 * s = θ_k − θ_{k−1}, y = ∇_k − ∇_{k−1}, ρ = 1/sᵀy and H the memory (Nocedal & Wright, Eq. 6.17, multiplied out):
 *
 *   H_k = H + (1 + ρ yᵀHy) ρ s sᵀ − ρ Hy sᵀ − ρ s (Hy)ᵀ;   θ_{k+1} = θ_k − η H_k ∇_k
 *
 * A read vector emitted at one step comes back multiplied at the next, so an iteration takes two steps of the controller:
 *
 *   ask   sends r = ∇_k and stays where it is (g = 0). The GACs average s_j y_j and s_j ∇_j.
 *   move  gets u = H ∇_k. The direction before was v = H ∇_{k−1} = −s/η, so Hy = u − v is known in every coordinate; one
 *         GAC averages y_j u_j, and yᵀHy = yᵀu + sᵀy/η, (Hy)ᵀ∇_k = yᵀu. It writes the three products, and needs no second
 *         read to move: H_k ∇_k = u + (1 + ρ yᵀHy) ρ s sᵀ∇_k − ρ Hy sᵀ∇_k − ρ s yᵀu.
 *
 * @param dimensions n: averages are what GACs give, inner products are sums
 */
export function bfgsController(settings: {
  readonly dimensions: number;
  readonly learningRate: number;
}): HandSetController<BfgsState> {
  const { dimensions, learningRate } = settings;
  const noWrites = [
    [0, 0],
    [0, 0],
    [0, 0],
  ] as const;
  return {
    averagingCells: 2,
    writeHeads: 3,
    initialState: {
      phase: 'ask',
      isFirst: true,
      gradient: 0,
      lastGradient: 0,
      move: 0,
      lastDirection: 0,
      moveByChange: 0,
      moveByGradient: 0,
    },

    activate({ gradient, readResult }, state) {
      if (state.phase === 'ask') return [state.move * (gradient - state.gradient), state.move * gradient];
      return [(state.gradient - state.lastGradient) * readResult, 0];
    },

    apply({ gradient, readResult }, averages, state) {
      if (state.phase === 'ask') {
        const next: BfgsState = {
          ...state,
          phase: 'move',
          gradient,
          lastGradient: state.gradient,
          moveByChange: dimensions * averages[0]!,
          moveByGradient: dimensions * averages[1]!,
        };
        return { update: 0, readVector: gradient, writes: noWrites, state: next };
      }
      const { move: s, moveByChange, moveByGradient, isFirst } = state;
      const moveTo = (direction: number, writes: CoordinateOutput<BfgsState>['writes']) => {
        const update = -learningRate * direction;
        const next: BfgsState = { ...state, phase: 'ask', isFirst: false, move: update, lastDirection: direction };
        return { update, readVector: 0, writes, state: next };
      };
      const u = readResult;
      if (isFirst || Math.abs(moveByChange) < leastCurvature) return moveTo(u, noWrites);
      const rho = 1 / moveByChange;
      const hy = u - state.lastDirection;
      const changeByRead = dimensions * averages[0]!; // yᵀu
      const changeByHy = changeByRead + moveByChange / learningRate; // yᵀHy
      const first = (1 + rho * changeByHy) * rho * s;
      const direction = u + first * moveByGradient - rho * hy * moveByGradient - rho * s * changeByRead;
      return moveTo(direction, [
        [first, s],
        [-rho * hy, s],
        [-rho * s, hy],
      ]);
    },
  };
}
