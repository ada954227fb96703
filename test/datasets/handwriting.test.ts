import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DatasetCorrupt, DatasetMissing } from '../../lib/datasets/errors.ts';
import { parseLineStrokes, parseTranscription } from '../../lib/datasets/iam-ondb.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { parseDrawing } from '../../lib/datasets/omniglot.ts';
import { offsetsOf, readPenLines } from '../../lib/datasets/pen-lines.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { simplifyStroke } from '../../lib/datasets/simplify-stroke.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

async function writeFolder(files: Files): Promise<string> {
  const folder = await newTemporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

async function importFolder(files: Files) {
  return importExisting(await writeFolder(files));
}

async function importExisting(datasetFolder: string) {
  const store = new MemoryObjectStore();
  try {
    const { version } = await importDataset({ name: 'handwriting', store, source: { datasetFolder } });
    return await openDataset(store, 'handwriting', version);
  } catch (error) {
    // Nothing half-written.
    for await (const { key } of store.list('')) expect.fail(`${key} was left behind`);
    throw error;
  }
}

const session = (strokes: string) =>
  `<?xml version="1.0" encoding="ISO-8859-1"?>
<WhiteboardCaptureSession>
<WhiteboardDescription><SensorLocation corner="top_left"/></WhiteboardDescription>
<StrokeSet>
${strokes}
</StrokeSet>
</WhiteboardCaptureSession>
`;
const stroke = (...points: readonly string[]) => `<Stroke colour="black">\n${points.join('\n')}\n</Stroke>`;
const point = (x: number | string, y: number | string) => `<Point x="${x}" y="${y}" time="1.5"/>`;
const dotAndLine = session(`${stroke(point(10, 20))}\n${stroke(point(13, 24), point(15, 24))}`);

const iamFiles = {
  'lineStrokes/a01/a01-000/a01-000u-01.xml': dotAndLine,
  'lineStrokes/a01/a01-000/a01-000u-02.xml': dotAndLine,
  'lineStrokes/b02/b02-013/b02-013z-01.xml': session(stroke(point(1, 1), point(2, 5))),
  'ascii/a01/a01-000/a01-000u.txt': 'OCR:\n\nread by a machine\n\nCSR:\n\nA MOVE to stop\r\nGaitskell\n',
  // Latin-1, as some of the owners' files are.
  'ascii/b02/b02-013/b02-013z.txt': Buffer.from('CSR:\n\ncafé\n', 'latin1'),
};

describe('IAM-OnDB', () => {
  test('gives offsets with y upwards, ends of strokes, and the text after CSR by line', async () => {
    const reader = await importFolder(iamFiles);
    expect(reader.manifest.origin).toBe('paper (re-encoded)');
    const { source, lines } = await readPenLines(reader);
    expect(source).toBe('iam-ondb');
    expect(lines.map(({ text, group }) => [text, group])).toEqual([
      ['A MOVE to stop', 'a01-000'],
      ['Gaitskell', 'a01-000'],
      ['café', 'b02-013'],
    ]);
    expect([...lines[0]!.offsets]).toEqual([3, -4, 0, 2, 0, 1]);
    expect([...lines[2]!.offsets]).toEqual([1, -4, 1]);
  });

  test('leaves out single lines without a text and says how many, but refuses many', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`lineStrokes/c/c-${index}/c-${index}u-01.xml`, dotAndLine]),
    );
    const texts = Object.fromEntries(
      Array.from({ length: 39 }, (_, index) => [`ascii/c/c-${index}/c-${index}u.txt`, 'CSR:\n\nword\n']),
    );
    const reader = await importFolder({ ...many, ...texts });
    expect(reader.manifest.description).toContain('1 lines without a text left out; 39 lines');
    const { 'ascii/a01/a01-000/a01-000u.txt': _, ...without } = iamFiles;
    await expect(importFolder(without)).rejects.toThrow(/2 of 3 lines in lineStrokes have no text/);
  });

  test.each([
    [
      'a coordinate that is no number',
      session(stroke(point(1, 2), point('NaN', 3))),
      /line 7: a point needs finite.*NaN/,
    ],
    [
      'a coordinate that is missing',
      session(stroke('<Point x="3" time="1"/>')),
      /line 6: a point needs finite numbers x and y/,
    ],
    ['an infinite coordinate', session(stroke(point(1, 2), point('1e999', 3))), /line 7: a point needs finite/],
    ['one point', session(stroke(point(1, 2))), /at least two points, this one has 1/],
    ['no points', session(''), /at least two points, this one has 0/],
    ['a point outside of strokes', session(point(1, 2)), /line 5: a point stands outside of any stroke/],
    [
      'a stroke in a stroke',
      session(stroke('<Stroke>', point(1, 2))),
      /line 6: <Stroke> stands where a stroke is open/,
    ],
    ['a file that was cut off', dotAndLine.slice(0, -30), /was cut off/],
    ['another kind of XML', '<html></html>', /is no capture session/],
    [
      'a document type',
      `<!DOCTYPE x [<!ENTITY a "b">]>${dotAndLine}`,
      /line 1: a file of strokes declares no document type/,
    ],
    [
      'more points than anybody writes',
      session(stroke(...Array.from({ length: 50_001 }, () => point(1, 2)))),
      /line 50006: a line has at most 50000 points/,
    ],
  ])('refuses a line with %s, and names where', async (_, xml, message) => {
    const path = 'lineStrokes/a01/a01-000/a01-000u-02.xml';
    const whole = importFolder({ ...iamFiles, [path]: xml });
    await expect(whole).rejects.toThrow(DatasetCorrupt);
    await expect(whole).rejects.toThrow(message);
    await expect(whole).rejects.toThrow('a01-000u-02.xml');
  });

  test('refuses files that are larger than a line can be, or named like nothing of the owners', async () => {
    const path = 'lineStrokes/a01/a01-000/a01-000u-02.xml';
    await expect(importFolder({ ...iamFiles, [path]: Buffer.alloc(8_000_001, 32) })).rejects.toThrow(
      /more than 8000000 bytes/,
    );
    await expect(importFolder({ ...iamFiles, 'lineStrokes/line.xml': dotAndLine })).rejects.toThrow(
      /named after their form and number/,
    );
    await expect(importFolder({ 'lineStrokes/readme.txt': '' })).rejects.toThrow(DatasetMissing);
  });

  test('does not follow a link that leads out of the folder', async () => {
    const folder = await writeFolder(iamFiles);
    const outside = await writeFolder({ 'z-01.xml': 'not strokes' });
    await symlink(outside, join(folder, 'lineStrokes/elsewhere'));
    await symlink(join(outside, 'z-01.xml'), join(folder, 'lineStrokes/z-01.xml'));
    const { lines } = await readPenLines(await importExisting(folder));
    expect(lines).toHaveLength(3);
  });

  test('a transcription without CSR is refused, and empty lines keep their place', () => {
    expect(() => parseTranscription('OCR:\nx\n', 'a.txt')).toThrow(/a\.txt: .*'CSR:'/);
    expect(parseTranscription('\uFEFFCSR:\n\none\n\nthree', 'a.txt')).toEqual(['one', '', 'three']);
    expect(parseTranscription('CSR:\none', 'a.txt')).toEqual(['one']);
  });

  test('a comment is no point', () => {
    const xml = session(`<!-- note -->\n${stroke(point(1, 2), point(2, 3))}`);
    expect(parseLineStrokes(xml, 'a.xml')).toEqual([
      [
        { x: 1, y: -2 },
        { x: 2, y: -3 },
      ],
    ]);
  });
});

