/**
 * One step of the random walk (arXiv 1605.07681), ŷ = A f, and its backward pass. Its rate counts the multiply-adds of 21 classes
 * with 81 neighbours, the pixel itself included; what images' edges save is not taken off. Its peers are the same
 * step composed of TensorFlow.js's operations on its WASM backend, and sparse products of torch, scipy and JAX where Python has them.
 */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { createRandomWalkKernel } from '../lib/kernels/random-walk-kernel.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { createNeighbourhood } from '../lib/random-walk/neighbourhood.ts';
import { walkStep } from '../lib/random-walk/walk.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import type { MachinePeaks } from './machine-peaks.ts';
import { measureCosts } from './random-walk-costs.ts';
import { measureDenseCrf, measurePeers, stepMilliseconds } from './random-walk-peers.ts';
import { measureRefinement } from './random-walk-refinement.ts';
import { photograph } from './random-walk-scene.ts';
import { measureThreads } from './random-walk-threads.ts';

export const randomWalk: Benchmark = {
  name: 'random-walk',
  async run(log, { python, peaks }) {
    await tf.setBackend('wasm');
    const peers = await measurePeers(python, log);
    log('one step …');
    const forward = await measureStep(stepMilliseconds(peers), peaks);
    const threads = await measureThreads(peaks);
    log('affinities …');
    const affinities = await measureAffinities();
    log('refinement …');
    const refinement = await measureRefinement(peers, log);
    const crf = await measureDenseCrf(peers, log);
    const costs = await measureCosts(log);
    return [...forward, ...threads, ...affinities, ...refinement, crf, ...(await measureBackward(log)), ...costs];
  },
};

/** The composed step keeps every neighbour's product: at the photograph's size it does not fit TensorFlow.js's memory. */
const detail = { height: 94, width: 125 };

async function measureStep(
  python: Readonly<Record<string, number>>,
  peaks: MachinePeaks,
): Promise<readonly BenchmarkRow[]> {
  const neighbourhood = createNeighbourhood(5);
  const [classes, channels] = [21, 3];
  const builds = ['wasm-relaxed', 'wasm-plain'] as const;
  const ours = builds.map((build) => {
    const walk = createRandomWalkKernel({ ...photograph, neighbourhood, classes, channels, build }, 2);
    randomStream(1, 'features').fillUniform(walk.features, 0, 1);
    walk.weights.fill(-3);
    walk.computeAffinities();
    const [f, y] = walk.values as [Float32Array, Float32Array];
    randomStream(1, 'f').fillUniform(f, 0, 1);
    return { walk, f, y };
  });
  const [relaxed, plain] = ours as [(typeof ours)[number], (typeof ours)[number]];
  const shape = [1, detail.height, detail.width] as const;
  const f = tf.randomUniform<tf.Rank.R4>([...shape, classes], 0, 1, 'float32', 1);
  const affinities = tf.randomUniform<tf.Rank.R4>([...shape, neighbourhood.offsets.length], 0, 1, 'float32', 2);
  const composed = () => tf.dispose(walkStep(f, affinities, { neighbourhood, compute: 'tensors' }));
  const times = await measureInTurn(
    {
      relaxed: () => relaxed.walk.step(relaxed.f, relaxed.y),
      plain: () => plain.walk.step(plain.f, plain.y),
    },
    21,
  );
  const peer = await measureInTurn({ composed }, 5);
  tf.dispose([f, affinities]);
  const neighbours = 2 * neighbourhood.offsets.length + 1;
  const rate = ({ height, width }: typeof photograph, milliseconds: number) =>
    Number(((2 * height * width * neighbours * classes) / 1e6 / milliseconds).toFixed(2));
  const row = (what: string, milliseconds: number, limit: number): BenchmarkRow => ({
    benchmark: 'random-walk',
    case: `one step, 500x375, R = 5, 21 classes, ${what}`,
    unit: 'GFLOP/s',
    ours: rate(photograph, milliseconds),
    peers: {
      'tfjs-wasm, composed, 125x94': rate(detail, peer.composed),
      ...Object.fromEntries(Object.entries(python).map(([name, time]) => [name, rate(photograph, time)])),
    },
    limit,
    physicalLimit: peaks.gigaflops[1],
  });
  return [{ ...row('1 thread', times.relaxed, 35), headline: true }, row('1 thread, plain SIMD', times.plain, 15)];
}

async function measureAffinities(): Promise<readonly BenchmarkRow[]> {
  const rows: BenchmarkRow[] = [];
  for (const channels of [3, 131]) {
    const walk = createRandomWalkKernel(
      { ...photograph, neighbourhood: createNeighbourhood(5), classes: 1, channels },
      0,
    );
    randomStream(1, 'features').fillUniform(walk.features, 0, 1);
    walk.weights.fill(-3 / channels);
    const { affinities } = await measureInTurn({ affinities: () => void walk.computeAffinities() }, 5);
    rows.push({
      benchmark: 'random-walk',
      case: `affinities and degrees, 500x375, R = 5, ${channels} channels, 1 thread`,
      unit: 'ms',
      ours: Number(affinities.toFixed(1)),
      peers: {},
      limit: channels === 3 ? 80 : 400,
    });
  }
  return rows;
}

/** How many times its forward pass the backward pass of a step takes, by f and by the affinities. */
async function measureBackward(log: (line: string) => void): Promise<readonly BenchmarkRow[]> {
  const rows: BenchmarkRow[] = [];
  for (const [size, radius] of [
    [41, 40],
    [321, 5],
  ] as const) {
    log(`backward, R = ${radius} …`);
    const neighbourhood = createNeighbourhood(radius);
    const [f, affinities] = [
      tf.randomUniform<tf.Rank.R4>([1, size, size, 21], 0, 1, 'float32', 1),
      tf.randomUniform<tf.Rank.R4>([1, size, size, neighbourhood.offsets.length], 0, 1, 'float32', 2),
    ];
    const step = (x: tf.Tensor, w: tf.Tensor) =>
      walkStep(x as tf.Tensor4D, w as tf.Tensor4D, { neighbourhood, compute: 'kernel' });
    const dy = tf.onesLike(f);
    const times = await measureInTurn(
      {
        forward: () => tf.dispose(step(f, affinities)),
        both: () => tf.dispose(tf.grads(step)([f, affinities], dy)),
      },
      7,
    );
    rows.push({
      benchmark: 'random-walk',
      case: `backward of one step, ${size}x${size}, R = ${radius}, 21 classes, 1 thread`,
      unit: '× its forward',
      ours: Number((times.both / times.forward - 1).toFixed(2)),
      peers: {},
      limit: 3,
    });
    tf.dispose([f, affinities, dy]);
  }
  return rows;
}
