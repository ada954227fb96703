/** Lines of handwriting as a network reads them: pen offsets with an end-of-stroke flag, and the text that was written. */
import { decodeSafetensors, encodeSafetensors } from '../numerics/safetensors.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedFile, checkedFile } from './importer.ts';

/** The y axis points up. */
export interface PenPoint {
  readonly x: number;
  readonly y: number;
}

/** What an importer reads: strokes of absolute points, the pen on the paper within each. */
export interface DrawnLine {
  readonly text: string;
  /** Lines of one group (a writer, a form) are never divided between training and validation. */
  readonly group: string;
  readonly strokes: readonly (readonly PenPoint[])[];
}

export interface PenLine extends Pick<DrawnLine, 'text' | 'group'> {
  /** [points, 3]: (Δx, Δy, 1 where the pen leaves the paper after this point), in the owner's units. */
  readonly offsets: Float32Array;
}

/** Where the hands come from; only the paper's own and other people's let a claim be judged. */
export const penLineSources = ['iam-ondb', 'omniglot', 'font', 'made'] as const;
export type PenLineSource = (typeof penLineSources)[number];

const packedFile = 'pen-lines.safetensors';

/**
 * x₁ … x_T of Graves (2013) §4: the offset to each point from the one before, over the gaps between strokes too. A line
 * of n points has n − 1 offsets. Throws DatasetCorrupt naming `file` where there are fewer than two points, or one is not finite.
 */
export function offsetsOf(strokes: DrawnLine['strokes'], file: string): Float32Array {
  const points = strokes.flatMap((stroke) =>
    stroke.map((point, index) => ({ ...point, end: index === stroke.length - 1 ? 1 : 0 })),
  );
  const bad = points.findIndex(({ x, y }) => !Number.isFinite(x) || !Number.isFinite(y));
  if (bad >= 0) {
    const { x, y } = points[bad]!;
    throw new DatasetCorrupt(file, `a point must have finite coordinates, this one has (${x}, ${y})`, { record: bad });
  }
  if (points.length < 2) {
    throw new DatasetCorrupt(file, `a line needs at least two points to have an offset, it has ${points.length}`);
  }
  const offsets = new Float32Array(3 * (points.length - 1));
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1]!, points[index]!];
    offsets.set([to.x - from.x, to.y - from.y, to.end], 3 * (index - 1));
  }
  return offsets;
}

/** The lines as the one file that the store keeps. */
export function packPenLines(source: PenLineSource, lines: readonly PenLine[]): CheckedFile {
  const texts = lines.map(({ text }) => new TextEncoder().encode(text));
  const groups = [...new Set(lines.map(({ group }) => group))];
  const tensors = {
    offsets: {
      shape: [lines.reduce((sum, { offsets }) => sum + offsets.length / 3, 0), 3],
      data: join(
        Float32Array,
        lines.map(({ offsets }) => offsets),
      ),
    },
    offsetEnds: vector(runningSum(lines.map(({ offsets }) => offsets.length / 3))),
    text: vector(join(Uint8Array, texts)),
    textEnds: vector(runningSum(texts.map(({ length }) => length))),
    group: vector(Int32Array.from(lines, ({ group }) => groups.indexOf(group))),
  };
  return checkedFile(packedFile, encodeSafetensors(tensors, { source, groups: JSON.stringify(groups) }));
}

/** What `packPenLines` packed. Throws DatasetCorrupt. */
export async function readPenLines(
  reader: DatasetReader,
): Promise<{ readonly source: PenLineSource; readonly lines: readonly PenLine[] }> {
  const { tensors, metadata } = decodeSafetensors(await reader.file(packedFile));
  const source = penLineSources.find((name) => name === metadata.source);
  const { offsets, offsetEnds, text, textEnds, group } = tensors;
  if (!source || !(offsets?.data instanceof Float32Array) || !(text?.data instanceof Uint8Array) || !group) {
    throw new DatasetCorrupt(packedFile, `it must hold lines of ${penLineSources.join(', ')}, and does not`);
  }
  const groups: readonly string[] = JSON.parse(metadata.groups ?? '[]');
  const [strokes, bytes] = [offsets.data, text.data];
  const decoder = new TextDecoder();
  const lines = Array.from(group.data, (own, index) => {
    const part = (ends: ArrayLike<number>, width: number) =>
      [width * (index === 0 ? 0 : ends[index - 1]!), width * ends[index]!] as const;
    return {
      text: decoder.decode(bytes.subarray(...part(textEnds!.data, 1))),
      group: groups[own]!,
      offsets: strokes.subarray(...part(offsetEnds!.data, 3)),
    };
  });
  return { source, lines };
}

function vector<T extends Int32Array | Uint8Array>(data: T) {
  return { shape: [data.length], data };
}

function runningSum(counts: readonly number[]): Int32Array {
  let sum = 0;
  return Int32Array.from(counts, (count) => {
    sum += count;
    return sum;
  });
}

function join<T extends Float32Array | Uint8Array>(type: new (length: number) => T, parts: readonly T[]): T {
  const whole = new type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
