/**
 * IAM-OnDB (Liwicki and Bunke 2005): 12,179 lines that 221 people wrote on a whiteboard, as its owners unpack them.
 * `lineStrokes/a01/a01-000/a01-000u-01.xml` has the strokes of a line, `ascii/a01/a01-000/a01-000u.txt` the lines of its
 * form, after a line `CSR:`.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import type { DrawnLine, PenPoint } from './pen-lines.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';

const dataset = 'handwriting';

/** A line's file has some 100 kB and 700 points; these bounds keep a file that claims more from filling the memory. */
const mostBytes = 8_000_000;
const mostPoints = 50_000;
const mostLines = 100_000;
/** Of the lines, may lack their text: the owners' files do in a few places. */
const mostWithoutText = 0.05;

export async function isIamOnDb(folder: string): Promise<boolean> {
  return (await kindOfPath(dataset, join(folder, 'lineStrokes'))) === 'folder';
}

/**
 * Every line with its text, in the order of their paths, and how many had none and were left out. Links to folders are
 * not followed. Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt.
 */
export async function readIamOnDb(
  folder: string,
): Promise<{ readonly lines: readonly DrawnLine[]; readonly withoutText: number }> {
  const paths = (await readdir(join(folder, 'lineStrokes'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.xml'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  if (paths.length === 0) throw new DatasetMissing(dataset, `${folder}/lineStrokes has no .xml files`);
  if (paths.length > mostLines) {
    throw new DatasetCorrupt(join(folder, 'lineStrokes'), `it has ${paths.length} lines, more than ${mostLines}`);
  }
  const transcriptions = new Map<string, readonly string[] | undefined>();
  const lines: DrawnLine[] = [];
  for (const path of paths) {
    const name = /^(.+)-(\d{1,3})\.xml$/.exec(basename(path));
    if (!name) {
      throw new DatasetCorrupt(
        path,
        'the strokes of a line are named after their form and number, as in a01-000u-01.xml',
      );
    }
    const transcription = join(dirname(path).replace(/^lineStrokes/, 'ascii'), `${name[1]}.txt`);
    if (!transcriptions.has(transcription)) {
      transcriptions.set(transcription, await readTranscription(folder, transcription));
    }
    const text = transcriptions.get(transcription)?.[Number(name[2]) - 1]?.trim();
    const source = await findSourceFile(dataset, folder, [path]);
    const strokes = parseLineStrokes(
      Buffer.from(await readSourceFile(source, mostBytes)).toString('utf8'),
      source.path,
    );
    // Forms with the same number have the same text, in several hands.
    if (text) lines.push({ text, group: basename(dirname(path)), strokes });
  }
  const withoutText = paths.length - lines.length;
  if (withoutText > mostWithoutText * paths.length) {
    throw new DatasetCorrupt(
      join(folder, 'ascii'),
      `${withoutText} of ${paths.length} lines in lineStrokes have no text after 'CSR:' in the file of their form`,
    );
  }
  return { lines, withoutText };
}

/** The lines after `CSR:` and the empty line that follows it, by position; undefined where there is no such file. */
async function readTranscription(folder: string, path: string): Promise<readonly string[] | undefined> {
  if ((await kindOfPath(dataset, join(folder, path))) === undefined) return undefined;
  const source = await findSourceFile(dataset, folder, [path]);
  return parseTranscription(decodeText(await readSourceFile(source, mostBytes)), source.path);
}

/** Throws DatasetCorrupt where there is no line `CSR:`. */
export function parseTranscription(text: string, file: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const start = lines.findIndex((line) => line.trim() === 'CSR:');
  if (start < 0) throw new DatasetCorrupt(file, "the text of a form follows a line 'CSR:', and there is none");
  const rest = lines.slice(start + 1);
  return rest[0]?.trim() === '' ? rest.slice(1) : rest;
}

/** UTF-8 where it is that, else Latin-1, which every byte is. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/**
 * The strokes of one line, y turned upwards. Of XML, only what this format uses: no entities, no document type, no
 * nesting but `<StrokeSet><Stroke><Point x="" y="" time=""/>`. Throws DatasetCorrupt naming the line of the file.
 */
export function parseLineStrokes(xml: string, file: string): readonly (readonly PenPoint[])[] {
  const problem = (at: number, what: string) =>
    new DatasetCorrupt(file, `line ${xml.slice(0, at).split('\n').length}: ${what}`);
  const declared = xml.search(/<!(DOCTYPE|ENTITY)/i);
  if (declared >= 0) throw problem(declared, 'a file of strokes declares no document type and no entities');
  const strokes: PenPoint[][] = [];
  let points = 0;
  let isOpen = false;
  for (const { 0: tag, 1: isEnd, 2: name, 3: attributes, index } of xml.matchAll(/<(\/?)(Stroke|Point)\b([^<>]*)>/g)) {
    if (name === 'Stroke') {
      if (isOpen === !isEnd) throw problem(index, `${tag} stands where a stroke is ${isOpen ? 'open' : 'not open'}`);
      isOpen = !isEnd && !attributes!.endsWith('/');
      if (isOpen) strokes.push([]);
    } else if (!isEnd) {
      if (!isOpen) throw problem(index, 'a point stands outside of any stroke');
      if (++points > mostPoints) throw problem(index, `a line has at most ${mostPoints} points`);
      const [x, y] = (['x', 'y'] as const).map((axis) => readCoordinate(attributes!, axis));
      if (x === undefined || y === undefined) throw problem(index, `a point needs finite numbers x and y: ${tag}`);
      strokes.at(-1)!.push({ x, y: -y });
    }
  }
  if (isOpen || !/<\/WhiteboardCaptureSession>\s*$/.test(xml)) {
    throw problem(xml.length, 'the file was cut off, or is no capture session of a whiteboard');
  }
  if (points < 2) throw problem(xml.length, `a line needs at least two points, this one has ${points}`);
  return strokes.filter(({ length }) => length > 0);
}

const coordinates = {
  x: /\bx\s*=\s*["']([^"']+)["']/,
  y: /\by\s*=\s*["']([^"']+)["']/,
} as const;

function readCoordinate(attributes: string, axis: keyof typeof coordinates): number | undefined {
  const text = coordinates[axis].exec(attributes)?.[1];
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) && Math.abs(value) < 1e6 ? value : undefined;
}
