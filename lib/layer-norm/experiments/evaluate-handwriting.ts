/** What is measured of the trained handwriting networks: their curves, what they write, how long an update takes. */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { BaseEvaluation, Measurement } from '../../pipeline/experiment.ts';
import { drawLines, makeMinibatch } from '../models/handwriting-data.ts';
import {
  drawMinibatch,
  type HandwritingTrial,
  readHandwritingModel,
  readLines,
  validationMeasure,
} from '../training/handwriting.ts';
import {
  exchangedMetric,
  finishedMetric,
  nats,
  perLineMetric,
  secondsMetric,
  sourceMetric,
  strokesToRows,
  trainingMetric,
  validationMetric,
} from './handwriting-metrics.ts';

interface NetworkEvaluation extends BaseEvaluation {
  readonly kind: 'network';
  readonly trial: HandwritingTrial;
  /** Texts to write; none where nobody looks at them. */
  readonly prompts: readonly string[];
  /** Times that each is written, by other random numbers. */
  readonly hands: number;
  readonly bias: number;
}

/** Of the networks that differ in nothing but their normalization, in turns. */
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
  const { handwritingLoss } = await import('../models/handwriting-loss.ts');
  const { asTensors } = await import('../trainer.ts');
  const model = await context.model(trial.name);
  const { network, encoding } = readHandwritingModel(model);
  const common = { subject: network.normalization, seed: trial.seed };
  const curves = model.metrics.flatMap((row) =>
    [
      { metric: trainingMetric, value: row.trainingLoss },
      { metric: validationMetric, value: row[validationMeasure] },
    ].flatMap(({ metric, value }) =>
      value === undefined ? [] : [{ ...common, metric, step: Number(row.update), value: Number(value), unit: nats }],
    ),
  );
  const { validation } = await readLines(trial.lines, context);
  const lines = drawLines(validation, trial.lines.validationLines, randomStream(0, 'validation lines'));
  const exchanged = lines.map((line, index) => ({ ...line, text: lines[(index + 1) % lines.length]!.text }));
  const minibatch = makeMinibatch(exchanged, trial.lines.sequenceLength);
  const loss = tf.tidy(
    () => handwritingLoss(asTensors(model.tensors), network, encoding.alphabet.length + 1, minibatch).dataSync()[0]!,
  );
  const step = Number(model.metadata.keptUpdate);
  return [
    ...curves,
    { ...common, metric: exchangedMetric, step, value: loss, unit: nats },
    { ...common, metric: perLineMetric, step: 0, value: minibatch.points / lines.length, unit: 'points' },
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
  const { asTensors } = await import('../trainer.ts');
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

/** Loss, gradients and Adam on the same minibatches, the networks in turns, so that what else the machine does falls on all. */
async function timeUpdates(
  timed: readonly HandwritingTrial[],
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const tf = await import('@tensorflow/tfjs-core');
  await import('../../numerics/register-gradients.ts');
  const { handwritingLoss } = await import('../models/handwriting-loss.ts');
  const { asTensors } = await import('../trainer.ts');
  const { initAdam, updateAdam } = await import('../adam.ts');
  const [first] = timed;
  const lines = await readLines(first!.lines, context);
  const runs = [];
  for (const trial of timed) {
    const model = await context.model(trial.name);
    runs.push({ trial, tensors: model.tensors, adam: initAdam(model.tensors), ...readHandwritingModel(model) });
  }
  const rows: Measurement[] = [];
  for (let round = 0; round <= timedRounds; round++) {
    for (const { trial, tensors, network, encoding, adam } of runs) {
      const minibatch = drawMinibatch(lines, trial.lines, trial.seed, round);
      const names = Object.keys(tensors);
      const start = performance.now();
      const gradients = tf.tidy(() => {
        const loss = (...values: readonly unknown[]) =>
          handwritingLoss(
            Object.fromEntries(names.map((name, index) => [name, values[index] as never])),
            network,
            encoding.alphabet.length + 1,
            minibatch,
          );
        const { grads } = tf.valueAndGrads(loss)(Object.values(asTensors(tensors)));
        return grads.map((gradient) => gradient.dataSync() as Float32Array);
      });
      const byName = (arrays: readonly Float32Array[]) =>
        Object.fromEntries(names.map((name, index) => [name, arrays[index]!]));
      updateAdam(byName(names.map((name) => tensors[name]!.data.slice() as Float32Array)), byName(gradients), adam, {
        learningRate: trial.learningRate,
      });
      const value = (performance.now() - start) / 1000;
      // The first round is for the engine to warm up. A seed is a round here: rounds are what the spread is over.
      if (round > 0) {
        rows.push({
          metric: secondsMetric,
          subject: network.normalization,
          step: 0,
          seed: round - 1,
          value,
          unit: 's',
        });
      }
      await context.breathe();
    }
  }
  return rows;
}
