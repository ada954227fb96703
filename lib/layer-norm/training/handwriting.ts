/** Training of the handwriting synthesis network (§6.5), plain and layer-normalised. */
import { readPenLines } from '../../datasets/pen-lines.ts';
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext, TrainedModel, TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import { InvalidModel } from '../../training/errors.ts';
import {
  drawLines,
  type EncodedLine,
  encodeLines,
  type HandwritingLines,
  type LineEncoding,
  type Minibatch,
  makeMinibatch,
} from '../models/handwriting-data.ts';
import type { HandwritingSettings } from '../models/handwriting-network.ts';

export interface HandwritingTrial extends BaseTrial {
  readonly network: HandwritingSettings;
  readonly lines: LineSettings;
  readonly updates: number;
  readonly learningRate: number;
  readonly validationEveryUpdates: number;
  readonly seed: number;
}

export interface LineSettings {
  /** With the class of all characters that have none of their own; the paper: 57. */
  readonly alphabetSize: number;
  /** Points that a line is cut off after. */
  readonly sequenceLength: number;
  readonly batchSize: number;
  /** Of those held out, to measure the likelihood on. */
  readonly validationLines: number;
}

/** Measures of the learning curve, nats. */
export const validationMeasure = 'validationNegativeLogLikelihood';

const kind = 'handwriting';

export async function train(trial: HandwritingTrial, context: TrainingContext): Promise<void> {
  const { network, lines: settings, updates, learningRate, validationEveryUpdates, seed } = trial;
  const lines = await readLines(settings, context);
  const { encoding } = lines;
  const alphabetSize = encoding.alphabet.length + 1;
  await context.startTensorFlow();
  const { initializeHandwriting } = await import('../models/handwriting-network.ts');
  const { handwritingLoss, measureLoss } = await import('../models/handwriting-loss.ts');
  const { trainModel } = await import('../../training/trainer.ts');
  const heldOut = drawValidationLines(lines, settings);
  await trainModel(
    {
      parameters: initializeHandwriting(
        randomStream(seed, 'parameters'),
        network,
        alphabetSize,
        encoding.charactersPerPoint,
      ),
      updates,
      adam: { learningRate },
      loss: (parameters, update) =>
        handwritingLoss(parameters, network, alphabetSize, drawMinibatch(lines, settings, seed, update)),
      validation: {
        everyUpdates: validationEveryUpdates,
        measure: (parameters) => ({
          [validationMeasure]: measureLoss(parameters, network, alphabetSize, heldOut, settings.sequenceLength),
        }),
        best: { measure: validationMeasure, isBetter: 'lower' },
      },
      metadata: { kind, network: JSON.stringify(network), encoding: JSON.stringify(encoding) },
    },
    context,
  );
}

/** Minibatch number `update` of a training, the same for the plain and the normalised network. */
export function drawMinibatch(
  { training }: Pick<HandwritingLines, 'training'>,
  { batchSize, sequenceLength }: LineSettings,
  seed: number,
  update: number,
): Minibatch {
  return makeMinibatch(drawLines(training, batchSize, randomStream(seed, 'minibatch', update)), sequenceLength);
}

/** The held-out lines that every trial is measured on. */
export function drawValidationLines(
  { validation }: Pick<HandwritingLines, 'validation'>,
  { validationLines }: LineSettings,
): readonly EncodedLine[] {
  return drawLines(validation, validationLines, randomStream(0, 'validation lines'));
}

export async function readLines(
  { alphabetSize }: LineSettings,
  context: Pick<TrainingContext | EvaluationContext, 'dataset'>,
): Promise<HandwritingLines> {
  const { source, lines } = await readPenLines(await context.dataset('handwriting'));
  return encodeLines(source, lines, alphabetSize);
}

/** What `train` wrote beside the tensors. Throws InvalidModel. */
export function readHandwritingModel({ metadata }: TrainedModel): {
  readonly network: HandwritingSettings;
  readonly encoding: LineEncoding;
} {
  if (metadata.kind !== kind || !metadata.network || !metadata.encoding) {
    throw new InvalidModel(`its kind is '${metadata.kind}', where '${kind}' is needed`);
  }
  return { network: JSON.parse(metadata.network), encoding: JSON.parse(metadata.encoding) };
}
