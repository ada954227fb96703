/**
 * Whole sequences of an LSTM, a GRU or a tanh RNN (arXiv 1607.06450, Eqs 20–22, 26–28 and 4), layer-normalised or plain, on the
 * SIMD kernel of assembly/recurrent.ts: one operation forward, and one that goes back through time. What a cell computes is in
 * assembly/recurrent-lstm.ts, recurrent-gru.ts and recurrent-tanh.ts; assembly/recurrent.ts says which matrix products there are.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelOptions } from './kernel-instance.ts';
import { backwardScratch, forwardScratch, jobWords, keptArrays, type RecurrentJob } from './recurrent-job.ts';
import { checkTensors, kernelGates, type RecurrentCell, type RecurrentTensors } from './recurrent-tensors.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

export interface RecurrentOptions extends KernelOptions {
  /** The names in `kernelGates`, in the order in which they lie in the tensors. */
  readonly gates: readonly string[];
  /** Inside the root of each standard deviation. */
  readonly epsilon: number;
}

export interface RecurrentResult {
  /** [steps, batch, H] h after each step. */
  readonly outputs: tf.Tensor3D;
  /** [batch, H] c after the last step, of an LSTM; it was not normalised. */
  readonly finalCell?: tf.Tensor2D;
}

interface Exports {
  forward(job: number): void;
  backward(job: number): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/recurrent.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/recurrent.plain.wasm', import.meta.url),
};

/**
 * Differentiable once, with respect to all but the mask. Throws KernelShapeError for tensors that do not match,
 * KernelBackendError where the kernel cannot run.
 */
export function runRecurrent(
  cell: RecurrentCell,
  tensors: RecurrentTensors,
  { gates, epsilon, ...options }: RecurrentOptions,
): RecurrentResult {
  const sizes = checkTensors(cell, tensors, gates);
  const gateOrder = Int32Array.from(kernelGates[cell], (gate) => gates.indexOf(gate));
  const outputShape = [sizes.steps + (cell === 'lstm' ? 1 : 0), sizes.batch, sizes.units];
  // What is kept outlives the call only where gradients are being recorded.
  const { gradientDepth, kernelDepth } = tf.engine().state;
  const recording = gradientDepth > 0 && kernelDepth === 0;
  const kept = keptArrays(sizes, recording);

  const { mask, ...differentiable } = tensors;
  const names = Object.keys(differentiable).filter((name) => tensors[name as 'inputs']) as (keyof RecurrentTensors)[];
  const locate = (memory: TensorMemory, all: Readonly<Record<string, tf.Tensor>>) =>
    Object.fromEntries(Object.entries(all).map(([name, tensor]) => [name, memory.address(tensor)]));
  const call = (memory: TensorMemory, places: Partial<RecurrentJob>) =>
    memory.words(jobWords({ ...sizes, epsilon, gateOrder: memory.words(gateOrder), ...places }));

  const operation = tf.customGrad((...inputs) => {
    const save = inputs.pop() as tf.GradSaveFunc;
    const given: Record<string, tf.Tensor> = Object.fromEntries(
      names.map((name, index) => [name, inputs[index] as tf.Tensor]),
    );
    if (mask) given.mask = mask;

    const { outputs, arrays } = withTensors<Exports, { outputs: tf.Tensor; arrays: Record<string, tf.Tensor> }>(
      binaries,
      options,
      (kernel, memory) => {
        const result = memory.result(outputShape);
        const pending = recording ? kept.map(({ shape }) => memory.result(shape)) : [];
        const places = kept.map(({ shape: [steps, floats] }, index) =>
          recording ? pending[index]!.address : memory.scratch(4 * steps * floats),
        );
        const job = call(memory, {
          ...locate(memory, given),
          ...keptPlaces(places),
          ...forwardScratch(sizes, memory),
          outputs: result.address,
        });
        kernel.forward(job);
        const arrays = Object.fromEntries(pending.map((array, index) => [kept[index]!.name, array.tensor()]));
        return { outputs: result.tensor(), arrays };
      },
    );
    const needed: Record<string, tf.Tensor> = { ...given, outputs, ...arrays };
    save(Object.values(needed));

    // Called once: it overwrites what was kept.
    const gradFunc = (outputGradient: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('recurrent layer');
      return withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const results = names.map((name) => memory.result(tensors[name]!.shape));
        const gradients = Object.fromEntries(names.map((name, index) => [`${name}Gradient`, results[index]!.address]));
        const found = locate(
          memory,
          Object.fromEntries(Object.keys(needed).map((name, index) => [name, saved[index]!])),
        );
        const job = call(memory, {
          ...found,
          ...keptPlaces(kept.map(({ name }) => found[name]!)),
          ...gradients,
          ...backwardScratch(
            sizes,
            gateOrder.every((block, gate) => block === gate),
            memory,
          ),
          outputGradient: memory.address(outputGradient),
        });
        kernel.backward(job);
        return results.map((result) => result.tensor());
      });
    };
    return { value: outputs, gradFunc };
  });

  /** Where the kept arrays lie and how far their steps are apart; arrays that are not kept on their own are inputSums. */
  function keptPlaces(places: readonly number[]): Partial<RecurrentJob> {
    const found = Object.fromEntries(
      kept.flatMap(({ name, stepBytes }, index) => [
        [name, places[index]!],
        [`${name}Step`, stepBytes],
      ]),
    ) as Partial<RecurrentJob>;
    const sums = { recurrentSums: found.inputSums!, activations: found.inputSums! };
    const steps = { recurrentSumsStep: found.inputSumsStep!, activationsStep: found.inputSumsStep! };
    return { ...sums, ...steps, ...found };
  }

  const all = operation(...names.map((name) => tensors[name]!)) as tf.Tensor3D;
  if (cell !== 'lstm') return { outputs: all };
  const { steps, batch, units } = sizes;
  return {
    outputs: tf.slice(all, [0, 0, 0], [steps, batch, units]),
    finalCell: tf.reshape(tf.slice(all, [steps, 0, 0], [1, batch, units]), [batch, units]),
  };
}
