/**
 * Stanford Background (Gould, Fulton and Koller 2009; Table 5): 715 outdoor photographs of about 320 × 240 pixels in 8 classes. As its
 * owners' archive `iccv09Data` unpacks: `images/NAME.jpg`, `labels/NAME.regions.txt`. The paper trains on 600 and tests on 115, drawn at
 * random and not published: ours are drawn by a seed, once for all.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '../numerics/random.ts';
import { DatasetMissing } from './errors.ts';
import type { DatasetImporter } from './importer.ts';
import { checkLabelledFolder } from './labelled-folder.ts';
import { kindOfPath } from './source-files.ts';
import { makeLabelledScenes } from './stand-ins/labelled-scenes.ts';

/** In the order of their numbers. */
export const stanfordClasses: readonly string[] = [
  'sky',
  'tree',
  'road',
  'grass',
  'water',
  'building',
  'mountain',
  'foreground object',
];

export const stanfordBackgroundImporter: DatasetImporter = {
  name: 'stanford-background',
  ownerFolderNames: ['stanford-background', 'iccv09Data'],
  makeStandIn: () => makeLabelledScenes(100),
  async read(folder) {
    const dataset = 'stanford-background';
    if ((await kindOfPath(dataset, join(folder, 'images'))) !== 'folder') {
      throw new DatasetMissing(dataset, `${folder} has no folder images`);
    }
    const names = (await readdir(join(folder, 'images')))
      .filter((name) => name.endsWith('.jpg'))
      .map((name) => name.slice(0, -4))
      .sort();
    const order = new Int32Array(names.length);
    randomStream(0, dataset).fillSample(order, names.length);
    const trained = Math.round((names.length * 600) / 715);
    const pick = (places: Int32Array) => [...places].sort((a, b) => a - b).map((place) => names[place]!);
    return checkLabelledFolder({
      dataset,
      folder,
      // No checksums of it are published: known by the number of photographs.
      origin: names.length === 715 ? 'paper (re-encoded)' : 'stand-in',
      description: `Stanford Background: ${trained} photographs to train on and ${names.length - trained} to test on, 8 classes.`,
      photographs: 'images',
      labels: 'labels',
      labelFormat: 'regions',
      classNames: stanfordClasses,
      training: pick(order.subarray(0, trained)),
      validation: pick(order.subarray(trained)),
    });
  },
};
