/**
 * Convolutions with their gradients, of the second layer of the CIFAR-10 optimizee (arXiv 1606.04474 §3.3) and of a layer
 * of VGG at 64 × 64 (§3.4), beside TensorFlow.js on its WASM backend, which has no gradient with respect to the filter.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { type ConvolutionShape, convolutionOperations, convolutionSizes } from '../lib/kernels/convolution.ts';
import { convolutionBytes, createConvolutionKernels } from '../lib/kernels/convolution-kernel.ts';
import { createConvolutionReference } from '../lib/kernels/convolution-reference.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import type { MachinePeaks } from './machine-peaks.ts';

const shapes: Readonly<Record<string, ConvolutionShape>> = {
  'CIFAR-10, 128 × 16 × 16 × 16, 16 filters of 5 × 5': {
    ...{ images: 128, height: 16, width: 16 },
    ...{ inputChannels: 16, outputChannels: 16, kernelSize: 5 },
  },
  'VGG, 64 × 64 × 64, 64 filters of 3 × 3': {
    ...{ images: 1, height: 64, width: 64 },
    ...{ inputChannels: 64, outputChannels: 64, kernelSize: 3 },
  },
};

export const convolution: Benchmark = {
  name: 'convolution',
  async run(log, { peaks }) {
    await tf.setBackend('wasm');
    const rows: BenchmarkRow[] = [];
    for (const [name, shape] of Object.entries(shapes)) {
      log(`${name} …`);
      rows.push(...(await measure(name, shape, peaks)));
    }
    return rows;
  },
};

async function measure(name: string, shape: ConvolutionShape, peaks: MachinePeaks): Promise<readonly BenchmarkRow[]> {
  const sizes = convolutionSizes(shape);
  const capacityBytes = 8 * (sizes.input + sizes.filter + sizes.output) + convolutionBytes(shape) + 6 * 64;
  const contestants = [
    { what: '1 thread', threads: 1, backend: undefined, limit: 30 },
    { what: '2 threads', threads: 2, backend: undefined, limit: 30 },
    { what: '1 thread, plain SIMD', threads: 1, backend: 'wasm-plain', limit: 15 },
  ] as const;
  const ours = contestants.map(({ threads, backend }) => {
    const kernels = createConvolutionKernels({ capacityBytes, threads, ...(backend ? { backend } : {}) });
    const filled = (elements: number) => {
      const array = kernels.allocate(elements);
      randomStream(1, 'values').fillNormal(array, 1);
      return array;
    };
    const arrays = {
      input: filled(sizes.input),
      filter: filled(sizes.filter),
      output: filled(sizes.output),
      inputGradient: filled(sizes.input),
      filterGradient: filled(sizes.filter),
    };
    return { kernels, convolution: kernels.convolution(shape), arrays };
  });
  const peer = { convolution: createConvolutionReference(shape), arrays: ours[0]!.arrays };
  type Contestant = typeof peer;
  const passes = {
    forward: ({ convolution, arrays }: Contestant) => convolution.forward(arrays.input, arrays.filter, arrays.output),
    'input gradient': ({ convolution, arrays }: Contestant) =>
      convolution.inputGradient(arrays.output, arrays.filter, arrays.inputGradient),
    'filter gradient': ({ convolution, arrays }: Contestant) =>
      convolution.filterGradient(arrays.input, arrays.output, arrays.filterGradient),
  };
  const rows: BenchmarkRow[] = [];
  for (const [pass, run] of Object.entries(passes)) {
    const hasPeer = pass !== 'filter gradient';
    const times = await measureInTurn<string>(
      {
        ...Object.fromEntries(contestants.map(({ what }, index) => [what, () => run(ours[index]!)])),
        ...(hasPeer ? { peer: () => run(peer) } : {}),
      },
      9,
    );
    const rate = (milliseconds: number) => Number((convolutionOperations(shape) / 1e6 / milliseconds).toFixed(2));
    for (const { what, limit, threads } of contestants) {
      rows.push({
        benchmark: 'convolution',
        case: `${pass}, ${name}, ${what}`,
        unit: 'GFLOP/s',
        ours: rate(times[what]!),
        peers: hasPeer ? { 'tfjs-wasm': rate(times.peer!) } : {},
        limit,
        physicalLimit: peaks.gigaflops[threads],
        ...(name.startsWith('VGG') && what === '1 thread' ? { headline: true as const } : {}),
      });
    }
  }
  for (const { kernels } of ours) kernels.dispose();
  return rows;
}
