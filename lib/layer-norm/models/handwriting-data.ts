/** Lines of handwriting as minibatches: offsets standardised, texts as indices into an alphabet (Graves 2013, §4.2, §5). */
import type { PenLine, PenLineSource } from '../../datasets/pen-lines.ts';
import { type RandomStream, randomStream } from '../../numerics/random.ts';

/** What a trained model has to know of the lines it was trained on. */
export interface LineEncoding {
  readonly source: PenLineSource;
  /** Index 0 stands for every other character, index i for the i-th of these. */
  readonly alphabet: readonly string[];
  /** Of Δx and Δy over the training lines. */
  readonly mean: readonly [number, number];
  readonly deviation: readonly [number, number];
  readonly charactersPerPoint: number;
}

/** A line ready to be learned from. */
export interface EncodedLine {
  readonly text: readonly number[];
  /** [points, 3], Δx and Δy standardised. */
  readonly offsets: Float32Array;
}

export interface HandwritingLines {
  readonly encoding: LineEncoding;
  readonly training: readonly EncodedLine[];
  readonly validation: readonly EncodedLine[];
}

/** Every eighth writer or form, as the paper's 1,438 of 12,179 lines are about an eighth. */
const validationShare = 1 / 8;

/**
 * Divides lines by group, and encodes them by what the training lines are like. The same lines give the same division.
 *
 * @param alphabetSize with the class of all other characters; the most frequent characters get a class of their own
 */
export function encodeLines(source: PenLineSource, lines: readonly PenLine[], alphabetSize: number): HandwritingLines {
  const groups = [...new Set(lines.map(({ group }) => group))].sort();
  const count = Math.max(1, Math.round(validationShare * groups.length));
  const drawn = new Int32Array(count);
  randomStream(0, 'validation groups').fillSample(drawn, groups.length);
  const heldOut = new Set([...drawn].map((index) => groups[index]!));
  const training = lines.filter(({ group }) => !heldOut.has(group));
  const validation = lines.filter(({ group }) => heldOut.has(group));

  const points = training.reduce((sum, { offsets }) => sum + offsets.length / 3, 0);
  const characters = training.reduce((sum, { text }) => sum + [...text].length, 0);
  const [x, y] = [0, 1].map((axis) => momentsOf(training, axis)) as [Moments, Moments];
  const encoding: LineEncoding = {
    source,
    alphabet: frequentCharacters(training, alphabetSize - 1),
    mean: [x.mean, y.mean],
    deviation: [x.deviation, y.deviation],
    charactersPerPoint: characters / points,
  };
  const encode = ({ text, offsets }: PenLine): EncodedLine => ({
    text: encodeText(text, encoding),
    offsets: standardize(offsets, encoding),
  });
  return { encoding, training: training.map(encode), validation: validation.map(encode) };
}

export function encodeText(text: string, { alphabet }: Pick<LineEncoding, 'alphabet'>): readonly number[] {
  return [...text].map((character) => 1 + alphabet.indexOf(character));
}

/** (Δ − mean) / deviation; the end of a stroke stays 0 or 1. */
export function standardize(offsets: Float32Array, { mean, deviation }: Pick<LineEncoding, 'mean' | 'deviation'>) {
  return offsets.map((value, index) => {
    const axis = index % 3;
    return axis === 2 ? value : (value - mean[axis as 0 | 1]) / deviation[axis as 0 | 1];
  });
}

/** Mean and deviation again, to draw with. */
export function restoreOffset(
  { x, y }: { readonly x: number; readonly y: number },
  { mean, deviation }: Pick<LineEncoding, 'mean' | 'deviation'>,
): readonly [number, number] {
  return [mean[0] + deviation[0] * x, mean[1] + deviation[1] * y];
}

export interface Minibatch {
  readonly texts: readonly (readonly number[])[];
  /** Of the longest of its lines. */
  readonly length: number;
  /** [length, batch, 3]: the null vector, then all offsets but the last. */
  readonly inputs: Float32Array;
  /** [length, batch, 3]: what each input is followed by. */
  readonly targets: Float32Array;
  /** [length, batch]: 1 where there is a point, 0 where a line is over; as many ones as `points`. */
  readonly present: Float32Array;
  readonly points: number;
}

/** @param mostPoints longer lines are cut off there; their text is not */
export function makeMinibatch(lines: readonly EncodedLine[], mostPoints: number): Minibatch {
  const batch = lines.length;
  const lengths = lines.map(({ offsets }) => Math.min(mostPoints, offsets.length / 3));
  const length = Math.max(...lengths);
  const inputs = new Float32Array(length * batch * 3);
  const targets = new Float32Array(length * batch * 3);
  const present = new Float32Array(length * batch);
  for (const [row, { offsets }] of lines.entries()) {
    for (let point = 0; point < lengths[row]!; point++) {
      const offset = offsets.subarray(3 * point, 3 * point + 3);
      targets.set(offset, 3 * (point * batch + row));
      present[point * batch + row] = 1;
      if (point + 1 < length) inputs.set(offset, 3 * ((point + 1) * batch + row));
    }
  }
  const points = lengths.reduce((sum, own) => sum + own, 0);
  return { texts: lines.map(({ text }) => text), length, inputs, targets, present, points };
}

/** `count` different lines. */
export function drawLines(lines: readonly EncodedLine[], count: number, random: RandomStream): readonly EncodedLine[] {
  const drawn = new Int32Array(Math.min(count, lines.length));
  random.fillSample(drawn, lines.length);
  return [...drawn].map((index) => lines[index]!);
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function momentsOf(lines: readonly PenLine[], axis: number): Moments {
  const values = lines.flatMap(({ offsets }) => Array.from(offsets.filter((_, index) => index % 3 === axis)));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Lines that never move along an axis are nothing to scale.
  return { mean, deviation: Math.sqrt(square) || 1 };
}

function frequentCharacters(lines: readonly PenLine[], most: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { text } of lines) for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([character]) => character)
    .sort();
}
