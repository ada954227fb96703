/** Random walks' peers in Python, and the dense CRF beside pydensecrf, which it is a port of in behaviour. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Picture } from '../lib/random-walk/refine.ts';
import { denseCrf } from '../lib/random-walk/rivals/dense-crf.ts';
import { type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { figuresOf, measurePeersInPython, type PeerFigures } from './python-peers.ts';
import { scene } from './random-walk-scene.ts';

const classes = 21;

/** What peers/random_walk.py prints, in milliseconds. */
export async function measurePeers(python: string | undefined, log: (line: string) => void): Promise<PeerFigures> {
  const { picture, probabilities } = inBytes();
  const folder = await mkdtemp(join(tmpdir(), 'stepwise-bench-'));
  try {
    const file = join(folder, 'scene');
    await writeFile(file, Buffer.concat([picture.data, Buffer.from(probabilities.data.buffer)]));
    return await measurePeersInPython('random_walk.py', python, log, [file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Of one step of the walk over the photograph, by peer. */
export function stepMilliseconds(peers: PeerFigures): Readonly<Record<string, number>> {
  return figuresOf(peers, 'step');
}

export async function measureDenseCrf(peers: PeerFigures, log: (line: string) => void): Promise<BenchmarkRow> {
  log('dense CRF …');
  const { picture, probabilities } = inBytes();
  const crf = denseCrf();
  const { inference } = await measureInTurn({ inference: () => void crf(picture, probabilities) }, 3);
  return {
    benchmark: 'random-walk',
    case: 'dense CRF, 500x375, 21 classes, 10 iterations, 1 thread',
    unit: 'ms',
    ours: Number(inference.toFixed(0)),
    peers: figuresOf(peers, '10 iterations'),
    limit: 3000,
  };
}

/** The scene with colours in bytes: pydensecrf takes no others. */
function inBytes() {
  const { picture, probabilities } = scene(classes);
  const data = Uint8Array.from(picture.data, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return { picture: { ...picture, data } satisfies Picture, probabilities };
}
