/**
 * Lines written with single-stroke fonts (npm `hersheytext`: Hershey's engraving fonts, public domain, and Michaels's EMS
 * fonts, SIL Open Font License), which plotters follow as a pen does: a stand-in for people's handwriting.
 */
import { join } from 'node:path';
import { randomStream } from '../../numerics/random.ts';
import { DatasetCorrupt } from '../errors.ts';
import type { DrawnLine, PenPoint } from '../pen-lines.ts';
import { simplifyStroke } from '../simplify-stroke.ts';
import { findSourceFile, kindOfPath, readSourceFile } from '../source-files.ts';
import { joinLetters, type LetterShape, randomLine, readableLetters, space } from '../written-words.ts';

const dataset = 'handwriting';
/** Those of the package that look like a hand rather than like print. */
const fonts = [
  'EMSAllure',
  'EMSElfin',
  'EMSFelix',
  'EMSNixish',
  'EMSNixishItalic',
  'EMSOsmotron',
  'EMSReadability',
  'EMSReadabilityItalic',
  'EMSTech',
  'HersheySans1',
  'HersheyScript1',
] as const;

const mostBytes = 1_000_000;
const writersPerFont = 4;
const linesPerWriter = 30;
/** Shares of the height of an x. */
const tolerance = 0.03;
const unsteadiness = 0.025;
const wordGap = 0.8;

export async function isSingleStrokeFonts(folder: string): Promise<boolean> {
  return (await kindOfPath(dataset, join(folder, `${fonts[0]}.svg`))) === 'file';
}

/**
 * Lines by 44 made-up writers: each writes with one font, at a slant and a width of their own, and with an unsteady hand.
 * The height of an x is 1. Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt.
 */
export async function readFontLines(folder: string): Promise<readonly DrawnLine[]> {
  const lines: DrawnLine[] = [];
  for (const font of fonts) {
    const source = await findSourceFile(dataset, folder, [`${font}.svg`]);
    const letters = parseFont(Buffer.from(await readSourceFile(source, mostBytes)).toString('utf8'), source.path);
    for (let writer = 0; writer < writersPerFont; writer++) lines.push(...writeLines(letters, `${font}/${writer}`));
  }
  return lines;
}

function writeLines(letters: ReadonlyMap<string, LetterShape>, writer: string): readonly DrawnLine[] {
  const hand = randomStream(0, 'hand', writer);
  const slant = 0.2 * (hand.uniform() - 0.5);
  const width = 0.85 + 0.3 * hand.uniform();
  return Array.from({ length: linesPerWriter }, (_, index) => {
    const random = randomStream(0, 'line', writer, index);
    const text = randomLine([...letters.keys()], random);
    const strokes = joinLetters(
      [...text].map((letter) => letters.get(letter) ?? space(wordGap)),
      0,
    ).map((stroke) =>
      stroke.map(({ x, y }) => ({
        x: width * x + slant * y + unsteadiness * random.normal(),
        y: y + unsteadiness * random.normal(),
      })),
    );
    return { text, group: writer, strokes };
  });
}

/** The 26 letters of an SVG font whose glyphs are open paths. Throws DatasetCorrupt. */
export function parseFont(svg: string, file: string): ReadonlyMap<string, LetterShape> {
  const glyphs = new Map<string, LetterShape>();
  for (const [, attributes] of svg.matchAll(/<glyph\b([^<>]*)>/g)) {
    const read = (name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(attributes!)?.[1];
    const letter = read('unicode') ?? '';
    if (!readableLetters.includes(letter) || letter.length !== 1) continue;
    const advance = Number(read('horiz-adv-x'));
    const strokes = parsePath(read('d') ?? '', `${file}, glyph ${letter}`);
    if (!(advance > 0)) throw new DatasetCorrupt(file, `glyph ${letter} must have a width, horiz-adv-x`);
    glyphs.set(letter, { strokes, advance });
  }
  const missing = [...readableLetters].filter((letter) => !glyphs.has(letter));
  if (missing.length > 0) throw new DatasetCorrupt(file, `it has no glyphs for ${missing.join(' ')}`);
  const xHeight = Math.max(
    ...glyphs
      .get('x')!
      .strokes.flat()
      .map(({ y }) => y),
  );
  return new Map(
    [...readableLetters].map((letter) => {
      const { strokes, advance } = glyphs.get(letter)!;
      const scaled = strokes.map((stroke) =>
        simplifyStroke(
          stroke.map(({ x, y }) => ({ x: x / xHeight, y: y / xHeight })),
          tolerance,
        ),
      );
      return [letter, { strokes: scaled, advance: advance / xHeight }];
    }),
  );
}

/** `M x y L x y L …`: these fonts have no other commands. */
function parsePath(path: string, file: string): readonly (readonly PenPoint[])[] {
  const strokes: PenPoint[][] = [];
  for (const command of path.split(/(?=[A-Za-z])/)) {
    const [kind, ...numbers] = command.trim().split(/[\s,]+/);
    const [x, y] = numbers.map(Number);
    const isFirst = strokes.length === 0;
    if (!(kind === 'M' || (kind === 'L' && !isFirst)) || !Number.isFinite(x) || !Number.isFinite(y) || numbers[2]) {
      throw new DatasetCorrupt(file, `its path must be of 'M x y' and 'L x y', and has '${command.slice(0, 40)}'`);
    }
    if (kind === 'M') strokes.push([]);
    strokes.at(-1)!.push({ x: x!, y: y! });
  }
  return strokes;
}
