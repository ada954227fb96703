/** What two threads make of a walk over a photograph: the same work, to the bit, on one thread as its peer. */
import { setTimeout } from 'node:timers/promises';
import { createThreadedRandomWalkKernel } from '../lib/kernels/random-walk-threads.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { createNeighbourhood } from '../lib/random-walk/neighbourhood.ts';
import { refine } from '../lib/random-walk/refine.ts';
import { refineOnThreads } from '../lib/random-walk/refine-on-threads.ts';
import { type BenchmarkRow, measureInTurn } from './benchmark.ts';
import type { MachinePeaks } from './machine-peaks.ts';
import { photograph, scene } from './random-walk-scene.ts';

export async function measureThreads(peaks: MachinePeaks): Promise<readonly BenchmarkRow[]> {
  const neighbourhood = createNeighbourhood(5);
  const [classes, channels] = [21, 3];
  const [one, two] = [1, 2].map((threads) => {
    const walk = createThreadedRandomWalkKernel({ ...photograph, neighbourhood, classes, channels, threads }, 2);
    randomStream(1, 'features').fillUniform(walk.features, 0, 1);
    walk.weights.fill(-3);
    walk.computeAffinities();
    const [f, y] = walk.values as [Float32Array, Float32Array];
    randomStream(1, 'f').fillUniform(f, 0, 1);
    return { affinities: () => void walk.computeAffinities(), step: () => walk.step(f, y), end: () => walk.dispose() };
  }) as [Walk, Walk];
  // Until the second thread has started.
  await setTimeout(300);
  const steps = await measureInTurn({ one: one.step, two: two.step }, 21);
  const affinities = await measureInTurn({ one: one.affinities, two: two.affinities }, 7);
  one.end();
  two.end();
  const { picture, probabilities } = scene(classes);
  const refinement = await measureInTurn(
    {
      one: () => void refine(picture, probabilities, { alpha: 0.99 }),
      two: () => void refineOnThreads(picture, probabilities, { alpha: 0.99, threads: 2 }),
    },
    2,
  );
  const operations = 2 * photograph.height * photograph.width * (2 * neighbourhood.offsets.length + 1) * classes;
  const rate = (milliseconds: number) => Number((operations / 1e6 / milliseconds).toFixed(2));
  const milliseconds = (name: string, times: { readonly one: number; readonly two: number }, limit: number) => ({
    ...{ benchmark: 'random-walk', case: name, unit: 'ms', ours: Number(times.two.toFixed(1)), limit },
    peers: { '1 thread': Number(times.one.toFixed(1)) },
  });
  return [
    {
      benchmark: 'random-walk',
      case: 'one step, 500x375, R = 5, 21 classes, 2 threads',
      unit: 'GFLOP/s',
      ours: rate(steps.two),
      peers: { '1 thread': rate(steps.one) },
      // 1.7 times the bound of one thread.
      limit: 59.5,
      physicalLimit: peaks.gigaflops[2],
      headline: true,
    },
    milliseconds('affinities and degrees, 500x375, R = 5, 3 channels, 2 threads', affinities, 50),
    milliseconds('refine, 500x375, R = 5, 21 classes, RGB, α = 0.99 to a bound of 1e-3, 2 threads', refinement, 1600),
  ];
}

interface Walk {
  affinities(): void;
  step(): void;
  end(): void;
}
