/** Every endpoint with a body, over the application itself: no body may make it answer 500, or not at all. */
import { encode } from 'fast-png';
import { type ApiWorld, apiWorld, storeModel } from '../api/api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron, sampleSegmentation } from '../api/sample-models.ts';
import type { FuzzTarget } from './targets.ts';

/** Answered, and by a server's fault. */
class ServerError extends Error {
  override name = 'ServerError';
}

export async function openEndpointTargets(): Promise<readonly FuzzTarget[]> {
  const world = apiWorld();
  await world.ports.startTensorFlow();
  const artifact = await storeModel(world.store, samplePerceptron(), '20260101-a');
  await storeModel(world.store, sampleEncoder(), '20260101-b');
  await storeModel(world.store, sampleHandwriting(), '20260101-c');
  await storeModel(world.store, sampleSegmentation(), '20260101-d');
  const colours = Uint8Array.from({ length: 8 * 6 * 3 }, (_, index) => (37 * index) % 256);
  const image = Buffer.from(encode({ width: 8, height: 6, data: colours, channels: 3, depth: 8 })).toString('base64');
  const values = Array.from({ length: 2 * 48 }, () => 0.5);
  const zeros = Buffer.alloc(784).toString('base64');
  return [
    target(world, '/v1/evaluations', [{ artifact, images: zeros, labels: [3] }]),
    target(world, '/v1/digits/classify', [{ pixels: Array(784).fill(0.5) }, { pixels: Array(784).fill(0), artifact }]),
    target(world, '/v1/optimizers/race', [{ problem: 'quadratics', optimizers: ['ADAM', 'SGD'], steps: 2, seed: 7 }]),
    target(world, '/v1/segmentations/refine', [
      { image, probabilities: { width: 8, height: 6, classes: 2, values }, alpha: 0.5, radius: 2, affinityWeights: -3 },
      { image, backEnd: 'large-fov', radius: 1 },
    ]),
    target(world, '/v1/sentences/encode', [{ sentences: ['A dog runs.', 'x'] }]),
    target(world, '/v1/handwriting/write', [{ text: 'a', bias: 1, seed: 3 }]),
  ];
}

function target({ ask, log }: ApiWorld, path: string, bodies: readonly object[]): FuzzTarget {
  return {
    name: `POST ${path}`,
    samples: bodies.map((body) => Buffer.from(JSON.stringify(body))),
    async run(bytes) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: Uint8Array.from(bytes) };
      const { status, json, headers } = await ask(path, init);
      const lines = (log as unknown[]).splice(0);
      if (status >= 500 && status !== 503) throw new ServerError(JSON.stringify(lines.slice(-2)));
      const isProblem = headers.get('content-type') === 'application/problem+json';
      if (isProblem !== status >= 400) throw new ServerError(`${status} came as ${headers.get('content-type')}`);
      // What a refusal says tells one path through the code from another.
      return isProblem ? json.detail : status;
    },
  };
}
