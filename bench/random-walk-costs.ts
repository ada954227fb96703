/** What a step costs against the size of the image and against the radius, and what it keeps in memory. */
import { createRandomWalkKernel } from '../lib/kernels/random-walk-kernel.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { gridOf, nonZeros } from '../lib/random-walk/experiments/timing-grids.ts';
import { createNeighbourhood } from '../lib/random-walk/neighbourhood.ts';
import { solverBytes, stepBytes } from '../lib/random-walk/walk-memory.ts';
import { type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { photograph } from './random-walk-scene.ts';

const classes = 21;
const channels = 3;
/** With the step's radius, and a quarter of the photograph with the others: R = 40 takes 0.5 GB there. */
const sizes = [{ height: 188, width: 250 }, photograph, { height: 750, width: 1000 }];
const radii = [3, 10, 20, 40];

export async function measureCosts(log: (line: string) => void): Promise<readonly BenchmarkRow[]> {
  log('cost by size and radius …');
  const contestants: Record<string, () => void> = {};
  for (const size of sizes) contestants[sizeCase(size)] = startStep(size, 5);
  for (const radius of radii) contestants[radiusCase(radius)] = startStep(sizes[0]!, radius);
  const times = await measureInTurn(contestants, 5);
  const row = (name: string, milliseconds: number, count: number, unit: string, limit: number): BenchmarkRow => ({
    benchmark: 'random-walk',
    case: name,
    unit,
    ours: Number(((1e6 * milliseconds) / count).toPrecision(3)),
    peers: {},
    limit,
  });
  return [
    // The same for every size: the cost is linear in the number of pixels.
    ...sizes.map((size) => row(sizeCase(size), times[sizeCase(size)]!, size.height * size.width, 'ns/pixel', 150)),
    // The same for every radius: it is quadratic in R, as the number of neighbours is.
    ...radii.map((radius) =>
      row(
        radiusCase(radius),
        times[radiusCase(radius)]!,
        nonZeros(gridOf(sizes[0]!.height, sizes[0]!.width, radius)),
        'ns/neighbour',
        2,
      ),
    ),
    ...countMemory(),
  ];
}

type Size = typeof photograph;

const sizeCase = ({ height, width }: Size) => `cost of a step, ${width}x${height}, R = 5, 21 classes, 1 thread`;
const radiusCase = (radius: number) => `cost of a step, 250x188, R = ${radius}, 21 classes, 1 thread`;

function startStep(size: Size, radius: number): () => void {
  const neighbourhood = createNeighbourhood(radius);
  const walk = createRandomWalkKernel({ ...size, neighbourhood, classes, channels }, 2);
  walk.affinities.fill(0.5);
  walk.normalize();
  const [f, y] = walk.values as [Float32Array, Float32Array];
  randomStream(1, 'f').fillUniform(f, 0, 1);
  return () => walk.step(f, y);
}

function countMemory(): readonly BenchmarkRow[] {
  const options = { ...photograph, neighbourhood: createNeighbourhood(5), classes, channels };
  const row = (what: string, bytes: number): BenchmarkRow => ({
    benchmark: 'random-walk',
    case: `memory of ${what} beside the picture, f and ŷ, 500x375, R = 5, 21 classes`,
    unit: 'MB',
    ours: Number((bytes / 1e6).toFixed(1)),
    peers: {},
    limit: 80,
  });
  return [row('one step', stepBytes(options)), row('Chebyshev’s iteration', solverBytes(options, 'chebyshev'))];
}
