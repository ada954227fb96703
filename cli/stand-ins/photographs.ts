/**
 * Photographs and a painting from Debian's packages, in place of ImageNet's and of the paper's styles: the wallpapers of
 * Ubuntu Touch and of MATE, and the sample pictures of scikit-image, under their packages' free licences.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodePicture } from '../../lib/datasets/decode-picture.ts';
import { resizeRegion } from '../../lib/datasets/resize-picture.ts';
import { encodePng } from '../../lib/report/encode-png.ts';
import { fetchDebianPackages, type StandIn } from './stand-in.ts';

const packages = ['lomiri-wallpapers-16.04', 'mate-backgrounds', 'python3-skimage'];
/** Pixels of the shorter side of what is kept. */
const keptSide = 256;

/** Scenes and objects; drawings, plain grounds and test patterns are left out. */
const photographs = [
  ...[
    'Bridge_by_Sander_Klootwijk.jpg',
    'Dragonfly_by_Bolly.jpg',
    'Picture_0B_by_freespace.jpg',
    'Wine_by_Jakkub_Mede.jpg',
  ],
  ...['aitzgorri_by_Aitzol_Berasategi.jpg', 'friends_by_Aitzol_Berasategi.jpg', 'free_by_Peter_Nerlich.jpg'],
  ...['life_by_Aitzol_Berasategi.jpg', 'picosdeeuropa_by_Aitzol_Berasategi.jpg', 'seeding_by_Clements_Engelhardt.jpg'],
  ...['sunset_by_Aitzol_Berasategi.jpg', 'greentock_by_Peter_Nerlich.jpg', 'Aqua.jpg', 'Blinds.jpg', 'Dune.jpg'],
  ...[
    'GreenMeadow.jpg',
    'LadyBird.jpg',
    'RainDrops.jpg',
    'Storm.jpg',
    'TwoWings.jpg',
    'YellowFlower.jpg',
    'Garden.jpg',
  ],
  ...['astronaut.png', 'chelsea.png', 'coffee.png', 'motorcycle_left.png', 'rocket.jpg', 'FreshFlower.jpg'],
];
/** The painting first: optimizers are trained on it. */
const styles = ['Elephants.jpg', 'Picture_1A_by_freespace.jpg', 'ihc.png'];

export const photographsStandIn: StandIn = {
  dataset: 'photographs',
  megabytes: 83,
  async fetch(target, scratch) {
    await keep(photographs, await fetchDebianPackages(packages, scratch), target, (name) => name);
    return `Not ImageNet: ${photographs.length} photographs from Debian’s ${packages.join(', ')}.`;
  },
};

export const stylePicturesStandIn: StandIn = {
  dataset: 'style-pictures',
  megabytes: 83,
  async fetch(target, scratch) {
    const number = (_: string, index: number) => `${index + 1}-${styles[index]}`;
    await keep(styles, await fetchDebianPackages(packages, scratch), target, number);
    return `Not the paper’s styles: ${styles.join(', ')} from Debian’s ${packages.join(', ')}.`;
  },
};

/** Writes the files of these names from anywhere below `folder`, made smaller, as PNG. */
async function keep(
  names: readonly string[],
  folder: string,
  target: string,
  rename: (name: string, index: number) => string,
): Promise<void> {
  const paths = await readdir(folder, { recursive: true });
  for (const [index, name] of names.entries()) {
    const path = paths.find((candidate) => basename(candidate) === name);
    if (path === undefined) throw new Error(`None of the packages ${packages.join(', ')} has ${name} any more.`);
    const picture = await decodePicture(await readFile(join(folder, path)), path);
    const scale = Math.min(1, keptSide / Math.min(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((side) => Math.round(side * scale)) as [number, number];
    const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
    const { rgb } = resizeRegion(picture, whole, width, height);
    const rgba = Buffer.alloc(4 * width * height, 255);
    for (let pixel = 0; pixel < width * height; pixel++) rgba.set(rgb.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
    const png = encodePng({ title: name, width, height, rgba: rgba.toString('base64') });
    await writeFile(join(target, `${rename(name, index).replace(/\.\w+$/, '')}.png`), png);
  }
}