describe('Omniglot', () => {
  const drawing = 'START\n0,0,0\n10,-20,50\nBREAK\n5.5,-3,80\nBREAK\n';
  const letters = (text = drawing) =>
    Object.fromEntries(
      Array.from({ length: 26 }, (_, index) => String(index + 1).padStart(2, '0')).flatMap((character) =>
        ['01', '02'].map((drawer) => [
          `strokes_background_small1/Latin/character${character}/00${character}_${drawer}.txt`,
          drawer === '02' && character === '26' ? text : drawing,
        ]),
      ),
    );

  test('its Latin letters become lines of words, each of one drawer', async () => {
    const reader = await importFolder(letters());
    expect(reader.manifest.origin).toBe('stand-in');
    const { source, lines } = await readPenLines(reader);
    expect(source).toBe('omniglot');
    expect(new Set(lines.map(({ group }) => group))).toEqual(new Set(['01', '02']));
    expect(new Set(lines.map(({ text }) => text).join('')).size).toBe(27);
    for (const { text, offsets } of lines) {
      expect(text).toMatch(/^[a-z]{4,7}( [a-z]{4,7}){3,6}$/);
      const count = text.replaceAll(' ', '').length;
      // Three points and two strokes a letter; the first point of all has no offset.
      expect(offsets.length / 3).toBe(3 * count - 1);
      const ends = offsets.filter((_, index) => index % 3 === 2);
      expect(ends.reduce((sum, end) => sum + end, 0)).toBe(2 * count);
      expect(ends.at(-1)).toBe(1);
    }
    // A letter is some ten wide and twenty high; it is never drawn in quite the same way again.
    const [first, second] = [lines[0]!.offsets, lines[1]!.offsets];
    for (const [dx, dy] of [first, second]) {
      expect(Math.abs(dx! - 10)).toBeLessThan(8);
      expect(Math.abs(dy! + 20)).toBeLessThan(6);
    }
    expect(first[1]).not.toBeCloseTo(second[1]!, 2);
  });

  test('the same folder gives the same bytes', async () => {
    const versions = [await importFolder(letters()), await importFolder(letters())].map(
      ({ manifest }) => manifest.version,
    );
    expect(versions[0]).toBe(versions[1]);
  });

  test.each([
    ['NaN', 'START\n0,0,0\nNaN,1,2\nBREAK', /line 3: a point is three finite numbers/],
    ['two numbers a point', 'START\n0,0\nBREAK', /line 2: a point is three finite numbers/],
    ['an empty number', 'START\n0,,1\nBREAK', /line 2: a point is three finite numbers/],
    ['no START', '0,0,0\n1,1,1\nBREAK', /line 1: a drawing begins with START/],
    ['an end without BREAK', 'START\n0,0,0\n1,1,1\n', /was cut off/],
    ['one point', 'START\n0,0,0\nBREAK\n', /at least two points, this one has 1/],
    ['nothing', '', /at least two points|begins with START/],
    ['a NUL byte', 'START\n0,0,0\u0000\n1,1,1\nBREAK', /line 2/],
  ])('refuses a drawing with %s, and names where', async (_, text, message) => {
    const whole = importFolder(letters(text));
    await expect(whole).rejects.toThrow(message);
    await expect(whole).rejects.toThrow('0026_02.txt');
  });

  test('empty lines and carriage returns are no points', () => {
    expect(parseDrawing('START\r\n\r\n0,0,0\r\n1,2,3\r\nBREAK\r\n', 'a')).toEqual([
      [
        { x: 0, y: 0 },
        { x: 1, y: 2 },
      ],
    ]);
  });

  test('a folder without all letters is refused by name', async () => {
    await expect(importFolder({ 'strokes_background_small1/Greek/character01/0001_01.txt': drawing })).rejects.toThrow(
      /Latin is there/,
    );
  });
});

