/**
 * Omniglot (Lake, Salakhutdinov and Tenenbaum 2015): characters that people drew with a mouse, point by point, in its
 * owners' text files. `strokes_background_small1/Latin/character05/0686_12.txt` is character 5 of an alphabet by its
 * drawer 12: `START`, then lines `x,y,milliseconds`, and `BREAK` after each stroke.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type RandomStream, randomStream } from '../numerics/random.ts';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import type { DrawnLine, PenPoint } from './pen-lines.ts';
import { simplifyStroke } from './simplify-stroke.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';
import { joinLetters, type LetterShape, randomLine, readableLetters, space } from './written-words.ts';

const dataset = 'handwriting';
/** Prompts must be readable, so of all alphabets the Latin one. */
const alphabet = 'Latin';
const sets = ['strokes_background_small1', 'strokes_background_small2', 'strokes_background'] as const;

const mostBytes = 1_000_000;
const mostPoints = 20_000;
/** Drawings have 105 × 105 pixels and were taken at steps of 0.785. */
const pixelStep = 0.785;
const tolerance = 1.5;
const linesPerDrawer = 60;
const letterGap = 12;
const wordGap = 18;

export async function isOmniglot(folder: string): Promise<boolean> {
  for (const set of sets) if ((await kindOfPath(dataset, join(folder, set))) === 'folder') return true;
  return false;
}

/**
 * Lines of words, each joined from letters of one drawer, as long as a line of handwriting. There are twenty drawings of a letter: each time that one is used it gets a size, a slant and a turn of
 * its own, as no hand repeats itself. Its points move at random within their pixels, because a density over positions on a
 * grid has no bound. Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt.
 */
export async function readOmniglotLines(folder: string): Promise<readonly DrawnLine[]> {
  const drawers = await readDrawers(folder);
  return [...drawers].flatMap(([drawer, letters]) =>
    Array.from({ length: linesPerDrawer }, (_, index) => {
      const random = randomStream(0, 'line', drawer, index);
      const text = randomLine([...letters.keys()], random);
      const shapes = [...text].map((letter) =>
        letter === ' ' ? space(wordGap) : redraw(letters.get(letter)!, random),
      );
      return { text, group: drawer, strokes: joinLetters(shapes, letterGap) };
    }),
  );
}

function redraw(strokes: readonly (readonly PenPoint[])[], random: RandomStream): LetterShape {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const [width, height] = [between(0.88, 1.12), between(0.88, 1.12)];
  const [slant, turn] = [between(-0.15, 0.15), between(-0.08, 0.08)];
  const jitter = () => pixelStep * (random.uniform() - 0.5);
  const drawn = strokes.map((stroke) =>
    simplifyStroke(stroke, tolerance).map((point) => {
      const [x, y] = [point.x + jitter(), point.y + jitter()];
      return { x: width * (x + slant * y) - turn * y, y: height * y + turn * x };
    }),
  );
  const all = drawn.flat();
  const left = Math.min(...all.map(({ x }) => x));
  const right = Math.max(...all.map(({ x }) => x));
  return { strokes: drawn.map((stroke) => stroke.map(({ x, y }) => ({ x: x - left, y }))), advance: right - left };
}

type Letters = Map<string, readonly (readonly PenPoint[])[]>;

/** The letters of each drawer, in the order of their names. */
async function readDrawers(folder: string): Promise<ReadonlyMap<string, Letters>> {
  const drawers = new Map<string, Letters>();
  for (const set of sets) {
    const root = join(folder, set, alphabet);
    if ((await kindOfPath(dataset, root)) !== 'folder') continue;
    for (const [position, letter] of [...readableLetters].entries()) {
      const character = join(set, alphabet, `character${String(position + 1).padStart(2, '0')}`);
      if ((await kindOfPath(dataset, join(folder, character))) !== 'folder') {
        throw new DatasetMissing(
          dataset,
          `${join(folder, set)} has no ${alphabet}/character${position + 1} (${letter})`,
        );
      }
      for (const name of (await readdir(join(folder, character))).filter((file) => file.endsWith('.txt')).sort()) {
        const drawer = /_(\d+)\.txt$/.exec(name)?.[1];
        const source = await findSourceFile(dataset, folder, [join(character, name)]);
        if (!drawer) throw new DatasetCorrupt(source.path, 'a drawing is named NNNN_DRAWER.txt');
        const letters = drawers.get(drawer) ?? new Map<string, readonly (readonly PenPoint[])[]>();
        const text = Buffer.from(await readSourceFile(source, mostBytes)).toString('latin1');
        letters.set(letter, parseDrawing(text, source.path));
        drawers.set(drawer, letters);
      }
    }
    // The sets repeat this alphabet.
    return new Map([...drawers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  throw new DatasetMissing(dataset, `none of ${sets.map((set) => `${folder}/${set}/${alphabet}`).join(', ')} is there`);
}

/** The strokes of a drawing. Throws DatasetCorrupt naming the line of the file. */
export function parseDrawing(text: string, file: string): readonly (readonly PenPoint[])[] {
  const lines = text.split(/\r\n|\r|\n/);
  const strokes: PenPoint[][] = [];
  let stroke: PenPoint[] = [];
  let points = 0;
  for (const [index, line] of lines.entries()) {
    const problem = (what: string) => new DatasetCorrupt(file, `line ${index + 1}: ${what}`);
    if (line.trim() === '') continue;
    if (index === 0) {
      if (line.trim() !== 'START') throw problem(`a drawing begins with START, this one with '${line.slice(0, 40)}'`);
    } else if (line.trim() === 'BREAK') {
      if (stroke.length > 0) strokes.push(stroke);
      stroke = [];
    } else {
      const values = line.split(',').map((value) => Number(value.trim() || Number.NaN));
      if (values.length !== 3 || !values.every(Number.isFinite)) {
        throw problem(`a point is three finite numbers x,y,time, this one is '${line.slice(0, 40)}'`);
      }
      if (++points > mostPoints) throw problem(`a drawing has at most ${mostPoints} points`);
      stroke.push({ x: values[0]!, y: values[1]! });
    }
  }
  if (stroke.length > 0) throw new DatasetCorrupt(file, 'its last stroke has no BREAK: the file was cut off');
  if (points < 2) throw new DatasetCorrupt(file, `a drawing needs at least two points, this one has ${points}`);
  return strokes;
}
