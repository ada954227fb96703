/** Writing with a trained network (Graves 2013, §§5.4–5.5): one point after the other, drawn from what the last one predicts. */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { encodeText, type LineEncoding, restoreOffset } from './handwriting-data.ts';
import { type HandwritingSettings, startHandwriting, stateTensors, stepHandwriting } from './handwriting-network.ts';
import { sampleMixture } from './mixture-density.ts';

export interface WrittenPoint {
  /** In the units of the lines that the network learned from; y points up. The pen starts at (0, 0). */
  readonly x: number;
  readonly y: number;
  /** Points of one stroke are joined. */
  readonly stroke: number;
}

export interface WritingOptions {
  /** b of Eqs 61 and 62: 0 samples the density, more writes more neatly. */
  readonly bias: number;
  /** With the text's place among `texts`, what the hand is drawn from. */
  readonly seed: number;
}

/** Points until even a slow writer is done. */
const patience = 2.5;

/**
 * Writes each text. A line ends where the window is beyond its text: where φ(U + 1) > φ(u) for every character u.
 * Characters that no training line had are written as the class of all others.
 *
 * @returns for each text its points, and whether the window came to its end
 */
export async function writeTexts(
  parameters: TensorByName,
  settings: HandwritingSettings,
  encoding: LineEncoding,
  texts: readonly string[],
  { bias, seed }: WritingOptions,
  breathe: () => Promise<void>,
): Promise<readonly { readonly points: readonly WrittenPoint[]; readonly isFinished: boolean }[]> {
  const encoded = texts.map((text) => encodeText(text, encoding));
  const text = { texts: encoded, alphabetSize: encoding.alphabet.length + 1 };
  const random = texts.map((_, index) => randomStream(seed, 'writing', index));
  const hands = texts.map(() => ({ points: [{ x: 0, y: 0, stroke: 0 }], isFinished: false }));
  const longest = Math.max(...encoded.map(({ length }) => length));
  const mostPoints = Math.ceil((patience * longest) / encoding.charactersPerPoint);

  let state = startHandwriting(settings, texts.length, text.alphabetSize);
  let last = new Float32Array(3 * texts.length);
  try {
    for (let point = 0; point < mostPoints && hands.some(({ isFinished }) => !isFinished); point++) {
      const input = last;
      let step: ReturnType<typeof stepHandwriting> | undefined;
      tf.tidy(() => {
        step = stepHandwriting(parameters, settings, tf.tensor2d(input, [texts.length, 3]), state, text);
        return [step.outputs, ...stateTensors(step.state)];
      });
      const { outputs: predicted, weights, state: moved } = step!;
      tf.dispose(stateTensors(state));
      state = moved;
      const outputs = await predicted.data();
      predicted.dispose();
      const next = new Float32Array(last.length);
      for (const [row, hand] of hands.entries()) {
        if (hand.isFinished) continue;
        hand.isFinished = isBeyond(weights[row]!);
        if (hand.isFinished) continue;
        const { x, y, ended } = sampleMixture(rowOf(outputs, row, texts.length), bias, random[row]!);
        next.set([x, y, Number(ended)], 3 * row);
        const [dx, dy] = restoreOffset({ x, y }, encoding);
        const before = hand.points.at(-1)!;
        hand.points.push({ x: before.x + dx, y: before.y + dy, stroke: before.stroke + last[3 * row + 2]! });
      }
      last = next;
      await breathe();
    }
  } finally {
    // `breathe` may end it at any point.
    tf.dispose(stateTensors(state));
  }
  return hands;
}

function isBeyond(weights: Float64Array): boolean {
  const after = weights.at(-1)!;
  return weights.subarray(0, -1).every((weight) => weight < after);
}

function rowOf(values: ArrayLike<number>, row: number, rows: number): number[] {
  const width = values.length / rows;
  return Array.from({ length: width }, (_, column) => values[row * width + column]!);
}
