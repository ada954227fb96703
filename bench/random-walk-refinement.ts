/**
 * Refinement of a 500 × 375 prediction, affinities of colours included, one thread: to a bound on values, and to labels. Peers of
 * the first are our own other solvers; of the second, our own dense CRF, and in Python pydensecrf's ten iterations and
 * scikit-image's random walker.
 *
 * Two predictions: `scene` has twelve of its 21 classes nowhere, as predictions of photographs have most; `blobs` has each of them
 * somewhere, so that every class is walked for.
 */
import { randomStream } from '../lib/numerics/random.ts';
import { mostProbableLabels } from '../lib/random-walk/evaluation/most-probable-labels.ts';
import { type ClassProbabilities, type Picture, type RefineOptions, refine } from '../lib/random-walk/refine.ts';
import { denseCrf } from '../lib/random-walk/rivals/dense-crf.ts';
import { type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { figuresOf, type PeerFigures } from './python-peers.ts';
import { photograph, scene } from './random-walk-scene.ts';

const { height, width } = photograph;
const classes = 21;
const options: RefineOptions = { alpha: 0.99, tolerance: 1e-3 };

interface Case {
  readonly picture: Picture;
  readonly probabilities: ClassProbabilities;
}

export async function measureRefinement(
  peers: PeerFigures,
  log: (line: string) => void,
): Promise<readonly BenchmarkRow[]> {
  const cases = { scene: scene(classes), blobs: blobs() };
  const rows: BenchmarkRow[] = [];
  for (const [name, each] of Object.entries(cases)) rows.push(await measureValues(name, each));
  for (const [name, each] of Object.entries(cases)) {
    log(`labels of ${name} …`);
    rows.push(...(await measureLabels(name, each, name === 'scene' ? peersToLabels(peers) : {})));
  }
  return rows;
}

/** Of a prediction of the scene. */
function peersToLabels(peers: PeerFigures): Readonly<Record<string, number>> {
  return { ...figuresOf(peers, '10 iterations'), ...figuresOf(peers, 'random walker') };
}

/** A softmax of scores as a network of stride 8 puts them out, enlarged bilinearly: in each square of 48 pixels some class. */
function blobs(): Case {
  const [stride, side] = [8, 48];
  const [down, across] = [Math.ceil(height / stride) + 1, Math.ceil(width / stride) + 1];
  const scores = new Float32Array(down * across * classes);
  randomStream(2, 'scores').fillNormal(scores, 1);
  for (let place = 0; place < down * across; place++) {
    const [row, column] = [Math.floor(place / across), place % across];
    const square = Math.floor((stride * row) / side) * 11 + Math.floor((stride * column) / side);
    scores[place * classes + ((5 * square) % classes)]! += 4;
  }
  const data = new Float32Array(height * width * classes);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [row, column] = [Math.floor(pixel / width) / stride, (pixel % width) / stride];
    const [top, left] = [Math.floor(row), Math.floor(column)];
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const at = (below: number, right: number) => scores[((top + below) * across + left + right) * classes + k]!;
      const upper = at(0, 0) + (column - left) * (at(0, 1) - at(0, 0));
      const lower = at(1, 0) + (column - left) * (at(1, 1) - at(1, 0));
      const value = Math.exp(upper + (row - top) * (lower - upper));
      data[pixel * classes + k] = value;
      sum += value;
    }
    for (let k = 0; k < classes; k++) data[pixel * classes + k]! /= sum;
  }
  return { picture: scene(classes).picture, probabilities: { height, width, classes, data } };
}

async function measureValues(name: string, { picture, probabilities }: Case): Promise<BenchmarkRow> {
  const by = (changes: RefineOptions) => () => void refine(picture, probabilities, { ...options, ...changes });
  const times = await measureInTurn(
    {
      ours: by({}),
      chebyshev: by({ solver: 'chebyshev' }),
      conjugateGradients: by({ solver: 'conjugate-gradients' }),
      started: by({ solver: 'chebyshev', start: 'smaller-walk' }),
    },
    2,
  );
  const start = performance.now();
  refine(picture, probabilities, { ...options, solver: 'fixed-point' });
  const fixedPoint = performance.now() - start;
  return {
    benchmark: 'random-walk',
    // The first has had its name since there was no other.
    case:
      name === 'scene'
        ? 'refine, 500x375, R = 5, 21 classes, RGB, α = 0.99 to a bound of 1e-3, 1 thread'
        : `refine ${name}, all 21 classes, α = 0.99 to a bound of 1e-3, 1 thread`,
    unit: 'ms',
    ours: Math.round(times.ours),
    peers: {
      'fixed point': Math.round(fixedPoint),
      chebyshev: Math.round(times.chebyshev),
      'conjugate gradients': Math.round(times.conjugateGradients),
      'start from smaller walks': Math.round(times.started),
    },
    limit: 760,
    headline: true,
  };
}

async function measureLabels(
  name: string,
  { picture, probabilities }: Case,
  peers: Readonly<Record<string, number>>,
): Promise<readonly BenchmarkRow[]> {
  const labelling: RefineOptions = { ...options, accuracy: 'labels' };
  const { ours } = await measureInTurn({ ours: () => void refine(picture, probabilities, labelling) }, 5);
  const start = performance.now();
  denseCrf()(picture, probabilities);
  const ownCrf = performance.now() - start;
  const labelsOf = (changes: RefineOptions) =>
    mostProbableLabels(refine(picture, probabilities, { ...options, ...changes }));
  const { labels: limit } = labelsOf({ tolerance: 2e-4 });
  const wrong = labelsOf(labelling).labels.filter((label, pixel) => label !== limit[pixel]).length;
  return [
    {
      benchmark: 'random-walk',
      case: `refine ${name} to labels, 500x375, R = 5, 21 classes, RGB, α = 0.99, 1 thread`,
      unit: 'ms',
      ours: Math.round(ours),
      peers: {
        'our dense CRF, 10 iterations': Math.round(ownCrf),
        ...peers,
      },
      limit: 220,
      headline: true,
    },
    {
      benchmark: 'random-walk',
      case: `labels of ${name} that are not the limit's`,
      unit: '%',
      ours: (100 * wrong) / (height * width),
      peers: {},
      limit: 0.1,
    },
  ];
}