test('a folder of anything else is refused with what it should hold', async () => {
  await expect(importFolder({ 'readme.txt': '' })).rejects.toThrow(/lineStrokes and ascii .*strokes_background_small1/);
});

test('single-stroke fonts: a glyph that is missing or no open path is refused', async () => {
  const glyph = (letter: string, path = 'M 0 0 L 10 20 M 5 5 L 6 6') =>
    `<glyph unicode="${letter}" horiz-adv-x="12" d="${path}" />`;
  const names =
    'EMSAllure EMSElfin EMSFelix EMSNixish EMSNixishItalic EMSOsmotron EMSReadability EMSReadabilityItalic EMSTech HersheySans1 HersheyScript1';
  const fonts = (last: string) =>
    Object.fromEntries(
      names
        .split(' ')
        .map((name) => [
          `${name}.svg`,
          [...'abcdefghijklmnopqrstuvwxy'].map((letter) => glyph(letter)).join('\n') + last,
        ]),
    );
  const { source, lines } = await readPenLines(await importFolder(fonts(glyph('z'))));
  expect(source).toBe('font');
  expect(new Set(lines.map(({ group }) => group)).size).toBe(44);
  expect(lines[0]!.offsets.length / 3).toBe(4 * lines[0]!.text.replaceAll(' ', '').length - 1);
  await expect(importFolder(fonts(''))).rejects.toThrow(/EMSAllure\.svg: it has no glyphs for z/);
  await expect(importFolder(fonts(glyph('z', 'M 0 0 C 1 2 3 4 5 6')))).rejects.toThrow(
    /glyph z: its path .* 'C 1 2 3 4 5 6'/,
  );
  await expect(importFolder(fonts(glyph('z', 'L 0 0')))).rejects.toThrow(/glyph z/);
});

test('what is made in code for smoke runs says that it stands in', async () => {
  const store = new MemoryObjectStore();
  const source = { dataFolder: await newTemporaryFolder() };
  expect((await importDataset({ name: 'handwriting', store, source, mayBeMade: true })).origin).toBe('stand-in');
});

describe('offsets', () => {
  test('add up to the drawing, gaps between strokes included', () => {
    const strokes = [
      [{ x: 5, y: 5 }],
      [
        { x: 7, y: 4 },
        { x: 9, y: 9 },
      ],
    ];
    expect([...offsetsOf(strokes, 'a')]).toEqual([2, -1, 0, 2, 5, 1]);
  });

  test('need two finite points', () => {
    expect(() => offsetsOf([[{ x: 1, y: 1 }], []], 'line 7')).toThrow(/line 7: .*at least two points.* it has 1/);
    expect(() =>
      offsetsOf(
        [
          [
            { x: 1, y: 1 },
            { x: 1, y: Number.NaN },
          ],
        ],
        'line 7',
      ),
    ).toThrow(/line 7, record 1: .*finite/);
  });
});

describe('simplifying a stroke', () => {
  test('keeps corners and ends, and drops what lies within the tolerance of a chord', () => {
    const stroke = [
      { x: 0, y: 0 },
      { x: 5, y: 0.5 },
      { x: 10, y: 0 },
      { x: 10, y: 10 },
    ];
    expect(simplifyStroke(stroke, 1)).toEqual([stroke[0], stroke[2], stroke[3]]);
    expect(simplifyStroke(stroke, 0.1)).toEqual(stroke);
  });

  test('keeps a loop, whose ends are one point', () => {
    const loop = Array.from({ length: 13 }, (_, index) => ({
      x: Math.cos((index * Math.PI) / 6),
      y: Math.sin((index * Math.PI) / 6),
    }));
    expect(simplifyStroke(loop, 0.2).length).toBeGreaterThan(4);
  });
});
