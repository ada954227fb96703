/**
 * Handwriting for §6.5: the paper's IAM-OnDB where the user has it, else Omniglot's real pen strokes, else words in
 * single-stroke fonts, which come as an npm package. Which of them a folder is shows in its layout.
 */
import { DatasetMissing } from './errors.ts';
import { isIamOnDb, readIamOnDb } from './iam-ondb.ts';
import type { CheckedDataset, DatasetImporter } from './importer.ts';
import { isOmniglot, readOmniglotLines } from './omniglot.ts';
import { type DrawnLine, offsetsOf, type PenLineSource, packPenLines } from './pen-lines.ts';
import { isSingleStrokeFonts, readFontLines } from './stand-ins/single-stroke-fonts.ts';
import { makeZigzagLines } from './stand-ins/zigzag-lines.ts';

/** One group of lines to train on, one to validate on. */
const fewestGroups = 2;

export const handwritingImporter: DatasetImporter = {
  name: 'handwriting',
  ownerFolderNames: ['iam-ondb', 'IAM-OnDB', 'iamondb', 'omniglot', 'Omniglot', 'handwriting'],
  package: { name: 'hersheytext', folder: 'svg_fonts' },
  makeStandIn: () =>
    describe('made', 'Handwriting’s place holder: an invented script, made in code', makeZigzagLines()),

  async read(folder) {
    if (await isIamOnDb(folder)) {
      const { lines, withoutText } = await readIamOnDb(folder);
      const left = withoutText > 0 ? `; ${withoutText} lines without a text left out` : '';
      return describe('iam-ondb', `IAM-OnDB, lines that people wrote on a whiteboard${left}`, lines);
    }
    if (await isOmniglot(folder)) {
      return describe(
        'omniglot',
        'Omniglot’s Latin letters, drawn by people with a mouse, simplified, varied in size and slant, and joined into lines of random words, each of one drawer; in place of IAM-OnDB',
        await readOmniglotLines(folder),
      );
    }
    if (await isSingleStrokeFonts(folder)) {
      return describe(
        'font',
        'Random words in the single-stroke fonts of npm hersheytext by made-up writers, each with a slant, a width and an unsteady hand; in place of IAM-OnDB',
        await readFontLines(folder),
      );
    }
    throw new DatasetMissing(
      'handwriting',
      `${folder} has neither lineStrokes and ascii (IAM-OnDB), nor strokes_background_small1 (Omniglot), nor EMSAllure.svg (single-stroke fonts)`,
    );
  },
};

function describe(source: PenLineSource, what: string, drawn: readonly DrawnLine[]): CheckedDataset {
  const groups = new Set(drawn.map(({ group }) => group)).size;
  if (groups < fewestGroups) {
    throw new DatasetMissing(
      'handwriting',
      `it needs lines of at least ${fewestGroups} writers or forms, and has ${groups}`,
    );
  }
  const lines = drawn.map(({ text, group, strokes }, index) => ({
    text,
    group,
    offsets: offsetsOf(strokes, `handwriting, line ${index + 1} (${text})`),
  }));
  return {
    // IAM-OnDB's owners publish no checksums: their layout has to do.
    origin: source === 'iam-ondb' ? 'paper (re-encoded)' : 'stand-in',
    description: `${what}; ${lines.length} lines.`,
    files: [packPenLines(source, lines)],
  };
}
