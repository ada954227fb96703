/**
 * A stand-in for MS-COCO from npm packages: emoji as two artists drew them (`emoji-datasource`: Noto by Google, Apache
 * 2.0; Twemoji, CC BY 4.0), with captions built from their Unicode and CLDR names, their subgroup and their keywords
 * (`emojilib`, MIT). Real pictures and real English words; no sentences, and far fewer than COCO's.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { randomStream } from '../../numerics/random.ts';
import { type CaptionSplit, captionFile, captionSplits, captionsPerPicture, featureFile } from '../coco-captions.ts';
import { DatasetCorrupt, DatasetMissing } from '../errors.ts';
import { writeNpy } from '../npy.ts';
import { describedSide, describePicture, descriptorSize } from '../picture-descriptor.ts';
import { kindOfPath } from '../source-files.ts';

const emojiSchema = z.array(
  z.object({
    name: z.string(),
    unified: z.string().regex(/^[0-9A-F]{4,6}(-[0-9A-F]{4,6})*$/),
    short_name: z.string(),
    category: z.string(),
    subcategory: z.string(),
    sheet_x: z.number().int().nonnegative(),
    sheet_y: z.number().int().nonnegative(),
    has_img_google: z.boolean(),
    has_img_twitter: z.boolean(),
  }),
);
export type Emoji = z.infer<typeof emojiSchema>[number];
const keywordSchema = z.record(z.string(), z.array(z.string()));

/** Those whose pictures have a licence. */
const artists = ['google', 'twitter'] as const;
type Artist = (typeof artists)[number];

/** No picture of a flag says which country's it is, and the bare components are no pictures. */
const leftOut = new Set(['Flags', 'Component']);
/** Emoji, each drawn by one artist; all others are trained on, as both drew them. */
const heldOut = { test: 400, val: 150 } as const;
/** A cell of the sheet has a border of one pixel around the picture. */
const cellSide = describedSide + 2;

export async function isEmojiPackage(folder: string): Promise<boolean> {
  return (await kindOfPath('coco-captions', join(folder, 'emoji.json'))) === 'file';
}

/** The files of `coco-captions`, from the folder of the package `emoji-datasource`. Throws DatasetMissing, DatasetCorrupt. */
export async function makeCaptionedEmoji(
  folder: string,
): Promise<{ readonly description: string; readonly files: Readonly<Record<string, Uint8Array>> }> {
  const all = parseJson(emojiSchema, await readFile(join(folder, 'emoji.json'), 'utf8'), join(folder, 'emoji.json'));
  const emoji = all.filter(({ category, has_img_google: google, has_img_twitter: twitter }) => {
    return google && twitter && !leftOut.has(category);
  });
  const keywords = await readKeywords(folder);
  const sheets = new Map<Artist, Sheet>();
  for (const artist of artists) sheets.set(artist, await readSheet(join(folder, 'img', artist, 'sheets', '32.png')));

  const files: Record<string, Uint8Array> = {};
  const counts: number[] = [];
  const splits = splitEmoji(emoji);
  for (const split of captionSplits) {
    const drawn = splits[split].flatMap((one) => {
      const captions = captionEmoji(one, keywords[toCharacters(one.unified)] ?? []);
      const chosen = artists[randomStream(0, 'artist', one.unified).uniformInteger(artists.length)]!;
      return artists
        .filter((artist) => split === 'train' || artist === chosen)
        .map((artist) => ({ captions, picture: cutOut(sheets.get(artist)!, one) }));
    });
    const data = new Float32Array(drawn.length * descriptorSize);
    for (const [row, { picture }] of drawn.entries()) data.set(describePicture(picture), row * descriptorSize);
    counts.push(drawn.length);
    files[captionFile(split)] = new TextEncoder().encode(
      drawn.map(({ captions }) => `${captions.join('\n')}\n`).join(''),
    );
    files[featureFile(split)] = writeNpy({ rows: drawn.length, columns: descriptorSize, data });
  }
  return {
    files,
    description: `In MS-COCO’s place ${counts.join(' + ')} pictures of emoji (npm emoji-datasource: Noto, Apache 2.0; Twemoji, CC BY 4.0), each with five captions made of its names, subgroup and keywords (emojilib), and ${descriptorSize} oriented-gradient and colour features.`,
  };
}

/**
 * Disjoint splits, in a fixed random order. What shows the same but for gender or direction stays together: 👩‍🌾 is not trained on where
 * 👨‍🌾 is tested. Skin tones are not among these emoji at all: of each there is the yellow one.
 */
