/** What is measured of the trained handwriting networks: their curves, what they write, how long an update takes. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { BaseEvaluation, Measurement } from '../../pipeline/experiment.ts';
import {
  drawMinibatch,
  drawValidationLines,
  type HandwritingTrial,
  readHandwritingModel,
  readLines,
} from '../training/handwriting.ts';
import {
  exchangedMetric,
  finishedMetric,
  nats,
  perLineMetric,
  sourceMetric,
  strokesToRows,
  trainingMetric,
  validationMetric,
} from './handwriting-metrics.ts';
import { curveMeasurements } from './learning-curves.ts';
import { measureUpdateTime } from './measure-update-time.ts';

interface NetworkEvaluation extends BaseEvaluation {
  readonly kind: 'network';
  readonly trial: HandwritingTrial;
  /** Texts to write; none where nobody looks at them. */
  readonly prompts: readonly string[];
  /** Times that each is written, by other random numbers. */
  readonly hands: number;
  readonly bias: number;
}

/** Of the networks that differ in nothing but their normalization. */
interface TimeEvaluation extends BaseEvaluation {
  readonly kind: 'seconds';
  readonly timed: readonly HandwritingTrial[];
}

export type HandwritingEvaluation = NetworkEvaluation | TimeEvaluation;

export async function evaluateHandwriting(
  evaluation: HandwritingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  await context.startTensorFlow();
  return evaluation.kind === 'seconds'
    ? timeUpdates(evaluation.timed, context)
    : [...(await measureNetwork(evaluation.trial, context)), ...(await writePrompts(evaluation, context))];
}

/** The learning curves, and what exchanging the texts costs the best network. */
async function measureNetwork(trial: HandwritingTrial, context: EvaluationContext): Promise<readonly Measurement[]> {
  const tf = await import('@tensorflow/tfjs-core');
  const { measureLoss } = await import('../models/handwriting-loss.ts');
  const { asTensors } = await import('../../training/trainer.ts');
  const model = await context.model(trial.name);
  const { network, encoding } = readHandwritingModel(model);
  const common = { subject: network.normalization, seed: trial.seed };
  const lines = drawValidationLines(await readLines(trial.lines, context), trial.lines);
  const exchanged = lines.map((line, index) => ({ ...line, text: lines[(index + 1) % lines.length]!.text }));
  const { sequenceLength } = trial.lines;
  const alphabetSize = encoding.alphabet.length + 1;
  const parameters = asTensors(model.tensors);
  const loss = measureLoss(parameters, network, alphabetSize, exchanged, sequenceLength);
  tf.dispose(Object.values(parameters));
  const points = lines.reduce((sum, { offsets }) => sum + Math.min(sequenceLength, offsets.length / 3), 0);
  const step = Number(model.metadata.keptUpdate);
  return [
    ...curveMeasurements(model, { [trainingMetric]: nats, [validationMetric]: nats }, common),
    { ...common, metric: exchangedMetric, step, value: loss, unit: nats },
    { ...common, metric: perLineMetric, step: 0, value: points / lines.length, unit: 'points' },
    { ...common, metric: sourceMetric(encoding.source), step: 0, value: 1, unit: '1' },
  ];
}

async function writePrompts(
  { trial, prompts, hands, bias }: NetworkEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (prompts.length === 0) return [];
  const tf = await import('@tensorflow/tfjs-core');
  const { writeTexts } = await import('../models/write-text.ts');
  const { asTensors } = await import('../../training/trainer.ts');
  const model = await context.model(trial.name);
  const { network, encoding } = readHandwritingModel(model);
  const parameters = asTensors(model.tensors);
  const texts = Array.from({ length: hands }, () => prompts).flat();
  const options = { bias, seed: trial.seed };
  const written = await writeTexts(parameters, network, encoding, texts, options, context.breathe);
  tf.dispose(Object.values(parameters));
  const common = { subject: network.normalization, seed: trial.seed };
  return [
    ...written.flatMap(({ points }, index) => {
      const hand = Math.floor(index / prompts.length);
      return strokesToRows({ subject: common.subject, text: texts[index]!, hand, points }, trial.seed);
    }),
    {
      ...common,
      metric: finishedMetric,
      step: 0,
      value: written.filter(({ isFinished }) => isFinished).length / texts.length,
      unit: 'share',
    },
  ];
}

const timedRounds = 8;

/** Loss, gradients and Adam, as in training, on the minibatches that it began with. */
async function timeUpdates(
  timed: readonly HandwritingTrial[],
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const tf = await import('@tensorflow/tfjs-core');
  await import('../../numerics/register-gradients.ts');
  const { handwritingLoss } = await import('../models/handwriting-loss.ts');
  const { asTensors } = await import('../../training/trainer.ts');
  const { initAdam, updateAdam } = await import('../../training/adam.ts');
  const lines = await readLines(timed[0]!.lines, context);
  const updates: Record<string, () => void> = {};
  for (const trial of timed) {
    const model = await context.model(trial.name);
    const { network, encoding } = readHandwritingModel(model);
    const names = Object.keys(model.tensors);
    const byName = <T>(values: readonly T[]) => Object.fromEntries(names.map((name, index) => [name, values[index]!]));
    const parameters = byName(names.map((name) => (model.tensors[name]!.data as Float32Array).slice()));
    const adam = initAdam(model.tensors);
    let update = 0;
    updates[network.normalization] = () => {
      const minibatch = drawMinibatch(lines, trial.lines, trial.seed, update++);
      // Not the tidy's result: that is searched for tensors, element by element.
      let gradients: readonly Float32Array[] = [];
      tf.tidy(() => {
        const loss = (...values: Tensor[]) =>
          handwritingLoss(byName(values), network, encoding.alphabet.length + 1, minibatch);
        const { grads } = tf.valueAndGrads(loss)(Object.values(asTensors(model.tensors)));
        gradients = grads.map((gradient) => gradient.dataSync() as Float32Array);
      });
      updateAdam(parameters, byName(gradients), adam, { learningRate: trial.learningRate });
    };
  }
  return measureUpdateTime(updates, { rounds: timedRounds, breathe: context.breathe });
}