export function splitEmoji(emoji: readonly Emoji[]): Readonly<Record<CaptionSplit, readonly Emoji[]>> {
  const families = [...Map.groupBy(emoji, ({ unified }) => familyOf(unified)).values()];
  const order = new Int32Array(families.length);
  randomStream(0, 'emoji splits').fillSample(order, families.length);
  const splits = { train: [] as Emoji[], val: [] as Emoji[], test: [] as Emoji[] };
  for (const place of order) {
    const family = families[place]!;
    const split = (['test', 'val'] as const).find((name) => splits[name].length + family.length <= heldOut[name]);
    splits[split ?? 'train'].push(...family);
  }
  return splits;
}

/** Joiner and selector; female, male, man, woman, person; facing right. */
const variation = new Set(['200D', 'FE0F', '2640', '2642', '1F468', '1F469', '1F9D1', '27A1']);

/** An emoji's code points without joiners and without what says its gender and where it faces; all where none is left. */
function familyOf(unified: string): string {
  const rest = unified.split('-').filter((point) => !variation.has(point));
  return rest.length > 0 ? rest.join('-') : unified;
}

/**
 * Five captions: the CLDR name; the Unicode name, which is often another description, after the subgroup; and the
 * keywords in three hands, each between category and name. No word comes twice in one caption.
 */
export function captionEmoji(emoji: Emoji, keywords: readonly string[]): readonly string[] {
  const [shortName = emoji.short_name, ...tags] = keywords;
  const name = toWords(shortName);
  const captions = [name, toWords(`${emoji.subcategory} ${emoji.name}`)];
  const hands = captionsPerPicture - captions.length;
  for (let hand = 0; hand < hands; hand++) {
    const dealt = tags.filter((_, index) => index % hands === hand);
    captions.push([...toWords(`${emoji.category} ${emoji.subcategory}`), ...dealt.flatMap(toWords), ...name]);
  }
  return captions.map((words) => [...new Set(words)].join(' '));
}

/** Lower-case words of Latin letters and digits; whatever lies between separates them. */
function toWords(text: string): string[] {
  const words = text
    .toLowerCase()
    .replaceAll('’', '')
    .match(/[\p{Script=Latin}\p{Nd}]+/gu);
  return words ? [...words] : [];
}

function toCharacters(unified: string): string {
  return String.fromCodePoint(...unified.split('-').map((point) => Number.parseInt(point, 16)));
}

async function readKeywords(folder: string): Promise<Readonly<Record<string, readonly string[]>>> {
  let path: string;
  try {
    // Beside the pictures' package, wherever that was installed.
    path = createRequire(join(folder, 'package.json')).resolve('emojilib');
  } catch (cause) {
    throw new DatasetMissing(
      'coco-captions',
      'its stand-in needs two packages: npm install emoji-datasource emojilib',
      {
        cause,
      },
    );
  }
  return parseJson(keywordSchema, await readFile(path, 'utf8'), path);
}

function parseJson<T>(schema: z.ZodType<T>, text: string, file: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DatasetCorrupt(file, 'it is not what the package had in the version that is pinned', { cause });
  }
}

interface Sheet {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] RGBA */
  readonly rgba: Uint8Array;
}

async function readSheet(file: string): Promise<Sheet> {
  // Only here: no deployed function reads a dataset's source.
  const { decode } = await import('fast-png');
  const { width, height, depth, channels, data } = decode(await readFile(file));
  if (depth !== 8 || channels !== 4) throw new DatasetCorrupt(file, 'a sheet of emoji is RGBA with 8 bits a channel');
  return { file, width, height, rgba: data as Uint8Array };
}

/** An emoji's picture [32, 32, 3], laid over white. */
function cutOut({ file, width, height, rgba }: Sheet, { name, sheet_x: column, sheet_y: row }: Emoji): Uint8Array {
  const [left, top] = [column * cellSide + 1, row * cellSide + 1];
  if (left + describedSide > width || top + describedSide > height) {
    throw new DatasetCorrupt(file, `it has no cell at column ${column}, row ${row}, where ${name} should be`);
  }
  const picture = new Uint8Array(3 * describedSide ** 2);
  for (let y = 0; y < describedSide; y++) {
    for (let x = 0; x < describedSide; x++) {
      const from = 4 * ((top + y) * width + left + x);
      const opacity = rgba[from + 3]! / 255;
      for (let channel = 0; channel < 3; channel++) {
        const value = 255 + opacity * (rgba[from + channel]! - 255);
        picture[3 * (y * describedSide + x) + channel] = Math.round(value);
      }
    }
  }
  return picture;
}
